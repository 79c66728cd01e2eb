"""The K-weighting filter of ITU-R BS.1770-5, exact at any rate, as matrix products. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.audio.frames import Samples

type Matrix = NDArray[np.float64]

_NEGLIGIBLE: Final = 1e-12


class KWeighting:
    """A shelf for the head's own effect, then a high pass (annex 1, figures 2 and 4); state is kept between calls.

    A recursive filter sample by sample is far too slow in Python. Over a block of samples it is linear, though: what
    comes out is one matrix times the block, plus one times the four numbers that the filter remembers from before.
    These follow a recursion from block to block, which is unrolled by doubling (Kogge and Stone, 1973).
    """

    block: Final = 48
    """Samples; longer blocks cost more products, shorter ones more bookkeeping."""

    def __init__(self, rate: int, channels: int) -> None:
        carry, self._response = _unrolled(rate, self.block)
        self._state = np.zeros((channels, 1, 4))
        self._transition = carry[:, :4].T
        self._direct = self._response[:, 4:].T.astype(np.float32)
        self._remembered = self._response[:, :4].T.astype(np.float32)
        self._kept = carry[:, 4:].T.astype(np.float32)

    def apply(self, samples: Samples) -> Samples:
        """Filter (channels, k × block), each channel by itself; 32 bits leave an error below −100 dB."""
        channels, count = samples.shape
        blocks = samples.reshape(channels, count // self.block, self.block)
        states = np.concatenate((self._state, blocks @ self._kept), axis=1)
        reach, power = 1, self._transition
        while reach < states.shape[1] and np.abs(power).max() > _NEGLIGIBLE:
            states[:, reach:] += states[:, :-reach] @ power
            reach, power = 2 * reach, power @ power
        self._state = states[:, -1:]
        weighted = blocks @ self._direct
        weighted += states[:, :-1].astype(np.float32) @ self._remembered
        return weighted.reshape(channels, count)


def _unrolled(rate: int, length: int) -> tuple[Matrix, Matrix]:
    """Run the filter over symbols: its state after `length` samples, (4, 4 + length), and its output, (length, …).

    Columns are what a result depends on: the four numbers of the state before, then the samples.
    """
    symbols = np.eye(4 + length)
    shelf, high_pass = _shelf(rate), _high_pass(rate)
    one, two, outputs = symbols[:2], symbols[2:4], []
    for sample in symbols[4:]:
        shelved, one = shelf.step(one, sample)
        output, two = high_pass.step(two, shelved)
        outputs.append(output)
    return np.concatenate((one, two)), np.array(outputs)


@dataclass(frozen=True, slots=True)
class _Section:
    """A second-order filter as a state variable filter: a mix of its high, band and low pass.

    By trapezoidal integration it is the bilinear transform that the standard's coefficients come from (Zavalishin, "The
    Art of VA Filter Design", 4.4), but its state is well conditioned even where its frequency is tiny against the rate.
    """

    warped: float
    damping: float
    mix: tuple[float, float, float]

    def step(self, state: Matrix, sample: Matrix) -> tuple[Matrix, Matrix]:
        """Return what one sample makes come out, and the state after it."""
        scale = 1 + self.warped * self.damping + self.warped**2
        high = (sample - (self.warped + self.damping) * state[0] - state[1]) / scale
        band = self.warped * high + state[0]
        low = self.warped * band + state[1]
        output = self.mix[0] * high + self.mix[1] * band + self.mix[2] * low
        return output, np.array((2 * band - state[0], 2 * low - state[1]))


def _shelf(rate: int) -> _Section:
    """Plus 4 dB above some 1.7 kHz. Constants as derived from the standard's table for 48 kHz.

    Source: B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 145, 2018; libebur128.
    """
    damping = 1 / 0.7071752369554196
    gain = 10 ** (3.999843853973347 / 20)
    return _Section(np.tan(np.pi * 1681.974450955533 / rate), damping, (gain, gain**0.4996667741545416 * damping, 1.0))


def _high_pass(rate: int) -> _Section:
    """38 Hz, from the same source; its numerator is (1, −2, 1) whatever the denominator is scaled by."""
    warped, damping = np.tan(np.pi * 38.13547087602444 / rate), 1 / 0.5003270373238773
    return _Section(warped, damping, (1 + warped * damping + warped**2, 0.0, 0.0))

"""A stream of samples cut to measure: whole blocks of it, and the power spectra that several measures share."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

type Samples = NDArray[np.float32]

SLICE: Final = 1 << 16
"""Frames worked on at a time: what is in hand stays in the processor's cache, however long a block was fed."""


def slices(block: Samples) -> Iterator[Samples]:
    """Cut (frames, channels) into pieces of at most `SLICE` frames, each laid out as (channels, frames)."""
    for start in range(0, len(block), SLICE):
        yield np.ascontiguousarray(block[start : start + SLICE].T)


class Blocks:
    """Gives a stream back in whole multiples of `size` samples; the rest waits for what comes next."""

    def __init__(self, channels: int, size: int) -> None:
        self._size = size
        self.rest: Samples = np.zeros((channels, 0), np.float32)

    def add(self, samples: Samples) -> Samples:
        """Take (channels, n) more; return all whole blocks there are now, (channels, k × size)."""
        joined = np.concatenate((self.rest, samples), axis=1)
        whole = joined.shape[1] // self._size * self._size
        self.rest = joined[:, whole:].copy()
        return joined[:, :whole]


class Spectra:
    """Power spectra at even distances, summed over the channels: one transform for key, timbre and sections.

    A window is the power of two nearest to 0.186 s (8192 samples at 44.1 kHz, where a bin is 5.4 Hz wide) under a Hann
    function; one begins every `HOP` seconds, so that between them a little is not looked at. A sine of amplitude a that
    meets a bin gives a² / 2 there. Sound shorter than one window is filled up with silence.

    Channels are summed as powers, so that what is out of phase is not lost.
    """

    HOP: Final = 0.25

    def __init__(self, rate: int, channels: int) -> None:
        """Take `rate` in samples per second."""
        self.rate = rate
        self.size = 1 << round(np.log2(rate * 8192 / 44100))
        self.hop = round(rate * self.HOP)
        self.frequencies: NDArray[np.float32] = np.fft.rfftfreq(self.size, 1 / rate).astype(np.float32)
        """Of the bins, in Hz."""
        window = np.hanning(self.size + 1)[:-1]
        self._window = (window * (np.sqrt(2) / window.sum())).astype(np.float32)
        self._rest: Samples = np.zeros((0, channels), np.float32)
        self._skip = 0
        self._none_yet = True

    def feed(self, block: Samples) -> Samples:
        """Take (frames, channels) more; return the spectra that are complete now, (n, bins)."""
        skipped = min(self._skip, len(block))
        self._skip -= skipped
        block = block[skipped:]
        if len(self._rest):
            block = np.concatenate((self._rest, block))
        count = max(0, (len(block) - self.size) // self.hop + 1)
        spectra = self._transform(block, count)
        used = count * self.hop
        self._skip += max(0, used - len(block))
        self._rest = block[used:].copy()
        return spectra

    def finish(self) -> Samples:
        """Return one spectrum if the whole stream was too short for any, else none: (0 or 1, bins)."""
        if not self._none_yet or not len(self._rest):
            return np.zeros((0, self.size // 2 + 1), np.float32)
        lacking = self.size - len(self._rest)
        return self._transform(np.pad(self._rest, ((0, lacking), (0, 0))), 1)

    def _transform(self, block: Samples, count: int) -> Samples:
        power = np.zeros((count, self.size // 2 + 1), np.float32)
        self._none_yet &= count == 0
        for at in range(count):
            begin = at * self.hop
            for channel in range(block.shape[1]):
                bins = np.fft.rfft(block[begin : begin + self.size, channel] * self._window)
                power[at] += bins.real**2 + bins.imag**2
        return power

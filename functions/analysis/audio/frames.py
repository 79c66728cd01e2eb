"""A stream of samples cut to measure: whole blocks of it, and the power spectra that several measures share."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
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
        window *= np.sqrt(2) / window.sum()
        self._window = np.repeat(window[:, np.newaxis].astype(np.float32), channels + channels % 2, axis=1)
        self._rest: Samples = np.zeros((0, channels), np.float32)
        self._skip = 0
        self._none: Samples = np.zeros((0, self.size // 2 + 1), np.float32)
        self._none_yet = True

    def feed(self, block: Samples) -> Samples:
        """Take (frames, channels) more; return the spectra that are complete now, (n, bins)."""
        found = [self._complete(block[start : start + SLICE]) for start in range(0, len(block), SLICE)]
        return np.concatenate((self._none, *found))

    def _complete(self, piece: Samples) -> Samples:
        skipped = min(self._skip, len(piece))
        self._skip -= skipped
        piece = np.concatenate((self._rest, piece[skipped:]))
        count = max(0, (len(piece) - self.size) // self.hop + 1)
        used = count * self.hop
        self._skip += max(0, used - len(piece))
        self._rest = piece[used:].copy()
        return self._transform(piece, count)

    def finish(self) -> Samples:
        """Return one spectrum if the whole stream was too short for any, else none: (0 or 1, bins)."""
        if not self._none_yet or not len(self._rest):
            return self._none
        lacking = self.size - len(self._rest)
        return self._transform(np.pad(self._rest, ((0, lacking), (0, 0))), 1)

    def _transform(self, block: Samples, count: int) -> Samples:
        """The spectra of `count` windows. Two channels L and R are transformed at once, as a signal L + iR.

        |L(k)|² + |R(k)|² = (|Z(k)|² + |Z(−k)|²) / 2 then, where Z is its transform.
        """
        if not count:
            return self._none
        self._none_yet = False
        half = self.size // 2
        power = np.zeros((count, half + 1), np.float32)
        for pair in np.moveaxis(self._shaped(block, count), 2, 0):
            bins = np.fft.fft(pair)
            squares = np.square(bins.real)
            squares += np.square(bins.imag)
            squares[:, 1:half] += squares[:, :half:-1]
            squares[:, 1:half] *= 0.5
            power += squares[:, : half + 1]
        return power

    def _shaped(self, block: Samples, count: int) -> NDArray[np.complex64]:
        """Return the first windows under their function, channels two by two: (count, size, pairs)."""
        channels = block.shape[1]
        windows = np.moveaxis(sliding_window_view(block, self.size, axis=0)[:: self.hop][:count], 1, 2)
        shaped = np.zeros((count, self.size, self._window.shape[1]), np.float32)
        np.multiply(windows, self._window[:, :channels], out=shaped[:, :, :channels])
        return shaped.view(np.complex64)

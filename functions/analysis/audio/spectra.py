"""Framing and band filters that the measures share: a stream of blocks in, batches of overlapping frames out."""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

type Floats = NDArray[np.float32]

LOUDEST: Final = 1e5
"""Full scale is 1. Files of floats may hold anything, even what was meant as integers; a power must stay finite."""


class Downmix:
    """Blocks of shape (frames, channels) become one channel at 1 / `factor` of the rate, whatever their sizes.

    Channels weigh unequally, so that opposite phases do not cancel to silence; neighbouring samples are averaged, which
    is filter enough for onsets (what folds back is treble, where the frames hold noise anyway).
    """

    def __init__(self, channels: int, factor: int) -> None:
        """Take how many channels there are, and how many neighbouring samples become one."""
        weights = 1 / (1 + np.arange(channels) / 2)
        self._weights = (weights / (weights.sum() * factor)).astype(np.float32)
        self._factor = factor
        self._rest = np.empty((0, channels), np.float32)

    def feed(self, block: Floats) -> Floats:
        """Take the next block, and give what is complete, of shape (samples,)."""
        head = -len(self._rest) % self._factor
        group = np.concatenate((self._rest, block[:head]))
        whole = len(block) - (len(block) - head) % self._factor
        if len(block) < head:
            self._rest = group
            return np.empty(0, np.float32)
        self._rest = block[whole:].copy()
        return np.concatenate((self._mixed(group), self._mixed(block[head:whole])))

    def _mixed(self, block: Floats) -> Floats:
        mono = np.zeros(len(block) // self._factor, np.float32)
        with np.errstate(invalid="ignore", over="ignore"):
            for channel, weight in enumerate(self._weights):
                total = block[:: self._factor, channel]
                for at in range(1, self._factor):
                    total = total + block[at :: self._factor, channel]
                mono += total * weight
        if not np.abs(mono).max(initial=0.0) < LOUDEST:
            mono = np.clip(np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0), -LOUDEST, LOUDEST)
        return mono


class Framer:
    """A stream of samples, cut into overlapping frames."""

    def __init__(self, size: int, hop: int, batch: int = 256) -> None:
        """Take the samples of a frame, those from one to the next, and the frames of a batch."""
        self._size, self._hop, self._batch = size, hop, batch
        self._parts: list[Floats] = []
        self._held = 0

    def feed(self, samples: Floats) -> list[Floats]:
        """Take the next samples, and give batches of whole frames, each of shape (frames, size): views, not copies."""
        self._parts.append(samples)
        self._held += len(samples)
        if self._held < self._size + (self._batch - 1) * self._hop:
            return []
        return self.rest()

    def rest(self) -> list[Floats]:
        """The whole frames that are held, in batches; what is left of the samples stays for the next frame."""
        held = np.concatenate(self._parts) if self._parts else np.empty(0, np.float32)
        count = max(0, (len(held) - self._size) // self._hop + 1)
        self._parts = [held[count * self._hop :].copy()]
        self._held = len(self._parts[0])
        if not count:
            return []
        frames = sliding_window_view(held, self._size)[:: self._hop][:count]
        return [frames[at : at + self._batch] for at in range(0, count, self._batch)]


def mel_edges(rate: float, size: int, bands: int, low: float, high: float) -> NDArray[np.intp]:
    """The bins of a power spectrum where bands of equal width on Slaney's mel scale begin, and where the last ends.

    Bands are at least a bin wide; those above half the rate are left out, so there may be fewer than `bands`.
    Source: M. Slaney, Auditory Toolbox (Interval Research, 1998-010): linear to 1 kHz, logarithmic above.
    """
    hertz = _hertz(np.linspace(_mel(low), _mel(high), bands + 1))
    edges = np.rint(hertz * size / rate).astype(np.intp)
    return np.unique(np.minimum(edges, size // 2 + 1))


_STEP: Final = float(np.log(6.4)) / 27


def _mel(hertz: float) -> float:
    return hertz * 3 / 200 if hertz < 1000 else 15 + float(np.log(hertz / 1000)) / _STEP


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * _STEP))

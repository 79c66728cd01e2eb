"""Where sounds begin: a stream of samples in, a curve of onset strength out, some 43 values a second.

Only the curves grow with the length of the file, by 350 bytes a second; all else is bounded.

Whatever depends on loudness is judged within a section of some 24 seconds, whose borders stand at fixed frames. So a
file can be cut into spans of whole sections, measured side by side, and joined to what one pass would have given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analysis.audio.spectra import Downmix, Floats, Framer, mel_edges
from analysis.audio.tape import Tape

SECTION: Final = 1024
"""Frames whose loudness is judged together."""
HOP: Final = 512
"""Samples from frame to frame at 22.05 kHz, 23 ms; a frame is twice as long. Other rates keep these durations."""
BANDS: Final = 80
LOW: Final = 43.0
HIGH: Final = 11000.0
"""Hertz. Two bins up from a constant offset, which therefore is not heard."""
CONTEXT: Final = 16
"""Frames on either side that a frame is compared with, for what changes slowly; for onsets it is one."""
_DOUBLINGS: Final = (1, 2, 4, 8)
"""By which sums of two frames become sums of `CONTEXT`."""
FLOOR: Final = 80.0
"""Decibels below the loudest band of a section, under which nothing is heard."""
SILENCE: Final = 1e-10
"""Power of a band, full scale 1, that is as good as none."""
DECIBEL: Final = np.float32(10 / np.log(10))
CONTRAST: Final = 1e3
"""How far the soft logarithm looks below the loudest band of a section, as a ratio of powers."""
_WEIGHTS: Final = (1 + 8 * np.exp(-np.arange(BANDS) / 9.6)).astype(np.float32)
"""What bands count for: the low ones, where the beat is carried, up to nine times as much as the high."""
BASS: Final = 4
"""Bands up to some 200 Hz."""
CURVES: Final = 4
APART: Final = 0.05
"""Seconds between two onsets."""
PROMINENCE: Final = 0.5
"""Of onset strength, from which on a top is an onset."""
LEAST: Final = np.array((1.0, 0.1))
"""Of the two curves of growth; where neither ever gets there, nothing begins: a steady tone."""
SMOOTHING: Final = 0.012
"""Seconds, one standard deviation."""
AROUND: Final = 2.0
"""Seconds on either side that a frame is judged against."""
EVENNESS: Final = 0.4
"""How much of the whole file's level goes into that of its surroundings."""
TINY: Final = 1e-9
PART: Final = 1 << 14
"""Frames worked on at once where all would cost much memory."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file: frames `first` to `stop`, for which samples `begin` to `end` are fed; None means to the end."""

    first: int = 0
    stop: int | None = None
    begin: int = 0
    end: int | None = None


WHOLE: Final = Span()


@dataclass(frozen=True, slots=True, eq=False)
class Flux:
    """What grew from frame to frame, not yet brought to one scale.

    Attributes:
        rate: frames a second; frame i is centred on second i / rate.
        curves: shape (frames, 4), in half precision: the growth in decibels; that of a softer logarithm, to which quiet
            bands mean little; the growth in the bass; and how much the spectrum differs before and after.

    """

    GROWTH: ClassVar = slice(0, 2)
    BASS: ClassVar = 2
    CHANGE: ClassVar = 3

    rate: float
    curves: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Frames:
    """How a rate is framed: `factor` neighbouring samples become one, `size` of these a frame, every `hop`."""

    factor: int
    size: int
    hop: int
    rate: float

    @classmethod
    def at(cls, rate: int) -> "Frames":
        factor = max(1, round(rate / 22050))
        scale = rate / factor / 22050
        hop = max(1, round(HOP * scale))
        return cls(factor, 2 * hop, hop, rate / factor / hop)


def spans(rate: int, samples: int, parts: int) -> list[Span]:
    """Cut a file of so many samples a channel into at most `parts` spans of about equal length, each whole sections."""
    frames = Frames.at(rate)
    sections = max(1, samples // (frames.factor * frames.hop * SECTION))
    bounds = np.unique(np.linspace(0, sections, min(parts, sections) + 1).round().astype(int)) * SECTION
    cuts = [0, *bounds[1:-1].tolist()]
    return [_span(frames, first, stop) for first, stop in zip(cuts, [*cuts[1:], None], strict=True)]


def _span(frames: Frames, first: int, stop: int | None) -> Span:
    begin = (first - CONTEXT) * frames.hop - frames.size // 2
    end = None if stop is None else ((stop - 1 + CONTEXT) * frames.hop + frames.size // 2) * frames.factor
    return Span(first, stop, max(0, begin * frames.factor), end)


class OnsetStream:
    """Onset strength as a stream, of a file or of one of its spans.

    Spans may be measured side by side, by a stream each that is fed from `Span.begin` on; `join` puts them together.
    """

    def __init__(self, rate: int, channels: int, span: Span = WHOLE) -> None:
        self._frames = frames = Frames.at(rate)
        self._span = span
        self._left = None if span.end is None else span.end - span.begin
        self._downmix = Downmix(channels, frames.factor)
        self._framer = Framer(frames.size, frames.hop)
        self._window = (np.hanning(frames.size + 1)[:-1] * (2 / frames.size)).astype(np.float32)
        edges = mel_edges(rate / frames.factor, frames.size, BANDS, LOW, HIGH)
        self._edges, self._top = edges[:-1], int(edges[-1])
        self._scale = (1 / np.diff(edges)).astype(np.float32)
        self._powers: list[Floats] = []
        self._held = 0
        self._curves = Tape(np.float16)
        if not span.first:
            self._framer.feed(np.zeros(frames.size // 2, np.float32))

    def feed(self, block: Floats) -> None:
        """Take the next block, of shape (frames, channels), of any length."""
        if self._left is not None:
            block = block[: self._left]
            self._left -= len(block)
        self._take(self._framer.feed(self._downmix.feed(block)))

    def finish(self) -> Flux:
        """The curves of the span."""
        self._take(self._framer.rest())
        if self._held and self._span.stop is None:
            self._hold(np.repeat(self._powers[-1][-1:], CONTEXT, axis=0))
        if self._held > 2 * CONTEXT:
            self._keep(np.concatenate(self._powers))
        self._powers, self._held = [], 0
        return Flux(self._frames.rate, self._curves.read().reshape(-1, CURVES))

    def _take(self, batches: list[Floats]) -> None:
        for frames in batches:
            spectra = np.fft.rfft(frames * self._window, axis=1)
            bins = np.square(spectra.real) + np.square(spectra.imag)
            powers = np.add.reduceat(bins[:, : self._top], self._edges, axis=1) * self._scale
            if not self._held and not self._curves and not self._span.first:
                self._hold(np.repeat(powers[:1], CONTEXT, axis=0))
            self._hold(powers)
            self._measure()

    def _hold(self, powers: Floats) -> None:
        self._powers.append(powers)
        self._held += len(powers)

    def _keep(self, powers: Floats) -> None:
        self._curves.write(growth(powers))

    def _measure(self) -> None:
        """Measure the sections that are complete, context and all."""
        while self._held >= SECTION + 2 * CONTEXT:
            powers = np.concatenate(self._powers)
            self._keep(powers[: SECTION + 2 * CONTEXT])
            self._powers = [powers[SECTION:]]
            self._held -= SECTION


def growth(powers: Floats) -> Floats:
    """The curves of a section, as in `Flux`, from its powers: (frames + 2 * CONTEXT, bands) to (frames, 4).

    Of each frame and the one after the weaker counts, so that a click, which is gone in the next frame, is no onset.
    """
    loudest = np.maximum(powers.max(axis=1)[CONTEXT:-CONTEXT], SILENCE)
    decibels = DECIBEL * np.log(np.maximum(powers, loudest.max() * 10 ** (-FLOOR / 10)))
    soft = np.log1p(powers * (CONTRAST / np.percentile(loudest, 95).astype(np.float32)))
    sharp, mild = _rise(decibels), _rise(soft)
    weights = _WEIGHTS[: powers.shape[1]] / _WEIGHTS[: powers.shape[1]].sum()
    bass = mild[:, :BASS].mean(axis=1)
    return np.stack([sharp @ weights, mild @ weights, bass, _change(soft)], axis=1)


def _rise(levels: Floats) -> Floats:
    before, here, after = (levels[CONTEXT + shift : len(levels) - CONTEXT + shift] for shift in (-1, 0, 1))
    rise: Floats = np.minimum(here, after) - before
    np.maximum(rise, 0, out=rise)
    return rise


def _change(levels: Floats) -> Floats:
    """The mean difference between the `CONTEXT` frames from here on and those before."""
    sums = levels
    for reach in _DOUBLINGS:
        sums = sums[reach:] + sums[:-reach]
    difference = np.abs(sums[CONTEXT:-1] - sums[: -CONTEXT - 1])
    change: Floats = difference.mean(axis=1, dtype=np.float32)
    change /= CONTEXT
    return change


def join(parts: Sequence[Flux]) -> Flux:
    """The curves of a whole file from those of its spans, in order."""
    return Flux(parts[0].rate, np.concatenate([part.curves for part in parts]))


def strength(flux: Flux) -> Floats:
    """Onset strength: how far a frame stands out of the four seconds around it; shape (frames,), around 0."""
    growth = flux.curves[:, Flux.GROWTH]
    if not len(growth) or (growth.max(axis=0) < LEAST).all():
        return np.zeros(len(growth), np.float32)
    return salience(growth, flux.rate)


def salience(curves: NDArray[np.float16], rate: float) -> Floats:
    """The mean of `curves` on one scale, smoothed, and judged against what is around: (frames, n) to (frames,)."""
    sigma = SMOOTHING * rate
    reach = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    weights = (1 / (np.maximum(_deviations(curves), TINY) * curves.shape[1])).astype(np.float32)
    curve: Floats = np.convolve(np.pad(curves @ weights, reach, "edge"), kernel, "valid")
    reach = round(AROUND * rate)
    curve -= _average(curve, reach)
    overall = EVENNESS * float(np.sqrt(curve @ curve / max(len(curve), 1)))
    local = _average(curve, reach, power=2)
    np.sqrt(np.maximum(local, 0, out=local), out=local)
    local += np.float32(overall)
    curve /= np.maximum(local, TINY, out=local)
    return curve


def _deviations(curves: NDArray[np.float16]) -> NDArray[np.float64]:
    """Their standard deviations, without a copy of all in double precision."""
    mean = curves.mean(axis=0, dtype=np.float64)
    squares = sum(np.square(curves[part] - mean).sum(axis=0) for part in _parts(len(curves)))
    return np.asarray(np.sqrt(squares / len(curves)))


def _average(curve: Floats, reach: int, power: int = 1) -> Floats:
    """The mean of the values at most `reach` away, or of a power of them."""
    means = np.empty_like(curve)
    for part in _parts(len(curve)):
        at = np.arange(part.start, part.stop)
        low, high = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(curve))
        total = np.cumsum(np.concatenate(([0.0], curve[low[0] : high[-1]].astype(np.float64) ** power)))
        means[part] = (total[high - low[0]] - total[low - low[0]]) / (high - low)
    return means


def _parts(count: int) -> Iterator[slice]:
    """Slices of a whole file's frames, within which double precision may be afforded."""
    return (slice(at, min(at + PART, count)) for at in range(0, count, PART))


def peak_times(curve: Floats, frames: NDArray[np.intp], rate: float) -> NDArray[np.float64]:
    """Seconds of the tops of parabolas through `frames` of a curve and their neighbours, at most half a frame off."""
    inner = np.clip(frames, 1, max(1, len(curve) - 2))
    left, top, right = (curve[np.minimum(inner + shift, len(curve) - 1)].astype(np.float64) for shift in (-1, 0, 1))
    bend = left - 2 * top + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1), 0)
    shift = np.where(frames == inner, np.clip(shift, -0.5, 0.5), 0)
    return np.maximum(0, (frames + shift) / rate)


def onset_times(curve: Floats, rate: float) -> NDArray[np.float64]:
    """Seconds where an onset strength has tops that stand out and are the highest within `APART` seconds."""
    if not len(curve):
        return np.empty(0)
    reach = max(1, round(APART * rate))
    around = sliding_window_view(np.pad(curve, reach, constant_values=-np.inf), 2 * reach + 1)
    frames = np.flatnonzero((curve >= around.max(axis=1)) & (curve > PROMINENCE))
    return peak_times(curve, frames, rate)

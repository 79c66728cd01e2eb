"""A sound understood in one pass: decoded in blocks, every measure fed with each, nothing kept but its figures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.audio import mood as moods
from analysis.audio.beats import Beats, track
from analysis.audio.decoding import open_audio
from analysis.audio.energy import Energy, EnergyFigures
from analysis.audio.feeding import Feed, go_through
from analysis.audio.frames import Samples, Spectra
from analysis.audio.key import Key, KeyFinder
from analysis.audio.loudness import Loudness, LoudnessFigures
from analysis.audio.mood import Heard, Mood
from analysis.audio.onsets import OnsetStream
from analysis.audio.sections import Section, SectionFinder
from analysis.audio.sources import Source
from analysis.audio.timbre import Timbre, TimbreMeter
from analysis.audio.true_peak import TruePeak
from analysis.audio.waveform import Waveform

VERSION: Final = 1
"""Raised when the same bytes would give another record: other figures or names of them, a refusal, another decoder."""
LOW_BANDS: Final = frozenset({"sub", "bass"})
"""Those below 250 Hz."""
ON_BEAT: Final = 0.05
"""Seconds from a beat within which an onset falls on it."""

type Progress = Callable[[float, float | None], None]
"""Takes the seconds gone through, and those that the whole will have, as far as its headers say."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """All that was found in a sound. Times are seconds, `rate` Hz.

    `damaged` says that some of it could not be decoded. `true_peaks` are dBTP per channel, None for silence. `waveform`
    has the lowest and the highest value of any channel for each of at most 2000 equal stretches, shape (n, 2); full
    scale is ± 1.
    """

    format: str
    rate: int
    channels: int
    duration: float
    damaged: bool
    beats: Beats
    energy: EnergyFigures
    waveform: Samples
    loudness: LoudnessFigures
    true_peaks: tuple[float | None, ...]
    key: Key | None
    timbre: Timbre | None
    sections: tuple[Section, ...]
    mood: Mood


def analyse(source: Source, *, cores: int = 1, progress: Progress | None = None) -> Analysis:
    """Analyse a sound: measures go side by side on `cores`, with the same results as on one.

    `progress` is called after each block, of ten seconds at most; whatever it raises ends the analysis.

    Raises `UnsupportedMediaType`, `UnusableContent` or `ContentTooLarge` for what is no sound that can be used, and
    what opening a path or reading a range raises.
    """
    with open_audio(source) as sound:
        measures = _Measures(sound.rate, sound.channels)
        frames = go_through(sound, measures.feeds, cores, _reporting(progress, sound.rate, sound.frames))
        duration = frames / sound.rate
        measures.finish_spectra()
        beats = track(measures.onsets.finish())
        energy, loudness = measures.energy.finish(), measures.loudness.finish()
        key, timbre = measures.key.finish(), measures.timbre.finish()
        return Analysis(
            format=sound.format,
            rate=sound.rate,
            channels=sound.channels,
            duration=duration,
            damaged=sound.damaged,
            beats=beats,
            energy=energy,
            waveform=measures.waveform.finish(),
            loudness=loudness,
            true_peaks=tuple(peak if np.isfinite(peak) else None for peak in measures.peaks.finish()),
            key=key,
            timbre=timbre,
            sections=measures.sections.finish(duration),
            mood=moods.mood(
                _heard(duration=duration, beats=beats, energy=energy, loudness=loudness, key=key, timbre=timbre)
            ),
        )


class _Measures:
    """Those that are fed side by side, in shares of about the same work."""

    def __init__(self, rate: int, channels: int) -> None:
        self.onsets = OnsetStream(rate, channels)
        self.energy = Energy(rate, channels)
        self.waveform = Waveform()
        self.loudness = Loudness(rate, channels)
        self.peaks = TruePeak(channels)
        self.spectra = Spectra(rate, channels)
        self.key = KeyFinder(self.spectra.frequencies)
        self.timbre = TimbreMeter(self.spectra.frequencies)
        self.sections = SectionFinder(self.spectra.frequencies)
        self.feeds: tuple[Feed, ...] = (self._feed_levels, self._feed_spectra, self._feed_onsets)

    def _feed_levels(self, block: Samples) -> None:
        self.loudness.feed(block)
        self.peaks.feed(block)

    def _feed_spectra(self, block: Samples) -> None:
        self._look(self.spectra.feed(block))

    def _feed_onsets(self, block: Samples) -> None:
        self.onsets.feed(block)
        self.energy.feed(block)
        self.waveform.feed(block)

    def finish_spectra(self) -> None:
        self._look(self.spectra.finish())

    def _look(self, spectra: Samples) -> None:
        for measure in (self.key, self.timbre, self.sections):
            measure.feed(spectra)


def _reporting(progress: Progress | None, rate: int, frames: int | None) -> Callable[[int], None]:
    def report(done: int) -> None:
        if progress is not None:
            progress(done / rate, None if frames is None else max(done, frames) / rate)

    return report


def _heard(
    *,
    duration: float,
    beats: Beats,
    energy: EnergyFigures,
    loudness: LoudnessFigures,
    key: Key | None,
    timbre: Timbre | None,
) -> Heard:
    intervals = np.diff(beats.times)
    return Heard(
        tempo=beats.tempo or None,
        unsteadiness=float(intervals.std() / intervals.mean()) if len(intervals) > 1 else None,
        pulse=_pulse(beats),
        onset_rate=len(beats.onsets) / duration if duration else None,
        loudness=loudness.integrated,
        loudness_range=loudness.range,
        crest=energy.crest,
        low_share=None if timbre is None else sum(share for name, share in timbre.balance.items() if name in LOW_BANDS),
        centroid=None if timbre is None else timbre.centroid,
        flatness=None if timbre is None else timbre.flatness,
        major=None if key is None else key.mode == "major",
        key_confidence=None if key is None else key.confidence,
    )


def _pulse(beats: Beats) -> float | None:
    """The share of the onsets that fall on beats."""
    if not len(beats.times) or not len(beats.onsets):
        return None
    after = np.searchsorted(beats.times, beats.onsets).clip(1, len(beats.times) - 1)
    nearest = np.minimum(np.abs(beats.times[after] - beats.onsets), np.abs(beats.times[after - 1] - beats.onsets))
    return float((nearest <= ON_BEAT).mean())

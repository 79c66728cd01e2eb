"""Danceability, acousticness, valence and energy, estimated from what was measured. Pure.

Each is a weighted mean of ramps from 0 to 1, one for each figure that speaks for it; a figure that is not known has no
part in it. These are estimates by rules of thumb, not what a trained model or a listener would say: the directions are
those of the literature (tempo, mode and loudness for valence and arousal: Gabrielsson and Lindström, 2010; pulse and
steadiness for dancing: Streich and Herrera, 2005), their ends and weights are set by hand. They put tracks of one
library into an order; they are not comparable with other services' figures, and know nothing of words or styles.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Heard:
    """What the other measures found; None is not known."""

    tempo: float | None = None
    """Beats per minute."""
    unsteadiness: float | None = None
    """Standard deviation of the beat intervals over their mean."""
    pulse: float | None = None
    """How much of the onsets falls on beats, 0 to 1."""
    onset_rate: float | None = None
    """Onsets a second."""
    loudness: float | None = None
    """Integrated, in LUFS."""
    loudness_range: float | None = None
    """LU."""
    crest: float | None = None
    """dB."""
    low_share: float | None = None
    """Share of the power below 250 Hz."""
    centroid: float | None = None
    """Hz."""
    flatness: float | None = None
    """0 to 1."""
    major: bool | None = None
    key_confidence: float | None = None
    """0 to 1; not known is taken as 1."""


@dataclass(frozen=True, slots=True)
class Mood:
    """Estimates from 0 to 1; None where nothing that speaks for one is known."""

    danceability: float | None
    """Rises with how much of the onsets is on the beat (.35), with a steady beat (.25), with bass (.15), and with how
    near the tempo, octaves apart, is to 120 (.25)."""
    acousticness: float | None
    """Rises with a low centroid (.3) and flatness (.2), with crest (.2) and loudness range (.1), and with a lower
    loudness (.2): electric and electronic music is mostly brighter, noisier and more compressed."""
    valence: float | None
    """Rises with a major key as far as it is sure (.35), tempo (.3), brightness (.15) and loudness (.2)."""
    energy: float | None
    """Rises with loudness (.5), onsets a second (.25), brightness (.15) and noisiness (.1). Comparable between tracks,
    as the profile of `analysis.audio.energy`, which is relative to a track's own loud parts, is not."""


type Part = tuple[float, float | None]
"""Weight, and what it weighs: 0 to 1."""


def mood(heard: Heard) -> Mood:
    tempo = _ramp(_octaves(heard.tempo), _octaves(60), _octaves(170))
    bright = _ramp(_octaves(heard.centroid), _octaves(500), _octaves(4000))
    noisy = _ramp(_octaves(heard.flatness), _octaves(0.001), _octaves(0.1))
    loud = _ramp(heard.loudness, -30, -7)
    return Mood(
        danceability=_mean(
            (0.35, _ramp(heard.pulse, 0, 1)),
            (0.25, _ramp(heard.unsteadiness, 0.12, 0.01)),
            (0.15, _ramp(heard.low_share, 0, 0.7)),
            (0.25, _danceable(heard.tempo)),
        ),
        acousticness=_mean(
            (0.3, _turned(bright)),
            (0.2, _turned(noisy)),
            (0.2, _ramp(heard.crest, 8, 20)),
            (0.1, _ramp(heard.loudness_range, 2, 15)),
            (0.2, _ramp(heard.loudness, -8, -24)),
        ),
        valence=_mean((0.35, _majority(heard)), (0.3, tempo), (0.15, bright), (0.2, loud)),
        energy=_mean((0.5, loud), (0.25, _ramp(heard.onset_rate, 0.5, 8)), (0.15, bright), (0.1, noisy)),
    )


def _mean(*parts: Part) -> float | None:
    known = [(weight, value) for weight, value in parts if value is not None]
    return sum(weight * value for weight, value in known) / sum(weight for weight, _ in known) if known else None


def _ramp(value: float | None, zero: float | None, one: float | None) -> float | None:
    """Straight from 0 at `zero` to 1 at `one`, whichever is larger, and level beyond."""
    if value is None or zero is None or one is None:
        return None
    return min(1.0, max(0.0, (value - zero) / (one - zero)))


def _octaves(value: float | None) -> float | None:
    """Return a logarithm, so that ratios count; of what is very small, a very low one."""
    return None if value is None else float(np.log2(max(value, 1e-9)))


def _turned(value: float | None) -> float | None:
    return None if value is None else 1 - value


def _majority(heard: Heard) -> float | None:
    if heard.major is None:
        return None
    sure = 1.0 if heard.key_confidence is None else heard.key_confidence
    return 0.5 + (0.5 if heard.major else -0.5) * sure


def _danceable(tempo: float | None) -> float | None:
    """1 at 120 beats per minute and its octaves, 0 half an octave off; octaves away from it count 0.7, then 0.4."""
    if not tempo:
        return None
    octaves = float(np.log2(tempo / 120))
    return (1 - 2 * abs(octaves - round(octaves))) * max(0.0, 1 - 0.3 * abs(round(octaves)))

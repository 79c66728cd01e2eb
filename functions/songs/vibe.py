"""How well a track fits a mood, part by part, and a sentence that says so. Pure.

Weights as published for StoryBeats, which took its figures from a table of moods; here they come from sound.
Features are expected on the scale of moods: see `songs.calibration`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from songs.mood import Features, Figure, Mood

WEIGHTS: Final[Mapping[Figure, float]] = {
    "energy": 0.30,
    "valence": 0.30,
    "danceability": 0.20,
    "acousticness": 0.10,
    "tempo": 0.10,
    "instrumentalness": 0.10,
}
"""The last is not among those published; it counts only where a mood asks for it, as each of them does."""
TOLERANCE: Final = 50.0
"""Beats per minute at which a tempo fits no more."""
OCTAVE: Final = 0.85
"""What a tempo that fits at the half or the double counts: listeners tap either, and estimates mistake them often."""
PRIOR: Final = 0.6
"""The score of a track of which nothing is known: a little under the 2/3 of one drawn at random (1 less the mean
distance of two numbers from 0 to 1), since a middling fit that is known is worth more than an unknown one."""


@dataclass(frozen=True, slots=True)
class Vibe:
    score: float
    """0 to 1."""
    parts: dict[str, float | None]
    """For each figure that the mood asks for how well it fits, 0 to 1; None where it is not known."""
    known: float
    """Share of the weight of what is asked for that is known of the track, 0 to 1."""


def score(features: Features, mood: Mood) -> Vibe:
    """Return how well a track fits.

    The weighted mean of what is known, shrunk towards `PRIOR` by the share that is not: a track without features never
    beats one known to fit better than that, and beats those known to fit worse.
    """
    parts: dict[str, float | None] = {}
    asked = known = fit = 0.0
    for name, weight in WEIGHTS.items():
        wanted, value = getattr(mood, name), getattr(features, name)
        if wanted is None:
            continue
        asked += weight
        parts[name] = None if value is None else _part(name, value, wanted)
        if (part := parts[name]) is not None:
            known += weight
            fit += weight * part
    total = (fit + (asked - known) * PRIOR) / asked if asked else PRIOR
    return Vibe(min(1.0, max(0.0, total)), parts, known / asked if asked else 0.0)


def _part(name: Figure, value: float, wanted: float) -> float:
    return tempo_fit(value, wanted) if name == "tempo" else 1 - abs(value - wanted)


def tempo_fit(tempo: float, wanted: float) -> float:
    """1 at the tempo wanted, 0 at `TOLERANCE` from it; at half or double the tempo at most `OCTAVE`."""
    straight, half, double = (max(0.0, 1 - abs(each - wanted) / TOLERANCE) for each in (tempo, tempo / 2, tempo * 2))
    return max(straight, OCTAVE * half, OCTAVE * double)


_CLOSE: Final = 0.8
_FAR: Final = 0.5
_TRAITS: Final[Mapping[str, tuple[str, str, str]]] = {
    "energy": ("calm", "neither calm nor wild", "energetic"),
    "valence": ("sombre", "neither sombre nor bright", "bright"),
    "danceability": ("not for dancing", "easy to move to", "danceable"),
    "acousticness": ("electric", "half acoustic", "acoustic"),
    "instrumentalness": ("sung", "partly sung", "instrumental"),
}
"""By thirds of a figure: what a track is called."""
_MORE: Final[Mapping[str, tuple[str, str]]] = {
    "energy": ("calmer", "more energetic"),
    "valence": ("more sombre", "brighter"),
    "danceability": ("less danceable", "more danceable"),
    "acousticness": ("more electric", "more acoustic"),
    "instrumentalness": ("more sung", "more instrumental"),
}


def why(vibe: Vibe, features: Features, mood: Mood) -> str:
    """Return a sentence or two: what fits, what does not, what nobody knows. Only what `vibe` says."""
    judged = {name: part for name, part in vibe.parts.items() if part is not None}
    unknown = [name for name, part in vibe.parts.items() if part is None]
    if not vibe.parts:
        return "No particular mood was asked for."
    if not judged:
        return "Nothing is known yet of how it sounds."
    fits = [_fitting(name, features) for name, part in judged.items() if part >= _CLOSE and name != "tempo"]
    misses = [_missing(name, features, mood) for name, part in judged.items() if part < _FAR and name != "tempo"]
    said = [_joined(fits) + (" as asked for" if fits else "")] if fits else []
    if features.tempo is not None and mood.tempo is not None:
        said.append(_tempo(features.tempo, mood.tempo))
    said += [f"{_joined(misses)} than asked for"] if misses else []
    said = said or ["near to what was asked for, and nowhere spot on"]
    said += [f"its {_joined(unknown)} {'is' if len(unknown) == 1 else 'are'} unknown"] if unknown else []
    sentence = f"{'; '.join(said)}."
    return sentence[0].upper() + sentence[1:]


def _joined(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _fitting(name: str, features: Features) -> str:
    value = getattr(features, name)
    return _TRAITS[name][0 if value < 0.4 else 2 if value > 0.6 else 1]


def _missing(name: str, features: Features, mood: Mood) -> str:
    return _MORE[name][getattr(features, name) > getattr(mood, name)]


def _tempo(tempo: float, wanted: float) -> str:
    """Return the tempo beside what was asked for, half and double named as such."""
    straight = abs(tempo - wanted)
    if straight <= (1 - _CLOSE) * TOLERANCE:
        return f"{tempo:.0f} BPM, close to the {wanted:.0f} asked for"
    for factor, name in ((0.5, "double"), (2.0, "half")):
        if tempo_fit(tempo, wanted) > max(0.0, 1 - straight / TOLERANCE) and abs(tempo * factor - wanted) < straight:
            return f"{tempo:.0f} BPM, about {name} the {wanted:.0f} asked for"
    return f"{tempo:.0f} BPM, {'faster' if tempo > wanted else 'slower'} than the {wanted:.0f} asked for"

"""Which artists are most likely to fit a mood, learnt from the features of their tracks. Pure.

What is learnt of an artist is a plain dictionary, `{"energy": [count, mean, sum of squared deviations], ...}`, as it is
stored. Features are on the scale of moods: see `songs.calibration`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from fanfare.upstreams.catalogue import name_key
from songs.mood import Features, Figure, Mood
from songs.vibe import PRIOR, TOLERANCE, WEIGHTS

type Learnt = dict[str, list[float]]
"""By figure: how many tracks, their mean, and the sum of squared deviations from it."""

PRIORS: Final[Mapping[Figure, tuple[float, float]]] = {
    **dict.fromkeys(("energy", "valence", "danceability", "acousticness", "instrumentalness"), (0.5, 1 / 12)),
    "tempo": (115.0, 27.0**2),
}
"""Mean and variance before anything is known: ranks are spread evenly; tempos as those of popular music, roughly."""
PSEUDO: Final = 2.0
"""Tracks that the prior counts for: after two, half of what is believed is learnt."""
K: Final = 10
"""Constant of the reciprocal-rank fusion. Its authors' 60 suits lists of a thousand; in lists of twenty the first would
hardly count for more than the last."""
MODEL: Final = 1.0
LEARNT: Final = 2.0
"""Weights of the model's order and of what is learnt: what was heard outweighs what is said."""


def learnt_from(heard: Sequence[Features]) -> Learnt:
    """Return what an artist's tracks teach of it; figures that are not known teach nothing."""
    learnt: Learnt = {}
    for name in WEIGHTS:
        values = [value for each in heard if (value := getattr(each, name)) is not None]
        if values:
            mean = sum(values) / len(values)
            learnt[name] = [len(values), mean, sum((value - mean) ** 2 for value in values)]
    return learnt


def tracks(learnt: Learnt) -> int:
    """Return how many tracks something was learnt from."""
    return int(max((figures[0] for figures in learnt.values()), default=0))


def expected(learnt: Learnt, mood: Mood) -> float:
    """Return the score that a track of the artist may be expected to have, 0 to 1; `vibe.PRIOR` if nothing is asked.

    Each figure is taken as normally distributed, with mean and variance of the prior and of what is learnt together, so
    that its distance from what is asked for has a folded normal distribution.
    """
    asked = {name: weight for name, weight in WEIGHTS.items() if getattr(mood, name) is not None}
    if not asked:
        return PRIOR
    fits = sum(weight * _fit(name, learnt.get(name), getattr(mood, name)) for name, weight in asked.items())
    return fits / sum(asked.values())


def _fit(name: Figure, figures: Sequence[float] | None, wanted: float) -> float:
    mean, deviation = _believed(name, figures)
    distance = _folded(mean - wanted, deviation)
    return max(0.0, 1 - (distance / TOLERANCE if name == "tempo" else distance))


def _believed(name: Figure, figures: Sequence[float] | None) -> tuple[float, float]:
    """Return mean and deviation of the prior and what is learnt, as if the prior were `PSEUDO` more tracks."""
    prior, variance = PRIORS[name]
    count, mean, squares = figures or (0, prior, 0.0)
    total = count + PSEUDO
    between = count * PSEUDO / total * (mean - prior) ** 2
    return (count * mean + PSEUDO * prior) / total, math.sqrt((squares + PSEUDO * variance + between) / total)


def _folded(mean: float, deviation: float) -> float:
    """Return the mean of |x| for a normal x.

    Source: Leone, Nelson and Nottingham, 1961, https://doi.org/10.1080/00401706.1961.10489974
    """
    ratio = mean / deviation
    return deviation * math.sqrt(2 / math.pi) * math.exp(-(ratio**2) / 2) + mean * math.erf(ratio / math.sqrt(2))


def pick(
    candidates: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    learnt: Mapping[str, Learnt],
    mood: Mood,
    counts: Mapping[str, int],
    seed: str = "",
) -> dict[str, list[str]]:
    """Return, by language, the artists to ask for, the most promising first: at most as many as `counts` says.

    `candidates` are those whom a model named, the best first, and popular ones, of which the order means nothing;
    `learnt` is by `name_key`. Of an artist's spellings the first stays. Both orders are fused by their ranks.
    In the learnt order an artist keeps its place in the model's as far as nothing is known of it: the unknown are
    neither preferred nor passed over. Source: Cormack, Clarke and Büttcher, 2009, https://doi.org/10.1145/1571941.1572114
    """
    return {
        language: _fused(named, popular, learnt, mood)[: counts.get(language, 0)]
        for language, (named, popular) in candidates.items()
    }


def _fused(named: Sequence[str], popular: Sequence[str], learnt: Mapping[str, Learnt], mood: Mood) -> list[str]:
    spelt: dict[str, str] = {}
    for name in (*named, *popular):
        spelt.setdefault(name_key(name), name)
    if not mood:
        return list(spelt.values())
    model = _ranks(dict.fromkeys(map(name_key, named)))
    model = dict.fromkeys(spelt, 1 / (K + len(model) + 1)) | model
    fits = {artist: expected(learnt.get(artist, {}), mood) for artist in spelt}
    best = _ranks(sorted(spelt, key=lambda artist: -fits[artist]))

    def score(artist: str) -> float:
        heard = tracks(learnt.get(artist, {}))
        sure = heard / (heard + PSEUDO)
        return MODEL * model[artist] + LEARNT * (sure * best[artist] + (1 - sure) * model[artist])

    return [spelt[artist] for artist in sorted(spelt, key=lambda artist: -score(artist))]


def _ranks(artists: Iterable[str]) -> dict[str, float]:
    return {artist: 1 / (K + rank) for rank, artist in enumerate(artists, 1)}

"""Fits what `analysis.audio.tapping` weighs to tracks whose beats are known; prints it.

A conditional logit: of the readings of a track, those that are right shall be likely. Tuned on seeds below 100 (and 800
to 899 of `support.tracks`), so that those from 100 on remain for checking. Run as
`PYTHONPATH=tests:functions:layers/common python -m support.grooves_fit`; takes some minutes.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.audio.beats import pulse
from analysis.audio.onsets import OnsetStream, strength
from analysis.audio.tapping import Reading, readings
from support.grooves import GROOVES
from support.tracks import KINDS, Track, make, perform

RIGHT: Final = 0.9
"""Share of the beats of a reading that must be right, and of the true ones that must be met."""
NEAR: Final = 0.07
"""Seconds."""
PENALTY: Final = 0.001
"""Of large weights, each measured in standard deviations of what it weighs."""
STEPS: Final = 4000
KNOWN: Final = 2
"""What a track of `support.tracks` counts beside a groove: of these there are more."""

type Choice = tuple[NDArray[np.float64], NDArray[np.bool_]]
"""What speaks for each reading, shape (readings, weights), and which are right."""


def tracks() -> Iterator[Track]:
    for kind, maker in GROOVES.items():
        yield from (perform(kind, maker, seed, 45.0) for seed in range(70 if kind == "mixed" else 18))
    for _ in range(KNOWN):
        yield from (make(kind, seed, 60.0) for kind in KINDS for seed in range(800, 818))


def choice(track: Track) -> Choice:
    """The readings of a track."""
    stream = OnsetStream(track.rate, 2)
    stream.feed(track.samples)
    flux = stream.finish()
    found = readings(pulse(strength(flux), flux.rate)[0], flux)
    return np.array([features(each) for each in found]), np.array([right(each.times, track.beats) for each in found])


def features(reading: Reading) -> NDArray[np.float64]:
    return np.array([*reading.profile.ravel(), *reading.pace])


def right(found: NDArray[np.float64], true: NDArray[np.float64]) -> bool:
    shares = (np.abs(one[:, None] - other).min(axis=1) < NEAR for one, other in ((found, true), (true, found)))
    return all(share.mean() > RIGHT for share in shares)


def fit(choices: Sequence[Choice]) -> NDArray[np.float64]:
    """The weights under which right readings are likeliest, by gradient ascent with momentum."""
    scale = np.concatenate([speaking for speaking, _ in choices]).std(axis=0) + 1e-9
    told = [(speaking / scale, rights) for speaking, rights in choices if rights.any()]
    weights, speed = np.zeros(len(scale)), np.zeros(len(scale))
    for _ in range(STEPS):
        gradient = sum(_pull(weights, *each) for each in told) / len(told) - 2 * PENALTY * weights
        speed = 0.95 * speed + 0.05 * gradient
        weights += speed
    return np.asarray(weights / scale)


def _pull(
    weights: NDArray[np.float64], speaking: NDArray[np.float64], rights: NDArray[np.bool_]
) -> NDArray[np.float64]:
    scores = speaking @ weights
    likely = np.exp(scores - scores.max())
    likely /= likely.sum()
    among_right = likely * rights
    return np.asarray((among_right / max(among_right.sum(), 1e-12) - likely) @ speaking)


if __name__ == "__main__":
    np.set_printoptions(precision=1, suppress=True)
    print(fit([choice(track) for track in tracks()]))  # noqa: T201

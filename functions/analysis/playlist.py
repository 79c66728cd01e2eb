"""Tracks into an order that flows: tempo, key and energy from one to the next, along a curve of energy. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.playlist_search import Problem, greedy, improved

type Curve = Literal["rise", "fall", "wave", "steady"]
type Matrix = NDArray[np.float64]

TEMPO: Final = 1.0
KEY: Final = 1.0
JUMP: Final = 0.5
"""Weights of a step from one track to the next."""
CURVE: Final = 1.5
"""Weight of a track's distance from the curve."""
MINUTE: Final = 1.0
"""Weight of each minute by which the whole misses the duration asked for."""
UNKNOWN: Final = 0.5
"""What a step costs, before its weight, where tempo or key of either track is not known."""
FARTHEST: Final = 0.25
"""Octaves between two tempos, octaves apart aside, from which they go together no worse: 19 per cent."""
DOUBLE: Final = 0.1
"""What halving or doubling the tempo costs in itself."""
WHEEL: Final = (0.0, 0.1, 0.4, 0.7, 1.0)
"""Cost of a step by hours on the Camelot wheel plus one for a change of letter, up to four."""
WAVES: Final = 2


@dataclass(frozen=True, slots=True)
class Track:
    """What is known of a track."""

    id: str
    duration: float
    """Seconds."""
    tempo: float | None = None
    """Beats per minute."""
    key: str | None = None
    """On the Camelot wheel: 1A to 12A minor, 1B to 12B major."""
    energy: float | None = None
    """0 to 1; where not known, as the middle of the others."""
    title: str = ""
    artist: str = ""
    location: str = ""
    """URI or path, for players."""


@dataclass(frozen=True, slots=True)
class Playlist:
    """An order, what it costs, and what the greedy order costs that it began from."""

    tracks: tuple[Track, ...]
    cost: float
    greedy_cost: float


def arrange(
    tracks: Sequence[Track],
    *,
    curve: Curve = "steady",
    length: int | None = None,
    duration: float | None = None,
    seed: int = 0,
) -> Playlist:
    """Choose and order tracks at the least cost that is found; the same arguments give the same order.

    cost = Σ over steps (TEMPO · tempo + KEY · key + JUMP · |Δ energy|) + CURVE · Σ over places |energy − curve|
           + MINUTE · |minutes − minutes asked for|

    tempo: octaves between the two, whole ones aside, over `FARTHEST`, at most 1; plus `DOUBLE` for each whole octave.
    key: `WHEEL`. energy: the rank among all tracks given, 0 to 1, so that a curve is followed whatever their range.

    `length` wants that many tracks, `duration` that many seconds; with neither, all. It is found by a greedy start and
    local search (swaps, moves of one track, reversals, exchanges for tracks left out). ValueError for both, for less
    than one track or second, or for a key that is not on the wheel.
    """
    if length is not None and duration is not None:
        raise ValueError("a playlist has a length or a duration, not both")
    if (length is not None and length < 1) or (duration is not None and not 0 < duration < math.inf):
        raise ValueError("a playlist has at least one track and lasts some time")
    if not tracks:
        return Playlist((), 0.0, 0.0)
    problem = _problem(tracks, curve, length, duration)
    start = greedy(problem)
    order = improved(problem, start, seed)
    return Playlist(tuple(tracks[each] for each in order), problem.cost(order), problem.cost(start))


def _problem(tracks: Sequence[Track], curve: Curve, length: int | None, duration: float | None) -> Problem:
    lasting = np.array([each.duration for each in tracks], float)
    energies = _ranks([each.energy for each in tracks])
    count = len(tracks) if length is None else min(length, len(tracks))
    if duration is not None:
        count = int(np.clip(round(duration / max(float(lasting.mean()), 1e-9)), 1, len(tracks)))
    steps = (
        TEMPO * tempo_steps([each.tempo for each in tracks])
        + KEY * key_steps([each.key for each in tracks])
        + JUMP * np.abs(energies[:, np.newaxis] - energies)
    )
    places = CURVE * np.abs(energies[:, np.newaxis] - _targets(curve, count))
    return Problem(steps, places, lasting, duration, MINUTE / 60)


def _targets(curve: Curve, count: int) -> Matrix:
    """Rank of energy, 0 to 1, that each of `count` places asks for."""
    along = np.linspace(0, 1, count) if count > 1 else np.full(1, 0.5)
    match curve:
        case "rise":
            return along
        case "fall":
            return 1 - along
        case "wave":
            return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * WAVES * along))
        case "steady":
            return np.full(count, 0.5)


def _ranks(energies: Sequence[float | None]) -> Matrix:
    """Even ranks from 0 to 1; the same energy has the same rank, and what is not known the middle one."""
    ranks = np.full(len(energies), 0.5)
    known = np.array([each is not None for each in energies])
    values = np.array([each for each in energies if each is not None], float)
    if len(values) > 1:
        ordered = np.sort(values)
        low, high = np.searchsorted(ordered, values), np.searchsorted(ordered, values, side="right") - 1
        ranks[known] = (low + high) / 2 / (len(values) - 1)
    return ranks


def tempo_steps(tempos: Sequence[float | None]) -> Matrix:
    """Cost of every step from one tempo to another, 0 to 1 and `DOUBLE` for each octave, (n, n)."""
    octaves = np.log2([tempo or np.nan for tempo in tempos])
    apart = octaves[:, np.newaxis] - octaves
    whole = np.round(apart)
    return np.nan_to_num(np.minimum(1, np.abs(apart - whole) / FARTHEST) + DOUBLE * np.abs(whole), nan=UNKNOWN)


def key_steps(keys: Sequence[str | None]) -> Matrix:
    """Cost of every step from one key to another, 0 to 1, (n, n)."""
    hours, letters = np.array([_place(key) for key in keys]).T
    around = np.abs(hours[:, np.newaxis] - hours)
    apart = np.minimum(around, 12 - around) + np.abs(letters[:, np.newaxis] - letters)
    costs = np.append(WHEEL, UNKNOWN)
    unknown = np.isnan(apart)
    return np.asarray(costs[np.where(unknown, len(WHEEL), np.minimum(apart, len(WHEEL) - 1)).astype(np.intp)])


def _place(key: str | None) -> tuple[float, float]:
    """Hour on the wheel and 0 for minor, 1 for major."""
    if not key:
        return np.nan, np.nan
    hour, letter = key[:-1], key[-1]
    if letter not in "AB" or not hour.isdecimal() or not 1 <= int(hour) <= 12:
        raise ValueError(f"{key!r} is no key on the Camelot wheel")
    return float(hour), float("AB".index(letter))

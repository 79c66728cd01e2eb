"""Estimates of a track's figures turned into ranks within music at large. Pure.

The estimates of the audio analysis are sums of ramps, and so crowd in the middle: hardly any music comes near 0 or 1,
while a mood is asked for on the whole of the scale. What they are good for is order, so that each is mapped onto its
rank: 0.9 of energy is more than 90 % of tracks have. The tables are assumptions about a mixed library, made by hand
from the spread that the ramps allow.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from songs.mood import Features, Figure

type Table = tuple[tuple[float, float], ...]
"""Points (estimate, rank), rising in both, from (0, 0) to (1, 1); straight between."""

ESTIMATED: Final[Mapping[Figure, Table]] = {
    "energy": ((0.0, 0.0), (0.25, 0.05), (0.38, 0.25), (0.46, 0.5), (0.54, 0.75), (0.65, 0.95), (1.0, 1.0)),
    "valence": ((0.0, 0.0), (0.3, 0.05), (0.42, 0.25), (0.5, 0.5), (0.58, 0.75), (0.7, 0.95), (1.0, 1.0)),
    "danceability": ((0.0, 0.0), (0.3, 0.05), (0.45, 0.25), (0.55, 0.5), (0.65, 0.75), (0.8, 0.95), (1.0, 1.0)),
    "acousticness": ((0.0, 0.0), (0.2, 0.05), (0.33, 0.25), (0.43, 0.5), (0.55, 0.75), (0.72, 0.95), (1.0, 1.0)),
}
"""For what `analysis.audio.mood` estimates. Tempos are measured, not estimated, and stay."""


def calibrated(features: Features) -> Features:
    """Return estimates as ranks; apply it once, to what the analysis brought. Figures without a table stay."""
    known = {name: value for name in ESTIMATED if (value := getattr(features, name)) is not None}
    ranks: dict[str, float] = {name: rank(value, ESTIMATED[name]) for name, value in known.items()}
    return replace(features, **ranks)  # type: ignore[arg-type]


def rank(estimate: float, points: Table) -> float:
    """Return the rank of an estimate from 0 to 1; rises wherever the estimate rises."""
    at = min(bisect_right(points, estimate, key=lambda point: point[0]), len(points) - 1)
    (left, low), (right, high) = points[at - 1], points[at]
    return low + (high - low) * (estimate - left) / (right - left)

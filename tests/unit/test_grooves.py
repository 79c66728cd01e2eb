"""Beats where they are not simply what is strongest: loud off-beats, twice the speed, a row of equal strokes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.audio.beats import pulse
from analysis.audio.onsets import Flux, OnsetStream, strength
from analysis.audio.tapping import FASTEST, FEWEST, SLOWEST, readings, tapped
from support.grooves import GROOVES
from support.tracks import Track, perform

RATE = 22050 / 512
BEATS: NDArray[np.float64] = np.arange(1.0, 31.0, 0.5)


def flux_of(track: Track) -> Flux:
    stream = OnsetStream(track.rate, 2)
    stream.feed(track.samples)
    return stream.finish()


def hits(true: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """The share of true beats that are found within 70 ms, or of found ones that are true, whichever is less."""
    true, found = true[(true > 5) & (true < true[-1] - 1)], found[(found > 5) & (found < true[-1] - 1)]
    away = np.abs(true[:, None] - found)
    return float(min((away.min(axis=axis) < 0.07).mean() for axis in (0, 1)))


def struck(low: NDArray[np.float64], high: NDArray[np.float64]) -> Flux:
    """Curves with strokes of two drums, one low and one high, at seconds."""
    curves = np.zeros((round(33 * RATE), 4), np.float32)
    at = np.rint(low * RATE).astype(int)
    curves[at] += (6, 0.5, 1, 0)
    curves[np.rint(high * RATE).astype(int)] += (6, 0.5, 0, 0)
    return Flux(RATE, curves.astype(np.float16))


@pytest.mark.parametrize(
    ("groove", "seed"), [("house", 100), ("polka", 100), ("arpeggio", 104), ("funk", 101), ("ballad", 105)]
)
def test_the_beat_is_found_where_the_strongest_pulse_is_another(groove: str, seed: int) -> None:
    made = perform(groove, GROOVES[groove], seed, 30.0)
    flux = flux_of(made)
    strongest, _ = pulse(strength(flux), flux.rate)
    assert hits(made.beats, strongest) < 0.7
    assert hits(made.beats, tapped(strongest, flux)) > 0.95


@pytest.mark.parametrize("groove", ["disco", "punk", "shuffle", "sparse", "waltz", "plain"])
def test_other_grooves_hold(groove: str) -> None:
    made = perform(groove, GROOVES[groove], 100, 30.0)
    flux = flux_of(made)
    assert hits(made.beats, tapped(pulse(strength(flux), flux.rate)[0], flux)) > 0.95


def test_low_strokes_are_the_beat_and_high_ones_between_are_not() -> None:
    flux = struck(BEATS, BEATS + 0.25)
    for path in (BEATS, BEATS[:-1] + 0.25):
        assert hits(BEATS, tapped(path, flux)) == 1


def test_in_a_row_of_equal_strokes_each_is_a_beat() -> None:
    flux = struck(BEATS, BEATS)
    assert tapped(BEATS, flux) is BEATS


@pytest.mark.parametrize("speed", [0.8, 1.2, 1.9])
def test_readings_are_within_bounds_and_begin_with_the_path(speed: float) -> None:
    path = BEATS * speed
    curves = np.random.default_rng(1).gamma(0.5, 1, (round(61 * speed * RATE), 4)).astype(np.float32)
    found = readings(path, Flux(RATE, curves.astype(np.float16)))
    assert found[0].times is path
    assert len(found) > 1
    for reading in found[1:]:
        assert len(reading.times) >= FEWEST
        assert SLOWEST <= 60 / np.median(np.diff(reading.times)) <= FASTEST
        assert path[0] <= reading.times[0] < reading.times[-1] <= path[-1]


def test_a_few_beats_are_left_as_they_are() -> None:
    few = BEATS[: FEWEST - 1]
    assert tapped(few, struck(BEATS, BEATS + 0.25)) is few

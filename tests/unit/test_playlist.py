"""Orders of tracks: what they cost, and how well they are found."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.playlist import (
    DOUBLE,
    UNKNOWN,
    WHEEL,
    Curve,
    Track,
    _problem,
    arrange,
    key_steps,
    tempo_steps,
)
from analysis.playlist_search import MOVES, greedy

CURVES: tuple[Curve, ...] = get_args(Curve.__value__)
KEYS = [f"{hour}{letter}" for hour in range(1, 13) for letter in "AB"]


def library(count: int, seed: int = 1) -> list[Track]:
    chance = np.random.default_rng(seed)

    def mostly(value: object) -> object:
        return value if chance.random() > 0.05 else None

    return [
        Track(
            str(nth),
            duration=float(chance.uniform(120, 360)),
            tempo=mostly(float(chance.uniform(60, 190))),  # type: ignore[arg-type]
            key=mostly(KEYS[chance.integers(24)]),  # type: ignore[arg-type]
            energy=mostly(float(chance.beta(3, 2))),  # type: ignore[arg-type]
        )
        for nth in range(count)
    ]


def energies(tracks: Sequence[Track]) -> list[float]:
    return [each.energy for each in tracks if each.energy is not None]


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("wanted", [{}, {"length": 25}, {"duration": 5400.0}])
def test_it_is_better_than_greed(curve: Curve, wanted: dict[str, float]) -> None:
    gains = []
    for seed in range(2):
        found = arrange(library(50, seed), curve=curve, **wanted)  # type: ignore[arg-type]
        gains.append(1 - found.cost / found.greedy_cost)
    assert min(gains) >= 0
    assert np.mean(gains) > 0.05


@pytest.mark.parametrize("curve", CURVES)
def test_of_few_tracks_the_order_is_the_best_there_is(curve: Curve) -> None:
    tracks = library(7, 5)
    problem = _problem(tracks, curve, None, None)
    best = min(problem.cost(np.array(order)) for order in permutations(range(7)))
    assert arrange(tracks, curve=curve).cost == pytest.approx(best)


def test_the_cost_is_the_formulas() -> None:
    one = Track("1", 60, tempo=120, key="8A", energy=0.2)
    other = Track("2", 120, tempo=60, key="9B", energy=0.9)
    found = arrange([one, other], curve="fall")
    # From rank 1 to rank 0, as the curve asks; an octave down; an hour and a letter on the wheel.
    assert [each.id for each in found.tracks] == ["2", "1"]
    assert found.cost == pytest.approx(1.0 * DOUBLE + 1.0 * WHEEL[2] + 0.5 * 1)


def test_seconds_missed_cost() -> None:
    tracks = [Track(str(nth), 100.0) for nth in range(5)]
    exact, missed = arrange(tracks, duration=300), arrange(tracks, duration=330)
    assert len(exact.tracks) == len(missed.tracks) == 3
    assert missed.cost - exact.cost == pytest.approx(0.5)


@pytest.mark.parametrize("wanted", [{}, {"length": 6}, {"duration": 1500.0}])
def test_what_a_move_gains_is_what_the_cost_says(wanted: dict[str, float]) -> None:
    problem = _problem(library(12), "wave", wanted.get("length"), wanted.get("duration"))  # type: ignore[arg-type]
    order = np.random.default_rng(2).permutation(12)[: problem.places.shape[1]]
    weighed = 0
    for moves in MOVES:
        changes, move = moves(problem, order)
        for first, second in np.argwhere(changes):
            change = problem.cost(move(order, int(first), int(second))) - problem.cost(order)
            assert changes[first, second] == pytest.approx(change, abs=1e-9)
            weighed += 1
    assert weighed > 50


def test_tempos_go_together_by_ratio_and_across_octaves() -> None:
    steps = tempo_steps([100.0, 100.0, 105.0, 110.0, 200.0, 141.0, None, 0.0])[0]
    assert steps[0] == steps[1] == 0
    assert 0 < steps[2] < steps[3] < 1
    assert steps[4] == pytest.approx(DOUBLE)
    assert steps[5] == 1
    assert steps[6] == steps[7] == UNKNOWN


def test_keys_go_together_by_hours_and_letters() -> None:
    steps = key_steps(["12A", "12A", "1A", "11A", "12B", "1B", "2A", "6A", None])[0]
    assert steps.tolist() == [0, 0, WHEEL[1], WHEEL[1], WHEEL[1], WHEEL[2], WHEEL[2], WHEEL[4], UNKNOWN]


@pytest.mark.parametrize("key", ["0A", "13B", "8C", "A", "8", "8a", "-1A"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no key on the Camelot wheel"):
        arrange([Track("1", 60, key=key)])


def test_energy_follows_the_curve() -> None:
    tracks = [Track(str(nth), 200, energy=float(energy)) for nth, energy in enumerate(np.linspace(0.3, 0.6, 33))]
    rise, fall = (energies(arrange(tracks, curve=curve).tracks) for curve in ("rise", "fall"))
    assert rise == sorted(rise)
    assert fall == sorted(fall, reverse=True)
    wave = np.array(energies(arrange(tracks, curve="wave").tracks))
    assert min(wave[6:11].mean(), wave[22:27].mean()) > 0.52
    assert max(wave[:3].mean(), wave[15:18].mean(), wave[-3:].mean()) < 0.4


def test_a_steady_choice_is_of_the_same_energy() -> None:
    tracks = library(80)
    assert np.ptp(energies(arrange(tracks, curve="steady", length=10).tracks)) < 0.5 * np.ptp(energies(tracks))


def test_chosen_are_tracks_that_go_together() -> None:
    good = [Track(f"good {nth}", 200, tempo=120 + nth, key="8A") for nth in range(6)]
    found = arrange([*(replace(each, energy=None) for each in library(30)), *good], length=6)
    assert {each.id for each in found.tracks} == {each.id for each in good}


@settings(deadline=None, max_examples=30)
@given(
    st.integers(1, 9),
    st.sampled_from(CURVES),
    st.one_of(
        st.fixed_dictionaries({}),
        st.fixed_dictionaries({"length": st.integers(1, 15)}),
        st.fixed_dictionaries({"duration": st.floats(1, 5000)}),
    ),
    st.integers(0, 3),
)
def test_each_track_comes_once_at_most_and_the_same_again(
    count: int, curve: Curve, wanted: dict[str, int], seed: int
) -> None:
    tracks = library(count, seed)
    found = arrange(tracks, curve=curve, seed=seed, **wanted)
    ids = [each.id for each in found.tracks]
    assert len(ids) == len(set(ids))
    assert 1 <= len(ids) <= count
    if "duration" not in wanted:
        assert len(ids) == min(count, wanted.get("length", count))
    assert found.cost <= found.greedy_cost + 1e-9
    assert arrange(tracks, curve=curve, seed=seed, **wanted) == found


def test_the_duration_asked_for_is_nearly_met() -> None:
    found = arrange(library(100), curve="wave", duration=3600)
    assert sum(each.duration for each in found.tracks) == pytest.approx(3600, abs=60)


def test_no_tracks_make_an_empty_list() -> None:
    assert arrange([]).tracks == ()


def test_greed_takes_the_best_next() -> None:
    tracks = [Track("1", 60, energy=0.0), Track("2", 60, energy=0.5), Track("3", 60, energy=1.0)]
    assert greedy(_problem(tracks, "rise", None, None)).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "wanted", [{"length": 0}, {"duration": 0.0}, {"duration": -1.0}, {"length": 3, "duration": 60.0}]
)
def test_what_makes_no_sense_is_refused(wanted: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a playlist has"):
        arrange(library(3), **wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize("nothing", [float("nan"), float("inf")])
def test_a_duration_that_is_no_number_is_refused(nothing: float) -> None:
    with pytest.raises(ValueError, match="a playlist has"):
        arrange(library(3), duration=nothing)

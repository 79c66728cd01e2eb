"""Moods and features: what they may be, what they are rounded and blended to, and estimates turned into ranks."""

from dataclasses import asdict, astuple
from itertools import pairwise

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songs.calibration import ESTIMATED, calibrated, rank
from songs.mood import FASTEST, FIGURES, SLOWEST, Features, Figure, Mood, blended, rounded, word

SHARE = st.none() | st.floats(0, 1)
TEMPO = st.none() | st.floats(SLOWEST, FASTEST)
MOODS = st.builds(Mood, SHARE, SHARE, SHARE, SHARE, TEMPO, SHARE)
FEATURES = st.builds(Features, SHARE, SHARE, SHARE, SHARE, TEMPO, SHARE, st.sampled_from(["preview", "catalogue"]))


@pytest.mark.parametrize("kind", [Mood, Features])
@pytest.mark.parametrize("name", FIGURES)
def test_what_is_out_of_range_is_refused_by_name(kind: type[Mood | Features], name: Figure) -> None:
    low, high = (SLOWEST, FASTEST) if name == "tempo" else (0.0, 1.0)
    for fine in (low, high, None):
        assert getattr(kind(**{name: fine}), name) == fine  # type: ignore[arg-type]
    for wrong in (low - 0.01, high + 0.01, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=name):
            kind(**{name: wrong})  # type: ignore[arg-type]


def test_a_mood_is_true_if_it_asks_for_anything() -> None:
    assert not Mood()
    assert Mood(energy=0.0)
    assert Mood(tempo=40)


@given(MOODS)
def test_rounding_is_near_and_stays(mood: Mood) -> None:
    coarse = rounded(mood)
    assert rounded(coarse) == coarse
    for name in FIGURES:
        value, near = getattr(mood, name), getattr(coarse, name)
        assert (value is None) == (near is None)
        if value is not None:
            assert abs(value - near) <= (5 if name == "tempo" else 0.05) + 1e-9


def test_moods_that_nobody_tells_apart_are_one() -> None:
    assert rounded(Mood(energy=0.71, tempo=118)) == rounded(Mood(energy=0.68, tempo=122)) == Mood(energy=0.7, tempo=120)
    assert repr(rounded(Mood(energy=-0.0))) == repr(rounded(Mood(energy=0.0)))


@given(st.lists(st.tuples(st.floats(0.01, 10), MOODS), max_size=4))
def test_a_blend_is_between_its_parts(parts: list[tuple[float, Mood]]) -> None:
    mood = blended(parts)
    for name in FIGURES:
        values = [value for _, part in parts if (value := getattr(part, name)) is not None]
        value = getattr(mood, name)
        assert (value is None) == (not values)
        if value is not None:
            assert min(values) - 1e-9 <= value <= max(values) + 1e-9


def test_weights_count_figure_by_figure() -> None:
    assert blended([(3, Mood(energy=1.0, valence=0.25)), (1, Mood(energy=0.0, tempo=100))]) == Mood(
        energy=0.75, valence=0.25, tempo=100
    )


@pytest.mark.parametrize(
    ("energy", "valence", "named"),
    [
        (0.1, 0.1, "melancholic"),
        (0.1, 0.9, "serene"),
        (0.9, 0.1, "intense"),
        (0.9, 0.9, "euphoric"),
        (None, None, "easy-going"),
    ],
)
def test_words_for_moods(energy: float | None, valence: float | None, named: str) -> None:
    assert word(Mood(energy=energy, valence=valence)) == named


@given(MOODS, FEATURES)
def test_both_go_through_msgpack(mood: Mood, features: Features) -> None:
    assert Mood(**msgpack.unpackb(msgpack.packb(asdict(mood)))) == mood
    assert Features(**msgpack.unpackb(msgpack.packb(asdict(features)))) == features


@pytest.mark.parametrize("points", ESTIMATED.values(), ids=ESTIMATED)
def test_ranks_rise_with_estimates_over_the_whole_scale(points: tuple[tuple[float, float], ...]) -> None:
    ranks = [rank(step / 200, points) for step in range(201)]
    assert (ranks[0], ranks[-1]) == (0, 1)
    assert all(low < high for low, high in pairwise(ranks))


def test_what_is_estimated_becomes_a_rank_and_the_rest_stays() -> None:
    found = calibrated(Features(energy=0.54, valence=0.5, tempo=118, instrumentalness=0.3, source="preview"))
    assert astuple(found) == (pytest.approx(0.75), pytest.approx(0.5), None, None, 118, 0.3, "preview")

"""How well tracks fit a mood, and what is said about it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songs.mood import FASTEST, FIGURES, SLOWEST, Features, Mood
from songs.vibe import OCTAVE, PRIOR, WEIGHTS, score, tempo_fit, why

SHARE = st.none() | st.floats(0, 1)
UNBENT = [name for name in FIGURES if name != "tempo"]
TEMPO = st.none() | st.floats(SLOWEST, FASTEST)
MOODS = st.builds(Mood, SHARE, SHARE, SHARE, SHARE, TEMPO, SHARE)
FEATURES = st.builds(Features, SHARE, SHARE, SHARE, SHARE, TEMPO, SHARE)
ASKED = Mood(energy=0.8, valence=0.8, danceability=0.8, acousticness=0.2, tempo=120)
FITTING = Features(energy=0.78, valence=0.85, danceability=0.75, acousticness=0.2, tempo=122)
MISSING = Features(energy=0.1, valence=0.1, danceability=0.2, acousticness=0.9, tempo=66)


@given(FEATURES, MOODS)
def test_a_score_is_between_0_and_1_and_says_what_it_is_made_of(features: Features, mood: Mood) -> None:
    found = score(features, mood)
    assert 0 <= found.score <= 1
    assert 0 <= found.known <= 1
    assert set(found.parts) == {name for name in FIGURES if getattr(mood, name) is not None}
    known = {name: part for name, part in found.parts.items() if part is not None}
    asked = sum(weight for name, weight in WEIGHTS.items() if name in found.parts)
    fit = sum(weight * known[name] for name, weight in WEIGHTS.items() if name in known)
    weight = sum(weight for name, weight in WEIGHTS.items() if name in known)
    assert found.score == pytest.approx((fit + (asked - weight) * PRIOR) / asked if asked else PRIOR)


def test_the_published_weights() -> None:
    parts = {"energy": 0.30, "valence": 0.30, "danceability": 0.20, "acousticness": 0.10, "tempo": 0.10}
    perfect = Features(energy=0.8, valence=0.8, danceability=0.8, acousticness=0.2, tempo=120)
    assert score(perfect, ASKED).score == pytest.approx(1)
    for name, weight in parts.items():
        off = {"energy": 0.3, "valence": 0.3, "danceability": 0.3, "acousticness": 0.7, "tempo": 145.0}[name]
        assert score(replace(perfect, **{name: off}), ASKED).score == pytest.approx(1 - weight / 2)  # type: ignore[arg-type]


def test_what_is_not_known_is_between_what_fits_and_what_does_not() -> None:
    unknown = score(Features(), ASKED)
    assert (unknown.score, unknown.known) == (PRIOR, 0)
    assert score(FITTING, ASKED).score > 0.9 > unknown.score > score(MISSING, ASKED).score


@given(FEATURES, MOODS, st.sampled_from(FIGURES))
def test_a_figure_less_draws_towards_the_prior(features: Features, mood: Mood, name: str) -> None:
    """Knowing less never turns a track that fits well into a better one, nor one that does not into a worse."""
    known, unknown = score(features, mood), score(replace(features, **{name: None}), mood)  # type: ignore[arg-type]
    part = known.parts.get(name)
    assert unknown.known <= known.known
    if part is not None:
        assert (unknown.score - known.score) * (PRIOR - part) >= -1e-9


@given(MOODS, FEATURES, st.sampled_from(UNBENT), st.floats(0, 1), st.floats(0, 1))
def test_nearer_is_never_worse(mood: Mood, features: Features, name: str, one: float, other: float) -> None:
    wanted = getattr(mood, name)
    if wanted is not None:
        near, far = sorted((one, other), key=lambda value: abs(value - wanted))
        nearer, farther = (score(replace(features, **{name: value}), mood).score for value in (near, far))  # type: ignore[arg-type]
        assert nearer >= farther - 1e-12


def test_tempos_fit_at_the_octave_for_a_little_less() -> None:
    assert tempo_fit(120, 120) == 1
    assert tempo_fit(60, 120) == tempo_fit(200, 100) == OCTAVE
    assert tempo_fit(120, 120) > tempo_fit(110, 120) > tempo_fit(100, 120) > tempo_fit(80, 120)
    assert tempo_fit(170, 120) == pytest.approx(0.3 * OCTAVE)
    assert tempo_fit(90, 140) == pytest.approx(0.2 * OCTAVE)


@given(st.floats(SLOWEST, FASTEST), st.floats(SLOWEST, FASTEST))
def test_a_tempo_fits_at_least_as_it_stands(tempo: float, wanted: float) -> None:
    assert max(0.0, 1 - abs(tempo - wanted) / 50) <= tempo_fit(tempo, wanted) <= 1


@pytest.mark.parametrize(
    ("features", "mood", "said"),
    [
        (
            Features(valence=0.8, tempo=118),
            Mood(energy=0.8, valence=0.8, tempo=120),
            "Bright as asked for; 118 BPM, close to the 120 asked for; its energy is unknown.",
        ),
        (
            Features(energy=0.15, valence=0.2),
            Mood(energy=0.9, valence=0.3),
            "Sombre as asked for; calmer than asked for.",
        ),
        (
            Features(energy=0.95, danceability=0.9),
            Mood(energy=0.2, danceability=0.2),
            "More energetic and more danceable than asked for.",
        ),
        (Features(tempo=62), Mood(tempo=124), "62 BPM, about half the 124 asked for."),
        (Features(tempo=150), Mood(tempo=76), "150 BPM, about double the 76 asked for."),
        (Features(tempo=90), Mood(tempo=120), "90 BPM, slower than the 120 asked for."),
        (Features(tempo=140), Mood(tempo=120), "140 BPM, faster than the 120 asked for."),
        (Features(energy=0.5), Mood(energy=0.8), "Near to what was asked for, and nowhere spot on."),
        (
            Features(energy=0.5, valence=0.9, danceability=0.7),
            Mood(energy=0.5, valence=0.9, danceability=0.7, acousticness=0.1, tempo=120),
            "Neither calm nor wild, bright and danceable as asked for; its acousticness and tempo are unknown.",
        ),
        (Features(), Mood(energy=0.5), "Nothing is known yet of how it sounds."),
        (Features(energy=0.5), Mood(), "No particular mood was asked for."),
    ],
)
def test_why(features: Features, mood: Mood, said: str) -> None:
    assert why(score(features, mood), features, mood) == said


@given(FEATURES, MOODS)
def test_something_is_always_said_in_short(features: Features, mood: Mood) -> None:
    said = why(score(features, mood), features, mood)
    assert said[0].isupper() or said[0].isdigit()
    assert said.endswith(".")
    assert len(said) < 260
    assert "None" not in said

"""Which artists are asked: what is learnt of them, and how it is fused with the model's order."""

import random
import statistics

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanfare.upstreams.catalogue import name_key
from songs.artists import Learnt, _believed, _folded, expected, learnt_from, pick, tracks
from songs.mood import FASTEST, FIGURES, SLOWEST, Features, Mood
from songs.vibe import PRIOR, score

SHARE = st.none() | st.floats(0, 1)
TEMPO = st.none() | st.floats(SLOWEST, FASTEST)
MOODS = st.builds(Mood, SHARE, SHARE, SHARE, SHARE, TEMPO, SHARE)
FEATURES = st.builds(Features, SHARE, SHARE, SHARE, SHARE, TEMPO, SHARE)
WILD = Mood(energy=0.9, valence=0.8, danceability=0.85, acousticness=0.1, tempo=128)
QUICK = settings(deadline=None, max_examples=60)
NAMES = [f"Artist {number}" for number in range(12)]


def around(energy: float, count: int, seed: int = 1) -> Learnt:
    chance = random.Random(seed)

    def near(middle: float) -> float:
        return min(1.0, max(0.0, chance.gauss(middle, 0.08)))

    return learnt_from(
        [
            Features(near(energy), near(energy), near(energy), near(1 - energy), 70 + 60 * near(energy))
            for _ in range(count)
        ]
    )


def by_key(known: dict[str, Learnt]) -> dict[str, Learnt]:
    return {name_key(name): each for name, each in known.items()}


@QUICK
@given(st.lists(FEATURES, min_size=1, max_size=20))
def test_what_is_learnt_is_mean_and_variance(heard: list[Features]) -> None:
    known = learnt_from(heard)
    for name in FIGURES:
        values = [value for each in heard if (value := getattr(each, name)) is not None]
        if not values:
            assert name not in known
            continue
        count, mean, squares = known[name]
        assert count == len(values)
        assert mean == pytest.approx(statistics.fmean(values))
        assert squares == pytest.approx(statistics.pvariance(values) * count, abs=1e-6)
    assert tracks(known) == max((known[name][0] for name in known), default=0)
    assert msgpack.unpackb(msgpack.packb(known)) == known


def test_what_is_learnt_is_kept_in_this_shape() -> None:
    heard = [Features(energy=0.25, tempo=100), Features(energy=0.75), Features(source="catalogue")]
    assert learnt_from(heard) == {"energy": [2, 0.5, 0.125], "tempo": [1, 100, 0]}


@QUICK
@given(st.lists(FEATURES, max_size=8), MOODS)
def test_an_expectation_is_a_score(heard: list[Features], mood: Mood) -> None:
    assert 0 <= expected(learnt_from(heard), mood) <= 1


def test_nothing_known_is_near_the_prior_and_nothing_asked_is_it() -> None:
    assert expected({}, Mood()) == PRIOR
    assert expected({}, Mood(energy=0.5, valence=0.7, tempo=115)) == pytest.approx(0.72, abs=0.06)
    assert expected({}, WILD) < expected({}, Mood(energy=0.5, valence=0.5))


def test_an_expectation_nears_the_mean_score_of_the_artists_tracks() -> None:
    chance = random.Random(3)
    heard = [Features(energy=chance.uniform(0.5, 1), valence=chance.uniform(0.2, 0.6)) for _ in range(400)]
    mood = Mood(energy=0.8, valence=0.8)
    mean = statistics.fmean(score(each, mood).score for each in heard)
    assert expected(learnt_from(heard), mood) == pytest.approx(mean, abs=0.02)


@QUICK
@given(st.lists(st.floats(0, 1), max_size=6))
def test_the_prior_is_two_tracks_more(heard: list[float]) -> None:
    known = learnt_from([Features(valence=each) for each in heard])
    imagined = [*heard, 0.5 - (1 / 12) ** 0.5, 0.5 + (1 / 12) ** 0.5]
    assert _believed("valence", known.get("valence")) == pytest.approx(
        (statistics.fmean(imagined), statistics.pstdev(imagined))
    )


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 0.3), (0.1, 0.2), (-0.4, 0.25), (0.6, 0.05)])
def test_the_mean_distance_is_that_of_a_folded_normal(mean: float, deviation: float) -> None:
    normal = statistics.NormalDist(mean, deviation)
    drawn = statistics.fmean(abs(normal.inv_cdf((step + 0.5) / 20_000)) for step in range(20_000))
    assert _folded(mean, deviation) == pytest.approx(drawn, rel=1e-3)


def test_fitting_artists_are_expected_to_fit_the_more_the_surer() -> None:
    few, many = expected(around(0.85, 2), WILD), expected(around(0.85, 20), WILD)
    assert many > few > expected({}, WILD) > expected(around(0.15, 2), WILD) > expected(around(0.15, 20), WILD)


def test_without_anything_learnt_the_models_order_stays() -> None:
    assert pick({"English": (NAMES, [])}, {}, WILD, {"English": 8}) == {"English": NAMES[:8]}
    assert pick({"English": (NAMES, [])}, by_key({NAMES[5]: around(0.9, 9)}), Mood(), {"English": 3}) == {
        "English": NAMES[:3]
    }


def test_what_is_learnt_moves_artists_up_and_down() -> None:
    known = by_key(
        {name: around(0.4, 12, seed) for seed, name in enumerate(NAMES)}
        | {NAMES[9]: around(0.88, 12), NAMES[1]: around(0.05, 12)}
    )
    found = pick({"English": (NAMES, [])}, known, WILD, {"English": 12})["English"]
    assert found.index(NAMES[9]) <= 3
    assert found.index(NAMES[1]) >= 3
    calm = pick({"English": (NAMES, [])}, known, Mood(energy=0.05, valence=0.05), {"English": 12})["English"]
    assert calm.index(NAMES[1]) < 2
    assert calm.index(NAMES[9]) > 9


def test_one_artist_is_known_to_fit_or_not_and_the_others_keep_their_order() -> None:
    def place(name: str, known: Learnt) -> int:
        found = pick({"English": (NAMES, [])}, by_key({name: known}), WILD, {"English": 12})["English"]
        assert [each for each in found if each != name] == [each for each in NAMES if each != name]
        return found.index(name)

    assert 1 <= place(NAMES[11], around(0.9, 12)) <= 6 < place(NAMES[11], around(0.9, 1))
    assert place(NAMES[0], around(0.05, 12)) >= 2
    assert place(NAMES[0], around(0.9, 12)) == 0


@QUICK
@given(
    st.dictionaries(st.sampled_from(["English", "Hindi"]), st.lists(st.sampled_from(NAMES))),
    st.dictionaries(st.sampled_from(["English", "Hindi"]), st.integers(0, 8)),
    st.sets(st.sampled_from(NAMES)),
    MOODS,
)
def test_a_pick_is_of_the_candidates_once_each(
    candidates: dict[str, list[str]], counts: dict[str, int], known: set[str], mood: Mood
) -> None:
    named = {language: (names[::2], names[1::2]) for language, names in candidates.items()}
    found = pick(named, by_key({name: around(0.7, 3) for name in known}), mood, counts)
    assert set(found) == set(candidates)
    for language, names in found.items():
        assert len(set(names)) == len(names) == min(counts.get(language, 0), len(set(candidates[language])))
        assert set(names) <= set(candidates[language])


def test_the_order_of_popular_artists_means_nothing() -> None:
    """However far behind it stands, one that is known to fit comes before those that are known not to."""
    known = {name: around(0.1, 9, seed) for seed, name in enumerate(NAMES)} | {NAMES[-1]: around(0.9, 9)}
    assert pick({"English": ([], NAMES)}, by_key(known), WILD, {"English": 1}) == {"English": [NAMES[-1]]}


@pytest.mark.parametrize("mood", [Mood(), WILD], ids=["open", "wild"])
def test_spellings_of_a_name_are_one_artist_and_the_first_stays(mood: Mood) -> None:
    named, popular = ["AR Rahman", "Pritam", "a. r. rahman"], ["A.R. Rahman", "Lata Mangeshkar", "PRITAM"]
    found = pick({"Hindi": (named, popular)}, {}, mood, {"Hindi": 6})
    assert found == {"Hindi": ["AR Rahman", "Pritam", "Lata Mangeshkar"]}


def test_what_was_learnt_under_one_spelling_is_known_of_the_other() -> None:
    known = by_key({"A.R. Rahman": around(0.9, 9), "Pritam": around(0.1, 9)})
    assert pick({"Hindi": (["Pritam", "AR Rahman"], [])}, known, WILD, {"Hindi": 1}) == {"Hindi": ["AR Rahman"]}

from dataclasses import astuple, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.audio.mood import Heard, Mood, mood

CLUB = Heard(
    tempo=126,
    unsteadiness=0.005,
    pulse=0.8,
    onset_rate=6,
    loudness=-8,
    loudness_range=4,
    crest=9,
    low_share=0.6,
    centroid=2500,
    flatness=0.05,
    major=False,
    key_confidence=0.6,
)
GUITAR = Heard(
    tempo=88,
    unsteadiness=0.06,
    pulse=0.35,
    onset_rate=2.5,
    loudness=-19,
    loudness_range=9,
    crest=17,
    low_share=0.3,
    centroid=900,
    flatness=0.003,
    major=True,
    key_confidence=0.8,
)
DIRGE = replace(GUITAR, tempo=55, major=False, loudness=-24, centroid=600, onset_rate=1)


def value(heard: Heard, name: str) -> float:
    found = getattr(mood(heard), name)
    assert isinstance(found, float)
    return found


def test_contrasts() -> None:
    assert value(CLUB, "danceability") > 0.75
    assert value(GUITAR, "danceability") < 0.5
    assert value(CLUB, "acousticness") < 0.3
    assert value(DIRGE, "acousticness") > value(GUITAR, "acousticness") > 0.6
    assert value(CLUB, "energy") > 0.75
    assert value(DIRGE, "energy") < value(GUITAR, "energy") < 0.5
    assert value(GUITAR, "valence") > 0.5
    assert value(DIRGE, "valence") < 0.25


def at(heard: Heard, part: str, number: float) -> Heard:
    return replace(heard, **{part: number})  # type: ignore[arg-type]


RISES = {
    "danceability": ("pulse", "low_share"),
    "acousticness": ("crest", "loudness_range"),
    "valence": ("tempo", "centroid", "loudness"),
    "energy": ("loudness", "onset_rate", "centroid", "flatness"),
}
FALLS = {"danceability": ("unsteadiness",), "acousticness": ("centroid", "flatness", "loudness")}
RANGES = {
    "tempo": (40.0, 240.0),
    "unsteadiness": (0.0, 0.5),
    "pulse": (0.0, 1.0),
    "onset_rate": (0.0, 20.0),
    "loudness": (-70.0, 0.0),
    "loudness_range": (0.0, 40.0),
    "crest": (0.0, 60.0),
    "low_share": (0.0, 1.0),
    "centroid": (20.0, 20000.0),
    "flatness": (0.0, 1.0),
    "key_confidence": (0.0, 1.0),
}
NUMBERS = {name: st.none() | st.floats(low, high) for name, (low, high) in RANGES.items()}
HEARD = st.builds(Heard, major=st.none() | st.booleans(), **NUMBERS)
PAIRS = [(name, part, 1) for name, parts in RISES.items() for part in parts] + [
    (name, part, -1) for name, parts in FALLS.items() for part in parts
]


@pytest.mark.parametrize(("name", "part", "direction"), PAIRS)
@given(heard=HEARD, data=st.data())
def test_each_goes_one_way(name: str, part: str, direction: int, heard: Heard, data: st.DataObject) -> None:
    low, high = sorted(data.draw(st.tuples(*[st.floats(*RANGES[part])] * 2)))
    less, more = value(at(heard, part, low), name), value(at(heard, part, high), name)
    assert (more - less) * direction >= -1e-12


@pytest.mark.parametrize(("name", "part", "direction"), PAIRS)
def test_and_not_merely_nowhere(name: str, part: str, direction: int) -> None:
    low, high = RANGES[part]
    less, more = value(at(GUITAR, part, low), name), value(at(GUITAR, part, high), name)
    assert (more - less) * direction > 0.03


@given(HEARD)
def test_all_are_between_0_and_1_or_not_known(heard: Heard) -> None:
    assert all(each is None or 0 <= each <= 1 for each in astuple(mood(heard)))


@given(HEARD, st.floats(0, 1))
def test_major_is_never_sadder_than_minor_and_counts_as_far_as_it_is_sure(heard: Heard, sure: float) -> None:
    major, minor = (replace(heard, major=each, key_confidence=sure) for each in (True, False))
    assert value(major, "valence") >= value(minor, "valence")
    assert value(replace(major, key_confidence=0), "valence") == value(replace(minor, key_confidence=0), "valence")


@pytest.mark.parametrize(("better", "worse"), [(120, 100), (120, 150), (60, 45), (120, 60), (240, 190), (60, 30)])
def test_tempos_near_120_and_its_octaves_are_danced_to(better: float, worse: float) -> None:
    assert value(replace(CLUB, tempo=better), "danceability") > value(replace(CLUB, tempo=worse), "danceability")


def test_what_is_not_known_has_no_part_in_it() -> None:
    assert mood(Heard()) == Mood(None, None, None, None)
    assert mood(Heard(pulse=0.4)).danceability == pytest.approx(0.4)
    assert mood(Heard(loudness=-7)).energy == 1
    assert mood(Heard(major=True, key_confidence=0.5)).valence == pytest.approx(0.75)
    assert all(field.default is None for field in fields(Heard))

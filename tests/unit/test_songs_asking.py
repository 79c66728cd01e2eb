"""What a model's answer tells while it is still being written."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfare.errors import UpstreamRejected
from songs.asking import SCHEMA, Named, reading_of, watching
from songs.mood import Mood

ARTISTS = [Named("Asha", "Hindi"), Named('Die "Vögel"', "German"), Named("The {Braces}", "English")]
ANSWER = {
    "mood": "serene",
    "energy": 0.25,
    "valence": 0.75,
    "danceability": 0.5,
    "acousticness": 0.875,
    "instrumentalness": 0.125,
    "tempo": 90,
    "genres": ["folk"],
    "artists": [{"name": each.name, "language": each.language} for each in ARTISTS],
    "themes": ["home"],
    "description": "A calm day.",
    "keywords": ["calm"],
    "cultural_vibe": "anywhere",
}
MOOD = Mood(energy=0.25, valence=0.75, danceability=0.5, acousticness=0.875, instrumentalness=0.125, tempo=90)


class Told:
    def __init__(self) -> None:
        self.moods: list[Mood] = []
        self.artists: list[list[Named]] = []

    def __call__(self, mood: Mood, artists: Sequence[Named]) -> None:
        self.moods.append(mood)
        self.artists.append(list(artists))


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_each_artist_is_told_of_once_and_only_when_it_is_complete(ensure_ascii: bool) -> None:
    text, told = json.dumps(ANSWER, ensure_ascii=ensure_ascii), Told()
    grew = watching(told)
    for length in range(len(text) + 1):
        grew(text[:length])
    assert told.artists == [ARTISTS[:1], ARTISTS[:2], ARTISTS]
    assert set(told.moods) == {MOOD}


def test_the_artists_are_told_of_long_before_the_end() -> None:
    """The order of the schema is that in which a server writes."""
    assert list(SCHEMA["properties"]) == list(ANSWER)
    text, told = json.dumps(ANSWER), Told()
    watching(told)(text[: text.index('"themes"')])
    assert told.artists == [ARTISTS]


def test_artists_before_the_mood_are_told_of_once_that_is_there() -> None:
    text = json.dumps({"artists": ANSWER["artists"], **ANSWER})
    told = Told()
    grew = watching(told)
    grew(text[: text.index('"tempo"')])
    assert told.artists == []
    grew(text)
    assert told.artists == [ARTISTS]


@given(st.one_of(st.text(), st.from_regex(r'\{"artists": \[.{0,40}'), st.recursive(st.none() | st.text(), st.lists)))
def test_whatever_a_model_writes_does_no_harm(said: object) -> None:
    told = Told()
    for text in (said if isinstance(said, str) else json.dumps(said), json.dumps({**ANSWER, "artists": said})):
        watching(told)(text)
    assert not any(told.artists)


@pytest.mark.parametrize("name", list(ANSWER))
def test_an_answer_that_lacks_a_field_is_rejected(name: str) -> None:
    with pytest.raises(UpstreamRejected):
        reading_of({key: value for key, value in ANSWER.items() if key != name}, "model")

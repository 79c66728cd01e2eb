"""The languages of songs: asked for by name or by the text, and those that nobody is known to sing in."""

from collections import Counter
from typing import Any, Final

import pytest

from integration.songs_function import EXCITED, PARTY, Answer, Function
from support.photos import photo
from support.world import World

SPANISH: Final = "spanish songs for a party"
FRENCH: Final = "french songs for a party"
"""In which nobody sings whom the sample world has."""


def languages(answer: Answer) -> Counter[str]:
    return Counter(song["language"] for song in answer.songs)


def test_shares_of_one_language_are_added_up(songs: Function) -> None:
    mix = {"hindi": 3, "Hindi ": 1, "English": 4}
    assert languages(songs.ask(mood=EXCITED, languages=mix, limit=8)) == {"Hindi": 4, "English": 4}


@pytest.mark.parametrize("key", [{}, {"MODEL_API_KEY_PARAMETER": ""}], ids=["model", "rules"])
def test_languages_that_a_text_names_are_those_of_the_songs(songs: Function, key: dict[str, str]) -> None:
    songs.restart(**key)
    assert languages(songs.ask(SPANISH)) == {"Spanish": 10}
    assert languages(songs.ask("a party, english and spanish songs", limit=4)) == {"English": 2, "Spanish": 2}
    assert set(languages(songs.show(photo(), text=SPANISH))) == {"Spanish"}
    assert set(languages(songs.ask(SPANISH, languages={"Hindi": 1}))) == {"Hindi"}, "what is asked for by name counts"


@pytest.mark.parametrize("model", [{}, {"status": 500}])
def test_a_text_that_names_what_nobody_sings_in_gets_songs_all_the_same(
    songs: Function, world: World, model: dict[str, Any]
) -> None:
    world.behave(model_songs=model)
    answer = songs.ask(FRENCH)
    assert languages(answer) == {"English": 5, "Hindi": 5}
    assert any("French" in warning for warning in answer.meta["warnings"])


def test_languages_that_nobody_sings_in_are_refused_and_others_are_named(songs: Function) -> None:
    asked: dict[str, Any] = {"languages": {"Klingon": 1}}
    given, named = songs.ask(mood=EXCITED, **asked), songs.ask(PARTY, **asked)
    songs.restart(MODEL_API_KEY_PARAMETER="")
    for answer in (given, named, songs.ask(PARTY, **asked)):
        assert answer.refused_fields == {"languages"}
        assert "without a model: English, Hindi, Spanish" in answer.body["detail"]


@pytest.mark.parametrize(
    ("behaviour", "status", "word"),
    [
        ({"status": 500}, 503, "status 500"),
        ({"status": 429}, 503, "too many requests"),
        ({"refusal": True}, 502, "refused"),
        ({"hang": True}, 504, "time"),
    ],
)
def test_a_model_that_fails_to_name_anybody_is_no_fault_of_who_asks(
    songs: Function, world: World, behaviour: dict[str, Any], status: int, word: str
) -> None:
    songs.restart(ROUTE_BUDGET_SECONDS="4")
    world.behave(model_songs=behaviour)
    assert word in songs.ask(PARTY, languages={"Klingon": 1}).problem(status)["detail"]
    assert languages(songs.ask(PARTY, languages={"Klingon": 1, "English": 1})) == {"English": 10}

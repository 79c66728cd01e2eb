"""The sample model as a judge of moods for songs: what it reads, whom it names, and that it is not perfect."""

import json
from collections import Counter
from typing import Any

import httpx2
import pytest

from local_cloud.world import model, music, song_mood
from local_cloud.world.character import quadrant
from support.photos import NIGHT, encoded, photo
from support.servers import sample_world

SCHEMA = {
    "type": "object",
    "properties": {
        name: {}
        for name in (
            "mood", "themes", "description", "genres", "energy", "valence", "danceability", "acousticness", "tempo",
            "instrumentalness", "keywords", "cultural_vibe",
        )
    }
    | {"artists": {"type": "array", "items": {"type": "object", "properties": {"name": {}, "language": {}}}}},
}  # fmt: skip
OF = {artist.name: artist for artist in music.artists()}
SMALL = (64, 48)


def asked(content: Any, system: str = "") -> dict[str, Any]:
    messages = [{"role": "system", "content": system}] if system else []
    shape = {"type": "json_schema", "json_schema": {"name": "song_mood", "strict": True, "schema": SCHEMA}}
    return {"messages": [*messages, {"role": "user", "content": content}], "response_format": shape}


def told(content: Any, system: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(song_mood.answer(asked(content, system)))
    return answer


def seen(sky: tuple[int, int, int], ground: tuple[int, int, int]) -> dict[str, Any]:
    url = f"data:image/jpeg;base64,{encoded(photo(sky, ground, size=SMALL, tagged=False))}"
    return told([{"type": "text", "text": "Languages: English 8, Hindi 8"}, {"image_url": {"url": url}}])


def test_it_answers_with_the_members_of_the_schema_in_their_order() -> None:
    answer = told("a party on the beach")
    assert list(answer) == list(SCHEMA["properties"])
    assert all(isinstance(answer[name], list) and answer[name] for name in ("themes", "genres", "keywords"))
    for name in ("energy", "valence", "danceability", "acousticness", "instrumentalness"):
        assert 0 <= answer[name] <= 1
    assert 60 < answer["tempo"] < 180


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("we danced at the party all night long", "excited"),
        ("I am furious", "tense"),
        ("a calm morning", "content"),
        ("ich bin so traurig", "sad"),
        ("आज मन उदास है", "sad"),
        ("not sad at all", "excited"),
        ("a table", None),
    ],
)
def test_texts_are_read(text: str, expected: str | None) -> None:
    answer = told(text)
    assert quadrant(answer["energy"], answer["valence"]) == expected


def test_photos_are_read_by_their_colours() -> None:
    night, beach, fog = seen(NIGHT, NIGHT), seen((255, 200, 40), (250, 120, 20)), seen((225,) * 3, (205,) * 3)
    assert quadrant(night["energy"], night["valence"]) == "sad"
    assert quadrant(beach["energy"], beach["valence"]) == "excited"
    assert quadrant(fog["energy"], fog["valence"]) in {"content", None}
    cold = seen((40, 120, 250), (20, 80, 200))
    assert cold["valence"] < beach["valence"]


def test_languages_and_counts_stand_anywhere_in_the_text() -> None:
    default = Counter(each["language"] for each in told("calm")["artists"])
    assert default == {"English": 8, "Hindi": 8}
    mixed = told("calm", "Name artists.\nLanguages: English 3, Spanish 4, Klingon 2.\nAnswer in JSON.")["artists"]
    assert Counter(each["language"] for each in mixed) == {"English": 3, "Spanish": 4}
    assert all(OF[each["name"]].language == each["language"] for each in mixed)
    many = told("calm. Languages: Spanish 90")["artists"]
    assert len(many) == len({each["name"] for each in many}) == 8


@pytest.mark.parametrize("text", ["party", "rage", "peaceful", "lonely"])
def test_four_artists_in_five_fit(text: str) -> None:
    answer = told(f"{text}. Languages: English 10, Hindi 10")
    wanted = quadrant(answer["energy"], answer["valence"])
    fitting = [quadrant(OF[each["name"]].energy, OF[each["name"]].valence) == wanted for each in answer["artists"]]
    assert len({each["name"] for each in answer["artists"]}) == 20
    assert 10 <= sum(fitting) <= 16


def test_the_same_wish_has_the_same_answer_and_another_one_other_artists() -> None:
    assert told("a party") == told("a party")
    assert told("a party")["artists"] != told("one party")["artists"]


def test_a_wish_for_films_or_words_is_none_for_songs() -> None:
    assert song_mood.wanted(asked("x"))
    for other in ({}, {"response_format": None}, {"response_format": {"json_schema": {"name": "wish"}}}):
        assert not song_mood.wanted(other)


def test_wrong_messages_and_photos_are_refused() -> None:
    with pytest.raises(ValueError, match="messages"):
        song_mood.answer(asked("x") | {"messages": [1]})
    with pytest.raises(ValueError, match="data URL"):
        told([{"image_url": {"url": "https://example.com/photo.jpg"}}])


def test_it_is_a_purpose_of_its_own_over_http() -> None:
    with sample_world() as url, httpx2.Client(base_url=url, headers={"authorization": "Bearer sample-key"}) as world:
        ask = asked("a calm evening") | {"model": "gpt-6-luna"}
        whole = world.post("/model/v1/chat/completions", json=ask).json()["choices"][0]["message"]["content"]
        assert whole == song_mood.answer(ask)
        world.put("/_world/behaviour", json={"model.songs": {"malformed": True}}).raise_for_status()
        broken = world.post("/model/v1/chat/completions", json=ask).json()["choices"][0]["message"]["content"]
        assert model.BREAK in broken
        world.put("/_world/behaviour", json={"model.songs": {"status": 429}}).raise_for_status()
        assert world.post("/model/v1/chat/completions", json=ask).status_code == 429
        plain = {"messages": [{"role": "user", "content": "a film"}]}
        assert world.post("/model/v1/chat/completions", json=plain).status_code == 200
        assert world.get("/_world/calls").json() == {"model.songs": 3, "model.chat": 1}

"""The sample model as a teacher of words: what it knows, how it fills a schema, what it leaves out or garbles."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from local_cloud.world import enrichment
from local_cloud.world.faults import Behaviour
from speech import explaining
from support.servers import sample_world

PARTS_OF_SPEECH = {"noun", "verb", "adjective", "adverb", "interjection"}
FIELDS: dict[str, Any] = {
    "word": {"type": "string"},
    "lemma": {"type": "string"},
    "pos": {"type": "string", "enum": ["noun", "verb", "adj", "adverb", "interjection", "other"]},
    "translation": {"type": "string"},
    "example": {"type": "string"},
    "example_native": {"type": "string"},
    "ipa": {"type": ["string", "null"]},
    "gender": {"type": ["string", "null"], "enum": ["m", "f", "n", None]},
    "plural": {"type": ["string", "null"]},
    "synonyms": {"type": "array", "items": {"type": "string"}},
    "collocations": {"type": "array", "items": {"type": "string"}},
}


def request(words: list[str], language: str = "hi", native: str = "en", **fields: Any) -> dict[str, Any]:
    items = {"type": "object", "properties": FIELDS | fields}
    schema = {"type": "object", "properties": {"entries": {"type": "array", "items": items}}}
    content = json.dumps({"language": language, "native_language": native, "words": words}, ensure_ascii=False)
    return {
        "model": "gpt-6-luna",
        "messages": [{"role": "system", "content": "…"}, {"role": "user", "content": content}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}},
    }


def entries(asked: dict[str, Any], behaviour: Behaviour = Behaviour()) -> list[dict[str, Any]]:  # noqa: B008 - frozen
    found: list[dict[str, Any]] = json.loads(enrichment.answer(asked, behaviour))["entries"]
    return found


@pytest.mark.parametrize("language", ["hi", "de", "en", "es"])
def test_every_known_word_is_told_whole(language: str) -> None:
    words = enrichment.known()[language]
    native = "de" if language == "en" else "en"
    found = entries(request(list(words), language, native))
    assert [entry["word"] for entry in found] == list(words)
    for entry in found:
        assert all(entry[name] for name in ("lemma", "translation", "example", "example_native", "ipa")), entry["word"]
        assert entry["collocations"], entry["word"]
        assert enrichment.SAMPLE not in json.dumps(entry)
        assert words[entry["word"]]["pos"] in PARTS_OF_SPEECH
        assert bool(entry["gender"]) == (entry["pos"] == "noun" and language != "en"), entry["word"]


def test_examples_hold_the_word_or_begin_like_it() -> None:
    for words in enrichment.known().values():
        for word, fact in words.items():
            assert word[:3].casefold() in fact["example"].casefold(), word


def test_a_translation_is_into_the_language_asked_for() -> None:
    assert entries(request(["किताब"], "hi-IN", "de-DE"))[0]["translation"] == "Buch"
    assert entries(request(["किताब"], "hi", "en"))[0]["example_native"] == "This book is very good."


@pytest.mark.parametrize(
    ("word", "language", "native"), [("xyzzy", "hi", "en"), ("किताब", "hi", "fr"), ("किताब", "de", "en")]
)
def test_what_it_does_not_know_is_plainly_a_sample(word: str, language: str, native: str) -> None:
    (entry,) = entries(request([word], language, native))
    assert (entry["word"], entry["lemma"], entry["ipa"]) == (word, word, None)
    for name in ("translation", "example", "example_native"):
        assert entry[name].startswith(enrichment.SAMPLE)


def test_values_are_fitted_to_the_schema() -> None:
    asked = request(
        ["सुंदर", "किताब"],
        gender={"type": "string", "enum": ["m", "f", "n", ""]},
        plural={"type": "string"},
        synonyms={"type": "string"},
        frequency={"type": "string"},
    )
    adjective, noun = entries(asked)
    assert (adjective["pos"], adjective["gender"], adjective["plural"], adjective["frequency"]) == ("adj", "", "", "")
    assert (noun["pos"], noun["gender"], noun["synonyms"]) == ("noun", "f", "पुस्तक")


def test_words_are_left_out_and_garbled_as_asked() -> None:
    asked = request(["किताब", "पानी", "घर"])
    left, garbled = entries(asked, Behaviour(leave_out=("पानी",), garble=("घर",)))
    assert (left["word"], left["pos"]) == ("किताब", "noun")
    assert (garbled["word"], garbled["pos"], garbled["translation"]) == ("घर", "thingummy", "")


def test_words_may_stand_in_objects_that_come_back_with_their_numbers() -> None:
    asked = request([], number={"type": "integer"})
    items = [{"number": 1, "word": "xyzzy"}, {"number": 2, "word": "किताब", "sentence": "…"}]
    message = {"language": "hi", "native_language": "en", "entries": items}
    asked["messages"][-1]["content"] = json.dumps(message)
    assert [(entry["number"], entry["translation"]) for entry in entries(asked)] == [
        (1, "(sample) xyzzy, en"),
        (2, "book"),
    ]


def test_the_bundle_understands_its_answers() -> None:
    questions = [explaining.Question(word, "hi", "en") for word in ("किताब", "पानी", "घर")]
    asked = {
        "messages": [{"role": "user", "content": explaining.user_message(questions)}],
        "response_format": {"type": "json_schema", "json_schema": {"schema": explaining.SCHEMA}},
    }
    sound, garbled = explaining.explanations(enrichment.answer(asked, Behaviour(garble=("पानी",), leave_out=("घर",))))
    assert garbled == {2}
    assert sound.keys() == {1}
    assert (sound[1]["translation"], sound[1]["gender"], sound[1]["plural"]) == ("book", "feminine", "किताबें")


def test_a_wish_for_films_is_no_wish_for_words() -> None:
    titles = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": {"titles": titles}}
    assert enrichment.shape({"response_format": {"json_schema": {"schema": schema}}}) is None
    assert enrichment.shape({"response_format": None}) is None
    assert enrichment.shape(request([])) == ("entries", {"type": "object", "properties": FIELDS})


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with sample_world() as url:
        yield url


@pytest.fixture
def world(base_url: str) -> Iterator[httpx2.Client]:
    headers = {"authorization": "Bearer sample-key"}
    with httpx2.Client(base_url=base_url, headers=headers, timeout=5) as client:
        client.delete("/_world/behaviour")
        client.delete("/_world/calls")
        yield client


def ask(world: httpx2.Client, asked: dict[str, Any]) -> httpx2.Response:
    return world.post("/model/v1/chat/completions", json=asked)


def test_words_are_an_endpoint_of_their_own(world: httpx2.Client) -> None:
    world.put("/_world/behaviour", json={"model.enrich": {"times": 1, "leave_out": ["पानी"]}})
    contents = [ask(world, request(["पानी"])).json()["choices"][0]["message"]["content"] for _ in range(2)]
    assert [len(json.loads(content)["entries"]) for content in contents] == [0, 1]
    assert world.get("/_world/calls").json() == {"model.enrich": 2}


def test_a_malformed_answer_is_no_json(world: httpx2.Client) -> None:
    world.put("/_world/behaviour", json={"model.enrich": {"malformed": True}})
    text = ask(world, request(["पानी"])).json()["choices"][0]["message"]["content"]
    assert text.startswith('{"entries": [')
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


@pytest.mark.parametrize("content", ["nothing to read", "[]", None, [{"type": "text", "text": "{}"}]])
def test_a_message_without_words_is_a_400(world: httpx2.Client, content: object) -> None:
    asked = request([])
    asked["messages"][-1]["content"] = content
    assert ask(world, asked).status_code == 400


def test_words_streamed_are_the_same(world: httpx2.Client) -> None:
    asked = request(["किताब", "xyzzy"])
    whole = ask(world, asked).json()["choices"][0]["message"]["content"]
    lines = ask(world, asked | {"stream": True}).text.split("\n\n")
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines if line not in {"", "data: [DONE]"}]
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == whole

"""What the word routes take, and which field they name when they do not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfare.errors import InvalidInput
from fanfare.http_api import checked_json
from speech import languages
from speech.texts import plain
from speech.word_contract import EnrichOneRequest, EnrichRequest

ASKED = {"words": ["Haus"], "language": "de", "native_language": "en"}


def taken(**other: Any) -> EnrichRequest:
    return checked_json(EnrichRequest, json.dumps(ASKED | other).encode())


def refused(**other: Any) -> list[str]:
    with pytest.raises(InvalidInput) as refusal:
        taken(**other)
    return list(refusal.value.fields)


@pytest.mark.parametrize(
    ("sent", "tag"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("pt-br", "pt-BR"),
        ("pt_BR", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-1996", "de-1996"),
        ("ca-valencia", "ca-valencia"),
        ("yue", "yue"),
        ("German", "de"),
        (" hindi ", "hi"),
        ("Lao", "lo"),
        ("Brazilian Portuguese", "pt-BR"),
        ("Portuguese (Brazilian)", "pt-BR"),
        ("Chinese (Simplified)", "zh-Hans"),
        ("Norwegian Bokmål", "nb"),
    ],
)
def test_languages_are_tags_or_english_names(sent: str, tag: str) -> None:
    assert taken(language=sent).language == tag
    assert taken(native_language=sent).native_language == tag


@pytest.mark.parametrize("sent", ["", "d", "Klingonisch", "de-", "de;rm", "d e", "../de", "de\x00", "١٢", None, 5])
def test_what_is_no_language_is_refused_by_name(sent: object) -> None:
    assert refused(language=sent) == ["language"]


def test_every_name_leads_to_a_tag() -> None:
    assert all(languages.tag(tag) == tag for tag in languages.NAMES.values())
    assert languages.base("zh-Hant-TW") == "zh"


@given(st.text(max_size=40))
def test_a_tag_is_its_own_tag(text: str) -> None:
    try:
        tag = languages.tag(text)
    except ValueError:
        return
    assert languages.tag(tag) == tag


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ([], ["words"]),
        (["a"] * 101, ["words"]),
        (["a", "b", "c", "x" * 101], ["words.3"]),
        (["a", " \t\n "], ["words.1"]),
        ([""], ["words.0"]),
        (["a\x00b", "ok", "a\x1bb"], ["words.0", "words.2"]),
        ([None], ["words.0"]),
        ("Haus", ["words"]),
    ],
)
def test_words_are_refused_by_their_place(words: Any, fields: list[str]) -> None:
    assert refused(words=words) == fields


@pytest.mark.parametrize("word", ["x" * 100, f"{'x' * 50}{' ' * 60}y", "🙂", "مرحبا", "क्\u200dष", "../../etc", "<b>&"])
def test_words_are_taken_as_they_are_sent(word: str) -> None:
    assert taken(words=[word]).words == [word]


def test_sentences_belong_to_words_of_the_request() -> None:
    request = taken(
        words=["über", "a  b"], sentence_contexts={"u\u0308ber": " Über\nalles ", "a b": "x", "c": "y" * 9000}
    )
    assert request.sentence_contexts == {"über": "Über alles", "a b": "x"}
    assert taken(sentence_contexts=None).sentence_contexts == {}
    assert taken(sentence_contexts={"Haus": None}).sentence_contexts == {"Haus": None}


def test_wrong_sentences_are_refused_by_their_word() -> None:
    assert refused(sentence_contexts={"Haus": "x" * 501}) == ["sentence_contexts.Haus"]
    assert refused(sentence_contexts={"Haus": "a\x00"}) == ["sentence_contexts.Haus"]
    assert refused(sentence_contexts=["x"]) == ["sentence_contexts"]
    assert refused(speed=3) == ["speed"]


@pytest.mark.parametrize("name", ["sentence_context", "sentence"])
def test_one_word_may_come_with_its_sentence_by_either_name(name: str) -> None:
    body = {"word": "Haus", "language": "de", "native_language": "en", name: "Das Haus.", "session": 1}
    assert checked_json(EnrichOneRequest, json.dumps(body).encode()).sentence_context == "Das Haus."


@given(st.text(max_size=120))
def test_a_plain_word_stays_as_it_is(text: str) -> None:
    assert plain(plain(text)) == plain(text)

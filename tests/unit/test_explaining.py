"""A model's answer about words, read tolerantly: nothing it may send raises, and nothing is made up from it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.explaining import MOST_BROKEN, MOST_LISTED, PARTS_OF_SPEECH, SCHEMA, Question, explanations, user_message

ENTRY: dict[str, Any] = {
    "number": 1,
    "lemma": "Haus",
    "pos": "noun",
    "translation": "house",
    "example": 'Das „Haus" ist alt {hier}.',
    "example_native": "The house is old.",
    "ipa": "haʊ̯s",
    "gender": "neuter",
    "plural": "Häuser",
    "synonyms": ["Gebäude"],
    "collocations": ["nach Hause"],
}


def said(*entries: Any) -> str:
    return json.dumps({"entries": entries}, ensure_ascii=False)


def only(**other: Any) -> Any:
    sound, _ = explanations(said(ENTRY | other))
    return sound.get(1)


def test_the_schema_is_strict_and_has_the_eleven_parts_of_speech() -> None:
    entry = SCHEMA["properties"]["entries"]["items"]
    for each in (SCHEMA, entry):
        assert each["required"] == list(each["properties"])
        assert each["additionalProperties"] is False
    assert len(entry["properties"]["pos"]["enum"]) == 11
    assert set(ENTRY) == set(entry["properties"])


def test_questions_are_numbered_and_carry_sentences_only_where_there_are_some() -> None:
    message = json.loads(user_message([Question("Bank", "de", "hi", "Die Bank."), Question('x"}', "de", "hi")]))
    assert message == {
        "language": "de",
        "native_language": "hi",
        "entries": [{"number": 1, "word": "Bank", "sentence": "Die Bank."}, {"number": 2, "word": 'x"}'}],
    }


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ({"ipa": "/haʊ̯s/"}, {"ipa": "haʊ̯s", "ipa_source": "model"}),
        ({"ipa": "[haʊ̯s]"}, {"ipa": "haʊ̯s"}),
        ({"ipa": "//"}, {"ipa": None, "ipa_source": None}),
        ({"ipa": None}, {"ipa": None, "ipa_source": None}),
        ({"pos": " Noun"}, {"pos": "noun"}),
        ({"gender": "der"}, {"gender": None}),
        ({"gender": 3}, {"gender": None}),
        ({"plural": ""}, {"plural": None}),
        ({"plural": "x" * 1000}, {"plural": None}),
        ({"synonyms": ["a", "b", "a", "", 3, None, "c", "d", "e", "f"]}, {"synonyms": ["a", "b", "c", "d", "e"]}),
        ({"synonyms": "Gebäude"}, {"synonyms": []}),
        ({"collocations": None}, {"collocations": []}),
        ({"translation": " a \n house\t"}, {"translation": "a house"}),
        ({"example_native": None}, {"example_native": None}),
        ({"lemma": "कार्य\u200dक्रम"}, {"lemma": "कार्य\u200dक्रम"}),
    ],
)
def test_what_is_wrong_and_optional_is_left_out(given_: dict[str, Any], kept: dict[str, Any]) -> None:
    explanation = only(**given_)
    assert {name: explanation[name] for name in kept} == kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"lemma": ""},
        {"lemma": None},
        {"pos": "gerund"},
        {"pos": None},
        {"translation": " "},
        {"translation": "x" * 1000},
        {"translation": "a\x00b"},
        {"example": ""},
        {"example": ["Das Haus."]},
    ],
)
def test_what_is_wrong_and_needed_makes_an_entry_garbled(wrong: dict[str, Any]) -> None:
    assert explanations(said(ENTRY | wrong, ENTRY | {"number": 2}))[1] == {1}
    assert list(explanations(said(ENTRY | wrong, ENTRY | {"number": 2}))[0]) == [2]


def test_of_two_entries_with_one_number_the_first_sound_one_counts() -> None:
    sound, garbled = explanations(
        said(ENTRY | {"pos": "x"}, ENTRY | {"translation": "first"}, ENTRY | {"translation": "second"})
    )
    assert sound[1]["translation"] == "first"
    assert not garbled


@pytest.mark.parametrize("number", [True, "1", 1.0, None, [1]])
def test_an_entry_without_a_number_belongs_to_no_word(number: object) -> None:
    assert explanations(said(ENTRY | {"number": number})) == ({}, set())


@pytest.mark.parametrize(
    "wrap",
    [
        "```json\n{}\n```",
        "Here you are: {}",
        "{} I hope that helps {{:-)}}",
        "{},",
    ],
)
def test_what_stands_around_an_answer_does_not_matter(wrap: str) -> None:
    answer = said(ENTRY, ENTRY | {"number": 2})
    assert set(explanations(wrap.replace("{}", answer, 1))[0]) == {1, 2}


@pytest.mark.parametrize("answer", [json.dumps([ENTRY]), json.dumps(ENTRY)])
def test_entries_may_come_bare(answer: str) -> None:
    assert set(explanations(answer)[0]) == {1}


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "null",
        '"{}"',
        "[[[]]]",
        '{"entries": {}}',
        '{"entries": [[]]}',
        "{" * 100_000,
        '{"a":' * 100_000,
        "[" * 100_000,
        '{"entries": [{"number": 1, "lemma": "\ud800"}]}',
        '{"entries": [{"number": ' + "9" * 5000 + "}]}",
    ],
    ids=lambda answer: answer[:20].encode("ascii", "replace").decode(),
)
def test_no_answer_raises(answer: str) -> None:
    assert explanations(answer)[0] == {}


texts = st.text(max_size=20) | st.sampled_from(["Haus", "{", '"}', "\\", "]}"])
values = texts | st.integers() | st.none() | st.booleans() | st.lists(texts, max_size=7)
entries = st.fixed_dictionaries(
    {
        name: st.sampled_from([ENTRY[name]]) | (st.integers(-2, 12) if name == "number" else texts | values)
        for name in ENTRY
    }
)


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    explanations(text)


@given(st.lists(entries, max_size=5), st.data())
def test_a_damaged_answer_gives_nothing_but_what_was_said(told: list[dict[str, Any]], data: st.DataObject) -> None:
    whole = said(*told)
    expected = explanations(whole)[0]
    assert set(expected) <= {each["number"] for each in told if type(each["number"]) is int}
    cut = whole[: data.draw(st.integers(0, len(whole)), label="cut")]
    for number, explanation in explanations(cut)[0].items():
        assert explanation == expected[number]
        assert explanation["pos"] in PARTS_OF_SPEECH
        assert explanation["translation"]
        assert len(explanation["synonyms"]) <= MOST_LISTED


@given(st.lists(entries, min_size=2, max_size=5), st.data())
def test_an_entry_that_is_cut_costs_none_before_it(told: list[dict[str, Any]], data: st.DataObject) -> None:
    told = [each | {"number": number} for number, each in enumerate(told)]
    kept = data.draw(st.integers(0, len(told) - 1), label="kept")
    head = said(*told[:kept]).removesuffix("]}")
    cut = head + (", " if kept else "") + json.dumps(told[kept], ensure_ascii=False)[:-1]
    assert explanations(cut)[0] == explanations(said(*told[:kept]))[0]


def test_an_answer_of_nothing_but_braces_is_given_up() -> None:
    entry = json.dumps(ENTRY)
    assert explanations("{" * (MOST_BROKEN - 1) + entry)[0]
    assert explanations("{" * 1_000_000 + entry) == ({}, set())

"""Texts and requests of every kind: each becomes audio or a clear refusal, and none of them a line in the log."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integration.images_function import closed
from integration.speech_function import SPEECH, Answer, Function, loudest, told

SECRET = "Xylophonist-4711"


def asked(speech: Function, **item: Any) -> Answer:
    return speech.post(SPEECH, {"items": [{"language": "en"} | item], "format": "wav"})


def ssml(inner: str) -> str:
    return f"<speak>{inner}</speak>"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("x", "en", id="one letter"),
        pytest.param("Is it 5 o'clock? — “Yes”, she said; 3.14 % of $5.", "en", id="punctuation"),
        pytest.param("party 🎉👩‍👩‍👧 time", "en", id="emoji"),
        pytest.param("😀", "en", id="emoji alone"),
        pytest.param("hello नमस्ते مرحبا 你好 привет", "en", id="mixed scripts"),
        pytest.param("الْعَرَبِيَّةُ", "ar", id="arabic with marks"),
        pytest.param("שָׁלוֹם עוֹלָם", "he", id="hebrew with points"),
        pytest.param("\u202eabc\u202c \u200fdef\u200e", "en", id="directions"),
        pytest.param("क्\u200dष में\u200cहै", "hi", id="joiners"),
        pytest.param("/etc/passwd", "en", id="path"),
        pytest.param("../../x", "en", id="path upwards"),
        pytest.param("C:\\x", "en", id="drive"),
        pytest.param("file:///etc/passwd", "en", id="url"),
        pytest.param("'; DROP TABLE words; --", "en", id="sql"),
        pytest.param("<break time='1s'/> & <audio src='/etc/passwd'/> a", "en", id="markup as text"),
        pytest.param("[[h@'l@U]] -f /etc/passwd", "en", id="options"),
        pytest.param("a" * 5000, "en", id="one long word"),
        pytest.param("word " * 999 + "words", "en", id="5000 characters"),
        pytest.param("line\r\nline\ttab\u2028end\u00a0.", "en", id="white space"),
        pytest.param("a\ufffeb \ufdd0 \U0010ffff", "en", id="noncharacters"),
        pytest.param("ﬁne Ⅷ ½ ⁵", "en", id="compatibility characters"),
        pytest.param("e" + "\u0301" * 300, "en", id="stacked marks"),
    ],
)
def test_espeak_speaks_texts_of_every_kind(speech: Function, text: str, language: str) -> None:
    speech.restart(TTS_ENGINES="espeak")
    got = asked(speech, text=text, language=language)
    assert told(got.items) == ["espeak"], got.items[0]["error"]
    [body] = speech.objects().values()
    assert loudest(body) > 1000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("  \n\t\u00a0\u2003", id="spaces"),
        pytest.param("...?! — «»", id="punctuation"),
        pytest.param("\u200b\u200d\ufeff", id="invisible"),
        pytest.param("a\0b", id="nul"),
        pytest.param("\0", id="nul alone"),
        pytest.param("a\x07b", id="bell"),
        pytest.param("a\x1b[31mb", id="escape"),
        pytest.param("a\x7fb\x9bc", id="delete"),
        pytest.param("a" * 5001, id="5001 characters"),
        pytest.param(None, id="none"),
        pytest.param(5, id="number"),
        pytest.param(["a"], id="list"),
        pytest.param({"a": 1}, id="object"),
    ],
)
def test_texts_that_nobody_could_speak_are_refused_by_their_place(speech: Function, text: Any) -> None:
    good = {"text": "house", "language": "en"}
    got = speech.post(SPEECH, {"items": [good, good, good, {"text": text, "language": "en"}]})
    assert got.refused_fields <= {"items.3.text", "items.3"}
    assert speech.voice.asked == []
    for path, field in (("/api/word/tts", "word"), ("/api/sentence/tts", "sentence")):
        one = speech.post(path, {field: text, "language": "en"})
        assert one.refused_fields == {field}
        assert one.json["success"] is False


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\udc00\ud800"])
def test_half_a_surrogate_pair_is_refused(speech: Function, text: str) -> None:
    body = json.dumps({"items": [{"text": text, "language": "en"}]})
    assert "\\ud" in body
    got = speech.post(SPEECH, body)
    assert got.status in {400, 422}
    assert got.headers["content-type"] == "application/problem+json"


def test_a_text_too_long_for_the_first_engine_is_spoken_by_the_next(speech: Function) -> None:
    text = "word " * 900
    assert len(text.strip()) > 4096
    alone = asked(speech, text=text)
    assert (told(alone.items), "4096" in alone.items[0]["error"]["detail"]) == (["Unusable content"], True)
    speech.restart(TTS_ENGINES="openai,espeak")
    assert told(asked(speech, text=text).items) == ["espeak"]
    assert speech.voice.asked == []


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("Fish &amp; chips", ["Fish", "&", "chips"]),
        ("sch&#246;n &lt; &#x64;u", None),
        ('<p><s>One <break time="100ms"/> <emphasis>two</emphasis></s></p>', ["One", "two"]),
        ('<prosody rate="slow">three</prosody> <say-as interpret-as="characters">bbc</say-as>', None),
        ('<lang xml:lang="de">Straße</lang> and <sub alias="and so on">etc</sub>', None),
        ("<p>" * 700 + "deep" + "</p>" * 700, None),
    ],
)
def test_markup_is_spoken(speech: Function, inner: str, words: list[str] | None) -> None:
    speech.restart(TTS_ENGINES="openai,espeak")
    [item] = asked(speech, ssml=ssml(inner)).items
    assert (item["engine"], item["fallback"]) == ("espeak", None), item["error"]
    assert words is None or [timing["word"] for timing in item["timings"]] == words
    assert speech.voice.asked == []
    namespaced = f'<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en">{inner}</speak>'
    assert told(asked(speech, ssml=namespaced).items) == ["espeak"]


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param(ssml("caf&eacute;"), id="undefined entity"),
        pytest.param('<!DOCTYPE speak [<!ENTITY a "aaaa">]><speak>&a;</speak>', id="entity"),
        pytest.param(
            '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><speak>&b;&b;</speak>', id="bomb"
        ),
        pytest.param('<!DOCTYPE x SYSTEM "file:///etc/passwd"><speak>a</speak>', id="external subset"),
        pytest.param('<?xml version="1.0" encoding="UTF-7"?><speak>a</speak>', id="declaration"),
        pytest.param(ssml('<audio src="file:///etc/passwd">a</audio>'), id="audio"),
        pytest.param(ssml('<lexicon uri="http://127.0.0.1/"/>a'), id="lexicon"),
        pytest.param(ssml('<x:audio xmlns:x="http://www.w3.org/2001/10/synthesis" src="/etc/passwd"/>a'), id="prefix"),
        pytest.param(ssml("<script>a</script>"), id="unknown element"),
        pytest.param(ssml(ssml("a")), id="nested"),
        pytest.param(ssml("a<p>"), id="malformed"),
        pytest.param("<speak>a", id="unclosed"),
        pytest.param(ssml("a") + ssml("b"), id="two"),
        pytest.param("<p>a</p>", id="wrong root"),
        pytest.param("just a text", id="no markup"),
        pytest.param(ssml("<!-- a -->"), id="comment"),
        pytest.param(ssml("<![CDATA[a]]>"), id="cdata"),
        pytest.param(ssml(""), id="silent"),
        pytest.param(ssml("a\0"), id="nul"),
        pytest.param(ssml("a&#0;b"), id="nul as a reference"),
        pytest.param(ssml("a&#x1b;b"), id="escape as a reference"),
        pytest.param(ssml("a&#xd800;b"), id="surrogate as a reference"),
        pytest.param("", id="empty"),
        pytest.param(ssml("a" * 5000), id="too long"),
    ],
)
def test_markup_that_is_not_to_be_trusted_is_refused(speech: Function, markup: str) -> None:
    speech.restart(TTS_ENGINES="espeak")
    assert asked(speech, ssml=markup).refused_fields == {"items.0.ssml"}


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        ({"text": "a", "ssml": ssml("a")}, {"items.0"}),
        ({}, {"items.0"}),
        ({"ssml": ssml("a"), "ipa": "a"}, {"items.0"}),
        ({"text": "a", "ipa": "ə" * 201}, {"items.0.ipa"}),
        ({"text": "a", "ipa": " "}, {"items.0.ipa"}),
        ({"text": "a", "language": "klingon"}, {"items.0.language"}),
        ({"text": "a", "language": ""}, {"items.0.language"}),
        ({"text": "a", "language": "en\0"}, {"items.0.language"}),
        ({"text": "a", "language": "../en"}, {"items.0.language"}),
        ({"text": "a", "language": None}, {"items.0.language"}),
        ({"text": "a", "speed": 0}, {"items.0.speed"}),
        ({"text": "a", "speed": 5}, {"items.0.speed"}),
        ({"text": "a", "speed": -1}, {"items.0.speed"}),
        ({"text": "a", "speed": float("nan")}, {"items.0.speed"}),
        ({"text": "a", "speed": float("inf")}, {"items.0.speed"}),
        ({"text": "a", "speed": "fast"}, {"items.0.speed"}),
        ({"text": "a", "voice": "../../x"}, {"items.0.voice"}),
        ({"text": "a", "voice": "a\nb"}, {"items.0.voice"}),
        ({"text": "a", "voice": "v" * 81}, {"items.0.voice"}),
        ({"text": "a", "instructions": "i" * 1001}, {"items.0.instructions"}),
        ({"text": "a", "context": "\0"}, {"items.0.context"}),
        ({"text": "a", "colour": "red"}, {"items.0.colour"}),
    ],
    ids=str,
)
def test_items_that_make_no_sense_are_refused_by_their_fields(
    speech: Function, item: dict[str, Any], fields: set[str]
) -> None:
    assert asked(speech, **item).refused_fields == fields
    assert speech.voice.asked == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"items"}),
        ({"items": []}, {"items"}),
        ({"items": None}, {"items"}),
        ({"items": "house"}, {"items"}),
        ({"items": ["house"]}, {"items.0"}),
        ({"items": [{"text": "a", "language": "en"}] * 1001}, {"items"}),
        ({"items": [{"text": f"{number}" + "a" * 4000, "language": "en"} for number in range(51)]}, {"items"}),
        ({"items": [{"text": "a", "language": "en"}], "format": "ogg"}, {"format"}),
        ({"items": [{"text": "a", "language": "en"}], "fallback": "perhaps"}, {"fallback"}),
        ({"items": [{"text": "a", "language": "en"}], "formats": "mp3"}, {"formats"}),
        ("[]", {"body"}),
        ("null", {"body"}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_requests_that_make_no_sense_are_refused_by_their_fields(speech: Function, body: Any, fields: set[str]) -> None:
    assert speech.post(SPEECH, body).refused_fields == fields
    assert speech.voice.asked == []


@pytest.mark.parametrize("body", ["", "{", "items=house", '{"items": NaNa}', "\ufeff{}", "[" * 5000])
def test_a_body_that_is_no_json_is_refused(speech: Function, body: str) -> None:
    got = speech.post(SPEECH, body)
    assert (got.status, got.json["title"]) == (400, "Malformed body")


def test_what_no_engine_can_speak_is_the_error_of_that_text(speech: Function) -> None:
    speech.restart(TTS_ENGINES="openai,espeak")
    items = [
        {"text": "house", "language": "en"},
        {"text": "tomato", "ipa": "təˈmɑːtoʊ", "language": "en"},
        {"ssml": ssml("a"), "language": "xx"},
    ]
    got = speech.post(SPEECH, {"items": items})
    assert told(got.items) == ["openai", "Unusable content", "Unusable content"]
    assert [item["error"]["detail"] for item in got.items[1:]] == [
        "openai: takes no IPA; espeak: takes no IPA",
        "openai: takes no SSML; espeak: no voice for this language",
    ]
    speech.restart(TTS_ENGINES="espeak")
    assert told(asked(speech, text="a", voice="nobody").items) == ["Unusable content"]
    one = speech.post("/api/word/tts", {"word": "a", "language": "xx"})
    assert (one.status, one.json["title"]) == (422, "Unusable content")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/word/tts", {"word": "\ufb2c" * 5000, "language": "he"}),
        ("/api/sentence/tts", {"text": "\ufb2c" * 2000, "language": "he"}),
        ("/api/word/tts", {"word": "a", "sentence": "\ufb2c" * 1000, "language": "he"}),
        (SPEECH, {"items": [{"text": "\ufb2c" * 5000, "language": "he"}]}),
    ],
)
def test_a_text_that_grows_when_it_is_composed_is_spoken_or_refused(
    speech: Function, path: str, body: dict[str, Any]
) -> None:
    assert speech.post(path, body).status in {200, 422}


anything = st.text(st.characters(exclude_categories=[]), max_size=60)
tagged = st.lists(st.sampled_from(["<p>", "</p>", "<s/>", "&amp;", "&#9;", "&x;", "<!", "]]>", "a", "é"])).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=anything, hint=anything, markup=anything | tagged)
@example("\ud800", "", "")
@example("\x85a", "\x1c", "&#x85;a")
def test_no_text_makes_the_function_fail(speech: Function, text: str, hint: str, markup: str) -> None:
    for body in (
        {"items": [{"text": text, "context": hint, "language": "en"}], "format": "wav"},
        {"items": [{"ssml": ssml(markup), "instructions": hint, "language": "en"}]},
        {"items": [{"text": "a", "language": text, "voice": hint, "ipa": markup}]},
    ):
        got = speech.post(SPEECH, body)
        assert got.status in {200, 400, 422}, got
        if got.status == 200:
            assert told(got.items) in (["openai"], ["Unusable content"])
    for path, field in (("/api/word/tts", "word"), ("/api/sentence/tts", "text")):
        assert speech.post(path, {field: text, "sentence": hint, "language": "en"}).status in {200, 400, 422}


@pytest.fixture
def written(logged: io.StringIO, capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """All that reaches Lambda's log: what the function logs and prints, and what libraries log."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: "".join([logged.getvalue(), stream.getvalue(), *capfd.readouterr()])
    root.setLevel(level)
    root.removeHandler(handler)


def fail(_: str) -> None:
    raise ValueError(SECRET)


@pytest.mark.parametrize("engines", ["openai", "espeak", "openai,espeak"])
@pytest.mark.parametrize(
    "behave", [lambda _: None, lambda _: httpx2.Response(500, text=SECRET), fail], ids=["fine", "status 500", "broken"]
)
@pytest.mark.parametrize("service", ["", "S3", "DYNAMODB"])
def test_no_text_is_logged(
    speech: Function, written: Callable[[], str], engines: str, behave: Callable[[str], Any], service: str
) -> None:
    speech.voice.behave = behave
    speech.restart(TTS_ENGINES=engines, **({f"AWS_ENDPOINT_URL_{service}": closed()} if service else {}))
    asked(speech, text=SECRET, context=SECRET, instructions=SECRET, voice=SECRET)
    asked(speech, ssml=ssml(SECRET))
    asked(speech, text=f"{SECRET}\0", voice=f"{SECRET}\n")
    asked(speech, ssml=ssml(f"<{SECRET}/>"))
    speech.post("/api/word/tts", {"word": SECRET, "sentence": SECRET, "language": "en"})
    speech.post("/api/sentence/tts", f'{{"sentence": "{SECRET}')
    speech.speak(SECRET, "house", prefer="respond-async")
    speech.deliver([*speech.messages(), SECRET])
    log = written()
    assert "message failed" in log
    assert '"_aws"' in log
    assert SECRET not in log

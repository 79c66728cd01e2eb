"""Amazon Polly through the real AWS client, against a fake on loopback that holds requests to the service's model."""

import asyncio
import functools
import io
import json
import re
import threading
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.validate import validate_parameters
from moto.polly.resources import VOICE_DATA

from fanfare import aws, telemetry
from fanfare.errors import UpstreamError, UpstreamRateLimited, UpstreamRejected, UpstreamTimeout
from speech.engines import polly
from speech.engines.polly import Polly
from speech.utterance import MEDIA_TYPES, Format, Speech, Timing, Utterance
from support.speaking import spoken

SECOND = b"\x01\x02" * 16_000
NEWER = {"Jasmine": "en-SG"}
"""Voices that the service has and moto's table lacks."""


@dataclass
class FakePolly:
    """Speaks with the same sound whatever it is asked. `errors`, `pauses` and `bodies` are by output format.

    `together` lets nobody go before all are there.
    """

    mp3: bytes
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    pauses: dict[str, float] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    together: threading.Barrier | None = None

    @property
    def formats(self) -> list[str]:
        return sorted(request["OutputFormat"] for request in self.asked)

    def answer(self, request: dict[str, Any]) -> tuple[int, str, bytes]:
        self.asked.append(request)
        output = request["OutputFormat"]
        if self.together is not None:
            self.together.wait(timeout=20)
        time.sleep(self.pauses.get(output, 0))
        if output in self.errors:
            status, code = self.errors[output]
            return status, code, json.dumps({"message": f"about {request['Text']}"}).encode()
        check(request)
        made = {"mp3": self.mp3, "pcm": SECOND, "json": marks(request["Text"], request["TextType"])}
        return 200, "", self.bodies.get(output, made[output])


@functools.cache
def operation() -> Any:
    return botocore.session.get_session().get_service_model("polly").operation_model("SynthesizeSpeech")


def check(request: dict[str, Any]) -> None:
    shape = operation().input_shape
    validate_parameters(request, shape)  # types and required members; the rest follows
    assert set(request) <= set(shape.members)
    for name in ("Engine", "LanguageCode", "OutputFormat", "TextType", "VoiceId"):
        assert request.get(name, shape.members[name].enum[0]) in shape.members[name].enum
    assert set(request.get("SpeechMarkTypes", ())) <= set(shape.members["SpeechMarkTypes"].member.enum)
    rates: dict[str, set[str | None]] = {
        "pcm": {"8000", "16000"},
        "mp3": {"8000", "16000", "22050", "24000", "44100", "48000"},
        "json": {None},
    }
    assert request.get("SampleRate") in rates[request["OutputFormat"]]


def marks(text: str, text_type: str) -> bytes:
    """One word each 100 ms, as documented: https://docs.aws.amazon.com/polly/latest/dg/speechmarks.html."""
    bare = re.sub(r"<[^>]*>", lambda tag: " " * len(tag[0]), text) if text_type == "ssml" else text
    words = enumerate(re.finditer(r"\w+", bare))
    lines = [
        {"time": 100 * n, "type": "word", "start": word.start(), "end": word.end(), "value": word[0]}
        for n, word in words
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@pytest.fixture(scope="module")
def mp3() -> bytes:
    return spoken("one two three", "en", "mp3").body


@pytest.fixture
def service(mp3: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePolly]:
    fake = FakePolly(mp3)

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            assert self.path == "/v1/speech"
            status, code, body = fake.answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            if code:
                self.send_header("x-amzn-errortype", code)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    serving.start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    aws.client.cache_clear()
    try:
        yield fake
    finally:
        server.shutdown()
        aws.client("polly").close()
        aws.client.cache_clear()
        server.server_close()
        serving.join()


def speak(utterance: Utterance, audio_format: Format = "mp3", engine: Polly | None = None) -> Speech:
    return asyncio.run((engine or Polly()).speak(utterance, audio_format))


def test_a_word_is_one_call(service: FakePolly) -> None:
    speech = speak(Utterance("one", "en-GB"))
    [request] = service.asked
    assert request == {
        "Engine": "neural",
        "OutputFormat": "mp3",
        "SampleRate": "24000",
        "Text": "one",
        "TextType": "text",
        "VoiceId": "Amy",
    }
    assert (speech.body, speech.voice, speech.timings) == (service.mp3, "Amy", None)
    assert 0.3 < speech.duration < 3


def test_a_sentence_is_two_calls_side_by_side_and_has_its_times(service: FakePolly) -> None:
    service.together = threading.Barrier(2)
    speech = speak(Utterance("one two three", "en"))
    assert service.formats == ["json", "mp3"]
    assert speech.timings == (
        Timing("one", 0.0, 0.1),
        Timing("two", 0.1, 0.2),
        Timing("three", 0.2, speech.duration),
    )


def test_languages_without_spaces_have_times_as_well(service: FakePolly) -> None:
    assert speak(Utterance("こんにちは世界", "ja")).timings is not None
    assert speak(Utterance("水", "zh")).timings is None


def test_wav_is_pcm_with_a_head(service: FakePolly) -> None:
    speech = speak(Utterance("one", "en"), "wav")
    with wave.open(io.BytesIO(speech.body)) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getnframes()) == (16_000, 1, 16_000)
    assert speech.duration == 1.0
    assert service.formats == ["pcm"]


@pytest.mark.parametrize(
    ("utterance", "text"),
    [
        (
            Utterance("a < b & c", "en", speed=1.25),
            '<speak><prosody rate="125%">a &lt; b &amp; c</prosody></speak>',
        ),
        (
            Utterance("pecan", "en", ipa='pɪˈk"ɑːn'),
            '<speak><phoneme alphabet="ipa" ph=\'pɪˈk"ɑːn\'>pecan</phoneme></speak>',
        ),
        (
            Utterance("a", "en", ipa="eɪ", speed=9),
            '<speak><prosody rate="200%"><phoneme alphabet="ipa" ph="eɪ">a</phoneme></prosody></speak>',
        ),
        (Utterance("", "en", ssml="<speak>a &amp; b</speak>"), "<speak>a &amp; b</speak>"),
        (
            Utterance("", "en", ssml='<speak version="1.0">a <s>b</s></speak>', speed=0.1),
            '<speak version="1.0"><prosody rate="20%">a <s>b</s></prosody></speak>',
        ),
        (Utterance("<break/>", "en"), "<break/>"),
    ],
)
def test_speed_pronunciation_and_markup_are_ssml(service: FakePolly, utterance: Utterance, text: str) -> None:
    speak(utterance)
    assert {request["Text"] for request in service.asked} == {text}
    assert {request["TextType"] for request in service.asked} == {"ssml" if text.startswith("<speak") else "text"}


@pytest.mark.parametrize(
    ("language", "voice", "code"),
    [
        ("hi", "Kajal", "hi-IN"),
        ("hi-IN", "Kajal", "hi-IN"),
        ("en-IN", "Kajal", "en-IN"),
        ("de-AT", "Hannah", None),
        ("de-LI", "Vicki", None),
        ("zh-TW", "Zhiyu", None),
        ("zh-HK", "Hiujin", None),
        ("nb-NO", "Ida", None),
    ],
)
def test_a_language_has_a_voice(service: FakePolly, language: str, voice: str, code: str | None) -> None:
    assert speak(Utterance("a", language)).voice == voice
    assert service.asked[0].get("LanguageCode") == code


def test_a_voice_can_be_chosen_by_request_or_setting(service: FakePolly) -> None:
    engine = Polly(engine="long-form", voices={"en-US": "Danielle", "en": "Gregory"})
    assert engine.model != Polly().model
    voices = [
        speak(Utterance("a", language, voice=voice), engine=engine).voice
        for language, voice in (("en-US", ""), ("en-GB", ""), ("en-US", "Ruth"))
    ]
    assert voices == ["Danielle", "Gregory", "Ruth"]
    assert {request["Engine"] for request in service.asked} == {"long-form"}


def test_every_voice_of_the_table_is_one_of_its_language_and_engine() -> None:
    known: dict[str, dict[str, Any]] = {str(voice["Id"]): dict(voice) for voice in VOICE_DATA}
    prefixes = {"zh": "cmn", "zh-HK": "yue", "no": "nb", "hi": "en-IN"}
    valid = set(operation().input_shape.members["VoiceId"].enum)
    assert len(polly.VOICES) > 40
    for language, voice in polly.VOICES.items():
        assert voice in valid
        if voice in NEWER:
            assert NEWER[voice] == language
            continue
        assert known[voice]["LanguageCode"].startswith(prefixes.get(language, language)), (language, voice)
        engines = known[voice]["SupportedEngines"]
        assert engines == ["standard"] if voice in polly.STANDARD else "neural" in engines, voice
    assert all(known[voice]["SupportedEngines"] == ["standard"] for voice in polly.STANDARD)
    assert {language for voice in polly.BILINGUAL.values() for language in voice.values()} == {"hi-IN", "en-IN"}


def test_a_language_that_only_the_standard_engine_speaks_is_spoken_by_it(service: FakePolly) -> None:
    assert speak(Utterance("да", "ru")).voice == "Tatyana"
    assert service.asked[0]["Engine"] == "standard"


@pytest.mark.parametrize(
    ("utterance", "problem"),
    [
        (Utterance("a" * 3001, "en"), "3000"),
        (Utterance("", "en", ssml=f"<speak>{'a' * 3001}</speak>"), "3000"),
        (Utterance("&" * 2000, "en", speed=1.5), "6000"),
        (Utterance("a", "sw"), "no voice for this language"),
    ],
)
def test_what_it_cannot_speak_it_says_and_does_not_ask_for(
    service: FakePolly, utterance: Utterance, problem: str
) -> None:
    assert problem in (Polly().objection(utterance) or "")
    with pytest.raises(UpstreamRejected, match=problem):
        speak(utterance)
    assert service.asked == []


def test_markup_is_not_counted_as_text() -> None:
    assert Polly().objection(Utterance("", "en", ssml=f"<speak>{'<s>a</s>' * 600}</speak>")) is None
    assert Polly().objection(Utterance("a" * 3000, "en")) is None


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "ThrottlingException", UpstreamRateLimited),
        (429, "TooManyRequestsException", UpstreamRateLimited),
        (402, "ServiceQuotaExceededException", UpstreamRateLimited),
        (400, "TextLengthExceededException", UpstreamRejected),
        (400, "InvalidSsmlException", UpstreamRejected),
        (400, "LanguageNotSupportedException", UpstreamRejected),
        (400, "EngineNotSupportedException", UpstreamRejected),
        (400, "ValidationException", UpstreamRejected),
        (403, "AccessDeniedException", UpstreamRejected),
        (403, "UnrecognizedClientException", UpstreamRejected),
        (500, "ServiceFailureException", UpstreamError),
        (503, "ServiceUnavailableException", UpstreamError),
    ],
)
def test_every_error_of_the_service_has_its_own(
    service: FakePolly, status: int, code: str, error: type[UpstreamError]
) -> None:
    service.errors = {"mp3": (status, code)}
    with pytest.raises(UpstreamError) as raised:
        speak(Utterance("private words", "en"))
    assert type(raised.value) is error
    assert raised.value.upstream == "polly"
    assert code in str(raised.value)
    assert "private" not in str(raised.value)


def test_nobody_there_is_an_upstream_error(service: FakePolly, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    aws.client.cache_clear()
    with pytest.raises(UpstreamError) as raised:
        speak(Utterance("a", "en"))
    assert type(raised.value) is UpstreamError
    assert service.asked == []


def test_what_takes_too_long_is_a_timeout(service: FakePolly, monkeypatch: pytest.MonkeyPatch) -> None:
    service.pauses = {"mp3": 0.5}
    impatient = boto3.client("polly", config=Config(read_timeout=0.1, retries={"total_max_attempts": 1}))
    with monkeypatch.context() as patch:
        patch.setattr(aws, "client", lambda _: impatient)
        with pytest.raises(UpstreamTimeout):
            speak(Utterance("a", "en"))
    impatient.close()


@pytest.mark.parametrize("body", [b"", b'{"message": "no"}', b"<html></html>"])
def test_what_is_no_audio_is_refused(service: FakePolly, body: bytes) -> None:
    service.bodies = {"mp3": body, "pcm": b""}
    for audio_format in MEDIA_TYPES:
        with pytest.raises(UpstreamRejected):
            speak(Utterance("a", "en"), audio_format)


@pytest.mark.parametrize(
    "spoil",
    [
        {"errors": {"json": (400, "EngineNotSupportedException")}},
        {"errors": {"json": (400, "ThrottlingException")}},
        {"bodies": {"json": b"not json\n"}},
        {"bodies": {"json": b'{"time": 1}\n[]\n'}},
        {"pauses": {"json": 0.6}},
    ],
)
def test_audio_counts_without_its_times(
    service: FakePolly, spoil: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polly, "MARKS_GRACE", 0.1)
    vars(service).update(spoil)
    speech = speak(Utterance("one two", "en"))
    assert (speech.body, speech.timings) == (service.mp3, None)


def test_both_calls_are_counted(service: FakePolly) -> None:
    async def scenario() -> dict[str, int]:
        with telemetry.request() as figures:
            await Polly().speak(Utterance("one two", "en"), "mp3")
            await Polly().speak(Utterance("one", "en"), "mp3")
            return dict(figures.calls)

    assert asyncio.run(scenario()) == {"polly": 3}
    assert len(service.asked) == 3


def test_as_many_calls_are_made_side_by_side_as_the_concurrency_may_grow_to(service: FakePolly) -> None:
    """20 by default; the loop's own threads would be 6 on two cores."""
    service.together = threading.Barrier(20)

    async def scenario() -> int:
        return len(await asyncio.gather(*(Polly().speak(Utterance("one", "en"), "mp3") for _ in range(20))))

    assert asyncio.run(scenario()) == 20

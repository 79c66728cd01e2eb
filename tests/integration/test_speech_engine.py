"""Speech from a server that speaks OpenAI's /audio/speech, over a real connection, and every way for it to fail."""

import asyncio
import io
import struct
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from aiohttp import web
from tinytag import TinyTag

from fanfare import telemetry
from fanfare.errors import UpstreamError, UpstreamRateLimited, UpstreamRejected, UpstreamTimeout
from fanfare.upstreams.transport import AiohttpTransport
from speech.engines import openai
from speech.engines.openai import OpenAiSpeech
from speech.utterance import Format, Speech, Utterance
from support.servers import free_port
from support.speaking import spoken

type Says = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """Answers as it is told, and keeps what it was asked."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@asynccontextmanager
async def serving(says: Says) -> AsyncIterator[Server]:
    async def handle(request: web.Request) -> web.StreamResponse:
        server.asked.append(await request.json())
        server.keys.append(request.headers.get("authorization"))
        return await says(request)

    application = web.Application()
    application.router.add_post("/v1/audio/speech", handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    server = Server(f"http://127.0.0.1:{port}/v1")
    try:
        yield server
    finally:
        await runner.cleanup()


def saying(body: bytes, status: int = 200, **headers: str) -> Says:
    async def says(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return says


def engine(url: str, http: httpx2.AsyncClient, *, key: str = "sample-key", **voices: str) -> OpenAiSpeech:
    async def secret() -> str:
        return key

    named = {language.replace("_", "-"): voice for language, voice in voices.items()}
    return OpenAiSpeech(base_url=url, model="sample", key=secret, http=http, voices=named)


def asked(
    says: Says, utterance: Utterance, audio_format: Format = "mp3", **options: str
) -> tuple[Speech, dict[str, Any], Server]:
    """Speak; return the speech, the one request's body, and the server."""

    async def scenario() -> tuple[Speech, dict[str, Any], Server]:
        async with serving(says) as server, httpx2.AsyncClient(transport=AiohttpTransport(), timeout=None) as http:
            speech = await engine(server.url, http, **options).speak(utterance, audio_format)
            [request] = server.asked
            return speech, request, server

    return asyncio.run(scenario())


@pytest.fixture(scope="module")
def mp3() -> bytes:
    return spoken("good morning", "en", "mp3").body


@pytest.fixture(scope="module")
def wav() -> bytes:
    return spoken("good morning", "en", "wav").body


def test_a_text_is_sent_with_nothing_that_is_not_set(mp3: bytes) -> None:
    speech, request, server = asked(saying(mp3), Utterance("good morning", "en"))
    assert request == {"model": "sample", "input": "good morning", "voice": "alloy", "response_format": "mp3"}
    assert server.keys == ["Bearer sample-key"]
    assert (speech.body, speech.voice, speech.timings) == (mp3, "alloy", None)
    assert speech.duration == pytest.approx(TinyTag.get(file_obj=io.BytesIO(mp3)).duration)


def test_speed_voice_and_instructions_are_sent_where_set(mp3: bytes) -> None:
    utterance = Utterance("read", "en-GB", speed=9.0, instructions="Whisper.", context="I have read it.")
    speech, request, _ = asked(saying(mp3), utterance, en="nova", de="onyx")
    assert (request["speed"], request["voice"], speech.voice) == (4.0, "nova", "nova")
    assert request["instructions"].startswith("Whisper.\n")
    assert "“I have read it.”" in request["instructions"]
    assert "en-GB" in request["instructions"]
    _, request, _ = asked(saying(mp3), Utterance("read", "en", instructions="Whisper.", voice="echo"), en="nova")
    assert (request["instructions"], request["voice"]) == ("Whisper.", "echo")


@pytest.mark.parametrize(
    ("language", "voice"), [("pt-BR", "b"), ("pt-PT", "a"), ("pt", "a"), ("PT-br", "b"), ("fr", "alloy")]
)
def test_the_exact_language_s_voice_comes_first(mp3: bytes, language: str, voice: str) -> None:
    assert asked(saying(mp3), Utterance("a", language), pt="a", pt_BR="b")[0].voice == voice


def test_without_a_key_none_is_sent(mp3: bytes) -> None:
    assert asked(saying(mp3), Utterance("a", "en"), key="")[2].keys == [None]


@pytest.mark.parametrize("size", [None, 0xFFFFFFFF], ids=["whole", "streamed"])
def test_wav_is_given_a_head_that_is_true(wav: bytes, size: int | None) -> None:
    sent = wav if size is None else wav[:4] + struct.pack("<I", size) + wav[8:40] + struct.pack("<I", size) + wav[44:]
    speech, request, _ = asked(saying(sent), Utterance("a", "en"), "wav")
    assert request["response_format"] == "wav"
    assert speech.body == wav
    with wave.open(io.BytesIO(speech.body)) as reader:
        assert speech.duration == pytest.approx(reader.getnframes() / 22050)


def test_each_call_is_counted_once(mp3: bytes) -> None:
    async def scenario() -> dict[str, int]:
        async with serving(saying(mp3)) as server, httpx2.AsyncClient(transport=AiohttpTransport()) as http:
            with telemetry.request() as figures:
                await asyncio.gather(*(engine(server.url, http).speak(Utterance("a", "en"), "mp3") for _ in range(3)))
            return dict(figures.calls)

    assert asyncio.run(scenario()) == {"openai": 3}


@pytest.mark.parametrize(
    ("utterance", "problem"),
    [
        (Utterance("a" * 4097, "en"), "4096"),
        (Utterance("", "en", ssml="<speak>a</speak>"), "SSML"),
        (Utterance("a", "en", ipa="ə"), "IPA"),
    ],
)
def test_what_it_cannot_speak_it_says_and_does_not_ask_for(utterance: Utterance, problem: str) -> None:
    async def scenario() -> list[dict[str, Any]]:
        async with serving(saying(b"")) as server, httpx2.AsyncClient(transport=AiohttpTransport()) as http:
            objection = engine(server.url, http).objection(utterance)
            assert objection is not None
            assert problem in objection
            with pytest.raises(UpstreamRejected, match=problem):
                await engine(server.url, http).speak(utterance, "mp3")
            return server.asked

    assert asyncio.run(scenario()) == []


def test_it_takes_any_language_and_as_much_as_the_api_does() -> None:
    objection = engine("http://unused.example", httpx2.AsyncClient()).objection
    assert objection(Utterance("a" * 4096, "xx")) is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, UpstreamRateLimited),
        (500, UpstreamError),
        (503, UpstreamError),
        (400, UpstreamRejected),
        (401, UpstreamRejected),
        (404, UpstreamRejected),
        (204, UpstreamRejected),
        (302, UpstreamRejected),
    ],
)
def test_every_status_has_its_error(mp3: bytes, status: int, error: type[UpstreamError]) -> None:
    says = saying(b"" if status == 204 else mp3, status, retry_after="7", location="/elsewhere")
    with pytest.raises(UpstreamError) as raised:
        asked(says, Utterance("a", "en"))
    assert type(raised.value) is error
    assert raised.value.upstream == "openai"
    assert raised.value.retry_after == (7.0 if status == 429 or status >= 500 else None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"error": {"message": "no"}}',
        b"<html><body>busy</body></html>",
        b"ID3",
        b"\xff\xfb" * 90,
        bytes(1000),
        b"OggS" * 50,
    ],
)
@pytest.mark.parametrize("audio_format", ["mp3", "wav"])
def test_what_is_no_audio_is_refused(body: bytes, audio_format: Format) -> None:
    with pytest.raises(UpstreamRejected, match=f"not {audio_format}"):
        asked(saying(body), Utterance("a", "en"), audio_format)


def test_another_format_than_asked_for_is_refused(mp3: bytes, wav: bytes) -> None:
    with pytest.raises(UpstreamRejected):
        asked(saying(wav), Utterance("a", "en"), "mp3")
    with pytest.raises(UpstreamRejected):
        asked(saying(mp3), Utterance("a", "en"), "wav")
    with pytest.raises(UpstreamRejected):
        asked(saying(wav[:44]), Utterance("a", "en"), "wav")


def test_a_body_without_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "MOST_BYTES", 200_000)
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while sent < 100_000_000:
                await response.write(bytes(50_000))
                sent += 50_000
        except ConnectionError:
            pass  # the client has left
        return response

    with pytest.raises(UpstreamRejected, match="more than 200000 bytes"):
        asked(endless, Utterance("a", "en"))
    assert sent < 50_000_000


def test_the_caller_s_time_limit_ends_a_hanging_call() -> None:
    async def hangs(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async def scenario() -> None:
        async with serving(hangs) as server, httpx2.AsyncClient(transport=AiohttpTransport(), timeout=None) as http:
            async with asyncio.timeout(0.2):
                await engine(server.url, http).speak(Utterance("a", "en"), "mp3")

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())


@pytest.mark.parametrize("error", [httpx2.ReadTimeout, httpx2.ConnectTimeout, httpx2.PoolTimeout])
def test_a_timeout_of_the_transport_is_an_upstream_s(error: type[httpx2.TimeoutException]) -> None:
    def late(_: httpx2.Request) -> httpx2.Response:
        raise error("late")

    async def scenario() -> None:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(late)) as http:
            await engine("http://speech.example/v1", http).speak(Utterance("a", "en"), "mp3")

    with pytest.raises(UpstreamTimeout):
        asyncio.run(scenario())


def test_a_cut_connection_and_nobody_there_are_upstream_errors(mp3: bytes) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": str(len(mp3))})
        await response.prepare(request)
        await response.write(mp3[:1000])
        assert request.transport is not None
        request.transport.abort()
        return response

    with pytest.raises(UpstreamError) as raised:
        asked(cut, Utterance("a", "en"))
    assert type(raised.value) is UpstreamError

    async def nobody() -> None:
        async with httpx2.AsyncClient(transport=AiohttpTransport()) as http:
            await engine(f"http://127.0.0.1:{free_port()}", http).speak(Utterance("a", "en"), "mp3")

    with pytest.raises(UpstreamError) as raised:
        asyncio.run(nobody())
    assert type(raised.value) is UpstreamError


def test_neither_text_nor_key_is_in_an_error() -> None:
    says = saying(b'{"error": "Incorrect key wrong-secret for: private text"}', 401)
    with pytest.raises(UpstreamRejected) as raised:
        asked(says, Utterance("private text", "en"), key="wrong-secret")
    assert "secret" not in str(raised.value)
    assert "private" not in str(raised.value)

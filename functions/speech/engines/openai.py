"""Any server with OpenAI's ``/audio/speech``: the hosted one, Kokoro-FastAPI, LocalAI and others.

Source: https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

import io
import struct
import wave
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import httpx2

from fanfare import telemetry
from fanfare.errors import UpstreamError, UpstreamRateLimited, UpstreamRejected, UpstreamTimeout
from fanfare.upstreams.http import bounded, retry_after
from speech.engines import voices
from speech.engines.sound import as_wav, mp3_seconds
from speech.utterance import Format, Speech, Utterance

NAME: Final = "openai"
MOST_CHARACTERS: Final = 4096
MOST_BYTES: Final = 25_000_000
DEFAULT_VOICE: Final = "alloy"
SLOWEST: Final = 0.25
FASTEST: Final = 4.0


class OpenAiSpeech:
    """The engine `openai`. `voices` maps languages to voices that are used where an utterance names none.

    `key` is asked for at each call, so that a rotated secret is picked up; an empty one is not sent. The API knows no
    word timings.
    """

    name: Final = NAME

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        key: Callable[[], Awaitable[str]],
        http: httpx2.AsyncClient,
        voices: Mapping[str, str],
    ) -> None:
        self.model = f"{model}@{httpx2.URL(base_url).host}"
        self._model = model
        self._url = f"{base_url.rstrip('/')}/audio/speech"
        self._key = key
        self._http = http
        self._voices = voices

    def objection(self, utterance: Utterance) -> str | None:
        if utterance.ssml:
            return "takes no SSML"
        if utterance.ipa:
            return "takes no IPA"
        if len(utterance.text) > MOST_CHARACTERS:
            return f"takes {MOST_CHARACTERS} characters at most"
        return None

    def voice(self, utterance: Utterance) -> str:
        return utterance.voice or voices.lookup(self._voices, utterance.language) or DEFAULT_VOICE

    def heard(self, utterance: Utterance) -> Utterance:
        return replace(utterance, voice=self.voice(utterance))

    async def speak(self, utterance: Utterance, audio_format: Format) -> Speech:
        """See `Engine`. No word timings."""
        if problem := self.objection(utterance):
            raise UpstreamRejected(NAME, problem)
        voice = self.voice(utterance)
        key = await self._key()
        telemetry.count_call(NAME)
        body = await self._post(self._request(utterance, voice, audio_format), key)
        try:
            return _wav(body, voice) if audio_format == "wav" else _mp3(body, voice)
        # What `wave` raises on damaged files: https://docs.python.org/3/library/wave.html names one of these.
        except (ValueError, wave.Error, EOFError, RuntimeError, struct.error) as error:
            raise UpstreamRejected(NAME, f"the answer is not {audio_format}") from error

    def _request(self, utterance: Utterance, voice: str, audio_format: Format) -> dict[str, Any]:
        # Nothing that is not set: some servers refuse fields they do not know.
        request = {"model": self._model, "input": utterance.text, "voice": voice, "response_format": audio_format}
        optional: dict[str, Any] = {"instructions": _instructions(utterance)}
        if utterance.speed != 1.0:
            optional["speed"] = min(max(utterance.speed, SLOWEST), FASTEST)
        return request | {name: value for name, value in optional.items() if value}

    async def _post(self, request: Mapping[str, Any], key: str) -> bytes:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        try:
            async with self._http.stream("POST", self._url, json=request, headers=headers) as response:
                _check_status(response)
                body = await bounded(response.aiter_bytes(), MOST_BYTES)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise UpstreamTimeout(NAME, "no audio in time") from error
        except httpx2.HTTPError as error:
            raise UpstreamError(NAME, type(error).__name__) from error
        if body is None:
            raise UpstreamRejected(NAME, f"the answer has more than {MOST_BYTES} bytes")
        return body


def _instructions(utterance: Utterance) -> str:
    if not utterance.context:
        return utterance.instructions
    # So that homographs are read right: "read", "lead", "modern".
    hint = f"Say the text in the language {utterance.language}, as it is pronounced in “{utterance.context}”."
    return f"{utterance.instructions}\n{hint}".strip()


def _check_status(response: httpx2.Response) -> None:
    status = response.status_code
    if status == 429:
        raise UpstreamRateLimited(NAME, "too many requests", retry_after=retry_after(response))
    if status >= 500:
        raise UpstreamError(NAME, f"status {status}", retry_after=retry_after(response))
    if status != 200:
        raise UpstreamRejected(NAME, f"status {status}")


def _mp3(body: bytes, voice: str) -> Speech:
    return Speech(body, mp3_seconds(body), voice)


def _wav(body: bytes, voice: str) -> Speech:
    """Write the file anew: servers that stream it do not know its length when they send its head."""
    with wave.open(io.BytesIO(body), "rb") as reader:
        rate, channels, width = reader.getframerate(), reader.getnchannels(), reader.getsampwidth()
        samples = reader.readframes(len(body))
    frames = len(samples) // (channels * width)
    if not frames:
        raise wave.Error("no sound")
    return Speech(as_wav(samples, rate, channels=channels, width=width), frames / rate, voice)

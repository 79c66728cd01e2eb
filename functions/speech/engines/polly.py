"""Amazon Polly. Word timings are a second call, made beside the first.

Source: https://docs.aws.amazon.com/polly/latest/dg/API_SynthesizeSpeech.html
"""

import asyncio
import functools
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import jiter

from fanfare import aio, aws, telemetry
from fanfare.errors import FanfareError, UpstreamError, UpstreamRateLimited, UpstreamRejected, UpstreamTimeout
from speech.engines import voices
from speech.engines.sound import as_wav, mp3_seconds
from speech.utterance import Format, Speech, Timing, Utterance

NAME: Final = "polly"
MOST_CHARACTERS: Final = 3000
MOST_WITH_MARKUP: Final = 6000
MARKS_GRACE: Final = 1.0
"""Seconds that audio waits for its word timings."""
PCM_RATE: Final = 16_000
"""Hz, the most that Polly gives in PCM."""
MP3_RATE: Final = 24_000
SLOWEST: Final = 0.2
FASTEST: Final = 2.0

VOICES: Final = {
    "ar": "Hala",
    "ca": "Arlet",
    "cmn": "Zhiyu",
    "cs": "Jitka",
    "cy": "Gwyneth",
    "da": "Sofie",
    "de": "Vicki",
    "de-AT": "Hannah",
    "de-CH": "Sabrina",
    "en": "Joanna",
    "en-AU": "Olivia",
    "en-GB": "Amy",
    "en-IE": "Niamh",
    "en-IN": "Kajal",
    "en-NZ": "Aria",
    "en-SG": "Jasmine",
    "en-ZA": "Ayanda",
    "es": "Lucia",
    "es-MX": "Mia",
    "es-US": "Lupe",
    "fi": "Suvi",
    "fr": "Lea",
    "fr-BE": "Isabelle",
    "fr-CA": "Gabrielle",
    "hi": "Kajal",
    "is": "Dora",
    "it": "Bianca",
    "ja": "Kazuha",
    "ko": "Seoyeon",
    "nb": "Ida",
    "nl": "Laura",
    "nl-BE": "Lisa",
    "no": "Ida",
    "pl": "Ola",
    "pt": "Ines",
    "pt-BR": "Camila",
    "ro": "Carmen",
    "ru": "Tatyana",
    "sv": "Elin",
    "tr": "Burcu",
    "yue": "Hiujin",
    "zh": "Zhiyu",
    "zh-HK": "Hiujin",
}
"""Language to voice: a neural one where there is one."""

STANDARD: Final = frozenset({"Carmen", "Dora", "Geraint", "Gwyneth", "Karl", "Maxim", "Tatyana"})
"""Voices of languages that only the standard engine speaks."""

BILINGUAL: Final = {"Kajal": {"hi": "hi-IN", "en": "en-IN"}, "Aditi": {"hi": "hi-IN", "en": "en-IN"}}
"""Voices that have to be told the language, by its primary subtag."""

UNSPACED: Final = frozenset({"zh", "cmn", "yue", "ja"})

REFUSED: Final = re.compile(r"NotSupported|Exceeded|Invalid|Validation|NotFound|Denied|Unrecognized")
LIMITED: Final = re.compile(r"Throttl|TooManyRequests|LimitExceeded|SlowDown|ServiceQuota")


class Polly:
    """The engine `polly`. `engine` is ``neural``, ``generative``, ``long-form`` or ``standard``; `model` tells of it.

    `voices` maps languages to voices that are used where an utterance names none; with another engine than the neural
    one, choose some that it has.
    """

    name: Final = NAME

    def __init__(self, *, engine: str = "neural", voices: Mapping[str, str] | None = None) -> None:
        self.model = f"polly-{engine}"
        self._engine = engine
        self._voices = voices or {}

    def objection(self, utterance: Utterance) -> str | None:
        if len(_spoken(utterance)) > MOST_CHARACTERS or len(_text(utterance)[0]) > MOST_WITH_MARKUP:
            return f"takes {MOST_CHARACTERS} characters at most, {MOST_WITH_MARKUP} with markup"
        return None if self.voice(utterance) else "no voice for this language"

    def heard(self, utterance: Utterance) -> Utterance:
        return replace(utterance, voice=self.voice(utterance) or "", context="", instructions="")

    async def speak(self, utterance: Utterance, audio_format: Format) -> Speech:
        """See `Engine`. Word timings where there is more than one word, and the voice has any."""
        voice = self.voice(utterance)
        if (problem := self.objection(utterance)) or voice is None:
            raise UpstreamRejected(NAME, problem or "no voice for this language")
        request = self._request(utterance, voice)
        marks = asyncio.ensure_future(_marks(request)) if _several(utterance) else None
        try:
            body, duration = await _audio(request, audio_format)
            timings = await _timings(marks, duration) if marks else None
            return Speech(body, duration, voice, timings, complete=marks is None or timings is not None)
        finally:
            if marks:
                marks.cancel()

    def voice(self, utterance: Utterance) -> str | None:
        chosen = utterance.voice or voices.lookup(self._voices, utterance.language)
        return chosen or voices.lookup(VOICES, utterance.language)

    def _request(self, utterance: Utterance, voice: str) -> dict[str, Any]:
        text, text_type = _text(utterance)
        engine = "standard" if voice in STANDARD else self._engine
        request: dict[str, Any] = {"Engine": engine, "VoiceId": voice, "Text": text, "TextType": text_type}
        if code := BILINGUAL.get(voice, {}).get(utterance.language.lower().partition("-")[0]):
            request["LanguageCode"] = code
        return request


def _text(utterance: Utterance) -> tuple[str, str]:
    """Text and its type: SSML only where it has to be."""
    rate = f"{round(min(max(utterance.speed, SLOWEST), FASTEST) * 100)}%"
    if utterance.ssml:
        start, end = utterance.ssml.find(">") + 1, utterance.ssml.rfind("</")
        if utterance.speed == 1.0 or not 0 < start <= end:
            return utterance.ssml, "ssml"
        head, inner, tail = utterance.ssml[:start], utterance.ssml[start:end], utterance.ssml[end:]
        return f'{head}<prosody rate="{rate}">{inner}</prosody>{tail}', "ssml"
    if utterance.speed == 1.0 and not utterance.ipa:
        return utterance.text, "text"
    inner = escape(utterance.text)
    if utterance.ipa:
        inner = f'<phoneme alphabet="ipa" ph={quoteattr(utterance.ipa)}>{inner}</phoneme>'
    if utterance.speed != 1.0:
        inner = f'<prosody rate="{rate}">{inner}</prosody>'
    return f"<speak>{inner}</speak>", "ssml"


def _spoken(utterance: Utterance) -> str:
    return re.sub(r"<[^>]*>", " ", utterance.ssml) or utterance.text


def _several(utterance: Utterance) -> bool:
    words = _spoken(utterance).split()
    return len(words) > 1 or (utterance.language.lower().partition("-")[0] in UNSPACED and len("".join(words)) > 3)


async def _audio(request: dict[str, Any], audio_format: Format) -> tuple[bytes, float]:
    if audio_format == "wav":
        samples = await _call(request | {"OutputFormat": "pcm", "SampleRate": str(PCM_RATE)})
        if not samples:
            raise UpstreamRejected(NAME, "nothing to be heard")
        return as_wav(samples, PCM_RATE), len(samples) / 2 / PCM_RATE
    body = await _call(request | {"OutputFormat": "mp3", "SampleRate": str(MP3_RATE)})
    try:
        return body, mp3_seconds(body)
    except ValueError as error:
        raise UpstreamRejected(NAME, "the answer is not mp3") from error


async def _marks(request: dict[str, Any]) -> list[tuple[str, float]] | None:
    """Words and seconds; None if there are none to be had: the audio counts without them."""
    try:
        lines = await _call(request | {"OutputFormat": "json", "SpeechMarkTypes": ["word"]})
        marks = [jiter.from_json(line) for line in lines.splitlines() if line.strip()]
        return [(mark["value"], mark["time"] / 1000) for mark in marks if mark["type"] == "word"]
    except (FanfareError, ValueError, LookupError, TypeError) as error:
        telemetry.log_failure("no speech marks", error)
        return None


async def _timings(marks: asyncio.Future[list[tuple[str, float]] | None], duration: float) -> tuple[Timing, ...] | None:
    await asyncio.wait([marks], timeout=MARKS_GRACE)
    words = marks.result() if marks.done() else None
    if words is None:
        return None
    ends = [start for _, start in words[1:]] + [duration]
    return tuple(Timing(word, start, end) for (word, start), end in zip(words, ends, strict=True))


async def _call(request: Mapping[str, Any]) -> bytes:
    telemetry.count_call(NAME)
    return await asyncio.get_running_loop().run_in_executor(_threads(), _synthesize, request)


def _synthesize(request: Mapping[str, Any]) -> bytes:
    try:
        with aws.translated(NAME):
            body: bytes = aws.client("polly").synthesize_speech(**request)["AudioStream"].read()
            return body
    except UpstreamError as error:
        raise _named(error.message) from error


def _named(code: str) -> UpstreamError:
    """Our error for botocore's `code` or its exception's name."""
    if LIMITED.search(code):
        return UpstreamRateLimited(NAME, code)
    if "Timeout" in code:
        return UpstreamTimeout(NAME, code)
    return (UpstreamRejected if REFUSED.search(code) else UpstreamError)(NAME, code)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    """As many as the client keeps connections; apart from those that wait for the cache and the bucket."""
    return ThreadPoolExecutor(aio.WAITING, thread_name_prefix=NAME)

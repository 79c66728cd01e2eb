"""eSpeak NG, the engine that is always there: no key, no network, more than a hundred languages, a robot's voice.

It runs in child processes (`espeak_worker`), as many as there are cores, each used by one request at a time: the
engine is not reentrant, its licence is not the bundle's, and a crash of it is not the bundle's either. Pipes are all
that connects them; Lambda has no /dev/shm. Source: https://github.com/espeak-ng/espeak-ng
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from fanfare import telemetry
from fanfare.errors import UpstreamRejected
from speech.engines import espeak_voices, voices
from speech.engines.espeak_children import DATA, NAME, ask
from speech.engines.espeak_words import timings
from speech.utterance import Format, Speech, Utterance

WORDS_PER_MINUTE: Final = 175
SLOWEST: Final = 80
FASTEST: Final = 450

DANGEROUS: Final = re.compile(r"<\s*audio|<!(DOCTYPE|ENTITY)", re.IGNORECASE)
"""Markup that names files or unfolds."""


class Espeak:
    """The engine `espeak`. `voices` maps languages to voices that are used where an utterance names none."""

    name: Final = NAME
    model: Final = "espeak-ng 1.52.0"

    def __init__(self, voices: Mapping[str, str] | None = None) -> None:
        self._voices = voices or {}

    def objection(self, utterance: Utterance) -> str | None:
        if utterance.ipa:
            return "takes no IPA"
        if DANGEROUS.search(utterance.ssml):
            return "takes no audio, DOCTYPE or ENTITY in SSML"
        if self.voice(utterance) is None:
            return "no such voice" if utterance.voice else "no voice for this language"
        return None

    def heard(self, utterance: Utterance) -> Utterance:
        return replace(utterance, voice=self.voice(utterance) or "", context="", instructions="")

    async def speak(self, utterance: Utterance, audio_format: Format) -> Speech:
        """See `Engine`. Word timings always; `UpstreamRejected` if nothing is to be heard, or for too long."""
        voice = self.voice(utterance)
        if (problem := self.objection(utterance)) or voice is None:
            raise UpstreamRejected(NAME, problem or "no such voice")
        text = utterance.ssml or utterance.text
        request = {
            "say": text,
            "ssml": bool(utterance.ssml),
            "voice": voice,
            "rate": round(min(max(WORDS_PER_MINUTE * utterance.speed, SLOWEST), FASTEST)),
            "format": audio_format,
        }
        meta, body = await _asked(request)
        words = timings(text, meta["words"], meta["duration"], ssml=bool(utterance.ssml))
        return Speech(body, meta["duration"], voice, words)

    async def ipa(self, texts: Sequence[str], language: str) -> list[str]:
        """Return how each of `texts` is pronounced, in IPA with stress marks; "" where nothing can be said."""
        voice = self.voice(Utterance("", language))
        if voice is None or not texts:
            return [""] * len(texts)
        meta, _ = await _asked({"ipa": list(texts), "voice": voice})
        spoken: list[str] = meta["ipa"]
        return spoken

    def voice(self, utterance: Utterance) -> str | None:
        chosen = utterance.voice or voices.lookup(self._voices, utterance.language)
        if chosen:
            return espeak_voices.named(chosen, DATA)
        return voices.lookup(espeak_voices.SPOKEN, utterance.language)


async def _asked(request: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    telemetry.count_call(NAME)
    meta, body = await ask(request)
    if "error" in meta:
        raise UpstreamRejected(NAME, meta["error"])
    return meta, body

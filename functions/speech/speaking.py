"""From a request to its audio: at once, or as a job where that would take too long."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from fanfare import aio, telemetry
from fanfare.aio import Failure
from fanfare.errors import ConfigurationError, FanfareError, InvalidInput
from fanfare.meta import Meta, meta
from speech.contract import ItemError, JobState, OneTextAnswer, SpeechAnswer, SpeechRequest, told
from speech.jobs import SpeechJobs
from speech.synthesis import Audio, Synthesis
from speech.utterance import Format, Utterance

MOST_BYTES: Final = 100_000
"""Of the texts of one request, in UTF-8: with the timings of each word and 1000 links the answer fits into 6 MB."""
MOST_AT_ONCE: Final = 10_000
"""Characters that are spoken while somebody waits."""
IN_HAND: Final = 0.5
"""Seconds kept to sign links and to answer."""


@dataclass(frozen=True, slots=True)
class Preference:
    """What RFC 7240's Prefer asks for."""

    background: bool = False
    wait: bool = False

    @classmethod
    def read(cls, header: str) -> Self:
        names = {re.split(r"[=;]", token)[0].strip().lower() for token in header.split(",")}
        return cls("respond-async" in names, "wait" in names)


class Speaking:
    """`jobs` may be missing: then everything is spoken at once."""

    def __init__(self, synthesis: Synthesis, jobs: SpeechJobs | None, *, most_at_once: int) -> None:
        self._synthesis = synthesis
        self._jobs = jobs
        self._most_at_once = most_at_once

    async def speak(self, request: SpeechRequest, preference: Preference) -> SpeechAnswer | JobState:
        """Speak a batch, or accept it as a job: if asked to, or if it has more unknown texts than are spoken at once.

        Raises `InvalidInput` for a batch that is too long as a whole.
        """
        utterances = [item.utterance() for item in request.items]
        if sum(len((each.text or each.ssml).encode()) for each in utterances) > MOST_BYTES:
            raise InvalidInput({"items": f"must not have more than {MOST_BYTES} bytes of text together"})
        known = await self._synthesis.recall(utterances, request.format)
        unknown = {each for each, audio in zip(utterances, known, strict=True) if audio is None}
        much = len(unknown) > self._most_at_once or sum(map(_length, unknown)) > MOST_AT_ONCE
        if preference.background or (much and not preference.wait and self._jobs):
            return await self._background().start(utterances, request.format, fallback=request.fallback)
        audios = await self._made(utterances, known, request.format, fallback=request.fallback)
        items = await self._synthesis.show(audios)
        failed = sum(item.error is not None for item in items)
        if failed:
            telemetry.figures().degraded.append(f"no audio for {failed} of {len(items)} items")
        return SpeechAnswer(items=items, spoken=len(items) - failed, failed=failed, meta=_meta(audios))

    async def one(self, utterance: Utterance) -> OneTextAnswer:
        """Speak one text as the published client expects it; raises what `Synthesis.make` raises."""
        known = await self._synthesis.recall([utterance], "mp3")
        (audio,) = await self._tried([utterance], known, "mp3", fallback=True)
        if isinstance(audio, Failure):
            raise audio.error
        (spoken,) = await self._synthesis.show([audio])
        return OneTextAnswer(**spoken.model_dump(), meta=_meta([audio]))

    async def urls(self, utterances: Sequence[Utterance]) -> list[str | Failure]:
        """Return links to the audio of texts, or why there is none, in order."""
        known = await self._synthesis.recall(utterances, "mp3")
        audios = await self._tried(utterances, known, "mp3", fallback=True)
        shown = iter(await self._synthesis.show([audio for audio in audios if isinstance(audio, Audio)]))
        return [audio if isinstance(audio, Failure) else next(shown).audio_url or "" for audio in audios]

    def _background(self) -> SpeechJobs:
        if self._jobs is None:
            raise ConfigurationError("JOBS_TABLE, JOBS_QUEUE_URL: no jobs are configured")
        return self._jobs

    async def _made(
        self, utterances: Sequence[Utterance], known: Sequence[Audio | None], audio_format: Format, *, fallback: bool
    ) -> list[Audio | ItemError]:
        tried = await self._tried(utterances, known, audio_format, fallback=fallback)
        for each in tried:
            if isinstance(each, Failure) and not isinstance(each.error, FanfareError):
                telemetry.log_failure("text not spoken", each.error)
        return [told(each.error) if isinstance(each, Failure) else each for each in tried]

    async def _tried(
        self, utterances: Sequence[Utterance], known: Sequence[Audio | None], audio_format: Format, *, fallback: bool
    ) -> list[Audio | Failure]:
        missing = [each for each, audio in zip(utterances, known, strict=True) if audio is None]
        if not missing:
            return [audio for audio in known if audio]
        with telemetry.stage("speech"), aio.within(aio.deadline().less(IN_HAND)):
            async with self._synthesis.alone(missing, audio_format) as waited:
                since: Sequence[Audio | None] = [None] * len(missing)
                if waited:
                    since = await self._synthesis.recall(missing, audio_format, consistent=True)
                made = await aio.fan_out(
                    zip(missing, since, strict=True),
                    lambda each: self._one(*each, audio_format, fallback=fallback),
                    limit=len(missing),  # engines have limits of their own
                    timeout=float("inf"),
                )
        elsewhere = sum(isinstance(audio, Audio) and audio.fallback is not None for audio in made)
        if elsewhere:
            telemetry.figures().degraded.append(f"{elsewhere} of {len(known)} texts were spoken by another engine")
        spoken = iter(made)
        return [audio or next(spoken) for audio in known]

    async def _one(self, utterance: Utterance, known: Audio | None, audio_format: Format, *, fallback: bool) -> Audio:
        audio = known or await self._synthesis.make(utterance, audio_format, fallback=fallback)
        return await self._synthesis.signed(audio)


def _length(utterance: Utterance) -> int:
    return len(utterance.text or utterance.ssml)


def _meta(audios: Sequence[Audio | ItemError]) -> Meta:
    engines = sorted({audio.made["engine"] for audio in audios if isinstance(audio, Audio)})
    return meta({"audio": "+".join(engines)} if engines else {})

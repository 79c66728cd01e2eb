"""From texts to audio in the bucket: what is known is recalled, the rest is spoken once, each text by itself."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass, replace
from typing import Any, Final

from fanfare.cache import Store
from fanfare.cache.cached import Entry
from fanfare.cache.policy import days
from fanfare.cache.record import cache_key
from fanfare.cache.registry import SPEECH
from fanfare.errors import NotFound, UnusableContent, UpstreamError
from fanfare.storage import DERIVED, SIGNED_SECONDS, Bucket
from speech.contract import ItemError, Spoken, WordTiming
from speech.lanes import Lane
from speech.utterance import MEDIA_TYPES, Format, Timing, Utterance

AUDIO: Final = f"{DERIVED}speech/"
ALONE: Final = 10.0
"""Seconds for which a batch is kept from others: a class opens its lesson at the same time."""
LIFE: Final = days(60)
"""Seconds after which the bucket deletes audio. Before that it is made anew, if it is asked for."""


@dataclass(frozen=True, slots=True)
class Audio:
    """Where audio lies in the bucket, and what it is; `made` as the cache keeps it."""

    id: str
    made: dict[str, Any]
    cached: bool
    fallback: str | None = None
    url: str | None = None
    """Signed, once it was asked for."""


class Synthesis:
    """Speaks by the first of `lanes` that can, and once by the next if that fails.

    Without `remember`, everything is spoken anew.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        *,
        bucket: Bucket,
        store: Store,
        ttl: float,
        remember: bool = True,
    ) -> None:
        self.lanes = {lane.engine.name: lane for lane in lanes}
        self._bucket = bucket
        self._store = store
        self._cached = store.bind(
            replace(SPEECH, ttl=ttl),
            self._speak,
            holds=self._lies_there,
            keep=lambda made: remember and made["complete"],
        )
        self._remember = remember
        self._oldest = LIFE - ttl - days(1)

    @property
    def at_once(self) -> int:
        """How many texts the first engine speaks side by side now."""
        return next(iter(self.lanes.values())).limit.current

    def patience(self, utterance: Utterance) -> float:
        """Seconds for one attempt at a text, by whichever engine."""
        return max(lane.patience(utterance) for lane in self.lanes.values())

    async def recall(
        self, utterances: Sequence[Utterance], audio_format: Format, *, consistent: bool = False
    ) -> list[Audio | None]:
        """Return the audio of those that are known, None for the others, in order."""
        if not self._remember:
            return [None] * len(utterances)
        places = {place: able[0] for place, each in enumerate(utterances) if (able := self._able(each))}
        arguments = [self._arguments(lane, utterances[place], audio_format) for place, lane in places.items()]
        found: list[Audio | None] = [None] * len(utterances)
        for place, asked, entry in zip(
            places, arguments, await self._cached.recall(arguments, consistent=consistent), strict=True
        ):
            if entry is not None:
                found[place] = self._audio(asked, entry, audio_format)
        return found

    @asynccontextmanager
    async def alone(self, utterances: Sequence[Utterance], audio_format: Format) -> AsyncIterator[bool]:
        """Keep other processes from speaking the same batch for the length of a block; see `Store.lease`."""
        if not self._remember:
            yield False
            return
        async with self._store.lease(
            cache_key("speaking", 1, (audio_format, *map(astuple, utterances))), ALONE
        ) as waited:
            yield waited

    async def make(self, utterance: Utterance, audio_format: Format, *, fallback: bool) -> Audio:
        """Speak one text that `recall` does not know.

        Raises `UnusableContent` if no engine can speak it, what the last engine raised, or `DeadlineExceeded`.
        """
        first, *_ = self._able(utterance, strictly=True)
        try:
            return await self._by(first, utterance, audio_format, recall=False)
        except UpstreamError as error:
            others = self._able(replace(utterance, voice=""), but=first)
            if not fallback or not others or error.upstream != first.engine.name:
                raise
            audio = await self._by(others[0], replace(utterance, voice=""), audio_format, recall=True)
            return replace(audio, fallback=str(error))

    async def show(self, audios: Sequence[Audio | ItemError]) -> list[Spoken]:
        """Return what is told of each: links, those that are missing signed in one go, or errors."""
        keys = [AUDIO + audio.id for audio in audios if isinstance(audio, Audio) and not audio.url]
        urls = iter(await self._bucket.signed_urls(keys, seconds=SIGNED_SECONDS) if keys else [])
        return [
            Spoken(error=audio) if isinstance(audio, ItemError) else _spoken(audio, audio.url or next(urls))
            for audio in audios
        ]

    async def signed(self, audio: Audio) -> Audio:
        """Return audio with its link: while other texts are being spoken, there is time to sign it."""
        return replace(audio, url=await self._bucket.signed_url(AUDIO + audio.id, seconds=SIGNED_SECONDS))

    async def link(self, audio_id: str) -> str:
        """Return a new link to audio that was made; raises `NotFound`."""
        if not re.fullmatch(r"[0-9a-f]{64}\.(mp3|wav)", audio_id):
            raise NotFound("there is no such audio")
        key = AUDIO + audio_id
        await self._bucket.age(key)
        (url,) = await self._bucket.signed_urls([key], seconds=SIGNED_SECONDS)
        return url

    def _able(self, utterance: Utterance, *, but: Lane | None = None, strictly: bool = False) -> list[Lane]:
        objections = {name: lane.engine.objection(utterance) for name, lane in self.lanes.items() if lane is not but}
        able = [self.lanes[name] for name, objection in objections.items() if objection is None]
        if strictly and not able:
            raise UnusableContent("; ".join(f"{name}: {objection}" for name, objection in objections.items()))
        return able

    def _arguments(self, lane: Lane, utterance: Utterance, audio_format: Format) -> tuple[Any, ...]:
        """Everything that changes the sound: what the cache's key and the audio's name are made from."""
        return lane.engine.name, lane.engine.model, audio_format, *astuple(lane.engine.heard(utterance))

    async def _by(self, lane: Lane, utterance: Utterance, audio_format: Format, *, recall: bool) -> Audio:
        asked = self._arguments(lane, utterance, audio_format)
        entry = await self._cached.get(*asked, recall=recall and self._remember)
        return self._audio(asked, entry, audio_format)

    def _audio(self, asked: tuple[Any, ...], entry: Entry[dict[str, Any]], audio_format: Format) -> Audio:
        return Audio(_name(self._cached.key(asked), audio_format), entry.value, entry.source != "computed")

    async def _speak(self, *asked: Any) -> dict[str, Any]:
        engine, _, audio_format, *fields = asked
        speech = await self.lanes[engine].speak(Utterance(*fields), audio_format)
        name = _name(self._cached.key(asked), audio_format)
        await self._bucket.put(AUDIO + name, speech.body, MEDIA_TYPES[audio_format])
        return {
            "id": name,
            "engine": engine,
            "voice": speech.voice,
            "duration": round(speech.duration, 3),
            "bytes": len(speech.body),
            "complete": speech.complete,
            "timings": None
            if speech.timings is None
            else [[word, round(start, 3), round(end, 3)] for word, start, end in speech.timings],
        }

    async def _lies_there(self, made: dict[str, Any]) -> bool:
        try:
            return await self._bucket.age(AUDIO + made["id"]) < self._oldest
        except NotFound:
            return False


def _name(key: str, audio_format: Format) -> str:
    return f"{key.rpartition(':')[2]}.{audio_format}"


def _spoken(audio: Audio, url: str) -> Spoken:
    made = audio.made
    timings = made["timings"]
    return Spoken(
        id=audio.id,
        audio_url=url,
        expires_in=SIGNED_SECONDS,
        format="wav" if audio.id.endswith(".wav") else "mp3",
        duration=made["duration"],
        bytes=made["bytes"],
        cached=audio.cached,
        engine=made["engine"],
        voice=made["voice"],
        fallback=audio.fallback,
        timings=None if timings is None else [WordTiming(**Timing(*each)._asdict()) for each in timings],
    )

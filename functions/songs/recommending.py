"""Songs for a photo, a text or a mood: what is asked for is read, artists are ranked by sound, an answer is chosen."""

import io
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fanfare import aio, photos, telemetry
from fanfare.aio import Failure
from fanfare.errors import FanfareError, InvalidInput, NotFound, brief
from fanfare.meta import meta
from fanfare.upstreams.catalogue import Catalogue, Song, ends
from songs import answering, colours, feedback, reading
from songs import mood as moods
from songs.ahead import ARTISTS, Ahead
from songs.asking import Asking, Named, Reading
from songs.choosing import Scored, artist_key, choose, quotas
from songs.contract import (
    FeedbackAnswer,
    FeedbackRequest,
    MoreAnswer,
    MoreRequest,
    SongAnswer,
    SongItem,
    SongOptions,
    SongRequest,
)
from songs.mood import Mood
from songs.ranking import Ranker
from songs.sessions import Session, Sessions

if TYPE_CHECKING:
    from fanfare.photos import Photo

DEFAULT_MIX: Final = {"English": 1.0, "Hindi": 1.0}
AFTER_MODEL: Final = 3.0
"""Seconds kept back from a model that hangs, for the catalogues; at most half."""
PLAYED: Final = 60.0
"""Seconds that a preview's URL should still be good for when it is handed out."""
TEXT, PICTURE = 1.0, 0.6
"""What words and colours weigh where rules read both."""


class Songs:
    """`asking` is None where no model is configured; `popular` artists stand in where nobody names any."""

    def __init__(
        self,
        *,
        asking: Asking | None,
        ranker: Ranker,
        catalogues: Sequence[Catalogue],
        sessions: Sessions,
        popular: Mapping[str, Sequence[str]],
    ) -> None:
        self._asking = asking
        self._ranker = ranker
        self._catalogues = {catalogue.name: catalogue for catalogue in catalogues}
        self._sessions = sessions
        self._popular = popular

    async def recommend(self, request: SongOptions, photo: bytes | None = None) -> SongAnswer:
        """Answer a request, with a photo or without.

        Raises `InvalidInput` for a photo that cannot be read, `NotFound` for a session that is not there, and
        `UpstreamError` if no catalogue answers.
        """
        mix = _mix(request)
        earlier = await self._sessions.get(request.session_id) if request.session_id else None
        ahead = self._ranker.ahead(mix, self._candidates((), mix))
        try:
            read = await self._read(request, photo, mix, ahead)
            candidates = self._candidates(read.artists, mix)
            if not any(names for pair in candidates.values() for names in pair):
                raise InvalidInput({"languages": "no artists are known who sing in these"})
            ranked = await self._ranker.rank(read.mood, mix, candidates, ahead)
        finally:
            await ahead.end()
        answering.say(ranked)
        songs = ranked.songs if earlier is None else feedback.rerank(ranked.songs, read.mood, earlier.events)
        chosen = choose(
            songs,
            limit=request.limit,
            mix=mix,
            max_per_artist=request.max_per_artist,
            exclude=request.exclude_ids,
            explicit=request.explicit,
        )
        answering.say_short(chosen)
        options = request.model_dump(include={"explicit", "max_per_artist", "exclude_ids"})
        shown = [each.song.id for each in chosen.songs]
        before = earlier.events if earlier else []
        session_id = await self._sessions.create(read.mood, mix, options, ranked.songs, shown, before=before)
        session = Session(session_id, read.mood, mix, options, ranked.songs, shown, before)
        sources = {"analysis": read.source, "songs": ",".join(sorted(self._catalogues)), "ranking": ranked.source}
        return SongAnswer(
            session_id=session_id,
            analysis=answering.analysis(read),
            songs=await self._items(chosen.songs, read.mood),
            more=bool(self._next(session, 1)),
            meta=meta(sources, model=self._asking.model.name if self._asking and "model" in read.source else None),
        )

    async def more(self, request: MoreRequest) -> MoreAnswer:
        """Return songs of a session from a place on: those that were shown there, else the next best by now."""
        session = await self._sessions.get(request.session_id)
        known = {each.song.id: each for each in session.songs}
        again = session.shown[request.offset : request.offset + request.limit]
        songs = [known[each] for each in again if each in known]
        if wanted := request.limit - len(again):
            fresh = self._next(session, wanted)
            songs += fresh
            if fresh:
                await self._sessions.show(session, [each.song.id for each in fresh])
                session.shown += [each.song.id for each in fresh]
        return MoreAnswer(
            session_id=session.id,
            songs=await self._items(songs, session.mood),
            offset=request.offset,
            more=bool(self._next(session, 1)),
            meta=meta({"songs": "session"}),
        )

    def _next(self, session: Session, count: int) -> list[Scored]:
        ranked = feedback.rerank(session.songs, session.mood, session.events)
        most: int = session.options["max_per_artist"]
        chosen = choose(
            _left(ranked, session.shown, most),
            limit=count,
            mix=session.mix,
            max_per_artist=most,
            exclude={*session.shown, *session.options["exclude_ids"]},
            explicit=session.options["explicit"],
        )
        return chosen.songs

    async def judge(self, request: FeedbackRequest) -> FeedbackAnswer:
        """Keep what somebody thinks of a song; raises `NotFound` for one that the session does not have."""
        session = await self._sessions.get(request.session_id)
        if request.song_id not in {each.song.id for each in session.songs}:
            raise NotFound("the session has no such song")
        kind = request.signal or ("like" if request.feedback == 1 else "dislike")
        await self._sessions.note(session.id, request.song_id, kind, request.weight)
        return FeedbackAnswer(session_id=session.id, stored=True, signals=len(session.events) + 1)

    async def warm(self) -> int:
        """Have popular artists' songs heard before anybody asks; return how many are known."""
        return await self._ranker.warm(self._popular)

    async def _read(self, request: SongOptions, photo: bytes | None, mix: dict[str, float], ahead: Ahead) -> Reading:
        text = (request.text or "").strip()
        if isinstance(request, SongRequest) and request.mood is not None:
            mood = Mood(**request.mood.model_dump())
            return Reading(mood=mood, source="request", word=moods.word(mood))
        seen = None
        if photo is not None:
            with telemetry.stage("photo"):
                seen = await photos.prepared(photo)
        if self._asking is not None:
            try:
                with telemetry.stage("model"), aio.within(aio.deadline().less(_kept_back())):
                    return await self._asking.read(text, seen, quotas(mix, ARTISTS), told=ahead.told)
            except FanfareError as error:
                telemetry.log_failure("the model failed", error)
                telemetry.degrade(f"{brief(error)}; read by rules")
        return await aio.compute(_by_rules, text, seen)

    def _candidates(self, artists: Sequence[Named], mix: Mapping[str, float]) -> dict[str, tuple[list[str], list[str]]]:
        """Artists by language: those that were named for the mood, and popular ones."""
        return {language: (_named(artists, language), list(_of(self._popular, language))) for language in mix}

    async def _items(self, songs: Sequence[Scored], mood: Mood) -> list[SongItem]:
        """What is told of songs; previews whose URLs have expired are asked for anew."""
        soon = time.time() + PLAYED
        expired = [each.song for each in songs if ends(each.song.preview_url) < soon]
        renewed = await aio.fan_out(expired, self._details, limit=len(expired) or 1, timeout=1.0)
        fresh = {
            old.id: replace(old, preview_url="") if isinstance(new, Failure) else new
            for old, new in zip(expired, renewed, strict=True)
        }
        return [answering.item(replace(each, song=fresh.get(each.song.id, each.song)), mood) for each in songs]

    async def _details(self, song: Song) -> Song:
        return await self._catalogues[song.id.partition(":")[0]].details(song)


def _left(ranked: Sequence[Scored], shown: Sequence[str], most: int) -> list[Scored]:
    """Songs of which so many of an artist are left that no more than `most` are shown of any."""
    by_id = {each.song.id: each for each in ranked}
    counts = Counter(artist_key(by_id[each].song) for each in shown if each in by_id)
    left = []
    for each in ranked:
        if each.song.id not in shown:
            artist = artist_key(each.song)
            counts[artist] += 1
            if counts[artist] <= most:
                left.append(each)
    return left


def _by_rules(text: str, seen: "Photo | None") -> Reading:
    """Read words by a lexicon, and a photo by its colours."""
    said = reading.read(text) if text else None
    parts: list[tuple[float, Mood]] = []
    sources = []
    looked = None
    if said is not None and said.mood:
        parts.append((TEXT, said.mood))
        sources.append("rules")
    if seen is not None:
        from PIL import Image

        with Image.open(io.BytesIO(seen.body)) as picture:
            looked = colours.impression(colours.small(picture))
        parts.append((PICTURE, looked.mood))
        sources.append("colours")
    if not parts:
        return Reading(mood=Mood(), source="none", word="open", description="No mood could be read from the words.")
    mood = moods.blended(parts)
    word = said.word if said is not None and said.mood else looked.word if looked else moods.word(mood)
    return Reading(
        mood=mood,
        source=" and ".join(sources),
        word=word,
        description=looked.description if looked else f"Songs that are {word}.",
        themes=(*(said.themes if said else ()), *(looked.themes if looked else ())),
        genres=said.genres if said else (),
        keywords=(*(said.keywords if said else ()), *(looked.keywords if looked else ())),
    )


def _mix(request: SongOptions) -> dict[str, float]:
    return {language.strip().title(): share for language, share in (request.languages or DEFAULT_MIX).items()}


def _named(artists: Sequence[Named], language: str) -> list[str]:
    return [artist.name for artist in artists if artist.language.casefold() == language.casefold()]


def _of(popular: Mapping[str, Sequence[str]], language: str) -> Sequence[str]:
    return next((names for each, names in popular.items() if each.casefold() == language.casefold()), ())


def _kept_back() -> float:
    return min(AFTER_MODEL, aio.deadline().remaining() / 2)

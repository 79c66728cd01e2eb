"""What comes after an answer: the session that keeps it, more of its songs, and what somebody thinks of them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from fanfare import aio, telemetry
from fanfare.aio import Failure
from fanfare.errors import NotFound, UpstreamError, brief
from fanfare.meta import meta
from fanfare.upstreams.catalogue import Song, expires
from songs import answering, feedback
from songs.choosing import Scored, artist_key, choose
from songs.contract import FeedbackAnswer, FeedbackRequest, MoreAnswer, MoreRequest, SongItem
from songs.feedback import Event
from songs.mood import Mood
from songs.sessions import Plain, Session, Sessions

WAIT: Final = 2.0
"""Seconds that songs wait for a session; at most half of what is left."""
TURNS: Final = 3
"""Times that more songs are chosen where others of the session are shown at the same time."""


class Continuing:
    """Sessions, and what is told of their songs; `renew` returns a song with a preview that has not expired."""

    def __init__(self, sessions: Sessions, renew: Callable[[Song], Awaitable[Song]]) -> None:
        self._sessions = sessions
        self._renew = renew

    async def events(self, session_id: str | None) -> list[Event]:
        """Return what was thought in an earlier session; raises `NotFound`. A table that fails is told of."""
        if session_id is None:
            return []
        found = await aio.isolated(self._sessions.get(session_id), timeout=_wait())
        if isinstance(found, Failure):
            if isinstance(found.error, NotFound):
                raise found.error
            _degrade("what was liked and disliked before could not be read", found.error)
            return []
        return found.events

    async def begin(
        self,
        mood: Mood,
        mix: dict[str, float],
        options: Plain,
        ranked: Sequence[Scored],
        *,
        shown: Sequence[Scored],
        before: Sequence[Event],
    ) -> tuple[Session | None, list[SongItem]]:
        """Keep a ranking, and return what is told of the songs that are shown; no session where it cannot be kept."""
        ids = [each.song.id for each in shown]
        kept, items = await asyncio.gather(
            aio.isolated(self._sessions.create(mood, mix, options, ranked, ids, before=before), timeout=_wait()),
            self._items(shown, mood),
        )
        if isinstance(kept, Failure):
            _degrade("no session could be kept", kept.error)
            return None, items
        return kept, items

    async def more(self, request: MoreRequest) -> MoreAnswer:
        """Return songs of a session from a place on: those that were shown there, else the next best by now.

        Raises `NotFound`, and `UpstreamError` where others are always quicker to show songs of the session.
        """
        for _ in range(TURNS):
            session = await self._sessions.get(request.session_id)
            offset = min(request.offset, len(session.shown))
            known = {each.song.id: each for each in session.songs}
            songs = [known[each] for each in session.shown[offset : offset + request.limit]]
            fresh = following(session, request.limit - len(songs))
            if not fresh or await self._sessions.show(session, [each.song.id for each in fresh]):
                break
        else:
            raise UpstreamError("sessions", "songs of this session are asked for too often at once", retry_after=1.0)
        return MoreAnswer(
            session_id=session.id,
            songs=await self._items([*songs, *fresh], session.mood),
            offset=offset,
            more=bool(following(session, 1)),
            meta=meta({"songs": "session"}),
        )

    async def judge(self, request: FeedbackRequest) -> FeedbackAnswer:
        """Keep what somebody thinks of a song; raises `NotFound` for one that the session does not have."""
        session = await self._sessions.get(request.session_id)
        if request.song_id not in {each.song.id for each in session.songs}:
            raise NotFound("the session has no such song")
        kind = request.signal or ("like" if request.feedback == 1 else "dislike")
        await self._sessions.note(session.id, request.song_id, kind, request.weight)
        return FeedbackAnswer(session_id=session.id, stored=True, signals=len(session.events) + 1)

    async def _items(self, songs: Sequence[Scored], mood: Mood) -> list[SongItem]:
        """What is told of songs; previews whose URLs have expired are asked for anew."""
        expired = [each.song for each in songs if expires(each.song)]
        renewed = await aio.fan_out(expired, self._renew, limit=len(expired) or 1, timeout=1.0)
        fresh = {
            old.id: replace(old, preview_url="") if isinstance(new, Failure) else new
            for old, new in zip(expired, renewed, strict=True)
        }
        return [answering.item(replace(each, song=fresh.get(each.song.id, each.song)), mood) for each in songs]


def following(session: Session, count: int) -> list[Scored]:
    """Songs that a session has for whoever asks for so many more."""
    if count < 1:
        return []
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


def _degrade(reason: str, error: Exception) -> None:
    telemetry.log_failure(reason, error)
    telemetry.degrade(f"{reason}: {brief(error)}")


def _wait() -> float:
    return min(WAIT, aio.deadline().remaining() / 2)

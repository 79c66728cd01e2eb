"""A session that is kept while its songs' previews are asked for anew, and one that cannot be kept."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from fanfare import aio, telemetry
from fanfare.upstreams.catalogue import Song
from songs import continuing
from songs.choosing import Scored
from songs.continuing import Continuing
from songs.contract import SongItem
from songs.mood import Mood
from songs.sessions import Session, Sessions

EXPIRED: Final = "https://previews.test/a.mp3?hdnea=exp=1000"
FRESH: Final = "https://previews.test/b.mp3"
OFFERED: Final = [Scored(Song("world:1", "Title", "Artist", "world:1", "Album", preview_url=EXPIRED), "English")]

type Begun = tuple[Session | None, list[SongItem], list[str]]


class Kept(Sessions):
    """Tells that a session is about to be kept, and keeps it once something else has happened."""

    def __init__(self, begun: asyncio.Event, after: asyncio.Event) -> None:
        super().__init__("")
        self.begun = begun
        self.after = after

    async def create(self, *kept: Any, **_: Any) -> Session:
        self.begun.set()
        await self.after.wait()
        return Session("a" * 22, *kept)


async def begin(kept: Sessions, renew: Callable[[Song], Awaitable[Song]]) -> Begun:
    with telemetry.request() as figures:
        made, items = await Continuing(kept, renew).begin(
            Mood(), {"English": 1.0}, {}, OFFERED, shown=OFFERED, before=[]
        )
        return made, items, figures.degraded


def test_a_session_is_kept_while_previews_are_asked_for_anew() -> None:
    async def both() -> Begun:
        keeping, renewing = asyncio.Event(), asyncio.Event()

        async def renew(song: Song) -> Song:
            renewing.set()
            await keeping.wait()
            return Song(song.id, song.title, song.artist, song.artist_id, song.album, preview_url=FRESH)

        return await begin(Kept(keeping, renewing), renew)

    made, (item,), degraded = aio.run(both())
    assert made is not None
    assert (made.shown, item.preview_url, degraded) == (["world:1"], FRESH, [])


def test_songs_do_not_wait_for_a_table_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuing, "WAIT", 0.01)

    async def as_it_is(song: Song) -> Song:
        return song

    async def hanging() -> Begun:
        async with asyncio.timeout(5):  # and not for as long as the test runs
            return await begin(Kept(asyncio.Event(), asyncio.Event()), as_it_is)

    made, (item,), (reason,) = aio.run(hanging())
    assert (made, item.id) == (None, "world:1")
    assert "no session could be kept" in reason

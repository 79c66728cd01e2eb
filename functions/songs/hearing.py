"""What songs sound like: remembered, or heard by the analysis function, side by side, one song an invocation."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import batched
from time import monotonic
from typing import Any, Final

from fanfare import aio, functions
from fanfare.cache import Store, registry
from fanfare.upstreams.catalogue import Song, expires
from songs.calibration import calibrated
from songs.mood import FASTEST, SLOWEST, Features

AT_ONCE: Final = 24
"""Invocations that are waited for side by side."""
BATCH: Final = 8
"""Songs of an invocation that nobody waits for."""
MOST: Final = 48
"""Songs that one request may wait for; the others are handed over."""
MOST_EXPIRED: Final = 8
"""Of these, songs whose previews must be asked for anew, each by a call."""
HEARD: Final = "preview"
TOLD: Final = "catalogue"
HANDED_OVER: Final = 1.0
"""Seconds in which songs that nobody waits for are handed over."""
TAKEN: Final = 60.0
"""Seconds for which these are not handed over again, however often they are met."""


class Hearing:
    """`function` is the analysis function's name; without one, what is remembered is all there is. `renew` returns a
    song with a preview that has not expired.
    """

    def __init__(self, function: str, store: Store, renew: Callable[[Song], Awaitable[Song]]) -> None:
        self._function = function
        self._renew = renew
        self._taken: dict[str, float] = {}
        """When songs were handed over."""
        # The lease is for who hears the song, which is another process: it would wait for this one's.
        policy = replace(registry.TRACK_FEATURES, lease=0)
        self._figures = store.bind(policy, self._ask, key=lambda song, _: (song,))

    async def recall(self, songs: Sequence[Song]) -> dict[str, Features]:
        """Return the features of songs that were heard before, by their ids: one read for all."""
        entries = await self._figures.recall([(ident(song), "") for song in songs])
        return {
            song.id: features(song, entry.value)
            for song, entry in zip(songs, entries, strict=True)
            if entry is not None
        }

    def listening(self, most: float = MOST) -> "Listening":
        """Have songs heard as they are added, so many at most."""
        return Listening(self, most)

    @property
    def possible(self) -> bool:
        """Whether there is a function that hears songs."""
        return bool(self._function)

    async def hear(self, song: Song) -> Features:
        """Have a song heard, unless somebody else does; raises `UpstreamError`."""
        if expires(song):
            song = await self._renew(song)
        if not song.preview_url:
            return by_catalogue(song)
        entry = await self._figures.get(ident(song), song.preview_url)
        return features(song, entry.value)

    async def hand_over(self, songs: Iterable[Song]) -> set[str]:
        """Have songs heard in nobody's time: what comes of it is remembered by who hears them.

        Return the ids of those that were taken, now or a moment ago; a preview that has expired is not.
        """
        now = monotonic()
        self._taken = {name: at for name, at in self._taken.items() if at > now - TAKEN}
        good = [song for song in songs if not expires(song)]
        pages = list(batched((song for song in good if ident(song) not in self._taken), BATCH))
        sent = await aio.fan_out(pages, self._send, limit=AT_ONCE, timeout=HANDED_OVER)
        for page, each in zip(pages, sent, strict=True):
            if not isinstance(each, aio.Failure):
                self._taken |= dict.fromkeys(map(ident, page), now)
        return {song.id for song in good if ident(song) in self._taken}

    async def _send(self, songs: Sequence[Song]) -> None:
        told = [{"song": ident(song), "url": song.preview_url} for song in songs]
        await functions.send(self._function, {"songs": told})

    async def _ask(self, song: str, url: str) -> dict[str, Any]:
        return await functions.invoke(self._function, {"song": song, "url": url})


class Listening:
    """Songs that are being heard, those that were added first before others; `heard` grows as they are."""

    def __init__(self, hearing: Hearing, most: float) -> None:
        self.heard: dict[str, Features] = {}
        self.failed: dict[str, Exception] = {}
        self.later: set[str] = set()
        """Songs that will be heard when nobody waits any more."""
        self._hearing = hearing
        self._most = most
        self._songs: dict[str, Song] = {}
        self._begun: set[str] = set()
        self._expired = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._gate = asyncio.Semaphore(AT_ONCE)

    def add(self, songs: Iterable[Song]) -> None:
        """Have songs heard that were not added before; those without a preview cannot be."""
        for song in songs:
            if song.preview_url and song.id not in self._songs and self._hearing.possible:
                self._songs[song.id] = song
                if len(self._tasks) < self._most and not self._expired_too_many(song):
                    self._tasks.append(asyncio.create_task(self._one(song)))

    def _expired_too_many(self, song: Song) -> bool:
        self._expired += expires(song)
        return expires(song) and self._expired > MOST_EXPIRED

    async def wait(self, seconds: float) -> None:
        """Wait until all are heard, for so long at most."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=max(0.0, min(seconds, aio.deadline().remaining())))

    async def leave(self) -> None:
        """Stop waiting; what was not begun is handed over."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self.later |= self._begun - self.heard.keys() - self.failed.keys()
        rest = [song for song in self._songs.values() if song.id not in self._begun]
        self._begun.update(self._songs)
        self.later |= await self._hearing.hand_over(rest)

    async def _one(self, song: Song) -> None:
        async with self._gate:
            self._begun.add(song.id)
            found = await aio.isolated(self._hearing.hear(song), timeout=float("inf"))
        if isinstance(found, aio.Failure):
            self.failed[song.id] = found.error
        else:
            self.heard[song.id] = found


def ident(song: Song) -> str:
    """Return what tells a recording from others: its ISRC, else its id at the catalogue."""
    return song.isrc or song.id


def features(song: Song, figures: Mapping[str, Any]) -> Features:
    """Return what is known of a song from what was heard of it, on the scale of moods."""
    if "error" in figures:
        return by_catalogue(song)
    tempo = figures["tempo"] or song.bpm
    return calibrated(
        Features(
            energy=figures["energy"],
            valence=figures["valence"],
            danceability=figures["danceability"],
            acousticness=figures["acousticness"],
            tempo=_tempo(tempo),
            source=HEARD,
        )
    )


def by_catalogue(song: Song) -> Features:
    """Return what a catalogue says of a song that was not heard: its tempo, if that."""
    tempo = _tempo(song.bpm)
    return Features(tempo=tempo, source=TOLD if tempo else "")


def _tempo(tempo: float | None) -> float | None:
    return tempo if tempo and SLOWEST <= tempo <= FASTEST else None

"""Songs of artists that are asked for one by one, and heard as they come, while a model still writes the next name.

Nothing is ranked here: `Ranker` asks for the same, and finds it in the caches or under way.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Final

from fanfare import telemetry
from fanfare.aio import Failure
from fanfare.upstreams.catalogue import Catalogue
from songs.asking import Named
from songs.hearing import MOST, Hearing
from songs.mood import Mood

SONGS: Final = 6
"""Of an artist's best known."""
ARTISTS: Final = 16
HEARD: Final = MOST // ARTISTS
"""Songs of an artist that are heard at once: as many of each."""


class Ahead:
    """What one request has asked for early; `pays` tells of a mood whether its artists will be asked for at all."""

    def __init__(
        self,
        catalogue: Catalogue,
        hearing: Hearing,
        counts: Mapping[str, int],
        pays: Callable[[Mood], Coroutine[None, None, bool]],
    ) -> None:
        self.listening = hearing.listening()
        self._catalogue = catalogue
        self._hearing = hearing
        self._left = {language.casefold(): count for language, count in counts.items()}
        self._pays = pays
        self._judged: asyncio.Task[bool] | None = None
        self._named: dict[str, asyncio.Task[None]] = {}
        self._context = contextvars.copy_context()
        """The request's: whoever tells of artists may have less time."""

    def named(self, mood: Mood, artists: Sequence[Named]) -> None:
        """Ask for the songs of artists that a model has named so far, as many of a language as will be needed."""
        if self._judged is None:
            self._judged = self._start(self._pays(mood))
        for artist in artists:
            language = artist.language.casefold()
            if artist.name not in self._named and self._left.get(language):
                self._left[language] -= 1
                self._named[artist.name] = self._start(self._if_it_pays(artist.name))

    def begin(self, names: Iterable[str]) -> None:
        """Ask for artists' songs that will be needed."""
        for name in names:
            if name not in self._named:
                self._named[name] = self._start(self._one(name))

    async def end(self) -> None:
        """Leave what is under way."""
        tasks = [*self._named.values(), *([self._judged] if self._judged else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.listening.leave()

    async def _if_it_pays(self, name: str) -> None:
        if self._judged is not None and await asyncio.shield(self._judged):
            with telemetry.speculative():
                await self._one(name)

    async def _one(self, name: str) -> None:
        (songs,) = await self._catalogue.top([name], SONGS)
        if not isinstance(songs, Failure):
            known = await self._hearing.recall(songs)
            self.listening.add([song for song in songs if song.id not in known][:HEARD])

    def _start[R](self, work: Coroutine[None, None, R]) -> asyncio.Task[R]:
        return asyncio.create_task(work, context=self._context.copy())

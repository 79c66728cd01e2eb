"""The analysis function as the songs' function invokes it, in this process: what it is asked, and what it says."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from analysis.previews import Figures, Previews
from fanfare import aio, telemetry
from fanfare.cache import Store
from fanfare.errors import UpstreamError
from local_cloud.world import music
from songs.calibration import ESTIMATED


class Knowing(Previews):
    """Tells what songs are like by the world's truth: as if it heard, and costs nothing."""

    async def _heard(self, _: str, url: str) -> Figures:
        character = truth(url).character
        figures = {"energy": character.energy, "valence": character.valence, "danceability": character.energy}
        figures["acousticness"] = 0.9 if character.acoustic else 0.2
        return {"tempo": character.tempo} | {name: _estimate(name, value) for name, value in figures.items()}


@dataclass
class Ears:
    """The analysis function, as this one invokes it: what it begins it ends, whoever still waits for it."""

    previews: Callable[[Store], Previews]
    shared: Callable[[], Store]
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Events of invocations that were waited for."""
    sent: list[dict[str, Any]] = field(default_factory=list)
    """Events of those that were not."""
    seconds: float = 0.0
    missing: bool = False
    under_way: list[asyncio.Task[Figures]] = field(default_factory=list)

    async def invoke(self, name: str, event: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(self._taken(name, event))
        return await asyncio.shield(self._begun(event))

    async def send(self, name: str, event: Mapping[str, Any]) -> None:
        self.sent.append(self._taken(name, event))
        self._begun(event)

    def finish(self) -> None:
        """Let what is under way come to its end, as it does in processes of its own."""
        aio.run(_all(self.under_way))
        self.under_way.clear()

    def forget(self) -> None:
        self.asked.clear()
        self.sent.clear()

    @property
    def songs(self) -> list[str]:
        """All that it was asked about."""
        batches = [event.get("songs", [event]) for event in (*self.asked, *self.sent)]
        return [each["song"] for batch in batches for each in batch]

    def _taken(self, name: str, event: Mapping[str, Any]) -> dict[str, Any]:
        telemetry.count_call("function")
        if self.missing:
            raise UpstreamError("function", "ResourceNotFoundException")
        assert name == "analysis"
        taken: dict[str, Any] = json.loads(json.dumps(event))
        return taken

    def _begun(self, event: Mapping[str, Any]) -> asyncio.Task[Figures]:
        task = aio.outliving(self._answer(dict(event)))
        self.under_way.append(task)
        return task

    async def _answer(self, event: dict[str, Any]) -> Figures:
        """In a process of its own, which shares nothing but the table."""
        with telemetry.request():
            await asyncio.sleep(self.seconds)
            own = self.shared()
            try:
                return await self.previews(own).answer(event)
            except Exception as error:
                raise UpstreamError("function", "it failed") from error
            finally:
                await own.flush()


def truth(preview_url: str) -> music.Song:
    """The song of the sample world that a preview is of."""
    isrc = urlsplit(preview_url).path.rpartition("/")[2].removesuffix(".mp3")
    return next(song for song in music.songs() if song.isrc == isrc)


async def _all(tasks: list[asyncio.Task[Figures]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


def _estimate(name: Any, value: float) -> float:
    """The estimate that has this rank."""
    points = ESTIMATED[name]
    for (left, low), (right, high) in pairwise(points):
        if value <= high:
            return left + (right - left) * (value - low) / (high - low)
    return 1.0

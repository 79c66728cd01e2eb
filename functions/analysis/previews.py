"""What thirty seconds of a song sound like: heard when another function asks, and remembered for good."""

from typing import Any, Final

from analysis.audio import analyser
from analysis.worker import REFUSED
from fanfare import aio
from fanfare.cache import Store, registry
from fanfare.upstreams.remote import Remote

MOST_BYTES: Final = 8 << 20
TIMEOUT: Final = 8.0

type Figures = dict[str, Any]


class Previews:
    def __init__(self, remote: Remote, store: Store) -> None:
        self._remote = remote
        self._figures = store.bind(registry.TRACK_FEATURES, self._heard, key=lambda song, _: (song,))

    async def answer(self, event: dict[str, Any]) -> Figures:
        """Return the figures of ``{"song": ISRC or id, "url": …}``: tempo, energy, valence, danceability, acousticness.

        They have None where a figure cannot be told, and `error` for what is no sound. Raises what `Remote.fetch` does.
        ``{"songs": […]}`` are heard one after the other and only remembered, as far as they can be.
        """
        if "songs" in event:
            heard = await aio.fan_out(event["songs"], self.answer, limit=1, timeout=float("inf"))
            return {"failed": sum(isinstance(each, aio.Failure) for each in heard)}
        return (await self._figures.get(event["song"], event["url"])).value

    async def _heard(self, _: str, url: str) -> Figures:
        file = await self._remote.fetch(url, limit=MOST_BYTES, timeout=TIMEOUT)
        try:
            found = await aio.compute(analyser.analyse, file.body)
        except REFUSED as error:
            return {"error": str(error)}
        mood = found.mood
        return {
            "tempo": round(found.beats.tempo, 1) or None,
            "energy": mood.energy,
            "valence": mood.valence,
            "danceability": mood.danceability,
            "acousticness": mood.acousticness,
        }

"""Fanfare as `fanfare bench songs` asks it: a whole deployment, the sample world's truth beside its answers."""

import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from bench.report import progress
from bench.songs_ways import Wish
from local_cloud.cloud import LocalCloud
from local_cloud.world import deezer, itunes, music
from local_cloud.world.character import quadrant

FUNCTION: Final = "SongsFunction"
HEARING: Final = "AnalysisFunction"
PATH: Final = "/api/v1/songs/recommend"
INVOCATION: Final = "function"
"""What `meta` calls the bundle's own calls."""
ANOTHER: Final = "Spanish"
"""A language that nothing measured asks for: what warms a process up."""
HEARD: Final = 8
"""Songs that are heard for that."""
QUIET: Final = 4
"""Looks in a row at which nothing goes on."""


@dataclass(frozen=True)
class Answer:
    """One request's time in milliseconds as the client has it, and what came of it."""

    wall: float
    timing: Mapping[str, float]
    body: Mapping[str, Any]

    @property
    def calls(self) -> int:
        """Calls of the model and the catalogues."""
        return int(sum(number for name, number in self.body["meta"]["upstream_calls"].items() if name != INVOCATION))

    @property
    def invocations(self) -> int:
        return int(self.body["meta"]["upstream_calls"].get(INVOCATION, 0))

    @property
    def remembered(self) -> bool:
        """Whether the songs were ranked before."""
        return bool(self.body["meta"]["sources"]["ranking"] != "computed")

    @property
    def wanted(self) -> str | None:
        """The quadrant of the mood that was read."""
        return quadrant(self.body["analysis"]["energy"], self.body["analysis"]["valence"])

    @property
    def share(self) -> float:
        """Of its songs that truly are of the quadrant."""
        wanted = self.wanted
        return sum(truth(song["id"]) == wanted for song in self.body["songs"]) / len(self.body["songs"])

    def off_mix(self, language: str, count: int) -> int:
        """How many songs more or less than asked for are in a language."""
        return abs(Counter(song["language"] for song in self.body["songs"])[language] - count)

    @property
    def most_of_one(self) -> int:
        """Songs of the artist who has the most."""
        return max(Counter(song["artist"] for song in self.body["songs"]).values())


class Deployment:
    """One deployment and its sample world. A request that fails raises RuntimeError."""

    def __init__(self, latencies: Mapping[str, Mapping[str, Any]]) -> None:
        self._latencies = latencies
        self._cloud = LocalCloud(world_profile="published", log=progress)

    def __enter__(self) -> Self:
        self._cloud.__enter__()
        self._cloud.world(self._latencies)
        self._http = httpx2.Client(base_url=self._cloud.url, headers={"x-api-key": self._cloud.api_key}, timeout=40)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()
        self._cloud.__exit__(kind, error, traceback)

    @property
    def world(self) -> str:
        return self._cloud.world_url

    def behave(self, behaviour: Mapping[str, Mapping[str, Any]]) -> None:
        """Change the sample world."""
        self._cloud.world(behaviour)

    def try_(self, body: Mapping[str, Any]) -> httpx2.Response:
        """Ask for songs, whatever comes of it."""
        return self._http.post(PATH, json=body)

    def ask(self, wish: Wish, **options: Any) -> Answer:
        """Ask for songs for a text or a photo."""
        began = time.perf_counter()
        if wish.photo:
            response = self._http.post(PATH, files={"photo": ("photo.jpg", wish.photo, "image/jpeg")})
        else:
            response = self.try_({"text": wish.text, **options})
        wall = (time.perf_counter() - began) * 1000
        if response.status_code != 200 or not response.json()["songs"]:
            raise RuntimeError(f"{wish}: {response.status_code} {response.text[:500]}")
        told = re.findall(r"([\w-]+);dur=([\d.]+)", response.headers["server-timing"])
        return Answer(wall, {name: float(number) for name, number in told}, response.json())

    def forget(self) -> None:
        """Begin anew with nothing remembered, in processes that have served before."""
        self.settle()
        for function in (FUNCTION, HEARING):
            for instance in self._cloud.instances(function):
                self._cloud.kill_instance(function, instance.pid)
        self._empty()
        self.behave({"previews.get": {"status": 404}})
        self.behave({"previews.get": {"status": None, "times": HEARD}})
        self.ask(Wish(f"warm up {time.time_ns()}"), languages={ANOTHER: 1})
        self.settle()
        self._empty()
        self.behave({"previews.get": {"status": None}})

    def _empty(self) -> None:
        table, client = self._cloud.deployment.tables["CacheTable"]["TableName"], self._cloud.client("dynamodb")
        for page in client.get_paginator("scan").paginate(TableName=table, ProjectionExpression="pk"):
            for item in page["Items"]:
                client.delete_item(TableName=table, Key=item)

    def settle(self) -> None:
        """Wait until nothing is being heard any more."""
        quiet, heard = 0, -1
        while quiet < QUIET:
            time.sleep(0.1)
            busy = any(instance.state != "idle" for instance in self._cloud.instances(HEARING))
            before, heard = heard, self._cloud.world_calls().get("previews.get", 0)
            quiet = 0 if busy or before != heard else quiet + 1

    def warm(self) -> int:
        """Let the schedule come round until the songs of popular artists are all heard; return how often it did."""
        known, rounds = -1, 0
        while True:
            heard = self._cloud.invoke(FUNCTION, {"warm": "popular"}).json()["heard"]
            self.settle()
            if heard <= known:
                return rounds
            known, rounds = heard, rounds + 1

    def calls(self) -> Mapping[str, int]:
        """Calls of the sample world's endpoints so far."""
        return self._cloud.world_calls()


def truth(song_id: str) -> str | None:
    """The quadrant of energy and valence that a song was played from; None in the cross between them."""
    catalogue, _, number = song_id.partition(":")
    first = {"deezer": deezer.FIRST_SONG, "itunes": itunes.FIRST_SONG}[catalogue]
    song = music.by_number(music.songs(), int(number), first)
    if song is None:
        raise LookupError(song_id)
    return song.character.quadrant

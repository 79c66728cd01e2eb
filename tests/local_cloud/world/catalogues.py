"""The music catalogues over HTTP: Deezer under /deezer, the iTunes Search API under /itunes, and their previews.

None of them wants a key. They go wrong in their own words: Deezer tells of quotas (429) and of overload (503) with
status 200.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.routing import Route

from local_cloud.world import itunes, music
from local_cloud.world.deezer import BUSY, QUOTA, UNKNOWN_PATH, Body, Deezer, error, expired
from local_cloud.world.faults import Behaviour, Faults
from local_cloud.world.itunes import Itunes
from local_cloud.world.replies import Reply, Silence, in_time, target

JSON: Final = "application/json; charset=utf-8"
HTML: Final = "text/html"
TOO_MANY: Final = 429

type Answered = tuple[int, bytes, str]
"""Status, body and media type."""
type Answer = Callable[[Request, Behaviour], Answered | Awaitable[Answered]]
type Failing = Callable[[int], Answered]


def routes(faults: Faults) -> list[Route]:
    """Where the catalogues are found."""
    catalogues = _Catalogues(faults)

    def deezer(path: str, name: str, answer: Callable[[Deezer, Request, Behaviour], Body]) -> Route:
        def told(request: Request, behaviour: Behaviour) -> Answered:
            return _told(answer(Deezer(_base(request), time.time()), request, behaviour))

        return catalogues.route(f"/deezer/{path}", f"deezer.{name}", told, _deezer_failure)

    def apple(path: str, name: str, answer: Callable[[Itunes, Request], bytes]) -> Route:
        def told(request: Request, _: Behaviour) -> Answered:
            try:
                return 200, answer(Itunes(_base(request)), request), itunes.MEDIA_TYPE
            except itunes.WrongParameterError as wrong:
                text = f"Invalid value(s) for key(s): [{wrong}]"
                return 400, json.dumps({"errorMessage": text, "queryParameters": {}}).encode(), itunes.MEDIA_TYPE

        return catalogues.route(f"/itunes/{path}", f"itunes.{name}", told, lambda status: (status, b"", HTML))

    def asked(request: Request) -> Any:
        return request.query_params

    def identity(request: Request) -> Any:
        return request.path_params["id"]

    return [
        deezer("search", "search", lambda api, to, how: api.search(asked(to), fields=how.fields)),
        deezer("search/track", "search", lambda api, to, how: api.search(asked(to), fields=how.fields)),
        deezer("search/artist", "search", lambda api, to, _: api.search_artist(asked(to))),
        deezer("artist/{id:int}/top", "top", lambda api, to, _: api.top(identity(to), asked(to))),
        deezer("artist/{id:int}/albums", "albums", lambda api, to, _: api.albums(identity(to), asked(to))),
        deezer("album/{id:int}/tracks", "tracks", lambda api, to, _: api.tracks(identity(to), asked(to))),
        deezer("track/{id}", "track", lambda api, to, _: api.track(identity(to))),
        deezer("{rest:path}", "track", lambda *_: error(*UNKNOWN_PATH)),
        apple("search", "search", lambda api, to: api.search(asked(to))),
        apple("lookup", "lookup", lambda api, to: api.lookup(asked(to))),
        catalogues.route(
            "/previews/{catalogue}/{isrc}.mp3", "previews.get", _preview, lambda status: (status, b"", HTML)
        ),
    ]


class _Catalogues:
    """What every route has in common: count, be slow or go wrong if asked to, and answer in due time."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    def route(self, path: str, name: str, answer: Answer, failing: Failing) -> Route:
        async def handle(request: Request) -> Reply:
            arrived = asyncio.get_running_loop().time()
            behaviour = self.faults.begin(name, target(request))
            if self.faults.hangs(behaviour):
                return Silence()
            begin = arrived + self.faults.latency(behaviour)
            if self.faults.over_quota(name, behaviour, arrived):
                status, body, media_type = failing(TOO_MANY)
            elif self.faults.fails(behaviour):
                status, body, media_type = failing(behaviour.status or 500)
            else:
                answered = answer(request, behaviour)
                status, body, media_type = answered if isinstance(answered, tuple) else await answered
            return in_time(status, body, behaviour, begin, media_type)

        return Route(path, handle)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _told(body: Body) -> Answered:
    return 200, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), JSON


def _deezer_failure(status: int) -> Answered:
    words = {TOO_MANY: QUOTA, 503: BUSY}.get(status)
    return _told(error(*words)) if words else (status, b"<html><body>Sorry</body></html>", HTML)


async def _preview(request: Request, _: Behaviour) -> Answered:
    """The audio; 403 once the time of a signed URL is over, 404 for what has no preview."""
    catalogue, isrc = request.path_params["catalogue"], request.path_params["isrc"]
    song = next((song for song in music.songs() if song.isrc == isrc and song.audible), None)
    if song is None or catalogue not in {"deezer", "itunes"}:
        return 404, b"", HTML
    if catalogue == "deezer" and expired(request.url.query, time.time()):
        return 403, b"", HTML
    from local_cloud.world.previews import preview  # only who listens waits for numpy

    return 200, await asyncio.to_thread(preview, song.character, song.number), "audio/mpeg"

"""The sample world as one ASGI application: TMDb under /tmdb/3, its pictures under /images, the model under /model/v1,
speech under /tts/v1, music under /deezer and /itunes with its /previews, and control under /_world.
"""

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_cloud.world import catalogues, enrichment, films, model, song_mood, tmdb
from local_cloud.world.faults import Behaviour, Faults, Profile, WrongBehaviourError
from local_cloud.world.replies import (
    Reply,
    Silence,
    Timed,
    admitted,
    as_json,
    failed,
    in_time,
    openai_error,
    openai_failure,
    openai_stranger,
    target,
)
from local_cloud.world.speech import Speaker

TMDB_KEY_WRONG: Final = {
    "status_code": 7,
    "status_message": "Invalid API key: You must be granted a valid key.",
    "success": False,
}
TMDB_NOT_FOUND: Final = {
    "success": False,
    "status_code": 34,
    "status_message": "The resource you requested could not be found.",
}
TMDB_FAILURES: Final = {
    429: (25, "Your request count is over the allowed limit."),
    503: (9, "Service offline: This service is temporarily offline, try again later."),
    504: (24, "Your request to the backend server timed out. Try again."),
}
"""Source: https://developer.themoviedb.org/docs/errors"""
type Answer = Callable[[Request], tuple[int, bytes]]


def create_app(profile: Profile = "instant") -> Starlette:
    """The sample world with its own faults and counts, at a profile's latencies."""
    faults = Faults(profile)
    world = World(faults)

    def movie(name: str, answer: Answer) -> Callable[[Request], Awaitable[Any]]:
        async def handle(request: Request) -> Any:
            return await world.tmdb(request, name, answer)

        return handle

    def listed(function: Callable[[tmdb.Parameters], bytes]) -> Answer:
        return lambda request: (200, function(request.query_params))

    return Starlette(
        routes=[
            Route("/tmdb/3/discover/movie", movie("tmdb.discover", listed(tmdb.discover))),
            Route("/tmdb/3/search/movie", movie("tmdb.search", listed(tmdb.search))),
            Route("/tmdb/3/search/keyword", movie("tmdb.search", listed(tmdb.search_keyword))),
            Route("/tmdb/3/genre/movie/list", movie("tmdb.genres", _genres)),
            Route("/tmdb/3/watch/providers/movie", movie("tmdb.watch_providers", _services)),
            Route("/tmdb/3/movie/{id:int}/watch/providers", movie("tmdb.watch_providers", _watch_providers)),
            Route("/tmdb/3/movie/{id:int}", movie("tmdb.details", _details)),
            Route("/tmdb/3/{rest:path}", movie("tmdb.details", lambda _: failed(404, TMDB_NOT_FOUND))),
            Route("/images/{path:path}", world.image),
            Route("/model/v1/chat/completions", world.chat, methods=["POST"]),
            Route("/model/v1/models", world.models),
            Route("/tts/v1/audio/speech", world.speaker, methods=["POST"]),
            *catalogues.routes(faults),
            Route("/_world/behaviour", world.behaviour, methods=["PUT", "DELETE"]),
            Route("/_world/calls", world.calls, methods=["GET", "DELETE"]),
            Route("/_world/spoken", world.spoken),
        ]
    )


class World:
    """The handlers, over one set of faults."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.speaker = Speaker(faults)

    async def tmdb(self, request: Request, name: str, answer: Answer) -> Reply:
        """Any TMDb route: count, go wrong if asked to, and answer in due time."""
        arrived = asyncio.get_running_loop().time()
        behaviour = self.faults.begin(name, target(request))
        if self.faults.hangs(behaviour):
            return Silence()
        if not admitted(request):
            return as_json(401, TMDB_KEY_WRONG)
        begin = arrived + self.faults.latency(behaviour)
        if self.faults.fails(behaviour):
            status = behaviour.status or 500
            code, text = TMDB_FAILURES.get(status, (11, "Internal error: Something went wrong, contact TMDb."))
            status, body = failed(status, {"success": False, "status_code": code, "status_message": text})
        else:
            try:
                status, body = answer(request)
            except tmdb.WrongParameterError as error:
                text = f"Invalid parameters: Your request parameters are incorrect ({error})."
                status, body = failed(400, {"success": False, "status_code": 5, "status_message": text})
        return in_time(status, body, behaviour, begin)

    async def image(self, request: Request) -> Reply:
        """A picture, as TMDb's image host serves them: without a key, and whatever the size in the path."""
        arrived = asyncio.get_running_loop().time()
        behaviour = self.faults.begin("images.get", target(request))
        if self.faults.hangs(behaviour):
            return Silence()
        begin, path = arrived + self.faults.latency(behaviour), request.path_params["path"]
        failing = self.faults.fails(behaviour)
        if failing or "missing" in path:
            status = (behaviour.status or 500) if failing else 404
            return in_time(status, b"<h1>No picture</h1>", behaviour, begin, "text/html")
        picture = await asyncio.to_thread(_poster, path)
        return in_time(200, picture, behaviour, begin, "image/jpeg")

    async def chat(self, request: Request) -> Reply:
        """`/chat/completions`, streamed or whole."""
        arrived = asyncio.get_running_loop().time()
        body = await request.body()
        asked = _parsed(body)
        behaviour = self.faults.begin(_purpose(asked), target(request), body)
        if self.faults.hangs(behaviour):
            return Silence()
        if not admitted(request):
            return openai_stranger()
        begin = arrived + self.faults.latency(behaviour)
        if self.faults.fails(behaviour):
            return in_time(*openai_failure(behaviour.status or 500), behaviour, begin)
        try:
            text = model.REFUSAL if behaviour.refusal else _said(asked, behaviour)
        except ValueError:
            return as_json(400, openai_error("We could not read your messages."))
        if asked.get("stream") and behaviour.stream:
            return _streamed(asked, text, behaviour, begin)
        whole = model.completion(asked, text, refused=behaviour.refusal)
        return in_time(200, whole, behaviour, begin + behaviour.last_token_ms / 1000)

    async def models(self, request: Request) -> Reply:
        """`/models`."""
        if not admitted(request):
            return openai_stranger()
        return Response(model.models(), media_type="application/json")

    async def behaviour(self, request: Request) -> Response:
        """Put behaviours in force, or (DELETE) take all back."""
        if request.method == "DELETE":
            self.faults.reset()
            return Response(status_code=204)
        try:
            changes = await request.json()
            self.faults.merge(changes if isinstance(changes, dict) else {"": changes})
        except WrongBehaviourError as error:
            return as_json(400, {"error": f"unknown endpoint or member, or wrong value: {error}"})
        except ValueError:
            return as_json(400, {"error": "not JSON"})
        return Response(status_code=204)

    async def calls(self, request: Request) -> Response:
        """Calls counted so far, by endpoint; DELETE starts anew."""
        if request.method == "DELETE":
            self.faults.calls.clear()
            self.speaker.spoken.clear()
            return Response(status_code=204)
        return JSONResponse(dict(self.faults.calls))

    async def spoken(self, _: Request) -> Response:
        """How often each text was spoken, since calls were last counted anew."""
        return JSONResponse(dict(self.speaker.spoken))


@functools.lru_cache(maxsize=256)
def _poster(path: str) -> bytes:
    from local_cloud.world import pictures  # only who asks for pictures waits for Pillow

    film = films.of_poster(path)
    return pictures.poster(film.title if film else path.rpartition("/")[2])


def _genres(request: Request) -> tuple[int, bytes]:
    return 200, tmdb.genres(request.query_params.get("language", ""))


def _services(request: Request) -> tuple[int, bytes]:
    return 200, tmdb.services(request.query_params.get("watch_region", ""))


def _watch_providers(request: Request) -> tuple[int, bytes]:
    return _found(tmdb.watch_providers(request.path_params["id"]))


def _details(request: Request) -> tuple[int, bytes]:
    asked = request.query_params
    return _found(
        tmdb.details(request.path_params["id"], asked.get("append_to_response", ""), asked.get("language", ""))
    )


def _found(body: bytes | None) -> tuple[int, bytes]:
    return failed(404, TMDB_NOT_FOUND) if body is None else (200, body)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _purpose(asked: Mapping[str, Any]) -> str:
    """The endpoint that a chat counts as, by what it is to answer with."""
    if song_mood.wanted(asked):
        return "model.songs"
    return "model.enrich" if enrichment.shape(asked) else "model.chat"


def _said(asked: Mapping[str, Any], behaviour: Behaviour) -> str:
    """The model's text. Raises ValueError if the messages are not what a model is sent."""
    if song_mood.wanted(asked):
        return song_mood.answer(asked, malformed=behaviour.malformed)
    if enrichment.shape(asked):
        return enrichment.answer(asked, behaviour)
    return model.answer(model.wish_of(asked), malformed=behaviour.malformed)


def _streamed(asked: Mapping[str, Any], text: str, behaviour: Behaviour, begin: float) -> Timed:
    """The tokens, evenly between the first one's time and the last one's; the last exactly at its own."""
    sent = model.events(asked, text, refused=behaviour.refusal)
    count = len(model.tokens(text))
    first, last = behaviour.first_token_ms / 1000, max(behaviour.first_token_ms, behaviour.last_token_ms) / 1000
    step = (last - first) / max(1, count - 1)
    times = [begin + first + step * min(max(0, i - 1), count - 1) for i in range(len(sent))]
    kept = len(sent) if behaviour.cut_after is None else 1 + int(count * behaviour.cut_after)
    headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
    schedule = list(zip(times, sent, strict=True))[:kept]
    return Timed(headers, schedule, cut=behaviour.cut_after is not None)

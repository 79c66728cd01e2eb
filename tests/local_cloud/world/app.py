"""The sample world as one ASGI application: TMDb under /tmdb/3, its pictures under /images, the model under /model/v1,
and control under /_world.
"""

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local_cloud.world import films, model, tmdb
from local_cloud.world.faults import Behaviour, Faults, Profile, WrongBehaviourError

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
SLOW_BODY_PIECES: Final = 20

type Answer = Callable[[Request], tuple[int, bytes]]
type Schedule = Iterable[tuple[float, bytes]]


class Timed:
    """A response whose pieces go out at set times (seconds of the loop's clock), late ones together with the next.

    Of a body that is `cut`, the connection is closed where the pieces end.
    """

    def __init__(self, headers: Mapping[str, str], schedule: Schedule, *, cut: bool = False, status: int = 200) -> None:
        self.status, self.headers, self.cut = status, headers, cut
        self.schedule = list(schedule)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces, each at its time or later, never earlier."""
        clock = asyncio.get_running_loop().time
        raw = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        if self.schedule:
            await asyncio.sleep(max(0.0, self.schedule[0][0] - clock()))
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        place = 0
        while place < len(self.schedule):
            if (wait := self.schedule[place][0] - clock()) > 0:
                await asyncio.sleep(wait)
            due, now = [], clock()
            while place < len(self.schedule) and self.schedule[place][0] <= now:
                due.append(self.schedule[place][1])
                place += 1
            if due:
                await send({"type": "http.response.body", "body": b"".join(due), "more_body": True})
        if not self.cut:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class Silence:
    """An answer that never comes: holds the connection until the caller hangs up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the caller's end."""
        while (await receive())["type"] != "http.disconnect":
            pass


type Reply = Response | Timed | Silence


def create_app(profile: Profile = "instant") -> Starlette:
    """The sample world with its own faults and counts, at a profile's latencies."""
    world = World(Faults(profile))

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
            Route("/tmdb/3/{rest:path}", movie("tmdb.details", lambda _: _failed(404, TMDB_NOT_FOUND))),
            Route("/images/{path:path}", world.image),
            Route("/model/v1/chat/completions", world.chat, methods=["POST"]),
            Route("/model/v1/models", world.models),
            Route("/_world/behaviour", world.behaviour, methods=["PUT", "DELETE"]),
            Route("/_world/calls", world.calls, methods=["GET", "DELETE"]),
        ]
    )


class World:
    """The handlers, over one set of faults."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    async def tmdb(self, request: Request, name: str, answer: Answer) -> Reply:
        """Any TMDb route: count, go wrong if asked to, and answer in due time."""
        arrived = asyncio.get_running_loop().time()
        behaviour = self.faults.begin(name, _target(request))
        if behaviour.hang:
            return Silence()
        if not _admitted(request):
            return _json(401, TMDB_KEY_WRONG)
        begin = arrived + self.faults.latency(behaviour)
        if self.faults.fails(behaviour):
            status = behaviour.status or 500
            code, text = TMDB_FAILURES.get(status, (11, "Internal error: Something went wrong, contact TMDb."))
            status, body = _failed(status, {"success": False, "status_code": code, "status_message": text})
        else:
            try:
                status, body = answer(request)
            except tmdb.WrongParameterError as error:
                text = f"Invalid parameters: Your request parameters are incorrect ({error})."
                status, body = _failed(400, {"success": False, "status_code": 5, "status_message": text})
        return _in_time(status, body, behaviour, begin)

    async def image(self, request: Request) -> Reply:
        """A picture, as TMDb's image host serves them: without a key, and whatever the size in the path."""
        arrived = asyncio.get_running_loop().time()
        behaviour = self.faults.begin("images.get", _target(request))
        if behaviour.hang:
            return Silence()
        begin, path = arrived + self.faults.latency(behaviour), request.path_params["path"]
        failing = self.faults.fails(behaviour)
        if failing or "missing" in path:
            status = (behaviour.status or 500) if failing else 404
            return _in_time(status, b"<h1>No picture</h1>", behaviour, begin, "text/html")
        picture = await asyncio.to_thread(_poster, path)
        return _in_time(200, picture, behaviour, begin, "image/jpeg")

    async def chat(self, request: Request) -> Reply:
        """`/chat/completions`, streamed or whole."""
        arrived = asyncio.get_running_loop().time()
        body = await request.body()
        behaviour = self.faults.begin("model.chat", _target(request), body)
        if behaviour.hang:
            return Silence()
        if not _admitted(request):
            return _json(401, _openai_error("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"))
        begin = arrived + self.faults.latency(behaviour)
        if self.faults.fails(behaviour):
            return _in_time(*_model_failure(behaviour.status or 500), behaviour, begin)
        try:
            asked = json.loads(body)
            wish = model.wish_of(asked)
        except (ValueError, AttributeError):
            return _json(400, _openai_error("We could not read your messages.", "invalid_request_error", None))
        text = model.REFUSAL if behaviour.refusal else model.answer(wish, malformed=behaviour.malformed)
        if asked.get("stream") and behaviour.stream:
            return _streamed(asked, text, behaviour, begin)
        whole = model.completion(asked, text, refused=behaviour.refusal)
        return _in_time(200, whole, behaviour, begin + behaviour.last_token_ms / 1000)

    async def models(self, request: Request) -> Reply:
        """`/models`."""
        if not _admitted(request):
            return _json(401, _openai_error("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"))
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
            return _json(400, {"error": f"unknown endpoint or member, or wrong value: {error}"})
        except ValueError:
            return _json(400, {"error": "not JSON"})
        return Response(status_code=204)

    async def calls(self, request: Request) -> Response:
        """Calls counted so far, by endpoint; DELETE starts anew."""
        if request.method == "DELETE":
            self.faults.calls.clear()
            return Response(status_code=204)
        return JSONResponse(dict(self.faults.calls))


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
    return _failed(404, TMDB_NOT_FOUND) if body is None else (200, body)


def _failed(status: int, content: Mapping[str, Any]) -> tuple[int, bytes]:
    return status, json.dumps(content).encode()


def _admitted(request: Request) -> bool:
    return request.headers.get("authorization", "").lower().startswith("bearer sample")


def _target(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}"


def _json(status: int, content: Mapping[str, Any]) -> Response:
    return JSONResponse(content, status)


def _in_time(
    status: int,
    body: bytes,
    behaviour: Behaviour,
    begin: float,
    media_type: str = "application/json;charset=utf-8",
) -> Timed:
    """The body from `begin` on, at once or slowly, whole or cut."""
    headers = {"content-type": media_type, "content-length": str(len(body))}
    if status >= 400 and behaviour.retry_after is not None:
        headers["retry-after"] = f"{behaviour.retry_after:g}"
    sent = body if behaviour.cut_after is None else body[: int(len(body) * behaviour.cut_after)]
    pieces = SLOW_BODY_PIECES if behaviour.slow_body_ms else 1
    cuts = [len(sent) * i // pieces for i in range(pieces + 1)]
    schedule = [
        (begin + behaviour.slow_body_ms / 1000 * (i + 1) / pieces if pieces > 1 else begin, sent[start:end])
        for i, (start, end) in enumerate(pairwise(cuts))
    ]
    return Timed(headers, schedule, cut=behaviour.cut_after is not None, status=status)


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


def _openai_error(text: str, kind: str, code: str | None) -> dict[str, Any]:
    return {"error": {"message": text, "type": kind, "param": None, "code": code}}


def _model_failure(status: int) -> tuple[int, bytes]:
    if status == 429:
        return _failed(429, _openai_error("Rate limit reached for requests.", "requests", "rate_limit_exceeded"))
    return _failed(status, _openai_error("The server had an error processing your request.", "server_error", None))

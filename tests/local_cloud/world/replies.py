"""How answers of the sample world go out: in due time, in pieces, cut short or never; and OpenAI's errors."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from local_cloud.world.faults import Behaviour

SLOW_BODY_PIECES: Final = 20

type Schedule = Iterable[tuple[float, bytes]]
type Reply = Response | Timed | Silence


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


def in_time(
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


def failed(status: int, content: Mapping[str, Any]) -> tuple[int, bytes]:
    """A failure as status and body."""
    return status, json.dumps(content).encode()


def as_json(status: int, content: Mapping[str, Any]) -> Response:
    """A failure as an answer at once."""
    return JSONResponse(content, status)


def openai_error(text: str, kind: str = "invalid_request_error", code: str | None = None) -> dict[str, Any]:
    """An error as OpenAI's API words it.

    Source: https://platform.openai.com/docs/guides/error-codes
    """
    return {"error": {"message": text, "type": kind, "param": None, "code": code}}


def openai_failure(status: int) -> tuple[int, bytes]:
    """A failure that is not the caller's fault."""
    if status == 429:
        return failed(429, openai_error("Rate limit reached for requests.", "requests", "rate_limit_exceeded"))
    return failed(status, openai_error("The server had an error processing your request.", "server_error"))


def openai_stranger() -> Response:
    """The answer to a wrong key."""
    return as_json(401, openai_error("Incorrect API key provided.", code="invalid_api_key"))


def admitted(request: Request) -> bool:
    """Whether the caller has a key of the sample world."""
    return request.headers.get("authorization", "").lower().startswith("bearer sample")


def target(request: Request) -> str:
    """Path and query as sent."""
    return f"{request.url.path}?{request.url.query}"

"""Messages of queues: stale cache entries, uploads that S3 tells of, and jobs. Only what failed comes back."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from fanfare import aio, telemetry
from fanfare.cache import queue, store
from fanfare.settings import settings
from fanfare.uploads import Upload, notified

AT_ONCE: Final = 4
"""Messages of a batch that are worked side by side."""


class Message(NamedTuple):
    """A message's body, and how often it was received, this time included."""

    body: str
    receives: int


type Uploaded = Callable[[Upload], Awaitable[None]]
type Worked = Callable[[Message], Awaitable[None]]


class Work(NamedTuple):
    """What a function does with messages; where it does neither, they name stale cache entries."""

    uploaded: Uploaded | None = None
    worked: Worked | None = None


async def consume(records: list[dict[str, Any]], work: Work) -> dict[str, Any]:
    """Work a batch of SQS records, and name those that shall come back."""

    async def one(record: dict[str, Any]) -> None:
        if work.worked is not None:
            await work.worked(Message(record["body"], int(record["attributes"]["ApproximateReceiveCount"])))
        elif work.uploaded is not None:
            for upload in notified(record["body"]):
                await work.uploaded(upload)
        else:
            name, arguments = queue.parse(record["body"])
            await store().refresh(name, arguments)

    # A job's part keeps to the function's own time, and hands on what it cannot do in it.
    timeout = settings().route_budget if work.worked is None else float("inf")
    results = await aio.fan_out(records, one, limit=AT_ONCE, timeout=timeout)
    failed = []
    for record, result in zip(records, results, strict=True):
        if isinstance(result, aio.Failure):
            telemetry.log_failure("message failed", result.error, message_id=record["messageId"])
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}

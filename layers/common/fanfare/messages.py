"""Messages of queues: cache entries to be refreshed, and uploads that S3 tells of. Only what failed comes back."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fanfare import aio, telemetry
from fanfare.cache import queue, store
from fanfare.settings import settings
from fanfare.uploads import Upload, notified

AT_ONCE: Final = 4
"""Messages of a batch that are worked side by side."""

type Uploaded = Callable[[Upload], Awaitable[None]]


async def consume(records: list[dict[str, Any]], uploaded: Uploaded | None) -> dict[str, Any]:
    """Work a batch of SQS records, and name those that shall come back.

    Each is an S3 notification for `uploaded`, or, where there is none, names a stale cache entry.
    """

    async def one(record: dict[str, Any]) -> None:
        if uploaded is None:
            name, arguments = queue.parse(record["body"])
            await store().refresh(name, arguments)
            return
        for upload in notified(record["body"]):
            await uploaded(upload)

    results = await aio.fan_out(records, one, limit=AT_ONCE, timeout=settings().route_budget)
    failed = []
    for record, result in zip(records, results, strict=True):
        if isinstance(result, aio.Failure):
            telemetry.log_failure("message failed", result.error, message_id=record["messageId"])
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}

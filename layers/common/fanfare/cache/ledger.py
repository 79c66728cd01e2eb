"""Small values in the cache table that processes change together: each change is made of the latest value.

An item: `pk`, `body`, `version`, which each change raises by one, and `expires_at` for DynamoDB's own deletion. A
change is one conditional put of the next version, and no read: where somebody else was quicker, the refusal brings the
item that is there, and the change is made again of that.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html (optimistic locking)
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from fanfare import aws
from fanfare.resilience import backoff

TRIES: Final = 20


class Ledger:
    """Raises botocore's errors. Of one process's changes of one key, each is made when the one before it is done."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._known: dict[str, tuple[int, bytes]] = {}

    async def change(self, key: str, make: Callable[[bytes], bytes | None], *, seconds: float) -> bool:
        """Put what `make` makes of the latest body in its place, to be kept for `seconds`; empty is what is not there.

        Where `make` returns None, nothing is written; it may have been handed a body that is no longer the latest.
        False where others were quicker again and again.
        """
        for attempt in range(TRIES):
            version, body = self._known.get(key, (0, b""))
            made = make(body)
            if made is None or await self._put(key, version, made, seconds):
                return True
            if attempt:
                await asyncio.sleep(backoff(attempt, base=0.002, cap=0.02))
        return False

    async def _put(self, key: str, version: int, body: bytes, seconds: float) -> bool:
        client = aws.client("dynamodb")
        try:
            await asyncio.to_thread(
                client.put_item,
                TableName=self._table,
                Item={
                    "pk": {"S": key},
                    "body": {"B": body},
                    "version": {"N": str(version + 1)},
                    "expires_at": {"N": str(int(time.time() + seconds) + 1)},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **_unless_changed(version),
            )
        except client.exceptions.ConditionalCheckFailedException as refusal:
            item = refusal.response.get("Item")
            self._known.pop(key, None)
            if item is not None:
                self._known[key] = (int(item["version"]["N"]), bytes(item["body"]["B"]))
            return False
        self._known[key] = (version + 1, body)
        return True


def _unless_changed(version: int) -> dict[str, Any]:
    if not version:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }

"""The second tier: a DynamoDB table that all processes share, with leases, and S3 for what is too large for an item.

An item: `pk`, `body` (msgpack) or `object` (its S3 key), `packed` where the body is zlib-compressed, `made_at`, `soft`,
`hard` (epoch seconds), `negative`, `expires_at` for DynamoDB's own deletion, which runs days late and is therefore
never relied upon; `lease_until` and `fence` while somebody computes.
Limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

import asyncio
import time
import zlib
from collections.abc import Sequence
from itertools import batched
from typing import Any, Final

from fanfare import aws
from fanfare.cache.record import Record
from fanfare.cache.s3 import Objects
from fanfare.resilience import backoff

READ_BATCH: Final = 100
WRITE_BATCH: Final = 25
SPILL_BYTES: Final = 300_000
COMPRESS_BYTES: Final = 1_000
TRIES: Final = 4

type Item = dict[str, Any]


class Table:
    """Raises botocore's errors; `fanfare.cache` turns them into misses."""

    def __init__(self, name: str, objects: Objects | None = None) -> None:
        self._name = name
        self._objects = objects

    async def get_many(self, keys: Sequence[str], *, consistent: bool = False) -> dict[str, Record]:
        """Return what is there, by key: one BatchGetItem per hundred keys, side by side."""
        pages = await asyncio.gather(*(self._read(list(page), consistent) for page in batched(keys, READ_BATCH)))
        items = [item for page in pages for item in page if "made_at" in item]
        records = await asyncio.gather(*(self._unpack(item) for item in items), return_exceptions=True)
        # A spilled object that cannot be read is a miss for its own key only.
        return {record.key: record for record in records if isinstance(record, Record)}

    async def put_many(self, records: Sequence[Record], *, ended: Sequence[str] = ()) -> None:
        """Write records, last writer wins, and delete leases that are no records: one BatchWriteItem per 25."""
        packed = await asyncio.gather(*(self._pack(record) for record in records), return_exceptions=True)
        # A body that cannot be spilled is not shared; the others are.
        items = [item for item in packed if not isinstance(item, BaseException)]
        requests = [{"PutRequest": {"Item": item}} for item in items]
        requests += [{"DeleteRequest": {"Key": {"pk": {"S": key}}}} for key in ended]
        await asyncio.gather(*(self._write(list(page)) for page in batched(requests, WRITE_BATCH)))

    async def acquire(self, key: str, seconds: float) -> int | None:
        """Lease the right to compute `key`; return the fence to write with, or None if somebody else holds it."""
        now = time.time()
        answer = await self._conditional(
            "update_item",
            Key={"pk": {"S": key}},
            UpdateExpression=(
                "SET lease_until = :until, fence = if_not_exists(fence, :zero) + :one, "
                "expires_at = if_not_exists(expires_at, :gone)"
            ),
            ConditionExpression="attribute_not_exists(lease_until) OR lease_until < :now",
            ExpressionAttributeValues={
                ":until": _number(now + seconds),
                ":now": _number(now),
                ":zero": _number(0),
                ":one": _number(1),
                ":gone": _number(int(now + 3600)),
            },
            ReturnValues="UPDATED_NEW",
        )
        return None if answer is None else int(answer["Attributes"]["fence"]["N"])

    async def put_fenced(self, record: Record, fence: int) -> bool:
        """Write and give the lease back, unless somebody with a later fence took over; then nothing is written."""
        item = await self._pack(record)
        answer = await self._conditional(
            "put_item",
            Item=item | {"fence": _number(fence)},
            ConditionExpression="fence = :fence",
            ExpressionAttributeValues={":fence": _number(fence)},
        )
        return answer is not None

    async def release(self, key: str, fence: int) -> None:
        """Give the lease back without a value."""
        await self._conditional(
            "update_item",
            Key={"pk": {"S": key}},
            UpdateExpression="REMOVE lease_until",
            ConditionExpression="fence = :fence",
            ExpressionAttributeValues={":fence": _number(fence)},
        )

    async def peek(self, key: str) -> tuple[Record | None, bool]:
        """Read `key` consistently: the record, and whether somebody is computing it now."""
        answer = await self._call("get_item", Key={"pk": {"S": key}}, ConsistentRead=True)
        item = answer.get("Item", {})
        leased = "lease_until" in item and float(item["lease_until"]["N"]) > time.time()
        return (await self._unpack(item) if "made_at" in item else None), leased

    async def _read(self, keys: list[str], consistent: bool) -> list[Item]:
        """One page. Keys that DynamoDB leaves unprocessed are asked for again, then given up as misses."""
        wanted = [{"pk": {"S": key}} for key in keys]
        found: list[Item] = []
        for attempt in range(1, TRIES + 1):
            answer = await asyncio.to_thread(
                aws.client("dynamodb").batch_get_item,
                RequestItems={self._name: {"Keys": wanted, "ConsistentRead": consistent}},
            )
            found += answer["Responses"].get(self._name, [])
            wanted = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if not wanted:
                break
            await asyncio.sleep(backoff(attempt, base=0.02))
        return found

    async def _write(self, requests: list[Any]) -> None:
        for attempt in range(1, TRIES + 1):
            answer = await asyncio.to_thread(
                aws.client("dynamodb").batch_write_item, RequestItems={self._name: requests}
            )
            requests = answer.get("UnprocessedItems", {}).get(self._name, [])
            if not requests:
                break
            await asyncio.sleep(backoff(attempt, base=0.02))

    async def _call(self, operation: str, **arguments: Any) -> Any:
        return await asyncio.to_thread(getattr(aws.client("dynamodb"), operation), TableName=self._name, **arguments)

    async def _conditional(self, operation: str, **arguments: Any) -> Any | None:
        try:
            return await self._call(operation, **arguments)
        except aws.client("dynamodb").exceptions.ConditionalCheckFailedException:
            return None

    async def _pack(self, record: Record) -> Item:
        item: Item = {
            "pk": {"S": record.key},
            "made_at": _number(record.made_at),
            "soft": _number(record.soft),
            "hard": _number(record.hard),
            "expires_at": _number(int(record.hard) + 1),
        }
        if record.negative:
            item["negative"] = {"BOOL": True}
        body = record.body
        if len(body) >= COMPRESS_BYTES:
            packed = zlib.compress(body, 3)
            if len(packed) < 0.9 * len(body):
                body = packed
                item["packed"] = {"BOOL": True}
        if len(body) > SPILL_BYTES and self._objects is not None:
            item["object"] = {"S": await self._objects.put(body)}
        else:
            item["body"] = {"B": body}
        return item

    async def _unpack(self, item: Item) -> Record:
        if "object" in item and self._objects is not None:
            body = await self._objects.get(item["object"]["S"])
        else:
            body = item["body"]["B"]
        return Record(
            key=item["pk"]["S"],
            body=zlib.decompress(body) if "packed" in item else body,
            made_at=float(item["made_at"]["N"]),
            soft=float(item["soft"]["N"]),
            hard=float(item["hard"]["N"]),
            negative="negative" in item,
        )


def _number(value: float) -> dict[str, str]:
    return {"N": str(round(value, 3))}

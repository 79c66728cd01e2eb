"""Work that outlives a request: a table that tells how far each job is, and a queue that its parts go through.

Items of a job in the table: ``sk = job`` with its `total` and whether it is `cancelled`, and ``sk = item#<number>`` for
each piece of work, with how often it was begun (`attempts`), who has it for themselves until when (`claimed_by`,
`claimed_until`), and its `result` (msgpack) once there is one.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any, Final

import msgpack

from fanfare import aws, tables
from fanfare.errors import NotFound, UpstreamError

KEPT: Final = 7 * 86400
"""Seconds for which a job can be asked for."""
HEAD: Final = "job"
ITEM: Final = "item#"
SEND_BATCH: Final = 10
UNCLAIMED: Final = (
    "attribute_not_exists(#result) "
    "AND (attribute_not_exists(claimed_until) OR claimed_until < :now OR claimed_by = :me)"
)


@dataclass(slots=True)
class Job:
    """A job as the table has it: results and attempts by the number of the piece of work."""

    id: str
    total: int
    cancelled: bool
    results: dict[int, Any] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)


class Jobs:
    """Jobs of one table and one queue. Raises `UpstreamError` where these fail."""

    def __init__(self, table: str, queue_url: str) -> None:
        self._table = table
        self._queue_url = queue_url

    async def create(self, job_id: str, total: int) -> None:
        """Write down that there is a job; before any part of it is sent."""
        head = tables.key(job_id, HEAD) | {"total": tables.number(total), "expires_at": tables.expiry(KEPT)}
        await self._call("put_item", Item=head)

    async def send(self, job_id: str, parts: Sequence[Sequence[int]]) -> None:
        """Queue parts of a job, each by the numbers of its pieces: the first, and the one behind the last."""
        bodies = [json.dumps({"job": job_id, "from": part[0], "to": part[-1] + 1}) for part in parts]
        await asyncio.gather(*(asyncio.to_thread(self._send, page) for page in batched(bodies, SEND_BATCH)))

    def _send(self, bodies: Sequence[str]) -> None:
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        with aws.translated("jobs"):
            answer = aws.client("sqs").send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        if answer.get("Failed"):
            raise UpstreamError("jobs", answer["Failed"][0]["Code"])

    async def get(self, job_id: str) -> Job:
        """Return a job with all that is known of it; raises `NotFound`."""
        items = await self._items(job_id)
        head = next((item for item in items if item["sk"]["S"] == HEAD), None)
        if head is None or tables.expired(head):
            raise NotFound("there is no such job")
        job = Job(job_id, int(head["total"]["N"]), "cancelled" in head)
        for item in items:
            if item is not head:
                number = int(item["sk"]["S"].removeprefix(ITEM))
                job.attempts[number] = int(item.get("attempts", {"N": "0"})["N"])
                if "result" in item:
                    job.results[number] = msgpack.unpackb(item["result"]["B"])
        return job

    async def _items(self, job_id: str) -> list[tables.Item]:
        items: list[tables.Item] = []
        start: dict[str, Any] = {}
        while True:
            page = await self._call(
                "query",
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": job_id}},
                ConsistentRead=True,
                **start,
            )
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    async def is_cancelled(self, job_id: str) -> bool:
        answer = await self._call("get_item", Key=tables.key(job_id, HEAD), ConsistentRead=True)
        return "cancelled" in answer.get("Item", {"cancelled": True})

    async def cancel(self, job_id: str) -> None:
        """Let no further piece of a job begin."""
        await self._update(job_id, HEAD, "SET cancelled = :true", {":true": {"BOOL": True}})

    async def begin(self, job_id: str, number: int, *, worker: str, seconds: float) -> bool:
        """Claim a piece of work for a while; False if it is done, or another worker's claim holds."""
        now = time.time()
        values = {
            ":one": tables.number(1),
            ":gone": tables.expiry(KEPT),
            ":now": tables.number(now),
            ":until": tables.number(now + seconds),
            ":me": {"S": worker},
        }
        return await self._update(
            job_id,
            f"{ITEM}{number:05}",
            "SET expires_at = :gone, claimed_until = :until, claimed_by = :me ADD attempts :one",
            values,
            names={"#result": "result"},
            condition=UNCLAIMED,
        )

    async def give_back(self, job_id: str, number: int, *, worker: str) -> None:
        """Give up the claim to a piece of work that could not be done, if it is still this worker's."""
        values = {":zero": tables.number(0), ":me": {"S": worker}}
        expression = "SET claimed_until = :zero"
        await self._update(job_id, f"{ITEM}{number:05}", expression, values, condition="claimed_by = :me")

    async def is_done(self, job_id: str, number: int) -> bool:
        """Whether there is a result of a piece of work."""
        answer = await self._call("get_item", Key=tables.key(job_id, f"{ITEM}{number:05}"), ConsistentRead=True)
        return "result" in answer.get("Item", {})

    async def finish(self, job_id: str, number: int, result: object) -> None:
        """Write down what came of a piece of work, unless there is a result; `result` is of plain values."""
        values = {":result": {"B": msgpack.packb(result)}, ":gone": tables.expiry(KEPT)}
        await self._update(
            job_id,
            f"{ITEM}{number:05}",
            "SET #result = :result, expires_at = :gone",
            values,
            names={"#result": "result"},
            condition="attribute_not_exists(#result)",
        )

    async def queued(self) -> dict[str, int]:
        """Return how many messages, parts of any job, wait and are being worked; about."""
        names = {"waiting": "ApproximateNumberOfMessages", "under_way": "ApproximateNumberOfMessagesNotVisible"}

        def ask() -> dict[str, int]:
            with aws.translated("jobs"):
                sqs = aws.client("sqs")
                found = sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=list(names.values()))
            return {name: int(found["Attributes"][attribute]) for name, attribute in names.items()}

        return await asyncio.to_thread(ask)

    async def _update(
        self,
        job_id: str,
        sort: str,
        expression: str,
        values: Mapping[str, Any],
        *,
        names: Mapping[str, str] | None = None,
        condition: str | None = None,
    ) -> bool:
        """Return whether the condition holds."""
        optional = {"ExpressionAttributeNames": names, "ConditionExpression": condition}
        answer = await self._call(
            "update_item",
            Key=tables.key(job_id, sort),
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
            **{name: value for name, value in optional.items() if value},
        )
        return answer is not None

    async def _call(self, operation: str, **arguments: Any) -> Any:
        dynamodb = aws.client("dynamodb")
        return await tables.call(dynamodb, operation, told_as="jobs", TableName=self._table, **arguments)


def parse(body: str) -> tuple[str, range]:
    """Read a message back into a job's id and the numbers of a part; raises ValueError or KeyError for others."""
    message = json.loads(body)
    return message["job"], range(message["from"], message["to"])

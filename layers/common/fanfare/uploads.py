"""What strangers uploaded: S3's notifications, and the state of each upload.

Notifications come at least once and in any order, so a state is written only if its event is not older than the one
that is there: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote_plus, unquote_plus

from fanfare import aws, tables
from fanfare.errors import NotFound

KEPT: Final = 366 * 86400
"""Seconds for which a state is kept; a little longer than the uploaded object itself."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An object that was created. Of two with one key, the one with the greater `sequencer` came later."""

    key: str
    sequencer: str


@dataclass(frozen=True, slots=True)
class State:
    """What became of an upload: `sha256` of its bytes, and why it was refused, if it was."""

    status: Literal["done", "refused"]
    sha256: str
    reason: str = ""


def notified(body: str) -> list[Upload]:
    """Return the uploads that a notification tells of; none for the test that S3 sends when it is set up.

    Raises ValueError or KeyError for what is no notification of S3's.
    """
    message = json.loads(body)
    if message.get("Event") == "s3:TestEvent":
        return []
    return [
        # Keys come encoded as in forms, "+" for a space.
        Upload(unquote_plus(record["s3"]["object"]["key"]), record["s3"]["object"].get("sequencer", ""))
        for record in message["Records"]
    ]


async def announce(upload: Upload, queue_url: str) -> None:
    """Tell a queue of an upload as S3 would. Raises `UpstreamError`."""
    told = {"s3": {"object": {"key": quote_plus(upload.key), "sequencer": upload.sequencer}}}

    def send() -> None:
        with aws.translated("uploads"):
            aws.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps({"Records": [told]}))

    await asyncio.to_thread(send)


class UploadStates:
    """States of uploads in a DynamoDB table. Raises `UpstreamError` where that fails."""

    def __init__(self, table: str) -> None:
        self._table = table

    async def get(self, key: str) -> State:
        """Return the state of an upload; raises `NotFound` until there is one."""
        answer = await self._call("get_item", Key={"pk": {"S": key}}, ConsistentRead=True)
        if "Item" not in answer:
            raise NotFound("nothing is known of this upload")
        item = answer["Item"]
        return State(item["status"]["S"], item["sha256"]["S"], item["reason"]["S"])

    async def put(self, upload: Upload, state: State) -> bool:
        """Keep a state, unless that of a later event is there already; return whether it was kept."""
        values = {
            ":status": {"S": state.status},
            ":sha256": {"S": state.sha256},
            ":reason": {"S": state.reason},
            ":sequencer": {"S": upload.sequencer},
            ":expires_at": tables.expiry(KEPT),
        }
        answer = await self._call(
            "update_item",
            Key={"pk": {"S": upload.key}},
            UpdateExpression="SET #status = :status, sha256 = :sha256, reason = :reason, "
            "sequencer = :sequencer, expires_at = :expires_at",
            ConditionExpression="attribute_not_exists(sequencer) OR sequencer <= :sequencer",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=values,
        )
        return answer is not None

    async def _call(self, operation: str, **arguments: Any) -> Any:
        dynamodb = aws.client("dynamodb")
        return await tables.call(dynamodb, operation, told_as="uploads", TableName=self._table, **arguments)

"""What strangers uploaded: S3's notifications, and the state of each upload.

Notifications come at least once and in any order, so a state is written only if its event is not older than the one
that is there: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote_plus, unquote_plus

from fanfare import aws
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
        return await asyncio.to_thread(self._get, key)

    def _get(self, key: str) -> State:
        with aws.translated("uploads"):
            answer = aws.client("dynamodb").get_item(TableName=self._table, Key={"pk": {"S": key}}, ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        if item is None:
            raise NotFound("nothing is known of this upload")
        return State(item["status"]["S"], item["sha256"]["S"], item["reason"]["S"])

    async def put(self, upload: Upload, state: State) -> bool:
        """Keep a state, unless that of a later event is there already; return whether it was kept."""
        return await asyncio.to_thread(self._put, upload, state)

    def _put(self, upload: Upload, state: State) -> bool:
        values = {
            ":status": {"S": state.status},
            ":sha256": {"S": state.sha256},
            ":reason": {"S": state.reason},
            ":sequencer": {"S": upload.sequencer},
            ":expires_at": {"N": str(int(time.time()) + KEPT)},
        }
        dynamodb = aws.client("dynamodb")
        with aws.translated("uploads"):
            try:
                dynamodb.update_item(
                    TableName=self._table,
                    Key={"pk": {"S": upload.key}},
                    UpdateExpression="SET #status = :status, sha256 = :sha256, reason = :reason, "
                    "sequencer = :sequencer, expires_at = :expires_at",
                    ConditionExpression="attribute_not_exists(sequencer) OR sequencer <= :sequencer",
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues=values,
                )
            except dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

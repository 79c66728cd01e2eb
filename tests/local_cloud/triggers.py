"""Queues that invoke functions: what Lambda's event source mappings do with SQS.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import asyncio
import base64
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.aws import Aws
from local_cloud.deployment import Deployment, QueueTrigger
from local_cloud.pool import FunctionPool, InvokeResult, Log

RECEIVED_AT_ONCE: Final = 10
POLL: Final = 2
"""Seconds for which one request waits for messages. Lambda waits for up to 20; a message is taken as soon, and a new
visibility timeout counts from the next request.
"""
POLLERS: Final = 5
"""Batches that Lambda has in flight per queue to begin with."""


class QueueConsumer:
    """One queue's messages on their way to one function.

    A message is deleted once its batch, or with `report_failures` the message itself, has been dealt with; any other
    comes back after the queue's visibility timeout, and goes where its redrive policy says.
    """

    def __init__(self, trigger: QueueTrigger, deployment: Deployment, pool: FunctionPool, aws: Aws, log: Log) -> None:
        queue = deployment.queues[trigger.queue]
        self._trigger = trigger
        self._pool = pool
        self._log = log
        self._sqs = aws.client("sqs")
        self._url = aws.queue_url(deployment.account, queue["QueueName"])
        self._arn = f"arn:aws:sqs:{deployment.region}:{deployment.account}:{queue['QueueName']}"
        self._region = deployment.region
        self._slots = asyncio.Semaphore(trigger.maximum_concurrency or POLLERS)
        self._batches: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix=trigger.queue)  # to receive and to delete
        visible_again = float(queue.get("VisibilityTimeout", 30))
        if visible_again < pool.function.timeout:
            # CreateEventSourceMapping refuses this, so the deployment would fail.
            raise ValueError(
                f"{trigger.queue}: visibility timeout {visible_again:g} s is less than the {pool.function.timeout:g} s "
                f"of {trigger.function}"
            )

    async def run(self) -> None:
        """Consume until cancelled."""
        try:
            while True:
                await self._slots.acquire()
                messages = await self._batch()
                if not messages:
                    self._slots.release()
                    continue
                batch = asyncio.create_task(self._process(messages))
                self._batches.add(batch)
                batch.add_done_callback(self._processed)
        finally:
            for batch in self._batches:
                batch.cancel()
            # A poll that is under way ends with moto.
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _batch(self) -> list[dict[str, Any]]:
        """The next messages: what is there, or with a batching window as many as come in it."""
        size = self._trigger.batch_size
        messages = await self._receive(min(size, RECEIVED_AT_ONCE), wait=POLL)
        until = time.monotonic() + self._trigger.batching_window
        while messages and len(messages) < size and time.monotonic() < until:
            messages += await self._receive(min(size - len(messages), RECEIVED_AT_ONCE), wait=1)
        return messages

    async def _receive(self, count: int, wait: int) -> list[dict[str, Any]]:
        try:
            answer = await self._call(
                self._sqs.receive_message,
                MaxNumberOfMessages=count,
                WaitTimeSeconds=wait,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
        except (BotoCoreError, ClientError) as error:
            self._log(f"{self._trigger.queue}: cannot receive: {error}")
            await asyncio.sleep(1)
            return []
        return list(answer.get("Messages", ()))

    async def _process(self, messages: Sequence[Mapping[str, Any]]) -> None:
        event = {"Records": [self._record(message) for message in messages]}
        result = await self._pool.invoke(json.dumps(event).encode())
        failed = failures(result, [message["MessageId"] for message in messages], self._trigger.report_failures)
        done = [message for message in messages if message["MessageId"] not in failed]
        for start in range(0, len(done), RECEIVED_AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(done[start : start + RECEIVED_AT_ONCE])
            ]
            await self._call(self._sqs.delete_message_batch, Entries=entries)

    def _processed(self, batch: asyncio.Task[None]) -> None:
        self._batches.discard(batch)
        self._slots.release()
        if not batch.cancelled() and (error := batch.exception()):
            self._log(f"{self._trigger.queue}: a batch was not settled: {error}")

    async def _call(self, operation: Any, **arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: operation(QueueUrl=self._url, **arguments))

    def _record(self, message: Mapping[str, Any]) -> dict[str, Any]:
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {
                name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": self._region,
        }
        if "MD5OfMessageAttributes" in message:
            record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
        return record


def failures(result: InvokeResult, message_ids: Sequence[str], report_failures: bool) -> set[str]:
    """Return the ids of the messages that have failed.

    With `report_failures` these are the reported ones; a report that is malformed, or names a message that was not
    in the batch, fails the whole batch.
    """
    everything = set(message_ids)
    if result.function_error:
        return everything
    answer = result.json() if report_failures else None
    if answer is None or answer == {}:
        return set()
    try:
        reported = {item["itemIdentifier"] for item in answer.get("batchItemFailures") or ()}
    except (AttributeError, KeyError, TypeError):
        return everything
    return everything if reported - everything else reported


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    given = {"dataType": value["DataType"], "stringListValues": [], "binaryListValues": []}
    if "StringValue" in value:
        given["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        given["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return given

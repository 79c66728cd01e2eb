"""Calls of DynamoDB tables that are no cache: of jobs, uploads, sessions; and what their items have in common."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from fanfare import aws

type Item = dict[str, Any]


async def call(dynamodb: Any, operation: str, *, told_as: str, **arguments: Any) -> Any:
    """Return DynamoDB's answer; None where the condition of a write does not hold.

    Raises `UpstreamError`, which tells of the table as `told_as`.
    """

    def ask() -> Any:
        with aws.translated(told_as):
            try:
                return getattr(dynamodb, operation)(**arguments)
            except dynamodb.exceptions.ConditionalCheckFailedException:
                return None

    return await asyncio.to_thread(ask)


def key(partition: str, sort: str) -> Item:
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def number(value: float) -> dict[str, str]:
    return {"N": str(round(value, 3))}


def expiry(seconds: float) -> dict[str, str]:
    """Return the `expires_at` of an item that is kept for `seconds` from now on."""
    return number(int(time.time() + seconds))


def expired(item: Mapping[str, Any]) -> bool:
    """Whether an item's time is over: DynamoDB deletes it days later, and reads it until then."""
    return float(item["expires_at"]["N"]) < time.time()

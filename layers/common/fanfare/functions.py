"""Functions of the bundle that call each other: each call is an invocation, with a process and cores of its own.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import asyncio
import functools
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from fanfare import aws, telemetry
from fanfare.errors import UpstreamError

AT_ONCE: Final = 24
"""Invocations that wait for their answers, in threads of their own: tables need not wait for them."""


async def invoke(function: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Invoke a function by its name or ARN and return its answer. Cancelling does not end the invocation.

    Raises `UpstreamError` where it cannot be invoked or fails.
    """
    telemetry.count_call("function")
    return await asyncio.get_running_loop().run_in_executor(_threads(), _invoke, function, json.dumps(event).encode())


async def send(function: str, event: Mapping[str, Any]) -> None:
    """Have a function invoked in its own time, and again if it fails; raises `UpstreamError` if nobody takes it."""
    telemetry.count_call("function")
    await asyncio.to_thread(_send, function, json.dumps(event).encode())


def _invoke(function: str, payload: bytes) -> dict[str, Any]:
    with aws.translated("function"):
        answer = aws.client("lambda").invoke(FunctionName=function, Payload=payload)
        body = answer["Payload"].read()
    if "FunctionError" in answer:
        raise UpstreamError("function", "it failed")
    made: dict[str, Any] = json.loads(body)
    return made


def _send(function: str, payload: bytes) -> None:
    with aws.translated("function"):
        aws.client("lambda").invoke(FunctionName=function, Payload=payload, InvocationType="Event")


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="invoking")

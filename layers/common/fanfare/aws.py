"""The one place that makes AWS clients: one per service and process, remade after a SnapStart restore."""

import asyncio
import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from snapshot_restore_py import register_after_restore

from fanfare.errors import ConfigurationError, NotFound, UpstreamError

SLOW = frozenset({"lambda", "polly"})
"""Services that compute while they are waited for."""
SECRET_TTL = 300.0
"""Seconds a secret is kept, so that a rotated one is picked up without a deployment."""

SECRET_RETRY = 30.0
"""Seconds after which one that could not be read anew is asked for again."""
SECRET_WAIT = 3.0
"""Seconds that a request waits for a secret."""

_secrets: dict[str, tuple[float, str]] = {}
_reading: dict[str, asyncio.Future[str]] = {}


@functools.cache
def client(service: str) -> Any:
    """Return the process's client for `service`, e.g. ``client("dynamodb")``.

    Attempts, timeouts and mode are explicit: botocore's defaults (60 s, and a retry quota that changed in 1.44) do not
    belong on an interactive path.
    """
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        config=Config(
            connect_timeout=1,
            # What takes its time is tried again by whoever asks for it, who is told of refusals, on its own.
            read_timeout=20 if service in SLOW else 3,
            retries={"total_max_attempts": 1 if service in SLOW else 2, "mode": "standard"},
            max_pool_connections=32,
            parameter_validation=False,
            # What is signed for others: by the one signature that new buckets take, for the host of their own region.
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "virtual"},
        ),
    )


@contextmanager
def translated(upstream: str) -> Iterator[None]:
    """Turn botocore's errors within the block into ours: `NotFound` for what is not there, else `UpstreamError`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in {"404", "NoSuchKey", "NotFound"}:
            raise NotFound("there is no such object") from error
        raise UpstreamError(upstream, code) from error
    except BotoCoreError as error:
        raise UpstreamError(upstream, type(error).__name__) from error


async def secret(parameter: str) -> str:
    """Return the SSM SecureString `parameter`, kept for `SECRET_TTL`; raises `ConfigurationError` naming it.

    One that cannot be read anew is used for a while longer.
    """
    kept = _secrets.get(parameter)
    if kept and time.monotonic() < kept[0]:
        return kept[1]
    reading = _reading.get(parameter)
    if reading is None or reading.done():
        reading = _reading[parameter] = asyncio.ensure_future(asyncio.to_thread(_read_secret, parameter))
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever waits is told
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        async with asyncio.timeout(SECRET_WAIT):
            value = await asyncio.shield(reading)
    except (BotoCoreError, ClientError, TimeoutError) as error:
        if kept:
            _secrets[parameter] = (time.monotonic() + SECRET_RETRY, kept[1])
            return kept[1]
        raise ConfigurationError(f"the secret {parameter} cannot be read") from error
    _secrets[parameter] = (time.monotonic() + SECRET_TTL, value)
    return value


def _read_secret(parameter: str) -> str:
    value: str = client("ssm").get_parameter(Name=parameter, WithDecryption=True)["Parameter"]["Value"]
    return value


def _forget() -> None:
    client.cache_clear()
    _secrets.clear()
    _reading.clear()


register_after_restore(_forget)

"""The third tier: S3 objects under ``cache/``, for bodies too large for a DynamoDB item. Named by their content."""

import hashlib
from typing import Final

from fanfare.storage import Bucket

PREFIX = "cache/"
MOST: Final = 64 * 1024 * 1024
"""Bytes of an object that is read back."""


class Objects:
    def __init__(self, bucket: str) -> None:
        self._bucket = Bucket(bucket)

    async def put(self, body: bytes) -> str:
        """Store `body` and return its key; the same body is the same object."""
        key = f"{PREFIX}{hashlib.sha256(body).hexdigest()}"
        await self._bucket.put(key, body, "application/octet-stream")
        return key

    async def get(self, key: str) -> bytes:
        """Return the object's bytes; raises `NotFound` or `UpstreamError`."""
        return (await self._bucket.get(key, most=MOST)).body

"""The bundle's bucket: objects read whole and bounded, written, and signed for those who have no credentials.

Prefixes: strangers write under ``uploads/``, the bundle under ``derived/`` (and ``cache/``, see `fanfare.cache`), so
that nothing it writes can start its own triggers.
"""

import asyncio
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from fanfare import aws
from fanfare.errors import ConfigurationError, ContentTooLarge
from fanfare.settings import settings

UPLOADS: Final = "uploads/"
DERIVED: Final = "derived/"
VARIANT_FILES: Final = f"{DERIVED}variants/"
"""Pictures in presets: they expire, and are made anew if they are asked for again."""
ANSWER_FILES: Final = f"{DERIVED}answers/"
"""Answers that did not fit into one: they expire within days."""
SIGNED_SECONDS: Final = 600
"""For which what is signed is good. It cannot outlive the role's credentials, and they are renewed ten minutes before
their end at the latest: `botocore.credentials.RefreshableCredentials`.
"""


@dataclass(frozen=True, slots=True)
class StoredObject:
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class SignedPost:
    """A form that whoever holds it may send to `url` once or more, until it expires; `fields` come before the file."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ranges:
    """An object of `size` bytes that is read in pieces, by any thread. It is this very one, or reading fails."""

    bucket: str
    key: str
    size: int
    entity_tag: str

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` up to `stop`, fewer at the end; raises `NotFound` or `UpstreamError`."""
        if not start < min(stop, self.size):
            return b""
        with aws.translated("storage"):
            answer = aws.client("s3").get_object(
                Bucket=self.bucket, Key=self.key, Range=f"bytes={start}-{stop - 1}", IfMatch=self.entity_tag
            )
            body: bytes = answer["Body"].read()
        return body


class Bucket:
    """One bucket. Every method raises `UpstreamError` where S3 fails; times are seconds."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def get(self, key: str, *, most: int) -> StoredObject:
        """Return an object of `most` bytes at most; raises `NotFound` or `ContentTooLarge`."""
        return await asyncio.to_thread(self._get, key, most)

    def _get(self, key: str, most: int) -> StoredObject:
        with aws.translated("storage"):
            answer = self._s3.get_object(Bucket=self.name, Key=key)
            if answer["ContentLength"] > most:
                answer["Body"].close()
                raise ContentTooLarge(f"{answer['ContentLength']} bytes; at most {most} are taken")
            return StoredObject(answer["Body"].read(), answer.get("ContentType", ""))

    async def entity_tag(self, key: str) -> str:
        """Return what changes with an object's bytes, without reading them; raises `NotFound`."""
        return await asyncio.to_thread(self._entity_tag, key)

    def _entity_tag(self, key: str) -> str:
        with aws.translated("storage"):
            return str(self._s3.head_object(Bucket=self.name, Key=key)["ETag"])

    async def ranges(self, key: str) -> Ranges:
        """Return an object to be read in pieces; raises `NotFound`."""
        return await asyncio.to_thread(self._ranges, key)

    def _ranges(self, key: str) -> Ranges:
        with aws.translated("storage"):
            found = self._s3.head_object(Bucket=self.name, Key=key)
        return Ranges(self.name, key, found["ContentLength"], found["ETag"])

    async def age(self, key: str) -> float:
        """Return the seconds since an object was written; raises `NotFound`."""
        return await asyncio.to_thread(self._age, key)

    def _age(self, key: str) -> float:
        with aws.translated("storage"):
            written: datetime = self._s3.head_object(Bucket=self.name, Key=key)["LastModified"]
        return (datetime.now(UTC) - written).total_seconds()

    async def put(self, key: str, body: bytes, media_type: str) -> None:
        await asyncio.to_thread(self._put, key, body, media_type)

    def _put(self, key: str, body: bytes, media_type: str) -> None:
        with aws.translated("storage"):
            self._s3.put_object(Bucket=self.name, Key=key, Body=body, ContentType=media_type)

    async def signed_url(self, key: str, *, seconds: int) -> str:
        """Return a URL at which anybody may read the object for a while."""
        return await asyncio.to_thread(self._signed_url, key, seconds)

    def _signed_url(self, key: str, seconds: int) -> str:
        parameters = {"Bucket": self.name, "Key": key}
        with aws.translated("storage"):
            url: str = self._s3.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)
        return url

    async def signed_urls(self, keys: Sequence[str], *, seconds: int) -> list[str]:
        """The same of many objects."""
        return await asyncio.to_thread(lambda: [self._signed_url(key, seconds) for key in keys])

    async def signed_post(self, key: str, media_type: str, *, most: int, seconds: int) -> SignedPost:
        """Return a form for one object: this key, this media type, 1 to `most` bytes.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
        """
        return await asyncio.to_thread(self._signed_post, key, media_type, most, seconds)

    def _signed_post(self, key: str, media_type: str, most: int, seconds: int) -> SignedPost:
        conditions = [["content-length-range", 1, most], {"Content-Type": media_type}]
        with aws.translated("storage"):
            made = self._s3.generate_presigned_post(
                self.name, key, Fields={"Content-Type": media_type}, Conditions=conditions, ExpiresIn=seconds
            )
        return SignedPost(made["url"], made["fields"])

    @property
    def _s3(self) -> Any:
        return aws.client("s3")


@functools.cache
def bucket() -> Bucket:
    """The bucket of this process, as the settings say."""
    name = settings().storage_bucket
    if not name:
        raise ConfigurationError("STORAGE_BUCKET: no bucket is configured")
    return Bucket(name)

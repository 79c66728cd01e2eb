"""Where pictures come from: the bucket's uploads, and allowed hosts."""

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from fanfare import imaging
from fanfare.bodies import File
from fanfare.errors import InvalidInput, NotFound, UpstreamRejected
from fanfare.storage import UPLOADS, Bucket

if TYPE_CHECKING:
    from fanfare.upstreams.remote import Remote

PREFIX: Final = f"{UPLOADS}images/"
LONGEST_KEY: Final = 1024
"""Bytes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
FETCH_SECONDS: Final = 10.0
IN_PATHS: Final = "/!$&'()*+,;=:@"
"""What stands for itself in a path (RFC 3986, 3.3)."""


class Sources:
    def __init__(self, bucket: Bucket, remote: "Remote") -> None:
        self._bucket = bucket
        self._remote = remote

    async def uploaded(self, key: str) -> File:
        """Return an uploaded object; raises `InvalidInput`, `NotFound` or `ContentTooLarge`."""
        if not is_upload(key):
            raise InvalidInput({"key": f"is not that of an object under {PREFIX}"})
        found = await self._bucket.get(key, most=imaging.LIMITS.bytes)
        return File(found.body, found.media_type)

    async def remote(self, url: str) -> File:
        """Return a picture from an allowed host; raises as `fanfare.upstreams.remote.Remote.fetch` does."""
        return await self._remote.fetch(url, limit=imaging.LIMITS.bytes, timeout=FETCH_SECONDS)

    async def named(self, source: str) -> File:
        """Return what a path names: ``uploads/<name>``, or a host and a path on it; raises `NotFound` and the like.

        That a host refuses, or has something else there, is nobody's failure: there is no such picture.
        """
        place, _, rest = source.partition("/")
        if not is_remote(source):
            return await self.uploaded(PREFIX + rest)
        try:
            # The path came decoded: a "?" or "#" in it is a part of it.
            return await self.remote(f"https://{place}/{quote(rest, safe=IN_PATHS)}")
        except (*imaging.REFUSED, UpstreamRejected) as error:
            raise NotFound(f"there is no picture: {error}") from error

    async def version(self, source: str) -> str:
        """Return what changes when an upload is replaced; nothing for remote pictures. Raises `NotFound`."""
        if is_remote(source):
            return ""
        rest = source.removeprefix("uploads/")
        if not is_upload(PREFIX + rest):
            raise NotFound("there is no such upload")
        return await self._bucket.entity_tag(PREFIX + rest)


def is_remote(source: str) -> bool:
    """Whether a path names a picture on a host."""
    return not source.startswith("uploads/")


def is_upload(key: str) -> bool:
    """Whether an object with this key would be an upload. Dot segments lead elsewhere wherever they are resolved."""
    return key.startswith(PREFIX) and len(key.encode()) <= LONGEST_KEY and {".", ".."}.isdisjoint(key.split("/"))

"""What is made of an uploaded picture: derivatives in the bucket, and one record that tells of them.

Everything lies under ``derived/images/<sha256 of the upload>/`` and is worked once per content: by a lease while it is
being made, by the record ever after.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import msgpack

from fanfare import aio, imaging
from fanfare.cache import Store
from fanfare.cache.registry import DERIVATIVES
from fanfare.errors import ContentTooLarge, NotFound
from fanfare.imaging import Encoded, Options
from fanfare.storage import DERIVED, Bucket
from fanfare.uploads import State, Upload, UploadStates
from images import description

VERSION: Final = 1
"""Of a record and what it tells of; raised when the same upload shall be worked anew."""
MOST_RECORD: Final = 1 << 20
FULL: Final[Mapping[str, Options]] = {
    "1024.jpg": Options(format="jpeg"),
    "1024.webp": Options(format="webp"),
    "1024.avif": Options(format="avif"),
}
THUMBNAIL: Final = "64.jpg"
THUMBNAIL_SIDE: Final = 64


class Derivatives:
    def __init__(self, bucket: Bucket, states: UploadStates, store: Store) -> None:
        self._bucket = bucket
        self._states = states
        self._records = store.bind(DERIVATIVES, self._record, key=lambda digest, _: (digest, VERSION))

    async def take(self, upload: Upload) -> None:
        """Work an upload: make what is derived from it, and say what became of it.

        A file that cannot be used is refused, with the reason in its record. Raises `UpstreamError` where trying again
        may help.
        """
        try:
            body = (await self._bucket.get(upload.key, most=imaging.LIMITS.bytes)).body
        except NotFound:
            return  # deleted since
        except ContentTooLarge as error:
            await self._states.put(upload, State("refused", "", str(error)))
            return
        digest = hashlib.sha256(body).hexdigest()
        record = (await self._records.get(digest, body)).value
        state = State("refused", digest, record["error"]) if record["error"] else State("done", digest)
        await self._states.put(upload, state)

    async def record(self, digest: str) -> dict[str, Any]:
        """Return the record of a content, whatever version made it; raises `NotFound`."""
        stored = await self._bucket.get(record_key(digest), most=MOST_RECORD)
        found: dict[str, Any] = msgpack.unpackb(stored.body)
        return found

    async def _record(self, digest: str, body: bytes) -> dict[str, Any]:
        try:
            found = await self.record(digest)
        except NotFound:
            found = {}
        if found.get("version") == VERSION:
            return found
        try:
            record = await self._derive(digest, body)
        except imaging.REFUSED as error:
            record = {"error": str(error)}
        record = {"version": VERSION, "sha256": digest, "error": "", **record}
        # Last, so that a record tells only of what is there.
        await self._bucket.put(record_key(digest), msgpack.packb(record), "application/vnd.msgpack")
        return record

    async def _derive(self, digest: str, body: bytes) -> dict[str, Any]:
        checkpoint = aio.checkpoint()
        rendered, source = await aio.compute(imaging.render, body)
        whole = rendered.frames[0]
        placeholder, colours, pictures = await asyncio.gather(
            aio.compute(description.placeholder, whole),
            aio.compute(description.colours, whole),
            asyncio.gather(*(aio.compute(imaging.encode, rendered, options, checkpoint) for options in FULL.values())),
        )
        derived = dict(zip(FULL, pictures, strict=True))
        derived[THUMBNAIL] = imaging.encode(imaging.shrunk(rendered, THUMBNAIL_SIDE), Options())
        await asyncio.gather(
            *(self._bucket.put(f"{folder(digest)}{name}", made.body, made.media_type) for name, made in derived.items())
        )
        return {
            "source": asdict(source),
            "thumbhash": placeholder,
            "colours": colours,
            "derivatives": {name: _told(made) for name, made in derived.items()},
        }


def folder(digest: str) -> str:
    return f"{DERIVED}images/{digest}/"


def record_key(digest: str) -> str:
    return f"{folder(digest)}record.msgpack"


def _told(made: Encoded) -> dict[str, Any]:
    return {"media_type": made.media_type, "width": made.width, "height": made.height, "bytes": len(made.body)}

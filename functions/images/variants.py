"""Posters, covers and uploads in the sizes of `presets`: made once per content, then served from the bucket."""

import hashlib
import time
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from fanfare import aio, imaging, telemetry
from fanfare.cache import Store
from fanfare.cache.memory import Memory
from fanfare.cache.record import Record
from fanfare.cache.registry import VARIANTS
from fanfare.errors import NotFound, UpstreamError
from fanfare.storage import VARIANT_FILES, Bucket
from images.files import etag, file_name
from images.negotiation import best
from images.presets import PRESETS
from images.sources import Sources, is_remote

KEPT_BYTES: Final = 32 << 20
"""Of pictures in this process's memory."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A picture that can be served, and the size of what it was made from."""

    key: str
    etag: str
    media_type: str
    bytes: int
    source_bytes: int

    @property
    def saved_ratio(self) -> float:
        """1 − bytes / bytes of the source."""
        return round(1 - self.bytes / self.source_bytes, 4)


class Variants:
    def __init__(self, sources: Sources, bucket: Bucket, store: Store) -> None:
        self._sources = sources
        self._bucket = bucket
        self._bodies = Memory(KEPT_BYTES)
        self._index = store.bind(VARIANTS, self._computed)

    async def find(self, preset: str, source: str, accept: str) -> Variant:
        """Return the variant of a source in the best accepted format; it is made now if it has to be.

        Raises `NotFound` (no such preset, no such source) and what the sources and `fanfare.imaging` raise.
        """
        if preset not in PRESETS:
            raise NotFound(f"there is no such preset; there are {', '.join(PRESETS)}")
        version = await self._sources.version(source)
        entry = await self._index.get(preset, source, best(accept, otherwise="jpeg"), version)
        return Variant(**entry.value)

    async def read(self, variant: Variant, preset: str, source: str, accept: str) -> tuple[Variant, bytes]:
        """Return the variant and its bytes. They are made anew if they are gone, or the bucket is, and the source may
        have changed since.
        """
        try:
            return variant, await self._body(variant.key)
        except (NotFound, UpstreamError):
            return await self._make(preset, source, best(accept, otherwise="jpeg"))

    async def _computed(self, preset: str, source: str, format_: imaging.Format, _: str) -> dict[str, Any]:
        variant, _body = await self._make(preset, source, format_)
        return asdict(variant)

    async def _make(self, preset: str, source: str, format_: imaging.Format) -> tuple[Variant, bytes]:
        with telemetry.stage("source"):
            file = await self._sources.named(source)
        options = replace(PRESETS[preset], format=format_)
        key = f"{VARIANT_FILES}{hashlib.sha256(file.body).hexdigest()}/{file_name(options)}"
        try:
            body = await self._body(key)
        except (NotFound, UpstreamError):
            with telemetry.stage("optimize"):
                checkpoint = aio.checkpoint()
                made = await aio.compute(_optimized, source, file.body, options, checkpoint)
            body = made.body
            self._remember(key, body)
            await self._store(key, body, imaging.MEDIA_TYPES[format_])
        return Variant(key, etag(body), imaging.MEDIA_TYPES[format_], len(body), len(file.body)), body

    async def _body(self, key: str) -> bytes:
        """Return a picture from memory or from the bucket; raises `NotFound` or `UpstreamError`."""
        kept = self._bodies.get(key, time.time())
        if kept is not None:
            return kept.body
        with telemetry.stage("fetch"):
            body = (await self._bucket.get(key, most=imaging.LIMITS.bytes)).body
        self._remember(key, body)
        return body

    def _remember(self, key: str, body: bytes) -> None:
        self._bodies.put(Record(key, body, made_at=time.time(), soft=float("inf"), hard=float("inf")))

    async def _store(self, key: str, body: bytes, media_type: str) -> None:
        """Keep a picture for other processes; if that fails, they make it themselves."""
        try:
            with telemetry.stage("store"):
                await self._bucket.put(key, body, media_type)
        except UpstreamError as error:
            telemetry.log_failure("a picture could not be stored", error)


def _optimized(source: str, body: bytes, options: imaging.Options, checkpoint: imaging.Checkpoint) -> imaging.Optimized:
    try:
        return imaging.optimize(body, options, imaging.LIMITS, checkpoint)
    except imaging.REFUSED as error:
        if is_remote(source):
            raise NotFound(f"there is no picture: {error}") from error
        raise

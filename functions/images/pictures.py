"""One picture, as a request asks for it: from its source through the engine to bytes, or to a URL for them."""

from dataclasses import dataclass
from typing import Final

from fanfare import aio, imaging, telemetry
from fanfare.bodies import File
from fanfare.errors import UnsupportedMediaType
from fanfare.meta import meta
from fanfare.storage import ANSWER_FILES, SIGNED_SECONDS, Bucket
from images.contract import Picture, PictureOptions, PictureRequest
from images.files import etag, extension
from images.negotiation import best
from images.sources import Sources

ENCODED_LIMIT: Final = 6 * 1024 * 1024 - 16 * 1024
"""Bytes of base64 that fit into Lambda's answer beside headers and JSON:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
_UNTOLD: Final = {"", "application/octet-stream", "binary/octet-stream", "image/*"}
_ALIASES: Final = {
    "image/jpg": "jpeg",
    "image/pjpeg": "jpeg",
    "image/x-png": "png",
    "image/apng": "png",
    "image/heic": "heif",
}


@dataclass(frozen=True, slots=True)
class Made:
    """A picture that is ready to be answered with."""

    picture: imaging.Optimized

    @property
    def etag(self) -> str:
        return etag(self.picture.body)

    @property
    def saved_ratio(self) -> float:
        """1 − bytes / bytes of the source."""
        return round(1 - len(self.picture.body) / self.picture.source.bytes, 4)

    def fits(self) -> bool:
        """Whether the picture can be answered with, in base64 as API Gateway wants it."""
        return -(-len(self.picture.body) // 3) * 4 <= ENCODED_LIMIT


class Pictures:
    def __init__(self, sources: Sources, bucket: Bucket) -> None:
        self._sources = sources
        self._bucket = bucket

    async def make(self, asked: PictureOptions, of: PictureRequest | File, accept: str) -> Made:
        """Return the picture as asked for; raises what the sources and `fanfare.imaging.optimize` raise."""
        with telemetry.stage("source"):
            file = await self._source(of)
        with telemetry.stage("optimize"):
            sent = isinstance(of, File)
            return await aio.compute(_make, file, asked, accept, aio.checkpoint(), sent=sent)

    async def _source(self, of: PictureRequest | File) -> File:
        if isinstance(of, File):
            return of
        return await (self._sources.uploaded(of.key) if of.key is not None else self._sources.remote(of.url or ""))

    async def link(self, made: Made) -> Picture:
        """Keep the picture in the bucket and return where it can be fetched; raises `UpstreamError`."""
        picture = made.picture
        key = f"{ANSWER_FILES}{made.etag.strip('"')}.{extension(picture.format)}"
        with telemetry.stage("store"):
            await self._bucket.put(key, picture.body, picture.media_type)
            url = await self._bucket.signed_url(key, seconds=SIGNED_SECONDS)
        return Picture(
            url=url,
            expires_in=SIGNED_SECONDS,
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
            bytes=len(picture.body),
            quality=picture.quality,
            saved_ratio=made.saved_ratio,
            etag=made.etag,
            meta=meta({"picture": "computed"}),
        )


def _make(file: File, asked: PictureOptions, accept: str, checkpoint: imaging.Checkpoint, *, sent: bool) -> Made:
    def options(source: imaging.Source) -> imaging.Options:
        if sent:
            _check_type(file.media_type, source)
        return asked.options(_format(asked, source, accept))

    return Made(imaging.optimize(file.body, options, imaging.LIMITS, checkpoint))


def _check_type(declared: str, source: imaging.Source) -> None:
    """Raise `UnsupportedMediaType` if a picture is not what its sender says."""
    if declared not in _UNTOLD and _ALIASES.get(declared, declared.removeprefix("image/")) != source.format:
        raise UnsupportedMediaType(f"sent as {declared}, but it is {source.format.upper()}")


def _format(asked: PictureOptions, source: imaging.Source, accept: str) -> imaging.Format:
    if asked.format != "auto":
        return asked.format
    return best(accept, otherwise="png" if source.alpha else "jpeg")

"""A photo that comes with a wish, made into what a vision model needs to see, and no more."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from fanfare import aio
from fanfare.errors import InvalidInput, MalformedBody
from fanfare.imaging import REFUSED, Checkpoint, Limits, Options, optimize

SIDE: Final = 512
"""Pixels. A model that is asked for low detail sees no more, and a mood needs no more.

Source: https://developers.openai.com/api/docs/guides/images-vision#choose-an-image-detail-level
"""

LIMITS: Final = Limits(bytes=8 << 20, pixels=26_000_000, heavy_pixels=13_000_000)
"""Tighter than where pictures are all there is to do: what carries a photo has 6 MB at most, and less memory."""

_DATA_URL: Final = re.compile(r"data:image/[^,]*;base64,", re.IGNORECASE)
"""RFC 2397."""


@dataclass(frozen=True, slots=True)
class Photo:
    """What a model is shown, as the data URL of a JPEG.

    `digest` is of exactly that: the SHA-256 of the small picture. Files that differ only in what no model sees, such as
    their metadata, are the same photo to a cache, and whatever changes the picture makes it another one.
    """

    digest: str
    url: str = field(repr=False)


async def prepared(text: str) -> Photo:
    """Read the picture file in `text`, plain base64 or a data URL, and make it upright, small and free of metadata.

    In a thread: decoding a large photo takes a while. Raises `InvalidInput`, which names the field and the reason.
    """
    return await aio.compute(_prepared, text, aio.checkpoint())


def _prepared(text: str, checkpoint: Checkpoint) -> Photo:
    try:
        picture = optimize(_file(text), Options(width=SIDE, height=SIDE), LIMITS, checkpoint)
    except REFUSED as error:
        raise InvalidInput({"photo": str(error)}) from None
    encoded = base64.b64encode(picture.body).decode()
    return Photo(hashlib.sha256(picture.body).hexdigest(), f"data:{picture.media_type};base64,{encoded}")


def _file(text: str) -> bytes:
    """Decode base64 (RFC 4648, section 4); line breaks, as many encoders write them, do not count."""
    if header := _DATA_URL.match(text):
        text = text[header.end() :]
    elif text[:5].lower() == "data:":
        raise MalformedBody("a data URL must begin with data:image/…;base64,")
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise MalformedBody("must be a picture file in base64") from None
    if not data:
        raise MalformedBody("must not be empty")
    return data

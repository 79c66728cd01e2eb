"""A photo that comes with a wish, as base64 in its JSON."""

import base64
import re
from dataclasses import replace
from typing import Final

from fanfare import aio, photos
from fanfare.errors import InvalidInput, MalformedBody
from fanfare.imaging import Limits
from fanfare.photos import Photo

LIMITS: Final[Limits] = replace(photos.LIMITS, bytes=8 << 20)
"""What carries a photo has 6 MB at most."""

_DATA_URL: Final = re.compile(r"data:image/[^,]*;base64,", re.IGNORECASE)
"""RFC 2397."""


async def prepared(text: str) -> Photo:
    """Read the picture file in `text`, plain base64 or a data URL; raises `InvalidInput`, which names the field."""
    try:
        file = await aio.compute(_file, text)
    except MalformedBody as error:
        raise InvalidInput({"photo": str(error)}) from None
    return await photos.prepared(file, LIMITS)


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

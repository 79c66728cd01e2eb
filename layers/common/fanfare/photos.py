"""A photo that comes with a wish, made into what a vision model needs to see, and no more."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Final

from fanfare import aio
from fanfare.errors import InvalidInput
from fanfare.imaging import REFUSED, Checkpoint, Limits, Options, optimize

SIDE: Final = 512
"""Pixels. A model that is asked for low detail sees no more, and a mood needs no more.

Source: https://developers.openai.com/api/docs/guides/images-vision#choose-an-image-detail-level
"""

LIMITS: Final = Limits(bytes=16 << 20, pixels=26_000_000, heavy_pixels=13_000_000)
"""Tighter than where pictures are all there is to do: what takes photos beside its work has less memory."""


@dataclass(frozen=True, slots=True)
class Photo:
    """What a model is shown: the JPEG in `body`, and as a data URL.

    `digest` is of exactly that: the SHA-256 of the small picture. Files that differ only in what no model sees, such as
    their metadata, are the same photo to a cache, and whatever changes the picture makes it another one.
    """

    digest: str
    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)


async def prepared(file: bytes, limits: Limits = LIMITS) -> Photo:
    """Make a picture file upright, small and free of metadata.

    In a thread: decoding a large photo takes a while. Raises `InvalidInput`, which names the field `photo` and the
    reason.
    """
    return await aio.compute(_prepared, file, limits, aio.checkpoint())


def _prepared(file: bytes, limits: Limits, checkpoint: Checkpoint) -> Photo:
    try:
        picture = optimize(file, Options(width=SIDE, height=SIDE), limits, checkpoint)
    except REFUSED as error:
        raise InvalidInput({"photo": str(error)}) from None
    encoded = base64.b64encode(picture.body).decode()
    return Photo(hashlib.sha256(picture.body).hexdigest(), f"data:{picture.media_type};base64,{encoded}", picture.body)

"""Pixels to bytes: JPEG, WebP, AVIF, PNG; nothing of the source's metadata goes along."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from PIL import Image

from fanfare.errors import InvalidInput
from fanfare.imaging.colour import flattened
from fanfare.imaging.options import Checkpoint, Format, Options, never
from fanfare.imaging.plugins import load

MEDIA_TYPES: Final[dict[Format, str]] = {
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
    "png": "image/png",
}
QUALITY: Final[dict[Format, int | None]] = {"jpeg": 85, "webp": 80, "avif": 65, "png": None}
WORST: Final = 25
"""The quality below which a picture is rather made smaller."""
TRIES: Final = 5
"""Encodings to find the best quality: the last step is two points wide."""
SMALLEST: Final = 16
"""Pixels below which the longer side does not go for a byte budget."""
ENOUGH: Final = 0.8
"""The share of a byte budget that a smaller picture should use."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The equal-sized frames of a picture, RGB or RGBA; one frame is a still picture. Durations are milliseconds."""

    frames: Sequence[Image.Image]
    durations: Sequence[int] = ()
    loop: int = 0


@dataclass(frozen=True, slots=True)
class Encoded:
    """Bytes in a format, their measures in pixels, and the quality they were encoded at (None: lossless)."""

    body: bytes
    format: Format
    media_type: str
    width: int
    height: int
    quality: int | None


type Encoder = Callable[[Rendered, Format, int | None], Encoded]
"""Encodes once, in a format, at a quality."""


def encode(picture: Rendered, options: Options, checkpoint: Checkpoint = never) -> Encoded:
    """Encode as `options` ask, within `max_bytes` if it is given; an animation always as WebP.

    Raises `InvalidInput` if no quality and no size is small enough, and what `checkpoint` raises, before each attempt.
    """
    encoder = partial(_encode, options, checkpoint)
    format_: Format = "webp" if len(picture.frames) > 1 else options.format
    quality = QUALITY[format_] if options.quality is None or format_ == "png" else options.quality
    encoded = encoder(picture, format_, quality)
    budget = options.max_bytes
    if budget is None or len(encoded.body) <= budget:
        return encoded
    return _best_quality(picture, encoded, budget, encoder) or _best_size(picture, encoded, budget, encoder)


def _best_quality(picture: Rendered, over: Encoded, budget: int, encoder: Encoder) -> Encoded | None:
    """Bisect between `WORST` and the quality that was over the budget; None if even `WORST` is."""
    if over.quality is None or over.quality <= WORST:
        return None
    best = encoder(picture, over.format, WORST)
    if len(best.body) > budget:
        return None
    low, high = WORST, over.quality
    for _ in range(TRIES):
        if high - low < 2:
            break
        middle = (low + high) // 2
        tried = encoder(picture, over.format, middle)
        if len(tried.body) <= budget:
            best, low = tried, middle
        else:
            high = middle
    return best


def _best_size(picture: Rendered, over: Encoded, budget: int, encoder: Encoder) -> Encoded:
    """Shrink until the bytes fit, then grow again while much is left: they go with the area, but only roughly."""
    low, high = SMALLEST - 1, max(over.width, over.height)
    tried, best, tries = over, None, 0
    while high - low > 1 and (best is None or (tries < TRIES and len(best.body) < ENOUGH * budget)):
        guess = max(tried.width, tried.height) * 0.97 * (budget / len(tried.body)) ** 0.5
        side = min(max(round(guess), low + 1), high - 1)
        tried = encoder(shrunk(picture, side), over.format, over.quality)
        if len(tried.body) <= budget:
            best, low = tried, side
        else:
            high = side
        tries += best is not None
    if best is None:
        raise InvalidInput({"max_bytes": f"{budget} bytes are too few for this picture as {over.format}"})
    return best


def shrunk(picture: Rendered, side: int) -> Rendered:
    """Return the picture with its longer side no longer than `side` pixels."""
    width, height = picture.frames[0].size
    scale = min(1.0, side / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    frames = [frame.resize(size, Image.Resampling.LANCZOS) for frame in picture.frames]
    return Rendered(frames, picture.durations, picture.loop)


def _encode(
    options: Options, checkpoint: Checkpoint, picture: Rendered, format_: Format, quality: int | None
) -> Encoded:
    checkpoint()
    # Copies: Pillow keeps the parameters of a save in the image, where another thread's save would find them.
    first, *others = (frame.copy() for frame in picture.frames)
    if format_ == "jpeg":
        first = flattened(first, options.background)
    chosen = _parameters(format_, options) | ({} if quality is None else {"quality": quality})
    if others:
        chosen |= {"save_all": True, "append_images": others, "duration": list(picture.durations), "loop": picture.loop}
    load(format_.upper())
    buffer = io.BytesIO()
    first.save(buffer, format_.upper(), **chosen)
    return Encoded(buffer.getvalue(), format_, MEDIA_TYPES[format_], *first.size, quality)


def _parameters(format_: Format, options: Options) -> dict[str, Any]:
    if format_ == "jpeg":
        return {"progressive": options.progressive}
    if format_ == "avif":
        return {"speed": 8}  # two fifths of the time of the default 6, for as many bytes
    return {}

"""Small pictures for the images function, and files that are no good ones."""

import random
from typing import Final

from PIL import Image

from local_cloud.world.pictures import camera_jpeg
from support.pictures import archive, encoded, png

SVG: Final = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def drawn(width: int = 120, height: int = 80, seed: int = 1) -> Image.Image:
    """Soft patches of colour: others for another seed."""
    pixels = random.Random(seed).randbytes(3 * 6 * 4)
    return Image.frombytes("RGB", (6, 4), pixels).resize((width, height), Image.Resampling.BICUBIC)


def jpeg(width: int = 120, height: int = 80, seed: int = 1) -> bytes:
    return encoded(drawn(width, height, seed), "JPEG", quality=90)


def png_with_alpha(width: int = 120, height: int = 80) -> bytes:
    picture = drawn(width, height)
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return encoded(picture, "PNG")


def noise_png(side: int) -> bytes:
    """Nothing makes it smaller: three bytes a pixel."""
    return encoded(Image.frombytes("RGB", (side, side), random.Random(side).randbytes(3 * side * side)), "PNG")


def bilevel_png(width: int, height: int) -> bytes:
    """All black, one bit a pixel: very many pixels in very few bytes."""
    return png(width, height, 1, 0, bytes((1 + (width + 7) // 8) * height))


BAD: Final[dict[str, tuple[bytes, str, int, str]]] = {
    "empty": (b"", "image/jpeg", 400, "empty"),
    "png said, jpeg sent": (jpeg(), "image/png", 415, "sent as image/png, but it is JPEG"),
    "no picture": (b"just words", "application/octet-stream", 415, "is not read"),
    "text": (jpeg(), "text/plain", 415, "text/plain"),
    "form without files": (b"width=3", "application/x-www-form-urlencoded", 415, "form-urlencoded"),
    "svg": (SVG, "image/svg+xml", 415, "SVG"),
    "svg said to be png": (SVG, "image/png", 415, "SVG"),
    "bomb": (bilevel_png(13_000, 13_000), "image/png", 413, "pixels"),
    "strip": (bilevel_png(1, 60_000), "image/png", 413, "1 × 60000 pixels"),
    "thin strip": (bilevel_png(30_000, 20), "image/png", 422, "100 times"),
    "truncated": (camera_jpeg(300, 200)[:-2000], "image/jpeg", 422, "damaged or incomplete"),
    "only a header": (jpeg()[:30], "image/jpeg", 422, "damaged or incomplete"),
    "polyglot": (jpeg() + archive(), "image/jpeg", 422, "ZIP"),
    "tiff": (encoded(drawn(), "TIFF"), "image/tiff", 415, "TIFF"),
}
"""Body, declared media type, status and a word of the reason."""

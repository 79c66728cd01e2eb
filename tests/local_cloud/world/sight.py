"""What the sample model sees in a photo: light, warmth and sky, told in words that its reading knows."""

import base64
import io
from typing import Final

from PIL import Image

LARGEST: Final = 512
"""Pixels of a side. A real server would shrink a larger picture; the bundle promises to send none."""
HEADER: Final = "data:image/jpeg;base64,"
TELLING: Final = frozenset({"exif", "xmp", "icc_profile", "comment", "photoshop", "mp"})
"""What a JPEG may say of the camera and its owner, by Pillow's names."""

DARK: Final = 85
BRIGHT: Final = 150
"""Mean luma, of 255."""
TONE: Final = 16
"""How far red and blue are apart where a photo is warm or cold."""
SKY: Final = 40
"""How much brighter the upper third is than the lower one where there is sky."""


def look(url: str) -> str:
    """Return words for a photo's mood, none for one that is middling in all.

    Raises ValueError unless it is a JPEG in a data URL, small and without metadata.
    """
    if not url.startswith(HEADER):
        raise ValueError("not a JPEG in a data URL")
    try:
        with Image.open(io.BytesIO(base64.b64decode(url[len(HEADER) :], validate=True)), formats=["JPEG"]) as image:
            if max(image.size) > LARGEST:
                raise ValueError(f"{image.size} pixels")
            if told := TELLING.intersection(image.info):
                raise ValueError(f"metadata: {sorted(told)}")
            thirds = image.convert("RGB").resize((1, 3), Image.Resampling.BOX)
    except OSError as error:
        raise ValueError("not a JPEG") from error
    return " ".join(_words(thirds))


def _words(thirds: Image.Image) -> list[str]:
    """Read the mean colours of the upper, the middle and the lower third."""
    red, _, blue = (band.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) for band in thirds.split())
    luma = [thirds.convert("L").getpixel((0, row)) for row in range(3)]
    warmth, light, sky = red - blue, sum(luma) / 3, luma[0] - luma[2]  # type: ignore[operator, arg-type]
    said = {
        "dark": light < DARK,
        "sunlit": light > BRIGHT,
        "warm-toned": warmth > TONE,
        "cold-toned": warmth < -TONE,
        "open-air": sky > SKY,
    }
    return [word for word, holds in said.items() if holds]

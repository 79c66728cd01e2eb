"""What the sample model sees in a photo: light, warmth and sky, in words that its reading knows; for songs, figures."""

import base64
import io
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageStat

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


@dataclass(frozen=True, slots=True)
class Colours:
    """Means over a photo, from 0 to 1; of `warmth`, 0.5 is neither warm nor cold."""

    brightness: float
    saturation: float
    warmth: float


def look(url: str) -> str:
    """Return words for a photo's mood, none for one that is middling in all.

    Raises ValueError unless it is a JPEG in a data URL, small and without metadata.
    """
    return " ".join(_words(_shrunk(url, (1, 3))))


def colours(url: str) -> Colours:
    """Return the means of a photo. Raises what `look` raises."""
    small = _shrunk(url, (16, 16))
    red, _, blue = (_mean(band) for band in small.split())
    saturation, light = (_mean(band) for band in small.convert("HSV").split()[1:])
    return Colours(light / 255, saturation / 255, 0.5 + (red - blue) / 510)


def _shrunk(url: str, size: tuple[int, int]) -> Image.Image:
    if not url.startswith(HEADER):
        raise ValueError("not a JPEG in a data URL")
    try:
        with Image.open(io.BytesIO(base64.b64decode(url[len(HEADER) :], validate=True)), formats=["JPEG"]) as image:
            if max(image.size) > LARGEST:
                raise ValueError(f"{image.size} pixels")
            if told := TELLING.intersection(image.info):
                raise ValueError(f"metadata: {sorted(told)}")
            return image.convert("RGB").resize(size, Image.Resampling.BOX)
    except OSError as error:
        raise ValueError("not a JPEG") from error


def _mean(band: Image.Image) -> float:
    return float(ImageStat.Stat(band).mean[0])


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

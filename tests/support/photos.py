"""Photos as a telephone would send them: a sky over a ground, with everything that must not get out."""

import base64
import io
from typing import Final

from PIL import ExifTags, Image

from local_cloud.world.pictures import UPSIDE

type Colour = tuple[int, int, int]

BRIGHT_SKY: Final = (200, 200, 200)
GREY: Final = (90, 90, 90)
NIGHT: Final = (20, 20, 20)
CAMERA: Final = "A camera that gives its owner away"


def photo(
    sky: Colour = BRIGHT_SKY,
    ground: Colour = GREY,
    *,
    size: tuple[int, int] = (800, 601),
    orientation: int = 1,
    tagged: bool = True,
    latitude: float = 48.0,
) -> bytes:
    """Return a JPEG of `size` upright pixels, stored turned; without tags nobody can know that it is."""
    picture = Image.new("RGB", size, sky)
    picture.paste(ground, (0, size[1] // 2, *size))
    if orientation in UPSIDE:
        picture = picture.transpose(UPSIDE[orientation])
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Model] = CAMERA
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {ExifTags.GPS.GPSLatitudeRef: "S", ExifTags.GPS.GPSLatitude: (latitude, 52.0, 36.0)}
    )
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95, **({"exif": exif, "comment": CAMERA} if tagged else {}))
    return buffer.getvalue()


def encoded(file: bytes) -> str:
    return base64.b64encode(file).decode()

"""Pictures for tests, the bench and the sample world: synthesised, each by its seed or name, of nothing and nobody.

`photograph` has what makes a camera's picture hard for a decoder, a resizer and an encoder: overlapping objects near,
in focus and far off with blurred and sharp edges, texture at every scale, colour channels that go together, and a
sensor's noise. Its amplitude spectrum falls as frequency to the power of -1.4; photographs have -0.8 to -1.5 (D. J.
Tolhurst, Y. Tadmor, T. Chao, "Amplitude spectra of natural images", Ophthalmic and Physiological Optics 12, 1992). As a
JPEG of quality 92 it takes the bytes that cameras take: 12 MP 4 to 5 MB. It is no photograph for all that: a person
looking at it sees coloured shapes. Objects that cover objects: A. B. Lee, D. Mumford, J. Huang, "Occlusion models for
natural images", International Journal of Computer Vision 41 (2001).
"""

import io
import math
import random
import struct
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from PIL import ExifTags, Image, ImageDraw, ImageFilter, ImageFont, ImageOps

if TYPE_CHECKING:  # the sample world serves posters, and those need no numpy
    import numpy as np

    type Plane = np.ndarray[tuple[int, int], np.dtype[np.float32]]

TEXTURE: Final = 26.0
"""Standard deviation of the 1/f texture, levels of 255."""
NOISE: Final = 3.4
"""Standard deviation of the sensor's noise in mid-grey, levels of 255."""

UPSIDE: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How an upright picture is stored, by EXIF orientation."""


def photograph(width: int, height: int, seed: int = 0) -> Image.Image:
    """Return an RGB picture of `width` × `height` pixels; the same on every call with the same numpy and Pillow."""
    import numpy as np

    scene, focus = _scene(width, height, random.Random(seed))
    generator = np.random.default_rng(seed)
    texture = _texture(width, height, generator)
    texture *= np.asarray(focus, np.float32) / (255 * 128)
    texture += 1
    red, blue = _soft(width, height, generator), _soft(width, height, generator)
    planes = []
    for plane, tint in zip(scene.split(), (red, None, blue), strict=True):
        light: Plane = np.array(plane, np.float32)
        light *= texture
        if tint is not None:
            light += tint
        light += _noise(width, height, generator) * np.sqrt(np.clip(light, 8, 255) / 128)
        planes.append(Image.fromarray(np.clip(light + 0.5, 0, 255).astype(np.uint8)))
    return Image.merge("RGB", planes)


def cut_out(width: int, height: int, seed: int = 0) -> bytes:
    """Return a photograph as a PNG with alpha: one soft-edged object, transparent all round it."""
    picture = photograph(width, height, seed)
    mask = Image.new("L", picture.size)
    inset = width // 8, height // 8, width - width // 8, height - height // 8
    ImageDraw.Draw(mask).ellipse(inset, fill=255)
    picture.putalpha(mask.filter(ImageFilter.GaussianBlur(min(width, height) / 60)))
    return _saved(picture, "PNG", compress_level=3)


def camera_jpeg(
    width: int,
    height: int,
    seed: int = 0,
    orientation: int = 1,
    *,
    wide_gamut: bool = False,
    quality: int = 92,
    taken: str = "2025:08:16 14:03:21",
    offset: str = "+02:00",
) -> bytes:
    """Return `photograph(width, height, seed)` as a telephone stores it, with the metadata that must not get out.

    `width` and `height` are upright pixels; `orientation` is EXIF's, 1 to 8, and the stored picture is turned to suit
    it. The position is in the South Atlantic, far from anybody. `wide_gamut` declares the pixels to be Display P3.
    """
    picture = photograph(width, height, seed)
    if orientation in UPSIDE:
        picture = picture.transpose(UPSIDE[orientation])
    profile: dict[str, Any] = {"icc_profile": display_p3()} if wide_gamut else {}
    return _saved(
        picture, "JPEG", quality=quality, subsampling="4:2:0", exif=_exif(orientation, taken, offset), **profile
    )


def poster(name: str, width: int = 500, height: int = 750) -> bytes:
    """Return an invented film poster as a JPEG: the name on coloured shapes, the same for the same name."""
    chance = random.Random(crc32(name.encode()))
    dark, light = f"hsl({chance.randrange(360)}, 60%, 15%)", f"hsl({chance.randrange(360)}, 70%, 65%)"
    picture = ImageOps.colorize(Image.linear_gradient("L").resize((width, height)), dark, light)
    draw = ImageDraw.Draw(picture, "RGBA")
    for _ in range(5):
        x, y, radius = (
            chance.randrange(width),
            chance.randrange(height),
            chance.randrange(width // 8 + 1, width // 2 + 2),
        )
        colour = (*(chance.randrange(256) for _ in range(3)), 110)
        draw.regular_polygon((x, y, radius), chance.randrange(3, 9), chance.randrange(360), fill=colour)
    size = max(8, width // 9)
    draw.multiline_text((width / 2, height / 3), _lines(name, 14), "white", _font(size), "mm", align="center")
    draw.text((width / 2, height - size), "sample poster", "white", _font(size / 2.5), "mm")
    return _saved(picture, "JPEG", quality=88)


def display_p3() -> bytes:
    """Return an ICC profile of Display P3's colours, made by no vendor.

    Layout: ICC.1:2010 (version 4.3), 7.2 and 10; primaries as adapted to D50, and sRGB's curve.
    """
    curve = b"para" + struct.pack(">4xH2x5i", 3, *map(_fixed, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)))
    tags = {
        b"desc": _text("Display P3 (sample)"),
        b"cprt": _text("No copyright"),
        b"wtpt": _xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": _xyz(0.51512, 0.24120, -0.00105),
        b"gXYZ": _xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": _xyz(0.15710, 0.06657, 0.78407),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">2I", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(
        ">I4xI4s4s4s12x4s4x4x4x4x8xI3i48x",
        *(start + len(body), 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp"),
        *(0, *map(_fixed, (0.9642, 1.0, 0.8249))),
    )
    return header + struct.pack(">I", len(tags)) + table + body


def _scene(width: int, height: int, chance: random.Random) -> tuple[Image.Image, Image.Image]:
    """Objects by depth, and a map of what is in focus: 255 there, less elsewhere."""
    size, small = (width, height), (-(-width // 4), -(-height // 4))  # what is out of focus needs no more pixels
    unit = math.hypot(*small) / 5000
    far = ImageOps.colorize(
        Image.linear_gradient("L").resize(small), _colour(chance, 150, 230), _colour(chance, 60, 140)
    )
    _objects(far, None, chance, count=40, reach=(0.02, 0.2))
    scene = far.filter(ImageFilter.GaussianBlur(9 * unit)).resize(size, Image.Resampling.BICUBIC)
    focus = Image.new("L", size, 70)
    _objects(scene, focus, chance, count=160, reach=(0.005, 0.16))
    scene = scene.filter(ImageFilter.BoxBlur(0.8))  # the lens
    near, mask = scene.resize(small), Image.new("L", small)
    _objects(near, mask, chance, count=4, reach=(0.08, 0.2))
    near, mask = (
        each.filter(ImageFilter.GaussianBlur(30 * unit)).resize(size, Image.Resampling.BICUBIC) for each in (near, mask)
    )
    scene.paste(near, mask=mask)
    focus.paste(40, mask=mask)
    return scene, focus


def _objects(
    scene: Image.Image, mask: Image.Image | None, chance: random.Random, *, count: int, reach: tuple[float, float]
) -> None:
    """Draw ellipses and polygons, small ones more often: their sizes are spread evenly over the octaves of `reach`."""
    low, high = (math.log(share * max(scene.size)) for share in reach)
    draws = [(ImageDraw.Draw(scene), None), *([(ImageDraw.Draw(mask), 255)] if mask else [])]
    for _ in range(count):
        radius = math.exp(chance.uniform(low, high))
        x, y = chance.uniform(0, scene.width), chance.uniform(0, scene.height)
        colour, sides, slope = _colour(chance, 15, 240), chance.choice((0, 3, 4, 5, 7)), chance.uniform(0, math.tau)
        angles = [slope + math.tau * side / sides for side in range(sides)]
        stretch = chance.uniform(0.4, 1.6)
        corners = [(x + radius * math.cos(angle), y + stretch * radius * math.sin(angle)) for angle in angles]
        oval = (x - radius, y - stretch * radius, x + radius, y + stretch * radius)
        for draw, value in draws:
            fill = colour if value is None else value
            if corners:
                draw.polygon(corners, fill=fill)
            else:
                draw.ellipse(oval, fill=fill)


def _colour(chance: random.Random, darkest: int, brightest: int) -> tuple[int, int, int]:
    """A colour as the world has them: mostly brightness, some hue."""
    light = chance.uniform(darkest, brightest)
    red, green, blue = (round(min(255, max(0, light * chance.gauss(1, 0.22)))) for _ in range(3))
    return red, green, blue


def _texture(width: int, height: int, generator: "np.random.Generator") -> "Plane":
    """A field whose amplitude spectrum falls as 1/f, standard deviation `TEXTURE`; levels."""
    import numpy as np

    spectrum = np.fft.rfft2(generator.standard_normal((height, width), np.float32))
    down = np.fft.fftfreq(height).astype(np.float32)[:, None]
    across = np.fft.rfftfreq(width).astype(np.float32)[None, :]
    frequency = np.hypot(down, across)
    frequency[0, 0] = np.inf
    spectrum /= np.maximum(frequency, 8 / max(width, height))
    field: Plane = np.fft.irfft2(spectrum, (height, width))
    field *= TEXTURE / field.std()
    return field


def _soft(width: int, height: int, generator: "np.random.Generator") -> "Plane":
    """How far red and blue part from green: a field without fine detail, as colour has it; levels."""
    import numpy as np

    coarse = Image.fromarray(_texture(width // 16 + 8, height // 16 + 8, generator) * 0.35)
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


def _noise(width: int, height: int, generator: "np.random.Generator") -> "Plane":
    """A sensor's noise after demosaicing: neighbours share some of it."""
    import numpy as np

    grain: Plane = generator.standard_normal((height + 1, width + 1), np.float32)
    grain = grain[1:, 1:] + 0.5 * grain[:-1, 1:] + 0.5 * grain[1:, :-1]
    grain *= NOISE / math.sqrt(1.5)
    return grain


def _exif(orientation: int, taken: str, offset: str) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Fanfare"
    exif[ExifTags.Base.Model] = "Sample Camera"
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.DateTime] = taken
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {ExifTags.Base.DateTimeOriginal: taken, ExifTags.Base.OffsetTimeOriginal: offset}
    )
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "S",
            ExifTags.GPS.GPSLatitude: (48.0, 52.0, 36.0),
            ExifTags.GPS.GPSLongitudeRef: "W",
            ExifTags.GPS.GPSLongitude: (12.0, 23.0, 24.0),
        }
    )
    return exif


def _fixed(number: float) -> int:
    """ICC's s15Fixed16Number."""
    return round(number * 65536)


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *map(_fixed, values))


def _text(words: str) -> bytes:
    """ICC's multiLocalizedUnicodeType with one record."""
    return b"mluc\0\0\0\0" + struct.pack(">2I4s2I", 1, 12, b"enUS", 2 * len(words), 28) + words.encode("utf-16-be")


def _lines(name: str, longest: int) -> str:
    lines: list[str] = []
    for word in name.split():
        if lines and len(lines[-1]) + len(word) < longest:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _saved(picture: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format_, **options)
    return buffer.getvalue()

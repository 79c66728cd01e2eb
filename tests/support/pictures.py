"""Small picture files, well made and ill made: metadata, colour profiles, bombs, polyglots, broken ones."""

import base64
import importlib
import io
import random
import struct
import zipfile
import zlib
from typing import Any, Final

import pytest
from PIL import ExifTags, Image, ImageFile, PngImagePlugin

from fanfare.imaging import LIMITS, Limits, Source
from fanfare.imaging.reading import opened
from local_cloud.world.pictures import UPSIDE
from support.profiles import ADOBE_RGB, matrix_profile

READ: Final = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF")
"""The formats that are read, by Pillow's names."""
MARKER: Final = b"WhereTheAuthorLives"
"""Stands in all metadata that `tagged` files have."""
CORNERS: Final = ((220, 40, 40), (40, 200, 60), (40, 60, 220), (230, 220, 60))
"""Of `quadrants`: top left, top right, bottom left, bottom right."""


def inspect(data: bytes, limits: Limits = LIMITS) -> Source:
    """Open a file and tell what it is; raises as `fanfare.imaging.reading.opened` does."""
    with opened(data, limits) as (_, source):
        return source


class Decoded(BaseException):
    """Somebody decoded pixels where nobody should."""


def forbid_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every decoding of pixels raise `Decoded`."""

    def load(self: Image.Image) -> None:
        raise Decoded(self.format)

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    for module, name in [
        ("PIL.AvifImagePlugin", "AvifImageFile"),
        ("PIL.WebPImagePlugin", "WebPImageFile"),
        ("pi_heif.as_plugin", "HeifImageFile"),
    ]:
        monkeypatch.setattr(getattr(importlib.import_module(module), name), "load", load)


def encoded(image: Image.Image, format_: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


def quadrants(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """Four corners of different colours, so that every turn shows."""
    image = Image.new("RGB", (width, height))
    for number, colour in enumerate(CORNERS):
        x, y = number % 2 * (width // 2), number // 2 * (height // 2)
        image.paste(colour, (x, y, width if number % 2 else width // 2, height if number > 1 else height // 2))
    return image.convert(mode)


def textured(width: int, height: int, seed: int = 0) -> Image.Image:
    """Noise on a gradient: hard to compress, and no two parts alike."""
    noise = Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(3 * width * height))
    ground = Image.merge("RGB", [Image.linear_gradient("L").resize((width, height))] * 3)
    return Image.blend(ground, noise, 0.4)


def lone_object(width: int, height: int, x: int, y: int, side: int = 60) -> Image.Image:
    """A textured square in the middle of nothing, its centre at `x`, `y`."""
    image = Image.new("RGB", (width, height), "#dddddd")
    image.paste(textured(side, side), (x - side // 2, y - side // 2))
    return image


def exif(orientation: int = 1, text: str = MARKER.decode()) -> Image.Exif:
    """EXIF with an orientation, a maker, and the position of a point in the South Atlantic."""
    tags = Image.Exif()
    tags[ExifTags.Base.Make] = text
    tags[ExifTags.Base.Orientation] = orientation
    gps: dict[int, Any] = {ExifTags.GPS.GPSLatitudeRef: "S", ExifTags.GPS.GPSLatitude: (48.0, 52.0, 36.0)}
    tags.get_ifd(ExifTags.IFD.GPSInfo).update({**gps, ExifTags.GPS.GPSAreaInformation: text.encode()})
    return tags


def oriented(upright: Image.Image, orientation: int, format_: str = "PNG", **options: Any) -> bytes:
    """Store a picture as a camera would that was held in this way."""
    stored = upright.transpose(UPSIDE[orientation]) if orientation in UPSIDE else upright
    return encoded(stored, format_, exif=exif(orientation), **options)


def tagged(format_: str) -> bytes:
    """Return a picture with `MARKER` in every kind of metadata that its format has."""
    image, xmp = quadrants(), b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + MARKER + b"</x:xmpmeta>"
    usual: dict[str, Any] = {"exif": exif(), "xmp": xmp, "icc_profile": matrix_profile(ADOBE_RGB, MARKER.decode())}
    if format_ == "JPEG":
        made = encoded(image, "JPEG", comment=MARKER, **usual)
        photoshop = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(MARKER) + 1) + MARKER + b"\0"
        return made[:2] + segment(0xED, photoshop) + segment(0xE5, MARKER) + made[2:]
    if format_ == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", MARKER.decode())
        text.add_text("Author", MARKER.decode(), zip=True)
        text.add_itxt("XML:com.adobe.xmp", xmp)
        text.add(b"prVt", MARKER)
        return encoded(image, "PNG", pnginfo=text, exif=usual["exif"], icc_profile=usual["icc_profile"])
    if format_ == "GIF":
        made = encoded(image, "GIF", comment=MARKER)
        return made[:-1] + b"!\xff\x0bXMP DataXMP" + bytes([len(MARKER)]) + MARKER + b"\0;"
    return heic() if format_ == "HEIF" else encoded(image, format_, **usual)


def heic() -> bytes:
    """`quadrants` as HEVC, stored on its side; EXIF with a position, XMP. Encoded for these tests by x265."""
    return base64.b64decode(_HEIC)


def two_heics() -> bytes:
    """A file of two pictures: `quadrants`, and the same at half its size."""
    return base64.b64decode(_TWO_HEIC)


def deep_grey_heic() -> bytes:
    """A grey HEIC of eight bits whose header says ten (ISO/IEC 14496-15, 8.3.2.1)."""
    made = bytearray(base64.b64decode(_GREY_HEIC))
    made[made.index(b"hvcC") + 4 + 17] = 0xF8 + 2
    return bytes(made)


def animation(format_: str, colours: tuple[str, ...] = ("red", "lime", "blue"), **options: Any) -> bytes:
    first, *others = (Image.new("RGB", (40, 30), colour) for colour in colours)
    chosen = {"duration": [100, 250, 400][: len(colours)], **options}
    return encoded(first, format_, save_all=True, append_images=others, **chosen)


def segment(marker: int, body: bytes) -> bytes:
    """A JPEG segment (ITU-T T.81, B.1.1.4)."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """A PNG chunk (PNG 3rd edition, 5.3)."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, bits: int, colour: int, rows: bytes, *chunks: bytes) -> bytes:
    """A PNG of raw rows, each with its filter byte; `colour` is the type of PNG 3rd edition, 11.2.1."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + pixels + chunk(b"IEND")


def claiming(format_: str, width: int, height: int) -> bytes:
    """A small file whose header says that it is `width` × `height` pixels; a PNG really holds them, all zero."""
    if format_ == "PNG":
        packed = zlib.compressobj(9)
        row = bytes(1 + width)
        body = b"".join(packed.compress(row) for _ in range(height)) + packed.flush()
        made = png(width, height, 8, 0, b"")
        return made.replace(chunk(b"IDAT", zlib.compress(b"", 9)), chunk(b"IDAT", body))
    if format_ == "GIF":
        made = encoded(Image.new("L", (1, 1)), "GIF")
        return made[:6] + struct.pack("<HH", width, height) + made[10:]
    if format_ == "WEBP":
        made = encoded(Image.new("RGB", (4, 4)), "WEBP", lossless=True)
        return made[:21] + struct.pack("<I", (height - 1 << 14) + width - 1) + made[25:]
    if format_ == "JPEG":
        made, was = encoded(Image.new("L", (8, 8)), "JPEG"), struct.pack(">BHH", 8, 8, 8)
        return made.replace(was, struct.pack(">BHH", 8, height, width), 1)
    made = heic() if format_ == "HEIF" else encoded(Image.new("L", (64, 64)), format_)
    at = made.index(b"ispe") + 8
    made = made[:at] + struct.pack(">II", width, height) + made[at + 8 :]
    crop = made.find(b"clap") + 4
    return made if crop < 4 else made[:crop] + struct.pack(">IIII", width, 1, height, 1) + made[crop + 16 :]


def careless() -> list[bytes]:
    """Files that can be read, and of which Pillow warns: EXIF without an end, no frames, no other pictures."""
    endless = encoded(quadrants(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    still = png(4, 4, 8, 0, bytes(20), chunk(b"acTL", bytes(8)))
    alone = encoded(quadrants(), "JPEG")
    return [endless, still, alone[:2] + segment(0xE2, b"MPF\0II*\0" + bytes(12)) + alone[2:]]


def many_scans(scans: int, side: int = 64) -> bytes:
    """A progressive JPEG of empty scans, a few bytes each."""
    frame = struct.pack(">BHHB", 8, side, side, 1) + bytes([1, 0x11, 0])
    tables = segment(0xDB, b"\0" + bytes([1] * 64)) + segment(0xC2, frame)
    codes = b"".join(segment(0xC4, bytes([kind]) + bytes([0] * 7 + [1] + [0] * 8) + b"\0") for kind in (0x00, 0x10))
    rest = b"".join(segment(0xDA, bytes([1, 1, 0, 1, 63, 0x10])) for _ in range(scans - 1))
    return b"\xff\xd8" + tables + codes + segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + rest + b"\xff\xd9"


def archive(comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        written.writestr("run.me", "harm")
        written.comment = comment
    return buffer.getvalue()


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Damage a file: bytes flipped, cut out, doubled, moved or its end lost; a PNG's checksums are put right again."""
    body, start = bytearray(data), chance.randrange(len(data))
    length = min(len(data) - start, chance.choice((1, 2, 4, 16, 64, 1024)))
    match chance.randrange(6):
        case 0:
            for _ in range(chance.choice((1, 3, 20))):
                body[chance.randrange(len(body))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        case 1:
            del body[start : start + length]
        case 2:
            body[start:start] = body[start : start + length] * chance.choice((1, 2, 30))
        case 3:
            body[start : start + length] = chance.randbytes(length)
        case 4:
            target = chance.randrange(len(data))
            body[target:target] = data[start : start + length]
        case _:
            del body[start:]
    return _checked(bytes(body)) if data.startswith(b"\x89PNG") and chance.random() < 0.9 else bytes(body)


def _checked(data: bytes) -> bytes:
    """Write the right checksum behind every chunk that can be made out."""
    made, position = data[:8], 8
    while position + 12 <= len(data):
        length = min(int.from_bytes(data[position : position + 4]), len(data) - position - 12)
        made += chunk(data[position + 4 : position + 8], data[position + 8 : position + 8 + length])
        position += 12 + length
    return made


_HEIC: Final = (
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAhJtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAEZpbG9jAAAA"
    "AERAAAMAAQAAAAACNgABAAAAAAAAAG8AAgAAAAACpQABAAAAAAAAALYAAwAAAAADWwABAAAAAAAAAEMAAABiaWluZgAAAAAAAwAAABVpbmZlAgAA"
    "AAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAACppbmZlAgAAAQADAABtaW1lAGFwcGxpY2F0aW9uL3JkZit4bWwAAAAAAA5waXRtAAAA"
    "AAABAAABB2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAq"
    "QgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAA"
    "AAAAQAAAAEAAAAAoY2xhcAAAADAAAAABAAAAQAAAAAH////wAAAAAgAAAAAAAAACAAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1hAAAA"
    "AAAAAAEAAQaBAgMFhIYAAAAoaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAA5jZHNjAAMAAQABAAABcG1kYXQAAABrKAGvCeDjR5xUyFWB/+xo//zZ"
    "4lMn3Hov3/Ypb9z1Xa/hdQCYVomG8VELn0/yC8bPbB3zVI+IzqnGUPT4hX4feaeejepYH/90THEIgt6kpJukHgWn7zxb+x338xXf1Z11c9UTaykH"
    "ahAW1/AAAAAGRXhpZgAATU0AKgAAAAgAAwEPAAIAAAAUAAAAMgESAAMAAAABAAYAAIglAAQAAAABAAAARgAAAABXaGVyZVRoZUF1dGhvckxpdmVz"
    "AAAEAAEAAgAAAAJTAAAAAAIABQAAAAMAAAB8AAMAAgAAAAJXAAAAAAQABQAAAAMAAACUAAAAAAAAADAAAAABAAAANAAAAAEAAAAkAAAAAQAAAAwA"
    "AAABAAAAFwAAAAEAAAAYAAAAATx4OnhtcG1ldGEgeG1sbnM6eD0nYWRvYmU6bnM6bWV0YS8nPldoZXJlVGhlQXV0aG9yTGl2ZXM8L3g6eG1wbWV0"
    "YT4="
)
_TWO_HEIC: Final = (
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAkltZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAA"
    "AERAAAIAAQAAAAACbQABAAAAAAAAAGIAAgAAAAACzwABAAAAAAAAAF0AAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZl"
    "AgAAAAACAABodmMxAAAAAA5waXRtAAAAAAABAAABomlwcnAAAAF6aXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH/"
    "/wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29s"
    "cm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAA"
    "AwgICAAAAHVodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQApQgEBA3AAAAMAkAAAAwAA"
    "AwAeoCCBBZbqrprm4CGgwIAAAAyAAAADAIRiAAEABkQBwXPBiQAAAChjbGFwAAAAIAAAAAEAAAAYAAAAAf///+AAAAAC////2AAAAAIAAAAgaXBt"
    "YQAAAAAAAAACAAEFgQIDBYQAAgWGAgMFhwAAAMdtZGF0AAAAXigBr1j5Et3/xQ/9lcho0EvHMNT+b+Lhbn3e62plQTccGhMqF+Xy0I2na6JRePeI"
    "pRypAb7C7mIkgUqmHXMnifP6fTAENIhzEkuVQZ+utkQB+GJ+HE/Vr+NucNUkj+wAAABZKAGvUhskRoDylFH9NXNp+gYq/VAt9wrZ6U7nLL2D86z6"
    "mISHaDO4MxytYDG26AnkWZU6OtjjncopToD28gJBikVx1F/njHiec+fowf3i55uvqKSgqDnss64="
)
_GREY_HEIC: Final = (
    "AAAAHGZ0eXBoZWl4AAAAAG1pZjFoZWl4bWlhZgAAAU5tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAA"
    "AERAAAEAAQAAAAABcgABAAAAAAAAABEAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAAzmlwcnAAAACv"
    "aXBjbwAAAHJodmNDAQQIAAAAn/gAAAAAHvAA/Pz4+AAADwNgAAEAF0ABDAH//wQIAAADAJ/4AAADAAAeugJAYQABACZCAQEECAAAAwCf+AAAAwAA"
    "HsCCBBZbqSSmubAgAAADAyAAAAMAIWIAAQAHRAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAAA5waXhpAAAA"
    "AAEIAAAAF2lwbWEAAAAAAAAAAQABBIECAwQAAAAZbWRhdAAAAA0oAa4z4rDg//7ZU8OP"
)

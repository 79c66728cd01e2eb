"""Any of Pillow's modes to sRGB, eight bits, with or without alpha."""

import functools
import io
import itertools
from typing import Final

from PIL import Image, ImageChops, ImageCms

from fanfare.imaging.reading import DECODER_ERRORS

LARGEST_PROFILE: Final = 4 << 20
"""Bytes; printers' profiles have two or three million."""
_GREY_16: Final = {"I;16", "I;16B", "I;16L", "I;16N", "I", "F"}


def resizable(image: Image.Image) -> Image.Image:
    """Return the image in a mode that can be interpolated: palettes and masks of one colour spelt out."""
    if image.mode in {"P", "PA", "1"} or (image.mode in {"L", "RGB"} and "transparency" in image.info):
        grey = image.mode in {"1", "L"}
        mode = ("LA" if grey else "RGBA") if image.has_transparency_data else ("L" if grey else "RGB")
        return image.convert(mode)
    return image


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image as RGB or RGBA, converted from its ICC `profile`; one that is broken or unfit is passed over."""
    if image.mode in _GREY_16:
        image = _eight_bits(image)
    if image.mode in {"La", "RGBa"}:
        image = image.convert(image.mode[:-1] + "A")
    mode = "RGBA" if image.mode in {"LA", "RGBA"} else "RGB"
    transform = _transform(profile, image.mode) if profile and len(profile) <= LARGEST_PROFILE else None
    if transform is None:
        return image if image.mode == mode else image.convert(mode)
    alpha = image.getchannel("A") if mode == "RGBA" else None
    if image.mode in {"LA", "RGBA"}:
        image = image.convert(image.mode[:-1])
    converted = transform.apply(image)
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


def flattened(image: Image.Image, background: str) -> Image.Image:
    """Return the image without alpha, on a colour."""
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, background)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _eight_bits(image: Image.Image) -> Image.Image:
    """Sixteen bits a pixel to eight; Pillow's own conversion clips instead of scaling."""
    return image.convert("I").point([value >> 8 for value in range(1 << 16)], "L")


@functools.lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        flat = {"LA": "L", "RGBA": "RGB"}.get(mode, mode)
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), flat, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC, _FLAGS
        )
        return None if _changes_nothing(transform, flat) else transform
    except (ImageCms.PyCMSError, *DECODER_ERRORS):
        return None


_FLAGS: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a transform leaves colours from all over as they are, give or take two levels; profiles' names lie."""
    bands = len(mode)
    levels = bytes(level for colour in itertools.product(range(0, 256, 51), repeat=bands) for level in colour)
    colours = Image.frombytes(mode, (len(levels) // bands, 1), levels)
    difference = ImageChops.difference(transform.apply(colours), colours.convert("RGB"))
    return not difference.point(lambda level: level > 2).getbbox()

"""LANCZOS, a band of rows at a time: between its two passes Pillow keeps the picture at the new width and the old
height, which for a large photo is a tenth of all the memory it takes.
"""

from typing import Final

from PIL import Image

from fanfare.imaging.placement import Box

BAND: Final = 192
"""Rows of the answer that are made at once; the passes overlap by the filter's support, a few rows of the source."""
_PREMULTIPLIED: Final = {"RGBA": "RGBa", "LA": "La"}
"""Colours weigh as much as they show; else what is transparent would darken the edges."""


def resized(image: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """Return `box` of the image at `size` pixels, in the same mode."""
    if size == image.size and box == (0, 0, *size):
        return image.copy()
    mode = image.mode
    if mode in _PREMULTIPLIED:
        image = image.convert(_PREMULTIPLIED[mode])
    answer = Image.new(image.mode, size)
    left, top, right, bottom = box
    step = (bottom - top) / size[1]
    for start in range(0, size[1], BAND):
        end = min(start + BAND, size[1])
        rows = left, top + start * step, right, min(top + end * step, float(image.height))
        band = image.resize((size[0], end - start), Image.Resampling.LANCZOS, box=rows)
        answer.paste(band, (0, start))
    return answer.convert(mode) if mode in _PREMULTIPLIED else answer

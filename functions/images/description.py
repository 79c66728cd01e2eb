"""What a page can show before a picture is there, and group pictures by: a placeholder, and the main colours."""

from typing import Final

import thumbhash
from PIL import Image

from fanfare.imaging.colour import flattened

PLACEHOLDER_SIDE: Final = 32
"""Pixels; a ThumbHash keeps seven waves along the longer side, and takes up to 100 pixels."""
COLOURS: Final = 5
COLOUR_SIDE: Final = 96


def placeholder(image: Image.Image) -> bytes:
    """Return the picture's ThumbHash, about 25 bytes; source: https://evanw.github.io/thumbhash/.

    What is transparent counts as white, as in the JPEGs: thumbhash 0.1.2 raises TypeError for alpha.
    """
    small = image.copy()
    small.thumbnail((PLACEHOLDER_SIDE, PLACEHOLDER_SIDE))
    opaque = flattened(small, "#ffffff")
    return bytes(thumbhash.rgba_to_thumb_hash(*small.size, opaque.convert("RGBA").tobytes()))


def colours(image: Image.Image) -> list[tuple[str, float]]:
    """Return the main colours as ``#rrggbb`` with their shares of the picture, the largest first; by median cut.

    Source: Heckbert, Color Image Quantization for Frame Buffer Display, SIGGRAPH 1982. What is more transparent than
    not is left out.
    """
    small = image.copy()
    small.thumbnail((COLOUR_SIDE, COLOUR_SIDE))
    alpha = small.getchannel("A").tobytes() if small.mode == "RGBA" else b"\xff" * (small.width * small.height)
    reduced = small.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    seen = [index for index, opacity in zip(reduced.tobytes(), alpha, strict=True) if opacity > 127]
    palette = reduced.getpalette() or []
    shares = {index: seen.count(index) / len(seen) for index in set(seen)}
    return [
        ("#" + bytes(palette[3 * index : 3 * index + 3]).hex(), round(share, 3))
        for index, share in sorted(shares.items(), key=lambda pair: -pair[1])
    ]

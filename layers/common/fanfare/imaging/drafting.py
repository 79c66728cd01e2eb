"""Decoding a JPEG at a fraction of its size: libjpeg-turbo scales to M/8 within the inverse DCT.

Source: https://github.com/libjpeg-turbo/libjpeg-turbo/blob/main/doc/libjpeg.txt, "Decompression parameter selection".
"""

from typing import Final

from PIL import Image

DENOMINATORS: Final = {1: 8, 2: 4, 3: 3}
"""What Pillow's decoder is asked for, by the eighths that come of it; libjpeg takes the next larger scale it has."""


def draft(image: Image.Image, eighths: int) -> None:
    """Let a JPEG that is not loaded yet be decoded at `eighths` (1 to 3) of its size, rounded up.

    Pillow's own `draft` knows 1/8, 1/4 and 1/2, but its decoder hands any denominator on. 3/8 is closer to the whole
    picture than 1/2 where both leave the resize enough to do, and takes less CPU and memory.
    """
    width, height = image.size
    denominator = DENOMINATORS[eighths]
    image.draft(None, (max(1, width // denominator), max(1, height // denominator)))
    size = -(-width * eighths // 8), -(-height * eighths // 8)
    image._size = size  # noqa: SLF001  (what Pillow's draft sets, too)
    image.tile = [image.tile[0]._replace(extents=(0, 0, *size))]  # type: ignore[attr-defined]
    image.decoderconfig = (denominator, 0)  # type: ignore[attr-defined]

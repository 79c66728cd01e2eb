"""Pillow's modules for formats that bring a large library into memory: loaded when a picture needs them."""

import importlib
from typing import Final

from PIL import Image

Image.preinit()  # JPEG, PNG, GIF: small, and nearly always needed
_MODULES: Final = {"WEBP": "PIL.WebPImagePlugin", "AVIF": "PIL.AvifImagePlugin"}


def load_for(data: bytes) -> None:
    """Load what may read a file that begins like this. Pillow itself looks no further when it is given formats."""
    if data[:4] == b"RIFF":
        load("WEBP")
    elif data[4:8] == b"ftyp":
        load("AVIF")
        load("HEIF")


def load(format_: str) -> None:
    """Make a format known to Pillow, by its name there."""
    if format_ == "HEIF" and format_ not in Image.OPEN:
        import pi_heif

        pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    elif format_ in _MODULES:
        importlib.import_module(_MODULES[format_])


def load_all() -> None:
    """Make every format known, for a snapshot to hold."""
    for format_ in (*_MODULES, "HEIF"):
        load(format_)

"""Pictures made small, upright and safe. Pure: bytes in, bytes out; no network, no clock, no environment.

`optimize` does everything; `render` and `encode` are its halves, for those who need one picture in several formats.
"""

from fanfare.imaging.encoding import MEDIA_TYPES, Encoded, Rendered, encode, shrunk
from fanfare.imaging.options import LIMITS, VERSION, Checkpoint, Fit, Format, Gravity, Limits, Options
from fanfare.imaging.pipeline import Optimized, optimize, render
from fanfare.imaging.plugins import load_all
from fanfare.imaging.reading import REFUSED, Source

__all__ = [
    "LIMITS",
    "MEDIA_TYPES",
    "REFUSED",
    "VERSION",
    "Checkpoint",
    "Encoded",
    "Fit",
    "Format",
    "Gravity",
    "Limits",
    "Optimized",
    "Options",
    "Rendered",
    "Source",
    "encode",
    "load_all",
    "optimize",
    "render",
    "shrunk",
]

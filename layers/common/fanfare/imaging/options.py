"""What may be asked of a picture, and what a picture may ask of us."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

type Fit = Literal["inside", "cover", "contain"]
type Format = Literal["jpeg", "webp", "avif", "png"]
type Checkpoint = Callable[[], None]
"""Called between steps that take long; it raises to give up."""


def never() -> None:
    """A checkpoint that is always passed."""


type Gravity = Literal["centre", "attention"] | tuple[float, float]

VERSION: Final = 1
"""Of the pixels that come out: raised when the same file and options give other ones."""
BOX: Final = 1024
"""Pixels of either side where nothing is asked for."""
MOST: Final = 4096 * 4096
"""Pixels of an answer one of whose sides is left free: WebP takes 38 bytes for each while it encodes."""
LONGEST: Final = 16_383
"""Pixels of a side: WebP has no more."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a picture shall look. Pixels are counted upright; nothing is ever enlarged.

    `width` and `height` are a box; one of them alone leaves the other free. `inside` fits the picture into it, `cover`
    fills it and cuts off what is over, `contain` fits and pads it with `background`. `gravity` is what `cover` keeps:
    the centre, the busiest window, or a focal point as fractions of width and height.

    `quality` is 1 to 100, None for the format's usual one. `max_bytes` is the most that the answer may have: quality
    goes down first, then the size. `background` (``#rrggbb``) also stands behind what is transparent, where the format
    knows no transparency. `fast` lets the JPEG decoder skip detail that the answer would not show. `animated` keeps an
    animation, as WebP.
    """

    width: int | None = None
    height: int | None = None
    fit: Fit = "inside"
    gravity: Gravity = "centre"
    format: Format = "jpeg"
    quality: int | None = None
    max_bytes: int | None = None
    background: str = "#ffffff"
    progressive: bool = False
    fast: bool = True
    animated: bool = False

    @property
    def half_free(self) -> bool:
        """Whether just one side is given."""
        return (self.width is None) != (self.height is None)

    def box(self) -> tuple[int, int]:
        """The box in pixels; a side that was left free is as long as it may be."""
        if self.half_free:
            given = self.width or self.height or 1
            free = min(LONGEST, MOST // given)
            return self.width or free, self.height or free
        return self.width or BOX, self.height or BOX


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused before a pixel is decoded."""

    bytes: int = 32 << 20
    pixels: int = 52_000_000
    """Of one frame, so that what telephones take at most fits."""
    heavy_pixels: int = 26_000_000
    """The same of WebP and AVIF, whose decoders take up to 16 bytes a pixel."""
    side: int = 32_768
    aspect: float = 100.0
    """Longer side over shorter."""
    frames: int = 300
    """Of an animation that shall be kept."""
    animation_pixels: int = 32_000_000
    """Of all its frames together."""
    scans: int = 100
    """Of a progressive JPEG: each one costs a pass over the whole picture, and encoders make ten."""
    parts: int = 500
    """Segments, chunks and comments besides the pixels: see `structure`."""


LIMITS: Final = Limits()

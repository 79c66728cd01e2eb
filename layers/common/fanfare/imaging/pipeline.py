"""The way of a picture: header, limits, decode no finer than needed, resize, turn upright, sRGB, encode."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageFilter

from fanfare.errors import ContentTooLarge, UnusableContent
from fanfare.imaging.colour import flattened, resizable, to_srgb
from fanfare.imaging.drafting import draft
from fanfare.imaging.encoding import Encoded, Rendered, encode
from fanfare.imaging.options import LIMITS, Checkpoint, Limits, Options, never
from fanfare.imaging.placement import Placement, busiest, moved, place
from fanfare.imaging.reading import Source, decoding, opened
from fanfare.imaging.resizing import resized

UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a stored picture upright, by EXIF orientation."""
GLANCE: Final = 256
"""Pixels of the longer side when a picture is looked over for its busiest part."""
SHOWN: Final = (10, 655_350)
"""Milliseconds for which a frame of an animation is shown, least and most: those of GIF."""
DEFAULT: Final = Options()


@dataclass(frozen=True, slots=True)
class Optimized(Encoded):
    """What came out, and what it was made from."""

    source: Source


def optimize(
    data: bytes,
    options: Options | Callable[[Source], Options] = DEFAULT,
    limits: Limits = LIMITS,
    checkpoint: Checkpoint = never,
) -> Optimized:
    """Return the picture in `data` as `options` ask: upright, in sRGB, without metadata.

    `options` may be a function that looks at the source first. `checkpoint` is called before each frame and each
    attempt to encode. Raises `MalformedBody`, `UnsupportedMediaType`, `ContentTooLarge` or `UnusableContent` for what
    cannot be read, `InvalidInput` for a `max_bytes` that no picture of this kind fits into, and what these two raise.
    """
    with opened(data, limits) as (image, source):
        chosen = options(source) if callable(options) else options
        picture = _rendered(image, source, chosen, limits, checkpoint)
    made = encode(picture, chosen, checkpoint)
    return Optimized(made.body, made.format, made.media_type, made.width, made.height, made.quality, source)


def render(data: bytes, options: Options = DEFAULT, limits: Limits = LIMITS) -> tuple[Rendered, Source]:
    """Return the picture's pixels, to be encoded once or more; raises as `optimize` does."""
    with opened(data, limits) as (image, source):
        return _rendered(image, source, options, limits, never), source


def _rendered(image: Image.Image, source: Source, options: Options, limits: Limits, checkpoint: Checkpoint) -> Rendered:
    if options.animated and source.frames > 1:
        return _animation(image, source, options, limits, checkpoint)
    return Rendered([_frame(image, source, options)])


def _animation(
    image: Image.Image, source: Source, options: Options, limits: Limits, checkpoint: Checkpoint
) -> Rendered:
    if source.frames > limits.frames:
        raise ContentTooLarge(f"{source.frames} frames; at most {limits.frames} are kept")
    if source.frames * source.width * source.height > limits.animation_pixels:
        raise ContentTooLarge(f"more than {limits.animation_pixels} pixels in all frames together")
    durations: list[int] = []
    size = image.size

    def frames() -> Iterator[Image.Image]:
        for number in range(source.frames):
            checkpoint()
            with decoding():
                image.seek(number)
            image.decoderconfig = ()  # type: ignore[attr-defined]  # Pillow adds to it for each interlaced frame
            if image.size != size:
                raise UnusableContent("frames of several sizes")
            yield _frame(image, source, options)
            durations.append(min(max(SHOWN[0], round(image.info.get("duration", 100))), SHOWN[1]))

    return Rendered(list(frames()), durations, _plays(image))


def _plays(image: Image.Image) -> int:
    """How often an animation plays, 0 for ever. A GIF counts repeats instead, and says nothing where there is none."""
    loop: int | None = image.info.get("loop")
    if image.format == "GIF":
        loop = 1 if loop is None else loop and loop + 1
    return min(loop or 0, 0xFFFF)


def _frame(image: Image.Image, source: Source, options: Options) -> Image.Image:
    """Return the current frame as `options` ask, upright, RGB or RGBA."""
    width, height = image.size
    placement = place(width, height, options, turned=source.orientation >= 5)
    profile = image.info.get("icc_profile")
    eighths = placement.draft() if options.fast and image.format in {"JPEG", "MPO"} else 8
    with decoding():
        if eighths < 8:
            draft(image, eighths)
        image.load()
        drawn = resizable(image)
    if options.fit == "cover":
        placement = moved(placement, width, height, *_focus(drawn, source, placement, options))
    # The box also keeps out the border that a draft of odd measures has from its last block's padding.
    left, top, right, bottom = (edge * eighths / 8 for edge in placement.box)
    drawn = resized(drawn, placement.size, (left, top, right, bottom))
    drawn = to_srgb(drawn, profile)
    if placement.canvas != placement.size:
        drawn = _padded(drawn, placement.canvas, options.background)
    if source.orientation in UPRIGHT:
        drawn = drawn.transpose(UPRIGHT[source.orientation])
    drawn.info.clear()  # encoders would write comments and profiles from here
    return drawn


def _padded(image: Image.Image, canvas: tuple[int, int], background: str) -> Image.Image:
    ground = Image.new("RGB", canvas, background)
    corner = (canvas[0] - image.width) // 2, (canvas[1] - image.height) // 2
    ground.paste(image, corner, image.getchannel("A") if image.mode == "RGBA" else None)
    return ground


def _focus(image: Image.Image, source: Source, placement: Placement, options: Options) -> tuple[float, float]:
    """The point that a cut shall keep, as fractions of the stored picture."""
    if options.gravity == "centre":
        return 0.5, 0.5
    if options.gravity == "attention":
        return _busiest(image, placement, options.background)
    return _stored(*options.gravity, source.orientation)


def _stored(x: float, y: float, orientation: int) -> tuple[float, float]:
    """A point of the upright picture in the stored one."""
    return {
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (y, 1 - x),
        7: (1 - y, 1 - x),
        8: (1 - y, x),
    }.get(orientation, (x, y))


def _busiest(image: Image.Image, placement: Placement, background: str) -> tuple[float, float]:
    """The middle of the window with most detail: gradient magnitude, summed along the side that is not cut."""
    scale = max(1, max(image.size) // GLANCE)
    small = image.resize((-(-image.width // scale), -(-image.height // scale)), Image.Resampling.BOX)
    edges = flattened(to_srgb(small, None), background).convert("L").filter(ImageFilter.FIND_EDGES).convert("F")
    width, height = edges.size
    for border in ((0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height)):
        edges.paste(0, border)  # where the filter leaves the picture itself
    left, top, right, bottom = placement.box
    full_width = right - left + 2 * left
    full_height = bottom - top + 2 * top
    return (
        busiest(_values(edges.resize((edges.width, 1), Image.Resampling.BOX)), (right - left) / full_width),
        busiest(_values(edges.resize((1, edges.height), Image.Resampling.BOX)), (bottom - top) / full_height),
    )


def _values(image: Image.Image) -> list[float]:
    """The pixels of an image of mode F."""
    return list(struct.unpack(f"{image.width * image.height}f", image.tobytes()))

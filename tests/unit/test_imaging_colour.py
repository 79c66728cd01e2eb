"""Colours arrive as what they are in sRGB, from all of Pillow's modes and all profiles; alpha is kept or filled."""

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageFilter

from fanfare.imaging import Optimized, Options, optimize
from fanfare.imaging import colour as colours
from support.pictures import animation, chunk, decoded, encoded, png
from support.profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    INKS,
    SRGB,
    Space,
    cmyk_profile,
    grey_profile,
    in_srgb,
    matrix_profile,
    printed_in_srgb,
)

type Colour = tuple[int, ...]

PNG = Options(format="png")


def middle(made: Optimized) -> Colour:
    image = decoded(made.body)
    found = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(found, tuple)
    return found


def close(found: Colour, expected: Sequence[float], levels: float = 1.01) -> bool:
    return found == pytest.approx(tuple(expected), abs=levels)


def flat(mode: str, colour: Colour | int) -> Image.Image:
    return Image.new(mode, (40, 30), colour)


@pytest.mark.parametrize("levels", [(230, 30, 40), (60, 220, 80), (30, 40, 200), (200, 180, 40), (128, 128, 128)])
@pytest.mark.parametrize("space", [DISPLAY_P3, ADOBE_RGB, SRGB], ids=["Display P3", "Adobe RGB", "sRGB"])
def test_colours_of_other_spaces_arrive_as_what_they_are_in_srgb(space: Space, levels: tuple[int, int, int]) -> None:
    data = encoded(flat("RGB", levels), icc_profile=matrix_profile(space))
    assert close(middle(optimize(data, PNG)), in_srgb(space, levels))


def test_wide_gamuts_are_wide_in_these_tests() -> None:
    assert in_srgb(SRGB, (200, 60, 60)) == pytest.approx((200, 60, 60), abs=0.01)
    assert not close((200, 60, 60), in_srgb(DISPLAY_P3, (200, 60, 60)), 10)
    assert not close((60, 220, 80), in_srgb(ADOBE_RGB, (60, 220, 80)), 10)


@pytest.mark.parametrize("format_", ["JPEG", "WEBP", "AVIF"])
def test_every_format_that_has_profiles_is_converted(format_: str) -> None:
    data = encoded(flat("RGB", (230, 60, 50)), format_, quality=100, icc_profile=matrix_profile(DISPLAY_P3))
    assert close(middle(optimize(data, PNG)), in_srgb(DISPLAY_P3, (230, 60, 50)), 4)


def test_a_drafted_jpeg_is_converted_too() -> None:
    image = Image.new("RGB", (1601, 1203), (200, 90, 90))
    data = encoded(image, "JPEG", quality=100, icc_profile=matrix_profile(DISPLAY_P3))
    assert close(middle(optimize(data, Options(width=100, format="png"))), in_srgb(DISPLAY_P3, (200, 90, 90)), 4)


@pytest.mark.parametrize("inks", [inks for inks in INKS if not inks[3]])
def test_inks_arrive_as_their_profile_prints_them(inks: tuple[int, int, int, int]) -> None:
    full = flat("CMYK", tuple(255 * ink for ink in inks))
    data = encoded(full, "JPEG", quality=100, icc_profile=cmyk_profile())
    assert close(middle(optimize(data, PNG)), printed_in_srgb(inks), 3)


@pytest.mark.parametrize(("inks", "expected"), [((255, 0, 0, 0), (0, 255, 255)), ((0, 0, 255, 127), (128, 128, 0))])
def test_inks_without_a_profile_arrive_as_complements(inks: Colour, expected: Colour) -> None:
    data = encoded(flat("CMYK", inks), "JPEG", quality=100)
    assert b"Adobe" in data, "an application of this name inverts the inks, and says so"
    assert close(middle(optimize(data, PNG)), expected, 3)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_greys_are_converted_from_their_curve(mode: str) -> None:
    data = encoded(flat("L", 60).convert(mode), icc_profile=grey_profile(1.8))
    grey = in_srgb(Space(SRGB.red, SRGB.green, SRGB.blue, 1.8), (60, 60, 60))[0]
    assert grey > 70
    assert close(middle(optimize(data, PNG))[:3], (grey, grey, grey))


def test_alpha_outlives_a_profile() -> None:
    data = encoded(flat("RGBA", (230, 30, 40, 77)), icc_profile=matrix_profile(DISPLAY_P3))
    assert close(middle(optimize(data, PNG)), (*in_srgb(DISPLAY_P3, (230, 30, 40)), 77))


@pytest.mark.parametrize(
    "profile",
    [b"x", b"garbage" * 100, matrix_profile(DISPLAY_P3)[:200], cmyk_profile(), grey_profile(1.8)],
    ids=["a byte", "garbage", "cut", "for inks", "for greys"],
)
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_a_profile_that_is_broken_or_for_something_else_is_passed_over(profile: bytes, format_: str) -> None:
    lossless = {"lossless": True} if format_ == "WEBP" else {"quality": 100}
    data = encoded(flat("RGB", (200, 60, 60)), format_, icc_profile=profile, **lossless)
    assert close(middle(optimize(data, PNG)), (200, 60, 60), 3)


def test_every_cut_and_flipped_profile_is_used_or_passed_over() -> None:
    for whole in (matrix_profile(ADOBE_RGB), cmyk_profile()):
        mode = "RGB" if whole[16:20] == b"RGB " else "CMYK"
        for at in range(0, 700, 17):
            for broken in (whole[:at], whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4 :]):
                assert colours.to_srgb(flat(mode, 0), broken).mode == "RGB"


def test_white_stays_white_whatever_a_profile_tells_of_its_screen() -> None:
    profile = matrix_profile(ADOBE_RGB, white=(0.9505, 1.0, 1.0891))
    assert middle(optimize(encoded(flat("RGB", (255, 255, 255)), icc_profile=profile), PNG)) == (255, 255, 255)


def test_a_profile_that_only_calls_itself_srgb_is_used() -> None:
    data = encoded(flat("RGB", (60, 220, 80)), icc_profile=matrix_profile(ADOBE_RGB, "Not sRGB"))
    assert close(middle(optimize(data, PNG)), in_srgb(ADOBE_RGB, (60, 220, 80)))


@pytest.mark.parametrize(
    "profile", [matrix_profile(SRGB), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()]
)
def test_srgb_under_any_name_costs_nothing(profile: bytes) -> None:
    image = flat("RGB", (1, 2, 3))
    assert colours.to_srgb(image, profile) is image


def test_profiles_are_kept_in_memory_up_to_a_size_and_a_number() -> None:
    huge = matrix_profile(DISPLAY_P3) + bytes(colours.LARGEST_PROFILE)
    assert close(
        middle(optimize(encoded(flat("RGB", (200, 60, 60)), "JPEG", quality=100, icc_profile=huge), PNG)),
        (200, 60, 60),
        3,
    )
    assert colours._transform.cache_parameters()["maxsize"] <= 8


@pytest.mark.parametrize("level", [0, 1, 255, 256, 0x80FF, 0xFFFF])
def test_sixteen_bits_are_scaled_not_clipped(level: int) -> None:
    data = encoded(Image.new("I;16", (40, 30), level))
    assert decoded(data).mode == "I;16"
    assert close(middle(optimize(data, PNG)), [level / 257] * 3)


@pytest.mark.parametrize(("colour", "alpha"), [(2, False), (6, True), (4, True)])
def test_sixteen_bits_a_channel_are_scaled(colour: int, alpha: bool) -> None:
    pixel = {2: b"\xff\xff\x80\x00\x00\x10", 6: b"\xff\xff\x80\x00\x00\x10\x7f\xff", 4: b"\x80\x00\x7f\xff"}[colour]
    made = optimize(png(20, 20, 16, colour, (b"\0" + pixel * 20) * 20), PNG)
    grey = colour == 4
    expected = (128, 128, 128) if grey else (255, 128, 0)
    assert close(middle(made), (*expected, 127) if alpha else expected)


MODES = [
    ("1", 1, (255, 255, 255)),
    ("L", 90, (90, 90, 90)),
    ("P", 0, (200, 10, 30)),
    ("RGB", (200, 10, 30), (200, 10, 30)),
]


@pytest.mark.parametrize(("mode", "value", "expected"), MODES)
@pytest.mark.parametrize("gravity", ["centre", "attention"])
def test_opaque_modes_come_out_as_rgb(mode: str, value: int | Colour, expected: Colour, gravity: str) -> None:
    image = flat(mode, value)
    if mode == "P":
        image.putpalette([200, 10, 30])
    asked = Options(width=9, height=9, fit="cover", gravity=gravity, format="png")  # type: ignore[arg-type]
    assert middle(optimize(encoded(image), asked)) == expected


def palette_with_alpha() -> bytes:
    image = flat("P", 1)
    image.putpalette([0, 0, 0, 250, 120, 0])
    return encoded(image, transparency=bytes([0, 128]))


def one_colour_transparent(mode: str, value: int | Colour) -> bytes:
    return encoded(flat(mode, value), transparency=value)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (palette_with_alpha(), (250, 120, 0, 128)),
        (encoded(flat("LA", (90, 51))), (90, 90, 90, 51)),
        (encoded(flat("RGBA", (90, 80, 70, 60)), "WEBP", lossless=True), (90, 80, 70, 60)),
        (one_colour_transparent("RGB", (1, 2, 3)), (1, 2, 3, 0)),
        (one_colour_transparent("L", 7), (7, 7, 7, 0)),
        (one_colour_transparent("1", 1), (255, 255, 255, 0)),
        (animation("GIF", transparency=0), (255, 0, 0, 0)),
    ],
    ids=["palette", "LA", "WebP", "RGB", "L", "1", "GIF"],
)
def test_transparency_of_every_kind_is_kept_and_told(data: bytes, expected: Colour) -> None:
    made = optimize(data, PNG)
    assert close(middle(made), expected, 1 if expected[3] else 255)
    assert middle(made)[3] == expected[3]
    assert made.source.alpha


@pytest.mark.parametrize("background", ["#ffffff", "#10c020"])
def test_a_jpeg_stands_on_its_background(background: str) -> None:
    made = optimize(encoded(flat("RGBA", (200, 0, 0, 102))), Options(background=background, quality=100))
    red, green, blue = (int(background[at : at + 2], 16) for at in (1, 3, 5))
    assert close(middle(made), (red * 0.6 + 200 * 0.4, green * 0.6, blue * 0.6), 3)


def test_contained_pictures_stand_on_their_background_in_every_format() -> None:
    made = optimize(
        encoded(flat("RGBA", (0, 0, 0, 0))), Options(100, 100, fit="contain", format="png", background="#0102fe")
    )
    assert decoded(made.body).getcolors() == [(10_000, (1, 2, 254))]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_soft_edges_have_no_halo(mode: str) -> None:
    # White, and black where there is nothing, as most programs write it.
    mask = Image.new("L", (400, 400))
    ImageDraw.Draw(mask).ellipse((60, 60, 340, 340), fill=255)
    if mode != "P":
        mask = mask.filter(ImageFilter.GaussianBlur(3))
    ink = mask.point(lambda level: 255 if level else 0)
    image = Image.merge("RGBA", (ink, ink, ink, mask))
    data = encoded(image.quantize(16) if mode == "P" else image.convert(mode))
    made = optimize(data, Options(width=57, height=57, quality=100))
    assert int(np.asarray(decoded(made.body)).min()) >= 250, "white on white is white"


def test_premultiplied_pixels_are_spelt_out() -> None:
    image = flat("RGBA", (200, 100, 50, 128)).convert("RGBa")
    made = colours.to_srgb(image, None)
    assert made.mode == "RGBA"
    assert close(made.getpixel((0, 0)), (200, 100, 50, 128), 2)  # type: ignore[arg-type]


def test_texts_do_not_pass_for_what_a_png_says_of_itself() -> None:
    texts = [
        chunk(b"tEXt", key + b"\0" + b"0")
        for key in (
            b"transparency",
            b"icc_profile",
            b"gamma",
            b"interlace",
            b"bbox",
            b"exif",
            b"xmp",
            b"duration",
            b"loop",
        )
    ]
    rows = (b"\0" + bytes([200, 60, 60]) * 4) * 4
    made = optimize(
        png(4, 4, 8, 2, rows, *texts, chunk(b"zTXt", b"dpi\0\0x"), chunk(b"iTXt", b"aspect\0\0\0\0\0x")), PNG
    )
    assert middle(made) == (200, 60, 60)
    assert not made.source.alpha

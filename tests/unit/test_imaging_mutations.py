"""Files that were damaged at random give a picture or an error of ours, nothing else."""

import random

import pytest
from PIL import PngImagePlugin

from fanfare.errors import FanfareError
from fanfare.imaging import Options, optimize
from support.pictures import (
    READ,
    animation,
    chunk,
    decoded,
    encoded,
    many_scans,
    mutated,
    png,
    tagged,
    textured,
    two_heics,
)
from support.profiles import cmyk_profile

"""As in production, where `fanfare.imaging.reading` says so; pytest has its own list for each test."""


def texts() -> bytes:
    written = PngImagePlugin.PngInfo()
    for key in ("transparency", "icc_profile", "exif", "xmp", "duration", "loop", "bbox", "Raw profile type exif"):
        written.add_text(key, "7")
    return encoded(textured(30, 20), "PNG", pnginfo=written)


def seeds() -> list[bytes]:
    noise = textured(61, 47)
    plain = [encoded(noise, format_) for format_ in ("JPEG", "PNG", "GIF", "WEBP", "AVIF")]
    modes = [encoded(noise.convert(mode)) for mode in ("1", "L", "LA", "P", "RGBA", "I;16")]
    odd = [
        encoded(noise, "JPEG", progressive=True, subsampling=0),
        encoded(noise.convert("CMYK"), "JPEG", icc_profile=cmyk_profile()),
        encoded(noise.convert("P"), "PNG", transparency=bytes(range(256))),
        png(9, 7, 16, 2, (b"\0" + bytes(range(54))) * 7, chunk(b"tRNS", b"\xff\xff\0\1\0\2")),
        two_heics(),
        many_scans(9),
        texts(),
    ]
    moving = [animation(format_) for format_ in ("GIF", "PNG", "WEBP", "AVIF")]
    return [*map(tagged, READ), *plain, *modes, *odd, *moving]


ASKED = [
    Options(),
    Options(width=20, height=20, fit="cover", gravity="attention"),
    Options(width=64, height=9, fit="cover", gravity=(0.1, 0.9), format="webp"),
    Options(width=30, animated=True),
    Options(width=20, height=20, fit="contain", format="png"),
    Options(width=40, fast=False, max_bytes=900),
]


@pytest.mark.parametrize("seed", range(10))
def test_mutated_files_give_a_picture_or_an_error_of_ours(seed: int) -> None:
    chance = random.Random(seed)
    files, outcomes = seeds(), set[type]()
    for _ in range(80):
        data = chance.choice(files)
        for _ in range(chance.choice((1, 1, 2, 4))):
            data = mutated(data, chance) or b"x"
        try:
            made = optimize(data, chance.choice(ASKED))
        except FanfareError as error:
            assert 400 <= error.status < 500  # noqa: PT017  (both outcomes are right)
            outcomes.add(type(error))
        else:
            assert decoded(made.body).size == (made.width, made.height)
            outcomes.add(type(made))
    assert len(outcomes) > 2, "mutations are neither all harmless nor all fatal"

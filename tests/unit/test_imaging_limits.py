"""What is refused before a pixel is decoded, and with which words: measures, bytes, parts."""

import io
import json
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image

from fanfare.errors import ContentTooLarge, FanfareError, UnusableContent
from fanfare.imaging import LIMITS, Limits, Options, optimize
from fanfare.imaging.structure import excess, jpeg_parts
from support.pictures import (
    READ,
    Decoded,
    animation,
    careless,
    chunk,
    claiming,
    encoded,
    forbid_decoding,
    inspect,
    many_scans,
    png,
    quadrants,
    segment,
    tagged,
    textured,
)

"""As in production, where `fanfare.imaging.reading` says so; pytest has its own list for each test."""


@pytest.fixture
def undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_decoding(monkeypatch)


def test_the_guard_against_decoding_sees_all_formats(undecoded: None) -> None:
    for format_ in READ:
        with pytest.raises(Decoded):
            optimize(tagged(format_))


SIZES = [(8000, 8000), (9600, 9600), (13_300, 13_300)]
"""Over our limit; over the number at which Pillow warns, 89 million; over the one at which it refuses, 179 million."""


@pytest.mark.parametrize("format_", READ)
@pytest.mark.parametrize("size", SIZES, ids=["over ours", "Pillow warns", "Pillow refuses"])
@pytest.mark.usefixtures("undecoded")
def test_too_many_pixels_are_refused_by_the_header_without_a_warning(format_: str, size: tuple[int, int]) -> None:
    with pytest.raises(ContentTooLarge, match=r"52000000|26000000"):
        inspect(claiming(format_, *size))


@pytest.mark.parametrize(("format_", "taken"), [("JPEG", True), ("WEBP", False), ("AVIF", False)])
@pytest.mark.usefixtures("undecoded")
def test_formats_that_take_more_memory_have_a_tighter_limit(format_: str, taken: bool) -> None:
    data = claiming(format_, 6000, 4400)
    if taken:
        assert inspect(data).width == 6000
    else:
        with pytest.raises(ContentTooLarge, match="26000000"):
            inspect(data)


@pytest.mark.parametrize(
    ("width", "height", "limits", "error", "reason"),
    [
        (1, 60_000, LIMITS, ContentTooLarge, "1 × 60000 pixels; at most 32768 a side"),
        (40_000, 1000, LIMITS, ContentTooLarge, "40000 × 1000 pixels; at most 32768 a side"),
        (30, 4000, LIMITS, UnusableContent, "30 × 4000 pixels; one side may be 100 times the other at most"),
        (8000, 6501, LIMITS, ContentTooLarge, "8000 × 6501 pixels; at most 52000000 in all"),
        (65, 64, Limits(pixels=64 * 64), ContentTooLarge, "65 × 64 pixels; at most 4096 in all"),
        (65, 64, Limits(side=64), ContentTooLarge, "65 × 64 pixels; at most 64 a side"),
        (30, 14, Limits(aspect=2), UnusableContent, "30 × 14 pixels; one side may be 2 times"),
    ],
)
@pytest.mark.usefixtures("undecoded")
def test_every_limit_has_its_reason(
    width: int, height: int, limits: Limits, error: type[FanfareError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        inspect(claiming("GIF", width, height), limits)


def test_careless_files_would_have_pillow_warn() -> None:
    for file in careless():
        with pytest.warns(UserWarning, match=r"EXIF|APNG|MPO|File Read"), Image.open(io.BytesIO(file)) as image:
            image.getexif()


def test_what_is_just_within_the_limits_is_read() -> None:
    data = encoded(Image.new("L", (200, 2)), "PNG")
    limits = Limits(bytes=len(data), pixels=400, side=200, aspect=100)
    assert inspect(data, limits).width == 200
    for tighter in (Limits(bytes=len(data) - 1), Limits(pixels=399), Limits(side=199), Limits(aspect=99.9)):
        with pytest.raises((ContentTooLarge, UnusableContent)):
            inspect(data, tighter)


@pytest.mark.usefixtures("undecoded")
def test_too_many_bytes_are_refused_unread() -> None:
    with pytest.raises(ContentTooLarge, match="1001 bytes; at most 1000 are taken"):
        inspect(bytes(1001), Limits(bytes=1000))


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "AVIF"])
def test_animations_have_limits_of_their_own_if_they_are_kept(format_: str) -> None:
    data, kept = animation(format_), Options(animated=True)
    with pytest.raises(ContentTooLarge, match="3 frames; at most 2 are kept"):
        optimize(data, kept, Limits(frames=2))
    with pytest.raises(ContentTooLarge, match="more than 3599 pixels in all frames together"):
        optimize(data, kept, Limits(animation_pixels=3 * 40 * 30 - 1))
    assert optimize(data, kept, Limits(frames=3, animation_pixels=3 * 40 * 30)).source.frames == 3
    assert optimize(data, Options(), Limits(frames=1, animation_pixels=1)).source.frames == 3


BOMBS = """
import json, sys
from fanfare.errors import ContentTooLarge
from fanfare.imaging import optimize
sys.path.insert(0, {tests!r})
from support.pictures import careless, claiming

def peak():
    with open("/proc/self/status") as status:
        return int(status.read().split("VmHWM:")[1].split()[0])

bombs = {{(each, side): claiming(each, side, side) for each in {formats!r} for side in (7300, 9400, 13300)}}
before, refused = peak(), 0
for bomb in bombs.values():
    try:
        optimize(bomb)
    except ContentTooLarge:
        refused += 1
for file in careless():
    optimize(file)
json.dump([len(bombs), refused, (peak() - before) >> 10], sys.stdout)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_bombs_cost_no_memory_and_neither_they_nor_careless_files_a_word_on_stderr() -> None:
    script = BOMBS.format(tests=str(__file__).rsplit("/unit/", 1)[0], formats=READ)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    bombs, refused, megabytes = json.loads(done.stdout)
    assert bombs == refused == 3 * len(READ)
    assert megabytes < 24, "the smallest bomb holds 53 million pixels"
    assert not done.stderr


JPEG = encoded(quadrants(), "JPEG")


def jpeg_with(*segments: bytes) -> bytes:
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


def png_with(*chunks: bytes) -> bytes:
    return png(4, 4, 8, 0, bytes(20), *chunks)


FEW = replace(LIMITS, parts=20, scans=20)


TINY: dict[str, Callable[[int], bytes]] = {
    "JPEG segments": lambda count: jpeg_with(*[segment(0xE3, b"")] * count),
    "JPEG EXIF": lambda count: jpeg_with(*[segment(0xE1, b"Exif\0\0" + b"x" * 9)] * count),
    "JPEG filling": lambda count: jpeg_with(b"\xff" * 1024 * count),
    "JPEG tables": lambda count: jpeg_with(*[segment(0xDB, bytes([0] + [1] * 64))] * count),
    "PNG private chunks": lambda count: png_with(*[chunk(b"prVt")] * count),
    "PNG texts": lambda count: png_with(*[chunk(b"tEXt", b"%d\0" % number) for number in range(count)]),
    "PNG empty pixels": lambda count: png_with(*[chunk(b"IDAT")] * count),
    "GIF comments": lambda count: animation("GIF")[:-1] + b"!\xfe\x01x\0" * count + b";",
    "GIF comment blocks": lambda count: animation("GIF")[:-1] + b"!\xfe" + b"\x01x" * count + b"\0;",
}


@pytest.mark.parametrize("made", TINY.values(), ids=TINY)
@pytest.mark.usefixtures("undecoded")
def test_files_of_many_tiny_parts_are_refused(made: Callable[[int], bytes]) -> None:
    assert not excess(made(5), FEW)
    with pytest.raises(ContentTooLarge, match="a file of more than 20 parts besides its pixels"):
        inspect(made(21), FEW)
    with pytest.raises(ContentTooLarge, match="a file of more than 500 parts"):
        inspect(made(501))


@pytest.mark.parametrize("format_", READ)
def test_ordinary_files_have_few_parts(format_: str) -> None:
    assert not excess(tagged(format_), replace(LIMITS, parts=20))


def test_parts_of_pixels_are_as_many_as_they_need_to_be() -> None:
    data = encoded(textured(120, 120), "PNG", compress_level=0)
    whole = data.index(b"IDAT") - 4, data.index(b"IEND") - 4
    pixels = b"".join(data[at + 8 : at + 8 + int.from_bytes(data[at : at + 4])] for at in [whole[0]])
    split = b"".join(chunk(b"IDAT", pixels[at : at + 16]) for at in range(0, len(pixels), 16))
    fine = data[: whole[0]] + split + data[whole[1] :]
    assert fine.count(b"IDAT") > LIMITS.parts
    assert optimize(fine, Options(format="png")).body == optimize(data, Options(format="png")).body
    gif = encoded(textured(300, 300), "GIF")
    assert len(gif) > 255 * LIMITS.parts / 2
    assert not excess(gif, FEW)


@pytest.mark.parametrize("scans", [1, 2, 20])
def test_scans_are_counted(scans: int) -> None:
    assert jpeg_parts(many_scans(scans), FEW)[1] == scans
    assert optimize(many_scans(scans), limits=FEW).width == 64


@pytest.mark.usefixtures("undecoded")
def test_a_jpeg_of_many_scans_is_refused() -> None:
    with pytest.raises(ContentTooLarge, match="a JPEG of more than 20 scans"):
        inspect(many_scans(21), FEW)
    with pytest.raises(ContentTooLarge, match="a JPEG of more than 100 scans"):
        inspect(many_scans(5000))


def test_scans_are_those_that_a_decoder_reads() -> None:
    image = textured(200, 150)
    assert jpeg_parts(encoded(image, "JPEG"), LIMITS)[1] == 1
    progressive = encoded(image, "JPEG", progressive=True)
    assert 5 < jpeg_parts(progressive, LIMITS)[1] == progressive.count(b"\xff\xda") < 15
    assert jpeg_parts(encoded(image, "JPEG", restart_marker_blocks=1), LIMITS)[1] == 1
    thumbnail = segment(0xE1, b"Exif\0\0" + many_scans(30))
    assert jpeg_parts(progressive[:2] + thumbnail + progressive[2:], FEW)[1] == progressive.count(b"\xff\xda")
    assert jpeg_parts(encoded(image, "JPEG") + many_scans(30), FEW)[1] == 1, "what follows the end is not read"


def one_component_a_scan(side: int = 16) -> bytes:
    """A sequential JPEG whose components come one after the other: the decoder keeps all and reads on."""
    frame = struct.pack(">BHHB", 8, side, side, 3) + bytes([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
    codes = b"".join(segment(0xC4, bytes([kind] + [0] * 7 + [1] + [0] * 8) + b"\0") for kind in (0x00, 0x10))
    scan = b"".join(segment(0xDA, bytes([1, component, 0, 0, 63, 0])) + bytes(40) for component in (1, 2, 3) * 9)
    return b"\xff\xd8" + segment(0xDB, b"\0" + bytes([1] * 64)) + segment(0xC0, frame) + codes + scan + b"\xff\xd9"


def test_a_sequential_jpeg_cannot_hide_its_scans() -> None:
    assert jpeg_parts(one_component_a_scan(), LIMITS)[1] == 27
    with pytest.raises(ContentTooLarge, match="20 scans"):
        inspect(one_component_a_scan(), FEW)

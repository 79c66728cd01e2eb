"""What is refused, and with which words, before a pixel is decoded; and that nothing else ever comes out."""

import importlib
import io
import json
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image, ImageFile, PngImagePlugin

from fanfare.errors import ContentTooLarge, FanfareError, MalformedBody, UnsupportedMediaType, UnusableContent
from fanfare.imaging import LIMITS, Limits, Options, inspect, optimize
from fanfare.imaging.polyglots import second_nature
from fanfare.imaging.structure import excess, jpeg_parts, misnamed
from support.pictures import (
    animation,
    archive,
    careless,
    chunk,
    claiming,
    decoded,
    encoded,
    exif,
    heic,
    many_scans,
    mutated,
    oriented,
    png,
    quadrants,
    segment,
    tagged,
    textured,
    two_heics,
)
from support.profiles import cmyk_profile

pytestmark = pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\.")
"""As in production, where `fanfare.imaging.reading` says so; pytest has its own list for each test."""

READ = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF")


@pytest.fixture
def undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every decoding of pixels an error that is nobody's."""

    def load(self: Image.Image) -> None:
        raise KeyboardInterrupt(f"{self.format} pixels were decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    for module, name in [
        ("PIL.AvifImagePlugin", "AvifImageFile"),
        ("PIL.WebPImagePlugin", "WebPImageFile"),
        ("pi_heif.as_plugin", "HeifImageFile"),
    ]:
        monkeypatch.setattr(getattr(importlib.import_module(module), name), "load", load)


def test_the_guard_against_decoding_sees_all_formats(undecoded: None) -> None:
    for format_ in READ:
        with pytest.raises(KeyboardInterrupt, match="pixels were decoded"):
            optimize(tagged(format_))


# ----- measures


SIZES = [(8000, 8000), (9600, 9600), (13_300, 13_300)]
"""Over our limit; over the number at which Pillow warns, 89 million; over the one at which it refuses, 179 million."""


@pytest.mark.parametrize("format_", READ)
@pytest.mark.parametrize("size", SIZES, ids=["over ours", "Pillow warns", "Pillow refuses"])
@pytest.mark.usefixtures("undecoded")
def test_too_many_pixels_are_refused_by_the_header_without_a_warning(format_: str, size: tuple[int, int]) -> None:
    with pytest.raises(ContentTooLarge, match="52000000"):
        inspect(claiming(format_, *size))


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


# ----- how files are put together


JPEG = encoded(quadrants(), "JPEG")
FEW = replace(LIMITS, parts=20, scans=20)


def jpeg_with(*segments: bytes) -> bytes:
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


def png_with(*chunks: bytes) -> bytes:
    return png(4, 4, 8, 0, bytes(20), *chunks)


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


# ----- polyglots


def zip64() -> bytes:
    """An archive whose end defers to the larger one before it."""
    plain = archive()
    end = plain.rindex(b"PK\x05\x06")
    return plain[:end] + b"PK\x06\x07" + bytes(16) + plain[end : end + 8] + b"\xff" * 12 + bytes(2)


def gif_with_script() -> bytes:
    made = encoded(quadrants(), "GIF", comment=b"*/=1;</x><script>alert(1)</script>/*")
    assert made.index(b"<script>") < 1445
    return made


POLYGLOTS = {
    "JPEG + ZIP": (JPEG + archive(), "a ZIP archive"),
    "JPEG + ZIP with a comment": (JPEG + archive(b"c" * 60_000), "a ZIP archive"),
    "JPEG + ZIP with a second end in its comment": (JPEG + archive(b"PK\x05\x06" + b"\xff" * 18), "a ZIP archive"),
    "JPEG + ZIP64": (JPEG + zip64(), "a ZIP archive"),
    "JPEG + empty ZIP": (JPEG + b"PK\x05\x06" + bytes(18), "a ZIP archive"),
    "PNG + ZIP": (encoded(quadrants()) + archive(), "a ZIP archive"),
    "WebP + ZIP": (encoded(quadrants(), "WEBP") + archive(), "a ZIP archive"),
    "PNG + PDF": (png_with(chunk(b"tEXt", b"a\0%PDF-1.7 1 0 obj")), "a PDF"),
    "JPEG + PDF": (jpeg_with(segment(0xFE, b"%PDF-1.4")), "a PDF"),
    "GIF + script": (gif_with_script(), "markup or a script"),
    "JPEG + page": (jpeg_with(segment(0xFE, b"<!DOCTYPE  HTML><body onload=x>")), "markup or a script"),
    "JPEG + PHP": (jpeg_with(segment(0xFE, b"<?php system($_GET[0]); ?>")), "markup or a script"),
    "PNG + SVG": (png_with(chunk(b"iTXt", b"a\0\0\0\0\0<svg onload='x'>")), "markup or a script"),
}


@pytest.mark.parametrize(("data", "kind"), POLYGLOTS.values(), ids=POLYGLOTS)
@pytest.mark.usefixtures("undecoded")
def test_a_picture_that_is_something_else_too_is_refused(data: bytes, kind: str) -> None:
    assert decoded_header(data) is not None, "it is a picture"
    with pytest.raises(UnusableContent, match=f"the file is {kind}, too"):
        inspect(data)


def decoded_header(data: bytes) -> str | None:
    with Image.open(io.BytesIO(data)) as image:
        return image.format


VIDEO = (
    struct.pack(">I", 24)
    + b"ftypmp42"
    + bytes(12)
    + struct.pack(">I", 5000)
    + b"mdat"
    + random.Random(5).randbytes(4992)
)
XMP = (
    b"<?xpacket begin='\xef\xbb\xbf' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF>"
    b"<rdf:Description GCamera:MotionPhoto='1'/><rdf:li>HTML, script, PK</rdf:li></rdf:RDF></x:xmpmeta>"
    b"<?xpacket end='w'?>"
)


@pytest.mark.parametrize(
    "data",
    [
        JPEG + VIDEO,
        encoded(quadrants(), "JPEG", xmp=XMP, exif=exif()),
        encoded(quadrants(), "WEBP", xmp=XMP, exif=exif()),
        png_with(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
        JPEG + b"PK\x05\x06" + b"\x07" * 18,
        JPEG + b"PK\x05\x06",
        JPEG + bytes(3000),
    ],
    ids=["motion photo", "XMP", "WebP with XMP", "PNG with XMP", "chance", "chance at the end", "padding"],
)
def test_photos_with_what_telephones_and_editors_add_are_read(data: bytes) -> None:
    assert second_nature(data) == ""
    assert optimize(data).width


def test_an_mpo_is_its_first_picture() -> None:
    buffer = io.BytesIO()
    quadrants().save(buffer, "MPO", save_all=True, append_images=[quadrants(32, 24)])
    source = optimize(buffer.getvalue(), Options(animated=True)).source
    assert (source.format, source.width, source.frames) == ("jpeg", 64, 1)


# ----- what is no picture, and what is a broken one


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG is not read"),
        (b"\n <?xml version='1.0'?><svg/>", "XML or SVG is not read"),
        (b"\xef\xbb\xbf<!doctype html><title>x</title>", "HTML is not read"),
        (b"<HTML><body>", "HTML is not read"),
        (b"%PDF-1.7\n" + JPEG, "PDF is not read"),
        (archive(), "a ZIP archive is not read"),
        (encoded(quadrants(), "TIFF"), "TIFF is not read"),
        (encoded(quadrants(), "BMP"), "BMP is not read"),
        (b'{"url": "https://example.com/a.jpg"}', "JSON is not read"),
        (encoded(quadrants(), "ICO"), "what was sent is not read"),
        (encoded(quadrants(), "JPEG2000"), "what was sent is not read"),
        (encoded(quadrants(), "PPM"), "what was sent is not read"),
        (b"hello", "what was sent is not read"),
        (bytes(4000), "what was sent is not read"),
        (VIDEO, "what was sent is not read"),
    ],
)
def test_what_is_no_picture_that_is_read_is_named(data: bytes, name: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=f"{name}; send JPEG, PNG, WebP, AVIF, HEIC or GIF"):
        inspect(data)


def test_an_empty_body_is_malformed() -> None:
    with pytest.raises(MalformedBody, match="empty"):
        inspect(b"")


@pytest.mark.parametrize("format_", READ)
def test_the_beginning_of_a_picture_is_a_damaged_one(format_: str) -> None:
    data = heic() if format_ == "HEIF" else encoded(textured(60, 40), format_)
    for kept in (20, len(data) // 4, len(data) // 2, len(data) * 3 // 4):
        with pytest.raises(UnusableContent, match="damaged or incomplete"):
            optimize(data[:kept])


@pytest.mark.parametrize("format_", READ)
def test_garbage_under_the_name_of_a_format_is_damaged(format_: str) -> None:
    for seed in range(20):
        with pytest.raises((UnusableContent, ContentTooLarge), match=r"damaged or incomplete|pixels"):
            optimize(tagged(format_)[:16] + random.Random(seed).randbytes(500))


def test_a_palette_picture_without_its_palette_is_damaged() -> None:
    with pytest.raises(UnusableContent, match="damaged or incomplete"):
        optimize(png(4, 4, 8, 3, bytes(20)))


def test_an_animation_whose_frames_have_several_sizes_is_not_kept() -> None:
    data = bytearray(animation("GIF"))
    second = data.index(b"\x2c", data.index(b"\x2c") + 1)
    data[second + 5 : second + 9] = struct.pack("<HH", 9000, 9000)
    with pytest.raises(UnusableContent, match="frames of several sizes"):
        optimize(bytes(data), Options(animated=True))
    assert optimize(bytes(data)).width == 40


@pytest.mark.parametrize("name", [b"mim\xe9", b"\xff\xfe\xfd\xfc"])
def test_items_of_a_heic_with_odd_names_do_not_reach_its_decoder(name: bytes) -> None:
    # Their decoder would end the whole process, tests and all.
    with pytest.raises(UnusableContent, match="damaged"):
        inspect(heic().replace(b"mime", name, 1))
    with pytest.raises(UnusableContent, match="damaged"):
        inspect(heic().replace(b"application/rdf", b"applic\xe4tion/rdf", 1))


def test_many_items_of_a_heic_are_no_odd_names() -> None:
    numbered = heic().replace(b"infe\x02\x00\x00\x01\x00\x03", b"infe\x02\x00\x00\x01\x00\xf3")
    assert numbered != heic()
    assert not misnamed(numbered)
    assert not misnamed(heic() + struct.pack(">I4s", 40, b"mdat") + b"\xff\xff\xff\xffinfe\xff" + bytes(23))


# ----- what is told of a file


@pytest.mark.parametrize("format_", READ)
def test_a_source_is_described(format_: str) -> None:
    source = inspect(tagged(format_))
    assert (source.format, source.width, source.height) == (format_.lower(), 64, 48)
    assert (source.bytes, source.frames, source.orientation) == (len(tagged(format_)), 1, 1)
    assert not source.alpha


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_measures_are_upright(format_: str, orientation: int) -> None:
    source = inspect(oriented(quadrants(), orientation, format_))
    assert (source.width, source.height, source.orientation) == (64, 48, orientation)


def test_exif_behind_the_pixels_of_a_png_counts() -> None:
    made = encoded(quadrants().rotate(90, expand=True))
    late = made[:-12] + chunk(b"eXIf", exif(6).tobytes()[6:]) + made[-12:]
    assert inspect(late).orientation == 6
    assert optimize(late, Options(format="png")).width == 64


@pytest.mark.parametrize("value", [0, 9, 77, 65_535])
def test_an_orientation_that_is_none_is_upright(value: int) -> None:
    assert inspect(encoded(quadrants(), "JPEG", exif=exif(value))).orientation == 1


@pytest.mark.parametrize(
    "broken", [b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0garbage"]
)
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_does_not_spoil_a_picture(broken: bytes, format_: str) -> None:
    source = optimize(encoded(quadrants(), format_, exif=broken)).source
    assert (source.orientation, source.captured_at) == (1, None)


@pytest.mark.parametrize(
    ("taken", "offset", "expected"),
    [
        ("2026:11:21 12:30:00", "+01:00", "2026-11-21T12:30:00+01:00"),
        ("2026:11:21 12:30:00", "", "2026-11-21T12:30:00"),
        ("2026:11:21 12:30:00", "noon", "2026-11-21T12:30:00"),
        ("2026:13:41 12:30:00", "", None),
        ("    :  :     :  :  ", "", None),
        ("yesterday", "+01:00", None),
    ],
)
def test_when_a_picture_was_taken_is_told(taken: str, offset: str, expected: str | None) -> None:
    tags = Image.Exif()
    tags.get_ifd(0x8769).update({0x9003: taken, 0x9011: offset})
    assert inspect(encoded(quadrants(), "JPEG", exif=tags)).captured_at == expected


# ----- mutations


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

"""What is read, what is not, and with which words; what is told of a file."""

import io
import random
import struct

import pytest
from PIL import Image

from fanfare.errors import ContentTooLarge, MalformedBody, UnsupportedMediaType, UnusableContent
from fanfare.imaging import Options, optimize
from fanfare.imaging.polyglots import second_nature
from fanfare.imaging.structure import misnamed
from support.pictures import (
    READ,
    animation,
    archive,
    chunk,
    deep_grey_heic,
    encoded,
    exif,
    forbid_decoding,
    heic,
    inspect,
    oriented,
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


JPEG = encoded(quadrants(), "JPEG")


def jpeg_with(*segments: bytes) -> bytes:
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


def png_with(*chunks: bytes) -> bytes:
    return png(4, 4, 8, 0, bytes(20), *chunks)


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


@pytest.mark.usefixtures("undecoded")
def test_a_heic_whose_decoder_would_write_beyond_its_memory_is_refused() -> None:
    with pytest.raises(UnusableContent, match="grey HEIC of more than eight bits is not read"):
        optimize(deep_grey_heic())


@pytest.mark.parametrize("length", [0, 1, 7, 8, 2**31, 2**63, 2**64 - 1])
def test_boxes_of_any_length_are_walked_through(length: int) -> None:
    box = struct.pack(">I4sQ", 1, b"free", length) if length > 2**31 else struct.pack(">I4s", length, b"free")
    assert not misnamed(heic()[:28] + box + bytes(24))


def test_many_items_of_a_heic_are_no_odd_names() -> None:
    numbered = heic().replace(b"infe\x02\x00\x00\x01\x00\x03", b"infe\x02\x00\x00\x01\x00\xf3")
    assert numbered != heic()
    assert not misnamed(numbered)
    assert not misnamed(heic() + struct.pack(">I4s", 40, b"mdat") + b"\xff\xff\xff\xffinfe\xff" + bytes(23))


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

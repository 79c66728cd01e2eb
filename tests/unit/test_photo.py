"""A photo on its way to the model: upright, small, and nothing but what is to be seen."""

import asyncio
import base64
import io
import textwrap
from typing import Any

import pytest
from PIL import Image

from fanfare import aio
from fanfare.errors import DeadlineExceeded, InvalidInput
from fanfare.imaging import Optimized, optimize
from fanfare.photos import SIDE, Photo
from recommendation import photo as module
from recommendation import rules
from recommendation.contract import MovieRequest
from recommendation.intent import Intent
from recommendation.mood import WORDLESS
from recommendation.photo import prepared
from support.photos import CAMERA, NIGHT, encoded, photo
from support.pictures import claiming, inspect


def prepare(text: str) -> Photo:
    return asyncio.run(prepared(text))


def shown(made: Photo) -> bytes:
    header, _, data = made.url.partition(",")
    assert header == "data:image/jpeg;base64"
    return base64.b64decode(data, validate=True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_shown_upright_small_and_without_metadata(orientation: int) -> None:
    file = photo(orientation=orientation)
    assert CAMERA.encode() in file
    sent = shown(prepare(encoded(file)))
    with Image.open(io.BytesIO(sent)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (SIDE, 385))
        assert picture.convert("L").getpixel((256, 20)) == pytest.approx(200, abs=4)
        assert picture.convert("L").getpixel((256, 365)) == pytest.approx(90, abs=4)
        assert not picture.getexif()
        assert not {"exif", "xmp", "comment", "icc_profile"} & set(picture.info)
    assert CAMERA.encode() not in sent


def test_a_small_photo_is_not_enlarged() -> None:
    with Image.open(io.BytesIO(shown(prepare(encoded(photo(size=(64, 48))))))) as picture:
        assert picture.size == (64, 48)


def test_the_digest_tells_pictures_apart_and_not_files() -> None:
    here, there, other = (prepare(encoded(each)).digest for each in (photo(), photo(latitude=12.0), photo(NIGHT)))
    assert here == there != other
    assert len(here) == 64


@pytest.mark.parametrize(
    "text",
    [
        encoded(photo()),
        f"data:image/jpeg;base64,{encoded(photo())}",
        f"DATA:Image/JPEG;BASE64,{encoded(photo())}",
        f"data:image/png;name=beach.png;base64,{encoded(photo())}",  # what it is, the file itself says
        "\r\n".join(textwrap.wrap(encoded(photo()), 76)) + "\r\n",
    ],
    ids=["plain", "data URL", "in capitals", "with a parameter", "with line breaks"],
)
def test_base64_in_every_form_is_read(text: str) -> None:
    assert prepare(text) == prepare(encoded(photo()))


def test_other_formats_become_jpeg() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(buffer, "PNG")
    with Image.open(io.BytesIO(shown(prepare(encoded(buffer.getvalue()))))) as picture:
        assert picture.getpixel((20, 20)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not base64!", "base64"),
        ("aGVsbG8", "base64"),  # a sign is missing
        ("Ünïcode", "base64"),
        ("   ", "empty"),
        ("data:image/png;base64,", "empty"),
        ("data:image/png,%89PNG", "data URL"),
        ("data:text/html;base64,PGh0bWw+", "data URL"),
        ("https://example.com/photo.jpg", "base64"),
        (encoded(b"hello, I am a picture"), "not read"),
        (encoded(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "SVG"),
        (encoded(photo()[:2000]), "damaged"),
        (encoded(photo(size=(3000, 20))), "one side"),
    ],
)
def test_what_is_no_photo_is_refused_with_the_field_and_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        prepare(text)
    assert list(raised.value.fields) == ["photo"]
    assert reason in raised.value.fields["photo"]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (bytes(module.LIMITS.bytes + 1), "at most 8388608 are taken"),
        (claiming("JPEG", 5100, 5100), "at most 26000000 in all"),
        (claiming("WEBP", 3610, 3610), "at most 13000000 in all"),
        (claiming("AVIF", 3610, 3610), "at most 13000000 in all"),
    ],
    ids=["bytes", "JPEG", "WebP", "AVIF"],
)
def test_a_photo_may_be_less_large_than_other_pictures(file: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        prepare(encoded(file))
    assert reason in raised.value.fields["photo"]
    if file.strip(b"\0"):
        assert inspect(file).width > 3600  # elsewhere it is not too large


def test_a_photo_for_which_there_is_no_time_is_given_up() -> None:
    async def scenario() -> Photo:
        with aio.within(aio.Deadline.after(0)):
            return await prepared(encoded(photo()))

    with pytest.raises(DeadlineExceeded):
        asyncio.run(scenario())


def test_the_loop_goes_on_while_a_photo_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> Photo:
        loop = asyncio.get_running_loop()

        def waiting_for_the_loop(data: bytes, *further: Any) -> Optimized:
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(10)
            return optimize(data, *further)

        monkeypatch.setattr("fanfare.photos.optimize", waiting_for_the_loop)
        return await prepared(encoded(photo()))

    assert asyncio.run(scenario()).digest


@pytest.mark.parametrize(("language", "words"), WORDLESS.items())
def test_what_stands_for_missing_words_says_its_language_and_no_more(language: str, words: str) -> None:
    assert rules.read(words, this_year=2026) == Intent(language=language)


def test_the_picture_is_not_in_the_representation() -> None:
    made = prepare(encoded(photo()))
    assert made.url not in repr(made)
    assert made.digest in repr(made)
    assert made.url not in repr(MovieRequest(photo=made.url))

"""The sample model's eyes: what it sees in a photo, and what it will not be sent."""

import base64
import io
import json
from typing import Any

import pytest
from PIL import Image

from local_cloud.world import model
from local_cloud.world.reading import read
from local_cloud.world.sight import look
from support.photos import BRIGHT_SKY, GREY, NIGHT, encoded, photo

SMALL = (64, 48)


def url(file: bytes) -> str:
    return f"data:image/jpeg;base64,{encoded(file)}"


def plain(sky: tuple[int, int, int], ground: tuple[int, int, int]) -> str:
    return url(photo(sky, ground, size=SMALL, tagged=False))


@pytest.mark.parametrize(
    ("sky", "ground", "words"),
    [
        (NIGHT, NIGHT, "dark"),
        ((220, 220, 220), (210, 210, 210), "sunlit"),
        ((150, 110, 80), (150, 110, 80), "warm-toned"),
        ((90, 110, 150), (90, 110, 150), "cold-toned"),
        (BRIGHT_SKY, GREY, "open-air"),
        (GREY, BRIGHT_SKY, ""),
        ((30, 20, 80), NIGHT, "dark cold-toned"),
    ],
)
def test_light_warmth_and_sky_are_seen(sky: tuple[int, int, int], ground: tuple[int, int, int], words: str) -> None:
    assert look(plain(sky, ground)) == words


def test_what_is_seen_means_something_to_the_reading() -> None:
    meant = [
        read(f"a film. {word}").include_genres for word in ("dark", "sunlit", "warm-toned", "cold-toned", "open-air")
    ]
    assert all(meant)
    assert len(set(meant)) == len(meant)


def as_png() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", SMALL).save(buffer, "PNG")
    return url(buffer.getvalue())


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("https://example.com/photo.jpg", "data URL"),
        ("data:image/png;base64,AAAA", "data URL"),
        ("data:image/jpeg;base64,????", "base64"),
        (url(b"no picture"), "not a JPEG"),
        (as_png(), "not a JPEG"),
        (url(photo(size=(513, 100), tagged=False)), "pixels"),
        (url(photo(size=SMALL)), "metadata"),
    ],
)
def test_what_should_not_be_sent_is_refused(wrong: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        look(wrong)


def asked(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}]}


def test_what_is_seen_follows_what_is_said() -> None:
    said, seen = {"type": "text", "text": "a film"}, {"type": "image_url", "image_url": {"url": plain(NIGHT, NIGHT)}}
    assert model.wish_of(asked(said, seen)) == "a film. dark"
    assert model.wish_of(asked(seen)) == "dark"


@pytest.mark.parametrize("part", [{"image_url": None}, {"image_url": "x"}, {"image_url": {}}])
def test_a_part_of_another_form_is_an_error_that_the_server_answers(part: dict[str, Any]) -> None:
    with pytest.raises((ValueError, AttributeError)):
        model.wish_of(asked(part))


def test_a_photo_costs_what_low_detail_costs_and_not_its_base64() -> None:
    picture = {"type": "image_url", "image_url": {"url": plain(NIGHT, NIGHT)}}
    empty = {"type": "image_url", "image_url": {"url": ""}}
    with_photo, without = (
        json.loads(model.completion(asked(each), "x"))["usage"]["prompt_tokens"] for each in (picture, empty)
    )
    assert len(base64.b64decode(picture["image_url"]["url"].partition(",")[2])) > 400  # type: ignore[index]
    assert with_photo == without + model.PHOTO_TOKENS

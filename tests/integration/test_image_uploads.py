"""Uploads: the form, the trigger, and what is told of each."""

import base64
import hashlib
import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx2
import msgpack
import pytest
import thumbhash

from fanfare import imaging
from images.derivatives import FULL
from integration.image_files import jpeg, png_with_alpha
from integration.images_function import UPLOADS, Answer, Function, notification
from local_cloud.post_policy import refusal
from local_cloud.world.pictures import camera_jpeg
from support.lambda_events import http_event
from support.pictures import MARKER, animation, tagged

KEY = "uploads/images/a.jpg"
NAMES = {*FULL, "64.jpg"}


def form(images: Function, **request: Any) -> Answer:
    return images.send(http_event("POST", UPLOADS, request))


def test_a_form_is_for_one_key_one_type_and_one_size(images: Function) -> None:
    made = form(images, media_type="image/png", bytes=5000).json
    assert re.fullmatch(r"uploads/images/[A-Za-z0-9_-]{22,}\.png", made["key"])
    assert (made["max_bytes"], made["expires_in"]) == (5000, 600)
    assert made["status_url"] == f"{UPLOADS}/{made['key']}"
    policy = json.loads(base64.b64decode(made["fields"]["policy"]))
    assert ["content-length-range", 1, 5000] in policy["conditions"]
    for condition in ({"bucket": images.bucket}, {"key": made["key"]}, {"Content-Type": "image/png"}):
        assert condition in policy["conditions"]
    assert not [each for each in policy["conditions"] if "starts-with" in each]
    assert form(images, media_type="image/heic").json["max_bytes"] == imaging.LIMITS.bytes


def test_a_form_lets_in_what_it_is_for_and_nothing_else(images: Function) -> None:
    made = form(images, media_type="image/jpeg", bytes=3000).json
    good, large = jpeg(), camera_jpeg(300, 200)
    assert len(good) <= 3000 < len(large)
    refused = httpx2.post(made["url"], data=made["fields"], files={"file": ("a.jpg", large, "image/jpeg")})
    assert (refused.status_code, images.objects()) == (400, {})
    taken = httpx2.post(made["url"], data=made["fields"], files={"file": ("a.jpg", good, "image/jpeg")})
    assert (taken.status_code, images.objects()) == (204, {made["key"]: good})
    assert images.state(made["key"]).status == 202


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({"key": "uploads/images/other.jpg"}, 5),
        ({"key": "derived/images/x/1024.jpg"}, 5),
        ({"Content-Type": "text/html"}, 5),
        ({"success_action_redirect": "https://elsewhere.example"}, 5),
        ({"acl": "public-read"}, 5),
        ({}, 0),
        ({}, 11),
    ],
)
def test_a_form_that_was_changed_is_refused_by_its_policy(images: Function, changes: dict[str, str], size: int) -> None:
    made = form(images, media_type="image/jpeg", bytes=10).json
    assert refusal(made["fields"], images.bucket, 5, datetime.now(UTC)) is None
    assert refusal(made["fields"] | changes, images.bucket, size, datetime.now(UTC)) is not None


def test_names_cannot_be_guessed_and_do_not_collide(images: Function) -> None:
    keys = {form(images, media_type="image/jpeg").json["key"] for _ in range(50)}
    assert len(keys) == 50
    assert len({key[:20] for key in keys}) == 50


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({}, "media_type"),
        ({"media_type": "image/svg+xml"}, "media_type"),
        ({"media_type": "text/html"}, "media_type"),
        ({"media_type": "IMAGE/JPEG"}, "media_type"),
        ({"media_type": "image/jpeg", "bytes": 0}, "bytes"),
        ({"media_type": "image/jpeg", "bytes": imaging.LIMITS.bytes + 1}, "bytes"),
        ({"media_type": "image/jpeg", "key": "uploads/images/mine.jpg"}, "key"),
    ],
)
def test_a_form_for_anything_else_is_not_made(images: Function, request_: dict[str, Any], field: str) -> None:
    got = form(images, **request_)
    assert (got.status, got.refused_fields) == (422, {field})


def test_an_upload_is_pending_until_it_has_been_worked(images: Function) -> None:
    assert images.state(KEY).status == 404
    images.put(KEY, jpeg())
    pending = images.state(KEY)
    assert (pending.status, pending.headers["retry-after"]) == (202, "1")
    assert pending.headers["cache-control"] == "no-store"
    assert pending.json["status"] == "pending"
    assert images.deliver(notification(KEY)) == []
    done = images.state(KEY)
    assert (done.status, done.json["status"], "retry-after" in done.headers) == (200, "done", False)


@pytest.mark.parametrize(
    "key",
    [
        "a.jpg",
        "uploads/a.jpg",
        "uploads/images/../a.jpg",
        "derived/images/x",
        f"uploads/images/{'x' * 5000}",
        "%",
        "\0",
    ],
)
def test_there_is_no_state_of_anything_else(images: Function, key: str) -> None:
    for elsewhere in ("a.jpg", "uploads/a.jpg", "derived/images/x"):
        images.put(elsewhere, jpeg())
    assert images.state(key).status == 404


def test_what_is_told_of_a_photograph_is_right(images: Function) -> None:
    body = camera_jpeg(900, 1400, orientation=6, taken="2024:02:29 08:09:10", offset="-03:30")
    told = images.worked(body)
    picture = told["picture"]
    assert (told["key"], told["reason"], told["expires_in"]) == (KEY, "", 600)
    assert {name: picture[name] for name in ("format", "width", "height", "bytes", "frames", "alpha")} == {
        "format": "jpeg",
        "width": 900,
        "height": 1400,
        "bytes": len(body),
        "frames": 1,
        "alpha": False,
    }
    assert (picture["orientation"], picture["captured_at"]) == (6, "2024-02-29T08:09:10-03:30")
    placeholder = list(base64.b64decode(picture["thumbhash"], validate=True))
    assert thumbhash.thumb_hash_to_approximate_aspect_ratio(placeholder) == pytest.approx(900 / 1400, abs=0.15)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour["rgb"]) for colour in picture["colours"])
    assert sum(colour["share"] for colour in picture["colours"]) == pytest.approx(1, abs=0.01)


def test_the_derivatives_can_be_fetched_and_are_what_they_are_said_to_be(images: Function) -> None:
    derivatives = images.worked(camera_jpeg(900, 1400, orientation=6))["picture"]["derivatives"]
    formats = {"1024.jpg": "jpeg", "1024.webp": "webp", "1024.avif": "avif", "64.jpg": "jpeg"}
    assert set(derivatives) == set(formats) == NAMES
    for name, told in derivatives.items():
        fetched = httpx2.get(told["url"])
        assert (fetched.status_code, fetched.headers["content-type"]) == (200, told["media_type"])
        assert (told["media_type"], told["bytes"]) == (f"image/{formats[name]}", len(fetched.content))
        with Answer(200, {}, fetched.content).picture as picture:
            assert picture.size == (told["width"], told["height"])
            assert picture.size == ((41, 64) if name == "64.jpg" else (658, 1024))
            assert (picture.format or "").lower() == formats[name]
    assert httpx2.get(derivatives["64.jpg"]["url"].replace("64.jpg", "1024.jpg")).status_code == 403  # signed for one


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF"])
def test_what_the_camera_wrote_stays_in_the_original(images: Function, format_: str) -> None:
    body = tagged(format_)
    assert MARKER in body
    images.worked(body)
    derived = images.objects("derived/")
    assert len(derived) == len(NAMES) + 1
    for name, made in derived.items():
        for trace in (MARKER, b"Exif", b"GPS", b"ICC_PROFILE", b"adobe"):
            assert trace not in made, name
        if not name.endswith(".msgpack"):
            with Answer(200, {}, made).picture as picture:
                assert not picture.getexif()
                assert not {"exif", "icc_profile", "xmp", "comment"} & picture.info.keys()


def test_the_record_can_be_read_by_others(images: Function) -> None:
    told = images.worked(png_with_alpha())
    [key] = [key for key in images.objects() if key.endswith(".msgpack")]
    assert key == f"derived/images/{told['sha256']}/record.msgpack"
    record = msgpack.unpackb(images.objects()[key])
    assert (record["version"], record["sha256"], record["error"]) == (1, told["sha256"], "")
    assert record["source"]["alpha"] is told["picture"]["alpha"] is True
    assert set(record["derivatives"]) == NAMES
    assert base64.b64encode(record["thumbhash"]).decode() == told["picture"]["thumbhash"]


@pytest.mark.parametrize("size", [(1, 1), (1, 100), (700, 7), (64, 64)])
def test_the_smallest_and_thinnest_pictures_are_worked_too(images: Function, size: tuple[int, int]) -> None:
    told = images.worked(jpeg(*size))["picture"]
    assert (told["width"], told["height"]) == size
    assert told["derivatives"]["1024.jpg"]["width"] == size[0]  # never enlarged


def test_of_an_animation_the_first_frame_is_shown(images: Function) -> None:
    told = images.worked(animation("GIF"), "uploads/images/a.gif")["picture"]
    assert (told["format"], told["frames"]) == ("gif", 3)


def test_nothing_that_is_written_looks_like_an_upload(images: Function) -> None:
    images.worked(jpeg())
    images.optimize(jpeg(), answer="url")
    images.variant("poster", "uploads/a.jpg")
    digest = hashlib.sha256(jpeg()).hexdigest()
    places = Counter(key.rpartition("/")[0] for key in set(images.objects()) - {KEY})
    assert places == {
        f"derived/images/{digest}": len(NAMES) + 1,
        "derived/answers": 1,
        f"derived/variants/{digest}": 1,
    }

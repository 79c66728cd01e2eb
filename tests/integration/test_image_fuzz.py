"""Broken pictures through the whole function: each is answered or refused with a reason, and none is remembered."""

import io
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image

from integration.image_files import BAD, drawn, jpeg, png_with_alpha
from integration.images_function import HOST, Function, closed, notification
from local_cloud.world.pictures import camera_jpeg
from support.pictures import animation, encoded, heic, mutated, tagged
from support.sites import answer

# What Pillow has to say of damaged metadata; elsewhere in the tests it would be an error.

FILES: Final = 2000
MEGABYTE: Final = 1 << 20
OPTIONS: Final[list[dict[str, Any]]] = [
    {},
    {"width": 50, "height": 50, "fit": "cover", "gravity": "attention"},
    {"width": 50, "height": 50, "fit": "contain", "format": "png"},
    {"width": 30, "format": "webp", "animated": "true"},
    {"max_bytes": 900, "fast": "false"},
]


def originals() -> dict[str, bytes]:
    picture = drawn(64, 48)
    return {
        "camera": camera_jpeg(96, 64, orientation=6, wide_gamut=True),
        "tagged": tagged("PNG"),
        "progressive": encoded(picture, "JPEG", progressive=True),
        "cmyk": encoded(picture.convert("CMYK"), "JPEG"),
        "png": png_with_alpha(64, 48),
        "palette": encoded(picture.convert("P"), "PNG", transparency=3),
        "sixteen bits": encoded(Image.new("I;16", (40, 30), 999), "PNG"),
        "apng": animation("PNG"),
        "gif": animation("GIF"),
        "webp": encoded(picture, "WEBP"),
        "lossless": encoded(picture, "WEBP", lossless=True),
        "moving webp": animation("WEBP"),
        "avif": encoded(picture, "AVIF", speed=10),
        "heic": heic(),
    }


def broken(number: int) -> Iterator[tuple[str, bytes]]:
    """That many broken files, the same ones every time: bytes changed, cut out and put in, files spliced."""
    chance, files = random.Random(20261121), originals()
    for _ in range(number):
        name = chance.choice(list(files))
        body = mutated(files[name], chance)
        if chance.random() < 0.2:
            other = files[chance.choice(list(files))]
            body = body[: chance.randrange(len(body) + 1)] + other[chance.randrange(len(other)) :]
        yield name, body


def resident() -> int:
    """Bytes of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_broken_files_are_refused_and_cost_no_memory(images: Function, capsys: pytest.CaptureFixture[str]) -> None:
    seen: Counter[int] = Counter()
    wrong, memory = [], []
    for number, (name, body) in enumerate(broken(FILES)):
        asked = OPTIONS[number % len(OPTIONS)]
        got = images.optimize(body, **asked)
        seen[got.status] += 1
        memory.append(resident())
        kind = got.headers["content-type"]
        if not (got.status == 200 and kind.startswith("image/")) and not (
            400 <= got.status < 500 and kind == "application/problem+json" and got.json["detail"]
        ):
            wrong.append((number, name, asked, got.status, got.body))
    capsys.readouterr()  # the figures of so many requests
    assert not wrong
    assert seen.total() == FILES
    assert seen[200] > 50  # or the files would be too broken to reach much of the code
    assert {400, 415, 422} & seen.keys() >= {415, 422}
    assert max(memory) < 1 << 30
    # What the first half warmed up is there for good; the second half adds nothing to it.
    assert max(memory[FILES // 2 :]) - max(memory[: FILES // 2]) < 32 * MEGABYTE


def test_broken_uploads_are_worked_or_refused(images: Function) -> None:
    for number, (_, body) in enumerate(broken(60)):
        key = images.put(f"uploads/images/{number}", body)
        assert images.deliver(notification(key)) == [], number
        assert images.state(key).json["status"] in {"done", "refused"}


def test_what_is_logged_tells_nothing_of_users(
    images: Function, logged: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "kangaroo"
    marked = camera_jpeg(300, 200)[:-2000] + secret.encode()
    key = images.put(f"uploads/images/{secret}.jpg", marked)
    images.pictures[f"/{secret}.jpg"] = answer(500, secret.encode())

    def use_everything() -> list[int]:
        answers = [
            images.optimize(marked, background=secret),
            images.form({secret: secret}, (f"image/{secret}", marked)),
            images.named(key=key),
            images.named(url=f"https://{HOST}/{secret}.jpg"),
            images.named(url=f"https://{secret}.example/{secret}.jpg"),
            images.variant("poster", f"{HOST}/{secret}.jpg"),
            images.variant("poster", f"uploads/{secret}.jpg"),
            images.variant(secret, f"{HOST}/a.jpg"),
            images.optimize(jpeg(), answer="url"),
            images.state(key),
        ]
        images.deliver(notification(key), notification(f"uploads/images/{secret}/other"), secret)
        return [got.status for got in answers]

    assert use_everything() == [422, 422, 422, 503, 422, 503, 422, 404, 200, 202]
    down = closed()
    images.restart(AWS_ENDPOINT_URL_S3=down, AWS_ENDPOINT_URL_DYNAMODB=down)
    assert 503 in use_everything()
    for body, media_type, *_ in BAD.values():
        images.optimize(body, media_type)
    told = logged.getvalue() + "".join(capsys.readouterr())
    assert "Upstream unavailable" in told
    assert "message failed" in told
    assert '"route":"POST /api/v1/images/optimize"' in told
    assert secret not in told

"""POST /api/v1/images/optimize: what is refused, why, and that the next request is none the worse for it."""

import io
import json
import subprocess
import sys
from typing import Any

import pytest

from fanfare import imaging
from integration.image_files import BAD, bilevel_png, jpeg, noise_png
from integration.images_function import HOST, OPTIMIZE, Function, refusal
from support.lambda_events import http_event
from support.pictures import claiming, inspect
from support.sites import answer

KEY = "uploads/images/a.jpg"


@pytest.mark.parametrize(
    ("setting", "value"),
    [("IMAGE_HOSTS", "https://posters.example/"), ("IMAGE_HOSTS", "127.0.0.1"), ("STORAGE_BUCKET", "")],
)
def test_a_wrong_setting_is_named_in_the_log_and_not_to_strangers(
    images: Function, logged: io.StringIO, setting: str, value: str
) -> None:
    images.restart(**{setting: value})
    assert setting not in str(refusal(images.optimize(jpeg()), 500))
    assert setting in logged.getvalue()


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_refused_with_the_reason_and_the_next_one_is_fine(images: Function, name: str) -> None:
    body, media_type, status, reason = BAD[name]
    assert reason in refusal(images.optimize(body, media_type), status)["detail"]
    assert images.optimize(jpeg(), "image/jpeg").status == 200
    refusal(images.form({}, (media_type, body)), status)
    assert images.form({}, ("image/jpeg", jpeg())).status == 200


def test_what_is_no_form_is_refused(images: Function) -> None:
    kind = "multipart/form-data; boundary=b"
    refusal(images.optimize(b"no form", kind), 400)
    refusal(images.optimize(jpeg(), "multipart/form-data"), 400)
    assert images.form({"width": 20}).refused_fields == {"body"}
    assert images.form({}, ("image/jpeg", jpeg()), ("image/jpeg", jpeg())).refused_fields == {"body"}
    refusal(images.form({}, ("image/png", jpeg())), 415)


WRONG: list[tuple[dict[str, Any], set[str]]] = [
    ({"width": 0}, {"width"}),
    ({"width": 4097, "height": -1}, {"width", "height"}),
    ({"width": "1,2"}, {"width"}),
    ({"height": "NaN"}, {"height"}),
    ({"fit": "fill"}, {"fit"}),
    ({"format": "gif"}, {"format"}),
    ({"quality": 101}, {"quality"}),
    ({"max_bytes": 255}, {"max_bytes"}),
    ({"background": "white"}, {"background"}),
    ({"background": "#fffff"}, {"background"}),
    ({"progressive": "maybe"}, {"progressive"}),
    ({"answer": "json"}, {"answer"}),
    ({"blur": 3}, {"blur"}),
    *(({"gravity": gravity}, {"gravity"}) for gravity in ("north", "0.5", "0.5,1.01", "-0.1,0", "1,2,3", "0,1e-1", "")),
]


@pytest.mark.parametrize(("asked", "fields"), WRONG)
def test_wrong_options_are_named(images: Function, asked: dict[str, Any], fields: set[str]) -> None:
    for got in (
        images.optimize(jpeg(), **asked),
        images.form(asked, ("image/jpeg", jpeg())),
        images.named(key=KEY, **asked),
    ):
        refusal(got, 422)
        assert got.refused_fields == fields


def test_a_budget_that_no_such_picture_fits_into_is_named(images: Function) -> None:
    assert images.optimize(noise_png(400), max_bytes=256, format="png").refused_fields == {"max_bytes"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"body"}),
        ({"key": None}, {"body"}),
        ({"key": KEY, "url": f"https://{HOST}/a.jpg"}, {"body"}),
        ({"key": 5}, {"key"}),
        ({"url": ["x"]}, {"url"}),
        ({"key": "x" * 301}, {"key"}),
        ([], {"body"}),
        ("uploads/images/a.jpg", {"body"}),
    ],
)
def test_a_body_in_json_names_one_picture(images: Function, body: object, fields: set[str]) -> None:
    got = images.send(http_event("POST", OPTIMIZE, json.dumps(body)))
    refusal(got, 422)
    assert got.refused_fields == fields


def test_json_is_read_whole(images: Function) -> None:
    refusal(images.send(http_event("POST", OPTIMIZE, '{"key": ')), 400)
    refusal(images.send(http_event("POST", OPTIMIZE, '{"key": "\\ud800"}')), 400)
    event = http_event("POST", OPTIMIZE, {"key": KEY}) | {"queryStringParameters": {"width": "20"}}
    assert images.send(event).refused_fields == {"width"}


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a.jpg",
        "uploads/a.jpg",
        "uploads/imagesa.jpg",
        "/uploads/images/a.jpg",
        "derived/images/x/1024.jpg",
        "cache/x",
        "uploads/images/../secret.jpg",
        "uploads/images/./a.jpg",
        "uploads/images/x/..",
        "UPLOADS/images/a.jpg",
        "uploads/images/" + 200 * "ü€",
    ],
)
def test_only_uploaded_pictures_can_be_named(images: Function, key: str) -> None:
    for elsewhere in ("uploads/secret.jpg", "uploads/a.jpg", "derived/images/x/1024.jpg"):
        images.put(elsewhere, jpeg())
    got = images.named(key=key)
    refusal(got, 422)
    assert got.refused_fields == {"key"}


def test_a_picture_that_is_not_there(images: Function) -> None:
    refusal(images.named(key="uploads/images/none.jpg"), 404)
    refusal(images.named(key="uploads/images/\0"), 404)
    refusal(images.named(url=f"https://{HOST}/none.jpg"), 404)


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/a.jpg",
        f"http://{HOST}/a.jpg",
        f"https://{HOST}:8443/a.jpg",
        f"https://user@{HOST}/a.jpg",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/a.jpg",
        "https://localhost/a.jpg",
        "file:///etc/passwd",
        "a.jpg",
        "",
        f"https://{HOST}.elsewhere.example/a.jpg",
    ],
)
def test_only_listed_hosts_are_asked(images: Function, url: str) -> None:
    got = images.named(url=url)
    refusal(got, 422)
    assert got.refused_fields == {"url"}
    assert images.site.requests == []


def test_what_a_host_sends_is_checked(images: Function) -> None:
    images.pictures |= {
        "/page": answer(200, b"<html>", content_type="text/html"),
        "/svg": answer(200, BAD["svg"][0], content_type="image/svg+xml"),
        "/bomb": answer(200, bilevel_png(9000, 9000), content_type="image/png"),
        "/long": answer(200, b"", content_length=str(imaging.LIMITS.bytes + 1)),
        "/moved": answer(302, b"", location="https://169.254.169.254/latest/"),
        "/down": answer(503),
        "/slow": answer(429, b"", retry_after="7"),
        "/refused": answer(403),
    }
    expected = {
        "/page": 415,
        "/svg": 415,
        "/bomb": 413,
        "/long": 413,
        "/moved": 422,
        "/down": 503,
        "/slow": 503,
        "/refused": 502,
    }
    answers = {path: images.named(url=f"https://{HOST}{path}") for path in expected}
    assert {path: refusal(got, got.status)["status"] for path, got in answers.items()} == expected
    assert answers["/slow"].headers["retry-after"] == "7"


def test_an_uploaded_file_that_is_too_large_is_refused(images: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    images.put(KEY, jpeg())
    images.put("uploads/images/bomb.png", bilevel_png(9000, 9000), "image/png")
    refusal(images.named(key="uploads/images/bomb.png"), 413)
    monkeypatch.setattr(imaging, "LIMITS", imaging.Limits(bytes=len(jpeg())))
    assert images.named(key=KEY).status == 200
    monkeypatch.setattr(imaging, "LIMITS", imaging.Limits(bytes=len(jpeg()) - 1))
    refusal(images.named(key=KEY), 413)


@pytest.mark.parametrize("format_", ["WEBP", "AVIF"])
def test_what_takes_most_memory_to_decode_may_have_fewer_pixels(images: Function, format_: str) -> None:
    side = 5100  # 26.01 million
    assert "at most 26000000" in refusal(images.optimize(claiming(format_, side, side)), 413)["detail"]
    for fits in (claiming(format_, side, side - 10), claiming("JPEG", side, side)):
        assert inspect(fits).width == side


MEMORY = """
import json, resource, sys
from images import handler
from integration.image_files import BAD, bilevel_png, jpeg
from integration.images_function import binary_event
from support.lambda_events import Context

def status(body, kind):
    return handler.handler(binary_event(body, kind), Context())["statusCode"]

files = [(BAD[name][0], "image/png") for name in ("bomb", "strip", "thin strip")]
files += [(bilevel_png(side, side), "image/png") for side in (7300, 12000)]
good = [status(jpeg(), "image/jpeg") for _ in range(3)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
bad = [status(*file) for file in files]
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print("\\n" + json.dumps([good, bad, status(jpeg(), "image/jpeg"), (after - before) / 1024]))
"""


def test_a_bomb_takes_no_memory(images: Function) -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", MEMORY], capture_output=True, check=True, text=True)
    good, bad, then, megabytes = json.loads(done.stdout.splitlines()[-1])
    assert (good, bad, then) == ([200, 200, 200], [413, 413, 422, 413, 413], 200)
    assert megabytes < 16  # decoded, the smallest has 53

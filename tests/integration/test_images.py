"""POST /api/v1/images/optimize: pictures however they come, options however they are given, and what is refused."""

import io
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from PIL import Image

from fanfare import imaging
from fanfare.imaging import Options
from images import pictures
from integration.image_files import drawn, jpeg, noise_png, png_with_alpha
from integration.images_function import HOST, Answer, Engine, Function, closed, refusal
from local_cloud.world.pictures import camera_jpeg
from support.pictures import animation, decoded, encoded, heic
from support.sites import answer

KEY = "uploads/images/a.jpg"
STAGE = r"[a-z]+;dur=\d+(\.\d+)?"


def ways(images: Function, body: bytes, media_type: str = "image/jpeg") -> dict[str, Answer]:
    """The answers to one picture that comes in all the ways there are."""
    images.put(KEY, body, media_type)
    images.pictures["/a.jpg"] = answer(200, body, content_type=media_type)
    return {
        "binary": images.optimize(body, media_type),
        "octet-stream": images.optimize(body, "application/octet-stream"),
        "untold": images.optimize(body),
        "form": images.form({}, (media_type, body)),
        "key": images.named(key=KEY),
        "url": images.named(url=f"https://{HOST}/a.jpg"),
    }


def test_a_picture_comes_as_a_body_in_a_form_by_key_or_by_url(images: Function) -> None:
    body = camera_jpeg(1500, 1001, orientation=6)
    answers = ways(images, body)
    for way, got in answers.items():
        assert (got.status, got.headers["content-type"]) == (200, "image/jpeg"), way
    assert len({got.body for got in answers.values()}) == 1
    assert answers["binary"].picture.size == (1024, 683)


def test_by_default_it_is_an_rgb_jpeg_of_quality_85_within_1024_pixels(images: Function) -> None:
    got = images.optimize(camera_jpeg(900, 1600))
    with got.picture as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (576, 1024))
        assert "exif" not in picture.info
        quantisation = picture.quantization  # type: ignore[attr-defined]
        again = decoded(encoded(picture, "JPEG", quality=85))
    assert quantisation == again.quantization  # type: ignore[attr-defined]
    assert images.optimize(jpeg(300, 200)).picture.size == (300, 200)  # never enlarged
    assert images.optimize(png_with_alpha()).picture.mode == "RGB"


def test_what_telephones_store_is_read_too(images: Function) -> None:
    for kind in ("image/heic", "image/heif", ""):
        got = images.optimize(heic(), kind)
        assert (got.headers["content-type"], got.picture.size) == ("image/jpeg", (64, 48))
    refusal(images.optimize(heic(), "image/avif"), 415)


def test_an_animated_png_is_a_png_by_another_name(images: Function) -> None:
    got = images.optimize(animation("PNG"), "image/apng", animated="true")
    assert (got.headers["content-type"], got.picture.n_frames) == ("image/webp", 3)  # type: ignore[attr-defined]
    refusal(images.optimize(jpeg(), "image/apng"), 415)


OPTIONS: list[tuple[dict[str, Any], Options]] = [
    ({}, Options()),
    ({"width": 50}, Options(width=50)),
    ({"height": 4096}, Options(height=4096)),
    ({"width": 60, "height": 60, "fit": "cover"}, Options(width=60, height=60, fit="cover")),
    ({"fit": "contain"}, Options(fit="contain")),
    ({"fit": "inside", "gravity": "attention"}, Options(gravity="attention")),
    ({"gravity": "centre"}, Options()),
    ({"gravity": "0.25,1"}, Options(gravity=(0.25, 1.0))),
    ({"gravity": " .5 , 0"}, Options(gravity=(0.5, 0.0))),
    ({"format": "webp"}, Options(format="webp")),
    ({"format": "avif"}, Options(format="avif")),
    ({"format": "png"}, Options(format="png")),
    ({"format": "auto"}, Options(format="jpeg")),
    ({"quality": 40}, Options(quality=40)),
    ({"max_bytes": 1500}, Options(max_bytes=1500)),
    ({"background": "#00fF7f"}, Options(background="#00fF7f")),
    ({"progressive": "true"}, Options(progressive=True)),
    ({"fast": "false"}, Options(fast=False)),
    ({"animated": "true", "format": "webp"}, Options(animated=True, format="webp")),
]


@pytest.mark.parametrize(("asked", "options"), OPTIONS, ids=lambda value: str(value) if isinstance(value, dict) else "")
def test_every_option_reaches_the_engine_however_it_is_given(
    images: Function, engine: Engine, asked: dict[str, Any], options: Options
) -> None:
    body = jpeg()
    images.put(KEY, body)
    answers = [
        images.optimize(body, **asked),
        images.form(asked, ("image/jpeg", body)),
        images.named(key=KEY, **asked),
    ]
    assert [got.status for got in answers] == [200, 200, 200]
    assert engine.asked == [options, options, options]


def test_what_was_asked_for_comes_out(images: Function) -> None:
    body = camera_jpeg(300, 200)
    assert images.optimize(body, width=60, height=60, fit="cover").picture.size == (60, 60)
    assert images.optimize(body, width=60, height=60, fit="contain").picture.size == (60, 60)
    assert images.optimize(body, width=60, height=60).picture.size == (60, 40)
    for format_ in ("webp", "avif", "png"):
        got = images.optimize(body, format=format_)
        assert (got.headers["content-type"], got.picture.format) == (f"image/{format_}", format_.upper())
    assert len(images.optimize(body, max_bytes=4000).body) <= 4000 < len(images.optimize(body).body)
    assert images.optimize(body, progressive="true").picture.info["progressive"]
    moving = images.optimize(animation("GIF"), "image/gif", animated="true")
    assert (moving.headers["content-type"], moving.picture.n_frames) == ("image/webp", 3)  # type: ignore[attr-defined]


def test_the_format_is_agreed_on_only_when_asked_to(images: Function) -> None:
    def got(body: bytes, accept: str) -> tuple[str, str | None]:
        agreed = images.optimize(body, format="auto", accept=accept)
        return agreed.headers["content-type"], agreed.headers.get("vary")

    assert got(jpeg(), "image/avif,image/webp,*/*;q=0.8") == ("image/avif", "Accept")
    assert got(jpeg(), "image/avif;q=0.1, image/webp;q=0.9") == ("image/webp", "Accept")
    assert got(jpeg(), "image/avif;q=0, */*") == ("image/jpeg", "Accept")
    assert got(jpeg(), "*/*") == got(jpeg(), "") == ("image/jpeg", "Accept")
    assert got(png_with_alpha(), "*/*") == ("image/png", "Accept")
    plain = images.optimize(jpeg(), accept="image/avif")
    assert (plain.headers["content-type"], "vary" in plain.headers) == ("image/jpeg", False)


def test_an_answer_says_what_it_is(images: Function) -> None:
    body = camera_jpeg(700, 500)
    got = images.optimize(body)
    assert re.fullmatch(r'"[0-9a-f]{32}"', got.headers["etag"])
    assert got.headers["cache-control"] == "private"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert float(got.headers["x-saved-ratio"]) == pytest.approx(1 - len(got.body) / len(body), abs=1e-4)
    assert re.fullmatch(f"{STAGE}(, {STAGE})*", got.headers["server-timing"])
    assert {"source", "optimize", "total", "cpu"} == set(re.findall(r"([a-z]+);", got.headers["server-timing"]))
    assert float(images.optimize(jpeg(40, 30), quality=100, format="png").headers["x-saved-ratio"]) < 0


def test_the_same_bytes_have_the_same_tag_and_others_another(images: Function) -> None:
    body = camera_jpeg(700, 500)
    first = images.optimize(body).headers["etag"]
    assert images.optimize(body, quality=85).headers["etag"] == first
    images.restart()
    assert images.optimize(body).headers["etag"] == first
    others = [images.optimize(body, **asked).headers["etag"] for asked in ({"quality": 84}, {"format": "avif"})]
    assert len({first, *others, images.optimize(camera_jpeg(700, 500, seed=1)).headers["etag"]}) == 4


def test_a_url_is_answered_with_when_it_is_asked_for(images: Function) -> None:
    body = camera_jpeg(700, 500)
    plain, got = images.optimize(body, format="webp"), images.optimize(body, format="webp", answer="url")
    assert (got.status, got.headers["content-type"]) == (200, "application/json")
    assert got.headers["cache-control"] == "no-store"
    assert "etag" not in got.headers  # of the picture, not of what tells of it
    assert got.json["etag"] == plain.headers["etag"]
    assert "store;dur=" in got.headers["server-timing"]
    told = {name: got.json[name] for name in ("media_type", "width", "height", "bytes", "quality", "expires_in")}
    assert told == {
        "media_type": "image/webp",
        "width": 700,
        "height": 500,
        "bytes": len(plain.body),
        "quality": 80,
        "expires_in": 600,
    }
    assert got.json["saved_ratio"] == float(plain.headers["x-saved-ratio"])
    fetched = httpx2.get(got.json["url"])
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, "image/webp")
    assert fetched.content == plain.body
    [key] = images.objects()
    assert re.fullmatch(r"derived/answers/[0-9a-f]{32}\.webp", key)
    assert parse_qs(urlsplit(got.json["url"]).query)["X-Amz-Expires"] == ["600"]


def test_what_moves_is_kept_as_webp_whatever_was_asked_for(images: Function) -> None:
    assert images.optimize(animation("GIF"), animated="true", answer="url").json["media_type"] == "image/webp"
    [key] = images.objects()
    assert key.endswith(".webp")


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_a_file_is_opened_and_decoded_once(images: Function, monkeypatch: pytest.MonkeyPatch, format_: str) -> None:
    body = encoded(drawn().quantize() if format_ == "PNG" else drawn(), format_)
    with Image.open(io.BytesIO(body)) as picture:
        decoder = type(picture)
    calls: list[str] = []

    def counted(place: Any, name: str) -> None:
        work = getattr(place, name)

        def counting(*of: Any, **how: Any) -> Any:
            calls.append(name)
            return work(*of, **how)

        monkeypatch.setattr(place, name, counting)

    counted(Image, "open")
    counted(decoder, "load")
    assert images.optimize(body, format="auto").status == 200
    assert calls.count("open") == 1
    loaded = [*calls]
    calls.clear()
    imaging.render(body)
    assert loaded.count("load") == calls.count("load") > 0


@pytest.mark.parametrize("beyond", [0, 1])
def test_the_limit_is_counted_on_the_base64_text(
    images: Function, monkeypatch: pytest.MonkeyPatch, beyond: int
) -> None:
    body = jpeg()
    text = -(-len(images.optimize(body).body) // 3) * 4
    monkeypatch.setattr(pictures, "ENCODED_LIMIT", text - beyond)
    got = images.optimize(body)
    assert got.headers["content-type"] == ("application/json" if beyond else "image/jpeg")


def test_a_picture_that_lambda_could_not_answer_with_is_answered_with_a_url(images: Function) -> None:
    images.put("uploads/images/noise.png", noise_png(1300), "image/png")
    got = images.named(key="uploads/images/noise.png", width=1300, format="png")
    assert got.json["bytes"] * 4 / 3 > 6 * 1024 * 1024 > got.json["bytes"]
    fetched = httpx2.get(got.json["url"])
    assert Answer(200, {}, fetched.content).picture.size == (1300, 1300)


def test_without_the_bucket_only_what_needs_it_fails(images: Function) -> None:
    images.restart(AWS_ENDPOINT_URL_S3=closed())
    assert images.optimize(jpeg()).status == 200
    assert refusal(images.optimize(jpeg(), answer="url"), 503)["title"] == "Upstream unavailable"
    refusal(images.named(key=KEY), 503)
    images.restart()
    assert images.optimize(jpeg(), answer="url").status == 200

"""GET /api/v1/images/{preset}/{source…}: a closed list of variants, each made once per content."""

import asyncio
import hashlib
import re
from typing import Any

import pytest

from fanfare import aio
from images import handler as function
from images.presets import PRESETS
from integration.image_files import SVG, bilevel_png, jpeg, png_with_alpha
from integration.images_function import HOST, Engine, Function, closed, later
from integration.workers import Worker, side_by_side
from local_cloud.world.pictures import camera_jpeg
from support.lambda_events import http_event
from support.sites import answer

POSTER = f"{HOST}/t/a.jpg"
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.fixture
def posters(images: Function) -> Function:
    images.pictures["/t/a.jpg"] = answer(200, jpeg(500, 750))
    return images


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_has_its_measures(images: Function, preset: str) -> None:
    images.pictures["/large.jpg"] = answer(200, jpeg(1600, 1400))
    options = PRESETS[preset]
    got = images.variant(preset, f"{HOST}/large.jpg")
    assert (got.status, got.headers["content-type"]) == (200, "image/jpeg")
    expected = (options.width, options.height) if options.fit == "cover" else (1024, 896)
    assert got.picture.size == expected
    images.pictures["/small.jpg"] = answer(200, jpeg(30, 20))
    small = images.variant(preset, f"{HOST}/small.jpg").picture.size
    assert small[0] <= 30  # never enlarged
    assert small[1] <= 20


@pytest.mark.parametrize("preset", ["", "none", "POSTER", "poster ", "342x513", "optimize", "pöster"])
def test_no_other_variant_is_made(posters: Function, engine: Engine, preset: str) -> None:
    assert posters.variant(preset, POSTER).status == 404
    assert (posters.site.requests, engine.asked) == ([], [])


def test_the_format_is_the_best_that_is_accepted(posters: Function, engine: Engine) -> None:
    formats = {CHROME: "avif", "image/webp,*/*": "webp", "*/*": "jpeg", "": "jpeg", "image/avif;q=0": "jpeg"}
    answers = {accept: posters.variant("poster", POSTER, accept) for accept in formats}
    for accept, got in answers.items():
        assert got.headers["content-type"] == f"image/{formats[accept]}"
        assert got.headers["vary"] == "Accept"
    assert len({got.headers["etag"] for got in answers.values()}) == 3
    assert len(engine.asked) == 3


def test_an_answer_may_be_kept_by_anybody_and_says_what_it_is(posters: Function) -> None:
    got = posters.variant("poster", POSTER)
    assert got.headers["cache-control"] == "public, max-age=86400"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert re.fullmatch(r'"[0-9a-f]{32}"', got.headers["etag"])
    assert float(got.headers["x-saved-ratio"]) == pytest.approx(1 - len(got.body) / len(jpeg(500, 750)), abs=1e-4)
    assert {"source", "fetch", "optimize", "store"} <= set(re.findall(r"([a-z]+);", got.headers["server-timing"]))


def test_a_client_that_has_it_is_sent_nothing_and_the_bucket_is_not_read(posters: Function) -> None:
    etag = posters.variant("poster", POSTER).headers["etag"]
    posters.restart(AWS_ENDPOINT_URL_S3=closed())
    for header in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        got = posters.variant("poster", POSTER, if_none_match=header)
        assert (got.status, got.body) == (304, b""), header
        assert (got.headers["etag"], got.headers["vary"]) == (etag, "Accept")
        assert got.headers["cache-control"] == "public, max-age=86400"
        assert "content-type" not in got.headers
    assert len(posters.site.requests) == 1
    posters.restart()
    assert posters.variant("poster", POSTER, if_none_match='"other"').status == 200
    assert posters.variant("poster", POSTER, CHROME, if_none_match=etag).status == 200  # of another format


def test_it_is_fetched_and_made_once(posters: Function, engine: Engine) -> None:
    first = posters.variant("poster", POSTER)
    second = posters.variant("poster", POSTER)
    posters.restart()
    third = posters.variant("poster", POSTER)
    assert first.body == second.body == third.body
    assert first.headers["etag"] == second.headers["etag"] == third.headers["etag"]
    assert "optimize" not in second.headers["server-timing"]
    assert "fetch" in third.headers["server-timing"]  # from the bucket
    assert posters.site.paths == ["/t/a.jpg"]
    assert len(engine.asked) == 1
    [key] = posters.objects()
    digest = hashlib.sha256(jpeg(500, 750)).hexdigest()
    assert re.fullmatch(rf"derived/variants/{digest}/[0-9a-f]{{16}}\.jpg", key)


def test_one_content_under_two_names_is_made_once(posters: Function, engine: Engine) -> None:
    posters.pictures["/t/b.jpg"] = answer(200, jpeg(500, 750))
    one, other = posters.variant("poster", POSTER), posters.variant("poster", f"{HOST}/t/b.jpg")
    assert one.body == other.body
    assert len(posters.site.requests) == 2
    assert len(engine.asked) == 1


def test_an_object_that_is_gone_is_made_anew(posters: Function, engine: Engine) -> None:
    first = posters.variant("poster", POSTER)
    [key] = posters.objects()
    posters.delete(key)
    assert posters.variant("poster", POSTER).status == 200  # from memory
    assert len(engine.asked) == 1
    posters.restart()
    again = posters.variant("poster", POSTER)
    assert (again.status, again.body, again.headers["etag"]) == (200, first.body, first.headers["etag"])
    assert len(engine.asked) == len(posters.site.requests) == 2
    assert set(posters.objects()) == {key}


def test_a_tag_is_of_the_bytes_that_come_with_it(posters: Function) -> None:
    first = posters.variant("poster", POSTER)
    [key] = posters.objects()
    posters.delete(key)
    posters.pictures["/t/a.jpg"] = answer(200, jpeg(500, 750, seed=2))
    posters.restart()
    got = posters.variant("poster", POSTER)
    assert got.body != first.body
    assert got.headers["etag"] == f'"{hashlib.sha256(got.body).hexdigest()[:32]}"'


def test_without_the_bucket_or_the_table_pictures_are_still_served(posters: Function, engine: Engine) -> None:
    first = posters.variant("poster", POSTER)
    for down in (["S3"], ["DYNAMODB"], ["S3", "DYNAMODB"]):
        posters.restart(**{f"AWS_ENDPOINT_URL_{service}": closed() for service in down})
        got = posters.variant("poster", POSTER)
        assert (got.status, got.body, got.headers["etag"]) == (200, first.body, first.headers["etag"]), down
    posters.restart(AWS_ENDPOINT_URL_S3=closed())
    assert posters.variant("cover", POSTER).status == 200
    assert posters.variant("cover", POSTER).status == 200  # from memory
    assert sum(options.width == 300 for options in engine.asked) == 1


def test_a_source_that_is_not_there_is_remembered_for_a_while(
    posters: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = f"{HOST}/none.jpg"
    assert [posters.variant("poster", missing).status for _ in range(3)] == [404, 404, 404]
    posters.restart()
    assert posters.variant("poster", missing).status == 404
    assert posters.site.paths == ["/none.jpg"]
    posters.pictures["/none.jpg"] = answer(200, jpeg())

    later(monkeypatch, 301)
    assert posters.variant("poster", missing).status == 200


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(SVG, "SVG is not read", id="svg"),
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(bilevel_png(9000, 9000), "9000 × 9000 pixels", id="bomb"),
        pytest.param(png_with_alpha()[:400], "damaged", id="truncated"),
    ],
)
def test_what_a_host_sends_instead_of_a_picture_is_no_picture_and_remembered(
    images: Function, monkeypatch: pytest.MonkeyPatch, body: bytes, reason: str
) -> None:
    images.pictures["/bad"] = answer(200, body, content_type="image/png")
    for _ in range(2):
        got = images.variant("poster", f"{HOST}/bad")
        assert got.status == 404
        assert reason in got.json["detail"]
    assert images.site.paths == ["/bad"]
    images.pictures["/bad"] = answer(200, png_with_alpha(), content_type="image/png")
    later(monkeypatch, 301)
    assert images.variant("poster", f"{HOST}/bad").status == 200


@pytest.mark.parametrize(("status", "expected"), [(403, 404), (404, 404), (410, 404), (429, 503), (500, 503)])
def test_a_host_that_fails_is_told_of(images: Function, status: int, expected: int) -> None:
    images.pictures["/t/a.jpg"] = answer(status)
    assert images.variant("poster", POSTER).status == expected


def test_a_host_that_hangs_is_given_up(images: Function) -> None:
    images.restart(ROUTE_BUDGET_SECONDS="0.3")

    async def hang(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    images.pictures["/t/a.jpg"] = hang
    assert images.variant("poster", POSTER).status == 504


def test_uploads_are_served_too(images: Function) -> None:
    images.put("uploads/images/x/ü a+b.jpg", camera_jpeg(300, 500, orientation=6))
    got = images.variant("cover", "uploads/x/ü a+b.jpg")
    assert (got.status, got.picture.size) == (200, (300, 300))
    assert images.variant("cover", "uploads/none.jpg").status == 404
    assert images.variant("cover", "uploads/").status == 404


@pytest.mark.parametrize(
    "source",
    [
        "elsewhere.example/a.jpg",
        f"{HOST}:443x/a.jpg",
        f"{HOST}:80/a.jpg",
        f"{HOST}@elsewhere.example/a.jpg",
        f"elsewhere.example#{HOST}/a.jpg",
        f"elsewhere.example?{HOST}/a.jpg",
        f"elsewhere.example\\.{HOST}/a.jpg",
        f"https://{HOST}/a.jpg",
        f"/{HOST}/a.jpg",
        "..",
        "127.0.0.1/a.jpg",
        "[::1]/a.jpg",
        "169.254.169.254/latest/meta-data/",
        "localhost/a.jpg",
        " /a.jpg",
        "derived/images/a.jpg",
    ],
)
def test_a_path_leads_to_no_other_host(images: Function, source: str) -> None:
    got = images.variant("poster", source)
    assert (got.status, got.headers["content-type"]) == (422, "application/problem+json")
    assert images.site.requests == []


@pytest.mark.parametrize(
    "name", ["../secret.jpg", "../../derived/secret.jpg", "x/../../secret.jpg", "./a.jpg", "ü" * 600]
)
def test_a_path_leads_to_no_other_object(images: Function, name: str) -> None:
    for elsewhere in ("uploads/secret.jpg", "derived/secret.jpg", "uploads/images/a.jpg"):
        images.put(elsewhere, jpeg())
    got = images.variant("poster", f"uploads/{name}")
    assert (got.status, got.headers["content-type"]) == (404, "application/problem+json")
    assert images.site.requests == []


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        (f"{HOST}/a.jpg?size=9&x=#y", "/a.jpg%3Fsize=9&x=%23y"),
        (f"{HOST}/ü b.jpg", "/%C3%BC%20b.jpg"),
        (f"{HOST}/100%.jpg", "/100%25.jpg"),
        (f"{HOST}/a%2Fb.jpg", "/a%252Fb.jpg"),
        (f"{HOST}/a/../../b.jpg", "/b.jpg"),
        (f"{HOST}//elsewhere.example/a.jpg", "//elsewhere.example/a.jpg"),
        (f"{HOST}/w_100,h_50/a@2x+(1)!.jpg", "/w_100,h_50/a@2x+(1)!.jpg"),
        (f"{HOST.upper()}/A.jpg", "/A.jpg"),
        ("covers.example/../../a.jpg", "/covers/a.jpg"),
    ],
)
def test_what_is_in_a_path_stays_in_the_path(images: Function, source: str, asked: str) -> None:
    images.pictures[asked] = answer(200, jpeg())
    assert images.variant("poster", source).status == 200
    assert images.site.paths == [asked]


def test_many_at_once_make_one_call_and_one_picture(posters: Function, engine: Engine) -> None:
    async def many() -> list[Any]:
        finds = (function.variants().find("poster", POSTER, "") for _ in range(20))
        return await asyncio.gather(*finds)

    found = aio.run(many())
    assert len({variant.etag for variant in found}) == 1
    assert len(posters.site.requests) == len(engine.asked) == 1


def test_several_processes_at_once_make_one_call_and_one_picture(posters: Function) -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)
        writer.write(answer(200, jpeg(500, 750)))

    posters.pictures["/t/a.jpg"] = slowly
    event = http_event("GET", f"/api/v1/images/poster/{POSTER}")
    workers: list[Worker] = side_by_side([event, event], posters.environment)
    assert [worker.answer["statusCode"] for worker in workers] == [200, 200]
    assert workers[0].answer["body"] == workers[1].answer["body"]
    assert sum(worker.runs for worker in workers) == 1
    assert len(posters.site.requests) == 1

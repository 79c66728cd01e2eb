"""What is kept of pictures in presets: in the bucket, in memory and of sources that are none, and until when."""

from collections import Counter

import pytest

from fanfare import imaging
from fanfare.storage import Bucket, StoredObject
from images import variants
from integration.image_files import jpeg, png_with_alpha
from integration.images_function import HOST, Engine, Function, later
from support.sites import answer

KEY = "uploads/images/a.jpg"
UPLOAD = "uploads/a.jpg"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what is read from the bucket, by key."""
    get, counted = Bucket.get, Counter[str]()

    async def counting(self: Bucket, key: str, *, most: int) -> StoredObject:
        counted[key] += 1
        return await get(self, key, most=most)

    monkeypatch.setattr(Bucket, "get", counting)
    return counted


def test_an_upload_that_was_asked_for_too_early_is_served_as_soon_as_it_is_there(images: Function) -> None:
    assert [images.variant("poster", UPLOAD).status for _ in range(2)] == [404, 404]
    images.put(KEY, jpeg())
    assert images.variant("poster", UPLOAD).status == 200


def test_an_upload_that_was_replaced_is_served_anew_at_once(images: Function, engine: Engine) -> None:
    images.put(KEY, jpeg(seed=1))
    first = images.variant("poster", UPLOAD)
    images.put(KEY, jpeg(seed=2))
    second = images.variant("poster", UPLOAD, if_none_match=first.headers["etag"])
    assert (second.status, second.body == first.body) == (200, False)
    images.put(KEY, jpeg(seed=1))
    images.restart()
    again = images.variant("poster", UPLOAD)
    assert (again.body, again.headers["etag"]) == (first.body, first.headers["etag"])
    assert len(engine.asked) == 2


def test_an_upload_that_was_deleted_is_served_no_more(images: Function) -> None:
    images.put(KEY, jpeg())
    assert images.variant("poster", UPLOAD).status == 200
    images.delete(KEY)
    assert images.variant("poster", UPLOAD).status == 404


@pytest.mark.parametrize("source", [UPLOAD, f"{HOST}/a.jpg"])
def test_a_process_reads_a_picture_from_the_bucket_once(images: Function, read: Counter[str], source: str) -> None:
    images.put(KEY, jpeg())
    images.pictures["/a.jpg"] = answer(200, jpeg())
    first = images.variant("poster", source)
    images.restart()
    read.clear()
    assert images.variant("poster", source).body == first.body
    [key] = images.objects("derived/variants/")
    assert read == {key: 1}
    again = images.variant("poster", source)
    assert (again.body, "fetch" in again.headers["server-timing"]) == (first.body, False)
    assert read == {key: 1}


def test_memory_holds_no_more_than_it_may(
    images: Function, read: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [f"{HOST}/{number}.jpg" for number in range(8)]
    for number in range(8):
        images.pictures[f"/{number}.jpg"] = answer(200, jpeg(seed=number))
    bodies = [images.variant("poster", source).body for source in sources]
    monkeypatch.setattr(variants, "KEPT_BYTES", 5 * (max(map(len, bodies)) + 500))
    images.restart()
    for source in sources:
        images.variant("poster", source)
    read.clear()
    assert images.variant("poster", sources[-1]).body == bodies[-1]
    assert read.total() == 0
    assert images.variant("poster", sources[0]).body == bodies[0]
    assert read.total() == 1


NO_PICTURES = {
    "refused": (answer(403), "status 403"),
    "page": (answer(200, b"<html>", content_type="text/html"), "does not lead to a picture"),
    "too large": (answer(200, b"", content_length=str(imaging.LIMITS.bytes + 1)), "more than"),
    "packed": (answer(200, jpeg(), content_encoding="gzip"), "compressed"),
    "gone": (answer(410), "no such picture"),
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_a_host_refuses_is_not_there_and_not_asked_for_again_for_a_while(
    images: Function, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    images.pictures["/a.jpg"], reason = NO_PICTURES[name]
    got = [images.variant("poster", f"{HOST}/a.jpg") for _ in range(2)]
    images.restart()
    got.append(images.variant("poster", f"{HOST}/a.jpg"))
    assert [each.status for each in got] == [404, 404, 404]
    assert all(reason in each.json["detail"] for each in got)
    assert images.site.paths == ["/a.jpg"]
    images.pictures["/a.jpg"] = answer(200, jpeg())
    later(monkeypatch, 301)
    assert images.variant("poster", f"{HOST}/a.jpg").status == 200


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_host_that_is_down_is_asked_again(images: Function, status: int) -> None:
    images.pictures["/a.jpg"] = answer(status)
    assert images.variant("poster", f"{HOST}/a.jpg").status == 503
    images.pictures["/a.jpg"] = answer(200, jpeg())
    assert images.variant("poster", f"{HOST}/a.jpg").status == 200


def test_a_picture_goes_by_its_bytes_and_not_by_what_it_was_stored_as(images: Function) -> None:
    images.put(KEY, png_with_alpha(), "image/jpeg")
    images.pictures["/a.png"] = answer(200, jpeg(), content_type="image/png")
    assert images.variant("poster", UPLOAD).status == images.named(key=KEY).status == 200
    remote = f"{HOST}/a.png"
    assert images.variant("poster", remote).status == images.named(url=f"https://{remote}").status == 200

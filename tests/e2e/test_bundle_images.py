"""Pictures end to end: bodies through the gateway, presets without a key, uploads through bucket and queue."""

import io
import time
from typing import Any

import httpx2
import pytest
from PIL import Image

from e2e.conftest import Bundle, eventually
from local_cloud.world import pictures

OPTIMIZE = "/api/v1/images/optimize"
FUNCTION = "ImagesFunction"
POSTER = "/api/v1/images/{preset}/image.tmdb.org/t/p/original/{name}.jpg"
JPEG = {"content-type": "image/jpeg"}


@pytest.fixture(scope="module")
def photo() -> bytes:
    return pictures.camera_jpeg(1512, 2016, seed=3, orientation=6)


def _opened(body: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(body))
    picture.load()
    return picture


def _upload(bundle: Bundle, body: bytes) -> dict[str, Any]:
    """Upload a file by a signed form and return the form."""
    form: dict[str, Any] = (
        bundle.http.post("/api/v1/uploads", json={"media_type": "image/jpeg"}).raise_for_status().json()
    )
    httpx2.post(form["url"], data=form["fields"], files={"file": body}).raise_for_status()
    return form


def _state(bundle: Bundle, form: dict[str, Any]) -> dict[str, Any]:
    """Wait for what becomes of an upload."""
    answers: list[httpx2.Response] = []

    def settled() -> bool:
        answers.append(bundle.http.get(form["status_url"]).raise_for_status())
        time.sleep(0.05)
        return answers[-1].status_code == 200

    assert eventually(settled, seconds=40)
    found: dict[str, Any] = answers[-1].json()
    return found


def test_a_photo_goes_in_and_comes_out_as_bytes(bundle: Bundle, photo: bytes) -> None:
    raw = bundle.http.post(OPTIMIZE, content=photo, headers=JPEG, params={"format": "webp"})
    form = bundle.http.post(OPTIMIZE, files={"image": ("me.jpg", photo, "image/jpeg")}, data={"format": "webp"})
    for answer in (raw, form):
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "image/webp"
        picture = _opened(answer.content)
        assert (picture.format, picture.size) == ("WEBP", (768, 1024))
        assert float(answer.headers["x-saved-ratio"]) == pytest.approx(1 - len(answer.content) / len(photo), abs=1e-4)
        assert "optimize;dur=" in answer.headers["server-timing"]
    assert raw.headers["etag"] == form.headers["etag"]


def test_what_is_no_picture_is_a_problem_and_the_next_request_is_fine(bundle: Bundle, photo: bytes) -> None:
    for body in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", photo[: len(photo) // 2], b"not a picture"):
        refused = bundle.http.post(OPTIMIZE, content=body, headers=JPEG)
        assert 400 <= refused.status_code < 500
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["detail"]
    assert bundle.http.post(OPTIMIZE, content=photo, headers=JPEG).status_code == 200


def test_presets_need_no_key_and_everything_else_does(bundle: Bundle, photo: bytes) -> None:
    with httpx2.Client(base_url=bundle.cloud.url, timeout=40) as stranger:
        assert stranger.post(OPTIMIZE, content=photo, headers=JPEG).status_code == 401
        assert stranger.post("/api/v1/uploads", json={"media_type": "image/jpeg"}).status_code == 401
        poster = stranger.get(POSTER.format(preset="poster", name="open"), headers={"accept": "image/avif,*/*"})
        assert (poster.status_code, poster.headers["content-type"]) == (200, "image/avif")
        assert _opened(poster.content).size == (342, 513)
        again = stranger.get(
            POSTER.format(preset="poster", name="open"),
            headers={"accept": "image/avif,*/*"} | {"if-none-match": poster.headers["etag"]},
        )
        assert (again.status_code, again.content) == (304, b"")
        assert stranger.get(POSTER.format(preset="huge", name="open")).status_code == 404
        elsewhere = stranger.get("/api/v1/images/poster/169.254.169.254/latest/meta-data")
        assert elsewhere.status_code == 422


def test_a_poster_is_fetched_and_made_once_by_all_processes(bundle: Bundle) -> None:
    path = POSTER.format(preset="card", name="once")
    first = bundle.http.get(path)
    for instance in bundle.cloud.instances(FUNCTION):
        bundle.cloud.kill_instance(FUNCTION, instance.pid)
    second = bundle.http.get(path)
    assert first.content == second.content
    assert bundle.cloud.world_calls().get("images.get") == 1


def test_an_upload_is_worked_and_told_of(bundle: Bundle, photo: bytes) -> None:
    state = _state(bundle, _upload(bundle, photo))
    assert state["status"] == "done"
    picture = state["picture"]
    assert (picture["width"], picture["height"], picture["orientation"]) == (1512, 2016, 6)
    assert picture["captured_at"] == "2025-08-16T14:03:21+02:00"
    assert set(picture["derivatives"]) == {"1024.jpg", "1024.webp", "1024.avif", "64.jpg"}
    for derivative in picture["derivatives"].values():
        made = httpx2.get(derivative["url"]).raise_for_status()
        assert made.headers["content-type"] == derivative["media_type"]
        assert _opened(made.content).size == (derivative["width"], derivative["height"])
    name = state["key"].rpartition("/")[2]
    assert bundle.http.get(f"/api/v1/images/thumb/uploads/{name}").status_code == 200


def test_a_picture_too_large_for_an_answer_comes_as_a_url(bundle: Bundle) -> None:
    noisy = pictures.photograph(2600, 2600, seed=5)
    buffer = io.BytesIO()
    noisy.save(buffer, "JPEG", quality=95)
    key = _upload(bundle, buffer.getvalue())["key"]
    answer = bundle.http.post(OPTIMIZE, json={"key": key, "format": "png", "width": 2600})
    assert answer.status_code == 200, answer.text
    link = answer.json()
    assert link["bytes"] > 4_500_000
    assert _opened(httpx2.get(link["url"]).content).size == (2600, 2600)


def test_a_bad_upload_is_refused_and_reaches_no_dead_letter_queue(bundle: Bundle, photo: bytes) -> None:
    state = _state(bundle, _upload(bundle, photo[:5000]))
    assert state["status"] == "refused"
    assert "damaged" in state["reason"]
    assert eventually(lambda: bundle.cloud.queue_depth("UploadQueue") == 0)
    assert bundle.cloud.queue_depth("UploadDeadLetterQueue") == 0


def test_an_upload_outlives_the_worker_that_had_it(bundle: Bundle, photo: bytes) -> None:
    """The worker is killed in the middle; the message comes back after its visibility timeout, shortened here."""
    cloud = bundle.cloud
    sqs = cloud.client("sqs")
    queue = cloud.deployment.queues["UploadQueue"]
    url = sqs.get_queue_url(QueueName=queue["QueueName"])["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "8"})
    try:
        _state(bundle, _upload(bundle, photo + b" "))  # the poll under way still has the old timeout
        form = _upload(bundle, pictures.camera_jpeg(4032, 3024, seed=11))
        assert eventually(lambda: any(each.state == "busy" for each in cloud.instances(FUNCTION)))
        for each in cloud.instances(FUNCTION):
            if each.state == "busy":
                cloud.kill_instance(FUNCTION, each.pid)
        assert bundle.http.get(form["status_url"]).status_code == 202
        assert _state(bundle, form)["status"] == "done"
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(queue["VisibilityTimeout"])})

"""What S3 tells of uploads: each is worked once, refused with its reason, or told of again."""

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

import httpx2
import msgpack
import pytest

from fanfare import aio, imaging
from fanfare.errors import UpstreamError
from fanfare.storage import Bucket
from fanfare.uploads import State, Upload, UploadStates
from images import derivatives
from images.derivatives import record_key
from integration.image_files import SVG, bilevel_png, jpeg
from integration.images_function import Engine, Function, closed, later, notification
from integration.workers import side_by_side
from local_cloud.world.pictures import camera_jpeg
from support.lambda_events import queue_event
from support.pictures import archive

KEY = "uploads/images/a.jpg"


def test_one_message_may_tell_of_several_uploads_and_of_none(images: Function) -> None:
    keys = [images.put(f"uploads/images/{number}.jpg", jpeg(seed=number)) for number in range(3)]
    test = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": images.bucket})
    assert images.deliver(test, notification(*keys), notification()) == []
    assert [images.state(key).json["status"] for key in keys] == ["done"] * 3


@pytest.mark.parametrize(
    "name", ["a b.jpg", "a+b.jpg", "ü/é€.jpg", "100%.jpg", "a%20b.jpg", "?x=1&y#z.jpg", "a'\"<>.jpg"]
)
def test_names_may_have_any_signs(images: Function, name: str) -> None:
    told = images.worked(jpeg(), f"uploads/images/{name}")
    assert (told["key"], told["status"]) == (f"uploads/images/{name}", "done")


def test_an_object_that_was_deleted_meanwhile_is_done_with(images: Function) -> None:
    assert images.deliver(notification("uploads/images/gone.jpg")) == []
    assert images.state("uploads/images/gone.jpg").status == 404


@pytest.mark.parametrize("message", ["no JSON", "{}", "[]", json.dumps({"cache": "variants", "arguments": []})])
def test_a_message_that_nobody_understands_comes_back(images: Function, message: str) -> None:
    images.put(KEY, jpeg())
    assert images.deliver(message, notification(KEY)) == ["0"]
    assert images.state(KEY).json["status"] == "done"


def test_an_older_event_does_not_undo_a_newer_one(images: Function) -> None:
    states = UploadStates(images.environment["UPLOADS_TABLE"])

    def put(sequencer: str, digest: str) -> bool:
        return aio.run(states.put(Upload(KEY, sequencer), State("done", digest)))

    assert put("0055AED6DCD90281E5", "first")
    assert put("0055AED6DCD90281E5", "again")  # the same one twice
    assert not put("0055AED6DCD90281E4", "older")
    assert not put("0055AED6DCD90281", "older")
    assert not put("", "unnumbered")
    assert aio.run(states.get(KEY)).sha256 == "again"
    assert put("0055AED6DCD90281E5F0", "newer")
    assert aio.run(states.get(KEY)) == State("done", "newer")


def test_events_may_come_twice_and_out_of_order(images: Function, engine: Engine) -> None:
    images.put(KEY, jpeg(seed=1))
    first = notification(KEY, sequencer="0A")
    assert images.deliver(first, first) == []
    images.put(KEY, SVG)
    images.put(KEY, jpeg(seed=2))
    assert images.deliver(notification(KEY, sequencer="0C")) == []
    newest = images.state(KEY).json
    assert images.deliver(notification(KEY, sequencer="0B"), first) == []
    assert images.state(KEY).json["sha256"] == newest["sha256"]
    assert len(engine.asked) == 2


def test_the_same_bytes_are_worked_once(images: Function, engine: Engine) -> None:
    keys = [images.put(f"uploads/images/{number}.jpg", jpeg()) for number in range(4)]
    assert images.deliver(notification(keys[0]), notification(keys[1])) == []  # side by side
    assert images.deliver(notification(keys[2])) == []
    images.restart()
    assert images.deliver(notification(keys[3])) == []
    states = [images.state(key).json for key in keys]
    assert len({state["sha256"] for state in states}) == 1
    assert {state["status"] for state in states} == {"done"}
    assert len(engine.asked) == 1


def test_the_same_bytes_are_worked_once_by_two_processes(images: Function) -> None:
    keys = [images.put(f"uploads/images/{number}.jpg", camera_jpeg(1500, 1000)) for number in range(2)]
    events = [queue_event([notification(key)]) for key in keys]
    workers = side_by_side(events, images.environment)
    assert [worker.answer for worker in workers] == [{"batchItemFailures": []}] * 2
    assert sum(worker.runs for worker in workers) == 1
    assert [images.state(key).json["status"] for key in keys] == ["done", "done"]


def test_the_record_is_enough_where_the_table_has_forgotten(images: Function, engine: Engine) -> None:
    images.worked(jpeg())
    images.restart(CACHE_TABLE="")
    images.worked(jpeg(), "uploads/images/b.jpg")
    assert len(engine.asked) == 1


def test_a_record_of_another_version_is_made_anew(images: Function, engine: Engine) -> None:
    digest = hashlib.sha256(jpeg()).hexdigest()
    older = msgpack.packb({"version": 0, "sha256": digest, "error": "not read at the time"})
    key = images.put(f"derived/images/{digest}/record.msgpack", older)
    assert images.worked(jpeg())["status"] == "done"
    assert len(engine.asked) == 1
    assert msgpack.unpackb(images.objects()[key])["version"] == 1


def test_a_record_of_an_older_version_is_told_of_until_the_same_bytes_come_again(
    images: Function, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = images.worked(jpeg())
    monkeypatch.setattr(derivatives, "VERSION", derivatives.VERSION + 1)
    images.restart()
    told = images.state(KEY).json
    assert (told["status"], told["sha256"]) == ("done", older["sha256"])
    assert set(told["picture"]["derivatives"]) == set(older["picture"]["derivatives"])
    assert len(engine.asked) == 1
    assert images.worked(jpeg(), "uploads/images/b.jpg")["status"] == "done"
    assert len(engine.asked) == 2
    assert msgpack.unpackb(images.objects()[record_key(older["sha256"])])["version"] == derivatives.VERSION
    assert images.state(KEY).json["status"] == "done"


def test_a_record_that_was_deleted_is_made_anew_after_a_minute(
    images: Function, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = record_key(images.worked(jpeg())["sha256"])
    images.delete(key)
    later(monkeypatch, 61)
    images.restart()
    assert images.worked(jpeg(), "uploads/images/b.jpg")["status"] == "done"
    assert key in images.objects()
    assert len(engine.asked) == 2


def test_a_batch_writes_its_figures_under_the_name_of_its_queue(
    images: Function, logged: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    def figures(*messages: str) -> tuple[list[str], dict[str, Any]]:
        capsys.readouterr()
        failed = images.deliver(*messages)
        [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        return failed, line

    images.put(KEY, jpeg())
    failed, good = figures(notification(KEY))
    assert (failed, good["route"], good["Requests"], good["Errors"]) == ([], "queue", [1.0], [0.0])
    [directive] = good["_aws"]["CloudWatchMetrics"]
    assert {"Errors", "Latency"} <= {metric["Name"] for metric in directive["Metrics"]}
    failed, bad = figures(notification(KEY), "no JSON", "{}")
    assert (failed, bad["route"], bad["Requests"], bad["Errors"]) == (["1", "2"], "queue", [1.0], [1.0])
    logs = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [line["message_id"] for line in logs if line["message"] == "message failed"] == ["1", "2"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(SVG, "SVG", id="svg"),
        pytest.param(camera_jpeg(300, 200)[:-2000], "damaged or incomplete", id="truncated"),
        pytest.param(bilevel_png(9000, 9000), "9000 × 9000 pixels", id="bomb"),
        pytest.param(bilevel_png(1, 60_000), "1 × 60000 pixels", id="strip"),
        pytest.param(jpeg() + archive(), "ZIP", id="polyglot"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason_and_not_tried_again(
    images: Function, engine: Engine, body: bytes, reason: str
) -> None:
    told = images.worked(body)
    assert (told["status"], told["picture"]) == ("refused", None)
    assert reason in told["reason"]
    [(key, record)] = images.objects("derived/").items()
    assert key == f"derived/images/{told['sha256']}/record.msgpack"
    assert msgpack.unpackb(record)["error"] == told["reason"]
    images.restart()
    assert images.deliver(notification(KEY)) == []
    assert len(engine.asked) == 1


def test_a_file_that_is_too_large_is_refused(images: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imaging, "LIMITS", imaging.Limits(bytes=1000))
    told = images.worked(jpeg())
    assert (told["status"], told["sha256"]) == ("refused", None)
    assert "at most 1000" in told["reason"]
    assert images.objects("derived/") == {}


@pytest.mark.parametrize("service", ["S3", "DYNAMODB"])
def test_while_aws_is_down_messages_come_back(images: Function, engine: Engine, service: str) -> None:
    images.put(KEY, jpeg())
    images.restart(**{f"AWS_ENDPOINT_URL_{service}": closed()})
    assert images.deliver(notification(KEY)) == ["0"]
    images.restart()
    assert images.state(KEY).status == 202
    assert images.deliver(notification(KEY)) == []
    assert images.state(KEY).json["status"] == "done"
    assert len(engine.asked) == 1


def fails_once(monkeypatch: pytest.MonkeyPatch, matching: Callable[[str], bool]) -> list[str]:
    """Let the first write of an object fail whose key matches; return the keys of all writes."""
    put, asked = Bucket.put, list[str]()

    async def failing(self: Bucket, key: str, body: bytes, media_type: str) -> None:
        first = matching(key) and not any(map(matching, asked))
        asked.append(key)
        if first:
            raise UpstreamError("storage", "SlowDown")
        await put(self, key, body, media_type)

    monkeypatch.setattr(Bucket, "put", failing)
    return asked


@pytest.mark.parametrize("name", ["record.msgpack", "1024.avif"])
def test_a_worker_that_stops_half_way_leaves_nothing_half_done(
    images: Function, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asked = fails_once(monkeypatch, lambda key: key.endswith(name))
    images.put(KEY, jpeg())
    assert images.deliver(notification(KEY)) == ["0"]
    assert images.state(KEY).json["status"] == "pending"
    assert not any(key.endswith("record.msgpack") for key in images.objects())
    images.restart()
    assert images.deliver(notification(KEY)) == []
    told = images.state(KEY).json
    assert told["status"] == "done"
    assert all(httpx2.get(each["url"]).status_code == 200 for each in told["picture"]["derivatives"].values())
    assert asked.count(f"derived/images/{told['sha256']}/{name}") == 2


def test_of_a_batch_only_what_failed_comes_back(images: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    fails_once(monkeypatch, lambda key: key.endswith("record.msgpack"))
    bad, good = (images.put(f"uploads/images/{number}.jpg", jpeg(seed=number)) for number in range(2))
    messages = [notification(bad), notification(good)]
    [failed] = images.deliver(*messages)
    states = {key: images.state(key).json["status"] for key in (bad, good)}
    assert sorted(states.values()) == ["done", "pending"]
    assert states[[bad, good][int(failed)]] == "pending"
    assert images.deliver(messages[int(failed)]) == []
    assert [images.state(key).json["status"] for key in (bad, good)] == ["done", "done"]

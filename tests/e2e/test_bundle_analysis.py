"""Sound end to end: a form, the bucket, the queue and the worker, and a worker that is killed at its work."""

import time
import xml.etree.ElementTree as ET
from typing import Any, Final

import httpx2
import numpy as np
import pytest

from e2e.conftest import Bundle, eventually
from support.sounds import sound, written

ANALYSES: Final = "/api/v1/analyses"
PLAYLISTS: Final = "/api/v1/playlists"
FUNCTION: Final = "AnalysisFunction"
RATE: Final = 8000
RECORDS: Final = "derived/analyses/"


def notes(bpm: float, seconds: float, pitch: float = 440.0) -> bytes:
    """A WAV file of notes that begin on every beat."""
    at = np.arange(round(seconds * RATE)) / RATE
    samples = 0.5 * np.sin(2 * np.pi * pitch * at) * np.exp(-12 * (at % (60 / bpm)))
    return written(samples[:, None].astype(np.float32), rate=RATE)


def upload(bundle: Bundle, body: bytes, name: str, media_type: str = "audio/wav") -> dict[str, Any]:
    """Upload a file by a form, as a client does; return what it was told before."""
    request = {"media_type": media_type, "name": name, "bytes": len(body)}
    answer = bundle.http.post(ANALYSES, json=request)
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    form = told["upload"]
    httpx2.post(form["url"], data=form["fields"], files={"file": body}).raise_for_status()
    return told


def settled(bundle: Bundle, told: dict[str, Any], seconds: float = 40) -> dict[str, Any]:
    """Wait for what becomes of an upload."""
    answers: list[httpx2.Response] = []

    def there() -> bool:
        answers.append(bundle.http.get(told["status_url"]).raise_for_status())
        time.sleep(0.05)
        return answers[-1].status_code == 200

    assert eventually(there, seconds=seconds), answers[-1].text
    found: dict[str, Any] = answers[-1].json()
    return found


def state(bundle: Bundle, told: dict[str, Any]) -> str:
    found: str = bundle.http.get(told["status_url"]).raise_for_status().json()["status"]
    return found


def stored(bundle: Bundle) -> set[str]:
    [bucket] = [each["BucketName"] for each in bundle.cloud.deployment.buckets.values()]
    listed = bundle.cloud.client("s3").list_objects_v2(Bucket=bucket, Prefix=RECORDS).get("Contents", [])
    return {each["Key"] for each in listed}


def test_an_upload_becomes_an_analysis_a_picture_and_a_playlist(bundle: Bundle) -> None:
    slow, quick = notes(90, 8), notes(140, 8, pitch=330)
    told = [upload(bundle, body, name) for body, name in ((slow, "Slow one.wav"), (quick, "Quick one.wav"))]
    found = [settled(bundle, each) for each in told]
    assert [each["title"] for each in found] == ["Slow one", "Quick one"]
    assert [each["analysis"]["beats"]["tempo"] for each in found] == pytest.approx([90, 140], rel=0.03)
    picture = bundle.http.get(f"{ANALYSES}/{found[0]['id']}/plot.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert ET.fromstring(picture.content).tag.endswith("svg")  # noqa: S314  (our own)
    packed = bundle.http.get(f"{ANALYSES}/{found[0]['id']}", headers={"accept": "application/vnd.msgpack"})
    assert packed.headers["content-type"] == "application/vnd.msgpack"
    assert packed.content[0] >> 4 == 8, "a map, not text in Base64"
    unchanged = bundle.http.get(
        f"{ANALYSES}/{found[0]['id']}",
        headers={"accept": "application/vnd.msgpack", "if-none-match": packed.headers["etag"]},
    )
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    ids = [each["id"] for each in found]
    made = bundle.http.post(PLAYLISTS, json={"ids": ids, "curve": "rise", "links": True}).raise_for_status().json()
    assert sorted(each["id"] for each in made["tracks"]) == sorted(ids)
    assert sorted(httpx2.get(each["location"]).content for each in made["tracks"]) == sorted((slow, quick))
    m3u8 = bundle.http.post(PLAYLISTS, json={"ids": ids}, headers={"accept": "application/vnd.apple.mpegurl"})
    assert m3u8.text.startswith("#EXTM3U\n")
    assert {each["id"] for each in bundle.http.get(ANALYSES).json()["tracks"]} >= set(ids)
    assert bundle.http.delete(f"{ANALYSES}/{ids[0]}").status_code == 204
    assert ids[0] not in {each["id"] for each in bundle.http.get(ANALYSES).json()["tracks"]}


def test_what_needs_a_process_of_its_own_is_analysed_too(bundle: Bundle) -> None:
    told = upload(bundle, sound("m4a"), "Coded.m4a", "audio/mp4")
    found = settled(bundle, told)
    assert (found["title"], found["analysis"]["rate"]) == ("Coded", 44100)


def test_a_bad_upload_is_refused_and_reaches_no_dead_letter_queue(bundle: Bundle) -> None:
    told = settled(bundle, upload(bundle, b"no sound at all " * 99, "a.mp3", "audio/mpeg"))
    assert told["status"] == "refused"
    assert "is not read" in told["reason"]
    assert eventually(lambda: bundle.cloud.queue_depth("AnalysisQueue") == 0)
    assert bundle.cloud.queue_depth("AnalysisDeadLetterQueue") == 0


def test_a_form_takes_nothing_larger_than_it_was_asked_for(bundle: Bundle) -> None:
    asked = {"media_type": "audio/wav", "bytes": 1000}
    told = bundle.http.post(ANALYSES, json=asked).raise_for_status().json()
    form = told["upload"]
    refused = httpx2.post(form["url"], data=form["fields"], files={"file": bytes(1001)})
    assert 400 <= refused.status_code < 500
    assert state(bundle, told) == "awaiting_upload"


def test_strangers_get_and_give_nothing(bundle: Bundle) -> None:
    asked = {"media_type": "audio/wav"}
    with httpx2.Client(base_url=bundle.cloud.url, timeout=40) as stranger:
        answers = [
            stranger.post(ANALYSES, json=asked),
            stranger.get(ANALYSES),
            stranger.get(f"{ANALYSES}/{'0' * 64}"),
            stranger.get(f"{ANALYSES}/{'0' * 64}/plot.svg"),
            stranger.delete(f"{ANALYSES}/{'0' * 64}"),
            stranger.post(PLAYLISTS, json={"all": True}),
            stranger.get(ANALYSES, headers={"x-api-key": "fanfare_" + "0" * 40}),
        ]
    assert {answer.status_code for answer in answers} <= {401, 403}
    assert [answer.status_code for answer in answers[:6]] == [401] * 6
    assert bundle.http.get(f"{ANALYSES}/{'0' * 64}").status_code == 404


def release(bundle: Bundle) -> None:
    """End all leases, as the minute would after which they end."""
    database, table = bundle.cloud.client("dynamodb"), bundle.table("CacheTable")
    for item in database.scan(TableName=table, ProjectionExpression="pk")["Items"]:
        database.delete_item(TableName=table, Key=item)


def test_an_upload_outlives_the_worker_that_had_it(bundle: Bundle) -> None:
    """The worker is killed in the middle of an analysis; the message comes back, and the record appears once."""
    cloud, before = bundle.cloud, stored(bundle)
    with cloud.visibility("AnalysisQueue", 5):  # for the first worker alone: the second one has all the time it needs
        told = upload(bundle, notes(117, 2400), "Long.wav")
        assert eventually(lambda: state(bundle, told) == "running")
        killed = [each.pid for each in cloud.instances(FUNCTION) if each.state == "busy"]
        for pid in killed:
            cloud.kill_instance(FUNCTION, pid)
        release(bundle)
        assert killed
        assert (state(bundle, told), stored(bundle)) == ("running", before)
    found = settled(bundle, told)
    assert (found["status"], found["analysis"]["duration"]) == ("done", 2400.0)
    assert eventually(lambda: cloud.queue_depth("AnalysisQueue") == 0)
    assert len(stored(bundle) - before) == 1
    assert cloud.queue_depth("AnalysisDeadLetterQueue") == 0
    tracks = [each for each in bundle.http.get(ANALYSES).json()["tracks"] if each["title"] == "Long"]
    assert [each["id"] for each in tracks] == [found["id"]]

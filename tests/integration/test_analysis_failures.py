"""Analyses during which something fails: the message returns, nothing is half done, and what never ends is refused."""

import asyncio
import hashlib
import io
import json
import threading
import time
from typing import Any, Final

import msgpack
import pytest

from analysis import records, worker
from analysis.audio import waveform
from analysis.library import Library, upload_id
from fanfare import aio
from fanfare.errors import NotFound, UpstreamError
from fanfare.storage import Bucket, Ranges
from fanfare.uploads import Upload
from integration.analysis_function import Function, Runs, clicks, counted
from integration.images_function import closed, notification
from support.sounds import MADE, muxed, tones, written
from support.speaking import children

KEY: Final = "uploads/audio/a.wav"
SHORT: Final = clicks(120, 4)
OTHER: Final = clicks(90, 4)
LONG: Final = {
    "wav": written(tones(120, 8000, 1), rate=8000),
    "m4a": muxed("ipod", "aac", tones(120, 8000, 1), 8000),
}
RECORDS: Final = "derived/analyses/"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return counted(monkeypatch)


def reasons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every reason that is written down, also those that are not for long."""
    finish, told = Library.finish, list[str]()

    async def finished(self: Library, upload: Upload, *, record: str = "", reason: str = "") -> None:
        told.append(reason)
        await finish(self, upload, record=record, reason=reason)

    monkeypatch.setattr(Library, "finish", finished)
    return told


# ---- when something fails --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["S3", "DYNAMODB"])
def test_while_aws_is_down_messages_come_back(analysis: Function, runs: Runs, service: str) -> None:
    analysis.put(KEY, SHORT)
    analysis.restart(**{f"AWS_ENDPOINT_URL_{service}": closed()})
    assert analysis.deliver(notification(KEY)) == ["0"]
    analysis.restart()
    assert analysis.deliver(notification(KEY)) == []
    assert analysis.state(KEY)["status"] == "done"
    assert runs.count == 1


def fails_once(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> list[str]:
    """Let a method of the bucket or the library fail at its first call; return its calls."""
    method, calls = getattr(kind, name), list[str]()

    async def failing(self: Any, *arguments: Any, **options: Any) -> Any:
        calls.append(name)
        if len(calls) == 1:
            raise UpstreamError("storage", "SlowDown")
        return await method(self, *arguments, **options)

    monkeypatch.setattr(kind, name, failing)
    return calls


@pytest.mark.parametrize(
    "step",
    [
        (Library, "state"),
        (Library, "begin"),
        (Bucket, "ranges"),
        (Bucket, "get"),
        (Bucket, "put"),
        (Library, "add"),
        (Library, "finish"),
    ],
    ids=lambda step: step[1],
)
def test_whatever_fails_once_is_made_up_for(
    analysis: Function, runs: Runs, monkeypatch: pytest.MonkeyPatch, step: tuple[type, str]
) -> None:
    message = notification(analysis.put(KEY, SHORT))
    fails_once(monkeypatch, *step)
    assert analysis.deliver(message) == ["0"]
    analysis.restart()
    assert analysis.deliver(message) == []
    assert (analysis.state(KEY)["status"], analysis.titles()) == ("done", ["a"])
    assert len(analysis.objects(RECORDS)) == 1
    assert runs.count == (2 if step == (Bucket, "put") else 1)


def test_of_a_batch_only_what_failed_comes_back(analysis: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [notification(analysis.put(f"uploads/audio/{bpm}.wav", clicks(bpm, 2))) for bpm in (100, 120)]
    fails_once(monkeypatch, Bucket, "put")
    [failed] = analysis.deliver(*messages)
    assert len(analysis.titles()) == 1
    assert analysis.deliver(messages[int(failed)]) == []
    assert sorted(analysis.titles()) == ["100", "120"]


def test_a_batch_writes_its_figures_under_the_name_of_its_queue(
    analysis: Function, logged: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    analysis.put(KEY, SHORT)
    assert analysis.deliver(notification(KEY), "no JSON") == ["1"]
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert (line["route"], line["Requests"], line["Errors"]) == ("queue", [1.0], [1.0])
    logs = [json.loads(each) for each in logged.getvalue().splitlines()]
    assert [each["message_id"] for each in logs if each["message"] == "message failed"] == ["1"]


def gone(before: set[int]) -> bool:
    """Whether nothing of an analysis is left running, no thread and no child, waiting for it a little."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if not any(thread.name.startswith("analysis") for thread in threading.enumerate()) and children() == before:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("kind", LONG)
def test_at_the_deadline_the_message_returns_and_nothing_goes_on(
    analysis: Function, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    feed, fed = waveform.Waveform.feed, list[float]()

    def slowly(self: waveform.Waveform, block: Any) -> None:
        fed.append(time.monotonic())
        time.sleep(0.25)
        feed(self, block)

    monkeypatch.setattr(waveform.Waveform, "feed", slowly)
    before = children()
    key = analysis.put(f"uploads/audio/a.{kind}", LONG[kind])
    assert analysis.deliver(notification(key), seconds=2.5) == ["0"]  # of which one is kept back
    assert gone(before)
    begun = len(fed)
    time.sleep(0.6)
    assert 1 <= begun == len(fed)
    assert analysis.state(key)["status"] == "running"
    assert analysis.objects(RECORDS) == {}
    monkeypatch.setattr(waveform.Waveform, "feed", feed)
    assert analysis.deliver(notification(key)) == []
    assert analysis.state(key)["status"] == "done"
    assert children() == before


@pytest.mark.parametrize("kind", LONG)
def test_progress_is_written_down_while_it_lasts(
    analysis: Function, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    feed, advance, told = waveform.Waveform.feed, Library.advance, list[float | None]()

    def slowly(self: waveform.Waveform, block: Any) -> None:
        time.sleep(0.06)
        feed(self, block)

    async def noted(self: Library, upload: Upload, progress: float) -> None:
        await advance(self, upload, progress)
        told.append((await self.state(upload_id(upload.key))).progress)

    monkeypatch.setattr(waveform.Waveform, "feed", slowly)
    monkeypatch.setattr(Library, "advance", noted)
    monkeypatch.setattr(worker, "REPORT", 0.02)
    assert analysis.deliver(notification(analysis.put(KEY, LONG[kind]))) == []
    known = [each for each in told if each is not None]
    assert len(known) >= 2
    assert known == sorted(known)
    assert 0 < known[0] < known[-1] <= 1
    assert "progress" not in analysis.state(KEY)


def test_a_report_that_cannot_be_written_down_fails_nothing(
    analysis: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object) -> None:
        raise UpstreamError("library", "Throttled")

    monkeypatch.setattr(Library, "advance", failing)
    monkeypatch.setattr(worker, "REPORT", 0.01)
    assert analysis.analysed(LONG["wav"])["status"] == "done"


# ---- what never ends -------------------------------------------------------------------------------------------------


def test_what_was_begun_three_times_and_never_ended_is_refused(analysis: Function, runs: Runs) -> None:
    upload = Upload(analysis.put(KEY, SHORT), "1")
    assert aio.run(analysis.library.begin(upload)) is not None
    assert analysis.state(KEY)["status"] == "running"
    assert analysis.deliver(notification(KEY, sequencer="1"), receives=worker.LAST_RECEIVE) == []
    told = analysis.state(KEY)
    assert (told["status"], told["reason"]) == ("refused", "it could not be analysed in 3 attempts; ask again")
    assert (runs.count, analysis.objects(RECORDS), analysis.titles()) == (0, {}, [])
    assert analysis.deliver(notification(KEY, sequencer="1")) == []
    assert runs.count == 0
    assert analysis.analysed(SHORT, sequencer="2")["status"] == "done", "a new upload begins anew"


def test_a_third_attempt_may_succeed(analysis: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    put, calls = Bucket.put, list[str]()

    async def failing(self: Bucket, key: str, body: bytes, media_type: str) -> None:
        calls.append(key)
        if len(calls) < worker.MOST_ATTEMPTS:
            raise UpstreamError("storage", "SlowDown")
        await put(self, key, body, media_type)

    monkeypatch.setattr(Bucket, "put", failing)
    message = notification(analysis.put(KEY, SHORT))
    assert [analysis.deliver(message) for _ in range(3)] == [["0"], ["0"], []]
    assert analysis.state(KEY)["status"] == "done"


def test_whoever_asks_again_and_again_does_not_have_it_refused(
    analysis: Function, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = analysis.put(KEY, SHORT)
    for _ in range(worker.MOST_ATTEMPTS + 1):
        assert analysis.start(key=key).json["status"] == "waiting"
    told, begin, one = reasons(monkeypatch), Library.begin, asyncio.Lock()

    async def after_each_other(self: Library, upload: Upload) -> Any:
        async with one:
            return await begin(self, upload)

    monkeypatch.setattr(Library, "begin", after_each_other)
    runs.free.clear()
    threading.Timer(0.5, runs.free.set).start()
    assert analysis.deliver(*analysis.queued()) == []
    assert (analysis.state(key)["status"], runs.count) == ("done", 1)
    assert set(told) == {""}


# ---- large files -----------------------------------------------------------------------------------------------------


def packed(analysis: Function) -> dict[str, Any]:
    [body] = analysis.objects(RECORDS).values()
    found: dict[str, Any] = msgpack.unpackb(records.inflated(body))
    return found


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "m4a", "webm"])
def test_a_large_file_is_read_in_pieces_with_the_same_record(
    analysis: Function, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    body = MADE[kind](tones(3))
    key = f"uploads/audio/a.{kind}"
    analysis.analysed(body, key)
    whole = packed(analysis)
    for stored in analysis.objects(RECORDS):
        analysis.delete(stored)
    read, pieces = Ranges.read, list[int]()

    def counted(self: Ranges, start: int, stop: int) -> bytes:
        found = read(self, start, stop)
        pieces.append(len(found))
        return found

    monkeypatch.setattr(worker, "HELD", 2000)
    monkeypatch.setattr(worker, "PIECE", 5000)
    monkeypatch.setattr(Ranges, "read", counted)
    analysis.restart(CACHE_TABLE="")
    analysis.analysed(body, key, sequencer="2")
    assert packed(analysis) == whole
    assert len(pieces) > 1
    assert sum(pieces) >= len(body)


def test_a_large_file_that_is_broken_is_refused(analysis: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "HELD", 2000)
    key = analysis.put(KEY, b"no sound " * 999)
    assert analysis.deliver(notification(key)) == []
    assert "is not read" in analysis.state(key)["reason"]


@pytest.mark.parametrize("kind", ["wav", "m4a"])
@pytest.mark.parametrize("error", [NotFound("there is no such object"), UpstreamError("storage", "SlowDown")], ids=repr)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_large_file_that_cannot_be_read_on_is_tried_again(
    analysis: Function, monkeypatch: pytest.MonkeyPatch, kind: str, error: Exception, at: int
) -> None:
    """Nothing of that is the file's fault: no record says that it cannot be used."""
    body = MADE[kind](tones(3))
    read, calls = Ranges.read, list[int]()

    def failing(self: Ranges, start: int, stop: int) -> bytes:
        calls.append(start)
        if len(calls) == at + 1:
            raise error
        return read(self, start, stop)

    monkeypatch.setattr(worker, "HELD", 2000)
    monkeypatch.setattr(Ranges, "read", failing)
    before = children()
    message = notification(analysis.put(KEY, body))
    back = analysis.deliver(message)
    assert len(calls) > at
    assert children() == before
    if back:
        assert analysis.state(KEY)["status"] == "running"
        assert analysis.objects(RECORDS) == {}
        assert analysis.deliver(message) == []
    else:
        assert (at, type(error)) == (0, NotFound)
        assert analysis.state(KEY)["reason"].startswith("it was deleted")
        assert analysis.deliver(notification(KEY, sequencer="1")) == []
    assert analysis.state(KEY)["status"] == "done"


def test_a_large_file_that_is_replaced_meanwhile_is_not_mixed_up(
    analysis: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, calls = Ranges.read, list[int]()

    def replaced(self: Ranges, start: int, stop: int) -> bytes:
        calls.append(start)
        if len(calls) == 2:
            analysis.put(KEY, OTHER)
        return read(self, start, stop)

    monkeypatch.setattr(worker, "HELD", 2000)
    monkeypatch.setattr(worker, "PIECE", 100_000)
    monkeypatch.setattr(Ranges, "read", replaced)
    message = notification(analysis.put(KEY, SHORT))
    assert analysis.deliver(message) == ["0"]
    assert analysis.deliver(message) == []
    assert analysis.get(f"/{upload_id(KEY)}").json["sha256"] == hashlib.sha256(OTHER).hexdigest()
    assert len(analysis.objects(RECORDS)) == 1


def test_a_file_that_is_too_large_is_refused_unread(
    analysis: Function, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_BYTES", 1000)
    key = analysis.put(KEY, SHORT)
    assert analysis.deliver(notification(key)) == []
    told = analysis.state(key)
    assert (told["status"], "at most 1000" in told["reason"]) == ("refused", True)
    assert (runs.count, analysis.objects(RECORDS)) == (0, {})

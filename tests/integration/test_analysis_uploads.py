"""What S3 tells of sounds that were uploaded: each is analysed once, refused with its reason, or told of again."""

import asyncio
import hashlib
import json
import threading
import time
from typing import Any, Final

import pytest

from analysis import analyses, records, worker
from analysis.audio import analyser
from analysis.library import KEPT, Library, upload_id
from fanfare import aio, aws
from fanfare.uploads import Upload
from integration import workers
from integration.analysis_function import Function, Runs, clicks, counted
from integration.images_function import notification
from integration.workers import side_by_side
from support.lambda_events import queue_event

KEY: Final = "uploads/audio/a.wav"
SHORT: Final = clicks(120, 4)
OTHER: Final = clicks(90, 4)
RECORDS: Final = "derived/analyses/"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return counted(monkeypatch)


# ---- messages --------------------------------------------------------------------------------------------------------


def test_one_message_may_tell_of_several_uploads_and_of_none(analysis: Function) -> None:
    keys = [analysis.put(f"uploads/audio/{bpm}.wav", clicks(bpm, 2)) for bpm in (100, 120, 140)]
    test = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": analysis.bucket})
    assert analysis.deliver(test, notification(*keys), notification()) == []
    assert [analysis.state(key)["status"] for key in keys] == ["done"] * 3
    assert len(analysis.objects(RECORDS)) == 3


def test_what_lies_elsewhere_is_nobody_s_business(analysis: Function, runs: Runs) -> None:
    keys = [analysis.put(key, SHORT) for key in ("uploads/images/a.wav", "derived/a.wav", "audio/a.wav")]
    assert analysis.deliver(notification(*keys)) == []
    assert runs.count == 0
    assert [analysis.get(f"/{upload_id(key)}").status for key in keys] == [404] * 3


@pytest.mark.parametrize(
    "message",
    ["no JSON", "", "{}", "[]", "null", "1", '{"Records": [{}]}', '{"Records": 1}', json.dumps({"cache": "analyses"})],
)
def test_a_message_that_nobody_understands_comes_back(analysis: Function, message: str) -> None:
    analysis.put(KEY, SHORT)
    assert analysis.deliver(message, notification(KEY)) == ["0"]
    assert analysis.state(KEY)["status"] == "done"


@pytest.mark.parametrize(
    "name",
    ["a b.wav", "a+b.wav", "ü/é€.wav", "100%.wav", "a%20b.wav", "?x=1&y#z.wav", "a'\"<>.wav", "a\nb.wav"],
)
def test_names_may_have_any_signs(analysis: Function, name: str) -> None:
    told = analysis.analysed(SHORT, f"uploads/audio/{name}")
    assert told["title"] == name.rpartition("/")[2].removesuffix(".wav")


# ---- once for each content -------------------------------------------------------------------------------------------


def test_the_same_bytes_are_analysed_once(analysis: Function, runs: Runs) -> None:
    first = analysis.analysed(SHORT, "uploads/audio/a.wav")
    [(key, body)] = analysis.objects(RECORDS).items()
    analysis.restart()
    again = analysis.analysed(SHORT, "uploads/audio/b.flac")
    assert runs.count == 1
    assert again["id"] == first["id"]
    assert again["analysis"] == first["analysis"]
    assert analysis.objects(RECORDS) == {key: body}
    assert key == f"{RECORDS}{first['id']}.msgpack"
    assert first["sha256"] == hashlib.sha256(SHORT).hexdigest()
    assert analysis.titles() == ["b"]


def test_the_same_message_many_times_is_one_analysis(analysis: Function, runs: Runs) -> None:
    message = notification(analysis.put(KEY, SHORT))
    assert analysis.deliver(message, message) == []  # side by side
    assert analysis.deliver(message) == []
    analysis.restart()
    assert analysis.deliver(message, message, message) == []
    assert runs.count == 1
    assert (analysis.state(KEY)["status"], analysis.titles()) == ("done", ["a"])


def test_a_table_that_forgot_is_reminded_by_the_record(analysis: Function, runs: Runs) -> None:
    analysis.analysed(SHORT)
    analysis.restart(CACHE_TABLE="")
    analysis.analysed(SHORT, "uploads/audio/b.wav")
    assert runs.count == 1


ANALYSING: Final = """
import json, sys
from analysis import handler
from analysis.audio import analyser
from support.lambda_events import Context

runs, analyse = [], analyser.analyse
analyser.analyse = lambda *sound, **options: [runs.append(1), analyse(*sound, **options)][1]
handler.warm()
print("ready", flush=True)
answer = handler.handler(json.loads(sys.stdin.readline()), Context())
print(json.dumps({"runs": len(runs), "answer": answer}))
"""


@pytest.mark.parametrize("keys", [(KEY, KEY), (KEY, "uploads/audio/b.wav")], ids=["one message", "the same bytes"])
def test_two_processes_analyse_once(analysis: Function, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, str]) -> None:
    monkeypatch.setattr(workers, "_WORKER", ANALYSING)
    events = [queue_event([notification(analysis.put(key, clicks(120, 40)))]) for key in keys]
    found = side_by_side(events, analysis.environment)
    assert [each.answer for each in found] == [{"batchItemFailures": []}] * 2
    assert sum(each.runs for each in found) == 1
    assert [analysis.state(key)["status"] for key in keys] == ["done", "done"]
    assert len(analysis.objects(RECORDS)) == len(analysis.titles()) == 1


# ---- the order of events ---------------------------------------------------------------------------------------------


def test_an_older_event_after_a_newer_one_changes_nothing(analysis: Function, runs: Runs) -> None:
    newest = analysis.analysed(SHORT, sequencer="0055AED6DCD90281E5")
    messages = [notification(KEY, sequencer=each) for each in ("0055AED6DCD90281E4", "0055AED6DCD90281", "", "0")]
    analysis.put(KEY, OTHER)
    assert analysis.deliver(*messages) == []
    told = analysis.get(f"/{upload_id(KEY)}").json
    assert (told["id"], told["sha256"]) == (newest["id"], hashlib.sha256(SHORT).hexdigest())
    assert runs.count == 1


def test_a_later_upload_takes_the_place_of_the_earlier(analysis: Function) -> None:
    first = analysis.analysed(SHORT, sequencer="0A")
    second = analysis.analysed(OTHER, sequencer="0B")
    assert second["id"] != first["id"]
    assert analysis.state(KEY)["id"] == second["id"]
    assert analysis.get(f"/{first['id']}").status == 200
    text = analysis.put(KEY, b"no sound " * 99)
    assert analysis.deliver(notification(text, sequencer="0C")) == []
    assert analysis.state(KEY)["status"] == "refused"
    assert analysis.analysed(SHORT, sequencer="0D")["id"] == first["id"]


@pytest.mark.parametrize("later", [OTHER, b"no sound " * 99], ids=["a sound", "no sound"])
def test_what_was_replaced_is_no_track_any_more(analysis: Function, later: bytes) -> None:
    first = analysis.analysed(SHORT, sequencer="0A")
    assert analysis.deliver(notification(analysis.put(KEY, later), sequencer="0B")) == []
    assert first["id"] not in {each["id"] for each in analysis.get("").json["tracks"]}


def test_a_later_upload_while_the_earlier_is_analysed_wins(analysis: Function, runs: Runs) -> None:
    runs.free.clear()
    messages = [notification(analysis.put(KEY, SHORT), sequencer="0A")]

    def replace() -> None:
        while runs.count < 1:
            time.sleep(0.01)
        analysis.put(KEY, OTHER)
        runs.free.set()

    replacing = threading.Thread(target=replace)
    replacing.start()
    assert analysis.deliver(*messages) == []
    replacing.join()
    earlier = analysis.get(f"/{upload_id(KEY)}").json
    assert earlier["sha256"] == hashlib.sha256(SHORT).hexdigest()
    assert analysis.deliver(notification(KEY, sequencer="0B")) == []
    assert analysis.get(f"/{upload_id(KEY)}").json["sha256"] == hashlib.sha256(OTHER).hexdigest()


def test_what_is_overtaken_while_it_is_analysed_is_no_track(analysis: Function, runs: Runs) -> None:
    runs.free.clear()
    message = notification(analysis.put(KEY, SHORT), sequencer="0A")

    def overtake() -> None:
        while runs.count < 1:
            time.sleep(0.01)
        asyncio.run(analysis.library.begin(Upload(KEY, "0B")))
        runs.free.set()

    overtaking = threading.Thread(target=overtake)
    overtaking.start()
    assert analysis.deliver(message) == []
    overtaking.join()
    assert analysis.titles() == []


def test_a_track_of_two_uploads_outlives_the_replacement_of_one(analysis: Function) -> None:
    first = analysis.analysed(SHORT, "uploads/audio/b.wav", sequencer="0A")
    assert analysis.analysed(SHORT, KEY, sequencer="0A")["id"] == first["id"]
    analysis.analysed(OTHER, KEY, sequencer="0B")
    assert first["id"] in {each["id"] for each in analysis.get("").json["tracks"]}
    analysis.analysed(OTHER, "uploads/audio/b.wav", sequencer="0B")
    assert first["id"] not in {each["id"] for each in analysis.get("").json["tracks"]}


def test_an_event_that_is_overtaken_does_not_have_the_last_word(analysis: Function) -> None:
    async def overtaken() -> None:
        library, earlier, later = analysis.library, Upload(KEY, "0A"), Upload(KEY, "0B")
        assert await library.begin(earlier) is not None
        begun = await library.begin(later)
        assert begun is not None
        assert await library.begin(earlier) is None
        await library.advance(earlier, 0.9)
        await library.finish(earlier, record="0" * 64)
        state = await library.state(upload_id(KEY))
        assert (state.stage, state.progress, state.record, state.sequencer) == ("running", None, "", "0B")

    aio.run(overtaken())


def test_two_that_begin_at_once_both_go_on(analysis: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue may hand out a message twice; were one of them done with at once, it would be gone for the other, too."""
    update, both, waited = Library._update, asyncio.Barrier(2), list[str]()

    async def together(self: Library, id_: str, expression: str, values: dict[str, Any], condition: str) -> Any:
        found = await update(self, id_, expression, values, condition)
        if len(waited) < 2 and condition == "sequencer = :sequencer" and found is None:
            waited.append(id_)
            await both.wait()
        return found

    monkeypatch.setattr(Library, "_update", together)

    async def begin() -> list[Any]:
        return await asyncio.gather(*(analysis.library.begin(Upload(KEY, "1")) for _ in range(2)))

    begun = aio.run(begin())
    assert None not in begun


def test_an_object_that_was_deleted_meanwhile_is_done_with(analysis: Function) -> None:
    assert analysis.deliver(notification("uploads/audio/gone.wav")) == []
    told = analysis.state("uploads/audio/gone.wav")
    assert (told["status"], told["reason"]) == ("refused", "it was deleted before it could be analysed")
    assert analysis.objects(RECORDS) == {}
    assert analysis.analysed(SHORT, "uploads/audio/gone.wav", sequencer="1")["status"] == "done"


def test_states_expire_and_tracks_do_not(analysis: Function) -> None:
    analysis.analysed(SHORT)
    items = aws.client("dynamodb").scan(TableName=analysis.environment["ANALYSES_TABLE"])["Items"]
    expiring = {item["pk"]["S"]: item.get("expires_at") for item in items}
    assert expiring.keys() == {"upload", "track"}
    assert expiring["track"] is None
    assert int(expiring["upload"]["N"]) == pytest.approx(time.time() + KEPT, abs=600)


# ---- versions of the analyser ----------------------------------------------------------------------------------------


def renew(analysis: Function, monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    for module in (analyser, records, analyses):
        monkeypatch.setattr(module, "VERSION", version)
    analysis.restart()


def test_a_record_of_an_older_version_is_told_of_and_made_anew_when_asked_for(
    analysis: Function, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = analysis.analysed(SHORT)
    renew(analysis, monkeypatch, analyser.VERSION + 1)
    assert analysis.get(f"/{upload_id(KEY)}").json["id"] == older["id"]
    assert "another version" in analysis.get(f"/{older['id']}/plot.svg").problem(404)["detail"]
    assert runs.count == 1
    got = analysis.start(key=KEY)
    assert (got.status, got.json["status"]) == (202, "waiting")
    assert analysis.deliver(*analysis.queued()) == []
    newer = analysis.get(f"/{upload_id(KEY)}").json
    assert (newer["version"], newer["sha256"]) == (older["version"] + 1, older["sha256"])
    assert newer["id"] != older["id"]
    assert runs.count == 2
    assert len(analysis.objects(RECORDS)) == 2
    assert analysis.start(key=KEY).json["status"] == "done"


def test_a_message_after_an_upgrade_analyses_anew(
    analysis: Function, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = analysis.analysed(SHORT)
    renew(analysis, monkeypatch, analyser.VERSION + 1)
    newer = analysis.analysed(SHORT)
    assert (newer["version"], runs.count) == (older["version"] + 1, 2)


def test_an_upgrade_does_not_double_tracks(analysis: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis.analysed(SHORT)
    renew(analysis, monkeypatch, analyser.VERSION + 1)
    analysis.analysed(SHORT)
    assert analysis.titles() == ["a"]


def test_upgrades_are_no_failed_attempts(analysis: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis.analysed(SHORT)
    version = analyser.VERSION
    for later in range(1, worker.MOST_ATTEMPTS + 1):
        renew(analysis, monkeypatch, version + later)
        assert analysis.deliver(notification(KEY, sequencer="1")) == []
        assert analysis.state(KEY)["status"] == "done"


def test_what_an_older_version_refused_is_tried_anew(
    analysis: Function, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert analysis.deliver(notification(analysis.put(KEY, b"no sound " * 99))) == []
    renew(analysis, monkeypatch, analyser.VERSION + 1)
    assert analysis.start(key=KEY).json["status"] == "waiting"


def test_a_record_that_was_deleted_is_made_anew(analysis: Function, runs: Runs) -> None:
    told = analysis.analysed(SHORT)
    analysis.delete(f"{RECORDS}{told['id']}.msgpack")
    analysis.restart(CACHE_TABLE="")
    analysis.get(f"/{upload_id(KEY)}").problem(404)
    assert analysis.start(key=KEY).json["status"] == "waiting"
    assert analysis.deliver(*analysis.queued()) == []
    assert analysis.get(f"/{upload_id(KEY)}").json["analysis"] == told["analysis"]
    assert runs.count == 2

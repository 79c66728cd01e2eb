"""Analyses asked for: by a form for a file that will be uploaded, or by the key of an object that is there."""

import base64
import itertools
import json
import re
from typing import Any, Final

import httpx2
import pytest

from analysis.contract import EXTENSIONS, MOST_BYTES, AnalysisState
from analysis.library import upload_id
from fanfare import aio
from fanfare.uploads import Upload
from integration.analysis_function import MSGPACK, Function, clicks, strict
from integration.images_function import notification
from support.lambda_events import http_event

KEY: Final = "uploads/audio/a.wav"
TEXT: Final = b"this is a text and no music " * 100
SHORT: Final = clicks(120, 4)
WRONG: Final[list[tuple[dict[str, Any], str]]] = [
    ({}, "body"),
    ({"name": "a.wav"}, "body"),
    ({"key": KEY, "media_type": "audio/wav"}, "body"),
    ({"key": "a.wav"}, "key"),
    ({"key": ""}, "key"),
    ({"key": "uploads/audio/"}, "key"),
    ({"key": "uploads/audio"}, "key"),
    ({"key": "uploads/images/a.wav"}, "key"),
    ({"key": "derived/analyses/a"}, "key"),
    ({"key": "cache/a"}, "key"),
    ({"key": "/uploads/audio/a.wav"}, "key"),
    ({"key": "UPLOADS/AUDIO/a.wav"}, "key"),
    ({"key": f"uploads/audio/{'a' * 1000}"}, "key"),
    ({"key": 1}, "key"),
    ({"media_type": "audio/midi"}, "media_type"),
    ({"media_type": "image/png"}, "media_type"),
    ({"media_type": "audio/wav; codecs=1"}, "media_type"),
    ({"media_type": "audio/wav\n"}, "media_type"),
    ({"media_type": ""}, "media_type"),
    ({"media_type": "audio/wav", "bytes": 0}, "bytes"),
    ({"media_type": "audio/wav", "bytes": MOST_BYTES + 1}, "bytes"),
    ({"media_type": "audio/wav", "bytes": 1.5}, "bytes"),
    ({"media_type": "audio/wav", "name": "a" * 201}, "name"),
    ({"media_type": "audio/wav", "name": ["a"]}, "name"),
    ({"media_type": "audio/wav", "more": 1}, "more"),
]


def test_what_cannot_be_asked_for(analysis: Function) -> None:
    for fields, refused in WRONG:
        assert analysis.start(**fields).refused_fields == {refused}, fields
    assert analysis.queued() == []


GONE: Final = ("gone.wav", "a/b.wav", "../../derived/a", "%2e%2e/a", "a\x00b", "a\nb", "ü ?#&.wav", "😀.mp3")


def test_a_key_of_nothing_is_not_found(analysis: Function) -> None:
    for name in GONE:
        analysis.start(key=f"uploads/audio/{name}").problem(404)
        analysis.get(f"/{upload_id(f'uploads/audio/{name}')}").problem(404)
    assert analysis.queued() == []


def test_what_is_no_request(analysis: Function) -> None:
    for body in ("", "{", "[]", "null", '"a"', '{"key": "uploads/audio/\\ud800"}', "\xff"):
        got = analysis.send(http_event("POST", "/api/v1/analyses", body))
        assert got.status in {400, 422}
        got.problem(got.status)


# ---- the form --------------------------------------------------------------------------------------------------------


def sent(form: dict[str, Any], body: bytes) -> int:
    return httpx2.post(form["url"], data=form["fields"], files={"file": ("x", body)}).status_code


def test_a_form_takes_a_file_whose_title_is_the_name_it_was_given(analysis: Function) -> None:
    got = analysis.start(media_type="Audio/WAV", name=" Ça ira\n(1889).wav ", bytes=len(SHORT))
    assert got.status == 202
    assert (got.headers["retry-after"], got.headers["cache-control"]) == ("1", "no-store")
    told = got.json
    AnalysisState.model_validate(told)
    assert (told["status"], told["title"]) == ("awaiting_upload", "Ça ira (1889)")
    assert told["status_url"] == got.headers["location"] == f"/api/v1/analyses/{told['id']}"
    form = told["upload"]
    assert re.fullmatch(r"uploads/audio/[\w-]{22}\.wav", form["key"])
    assert (form["max_bytes"], form["fields"]["Content-Type"]) == (len(SHORT), "audio/wav")
    assert 60 <= form["expires_in"] <= 3600
    assert form["fields"]["key"] == form["key"]
    asked = analysis.get(f"/{told['id']}")
    assert (asked.status, asked.json) == (202, {each: told[each] for each in told.keys() - {"upload"}})
    assert sent(form, SHORT) == 204
    assert analysis.deliver(notification(form["key"])) == []
    done = analysis.get(f"/{told['id']}")
    assert (done.status, done.json["title"]) == (200, "Ça ira (1889)")
    assert analysis.get("").json["tracks"][0]["title"] == "Ça ira (1889)"


def test_a_form_says_what_s3_is_to_hold_it_to(analysis: Function) -> None:
    """The policy is what S3 goes by; the emulator does not enforce it."""
    forms = [analysis.start(media_type="audio/flac", bytes=size).json["upload"] for size in (1000, None)]
    for form, most in zip(forms, (1000, MOST_BYTES), strict=True):
        conditions = json.loads(base64.b64decode(form["fields"]["policy"]))["conditions"]
        assert ["content-length-range", 1, most] in conditions
        assert {"Content-Type": "audio/flac"} in conditions
        assert {"key": form["key"]} in conditions
    assert forms[0]["key"] != forms[1]["key"]


def test_every_media_type_has_its_extension(analysis: Function) -> None:
    for media_type, extension in EXTENSIONS.items():
        told = analysis.start(media_type=media_type).json
        assert told["upload"]["key"].endswith(f".{extension}")
        assert told["title"] == told["upload"]["key"].rpartition("/")[2].rpartition(".")[0]


def test_a_form_whose_key_is_asked_for_keeps_its_name(analysis: Function) -> None:
    form = analysis.start(media_type="audio/wav", name="Mine.wav").json["upload"]
    analysis.put(form["key"], SHORT)
    got = analysis.start(key=form["key"], name="Another.wav")
    assert (got.status, got.json["status"], got.json["title"]) == (202, "waiting", "Mine")
    assert analysis.deliver(*analysis.queued()) == []
    assert analysis.state(form["key"])["title"] == "Mine"


# ---- by the key of an object that is there ---------------------------------------------------------------------------


def test_an_object_that_nobody_told_of_is_queued(analysis: Function) -> None:
    key = analysis.put("uploads/audio/a b+c/ü%20.wav", SHORT)
    got = analysis.start(key=key)
    assert (got.status, got.json["status"], got.json["title"]) == (202, "waiting", "ü%20")
    assert got.headers["location"] == f"/api/v1/analyses/{upload_id(key)}"
    [message] = analysis.queued()
    assert analysis.deliver(message) == []
    assert analysis.state(key)["status"] == "done"
    again = analysis.start(key=key)
    assert (again.status, again.json["status"]) == (200, "done")
    assert again.json["status_url"] == f"/api/v1/analyses/{again.json['id']}"
    assert re.fullmatch("[0-9a-f]{64}", again.json["id"])
    assert analysis.queued() == []


def test_what_is_under_way_is_followed(analysis: Function) -> None:
    key = analysis.put(KEY, SHORT)
    upload = Upload(key, "1")

    async def begin() -> None:
        await analysis.library.begin(upload)
        await analysis.library.advance(upload, 0.25)

    aio.run(begin())
    for got in (analysis.get(f"/{upload_id(key)}"), analysis.start(key=key)):
        assert (got.status, got.json["status"], got.json["progress"]) == (202, "running", 0.25)
        assert (got.headers["retry-after"], got.headers["cache-control"]) == ("1", "no-store")
        assert got.headers["location"] == f"/api/v1/analyses/{upload_id(key)}"
    assert analysis.queued() == []
    plot = analysis.get(f"/{upload_id(key)}/plot.svg")
    assert plot.problem(409)["detail"] == "its analysis is running"
    assert plot.headers["retry-after"] == "1"
    assert analysis.deliver(notification(key, sequencer="1")) == []
    assert "progress" not in analysis.state(key)


def test_what_is_no_sound_is_refused_with_a_reason(analysis: Function) -> None:
    key = analysis.put("uploads/audio/a.mp3", TEXT)
    assert analysis.deliver(notification(key)) == []
    got = analysis.start(key=key)
    assert got.status == 200
    assert got.json["status"] == "refused"
    assert got.json["reason"]
    assert len(analysis.objects("derived/analyses/")) == 1
    assert analysis.queued() == []
    for id_ in (got.json["id"], upload_id(key)):
        told = analysis.get(f"/{id_}").json
        assert (told["status"], told["reason"]) == ("refused", got.json["reason"])
        plot = analysis.get(f"/{id_}/plot.svg").problem(422)
        assert plot["detail"] == got.json["reason"]
    assert analysis.get("").json["tracks"] == []


def test_ids_of_nothing_are_not_found(analysis: Function) -> None:
    gone = upload_id("uploads/audio/gone")
    ids = ("a", "0" * 64, "F" * 64, "0" * 63, "0" * 65, gone, "A" * 22, "..", "track", "%00", "é")
    for id_, part in itertools.product(ids, ("", "/plot.svg")):
        analysis.get(f"/{id_}{part}").problem(404)
        assert analysis.get(f"/{id_}{part}", accept=MSGPACK).status == 404


@pytest.mark.parametrize(("method", "part"), [("GET", ""), ("GET", "/plot.svg"), ("DELETE", "")])
def test_an_id_longer_than_any_key_may_be_is_not_found(
    analysis: Function, monkeypatch: pytest.MonkeyPatch, method: str, part: str
) -> None:
    strict(monkeypatch)
    got = analysis.send(http_event(method, f"/api/v1/analyses/{'a' * 1025}{part}"))
    assert got.status in {204, 404}, got


def test_a_key_longer_than_any_object_can_have_is_refused(analysis: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    strict(monkeypatch)
    got = analysis.start(key=f"uploads/audio/{'é' * 600}")
    assert got.status in {404, 422}, got

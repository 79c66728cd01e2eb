"""Analyses over HTTP: shown in each form, drawn, listed, and left out of playlists."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

from analysis import handler as function
from analysis import records
from analysis.analyses import object_key
from analysis.audio.analyser import Analysis, analyse
from analysis.audio.formats import MOST_HOURS
from analysis.contract import AnalysisAnswer, Figures, TrackList
from analysis.library import Entry, upload_id
from analysis.playlist import Track
from fanfare import aio
from integration.analysis_function import MSGPACK, Answer, Function, clicks, wav
from support.lambda_events import Context, http_event

KEY: Final = "uploads/audio/a.wav"
TEXT: Final = b"this is a text and no music " * 100
SHORT: Final = clicks(120, 4)


def entry(number: int) -> Entry:
    return Entry(Track(f"{number:064x}", 60.0 + number, 120.0, "8A", 0.5, f"Track {number}", location="a.wav"), KEY)


def filled(analysis: Function, count: int) -> None:
    """Put tracks into the library, whose sounds nobody needs."""

    async def fill() -> None:
        for number in range(count):
            await analysis.library.add(entry(number))

    aio.run(fill())


def test_an_upload_becomes_an_analysis(analysis: Function) -> None:
    told = analysis.analysed(clicks(120), "uploads/audio/Two a second.wav")
    assert told["status"] == "done"
    assert told["title"] == "Two a second"
    assert told["analysis"]["beats"]["tempo"] == pytest.approx(120, rel=0.02)
    assert told["analysis"]["duration"] == 12.0
    assert told["analysis"]["key"]["camelot"]


def test_an_answer_holds_what_the_contract_says(analysis: Function) -> None:
    told = analysis.analysed(SHORT)
    assert told["analysis"].keys() == Figures.model_fields.keys()
    assert told.keys() == AnalysisAnswer.model_fields.keys()


# ---- in each form ----------------------------------------------------------------------------------------------------


def told_by(analysis: Function, accept: str) -> str:
    got = analysis.get(f"/{upload_id(KEY)}", accept=accept)
    assert (got.status, got.headers["vary"]) == (200, "Accept")
    return got.headers["content-type"]


def test_the_form_is_by_accept(analysis: Function) -> None:
    analysis.analysed(SHORT)
    for accept in ("", "*/*", "application/json", "text/html", f"{MSGPACK};q=0.4, application/json", f"{MSGPACK};q=0"):
        assert told_by(analysis, accept) == "application/json"
    for accept in (MSGPACK, f"application/json;q=0.5, {MSGPACK}", f"text/html, {MSGPACK};q=0.1", MSGPACK.upper()):
        assert told_by(analysis, accept) == MSGPACK
    assert told_by(analysis, "application/x-msgpack") == "application/x-msgpack"
    assert told_by(analysis, "application/msgpack;q=0.9,application/json;q=0.8") == "application/msgpack"


def same(listed: Any, packed: Any) -> bool:
    """Whether JSON tells what msgpack tells, within its rounding."""
    if isinstance(packed, dict) and packed.keys() == {"dtype", "shape", "data"}:
        array = np.frombuffer(packed["data"], packed["dtype"]).reshape(packed["shape"])
        return np.array(listed).size == array.size and np.allclose(listed, array, rtol=0, atol=5.1e-5)
    if isinstance(packed, dict):
        return listed.keys() == packed.keys() and all(same(listed[name], each) for name, each in packed.items())
    if isinstance(packed, list):
        return len(listed) == len(packed) and all(map(same, listed, packed))
    if isinstance(packed, float):
        return isinstance(listed, float) and listed == pytest.approx(packed, rel=0, abs=5.1e-5)
    return type(listed) is type(packed) and bool(listed == packed)


def test_json_tells_what_msgpack_tells(analysis: Function) -> None:
    told = analysis.analysed(clicks(110, 8))
    got = analysis.get(f"/{told['id']}", accept=MSGPACK)
    packed = got.msgpack
    assert told.pop("status") == "done"
    assert told.pop("title") == "a"
    assert told.pop("abridged") is False
    assert packed.pop("error") == ""
    assert same(told, packed)
    assert packed["analysis"]["beats"]["times"].keys() == {"dtype", "shape", "data"}
    assert not same(told, packed | {"bytes": 1})


def test_an_etag_for_each_form(analysis: Function) -> None:
    told = analysis.analysed(SHORT)
    ways: list[tuple[str, dict[str, str]]] = [
        (f"/{told['id']}", {}),
        (f"/{told['id']}", {"accept": MSGPACK}),
        (f"/{told['id']}/plot.svg", {}),
    ]
    tags = set()
    for path, headers in ways:
        got = analysis.get(path, **headers)
        tag = got.headers["etag"]
        assert got.headers["cache-control"] == "private, max-age=3600"
        for asked in (tag, f'"x", W/{tag}', "*"):
            again = analysis.get(path, **headers, if_none_match=asked)
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert analysis.get(path, **headers, if_none_match='"x"').body == got.body
        assert analysis.get(path, **headers).headers["etag"] == tag
        tags.add(tag)
    assert len(tags) == 3


def test_what_an_upload_s_id_stands_for_is_asked_for_again(analysis: Function) -> None:
    analysis.analysed(SHORT)
    for part in ("", "/plot.svg"):
        got = analysis.get(f"/{upload_id(KEY)}{part}")
        assert "no-cache" in got.headers["cache-control"]


def test_another_content_has_another_etag(analysis: Function) -> None:
    analysis.analysed(SHORT)
    path = f"/{upload_id(KEY)}"
    tag = analysis.get(path).headers["etag"]
    analysis.analysed(clicks(100, 4), sequencer="2")
    got = analysis.get(path, if_none_match=tag)
    assert (got.status, got.headers["etag"] == tag) == (200, False)


@pytest.mark.parametrize("part", ["", "/plot.svg"])
def test_nothing_is_not_unchanged(analysis: Function, part: str) -> None:
    analysis.get(f"/{'0' * 64}{part}", if_none_match="*").problem(404)


def test_a_plot(analysis: Function) -> None:
    told = analysis.analysed(clicks(120))
    for id_ in (told["id"], upload_id(KEY)):
        got = analysis.get(f"/{id_}/plot.svg")
        assert got.headers["content-type"] == "image/svg+xml"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert ET.fromstring(got.body).tag.endswith("svg")  # noqa: S314  (our own)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>&amp;]]>.wav", "a\x01\x1b\x0bb\ufffe.wav", "'\"\\`.wav"])
def test_a_name_is_text_in_a_plot(analysis: Function, name: str) -> None:
    told = analysis.analysed(SHORT, f"uploads/audio/{name}")
    picture = ET.fromstring(analysis.get(f"/{told['id']}/plot.svg").body)  # noqa: S314
    assert not any(each.tag.endswith(("script", "foreignObject", "image")) for each in picture.iter())


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(8000),
        np.zeros((4000, 2)),
        np.full(1, 0.5),
        np.full(8000, 0.5),
        np.zeros(10),
        np.tile([1.0, -1.0], 9000),
    ],
    ids=["silence", "stereo silence", "one sample", "a constant", "ten samples", "Nyquist"],
)
def test_what_has_no_figures_can_be_shown(analysis: Function, samples: Any) -> None:
    told = analysis.analysed(wav(samples))
    AnalysisAnswer.model_validate(told)
    assert told["analysis"]["duration"] == pytest.approx(len(samples) / 22050, abs=1e-4)
    plot = analysis.get(f"/{told['id']}/plot.svg")
    assert ET.fromstring(plot.body).tag.endswith("svg")  # noqa: S314
    made = analysis.playlist(ids=[told["id"]])
    assert [each["id"] for each in made.json["tracks"]] == [told["id"]]


def hours(analysis: Analysis, times: int) -> Analysis:
    """The same sound so many times on end, as far as its size goes."""

    def on_end(curve: Any) -> Any:
        return np.tile(curve, times)

    beats, energy = analysis.beats, analysis.energy
    return replace(
        analysis,
        duration=analysis.duration * times,
        beats=replace(
            beats, **{name: on_end(getattr(beats, name)) for name in ("times", "strengths", "tempos", "onsets")}
        ),
        energy=replace(energy, **{name: on_end(getattr(energy, name)) for name in ("rms", "peaks", "profile")}),
    )


@pytest.mark.parametrize("accept", ["application/json", MSGPACK])
def test_the_longest_sound_that_is_taken_can_be_shown(analysis: Function, accept: str) -> None:
    """Lambda takes answers of 6 MB: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
    record = records.record("0" * 64, 1, hours(analyse(clicks(170, 60)), MOST_HOURS * 60))
    analysis.put(object_key(record["id"]), records.pack(record))
    answer = function.handler(
        http_event("GET", f"/api/v1/analyses/{record['id']}", headers={"accept": accept}), Context()
    )
    assert answer["statusCode"] in {200, 302, 303}
    assert len(json.dumps(answer)) <= 6 << 20


# ---- the library -----------------------------------------------------------------------------------------------------


def test_a_track_that_is_left_out_keeps_its_analysis(analysis: Function) -> None:
    told = analysis.analysed(SHORT)
    assert [each["id"] for each in analysis.get("").json["tracks"]] == [told["id"]]
    for _ in range(2):
        got = analysis.forget(told["id"])
        assert (got.status, got.body) == (204, b"")
    assert analysis.get("").json["tracks"] == []
    assert analysis.playlist(all=True).refused_fields == {"all"}
    assert analysis.playlist(ids=[told["id"]]).refused_fields == {"ids"}
    assert analysis.get(f"/{told['id']}").json["analysis"] == told["analysis"]
    assert analysis.state(KEY)["title"] == "a"
    analysis.analysed(SHORT, "uploads/audio/b.wav")
    assert [each["title"] for each in analysis.get("").json["tracks"]] == ["b"]


def test_a_track_that_was_left_out_comes_back_if_its_upload_is_asked_for(analysis: Function) -> None:
    told = analysis.analysed(SHORT)
    analysis.forget(told["id"])
    assert analysis.start(key=KEY).json["status"] == "waiting"
    assert analysis.deliver(*analysis.queued()) == []
    assert [each["id"] for each in analysis.get("").json["tracks"]] == [told["id"]]


def test_a_track_is_left_out_by_the_id_of_its_upload_or_that_is_not_found(analysis: Function) -> None:
    analysis.analysed(SHORT)
    got = analysis.forget(upload_id(KEY))
    assert (got.status, bool(analysis.get("").json["tracks"])) in {(204, False), (404, True)}


def test_leaving_out_what_is_not_there_is_fine(analysis: Function) -> None:
    assert [analysis.forget(id_).status for id_ in ("0" * 64, "a")] == [204, 204]


def test_the_list_is_paged(analysis: Function) -> None:
    assert analysis.get("").json == {"tracks": [], "next": None}
    filled(analysis, 7)
    whole = analysis.get("").json
    TrackList.model_validate(whole)
    ids = [each["id"] for each in whole["tracks"]]
    assert ids == [f"{number:064x}" for number in range(7)]
    assert whole["next"] is None
    assert whole["tracks"][3] == {
        "id": ids[3],
        "title": "Track 3",
        "duration": 63.0,
        "tempo": 120.0,
        "key": "8A",
        "energy": 0.5,
    }
    for size in (1, 3, 7):
        found, after, pages = list[str](), "", 0
        while True:
            page = analysis.get(f"?limit={size}{after}").json
            found += [each["id"] for each in page["tracks"]]
            pages += 1
            if page["next"] is None:
                break
            assert page["next"] == page["tracks"][-1]["id"]
            after = f"&after={page['next']}"
        assert (found, pages) == (ids, -(-7 // size))
    assert analysis.get(f"?after={'f' * 64}").json == {"tracks": [], "next": None}


QUERIES: Final = [
    ("limit=0", "limit"),
    ("limit=501", "limit"),
    ("limit=x", "limit"),
    ("limit=", "limit"),
    ("limit=1.5", "limit"),
    ("after=x", "after"),
    ("after=", "after"),
    (f"after={'F' * 64}", "after"),
    (f"after={'0' * 64}%0a", "after"),
    ("page=1", "page"),
]


def test_a_wrong_query_is_named(analysis: Function) -> None:
    for query, field in QUERIES:
        assert analysis.get(f"?{query}").refused_fields == {field}, query


def test_other_methods_and_paths_are_not_found(analysis: Function) -> None:
    answers: list[Answer] = [
        analysis.send(http_event(method, path))
        for method, path in (
            ("PUT", "/api/v1/analyses/a"),
            ("GET", "/api/v1/analyses/a/plot.png"),
            ("GET", "/api/v1/playlists"),
            ("POST", "/api/v1/analyses/a"),
        )
    ]
    assert [got.status for got in answers] == [404] * 4

"""Files that lie, are broken, or want others opened, through the whole function: a reason or an analysis, no more."""

import io
import json
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import pytest

from analysis.contract import AnalysisAnswer
from analysis.library import upload_id
from analysis.records import unpack
from fanfare.storage import Bucket
from integration.analysis_function import Function, clicks
from integration.image_files import SVG, jpeg
from integration.images_function import closed, notification
from integration.test_decoding_hostile import REFERRING, TEXT, Canary, lying, wav_head
from integration.test_speech_texts import written as logs
from support.sounds import MADE, encrypted, mutated, muxed, referring, sound, tones, written
from support.speaking import children

RECORDS: Final = "derived/analyses/"
SECRET: Final = "Xylophonquelle"
HLS: Final = REFERRING["hls"][1]
__all__ = ["logs"]  # a fixture


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    made = Canary(tmp_path)
    yield made
    made.close()


def outcome(analysis: Function, key: str) -> dict[str, Any]:
    """What became of an upload, and that all that is told of it can be read."""
    got = analysis.get(f"/{upload_id(key)}")
    assert got.status == 200, got
    told = got.json
    if told["status"] == "refused":
        assert 8 < len(told["reason"]) < 300
        assert analysis.get(f"/{told['id']}/plot.svg").status == 422
    else:
        AnalysisAnswer.model_validate(told)
        plot = analysis.get(f"/{told['id']}/plot.svg")
        assert (plot.status, ET.fromstring(plot.body).tag[-3:]) == (200, "svg")  # noqa: S314  (our own)
    return told


def worked(analysis: Function, body: bytes, name: str) -> dict[str, Any]:
    key = analysis.put(f"uploads/audio/{name}", body)
    assert analysis.deliver(notification(key)) == []
    told = outcome(analysis, key)
    [record] = analysis.objects(RECORDS).values()
    assert unpack(record)["error"] == told.get("reason", "")
    return told


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.wav", clicks(120, 1))
    return file.getvalue()


REFUSED: Final[dict[str, tuple[str, Callable[[], bytes], str]]] = {
    "empty": ("a.wav", lambda: b"", "the file is empty"),
    "one byte": ("a.wav", lambda: b"R", "not read"),
    "text": ("a.mp3", lambda: TEXT, "what was sent is not read"),
    "zeros": ("a.mp3", lambda: bytes(9999), "not read"),
    "JPEG": ("a.mp3", jpeg, "not read"),
    "SVG": ("a.wav", lambda: SVG, "not read"),
    "ZIP": ("a.flac", zipped, "not read"),
    "encrypted": ("a.m4a", encrypted, "the sound is encrypted"),
    "a silent film": ("a.mp4", lambda: muxed("mp4", None, tones(), picture="libx264"), "there is no sound"),
    "no samples": ("a.wav", lambda: written(tones(0)), "there is no sound in it"),
    "900 channels": ("a.wav", lambda: wav_head(44100, 900), "900 channels; at most 8"),
    "4 MHz": ("a.wav", lambda: wav_head(4_000_000, 2), "4000000 samples a second"),
    "cut head": ("a.wav", lambda: written(tones())[:20], ""),
    "cut index": ("a.m4a", lambda: sound("m4a")[:4000], ""),
}


@pytest.mark.parametrize(("name", "made", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_refused_with_a_reason(
    analysis: Function, name: str, made: Callable[[], bytes], reason: str
) -> None:
    told = worked(analysis, made(), name)
    assert told["status"] == "refused"
    assert reason in told["reason"]
    assert analysis.get("").json["tracks"] == []


USED: Final[dict[str, tuple[Callable[[], bytes], int, int, float]]] = {
    "8 bits": (lambda: written(tones(), subtype="PCM_U8"), 44100, 2, 1.0),
    "192 kHz": (lambda: written(tones(1, 192_000), rate=192_000), 192_000, 2, 1.0),
    "192 kHz FLAC": (lambda: written(tones(1, 192_000), "FLAC", rate=192_000), 192_000, 2, 1.0),
    "7.1": (lambda: written(tones(channels=8)), 44100, 8, 1.0),
    "7.1 AAC": (lambda: muxed("ipod", "aac", tones(channels=8)), 44100, 8, 1.0),
    "one sample": (lambda: written(np.full((1, 1), 0.5, np.float32)), 44100, 1, 1 / 44100),
    "not a number": (lambda: written(np.full((9999, 2), np.nan, np.float32), subtype="FLOAT"), 44100, 2, 9999 / 44100),
    "infinite": (lambda: written(np.full((9999, 2), np.inf, np.float32), subtype="DOUBLE"), 44100, 2, 9999 / 44100),
    "says four gigabytes": (lambda: lying(1), 44100, 2, 1.0),
    "cut": (lambda: written(tones(3))[: 44 + 4 * 44100], 44100, 2, 1.0),
    "a wrong name": (lambda: sound("flac"), 44100, 2, 1.0),
    "the sound of a film": (lambda: sound("mp4"), 44100, 2, 1.0),
}


@pytest.mark.parametrize(("made", "rate", "channels", "seconds"), USED.values(), ids=USED)
def test_what_is_odd_is_analysed(
    analysis: Function, made: Callable[[], bytes], rate: int, channels: int, seconds: float
) -> None:
    told = worked(analysis, made(), "a.mp3")
    assert told["status"] == "done"
    found = told["analysis"]
    assert (found["rate"], found["channels"]) == (rate, channels)
    assert found["duration"] == pytest.approx(seconds, abs=0.06)
    assert len(found["true_peaks"]) == channels


@pytest.mark.parametrize("kind", REFERRING)
def test_what_lists_other_files_opens_none(analysis: Function, canary: Canary, kind: str) -> None:
    name, text = REFERRING[kind]
    data = text.format(canary.url, canary.file).encode()
    for extension in (kind, "mp3"):
        told = worked(analysis, data, f"a.{extension}")
        assert told["status"] == "refused"
        assert f"{name} is not read" in told["reason"]
    assert canary.touched() == set()


def test_a_movie_whose_sound_is_elsewhere_does_not_get_there(analysis: Function, canary: Canary) -> None:
    assert worked(analysis, referring(str(canary.file)), "a.mov")["status"] == "refused"
    assert canary.touched() == set()


@pytest.mark.parametrize("name", ["list.m3u8", "a.ffconcat", "concat:a|b", "http://127.0.0.1/a.m3u8", "/etc/passwd"])
def test_names_decide_nothing(analysis: Function, canary: Canary, name: str) -> None:
    for kind in ("wav", "m4a"):
        key = analysis.put(f"uploads/audio/{name}", sound(kind))
        assert analysis.deliver(notification(key, sequencer=kind)) == []
        assert outcome(analysis, key)["analysis"]["duration"] == pytest.approx(1, abs=0.06)
    assert canary.touched() == set()


def mutants() -> dict[str, bytes]:
    """Three hundred: a hundred each of WAV, of MP3, and of formats for which FFmpeg's process is needed or FLAC's."""
    chance = Random(31)
    seeds = {kind: MADE[kind](tones(0.2)) for kind in ("wav", "mp3", "flac", "ogg", "m4a", "webm")}
    kinds = ["wav", "mp3"] * 100 + ["flac"] * 45 + ["ogg"] * 40 + ["m4a"] * 10 + ["webm"] * 5
    return {f"uploads/audio/{number}.{kind}": mutated(seeds[kind], chance) for number, kind in enumerate(kinds)}


def test_three_hundred_mutated_files(analysis: Function, logs: Callable[[], str]) -> None:
    files = mutants()
    analysis.restart(CACHE_TABLE="")  # which has no part in this, and takes as long as the rest
    before = children()
    for key, body in files.items():
        analysis.put(key, body)
    messages = [notification(key) for key in files]
    assert analysis.deliver(*messages, seconds=600) == []
    assert children() == before
    found = [analysis.get(f"/{upload_id(key)}") for key in files]
    assert {got.status for got in found} == {200}
    told = [got.json for got in found]
    reasons = {each["reason"] for each in told if each["status"] == "refused"}
    done = [each for each in told if each["status"] == "done"]
    for each in done:
        AnalysisAnswer.model_validate(each)
    assert len(done) > 60
    assert len(told) - len(done) > 60
    assert len(reasons) >= 4
    assert len(analysis.get("?limit=500").json["tracks"]) == len({each["id"] for each in done})
    written = logs()
    assert '"_aws"' in written
    assert not any(word in written for word in ("Traceback", "uploads/audio", '"ERROR"', "message failed"))


@pytest.mark.parametrize("service", ["", "S3", "DYNAMODB"])
def test_no_name_and_no_content_is_logged(analysis: Function, logs: Callable[[], str], service: str) -> None:
    key, text = f"uploads/audio/{SECRET} {SECRET}.wav", f"{SECRET} ".encode() * 99
    tagged = b"ID3\4\0\0\0\0\0\x20" + b"TIT2\0\0\0\x16\0\0\0" + SECRET.encode() + bytes(7) + sound("mp3")
    sequencers = iter("123456789")
    for body in (clicks(120, 1), text, tagged, HLS.format(SECRET, SECRET).encode(), sound("m4a")[:3000]):
        analysis.put(key, body)
        analysis.restart(**({f"AWS_ENDPOINT_URL_{service}": closed()} if service else {}))
        failed = analysis.deliver(notification(key, sequencer=next(sequencers)))
        assert failed == (["0"] if service else [])
        for got in (
            analysis.start(key=key, name=SECRET),
            analysis.start(media_type="audio/wav", name=f"{SECRET}.wav"),
            analysis.start(key=SECRET),
            analysis.get(f"/{upload_id(key)}"),
            analysis.get(f"/{upload_id(key)}/plot.svg"),
            analysis.get(f"/{SECRET}"),
            analysis.playlist(ids=[SECRET], title=SECRET),
            analysis.playlist(all=True, title=SECRET, links=True),
            analysis.forget(SECRET),
        ):
            assert got.status < 500 or service, got
        analysis.restart()
    assert analysis.deliver(SECRET, json.dumps({"Records": [{SECRET: SECRET}]})) == ["0", "1"]
    written = logs()
    assert "message failed" in written
    assert SECRET not in written
    assert upload_id(key) not in written


def test_a_reason_holds_nothing_of_the_file(analysis: Function) -> None:
    for number, body in enumerate((f"{SECRET} ".encode() * 99, HLS.format(SECRET, SECRET).encode())):
        key = analysis.put(f"uploads/audio/{number}.mp3", body)
        assert analysis.deliver(notification(key)) == []
        assert SECRET not in outcome(analysis, key)["reason"]


def test_a_broken_file_takes_no_others_down(analysis: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one batch, side by side, with the children that decode."""
    files = {"good.wav": clicks(120, 2), "good.m4a": sound("m4a"), "bad.m4a": sound("m4a")[:4000], "bad.wav": TEXT}
    keys = [analysis.put(f"uploads/audio/{name}", body) for name, body in files.items()]
    get = Bucket.get

    async def failing(self: Bucket, key: str, *, most: int) -> Any:
        if key.endswith("broken.wav"):
            raise RuntimeError("unheard of")
        return await get(self, key, most=most)

    monkeypatch.setattr(Bucket, "get", failing)
    broken = analysis.put("uploads/audio/broken.wav", clicks(120, 2))
    assert analysis.deliver(notification(broken), *map(notification, keys)) == ["0"]
    assert [analysis.state(key)["status"] for key in keys] == ["done", "done", "refused", "refused"]
    assert analysis.state(broken)["status"] == "running"

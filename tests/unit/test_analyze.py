"""`fanfare analyze`: a block or an object for each file, or a reason; and the demo's tracks are as composed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from analysis.audio.analyser import analyse
from local_cloud import analyze, cli, demo_track
from local_cloud.demo_track import Piece

PIECES = (demo_track.OWN, *demo_track.OTHERS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    (folder / "tram.flac").write_bytes(demo_track.flac(demo_track.OTHERS[1]))
    (folder / "text.mp3").write_text("no sound")
    soundfile.write(folder / "silent.wav", np.zeros((44100, 1), np.float32), 44100)
    return folder


def lines(text: str) -> dict[str, str]:
    """What is told by its name, of one block."""
    return {line[2:14].strip(): line[16:].strip() for line in text.splitlines() if line.startswith("  ")}


def test_a_block_tells_all_of_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["analyze", str(folder / "tram.flac")]) == 0
    text = capsys.readouterr().out
    assert text.startswith("tram.flac\n")
    told = lines(text)
    assert told["format"] == "flac, 44.1 kHz, stereo, 0:20"
    assert re.fullmatch(r"10[78]\.\d BPM, 10\d to 1[01]\d +confidence [01]\.\d\d", told["tempo"])
    assert told["key"].startswith("F major, 7B ")
    assert "LUFS, range " in told["loudness"]
    assert told["loudness"].endswith("true peak −0.9 dBTP")
    assert told["sections"].startswith("A 0:00–0:")
    assert told["sections"].endswith("–0:20")
    assert told["silences"] == "none"
    assert told["beats"].startswith("33, ")
    assert told["took"].endswith("× real time")
    for name in ("energy", "danceability", "acousticness", "valence"):
        value, bar = told[name].split()
        assert bar.count("█") == round(float(value) * analyze.BAR)
        assert len(bar) == analyze.BAR


def test_files_that_cannot_be_used_do_not_keep_others_from_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("text.mp3", "missing.wav", "tram.flac", "")
    assert cli.main(["analyze", *(str(folder / name) for name in names)]) == 1
    text, missing, tram, folders = capsys.readouterr().out.strip().split("\n\n")
    assert text.startswith("text.mp3\n  ")
    assert "is not read" in text
    assert missing == "missing.wav\n  no such file or directory"
    assert lines(tram)["key"].startswith("F major")
    assert folders.endswith("\n  is a directory")


def test_json_has_the_figures_without_curves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["analyze", "--json", str(folder / "tram.flac"), str(folder / "missing.wav")]) == 1
    tram, missing = json.loads(capsys.readouterr().out)
    assert missing == {"file": str(folder / "missing.wav"), "error": "no such file or directory"}
    assert tram["file"] == str(folder / "tram.flac")
    assert tram["key"]["camelot"] == "7B"
    assert len(tram["beats"]["times"]) == 33
    assert tram["sections"][0]["start"] == 0
    assert not tram["energy"].keys() & analyze.CURVES
    assert tram["times_real_time"] == pytest.approx(tram["duration"] / tram["seconds"], rel=0.01)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_silence_has_few_figures(folder: Path, form: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["analyze", *form, str(folder / "silent.wav")]) == 0
    text = capsys.readouterr().out
    if form:
        assert json.loads(text)[0]["true_peaks"] == [None]
        return
    told = lines(text)
    assert (told["tempo"], told["key"], told["loudness"]) == ("no beat", "no pitch", "silent")
    assert told["silences"] == "0:00.0–0:01.0"


def test_many_silences_are_not_all_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tone = np.sin(np.arange(8000) / 5, dtype=np.float32)
    soundfile.write(tmp_path / "tones.wav", np.tile(np.concatenate([tone, 0 * tone]), 35), 8000)
    assert cli.main(["analyze", str(tmp_path / "tones.wav")]) == 0
    text = capsys.readouterr().out
    assert lines(text)["silences"].split() == ["0:01.0–0:02.0", "0:03.0–0:04.0", "0:05.0–0:06.0", "0:07.0–0:08.0"]
    assert "1:09.0–1:10.0" not in text
    assert f"and {35 - analyze.SHOWN} more" in text


def test_pictures_are_named_after_files(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = tmp_path / "tram.wav"
    soundfile.write(again, demo_track.played(demo_track.OTHERS[0])[:44100], 44100)
    files = [str(folder / "tram.flac"), str(folder / "missing.wav"), str(again)]
    assert cli.main(["analyze", "--plot", str(tmp_path / "new" / "plots"), *files]) == 1
    pictures = {path.name: path.read_text() for path in (tmp_path / "new" / "plots").iterdir()}
    assert sorted(pictures) == ["tram-2.svg", "tram.svg"]
    assert "tram.flac" in pictures["tram.svg"]
    assert "tram.wav" in pictures["tram-2.svg"]
    assert cli.main(["analyze", "--plot", files[0], files[0]]) == 2
    assert "fanfare analyze: " in capsys.readouterr().err


def test_names_do_not_reach_the_terminal_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["analyze", str(tmp_path / "\x1b[31m\udcff [b]no.wav")]) == 1
    assert capsys.readouterr().out.startswith("�[31m� [b]no.wav\n")


def test_numpy_waits_for_the_command_that_needs_it_and_has_one_thread() -> None:
    program = """if True:
        import os, sys
        from local_cloud import cli
        threads = []
        sys.addaudithook(lambda event, args: event == "import" and args[0] == "numpy" and threads.append(
            os.environ.get("OPENBLAS_NUM_THREADS")))
        assert "numpy" not in sys.modules
        assert cli.main(["analyze", "missing.wav"]) == 1
        print(threads[0])
        """
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "1"


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.title)
def test_what_was_composed_for_the_demo_is_found(piece: Piece) -> None:
    found = analyse(demo_track.flac(piece))
    assert found.duration == pytest.approx(piece.seconds, abs=0.01)
    assert found.beats.tempo == pytest.approx(piece.tempo, rel=0.01)
    assert len(found.beats.times) == piece.beats
    assert found.key is not None
    assert found.key.name == piece.harmony.key
    borders = [section.start for section in found.sections]
    assert all(np.abs(np.subtract(piece.parts, border)).min() < 3 for border in borders)


def test_a_piece_is_the_same_each_time() -> None:
    piece = demo_track.OTHERS[1]
    assert demo_track.flac(piece) == demo_track.flac(piece)
    assert max(piece.seconds for piece in PIECES) == demo_track.OWN.seconds == pytest.approx(40, abs=1)
    assert all(sum(beats for _, beats in piece.tune) == 4 * demo_track.BAR for piece in PIECES)

"""The whole of a sound: every measure in one pass, on one core and on two."""

import io
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from analysis.audio.analyser import Analysis, analyse
from fanfare.errors import UnsupportedMediaType
from support import tracks
from support.sounds import muxed, tones
from support.speaking import children


def written(samples: Any, rate: int = 44100, kind: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def track() -> tracks.Track:
    return tracks.make("steady", 7, seconds=30.0)


@pytest.fixture(scope="module")
def found(track: tracks.Track) -> Analysis:
    return analyse(written(track.samples, track.rate))


def test_everything_is_found_in_one_pass(track: tracks.Track, found: Analysis) -> None:
    assert (found.format, found.rate, found.channels, found.damaged) == ("wav", track.rate, 2, False)
    assert found.duration == pytest.approx(len(track.samples) / track.rate)
    assert found.beats.tempo == pytest.approx(float(np.median(track.tempo)), rel=0.02)
    inside = track.beats[(track.beats > 2) & (track.beats < 28)]
    nearest = np.abs(found.beats.times[:, None] - inside).min(axis=0)
    assert (nearest < 0.07).mean() > 0.9
    assert found.loudness.integrated is not None
    assert -40 < found.loudness.integrated < 0
    assert all(peak is not None and -40 < peak < 3 for peak in found.true_peaks)
    assert found.key is not None
    assert found.timbre is not None
    assert sum(found.timbre.balance.values()) == pytest.approx(1)
    assert found.sections[0].start == 0
    assert found.sections[-1].end == pytest.approx(found.duration)
    assert all(0 <= value <= 1 for value in asdict(found.mood).values())
    assert 1000 < len(found.waveform) <= 2000
    assert np.abs(found.waveform).max() == found.energy.peaks.max()


def same(one: Any, other: Any) -> bool:
    """Whether two results are the same, field by field."""
    if is_dataclass(one):
        return all(same(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other)


def test_two_cores_find_the_same_as_one(track: tracks.Track, found: Analysis) -> None:
    assert same(analyse(written(track.samples, track.rate), cores=2), found)


def test_a_path_is_as_good_as_bytes(track: tracks.Track, found: Analysis, tmp_path: Path) -> None:
    path = tmp_path / "track.wav"
    path.write_bytes(written(track.samples, track.rate))
    assert same(analyse(path, cores=2), found)


@pytest.mark.parametrize("cores", [1, 2])
def test_progress_is_told_and_may_end_it(cores: int) -> None:
    data = muxed("ipod", "aac", tones(35))
    told: list[tuple[float, float | None]] = []
    found = analyse(data, cores=cores, progress=lambda done, whole: told.append((done, whole)))
    assert [done for done, _ in told] == pytest.approx([10, 20, 30, found.duration])
    assert [whole for _, whole in told] == pytest.approx([35] * 4, abs=0.1)
    before, ended = children(), []

    def deadline(done: float, _: float | None) -> None:
        ended.append(done)
        if done > 15:
            raise TimeoutError("too late")

    with pytest.raises(TimeoutError, match="too late"):
        analyse(data, cores=cores, progress=deadline)
    assert ended == pytest.approx([10, 20])
    assert children() == before


def test_the_whole_is_not_told_where_headers_do_not_say() -> None:
    told: list[float | None] = []
    flac = written(tones(2), kind="FLAC")
    analyse(flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:], progress=lambda _, whole: told.append(whole))
    assert told == [None]


@pytest.mark.parametrize("seconds", [0.001, 0.3, 5.0])
def test_silence_of_any_length_has_no_figures_but_its_length(seconds: float) -> None:
    found = analyse(written(np.zeros((max(1, int(44100 * seconds)), 2), np.float32)))
    assert found.duration == pytest.approx(seconds, abs=1e-3)
    assert (found.loudness.integrated, found.key, found.true_peaks) == (None, None, (None, None))
    assert len(found.beats.times) == 0


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(UnsupportedMediaType):
        analyse(b"#EXTM3U\nhttp://127.0.0.1:9/a.ts\n")

"""Analyses drawn: valid, small, and every mark where it belongs."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.audio.analyser import Analysis, analyse
from analysis.audio.beats import Beats
from analysis.audio.downbeats import Bars
from analysis.audio.energy import EnergyFigures
from analysis.audio.key import Key
from analysis.audio.loudness import LoudnessFigures
from analysis.audio.mood import Mood
from analysis.audio.sections import Section
from analysis.plot import LEFT, RIGHT, WIDTH, clock, draw, figures
from support import sounds, tracks

LARGEST = 150_000
NAMESPACE = "{http://www.w3.org/2000/svg}"
NONE = np.empty(0)
SILENT = Beats(NONE, NONE, NONE, 0.0, 0.0, None, NONE)
HOSTILE = "<script>alert(1)</script>&\"'\x00\ufffe\ud800]]>\n<!--"


def sounding(duration: float, beats: Beats = SILENT, **others: Any) -> Analysis:
    """An analysis of noise that swells."""
    rms = np.linspace(0, 0.2, int(np.ceil(duration * 10)), dtype=np.float32)
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, (min(2000, int(duration * 100) + 1), 2))
    found = Analysis(
        format="wav",
        rate=44100,
        channels=2,
        duration=duration,
        damaged=False,
        beats=beats,
        energy=EnergyFigures(0.1, rms, 2 * rms, 5 * rms, -20.0, 6.0, ()),
        waveform=np.sort(noise.astype(np.float32)),
        loudness=LoudnessFigures(-14.04, -10.0, -12.0, 5.0),
        true_peaks=(-1.26, None),
        key=Key(5, "major", 0.5, 0.0),
        timbre=None,
        sections=(Section(0.0, duration, "A"),),
        mood=Mood(None, None, None, None),
    )
    return replace(found, **others)


def pulse(period: float, duration: float, meter: int | None = 4) -> Beats:
    times = np.arange(0.5, duration, period)
    tempos = np.full(len(times), 60 / period)
    bars = Bars(meter, times[::meter], 0.9) if meter else None
    return Beats(times, np.full(len(times), 0.5), tempos, 60 / period, 0.9, bars, times)


def silences(analysis: Analysis, *spans: tuple[float, float]) -> Analysis:
    return replace(analysis, energy=replace(analysis.energy, silences=spans))


def parsed(analysis: Analysis, title: str = "") -> ET.Element:
    drawn = draw(analysis, title)
    assert len(drawn.encode()) <= LARGEST
    return ET.fromstring(drawn)  # noqa: S314


def placed(root: ET.Element) -> list[tuple[str, float]]:
    return [(each.text or "", float(each.attrib["x"])) for each in root.iter(f"{NAMESPACE}text")]


def texts(root: ET.Element) -> list[str]:
    return [text for text, _ in placed(root)]


def data(root: ET.Element, kind: str) -> list[str]:
    return [each.attrib["d"] for each in root.iter(f"{NAMESPACE}path") if each.get("class") == kind]


def marks(root: ET.Element, kind: str) -> NDArray[np.float64]:
    """Place and length of each tick, (n, 2)."""
    return np.array(re.findall(r"M([-\d.]+),[-\d.]+v([-\d.]+)", "".join(data(root, kind))), float).reshape(-1, 2)


def points(root: ET.Element, kind: str) -> NDArray[np.float64]:
    """Places and heights of a curve, (n, 2)."""
    return np.array(re.findall(r"([-\d.]+),([-\d.]+)", data(root, kind)[-1]), float)


def boxes(root: ET.Element, kind: str) -> NDArray[np.float64]:
    """Where boxes begin and how wide they are, (n, 2); those of the legend are left out."""
    found = np.array(re.findall(r"M([-\d.]+),[-\d.]+h([-\d.]+)v", "".join(data(root, kind))), float).reshape(-1, 2)
    return np.asarray(found[found[:, 1] != 12])


def x(second: float, duration: float) -> float:
    return LEFT + (RIGHT - LEFT) * second / duration


def test_a_beat_stands_at_its_second_and_a_downbeat_is_longer() -> None:
    beats = pulse(0.5, 20)
    strengths = np.linspace(0, 1, len(beats.times))
    root = parsed(sounding(20, replace(beats, strengths=strengths)))
    ticks, bars = marks(root, "beat"), marks(root, "bar")
    weak = np.arange(len(beats.times)) % 4 != 0
    assert ticks[:, 0] == pytest.approx([x(second, 20) for second in beats.times[weak]], abs=0.06)
    assert bars[:, 0] == pytest.approx([x(second, 20) for second in beats.times[~weak]], abs=0.06)
    assert (np.diff(ticks[:, 1]) > 0).all()
    assert bars[:, 1].min() > ticks[:, 1].max()


@pytest.mark.parametrize(("duration", "beats", "bars"), [(150, True, True), (600, False, True), (7200, False, False)])
def test_ticks_that_could_not_be_told_apart_are_left_out(duration: float, beats: bool, bars: bool) -> None:
    root = parsed(sounding(duration, pulse(0.5, duration)))
    assert (len(marks(root, "beat")) > 0, len(marks(root, "bar")) > 0) == (beats, bars)
    assert ("beats" in texts(root)) == (beats or bars)


@pytest.mark.parametrize("duration", [0.5, 7.3, 200.0, 3600.0, 10_800.0, 500_000.0])
def test_the_axis_tells_the_time(duration: float) -> None:
    root = parsed(replace(sounding(min(duration, 20_000.0)), duration=duration))
    times = {text: at for text, at in placed(root) if re.fullmatch(r"[\d:.]+", text)}
    seconds = [sum(60**place * float(part) for place, part in enumerate(text.split(":")[::-1])) for text in times]
    assert 4 <= len(times) <= 16
    assert list(times.values()) == pytest.approx([x(second, duration) for second in seconds], abs=0.06)


def test_extremes_outlive_the_thinning() -> None:
    duration = 10_800.0
    beats = pulse(0.5, duration)
    beats.tempos[9001], beats.tempos[12_003] = 180, 60
    found = sounding(duration, beats)
    found.waveform[777] = (-0.9, 0.8)
    root = parsed(found)
    tempo, wave = points(root, "tempo"), points(root, "wave")
    assert len(tempo) <= 1000
    assert tempo[tempo[:, 1].argmin(), 0] == pytest.approx(x(beats.times[9001], duration), abs=0.06)
    assert tempo[tempo[:, 1].argmax(), 0] == pytest.approx(x(beats.times[12_003], duration), abs=0.06)
    assert np.ptp(tempo[:, 1]) == pytest.approx(56 * 120 / 140, abs=0.1)
    assert wave[wave[:, 1].argmax(), 0] == pytest.approx(x(777.5 / 2000 * duration, duration), abs=2)
    assert np.ptp(wave[:, 1]) == pytest.approx(180 * 1.7 / 1.8, abs=0.1)


def test_energy_rises_from_the_bottom_and_the_waveform_is_scaled_to_its_peak() -> None:
    root = parsed(sounding(60))
    energy = points(root, "energy")
    assert (np.diff(energy[:, 1]) <= 0).all()
    assert np.ptp(energy[:, 1]) == pytest.approx(44, abs=0.2)
    assert any(text.endswith("dBFS") and text.startswith("−6.") for text in texts(root))


def test_sections_and_silences_lie_where_they_are() -> None:
    parts = (Section(0, 30, "A"), Section(30, 40, "B"), Section(40, 100, "A"))
    root = parsed(silences(sounding(100, sections=parts), (30, 32.5), (99, 100)))
    assert boxes(root, "s0") == pytest.approx(
        np.array([(LEFT, 0.3 * (RIGHT - LEFT)), (x(40, 100), 0.6 * (RIGHT - LEFT))]), abs=0.06
    )
    assert boxes(root, "s1") == pytest.approx(np.array([(x(30, 100), 0.1 * (RIGHT - LEFT))]), abs=0.06)
    quiet = np.array([(x(second, 100), length / 100 * (RIGHT - LEFT)) for second, length in ((30, 2.5), (99, 1))])
    assert boxes(root, "silence") == pytest.approx(quiet, abs=0.06)
    labels = dict(reversed(placed(root)))
    assert [labels["A"], labels["B"]] == pytest.approx([x(15, 100), x(35, 100)], abs=0.06)


def test_what_is_short_is_neither_lost_nor_heaped_up() -> None:
    parts = (Section(0, 5000, "A"), Section(5000, 5006, "B"), Section(5006, 5012, "C"), Section(5012, 10_800, "A"))
    root = parsed(silences(sounding(10_800, sections=parts), (50, 51), (64, 65), (90, 91)))
    assert boxes(root, "silence")[:, 1].tolist() == [2.4, 1]
    bands = [boxes(root, kind)[:, 1] for kind in ("s0", "s1", "s2")]
    assert [len(widths) for widths in bands] == [2, 1, 0]
    assert sum(widths.sum() for widths in bands) == pytest.approx(RIGHT - LEFT, abs=0.2)


def test_labels_have_room() -> None:
    parts = (Section(0, 96, "Introduction"), Section(96, 96.5, "B"), Section(96.5, 100, "Refrain"))
    shown = texts(parsed(sounding(100, sections=parts)))
    assert "Introduction" in shown
    assert "B" not in shown
    assert "Ref…" in shown


def test_the_header_has_the_figures_and_those_who_do_not_see_get_them_too() -> None:
    found = silences(sounding(180, pulse(0.5, 180)), (1, 2))
    root = parsed(found, "Ça ira")
    line = "3:00 · 120.0 BPM · F major (7B) · −14.0 LUFS · peak −1.3 dBTP"
    assert texts(root)[:2] == ["Ça ira", line]
    assert root.get("role") == "img"
    assert root.findtext(f"{NAMESPACE}title") == "Ça ira"
    told = ". 359 beats, 90 bars, 1 silence. Sections: A 0:00 to 3:00."
    assert root.findtext(f"{NAMESPACE}desc") == line.replace(" ·", ",") + told


def test_what_is_not_known_is_said() -> None:
    found = sounding(5, key=None, true_peaks=(None,), loudness=LoudnessFigures(None, None, None, None), damaged=True)
    assert figures(found) == ("0:05.0", "no tempo", "no key", "no loudness", "no peak", "damaged")
    assert "120.0 BPM (a guess)" in figures(sounding(5, replace(pulse(0.5, 5), confidence=0.1)))
    many = tuple(Section(each, each + 1, "AB"[each % 2]) for each in range(20))
    described = parsed(sounding(20, sections=many)).findtext(f"{NAMESPACE}desc") or ""
    assert "0 beats, bars not known, 0 silences. Sections: A 0:00 to 0:01, B" in described
    assert described.endswith("B 0:11 to 0:12, and 8 more.")


@pytest.mark.parametrize("title", [HOSTILE, HOSTILE * 100_000, "長" * 10_000, "Z̴͇̺" * 10_000])
def test_strangers_titles_and_labels_stay_text(title: str) -> None:
    root = parsed(sounding(60, sections=(Section(0, 30, title), Section(30, 60, HOSTILE))), title)
    names = {each.tag.removeprefix(NAMESPACE) for each in root.iter()}
    assert names == {"svg", "title", "desc", "style", "rect", "text", "path"}
    assert texts(root)[0] == root.findtext(f"{NAMESPACE}title")
    assert len(texts(root)[0]) <= 80


def test_it_stands_alone_and_runs_nothing() -> None:
    drawn = draw(sounding(60, pulse(0.5, 60)), "A song")
    assert drawn == draw(sounding(60, pulse(0.5, 60)), "A song")
    assert not re.search(r"href|url\(|@import|@font-face|<script|\son\w+=|<!", drawn)
    assert re.findall(r"https?://[^\"]*", drawn) == ["http://www.w3.org/2000/svg"]
    assert "prefers-color-scheme:dark" in drawn
    root = ET.fromstring(drawn)  # noqa: S314
    assert (root.get("width"), root.attrib["viewBox"][:9]) == ("100%", f"0 0 {WIDTH} ")
    assert not re.search(r"\d\.\d\d", "".join(each.get("d", "") for each in root.iter()))


def test_three_hours_at_their_worst_stay_small() -> None:
    """Curves that never rest, and a mark on every unit."""
    duration = 10_800.0
    rng = np.random.default_rng(5)
    times = np.arange(0.7, duration, 6.7)
    beats = Beats(times, rng.uniform(0, 1, len(times)), rng.uniform(52, 208, len(times)), 90.0, 1.0, None, times)
    noise = rng.uniform(0, 0.5, 108_000).astype(np.float32)
    energy = EnergyFigures(0.1, noise, noise, noise, -20.0, 6.0, tuple((at, at + 11.0) for at in range(0, 10_800, 21)))
    parts = tuple(Section(at, at + 6.0, "ABCDEFGHI"[at % 9]) for at in range(0, 10_800, 6))
    found = sounding(duration, beats, energy=energy, sections=parts)
    assert 80_000 < len(draw(found, "長" * 200).encode()) <= LARGEST


@pytest.mark.parametrize("channels", [1, 8])
@pytest.mark.parametrize("frames", [1, 22_050])
def test_short_sounds_as_they_are_analysed(channels: int, frames: int) -> None:
    root = parsed(analyse(sounds.written(sounds.tones(1.0, channels=channels)[:frames])))
    assert {"waveform", "0:00.0"} <= set(texts(root))


def test_silence_as_it_is_analysed() -> None:
    root = parsed(analyse(sounds.written(np.zeros((88_200, 2), np.float32))))
    assert boxes(root, "silence").tolist() == [[LEFT, RIGHT - LEFT]]


def test_music_as_it_is_analysed() -> None:
    track = tracks.make("steady", 7, seconds=20.0)
    root = parsed(analyse(sounds.written(track.samples)), "Steady")
    stand = np.concatenate((marks(root, "beat"), marks(root, "bar")))[:, 0]
    inside = track.beats[(track.beats > 2) & (track.beats < 18)]
    away = np.abs(stand[:, None] - [x(second, 20) for second in inside]).min(axis=0)
    assert (away < x(0.07, 20) - LEFT).mean() > 0.9


def test_clock() -> None:
    assert [clock(59.96), clock(3599.6), clock(3661), clock(0.04, 1)] == ["1:00", "1:00:00", "1:01:01", "0:00.0"]


spans = st.lists(st.floats(-10, 4e4), max_size=12).map(sorted).map(lambda edges: list(pairwise(edges)))


@settings(max_examples=60, deadline=None)
@given(
    duration=st.floats(0, 4e4),
    levels=st.lists(st.floats(0, 1000, width=32), max_size=30),
    times=st.lists(st.floats(-5, 5e4), max_size=30, unique=True).map(sorted),
    labelled=spans,
    label=st.text(max_size=20),
    quiet=spans,
    title=st.text(st.characters()),
)
def test_odd_analyses_are_drawn(  # noqa: PLR0917
    duration: float,
    levels: list[float],
    times: list[float],
    labelled: list[tuple[float, float]],
    label: str,
    quiet: list[tuple[float, float]],
    title: str,
) -> None:
    seconds, curve = np.array(times), np.array(levels, np.float32)
    each = np.full(len(times), 0.5)
    beats = Beats(seconds, each, 200 * each, 100.0, 0.5, Bars(4, seconds[::3], 0.5), seconds)
    energy = EnergyFigures(0.1, curve, curve, np.minimum(1, curve), None, None, tuple(quiet))
    parts = tuple(Section(start, end, label) for start, end in labelled)
    found = replace(
        sounding(1, beats, energy=energy, sections=parts), duration=duration, waveform=np.stack((-curve, curve), axis=1)
    )
    root = parsed(found, title)
    places = [marks(root, kind)[:, 0] for kind in ("beat", "bar")] + [
        boxes(root, kind)[:, 0] for kind in ("s0", "silence")
    ]
    assert all(((at >= LEFT) & (at <= RIGHT)).all() for at in places)

"""Beats of synthesised tracks, whose true ones are known, and of what has none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.audio import beats as module
from analysis.audio.beats import Beats, Tracker, changed, origin, track
from analysis.audio.downbeats import bars
from analysis.audio.onsets import Flux, OnsetStream
from analysis.audio.tempo import OCTAVE, PERIODS, TEMPOS, liking, local_tempos, tempogram
from support import tracks

FRAMES = 22050 / 512


def listen(samples: NDArray[np.float32], rate: int = 44100) -> Beats:
    stream = OnsetStream(rate, samples.shape[1])
    for at in range(0, len(samples), 10 * rate):
        stream.feed(samples[at : at + 10 * rate])
    return track(stream.finish())


def f_measure(true: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """As mir_eval has it: hits within 70 ms, each beat once, the first five seconds left out."""
    true, found = true[true >= 5], found[found >= 5]
    hits = at = 0
    for beat in true:
        while at < len(found) and found[at] < beat - 0.07:
            at += 1
        if at < len(found) and found[at] <= beat + 0.07:
            hits, at = hits + 1, at + 1
    return 2 * hits / max(len(true) + len(found), 1)


def pulse(tempos: list[float], seconds: float) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """An onset strength with a narrow bump at each beat; every tempo lasts for `seconds`."""
    steps = np.concatenate([np.full(round(seconds * tempo / 60), 60 / tempo) for tempo in tempos])
    times = 0.5 + np.cumsum(steps) - steps[0]
    at = np.arange(int((times[-1] + 1) * FRAMES)) / FRAMES
    nearest = np.abs(at[:, None] - times).min(axis=1)
    return (4 * np.exp(-0.5 * (nearest / 0.015) ** 2) - 0.3).astype(np.float32), times


def flux_of(curve: NDArray[np.float32]) -> Flux:
    return Flux(FRAMES, np.repeat(10 * np.maximum(curve, 0)[:, None], 4, axis=1).astype(np.float16))


@pytest.mark.parametrize("kind", tracks.KINDS)
def test_the_beats_of_every_kind_are_found(kind: str) -> None:
    made = tracks.make(kind, 4, 40)
    found = listen(made.samples, made.rate)
    assert f_measure(made.beats, found.times) > 0.97
    assert found.tempo == pytest.approx(np.median(made.tempo), rel=0.02)
    assert found.confidence > 0.3
    assert len(found.times) == len(found.strengths) == len(found.tempos)
    assert found.strengths.min() >= 0
    assert found.strengths.max() == 1
    assert (np.diff(found.times) > 0.25).all()
    assert len(found.onsets) > len(found.times) / 2


def test_bars_are_told_where_they_are_heard() -> None:
    made = tracks.make("rubato", 1, 40)
    found = listen(made.samples, made.rate)
    assert found.bars is not None
    assert found.bars.meter == 4
    assert f_measure(made.downbeats, found.bars.downbeats) > 0.95
    assert 0.5 <= found.bars.confidence <= 1
    assert set(found.bars.downbeats) <= set(found.times)


@pytest.mark.parametrize("meter", [3, 4])
def test_the_meter_is_what_the_accents_say(meter: int) -> None:
    frames = 20 + 21 * np.arange(40)
    curves = np.zeros((900, 4), np.float32)
    curves[frames, 2] = 1 + np.random.default_rng(1).uniform(0, 0.3, 40)
    curves[frames[2::meter], 2] += 2
    found = bars(frames / FRAMES, frames, Flux(FRAMES, curves.astype(np.float16)))
    assert found is not None
    assert (found.meter, found.downbeats[0]) == (meter, frames[2] / FRAMES)


def test_beats_all_alike_have_no_bars() -> None:
    curve, times = pulse([120], 30)
    assert len(times) == 60
    assert track(flux_of(curve)).bars is None


@pytest.mark.parametrize("tempo", [62, 75, 90, 120, 150, 172])
def test_a_plain_pulse_is_followed_and_its_tempo_told(tempo: float) -> None:
    curve, times = pulse([tempo], 30)
    found = track(flux_of(curve))
    assert found.tempo == pytest.approx(tempo, rel=0.005)
    np.testing.assert_allclose(found.times, times, atol=0.012)


def test_the_tempo_may_step() -> None:
    curve, times = pulse([100, 140, 90], 20)
    found = track(flux_of(curve))
    assert f_measure(times, found.times) > 0.95
    for second, tempo in ((10, 100), (30, 140), (50, 90)):
        assert found.tempos[np.abs(found.times - second).argmin()] == pytest.approx(tempo, rel=0.01)


def test_long_files_in_windows_come_out_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    curve, _ = pulse([100, 140, 90, 120, 160], 30)
    curve += np.random.default_rng(1).normal(0, 0.2, len(curve)).astype(np.float32)
    fits = tempogram(curve, FRAMES)
    whole = module.path(curve, fits, FRAMES)
    monkeypatch.setattr(module, "WINDOW", 40.0)
    monkeypatch.setattr(module, "AHEAD", 15.0)
    np.testing.assert_array_equal(module.path(curve, fits, FRAMES), whole)


def test_a_path_starts_with_the_beat_that_it_is_given() -> None:
    curve, _ = pulse([120], 20)
    looks = np.minimum((np.arange(len(curve)) / FRAMES * 2).astype(int), 39)
    tempo = int(np.abs(TEMPOS - 120).argmin())
    frames, tempos = Tracker(curve, liking(tempogram(curve, FRAMES)), looks, FRAMES, tempo).path()
    assert (frames[0], tempos[0]) == (0, tempo)


def test_where_a_change_of_tempo_came_from_is_found_again() -> None:
    value = np.random.default_rng(1).normal(0, 6, (200, len(PERIODS))).astype(np.float32)
    best = changed(value)
    for row in range(200):
        for tempo in range(len(PERIODS)):
            source = origin(value[row], tempo)
            away = abs(source - tempo)
            cost = min(away * module.DRIFT / OCTAVE, module.LEAP) if away <= module.REACH else module.LEAP
            assert best[row, tempo] == pytest.approx(value[row, source] - cost, abs=1e-4)


def test_a_local_tempo_is_that_of_the_beats_around() -> None:
    times = np.concatenate((np.arange(10) * 0.5, 4.5 + np.arange(1, 11) * 0.4))
    tempos = local_tempos(times)
    assert tempos[:6] == pytest.approx(120)
    assert tempos[-6:] == pytest.approx(150)
    assert (np.diff(tempos) >= -1e-9).all()


@pytest.mark.parametrize("seconds", [0, 1 / 44100, 0.1, 3, 90])
def test_silence_has_no_beats(seconds: float) -> None:
    found = listen(np.zeros((round(seconds * 44100), 2), np.float32))
    assert len(found.times) == len(found.onsets) == 0
    assert (found.tempo, found.confidence, found.bars) == (0, 0, None)


@pytest.mark.parametrize("seconds", [0.03, 0.1, 1])
def test_what_is_too_short_for_a_pulse_has_none(seconds: float) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (round(seconds * 44100), 1)).astype(np.float32)
    assert len(listen(noise).times) == 0


def test_one_knock_is_an_onset_and_no_beat() -> None:
    samples = np.zeros((20 * 44100, 2), np.float32)
    samples[10 * 44100 :][:4410] = np.random.default_rng(1).normal(0, 0.1, (4410, 2))
    found = listen(samples)
    assert len(found.times) == 0
    assert found.onsets == pytest.approx([10], abs=0.03)


def test_noise_is_not_believed() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (40 * 44100, 2)).astype(np.float32)
    assert listen(noise).confidence < 0.15


def test_opposite_phases_have_the_same_beats() -> None:
    made = tracks.make("steady", 2, 20)
    mono = made.samples[:, :1]
    same, opposite = (listen(np.hstack((mono, sign * mono))) for sign in (1, -1))
    np.testing.assert_allclose(opposite.times, same.times, atol=0.005)


def test_silence_around_music_has_no_beats() -> None:
    made = tracks.make("steady", 2, 20)
    hush = np.zeros((15 * 44100, 2), np.float32)
    found = listen(np.concatenate((hush, made.samples, hush)))
    assert found.times[0] > 14.9
    assert found.times[-1] < 35.1
    assert f_measure(made.beats + 15, found.times) > 0.9

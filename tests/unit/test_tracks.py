"""The synthesised tracks are what they say: their beats are where something begins, and no seed is like another."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bench import unseen
from support import tracks
from support.tracks_score import PITCHES, SCALES, Harmony

SECONDS = 12.0


@pytest.fixture(scope="module", params=sorted(tracks.KINDS))
def track(request: pytest.FixtureRequest) -> tracks.Track:
    return tracks.make(request.param, 7, SECONDS)


def rise(track: tracks.Track, at: NDArray[np.float64]) -> float:
    """How much louder, in the mean over times, 60 ms are than the 20 ms before, in nepers."""
    mono = np.diff(track.samples.sum(axis=1, dtype=np.float64), prepend=0)
    power = np.cumsum(mono**2)
    index = np.clip((at * track.rate).astype(int), 900, power.size - 2700)
    before = (power[index - 18] - power[index - 900]) / 882
    after = (power[index + 2646] - power[index]) / 2646
    return float(np.mean(np.log(after + 1e-9) - np.log(before + 1e-9)))


def test_samples_are_stereo_and_within_bounds(track: tracks.Track) -> None:
    assert track.samples.shape == (SECONDS * track.rate, 2)
    assert track.samples.dtype == np.float32
    assert 0.2 < np.abs(track.samples).max() <= 1
    assert not np.array_equal(track.samples[:, 0], track.samples[:, 1])


def test_something_begins_at_beats(track: tracks.Track) -> None:
    thirds = track.beats[:-1] + np.diff(track.beats) * 0.36  # where no kind plays anything on purpose
    assert rise(track, track.beats) > rise(track, thirds) + 0.5


def test_tempo_is_that_of_the_beats(track: tracks.Track) -> None:
    assert track.tempo.shape == track.beats.shape
    np.testing.assert_allclose(60 / np.diff(track.beats), track.tempo[:-1])
    assert set(track.downbeats) <= set(track.beats)
    assert np.array_equal(track.downbeats, track.beats[::4])
    assert track.beats[0] < 1 < SECONDS - 1.5 < track.beats[-1] < SECONDS


def test_a_seed_makes_the_same_again_and_another_makes_another(track: tracks.Track) -> None:
    again, other = (tracks.make(track.kind, seed, SECONDS) for seed in (track.seed, track.seed + 1))
    assert np.array_equal(track.samples, again.samples)
    assert not np.array_equal(track.samples, other.samples)
    assert track.beats[0] != other.beats[0]


@pytest.mark.parametrize("seed", range(3))
def test_tempo_curves_are_of_their_kind(seed: int) -> None:
    curves = {kind: tracks.make(kind, seed, 30.0).tempo for kind in tracks.KINDS}
    assert np.ptp(curves["steady"]) == 0
    assert 80 <= curves["steady"][0] <= 160
    assert set(curves["breakbeat"]) == {172.0}
    held = np.sort(list(set(curves["steps"])))
    assert held.size == 3
    assert np.diff(np.log(held)).min() > 0.12
    assert len(set(np.sign(np.diff(curves["swing"])))) == 1
    assert 1.08 < curves["swing"].max() / curves["swing"].min() < 1.3
    drift = np.log(curves["rubato"])
    assert 0.08 < np.ptp(drift) < 2 * 0.17
    assert np.abs(np.diff(drift)).max() < 0.08


def test_chords_are_of_the_key() -> None:
    for mode, scale in SCALES.items():
        harmony = Harmony(tonic=PITCHES.index("D"), mode=mode, degrees=(0, 3, 4, 0))
        assert harmony.key == f"D {mode}"
        home, fourth, fifth, _ = (harmony.chord(bar) for bar in range(4))
        assert [note - 2 for note in home] == [0, scale[2], 7]
        assert (fourth[0], fifth[0]) == (7, 9)
        assert fifth[1] == 13  # the leading note, in minor too


def test_unseen_grooves_come_in_two_arrangements_with_exact_beats() -> None:
    made = list(unseen.tracks(3, seconds=4.0))
    assert len(made) == 6 * unseen.VARIANTS
    assert {track.kind for track in made} == set(unseen.GROOVES)
    for track in made:
        np.testing.assert_allclose(60 / np.diff(track.beats), track.tempo[:-1])
        assert np.ptp(track.tempo) / track.tempo.mean() < 0.03

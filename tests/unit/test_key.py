"""Keys of synthesised cadences."""

from collections.abc import Iterator

import numpy as np
import pytest

from analysis.audio.frames import Spectra
from analysis.audio.key import MODES, Key, KeyFinder
from support.chords import RATE, Mono, cadence, note


def key_of(sound: Mono, rate: int = RATE) -> Key | None:
    spectra = Spectra(rate, 1)
    finder = KeyFinder(spectra.frequencies)
    for start in range(0, len(sound), 10_000):
        finder.feed(spectra.feed(sound[start : start + 10_000, np.newaxis].astype(np.float32)))
    finder.feed(spectra.finish())
    return finder.finish()


def cadences(seed: int) -> Iterator[tuple[int, str, float, Mono]]:
    """One in each of the 24 keys, in a tuning of its own."""
    chance = np.random.default_rng(seed)
    for mode in MODES:
        for tonic in range(12):
            cents = chance.uniform(-25, 25)
            yield tonic, mode, cents, cadence(tonic, mode, cents, chance)


@pytest.mark.parametrize("seed", [7, 8])
def test_most_cadences_are_heard_right_and_doubt_is_told(seed: int) -> None:
    right: list[float] = []
    wrong: list[float] = []
    off: list[float] = []
    for tonic, mode, cents, sound in cadences(seed):
        found = key_of(sound)
        assert found is not None
        (right if (found.tonic, found.mode) == (tonic, mode) else wrong).append(found.confidence)
        off.append(found.tuning - cents)
    assert len(right) >= 0.85 * 24
    assert np.mean(right) > 2 * np.mean(wrong or [0])
    assert all(0 <= each <= 1 for each in right + wrong)
    assert np.median(np.abs(off)) < 3


def test_a_scale_in_a_lower_register_and_at_a_higher_rate() -> None:
    chance = np.random.default_rng(3)
    scale = np.concatenate([note(38 + each, 0.5, "saw", chance) for each in (0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0)])
    found = key_of(np.repeat(scale, 2), 2 * RATE)
    assert found is not None
    assert found.name == "D major"


@pytest.mark.parametrize(
    ("tonic", "mode", "camelot"),
    [(0, 0, "8B"), (9, 1, "8A"), (7, 0, "9B"), (5, 0, "7B"), (4, 1, "9A"), (8, 1, "1A"), (11, 0, "1B"), (4, 0, "12B")],
)
def test_the_camelot_wheel(tonic: int, mode: int, camelot: str) -> None:
    assert Key(tonic, MODES[mode], 1.0, 0.0).camelot == camelot


def test_every_key_has_a_place_of_its_own_on_the_wheel() -> None:
    places = {Key(tonic, mode, 1.0, 0.0).camelot for tonic in range(12) for mode in MODES}
    assert places == {f"{hour}{letter}" for hour in range(1, 13) for letter in "AB"}


def test_noise_is_in_no_key_for_sure() -> None:
    found = key_of(np.random.default_rng(4).standard_normal(5 * RATE) * 0.1)
    assert found is not None
    assert found.confidence < 0.25


def test_the_last_chord_counts_more_and_silence_after_it_does_not_matter() -> None:
    """F, G and C, in turn, are in C or in F or in G: what it ends on decides."""
    chance = np.random.default_rng(6)
    chords = {
        root: np.sum([note(48 + each, 1, "organ", chance) for each in pitches], axis=0)
        for root, pitches in {"F": (-7, 0, 5, 9), "G": (-5, 2, 7, 11), "C": (0, 4, 7, 12)}.items()
    }
    confidences = []
    for order in ("FGCFGC", "CGFCGF"):
        found = key_of(np.concatenate([*(chords[root] for root in order), np.zeros(5 * RATE)]))
        assert found is not None
        confidences.append(found.confidence if found.name == "C major" else -found.confidence)
    assert confidences[0] > max(0.2, confidences[1] + 0.1)


def test_silence_is_in_none() -> None:
    assert key_of(np.zeros(2 * RATE)) is None
    assert key_of(np.zeros(0)) is None

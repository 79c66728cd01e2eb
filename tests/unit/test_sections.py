"""Sections of pieces whose form is known."""

import numpy as np
import pytest

from analysis.audio.frames import Spectra
from analysis.audio.sections import LABELS, Section, SectionFinder
from support.chords import RATE, Mono, part

type Part = tuple[list[tuple[int, ...]], str, float]
"""Chords, timbre, level."""
VERSE: list[tuple[int, ...]] = [(0, 4, 7), (9, 0, 4), (5, 9, 0), (7, 11, 2)]
BRIDGE: list[tuple[int, ...]] = [(6, 10, 1), (3, 6, 10), (11, 3, 6), (1, 5, 8)]
A: Part = (VERSE, "piano", 0.5)
OTHER_TIMBRE: Part = (VERSE, "saw", 0.5)
OTHER_CHORDS: Part = (BRIDGE, "piano", 0.5)
OTHER_LEVEL: Part = (VERSE, "piano", 0.15)


def song(*parts: tuple[Part, float]) -> Mono:
    chance = np.random.default_rng(5)
    sound = np.concatenate([part(*each, seconds, chance) for each, seconds in parts])
    return sound + chance.standard_normal(len(sound)) * 5e-4


def sections_of(sound: Mono, size: int = 50_000) -> tuple[Section, ...]:
    spectra = Spectra(RATE, 1)
    finder = SectionFinder(spectra.frequencies)
    for start in range(0, len(sound), size):
        finder.feed(spectra.feed(sound[start : start + size, np.newaxis].astype(np.float32)))
    finder.feed(spectra.finish())
    return finder.finish(len(sound) / RATE)


@pytest.mark.parametrize("other", [OTHER_TIMBRE, OTHER_CHORDS, OTHER_LEVEL])
def test_a_song_of_form_aaba(other: Part) -> None:
    found = sections_of(song((A, 16), (A, 16), (other, 16), (A, 16)))
    assert [each.label for each in found] == ["A", "B", "A"]
    assert [each.start for each in found] == pytest.approx([0, 32, 48], abs=2)
    assert [each.end for each in found] == pytest.approx([32, 48, 64], abs=2)


def test_a_rondo_with_two_unlike_episodes() -> None:
    found = sections_of(song((A, 16), (OTHER_TIMBRE, 12), (A, 16), (OTHER_LEVEL, 12), (A, 16)))
    assert "".join(each.label for each in found) == "ABACA"
    assert [each.start for each in found] == pytest.approx([0, 16, 28, 44, 56], abs=2)


def test_what_stays_the_same_is_one_section() -> None:
    assert sections_of(song((A, 40))) == (Section(0.0, 40.0, "A"),)


@pytest.mark.parametrize("seconds", [0.001, 0.1, 3.0, 9.0])
def test_what_is_short_is_one_section(seconds: float) -> None:
    assert sections_of(song((A, seconds))) == (Section(0.0, round(seconds * RATE) / RATE, "A"),)


def test_silence_is_one_and_nothing_none() -> None:
    assert sections_of(np.zeros(20 * RATE)) == (Section(0.0, 20.0, "A"),)
    assert sections_of(np.zeros(0)) == ()


def test_sections_lie_end_to_end_and_it_does_not_matter_how_they_are_fed() -> None:
    sound = song((A, 14), (OTHER_TIMBRE, 14), (OTHER_CHORDS, 14))
    found = sections_of(sound)
    assert len(found) == 3
    assert [each.end for each in found[:-1]] == [each.start for each in found[1:]]
    assert (found[0].start, found[-1].end) == (0, 42)
    assert sections_of(sound, 3001) == found


def test_a_medley_of_more_parts_than_letters_runs_out_of_none() -> None:
    tones = [np.repeat([1.0, -1.0], size) for size in np.geomspace(2, 100, 40).astype(int)]
    sound = np.concatenate([np.resize(tone, 8 * RATE) * 0.5 ** (nth % 3) for nth, tone in enumerate(tones)])
    assert {each.label for each in sections_of(sound)} <= set(LABELS)

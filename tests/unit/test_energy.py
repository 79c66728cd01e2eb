import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.audio.energy import SPAN, Energy, EnergyFigures

RATE = 8000


def measure(samples: NDArray[np.float64], size: int = 10_000, rate: int = RATE) -> EnergyFigures:
    energy = Energy(rate, samples.shape[1])
    for start in range(0, len(samples), size):
        energy.feed(samples[start : start + size].astype(np.float32))
    return energy.finish()


def sine(*parts: tuple[float, float], channels: int = 1) -> NDArray[np.float64]:
    """200 Hz: seconds and dBFS of the peak, part by part."""
    levels = np.concatenate([np.full(round(seconds * RATE), 10 ** (level / 20)) for seconds, level in parts])
    wave = levels * np.sin(2 * np.pi * 200 * np.arange(len(levels)) / RATE)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)


def test_a_sine_at_full_scale() -> None:
    found = measure(sine((3, 0)))
    assert found.level == pytest.approx(-3.01, abs=0.01)
    assert found.crest == pytest.approx(3.01, abs=0.01)
    assert found.step == 0.1
    assert found.rms == pytest.approx(np.full(30, 0.5**0.5), abs=1e-3)
    assert found.peaks == pytest.approx(np.ones(30), abs=1e-3)
    assert found.silences == ()


def test_a_click_has_more_crest_than_a_square() -> None:
    click, square = np.zeros((RATE, 1)), np.ones((RATE, 1))
    click[100] = 1
    assert measure(square).crest == pytest.approx(0, abs=1e-4)
    assert measure(click).crest == pytest.approx(10 * np.log10(RATE), abs=0.01)


def test_channels_are_averaged_as_powers() -> None:
    both = sine((1, 0), channels=2)
    assert measure(both * [1, -1]).level == pytest.approx(-3.01, abs=0.01)
    assert measure(both * [1, 0]).level == pytest.approx(-6.02, abs=0.01)


def test_the_profile_is_linear_in_decibels_below_the_loud_parts() -> None:
    found = measure(sine((2, -6), (1, -6 - SPAN / 4), (1, -6 - 2 * SPAN)))
    assert found.profile[:20] == pytest.approx(np.ones(20), abs=0.01)
    assert found.profile[20:30] == pytest.approx(np.full(10, 0.75), abs=0.01)
    assert found.profile[30:].max() == 0


def test_the_profile_does_not_depend_on_the_gain() -> None:
    samples = sine((1, -20), (1, -10), (1, -30))
    assert measure(samples / 4).profile == pytest.approx(measure(samples).profile, abs=1e-4)


def test_silences_long_enough_are_found_where_they_are() -> None:
    found = measure(sine((1, -6), (0.8, -80), (1, -6), (0.3, -80), (1, -6), (0.55, -120)))
    assert np.array(found.silences) == pytest.approx(np.array([(1.0, 1.8), (4.1, 4.65)]))


@pytest.mark.parametrize(
    ("loud", "soft", "silent"), [(-3, -50, False), (-3, -55, True), (-40, -55, False), (-40, -65, True)]
)
def test_silent_is_what_is_far_below_full_scale_or_below_the_loud_parts(loud: float, soft: float, silent: bool) -> None:
    assert (len(measure(sine((2, loud), (2, soft))).silences) == 1) is silent


@pytest.mark.parametrize("size", [1, 799, 801, 25_000])
def test_it_does_not_matter_how_it_is_fed(size: int) -> None:
    samples = sine((0.75, -6), (1, -70), (0.73, -12), channels=2)
    whole, pieces = measure(samples, len(samples)), measure(samples, size)
    assert pieces.rms == pytest.approx(whole.rms, rel=1e-5)
    assert np.array_equal(pieces.peaks, whole.peaks)
    assert pieces.level == pytest.approx(whole.level)
    assert pieces.silences == whole.silences


@pytest.mark.parametrize("cut", [0, 1, 12_345, 16_000])
def test_two_halves_that_meet_at_a_step_are_the_whole(cut: int) -> None:
    samples = sine((0.75, -6), (1, -70), (0.73, -12), channels=2)
    first, second = Energy(RATE, 2), Energy(RATE, 2)
    at = first.next_step(cut)
    assert at - cut in range(800)
    assert at % 800 == 0
    first.feed(samples[:at].astype(np.float32))
    second.feed(samples[at:].astype(np.float32))
    first.go_on(second)
    found, whole = first.finish(), measure(samples)
    assert np.array_equal(found.rms, whole.rms)
    assert np.array_equal(found.peaks, whole.peaks)
    assert (found.level, found.crest, found.silences) == (whole.level, whole.crest, whole.silences)


@pytest.mark.parametrize("samples", [np.zeros((0, 2)), np.zeros((1, 1)), np.zeros((RATE, 2))])
def test_silence_and_nothing(samples: NDArray[np.float64]) -> None:
    found = measure(samples)
    assert (found.level, found.crest) == (None, None)
    assert not found.profile.any()
    assert found.silences == (((0.0, 1.0),) if len(samples) == RATE else ())


def test_one_sample_is_enough_for_a_level() -> None:
    assert measure(np.full((1, 1), 0.5)).level == pytest.approx(-6.02, abs=0.01)


def test_a_rate_that_does_not_divide_by_ten() -> None:
    found = measure(np.full((11025 * 3, 1), 0.1), rate=11025)
    assert found.step == pytest.approx(0.1, rel=1e-3)
    assert found.rms == pytest.approx(np.full(len(found.rms), 0.1))

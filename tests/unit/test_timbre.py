import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.audio.frames import Spectra
from analysis.audio.timbre import BANDS, Timbre, TimbreMeter

RATE = 44100


def timbre_of(sound: NDArray[np.float64], rate: int = RATE) -> Timbre | None:
    spectra = Spectra(rate, 1)
    meter = TimbreMeter(spectra.frequencies)
    for start in range(0, len(sound), 20_000):
        meter.feed(spectra.feed(sound[start : start + 20_000, np.newaxis].astype(np.float32)))
    meter.feed(spectra.finish())
    return meter.finish()


def heard(sound: NDArray[np.float64], rate: int = RATE) -> Timbre:
    found = timbre_of(sound, rate)
    assert found is not None
    return found


def sine(frequency: float, seconds: float = 2, rate: int = RATE) -> NDArray[np.float64]:
    return np.asarray(0.3 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate))


@pytest.mark.parametrize(
    ("frequency", "band"),
    [
        (40, "sub"),
        (120, "bass"),
        (350, "low_mid"),
        (1000, "mid"),
        (3000, "high_mid"),
        (5000, "presence"),
        (9000, "brilliance"),
    ],
)
def test_a_sine_lies_in_its_band(frequency: float, band: str) -> None:
    found = heard(sine(frequency))
    assert found.balance[band] > 0.95
    assert found.centroid == pytest.approx(frequency, rel=0.03)
    assert found.rolloff == pytest.approx(frequency, rel=0.1)


def test_shares_go_by_power() -> None:
    found = heard(sine(120) + sine(3000) / 2)
    assert found.balance["bass"] == pytest.approx(0.8, abs=0.01)
    assert found.balance["high_mid"] == pytest.approx(0.2, abs=0.01)
    assert sum(found.balance.values()) == pytest.approx(1)
    assert found.centroid == pytest.approx(0.8 * 120 + 0.2 * 3000, rel=0.03)


def test_noise_is_flat_and_a_tone_is_not() -> None:
    noise = np.random.default_rng(1).standard_normal(2 * RATE)
    assert heard(noise).flatness == pytest.approx(np.exp(-np.euler_gamma), abs=0.03)
    assert heard(sine(1000)).flatness < 1e-4 < heard(sine(1000) + 0.01 * noise).flatness


def test_white_noise_reaches_as_high_as_it_should() -> None:
    found = heard(np.random.default_rng(2).standard_normal(4 * RATE))
    assert found.centroid == pytest.approx(10_000, rel=0.05)
    assert found.rolloff == pytest.approx(0.85 * 20_000, rel=0.05)


def test_silence_between_has_no_part_in_the_medians() -> None:
    tone = sine(1000, 1)
    assert heard(np.concatenate((tone, np.zeros(5 * RATE)))).centroid == pytest.approx(heard(tone).centroid, rel=0.02)


def test_the_gain_does_not_matter() -> None:
    quiet, loud = heard(sine(500) / 50), heard(sine(500))
    assert quiet.centroid == pytest.approx(loud.centroid, rel=1e-3)
    assert quiet.balance == pytest.approx(loud.balance, abs=1e-4)


@pytest.mark.parametrize("rate", [8000, 22050, 96000, 192000])
def test_any_rate_has_all_bands(rate: int) -> None:
    found = heard(sine(1000, rate=rate), rate)
    assert list(found.balance) == list(BANDS)
    assert found.balance["mid"] > 0.95
    assert found.centroid == pytest.approx(1000, rel=0.03)


def test_silence_and_nothing_have_none() -> None:
    assert timbre_of(np.zeros(RATE)) is None
    assert timbre_of(np.zeros(0)) is None

import numpy as np
import pytest

from analysis.audio.energy import Energy
from analysis.audio.frames import Blocks, Samples, Spectra
from analysis.audio.key import KeyFinder
from analysis.audio.loudness import Loudness
from analysis.audio.sections import SectionFinder
from analysis.audio.timbre import TimbreMeter
from analysis.audio.true_peak import TruePeak

LOUDEST = 1e4
"""Beyond which nothing is decoded."""


def noise(frames: int, channels: int = 2) -> Samples:
    return np.random.default_rng(1).standard_normal((frames, channels)).astype(np.float32)


def transformed(samples: Samples, rate: int, size: int) -> Samples:
    spectra = Spectra(rate, samples.shape[1])
    parts = [spectra.feed(samples[start : start + size]) for start in range(0, len(samples), size)]
    return np.concatenate((*parts, spectra.finish()))


@pytest.mark.parametrize(
    ("rate", "size"),
    [(8000, 2048), (11025, 2048), (22050, 4096), (44100, 8192), (48000, 8192), (96000, 16384), (192000, 32768)],
)
def test_windows_last_about_as_long_at_any_rate(rate: int, size: int) -> None:
    spectra = Spectra(rate, 1)
    assert spectra.size == size
    assert spectra.frequencies[-1] == rate / 2


def test_a_sine_has_its_power_at_its_bin_whichever_channel_it_is_in() -> None:
    spectra = Spectra(44100, 2)
    times = np.arange(44100) / 44100
    sine = 0.5 * np.sin(2 * np.pi * spectra.frequencies[200] * times)
    for channels in ([sine, 0 * sine], [sine / 2**0.5, -sine / 2**0.5]):
        found = Spectra(44100, 2).feed(np.stack(channels, axis=1).astype(np.float32))
        assert found.shape == (4, 4097)
        assert np.all(found.argmax(axis=1) == 200)
        assert found[:, 200] == pytest.approx(0.5**2 / 2, rel=1e-3)


@pytest.mark.parametrize("channels", [1, 2, 3, 8])
def test_powers_are_the_sum_over_all_channels(channels: int) -> None:
    samples = noise(9000, channels) * 10.0 ** -np.arange(channels, dtype=np.float32)
    size = Spectra(8000, channels).size
    window = np.hanning(size + 1)[:-1, np.newaxis]
    starts = range(0, 9000 - size + 1, 2000)
    bins = [np.fft.rfft(samples[at : at + size] * window, axis=0) for at in starts]
    expected = 2 / window.sum() ** 2 * (np.abs(bins) ** 2).sum(axis=2)
    found = transformed(samples, 8000, 9000)
    assert found.dtype == np.float32
    assert np.allclose(found, expected, rtol=1e-4, atol=1e-6 * expected.max())


@pytest.mark.parametrize("size", [1, 999, 1024, 2001, 30_000])
def test_it_does_not_matter_how_spectra_are_fed(size: int) -> None:
    samples = noise(9000)
    assert np.array_equal(transformed(samples, 8000, size), transformed(samples, 8000, len(samples)))


def test_a_spectrum_begins_every_quarter_of_a_second() -> None:
    assert len(transformed(noise(8000 * 3), 8000, 5000)) == 11
    assert len(transformed(noise(8000 * 3 - 2000), 8000, 5000)) == 10


def test_less_than_a_window_gives_one_spectrum_and_nothing_none() -> None:
    assert transformed(noise(10), 8000, 10).shape == (1, 1025)
    assert transformed(noise(1), 8000, 10).shape == (1, 1025)
    assert Spectra(8000, 1).finish().shape == (0, 1025)


@pytest.mark.parametrize("channels", [1, 8])
def test_all_measures_bear_the_largest_values(channels: int) -> None:
    samples = np.sign(noise(30_000, channels)) * np.float32(LOUDEST)
    spectra = Spectra(8000, channels)
    power = spectra.feed(samples)
    loudness, peak, energy = Loudness(8000, channels), TruePeak(channels), Energy(8000, channels)
    key, timbre = KeyFinder(spectra.frequencies), TimbreMeter(spectra.frequencies)
    sections = SectionFinder(spectra.frequencies)
    for feed in (loudness.feed, peak.feed, energy.feed):
        feed(samples)
    for look in (key.feed, timbre.feed, sections.feed):
        look(power)
    assert 60 < (loudness.finish().integrated or 0) < 100
    assert all(80 <= each < 90 for each in peak.finish())
    assert energy.finish().level == pytest.approx(80, abs=0.01)
    found = timbre.finish()
    assert found is not None
    assert found.flatness > 0.3
    assert key.finish() is not None
    assert len(sections.finish(3.75)) == 1


def test_blocks_come_whole_and_in_order() -> None:
    blocks, samples = Blocks(2, 7), noise(100).T
    given = [blocks.add(samples[:, start : start + 9]) for start in range(0, 100, 9)]
    assert all(each.shape[1] % 7 == 0 for each in given)
    assert np.array_equal(np.concatenate((*given, blocks.rest), axis=1), samples)
    assert blocks.rest.shape[1] == 100 % 7

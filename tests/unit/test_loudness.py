"""Loudness against the test signals of EBU Tech 3341 and 3342, against FFmpeg, and true peak against all of it."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from av.filter import Graph
from numpy.typing import NDArray

from analysis.audio.frames import Samples
from analysis.audio.loudness import Loudness, LoudnessFigures
from analysis.audio.true_peak import PHASES, TAPS, TruePeak
from analysis.audio.weighting import KWeighting

RATE = 48000


def measure(samples: NDArray[Any], rate: int = RATE, size: int = 100_000) -> LoudnessFigures:
    loudness = Loudness(rate, samples.shape[1])
    for start in range(0, len(samples), size):
        loudness.feed(samples[start : start + size].astype(np.float32))
    return loudness.finish()


def peaks(samples: NDArray[Any], size: int = 100_000) -> tuple[float, ...]:
    peak = TruePeak(samples.shape[1])
    for start in range(0, len(samples), size):
        peak.feed(samples[start : start + size].astype(np.float32))
    return peak.finish()


def tone(*parts: tuple[float, float], rate: int = RATE, channels: int = 2) -> NDArray[np.float64]:
    """1 kHz in phase on all channels: seconds and dBFS of the peak, part by part."""
    levels = np.concatenate([np.full(round(seconds * rate), 10 ** (level / 20)) for seconds, level in parts])
    sine = levels * np.sin(2 * np.pi * 1000 * np.arange(len(levels)) / rate)
    return np.repeat(sine[:, np.newaxis], channels, axis=1)


def music(seconds: float, rate: int, channels: int) -> NDArray[np.float32]:
    """Low-passed noise under a slow swell, unlike on every channel."""
    chance = np.random.default_rng(channels)
    noise = (
        chance.standard_normal((round(seconds * rate), channels)) * np.linspace(0.05, 1, round(seconds * rate))[:, None]
    )
    kernel = np.exp(-np.arange(64) / 8)
    return np.stack([0.04 * np.convolve(each, kernel, "same") for each in noise.T], axis=1).astype(np.float32)


# EBU Tech 3341 (2023), table 1, cases 1 to 5: signals and what a meter must show, ± 0.1 LU.
CASES = [
    ([(20, -23)], -23.0),
    ([(20, -33)], -33.0),
    ([(10, -36), (60, -23), (10, -36)], -23.0),
    ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23.0),
    ([(20, -26), (20.1, -20), (20, -26)], -23.0),
]


@pytest.mark.parametrize(("parts", "expected"), CASES)
def test_the_ebus_tones(parts: list[tuple[float, float]], expected: float) -> None:
    assert measure(tone(*parts)).integrated == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 96000, 192000])
def test_a_tone_is_as_loud_at_any_rate(rate: int) -> None:
    found = measure(tone((4, -23), rate=rate), rate)
    assert found.integrated == pytest.approx(-23.0, abs=0.1)
    assert found.momentary == pytest.approx(-23.0, abs=0.1)
    assert found.short_term == pytest.approx(-23.0, abs=0.1)


def test_the_ebus_surround_tone() -> None:
    """Case 6: −28 in front, −24 in the centre, −30 behind, and an LFE that does not count."""
    levels = 10 ** (np.array([-28, -28, -24, 0, -30, -30]) / 20)
    assert measure(tone((20, 0), channels=6) * levels).integrated == pytest.approx(-23.0, abs=0.1)


# EBU Tech 3342, table 1, cases 1 to 4: ± 1 LU.
RANGES = [
    ([(20, -20), (20, -30)], 10.0),
    ([(20, -20), (20, -15)], 5.0),
    ([(20, -40), (20, -20)], 20.0),
    ([(20, -50), (20, -35), (20, -20), (20, -35), (20, -50)], 15.0),
]


@pytest.mark.parametrize(("parts", "expected"), RANGES)
def test_the_ebus_ranges(parts: list[tuple[float, float]], expected: float) -> None:
    assert measure(tone(*parts)).range == pytest.approx(expected, abs=1.0)


def ebur128(samples: NDArray[np.float32], rate: int, layout: str) -> dict[str, float]:
    """What FFmpeg's filter says in the end."""
    graph = Graph()
    source = graph.add_abuffer(format="flt", sample_rate=rate, layout=layout, time_base=Fraction(1, rate))
    meter, sink = graph.add("ebur128", "metadata=1:peak=true"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    figures: dict[str, float] = {}

    def pulled() -> Iterator[dict[str, str]]:
        while True:
            try:
                yield dict(sink.pull().metadata)
            except (av.BlockingIOError, av.EOFError):
                return

    for start in range(0, len(samples), rate // 10):
        block = samples[start : start + rate // 10]
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate, frame.pts = rate, start
        source.push(frame)
        for metadata in pulled():
            figures |= {name.removeprefix("lavfi.r128."): float(value) for name, value in metadata.items()}
    return figures


@pytest.mark.parametrize(
    ("rate", "layout", "channels"),
    [(44100, "stereo", 2), (48000, "mono", 1), (48000, "5.1", 6), (8000, "mono", 1), (96000, "stereo", 2)],
)
def test_as_ffmpeg_says(rate: int, layout: str, channels: int) -> None:
    samples = music(8, rate, channels)
    expected, found = ebur128(samples, rate, layout), measure(samples, rate)
    assert found.integrated == pytest.approx(expected["I"], abs=0.05)
    assert found.range == pytest.approx(expected["LRA"], abs=0.5)
    for channel, peak in enumerate(peaks(samples)):
        # FFmpeg interpolates by a longer filter than the standard's.
        assert peak == pytest.approx(20 * np.log10(expected[f"true_peaks_ch{channel}"]), abs=0.3)


def test_deep_bass_as_ffmpeg_says() -> None:
    bass = 0.5 * np.sin(2 * np.pi * 35 * np.arange(6 * RATE) / RATE)[:, np.newaxis].astype(np.float32)
    assert measure(bass).integrated == pytest.approx(ebur128(bass, RATE, "mono")["I"], abs=0.05)


def test_the_back_of_seven_one_weighs_less_than_its_sides() -> None:
    """BS.1770-5, table 4: 1.41 from 60° to 120°, 1 at 135°. Channels 4 and 5 are behind, 6 and 7 beside."""

    def only(channel: int) -> float:
        loudness = measure(tone((4, -20), channels=8) * (np.arange(8) == channel)).integrated
        return -np.inf if loudness is None else loudness

    assert only(4) == pytest.approx(only(0))
    assert only(6) == pytest.approx(only(0) + 10 * np.log10(1.41))
    assert only(3) == -np.inf


def test_opposite_phases_are_as_loud_as_equal_ones() -> None:
    assert measure(tone((4, -23)) * [1, -1]) == measure(tone((4, -23)))


@pytest.mark.parametrize("size", [1, 47, 4801, 65537])
def test_it_does_not_matter_how_it_is_fed(size: int) -> None:
    samples = music(0.45 if size == 1 else 4, 16000, 2)
    whole, pieces = measure(samples, 16000, len(samples)), measure(samples, 16000, size)
    assert pieces.integrated == pytest.approx(whole.integrated, abs=1e-4)
    assert pieces.momentary == pytest.approx(whole.momentary, abs=1e-4)
    assert peaks(samples, size) == pytest.approx(peaks(samples), abs=1e-4)


@pytest.mark.parametrize("samples", [np.zeros((0, 2)), np.zeros((1, 1)), np.zeros((RATE, 2)), np.ones((RATE // 3, 1))])
def test_silence_and_less_than_a_window_have_no_loudness(samples: NDArray[np.float64]) -> None:
    assert measure(samples) == LoudnessFigures(None, None, None, None)


def test_nine_channels_are_not_known() -> None:
    with pytest.raises(KeyError):
        Loudness(RATE, 9)


@pytest.mark.parametrize("rate", [8000, 48000, 192000])
def test_the_filter_is_the_standards(rate: int) -> None:
    """Against the recursion itself, sample by sample; its coefficients at 48 kHz are those of tables 1 and 2."""
    shelf, high_pass = coefficients(rate)
    if rate == RATE:
        assert shelf == pytest.approx(
            (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585)
        )
        assert high_pass == pytest.approx((1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621))
    samples = np.cumsum(np.random.default_rng(1).standard_normal(9600)).astype(np.float32) / np.float32(100)
    weighting = KWeighting(rate, 1)
    found = np.concatenate([weighting.apply(each[np.newaxis]) for each in (samples[:4800], samples[4800:])], axis=1)[0]
    expected = recursive(recursive(samples.astype(float), shelf), high_pass)
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


type Coefficients = tuple[float, float, float, float, float]


def coefficients(rate: int) -> tuple[Coefficients, Coefficients]:
    k, q, high = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band, scale = high**0.4996667741545416, 1 + k / q + k**2
    numerator = ((high + band * k / q + k**2) / scale, 2 * (k**2 - high) / scale, (high - band * k / q + k**2) / scale)
    shelf = (*numerator, 2 * (k**2 - 1) / scale, (1 - k / q + k**2) / scale)
    k, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    scale = 1 + k / q + k**2
    return shelf, (1.0, -2.0, 1.0, 2 * (k**2 - 1) / scale, (1 - k / q + k**2) / scale)


def recursive(samples: NDArray[np.float64], of: Coefficients) -> NDArray[np.float64]:
    first = second = 0.0
    filtered = np.zeros(len(samples))
    for at, sample in enumerate(samples.tolist()):
        result = of[0] * sample + first
        first, second = of[1] * sample - of[3] * result + second, of[2] * sample - of[4] * result
        filtered[at] = result
    return filtered


def fully_interpolated(samples: Samples) -> list[float]:
    """The largest of the samples and of all values between them, by the standard's filter."""
    padded = np.pad(samples.astype(np.float64), ((TAPS, TAPS), (0, 0)))
    between = [[np.abs(np.convolve(each, phase)).max() for phase in PHASES] for each in padded.T]
    return [20 * np.log10(max(*each, np.abs(own).max())) for each, own in zip(between, samples.T, strict=True)]


@pytest.mark.parametrize("seed", range(6))
def test_what_is_passed_over_does_not_matter(seed: int) -> None:
    """Noise, dense and sparse, with the highest peak anywhere, even at the ends and at the borders of blocks."""
    chance = np.random.default_rng(seed)
    samples = chance.standard_normal((5000 + seed, 2)) * (chance.random((5000 + seed, 2)) < (0.01, 0.1, 1)[seed % 3])
    samples[[0, -1, 2500][seed % 3]] = 3, -3
    samples *= np.linspace(0.2, 1, len(samples))[:, np.newaxis] ** (seed // 2)
    assert peaks(samples, 701) == pytest.approx(fully_interpolated(samples.astype(np.float32)), abs=1e-5)


def test_the_true_peak_lies_between_samples() -> None:
    """EBU Tech 3341, case 17: a quarter of the rate at 45°, whose samples stay 3 dB below its peak."""
    samples = 0.5 * np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4)[:, np.newaxis]
    assert 20 * np.log10(np.abs(samples).max()) == pytest.approx(-9.03, abs=0.01)
    assert peaks(samples)[0] == pytest.approx(-6.0, abs=0.4)


def test_silence_has_no_peak() -> None:
    assert peaks(np.zeros((100, 2))) == (-np.inf, -np.inf)

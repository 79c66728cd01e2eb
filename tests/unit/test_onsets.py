"""Onset strength as a stream: the same for blocks of any size and for spans side by side, at any rate."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.audio.onsets import Flux, OnsetStream, Span, join, onset_times, spans, strength

RATE = 22050


def measured(samples: NDArray[np.float32], rate: int, sizes: list[int], span: Span | None = None) -> Flux:
    """Feed blocks whose sizes go round."""
    stream = OnsetStream(rate, samples.shape[1], span or Span())
    at, turn = 0, 0
    while at < len(samples):
        stream.feed(samples[at : at + sizes[turn % len(sizes)]])
        at += sizes[turn % len(sizes)]
        turn += 1
    return stream.finish()


def bursts(seconds: float, times: NDArray[np.float64], rate: int = RATE, channels: int = 1) -> NDArray[np.float32]:
    """Short falling tones at `times`, over faint noise."""
    samples = np.random.default_rng(1).normal(0, 1e-4, (round(seconds * rate), channels)).astype(np.float32)
    length = np.arange(round(0.1 * rate)) / rate
    sound = (0.5 * np.exp(-length / 0.012) * np.sin(2 * np.pi * 700 * length)).astype(np.float32)
    for time in times:
        start = round(time * rate)
        samples[start : start + len(sound)] += sound[: len(samples) - start, None]
    return samples


def test_blocks_of_any_size_give_the_same() -> None:
    samples = bursts(60, np.arange(0.3, 59, 0.4), 44100, channels=2)[:2_500_003]
    whole = measured(samples, 44100, [len(samples)])
    assert whole.curves.shape == (len(samples) // 2 // 512, 4)
    for sizes in ([441_000], [1, 0, 7, 100_001, 4095, 2]):
        np.testing.assert_allclose(measured(samples, 44100, sizes).curves, whole.curves, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("rate", "parts"), [(8000, 2), (44100, 2), (44100, 3), (48000, 40)])
def test_spans_side_by_side_join_to_the_whole(rate: int, parts: int) -> None:
    samples = bursts(80, np.arange(0.3, 79, 0.37), rate, channels=2)
    cut = spans(rate, len(samples), parts)
    assert len(cut) == min(parts, 3)
    assert (cut[0].begin, cut[-1].end) == (0, None)
    joined = join([measured(samples[span.begin :], rate, [300_000], span) for span in cut])
    whole = measured(samples, rate, [len(samples)])
    np.testing.assert_allclose(joined.curves, whole.curves, rtol=1e-4, atol=1e-4)
    assert joined.rate == whole.rate


def test_a_span_reads_no_more_than_it_says() -> None:
    samples = bursts(60, np.arange(0.3, 59, 0.4))
    first, second = spans(RATE, len(samples), 2)
    assert first.end is not None
    exact = measured(samples[: first.end], RATE, [9999], first)
    beyond = measured(samples, RATE, [9999], first)
    np.testing.assert_array_equal(exact.curves, beyond.curves)
    assert len(exact.curves) == first.stop == second.first


def test_a_short_file_is_one_span() -> None:
    assert spans(RATE, 5 * RATE, 4) == [Span()]


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000])
def test_onsets_are_found_where_they_are_at_every_rate(rate: int) -> None:
    times = np.cumsum(np.random.default_rng(2).uniform(0.25, 0.9, 16))
    flux = measured(bursts(times[-1] + 1, times, rate), rate, [rate])
    found = onset_times(strength(flux), flux.rate)
    assert len(found) == len(times)
    np.testing.assert_allclose(found, times, atol=0.025)


def test_loudness_does_not_matter_and_offsets_are_not_heard() -> None:
    samples = bursts(20, np.arange(0.5, 19, 0.5))
    gains, offsets = (1, 1 / 30, 1), (0, 0, 0.3)
    loud, quiet, shifted = (
        strength(measured(samples * np.float32(gain) + np.float32(offset), RATE, [RATE]))
        for gain, offset in zip(gains, offsets, strict=True)
    )
    np.testing.assert_allclose(quiet, loud, atol=1e-2)
    np.testing.assert_allclose(shifted[10:-10], loud[10:-10], atol=0.15)


def test_opposite_phases_do_not_cancel() -> None:
    mono = bursts(20, np.arange(0.5, 19, 0.5))
    same, opposite = (strength(measured(np.hstack((mono, sign * mono)), RATE, [RATE])) for sign in (1, -1))
    np.testing.assert_allclose(opposite, same, atol=1e-2)


def test_what_is_no_number_is_no_sound() -> None:
    samples = bursts(20, np.arange(0.5, 19, 0.5))
    broken = samples.copy()
    broken[RATE // 4 :: RATE] = np.nan
    broken[RATE * 9 + RATE // 4] = np.inf
    clean, mended = (measured(each, RATE, [RATE]) for each in (samples, broken))
    np.testing.assert_allclose(mended.curves, clean.curves, atol=0.5)
    assert len(onset_times(strength(mended), mended.rate)) == 37
    broken[RATE * 12] = -3e38
    assert np.isfinite(strength(measured(broken, RATE, [RATE]))).all()


def test_the_strength_of_a_long_file_needs_little_beside_itself() -> None:
    flux = Flux(RATE / 512, np.random.default_rng(1).gamma(0.5, 1, (200_000, 4)).astype(np.float32))
    tracemalloc.start()
    try:
        curve = strength(flux)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5 * curve.nbytes


TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE * 5) / RATE)[:, None]


@pytest.mark.parametrize(
    "samples", [np.zeros((RATE * 5, 2)), np.full((RATE * 5, 1), 0.4), np.zeros((0, 1)), np.ones((1, 2)), TONE]
)
def test_where_nothing_begins_there_are_no_onsets(samples: NDArray[np.float64]) -> None:
    flux = measured(samples.astype(np.float32), RATE, [1000])
    curve = strength(flux)
    assert np.isfinite(curve).all()
    assert (onset_times(curve, flux.rate) < 0.05).all()

"""The outline of a sound, however long it is and however it is fed."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.audio.waveform import FINEST, MOST, Waveform


def outline(samples: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    waveform = Waveform()
    for start in range(0, len(samples), size):
        waveform.feed(samples[start : start + size])
    return waveform.finish()


def noise(frames: int, channels: int = 2) -> NDArray[np.float32]:
    return np.random.default_rng(frames).normal(0, 0.1, (frames, channels)).astype(np.float32)


@pytest.mark.parametrize("frames", [1, FINEST, FINEST * MOST, FINEST * MOST + 1, 100_003, 1_000_000])
def test_every_stretch_has_its_lowest_and_its_highest(frames: int) -> None:
    samples = noise(frames)
    found = outline(samples, 70_001)
    length = FINEST
    while length * MOST < frames:
        length *= 2
    stretches = [samples[at : at + length] for at in range(0, frames, length)]
    assert found.dtype == np.float32
    assert np.array_equal(found, [(each.min(), each.max()) for each in stretches])


@pytest.mark.parametrize("size", [1, 15, 4097, 65_537])
def test_it_does_not_matter_how_it_is_fed(size: int) -> None:
    samples = noise(40_000 if size > 1 else 2_000, 3)
    assert np.array_equal(outline(samples, size), outline(samples, len(samples)))


def test_nothing_has_no_outline() -> None:
    assert Waveform().finish().shape == (0, 2)

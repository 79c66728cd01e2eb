"""Fanfare's side of `fanfare bench audio`, a function for each way, which imports only what it needs."""

import os
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 441_000
"""Frames fed at once where nothing is decoded."""


@dataclass(frozen=True, eq=False)
class Beats:
    """Beats in seconds, shape (beats,), and the overall tempo in beats a minute."""

    times: NDArray[np.float64]
    tempo: float


def ready() -> tuple[str, ...]:
    """The ways that there are modules for."""
    return ("fanfare", "fanfare_cores", "whole") if find_spec("analysis.audio.analyser") else ("fanfare",)


def beats(samples: NDArray[np.float32], rate: int) -> Beats:
    """Of samples of shape (frames, 2)."""
    from analysis.audio.beats import track
    from analysis.audio.onsets import OnsetStream

    onsets = OnsetStream(rate, samples.shape[1])
    for start in range(0, len(samples), BLOCK):
        onsets.feed(samples[start : start + BLOCK])
    found = track(onsets.finish())
    return Beats(found.times, found.tempo)


def features(source: Path) -> Any:
    """Beats, tempo and rms of a file, on one core."""
    return import_module("analysis.audio.features").features(source, cores=1)


def features_on_all_cores(source: Path) -> Any:
    """The same, on all cores."""
    return import_module("analysis.audio.features").features(source, cores=os.process_cpu_count())


def whole(source: Path) -> Any:
    """The whole analysis, on one core."""
    return import_module("analysis.audio.analyser").analyse(source, cores=1)


def loudness(samples: NDArray[np.float32], rate: int) -> float:
    """Integrated, in LUFS; samples of shape (frames, 2)."""
    from analysis.audio.loudness import Loudness

    meter = Loudness(rate, samples.shape[1])
    meter.feed(samples)
    return meter.finish().integrated or -np.inf


def key(samples: NDArray[np.float32], rate: int) -> str:
    """Such as "F# minor"; samples of shape (frames, 2)."""
    from analysis.audio.frames import Spectra
    from analysis.audio.key import KeyFinder
    from support.tracks_score import PITCHES

    spectra = Spectra(rate, samples.shape[1])
    finder = KeyFinder(spectra.frequencies)
    finder.feed(spectra.feed(samples))
    found = finder.finish()
    return f"{PITCHES[found.tonic]} {found.mode}" if found else ""

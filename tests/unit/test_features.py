"""Beats and energy in spans side by side: the same as in one, whatever the file promises."""

import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.audio.analyser import analyse
from analysis.audio.beats import Beats
from analysis.audio.energy import EnergyFigures
from analysis.audio.features import features
from support import tracks
from support.sounds import Samples, muxed, written

RATE = 44_100
SPAN = 2 * 1024 * 1024
"""Frames of a span where there are two of two sections each."""


@functools.cache
def composed() -> Samples:
    track = tracks.make("steady", 7, seconds=75.0)
    assert track.rate == RATE
    return track.samples


@functools.cache
def encoded(container: str, frames: int | None = None) -> bytes:
    """Return a file of the music, or of its beginning."""
    return written(composed()[:frames], container)


def promising(flac: bytes, frames: int) -> bytes:
    """Return a FLAC file that has another number of frames in its STREAMINFO (36 bits from byte 21 on, RFC 9639)."""
    described = int.from_bytes(flac[21:26]) >> 36 << 36 | frames
    return flac[:21] + described.to_bytes(5) + flac[26:]


def lying(mp3: bytes) -> bytes:
    """Return it with twice as many frames in the header that tells its length."""
    at = max(mp3.find(b"Xing", 0, 100), mp3.find(b"Info", 0, 100)) + 8
    return mp3[:at] + (2 * int.from_bytes(mp3[at : at + 4])).to_bytes(4) + mp3[at + 4 :]


def damaged(data: bytes, where: float) -> bytes:
    """Return it with a hole."""
    at = int(len(data) * where)
    return data[:at] + bytes(20_000) + data[at + 20_000 :]


MADE: dict[str, Callable[[], bytes]] = {
    "wav": lambda: encoded("WAV"),
    "mono": lambda: written(composed()[:, :1], "WAV", rate=32_000),
    "flac": lambda: encoded("FLAC"),
    "mp3": lambda: encoded("MP3"),
    "m4a": lambda: muxed("ipod", "aac", composed()[: 30 * RATE]),
    "short": lambda: encoded("WAV", 5 * RATE),
    "promises far too much": lambda: promising(encoded("FLAC", 40 * RATE), 400 * RATE),
    "ends where the second span begins": lambda: promising(encoded("FLAC", SPAN), 2 * SPAN),
    "promises too little": lambda: promising(encoded("FLAC"), 60 * RATE),
    "mp3 that promises too much": lambda: lying(encoded("MP3", SPAN)),
    "damaged early": lambda: damaged(encoded("FLAC"), 0.3),
    "damaged late": lambda: damaged(encoded("FLAC"), 0.8),
    "damaged mp3": lambda: damaged(encoded("MP3"), 0.3),
}


def same(one: tuple[Beats, EnergyFigures], other: tuple[Beats, EnergyFigures]) -> None:
    for name in ("times", "strengths", "tempos", "onsets"):
        assert np.allclose(getattr(one[0], name), getattr(other[0], name), atol=1e-4), name
    for name in ("rms", "peaks", "profile"):
        assert np.allclose(getattr(one[1], name), getattr(other[1], name), atol=1e-6), name
    assert one[1].level == pytest.approx(other[1].level)
    assert one[1].silences == other[1].silences


@pytest.mark.parametrize("kind", MADE)
def test_two_and_three_cores_find_what_one_finds(kind: str) -> None:
    data = MADE[kind]()
    one = features(data)
    assert len(one[0].times) > 5
    for cores in (2, 3):
        same(features(data, cores=cores), one)


class Watched:
    """A file that knows which threads read it."""

    def __init__(self, data: bytes) -> None:
        self.size, self._data = len(data), data
        self.threads: set[str] = set()

    def read(self, start: int, stop: int) -> bytes:
        self.threads.add(threading.current_thread().name)
        return self._data[start:stop]


@pytest.mark.parametrize(("seconds", "cores", "spans"), [(75, 1, 0), (75, 2, 2), (75, 3, 3), (40, 2, 0)])
def test_long_sounds_are_decoded_side_by_side(seconds: int, cores: int, spans: int) -> None:
    source = Watched(encoded("WAV", seconds * RATE))
    features(source, cores=cores)
    assert sum(name.startswith("span") for name in source.threads) == spans


def test_a_source_that_fails_in_a_span_fails() -> None:
    class Failing(Watched):
        def read(self, start: int, stop: int) -> bytes:
            if start > self.size * 0.8:
                raise ConnectionError("the store is gone")
            return super().read(start, stop)

    with pytest.raises(ConnectionError, match="the store is gone"):
        features(Failing(encoded("WAV")), cores=2)


def test_they_are_those_of_the_whole_analysis() -> None:
    data: Any = encoded("WAV")
    found = analyse(data)
    same(features(data, cores=2), (found.beats, found.energy))

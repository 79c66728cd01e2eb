"""Files for `fanfare bench audio`: three minutes of music by format, and mp3s of ten minutes and three hours."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from support import tracks

SECONDS: Final = 180.0
MINUTES: Final[Mapping[str, int]] = {"10 min": 10, "3 h": 180}
BITRATE: Final = 192
"""Thousands of bits a second, of mp3 and m4a."""


def short(folder: Path, seed: int) -> dict[str, Path]:
    """The same three minutes by format."""
    track = tracks.make("steady", seed, SECONDS)
    paths = {suffix: folder / f"music.{suffix}" for suffix in ("wav", "mp3", "m4a")}
    soundfile.write(paths["wav"], track.samples, track.rate, subtype="PCM_16")
    encode(paths["mp3"], track.samples, track.rate, "mp3", "libmp3lame")
    encode(paths["m4a"], track.samples, track.rate, "ipod", "aac")
    return paths


def long(folder: Path, seed: int) -> dict[str, Path]:
    """Mp3s by length: one minute's frames, again and again."""
    track = tracks.make("steady", seed, 60.0)
    minute = folder / "minute.mp3"
    encode(minute, track.samples, track.rate, "mp3", "libmp3lame")
    paths = {name: folder / f"{minutes} minutes.mp3" for name, minutes in MINUTES.items()}
    for name, path in paths.items():
        repeat(minute, path, MINUTES[name])
    return paths


def encode(path: Path, samples: NDArray[np.float32], rate: int, container: str, codec: str) -> None:
    """Write samples of shape (frames, 2) by FFmpeg, whose mp3s have a header that tells their length, as most do."""
    with av.open(str(path), "w", format=container) as target:
        stream = target.add_stream(codec, rate=rate, layout="stereo")
        if not isinstance(stream, av.AudioStream):
            raise TypeError(codec)
        stream.bit_rate = BITRATE * 1000
        for at in range(0, len(samples), rate):
            planes = np.ascontiguousarray(samples[at : at + rate].T)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def repeat(path: Path, longer: Path, times: int) -> None:
    """Write the frames of an mp3 so many times, without encoding them anew."""
    with av.open(str(path)) as source, av.open(str(longer), "w", format="mp3") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        packets = [(bytes(packet), packet.duration) for packet in source.demux(audio=0) if packet.size]
        base, at = source.streams.audio[0].time_base, 0
        for _ in range(times):
            for data, duration in packets:
                packet = av.Packet(data)
                packet.stream, packet.time_base, packet.pts, packet.dts = stream, base, at, at
                packet.duration = duration or 0
                at += packet.duration
                target.mux(packet)

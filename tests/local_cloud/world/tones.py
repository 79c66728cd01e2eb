"""A tone instead of a voice: real audio, as long as a text takes to say, MP3 or WAV."""

import array
import io
import math
import sys
import wave
from functools import lru_cache
from typing import Final, Literal

type Format = Literal["mp3", "wav"]

RATE: Final = 24_000
"""Samples a second, one channel; as OpenAI's voices have it."""
PITCH: Final = 440
LOUDNESS: Final = 6000
"""Amplitude, of 32767."""
KILOBITS: Final = 64
SECONDS_A_CHARACTER: Final = 0.06
SHORTEST: Final = 0.3
LONGEST: Final = 20.0


def length(text: str, speed: float = 1.0) -> float:
    """Seconds that a text takes to say, in tenths: the longer the text, the longer."""
    return round(min(max(len(text) * SECONDS_A_CHARACTER / speed, SHORTEST), LONGEST), 1)


@lru_cache(maxsize=256)
def tone(seconds: float, audio_format: Format) -> bytes:
    """Audio of so many seconds; an MP3 is up to three frames (72 ms) longer, as every encoder makes it."""
    period = [round(LOUDNESS * math.sin(2 * math.pi * PITCH * place / RATE)) for place in range(RATE // 10)]
    samples = array.array("h", period * math.ceil(seconds * 10))[: round(seconds * RATE)]  # 44 waves in a tenth
    if sys.byteorder == "big":
        samples.byteswap()
    return (_mp3 if audio_format == "mp3" else _wav)(samples.tobytes())


def _wav(samples: bytes) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples)
    return buffer.getvalue()


def _mp3(samples: bytes) -> bytes:
    import lameenc  # type: ignore[import-not-found,import-untyped,unused-ignore]  # only who asks for MP3 waits

    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(RATE)
    encoder.set_bit_rate(KILOBITS)
    encoder.set_quality(7)
    return bytes(encoder.encode(samples) + encoder.flush())

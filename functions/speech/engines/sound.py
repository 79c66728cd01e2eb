"""Samples as files."""

import io
import wave


def as_wav(samples: bytes, rate: int, *, channels: int = 1, width: int = 2) -> bytes:
    """Return a WAV file of PCM `samples`; `rate` in Hz, `width` in bytes of a sample of one channel."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(samples)
    return file.getvalue()

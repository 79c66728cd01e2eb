"""Samples as files, and what files tell of themselves."""

import io
import wave

from tinytag import TinyTag, TinyTagException


def as_wav(samples: bytes, rate: int, *, channels: int = 1, width: int = 2) -> bytes:
    """Return a WAV file of PCM `samples`; `rate` in Hz, `width` in bytes of a sample of one channel."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(samples)
    return file.getvalue()


def mp3_seconds(body: bytes) -> float:
    """Return how long an MP3 file plays; raises ValueError if it is none."""
    # A tag, or the head of a frame that says layer III: other kinds of files have durations, too.
    if not (body.startswith(b"ID3") or (len(body) > 1 and body[0] == 0xFF and body[1] & 0xE6 == 0xE2)):
        raise ValueError("not MP3")
    try:
        duration = TinyTag.get(file_obj=io.BytesIO(body), tags=False).duration
    except TinyTagException as error:
        raise ValueError("not MP3") from error
    if not duration:
        raise ValueError("an MP3 without sound")
    return duration

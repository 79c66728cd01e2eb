"""The program of a child process that holds eSpeak NG and LAME, and answers one request after another.

    python -I -S espeak_worker.py LIBRARY DATA FOLDER

`LIBRARY` is libespeak-ng, `DATA` its data, `FOLDER` where lameenc is imported from. The libraries' licences (GPL, LGPL)
end at this process: it shares no address space with the bundle and imports nothing of it.

A request is a frame with a JSON object: ``{"say", "ssml", "voice", "rate", "format"}`` (`rate` in words per minute) or
``{"ipa": [text…], "voice"}``. The answer is a frame with ``{"duration", "words": [[offset, start]…]}`` (seconds, and
characters into the text, from 0) and the audio as its body, or ``{"ipa": [text…]}``, or ``{"error": phrase}``.
It ends when its input does.
Source: https://github.com/espeak-ng/espeak-ng/blob/1.52.0/src/include/espeak-ng/speak_lib.h
"""

import ctypes
import io
import json
import os
import re
import struct
import sys
from typing import Any, BinaryIO

FRAME = struct.Struct(">II")
"""Bytes of JSON, bytes of the body; both follow in this order."""
SAMPLE_RATE = 22050
MOST_SECONDS = 900
BIT_RATE_KBPS = 48

SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: samples go to the callback, inside the call
DONT_EXIT = 0x8000
UTF_8 = 1
SSML = 0x10
RATE = 1  # espeakRATE
IPA = 0x02
WORD = 1  # espeakEVENT_WORD
CONTROL = dict.fromkeys(range(0x20), " ")
"""Some are commands to the engine; in text from strangers they are only spaces. Lengths stay, so positions hold."""
PIECE = 1 << 18
"""Bytes that are encoded at a time, to keep the encoder's own buffers small."""


class Event(ctypes.Structure):
    """espeak_EVENT. `position` counts characters from 1, `at` milliseconds from the beginning of the sound."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("at", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_uint64),
    )


Heard = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(Event))
Asked = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p)


class Refused(Exception):
    """Its message is an answer's `error`."""


class Synthesizer:
    """The library, of which a process can hold one."""

    def __init__(self, library: str, data: str) -> None:
        self._library = ctypes.CDLL(library)
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        if self._library.espeak_Initialize(SYNCHRONOUS, 0, data.encode(), DONT_EXIT) != SAMPLE_RATE:
            raise OSError("eSpeak NG does not start")
        self._heard = Heard(self._hear)  # kept: the library holds no reference
        self._library.espeak_SetSynthCallback(self._heard)
        # Without one, the library would open the files that <audio> names. 1: speak the text in their place.
        self._asked = Asked(lambda *_: 1)
        self._library.espeak_SetUriCallback(self._asked)
        self._samples = bytearray()
        self._words: list[tuple[int, float]] = []

    def _hear(self, samples: int | None, number: int, events: Any) -> int:
        if samples and number > 0:
            self._samples += ctypes.string_at(samples, 2 * number)
        index = 0
        while events[index].type:
            if events[index].type == WORD:
                self._words.append((events[index].position - 1, events[index].at / 1000))
            index += 1
        return int(len(self._samples) > 2 * SAMPLE_RATE * MOST_SECONDS)  # 1 stops it

    def say(self, text: str, *, ssml: bool, voice: str, rate: int) -> tuple[bytes, list[tuple[int, float]]]:
        """Return 16-bit mono samples, and where in the text and when (seconds) words begin."""
        self._choose(voice)
        self._library.espeak_SetParameter(RATE, rate, 0)
        self._samples, self._words = bytearray(), []
        encoded = _plain(text)
        flags = UTF_8 | (SSML if ssml else 0)
        if self._library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, flags, None, None) != 0:
            raise Refused("cannot be spoken")
        if len(self._samples) > 2 * SAMPLE_RATE * MOST_SECONDS:
            raise Refused("would be too long to listen to")
        if not any(self._samples):
            raise Refused("nothing to be heard")
        return bytes(self._samples), self._words

    def ipa(self, text: str, voice: str) -> str:
        """Return how `text` is pronounced, empty if it is not."""
        self._choose(voice)
        clause = ctypes.c_char_p(_plain(text))
        clauses = []
        while clause:
            spoken = self._library.espeak_TextToPhonemes(ctypes.byref(clause), UTF_8, IPA) or b""
            # (en)…(de): where a word is read as one of another language.
            clauses.append(re.sub(r"\([a-z-]+\)", "", spoken.decode(errors="ignore")).strip())
        return " ".join(filter(None, clauses))

    def _choose(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise Refused("no such voice")


def _plain(text: str) -> bytes:
    return text.translate(CONTROL).encode(errors="replace")


def as_wav(samples: bytes) -> bytes:
    import wave

    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(samples)
    return file.getvalue()


def as_mp3(samples: bytes) -> bytes:
    import lameenc  # type: ignore[import-not-found,import-untyped,unused-ignore]

    encoder = lameenc.Encoder()
    encoder.silence()  # or it would report on standard output
    encoder.set_channels(1)
    encoder.set_in_sample_rate(SAMPLE_RATE)
    encoder.set_out_sample_rate(SAMPLE_RATE)
    encoder.set_bit_rate(BIT_RATE_KBPS)
    encoder.set_quality(5)
    pieces = (encoder.encode(samples[start : start + PIECE]) for start in range(0, len(samples), PIECE))
    return b"".join(map(bytes, pieces)) + bytes(encoder.flush())


def answer(synthesizer: Synthesizer, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    if "ipa" in request:
        return {"ipa": [synthesizer.ipa(text, request["voice"]) for text in request["ipa"]]}, b""
    samples, words = synthesizer.say(request["say"], ssml=request["ssml"], voice=request["voice"], rate=request["rate"])
    encode = as_wav if request["format"] == "wav" else as_mp3
    return {"duration": len(samples) / 2 / SAMPLE_RATE, "words": words}, encode(samples)


def serve(synthesizer: Synthesizer, source: BinaryIO, sink: BinaryIO) -> None:
    while len(head := source.read(FRAME.size)) == FRAME.size:
        length, _ = FRAME.unpack(head)
        try:
            meta, body = answer(synthesizer, json.loads(source.read(length)))
        except Refused as refusal:
            meta, body = {"error": str(refusal)}, b""
        told = json.dumps(meta).encode()
        sink.write(FRAME.pack(len(told), len(body)) + told)
        sink.write(body)
        sink.flush()


def main() -> None:
    library, data, folder = sys.argv[1:]
    sys.path.append(folder)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the libraries print is no part of an answer
    serve(Synthesizer(library, data), sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()

"""Sound that libsndfile decodes, in this process: WAV, FLAC and MP3.

It stays in the process because it opens nothing but what it is handed, because three formats are all it is let near, of
which random damage never brought it down, and because a child and a pipe cost more than the decoding itself: five times
as much for a WAV, as much again for an MP3. Its other formats, Ogg among them, FFmpeg decodes faster.
"""

import contextlib
import math
import os
from collections.abc import Iterator
from typing import Any, Final, cast

import numpy as np
import soundfile
from numpy.typing import NDArray

from analysis.audio.formats import DAMAGED, Format, block_frames, check
from analysis.audio.sources import Opened
from fanfare.errors import UnusableContent

INSIDE: Final = {
    "wav": ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM"),
    "flac": ("PCM_S8", "PCM_16", "PCM_24"),
    "mp3": ("MPEG_LAYER_III",),
}
"""By the format that was recognised, what libsndfile may find in it."""
CONTAINERS: Final = {"wav": ("WAV", "WAVEX", "RF64"), "flac": ("FLAC",), "mp3": ("MP3",)}

STEP: Final = 1 << 12
"""Frames; where the file is damaged, this many are lost at most. Each step costs a seek, so they are for then."""


class SoundFileReader:
    """One file, or a part of it. `blocks` can be gone through once; `damaged` is known after that.

    `frames` is how many the whole file has, as its headers tell it. Close it.
    Raises `UnusableContent`, when made or when gone through; errors of the source as they are.
    """

    def __init__(self, source: Opened, kind: Format) -> None:
        self._source = _Guarded(source.file())
        self._sound = self._open()
        self._start, self._stop = 0, math.inf
        self.damaged = False
        try:
            _check_codec(self._sound, kind)
            self.rate, self.channels = self._sound.samplerate, self._sound.channels
            check(self.rate, self.channels)
        except BaseException:
            self.close()
            raise
        self.frames = self._sound.frames or None

    def narrow(self, start: int, stop: float) -> bool:
        """Confine it, before it is gone through, to frames from `start` up to `stop`. False if there are none."""
        try:
            self._sound.seek(start)
            reached = len(self._sound.read(1)) == 1 and self._sound.seek(start) == start
        except soundfile.SoundFileError:
            reached = False
        self._source.check()
        self._start, self._stop = start, stop
        return reached

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        at, size = self._start, block_frames(self.rate, self.channels)
        while at < self._stop:
            block = self._block(at, int(min(size, self._stop - at)))
            if not len(block):
                break
            at += len(block)
            yield block
        if at == 0:
            raise UnusableContent(DAMAGED if self.damaged else "there is no sound in it")

    def close(self) -> None:
        self._sound.close()

    def _open(self) -> soundfile.SoundFile:
        try:
            return soundfile.SoundFile(self._source.handle, closefd=False)
        except soundfile.SoundFileError:
            self._source.check()
            raise UnusableContent(DAMAGED) from None

    def _block(self, at: int, frames: int) -> NDArray[np.float32]:
        into = np.empty((frames, self.channels), np.float32)
        try:
            found = len(self._sound.read(out=into))
        except soundfile.SoundFileError:
            self.damaged, self._stop = True, 0
            found = self._salvage(at, into)
        self._source.check()
        return into[:found]

    def _salvage(self, at: int, into: NDArray[np.float32]) -> int:
        """Decode in small steps from frame `at`, up to what is broken; return how many frames were had."""
        done = 0
        with contextlib.suppress(soundfile.SoundFileError):
            self._sound.close()  # once it has failed, it does not go back
            self._source.rewind()
            self._sound = self._open()
            self._sound.seek(at)
            while found := len(self._sound.read(out=into[done : done + STEP])):
                done += found
        return done


def _check_codec(sound: soundfile.SoundFile, kind: Format) -> None:
    if sound.format not in CONTAINERS[kind.name] or sound.subtype not in INSIDE[kind.name]:
        raise UnusableContent("the sound in it is coded in a way that is not read")


class _Guarded:
    """A file for libsndfile, whose calls go through C, where exceptions are lost: the first is kept for `check`."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._error: Exception | None = None
        self.handle = file if isinstance(file, int) else self

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def rewind(self) -> None:
        if isinstance(self._file, int):
            os.lseek(self._file, 0, os.SEEK_SET)
        else:
            self._file.seek(0)

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return cast("int", self._file.seek(offset, whence))
        except (ValueError, OverflowError):  # before the beginning, as damaged files have it
            return -1

    def tell(self) -> int:
        return cast("int", self._file.tell())

    def readinto(self, buffer: Any) -> int:
        try:
            return cast("int", self._file.readinto(buffer))
        except Exception as error:  # noqa: BLE001  (whatever a source raises is its reader's to see)
            self._error = error
            return 0

    read = readinto  # soundfile looks for both, and calls `readinto`

"""Sound that FFmpeg decodes: in a child process, which holds no credentials and can open nothing (see `av_worker`).

A child for each file, so that what one stranger sends cannot wait there for what the next one does. It decodes ahead
while the caller works on the block before, as far as the pipe takes it: two cores are used without further ado.
"""

import contextlib
import fcntl
import functools
import importlib.util
import os
import select
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Final, cast

import numpy as np
from numpy.typing import NDArray

from analysis.audio.av_worker import AHEAD, BLOCK, HEAD, LENGTH, MEASURES, PIECE
from analysis.audio.formats import DAMAGED, Format, check
from analysis.audio.sources import Opened
from fanfare.errors import ContentTooLarge, FanfareError, UnusableContent, UpstreamError

WORKER: Final = Path(__file__).with_name("av_worker.py")
PATIENCE: Final = 60.0
"""Seconds for which a child may neither ask nor tell anything."""
PIPE: Final = 1 << 20
"""Bytes that a pipe holds: as many as Linux allows to everyone, and as the answer to a request may have."""

REASONS: Final = {
    b"silent": "there is no sound in it",
    b"encrypted": "the sound is encrypted",
    b"codec": "the sound in it is coded in a way that is not read",
    b"changing": "the sound changes its rate or its channels midway",
}
"""By the worker's words, which are all that it is believed."""


class Gone(Exception):
    """The child died, or does not keep to the protocol."""


class AvReader:
    """One file. `blocks` can be gone through once; `damaged` is known after that. Close it.

    Raises `UnusableContent` or `ContentTooLarge`, when made or when gone through, `UpstreamError` for a child that
    never began; errors of the source as they are.
    """

    def __init__(self, source: Opened, kind: Format) -> None:
        self._source = source
        self._child = _start(kind, source.size)
        self._from, self._to = cast("IO[bytes]", self._child.stdout), cast("IO[bytes]", self._child.stdin)
        self._told = self._frames()
        self._asked = False
        self.damaged = False
        try:
            self.rate, self.channels, frames = self._measures()
            check(self.rate, self.channels)
        except BaseException:
            self.close()
            raise
        self.frames = frames or None

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        for kind, body in self._told:
            if kind == b"E":
                self.damaged = any(body)
                return
            if kind != b"B" or body.nbytes % (4 * self.channels):
                raise UnusableContent(DAMAGED)
            yield body.view(np.float32).reshape(-1, self.channels)

    def close(self) -> None:
        """End the child, whatever it is at, and wait for its end."""
        self._told.close()
        self._child.kill()
        with self._child:  # closes the pipes, and waits
            pass

    def _measures(self) -> tuple[int, int, int]:
        kind, body = next(self._told)
        if kind != b"H" or body.nbytes != MEASURES.size:
            raise UnusableContent(DAMAGED)
        return cast("tuple[int, int, int]", MEASURES.unpack(body))

    def _frames(self) -> Generator[tuple[bytes, NDArray[np.uint8]]]:
        """What the child tells; what it asks is answered in between."""
        try:
            while True:
                kind, body = self._frame()
                if kind == b"R" and body.nbytes == PIECE.size:
                    self._answer(*PIECE.unpack(body))
                elif kind == b"F":
                    raise _refusal(body.tobytes())
                else:
                    yield kind, body
        except Gone:
            raise self._verdict() from None

    def _verdict(self) -> FanfareError:
        """Why the child is gone: a file that it has read nothing of is not to blame."""
        if not self._asked:
            return UpstreamError("decoder", "it never began")
        return UnusableContent("decoding it takes too long, or cannot be done at all")

    def _frame(self) -> tuple[bytes, NDArray[np.uint8]]:
        kind, size = HEAD.unpack(self._exactly(HEAD.size))
        if size > 4 * BLOCK:
            raise Gone
        return kind, self._exactly(size)

    def _exactly(self, size: int) -> NDArray[np.uint8]:
        found = np.empty(size, np.uint8)
        left = memoryview(found)
        while left:
            _await(self._from, select.POLLIN)
            if not (read := os.readv(self._from.fileno(), [left])):
                raise Gone
            left = left[read:]
        return found

    def _answer(self, start: int, stop: int) -> None:
        self._asked = True
        found = self._source.read(start, min(stop, self._source.size, start + AHEAD)) if start < stop else b""
        for part in (LENGTH.pack(len(found)), found):
            left = memoryview(part)
            while left:
                _await(self._to, select.POLLOUT)
                try:
                    left = left[os.write(self._to.fileno(), left) :]
                except BrokenPipeError:
                    raise Gone from None


def _refusal(word: bytes) -> FanfareError:
    if word == b"large":
        return ContentTooLarge("decoding takes more memory than it may")
    return UnusableContent(REASONS.get(word, DAMAGED))


def _await(pipe: IO[bytes], event: int) -> None:
    poll = select.poll()
    poll.register(pipe, event)
    if not poll.poll(PATIENCE * 1000):
        raise Gone


def _start(kind: Format, size: int) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(  # noqa: S603  (our own program; nothing of the file is in its arguments but the size)
        [sys.executable, "-I", "-S", str(WORKER), str(_folder()), kind.demuxer, str(size)],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        # No credentials. Where the interpreter's own libraries are, it has to know.
        env={name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ},
    )
    for pipe in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):  # all it costs is time
            fcntl.fcntl(cast("IO[bytes]", pipe), fcntl.F_SETPIPE_SZ, PIPE)
    # Or a child that asks and does not listen could hold the caller.
    os.set_blocking(cast("IO[bytes]", child.stdin).fileno(), False)
    return child


@functools.cache
def _folder() -> Path:
    """Where av is. It is looked for, not imported: it is for the children only."""
    spec = importlib.util.find_spec("av")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("av is not installed")
    return Path(spec.origin).parent.parent

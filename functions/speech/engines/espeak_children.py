"""The child processes that run eSpeak NG: started when needed, kept, replaced when they fail, ended with their loop."""

import asyncio
import atexit
import functools
import importlib.util
import json
import os
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self, cast

from fanfare import aio
from fanfare.errors import UpstreamError

NAME: Final = "espeak"
FRAME: Final = struct.Struct(">II")
"""As in `espeak_worker`."""
MOST_META: Final = 1 << 22
MOST_BODY: Final = 1 << 26
PIPE_BUFFER: Final = 1 << 20

WORKER: Final = Path(__file__).with_name("espeak_worker.py")


def _folder(module: str) -> Path:
    """The folder that `module` is in. It is looked for, not imported: what it brings is for the children only."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{module} is not installed")
    return Path(spec.origin).parent


LIBRARY: Final = _folder("espeakng_loader") / "libespeak-ng.so"
DATA: Final = LIBRARY.with_name("espeak-ng-data")


atexit.register(aio.close)  # a process that ends in order leaves no child to end by itself


class Gone(Exception):
    """A child that died, or does not keep to the protocol."""


async def ask(request: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Hand `request` to a child of this loop, once one is free; return its answer.

    Raises `UpstreamError`. Cancelling kills the child, which would otherwise go on.
    """
    try:
        return await _children(asyncio.get_running_loop()).ask(request)
    except (Gone, OSError) as error:
        raise UpstreamError(NAME, "the engine died") from error


class _Children:
    """Those of one loop. They end when it is closed, as after a SnapStart restore."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(os.process_cpu_count() or 1)
        self._idle: list[_Child] = []
        self._closed = False
        # Closing a loop cancels its tasks first, which is the last moment at which processes can be awaited. The end of
        # a request is not that moment.
        self._keeper = aio.outliving(self._keep())

    async def ask(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        async with self._places:
            if self._idle:
                try:
                    return await self._use(self._idle.pop(), request)
                except (Gone, OSError):
                    pass  # it may have died long ago, so this was no attempt yet
            return await self._use(await _Child.start(), request)

    async def _use(self, child: "_Child", request: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        answered = False
        try:
            answer = await child.ask(request)
            answered = True
        finally:
            if answered and not self._closed:
                self._idle.append(child)
            else:
                await child.end()
        return answer

    async def _keep(self) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self._closed = True
            while self._idle:
                await self._idle.pop().end()


@functools.lru_cache(maxsize=1)
def _children(_loop: asyncio.AbstractEventLoop) -> _Children:
    return _Children()


class _Child:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._source = cast("asyncio.StreamReader", process.stdout)
        self._sink = cast("asyncio.StreamWriter", process.stdin)

    @classmethod
    async def start(cls) -> Self:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            str(WORKER),
            str(LIBRARY),
            str(DATA),
            str(_folder("lameenc")),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=PIPE_BUFFER,
            # No credentials. Where the interpreter's own libraries are, it has to know.
            env={name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ},
        )
        return cls(process)

    async def ask(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        told = json.dumps(request).encode()
        self._sink.write(FRAME.pack(len(told), 0) + told)
        await self._sink.drain()
        try:
            meta_size, body_size = FRAME.unpack(await self._source.readexactly(FRAME.size))
            if meta_size > MOST_META or body_size > MOST_BODY:
                raise Gone
            meta = json.loads(await self._source.readexactly(meta_size))
            body = await self._source.readexactly(body_size)
        except (asyncio.IncompleteReadError, ValueError) as error:
            raise Gone from error
        if not isinstance(meta, dict):
            raise Gone
        return meta, body

    async def end(self) -> None:
        """Kill it, and wait for its end and that of its pipes."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()

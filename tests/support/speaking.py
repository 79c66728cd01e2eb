"""The embedded engine on a loop of its own, and the processes that this one has started."""

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from speech.engines.espeak import Espeak
from speech.utterance import Format, Speech, Utterance


def run[R](work: Coroutine[Any, Any, R]) -> R:
    """Run `work` on a loop of its own, and see that no process outlives it."""
    before = children()
    try:
        return asyncio.run(work)
    finally:
        assert children() == before


def children() -> set[int]:
    """The processes that this one has started, also those that have ended and were not awaited.

    Not those of local clouds, which have groups of their own and start functions whenever there is a message.
    """
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if (int(fields[1]), int(fields[2])) == (os.getpid(), os.getpgrp()):
            found.add(int(status.parent.name))
    return found


def environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def spoken(text: str = "", language: str = "en", audio_format: Format = "wav", **fields: Any) -> Speech:
    return run(Espeak().speak(Utterance(text, language, **fields), audio_format))

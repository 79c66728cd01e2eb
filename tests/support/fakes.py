"""In-memory stand-ins with failure switches."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fanfare.cache.record import Record


@dataclass
class FakeShared:
    """A shared tier in memory. `down` makes every call fail, `hangs` makes it wait for ever."""

    down: bool = False
    hangs: bool = False
    records: dict[str, Record] = field(default_factory=dict)
    leases: dict[str, tuple[int, float]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    async def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        if self.down:
            raise ConnectionError("the table is down")

    async def get_many(self, keys: Sequence[str], *, consistent: bool = False) -> dict[str, Record]:
        await self._call("get_many")
        return {key: self.records[key] for key in keys if key in self.records}

    async def put_many(self, records: Sequence[Record], *, ended: Sequence[str] = ()) -> None:
        await self._call("put_many")
        self.records |= {record.key: record for record in records}
        for key in ended:
            self.leases.pop(key, None)

    async def acquire(self, key: str, seconds: float) -> int | None:
        await self._call("acquire")
        fence, until = self.leases.get(key, (0, 0.0))
        if until > time.time():
            return None
        self.leases[key] = (fence + 1, time.time() + seconds)
        return fence + 1

    async def put_fenced(self, record: Record, fence: int) -> bool:
        await self._call("put_fenced")
        if self.leases.get(record.key, (0, 0.0))[0] != fence:
            return False
        self.records[record.key] = record
        self.leases[record.key] = (fence, 0.0)
        return True

    async def release(self, key: str, fence: int) -> None:
        await self._call("release")
        if self.leases.get(key, (0, 0.0))[0] == fence:
            self.leases[key] = (fence, 0.0)

    async def peek(self, key: str) -> tuple[Record | None, bool]:
        await self._call("peek")
        return self.records.get(key), self.leases.get(key, (0, 0.0))[1] > time.time()


@dataclass
class FakeQueue:
    sent: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    async def send(self, entries: Sequence[tuple[str, tuple[Any, ...]]]) -> None:
        self.sent += entries


class FakeUpstream:
    """A function behind a cache, which can fail and be slow; it numbers its answers."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.error: Exception | None = None
        self.seconds = 0.0

    async def __call__(self, argument: Any) -> str:
        self.calls.append(argument)
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return f"value of {argument} #{len(self.calls)}"

"""Three tiers under one call: memory, DynamoDB, S3. Misses are computed once, stale values revalidated by a queue.

A cache that is down is a miss, never an error: a shared tier that fails or is slow is left alone for a while.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from fanfare import aio, telemetry
from fanfare.aio import Failure
from fanfare.cache.cached import Cached, revalidating
from fanfare.cache.memory import Memory
from fanfare.cache.policy import Policy
from fanfare.cache.record import Record
from fanfare.errors import UpstreamError

SLOW: Final = 0.5
"""Seconds after which a read or a write of the shared tier is given up."""
PAUSE: Final = 10.0
"""Seconds for which a shared tier that failed is left alone."""
LOOK: Final = 0.2
"""Seconds between two attempts to take a lease that is held."""
EARLY: Final = 10
"""Records that are not kept back until the next `flush`."""
GATHER: Final = 0.001
"""Seconds for which reads of the shared tier are gathered into one."""


class SharedTier(Protocol):
    """What all processes share: `fanfare.cache.dynamodb.Table`, and the tests' in-memory fake."""

    async def get_many(self, keys: Sequence[str], *, consistent: bool = False) -> dict[str, Record]: ...
    async def put_many(self, records: Sequence[Record], *, ended: Sequence[str] = ()) -> None: ...
    async def acquire(self, key: str, seconds: float) -> int | None: ...
    async def put_fenced(self, record: Record, fence: int) -> bool: ...
    async def release(self, key: str, fence: int) -> None: ...
    async def peek(self, key: str) -> tuple[Record | None, bool]: ...


class RefreshQueue(Protocol):
    """Where stale entries are handed to, as (cache name, arguments)."""

    async def send(self, entries: Sequence[tuple[str, tuple[Any, ...]]]) -> None: ...


@dataclass(slots=True)
class _Batch:
    """A read of the shared tier that is about to be made."""

    keys: list[str]
    records: asyncio.Future[dict[str, Record]]


class Store:
    """The caches of one process. `shared` and `queue` may be missing: then each process is on its own, and a stale
    value is recomputed by whoever finds it.
    """

    def __init__(
        self, *, shared: SharedTier | None = None, queue: RefreshQueue | None = None, max_bytes: int = 1 << 25
    ) -> None:
        self.began = time.time()
        self.memory = Memory(max_bytes)
        self.queue = queue
        self.flights: dict[str, asyncio.Future[Any]] = {}
        self.guesses: set[str] = set()
        """Flights that nobody has asked for yet."""
        self.totals: Counter[str] = Counter()
        """Events as ``name.event`` since `began`."""
        self._shared = shared
        self._shared_after = float("-inf")
        self._bound: dict[str, Cached[Any]] = {}
        self._batch: _Batch | None = None
        self._unwritten: list[Record] = []
        self._unwritten_fenced: list[tuple[Record, int]] = []
        self._writing: set[asyncio.Task[None]] = set()
        self._unreleased: list[tuple[str, int]] = []
        self._ended: list[str] = []
        self._stale: dict[str, tuple[str, tuple[Any, ...]]] = {}

    def bind[R](
        self,
        policy: Policy,
        compute: Callable[..., Awaitable[R]],
        *,
        keep: Callable[[R], bool] = lambda _: True,
        key: Callable[..., tuple[Any, ...]] = lambda *arguments: arguments,
        holds: Callable[[R], Awaitable[bool]] | None = None,
    ) -> Cached[R]:
        """Put a cache in front of `compute`, an async function of plain values that returns plain values.

        A value for which `keep` is false is returned, but not remembered. `key` reduces the arguments to what makes
        them the same. `holds` tells of a value past its time whether it is as good as a new one.
        """
        cached = Cached(self, policy, compute, keep=keep, key=key, holds=holds)
        self._bound[policy.name] = cached
        return cached

    def policies(self) -> list[Policy]:
        """Of the caches that are bound."""
        return [cached.policy for cached in self._bound.values()]

    async def refresh(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Recompute a stale entry, unless somebody already has.

        Raises what the computation raises, and `UpstreamError` where nothing worth keeping came of it, so that whoever
        asked for the refresh asks again later.
        """
        cached = self._bound[name]
        token = revalidating.set(True)
        try:
            await cached.get(*arguments)
        finally:
            revalidating.reset(token)
        now = time.time()
        record = self.memory.get(cached.key(arguments), now)
        if record is None or record.soft <= now:
            raise UpstreamError(name, "no fresh value could be made")

    async def flush(self) -> None:
        """Write what was computed to the shared tier, give leases back and hand stale entries to the queue; to be
        awaited before the process may be frozen.
        """
        records, self._unwritten = self._unwritten, []
        unreleased, self._unreleased = self._unreleased, []
        ended, self._ended = self._ended, []
        fenced, self._unwritten_fenced = self._unwritten_fenced, []
        stale, self._stale = list(self._stale.values()), {}
        tier = self.shared
        work: list[Coroutine[Any, Any, Any]] = []
        if tier is not None:
            work += [tier.put_fenced(record, fence) for record, fence in fenced]
            work += [tier.release(key, fence) for key, fence in unreleased]
            if records or ended:
                # In one call: whoever waits for a lease shall find what was written under it.
                work.append(tier.put_many(records, ended=ended))
        guarded = [self.guarded(each, None) for each in work]
        if stale and self.queue is not None:
            guarded.append(_attempted(self.queue.send(stale)))
        await asyncio.gather(*guarded, *self._writing)

    @property
    def shared(self) -> SharedTier | None:
        """The shared tier, or None while it is left alone."""
        return self._shared if time.monotonic() >= self._shared_after else None

    async def guarded[R](self, work: Coroutine[Any, Any, R], otherwise: R) -> R:
        """Await a call to AWS; if it fails or is slow, return `otherwise` and leave the tier alone for `PAUSE`."""
        result = await aio.isolated(work, timeout=SLOW)
        if not isinstance(result, Failure):
            return result
        if not aio.deadline().remaining():
            return otherwise
        self._shared_after = time.monotonic() + PAUSE
        telemetry.figures().cache["shared.down"] += 1
        telemetry.log_failure("the shared cache is down", result.error)
        return otherwise

    async def read(self, keys: Sequence[str], *, consistent: bool = False) -> dict[str, Record]:
        """Read the shared tier; calls within a moment of each other share one read.

        A `consistent` one finds what was written a moment ago, at twice the price.
        """
        if self.shared is None:
            return {}
        if consistent:
            return await self.guarded(self.shared.get_many(keys, consistent=True), {})
        batch = self._batch
        if batch is None or batch.records.done():
            batch = self._batch = _Batch([], asyncio.ensure_future(self._read_batch()))
        batch.keys += keys
        found = await asyncio.shield(batch.records)
        return {key: found[key] for key in keys if key in found}

    async def _read_batch(self) -> dict[str, Record]:
        await asyncio.sleep(GATHER)
        batch, self._batch = self._batch, None
        tier = self.shared
        if batch is None or tier is None:
            return {}
        return await self.guarded(tier.get_many(list(dict.fromkeys(batch.keys))), {})

    def remember(self, record: Record, fence: int | None) -> None:
        """Keep a computed record in memory, and for the next `flush`, or until `EARLY` are to be written."""
        self.memory.put(record)
        if fence is not None:
            self._unwritten_fenced.append((record, fence))
            return
        if len(self._unwritten) >= EARLY and self.shared is not None:
            records, self._unwritten = self._unwritten, []
            write = aio.outliving(self.guarded(self.shared.put_many(records), None))
            self._writing.add(write)
            write.add_done_callback(self._writing.discard)
        self._unwritten.append(record)

    @asynccontextmanager
    async def lease(self, key: str, seconds: float) -> AsyncIterator[bool]:
        """Hold a lease for a block, so that several processes do not do the same work at the same time.

        It ends with the next `flush`. Whoever finds it held waits for that, or until `seconds` have passed, and is told
        so: by then the work may be done. Nobody waits for longer than half of the time there is, nobody at all where
        there is no shared tier.
        """
        give_up = time.monotonic() + min(seconds, aio.deadline().remaining() / 2)
        waited = False
        fence: int | None = None
        while self.shared is not None:
            fence = await self.guarded(self.shared.acquire(key, seconds), None)
            if fence is not None or self.shared is None or time.monotonic() >= give_up:
                break
            waited = True
            await asyncio.sleep(LOOK)
        try:
            yield waited
        finally:
            if fence is not None:
                self._ended.append(key)

    def give_back(self, key: str, fence: int) -> None:
        """Give a lease back at the next `flush`, which has time when that of the request is used up."""
        self._unreleased.append((key, fence))

    def mark_stale(self, key: str, name: str, arguments: tuple[Any, ...]) -> None:
        self._stale[key] = (name, arguments)


async def _attempted(sending: Coroutine[Any, Any, None]) -> None:
    """Hand stale entries over; if that fails, whoever next meets them tries again."""
    result = await aio.isolated(sending, timeout=SLOW)
    if isinstance(result, Failure):
        telemetry.log_failure("stale entries could not be handed to the queue", result.error)

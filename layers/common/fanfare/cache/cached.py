"""An async function with a cache in front of it: recalled, joined, or computed once."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import msgpack

from fanfare import aio, telemetry
from fanfare.aio import Failure
from fanfare.cache.policy import Policy
from fanfare.cache.record import Record, cache_key
from fanfare.errors import NotFound, UpstreamError

if TYPE_CHECKING:
    from fanfare.cache.store import SharedTier, Store

POLL: Final = (0.05, 0.3)
"""Seconds between looks at a value that another process computes: at first, and at most."""

revalidating: ContextVar[bool] = ContextVar("revalidating", default=False)
"""Set while a refresh runs: then a stale value, of any cache met on the way, counts only if no new one can be had."""


@dataclass(frozen=True, slots=True)
class Entry[R]:
    """A value, where it came from, its age in seconds, and whether it is past its time."""

    value: R
    source: Literal["computed", "memory", "shared"]
    age: float = 0.0
    stale: bool = False


class Cached[R]:
    """An async function with a cache in front of it; see `Store.bind`."""

    def __init__(
        self,
        store: "Store",
        policy: Policy,
        compute: Callable[..., Awaitable[R]],
        *,
        keep: Callable[[R], bool],
        key: Callable[..., tuple[Any, ...]],
        holds: Callable[[R], Awaitable[bool]] | None,
    ) -> None:
        self._store = store
        self.policy = policy
        self._compute = compute
        self._keep = keep
        self._key = key
        self._holds = holds

    def key(self, arguments: tuple[Any, ...]) -> str:
        return cache_key(self.policy.name, self.policy.version, self._key(*arguments))

    async def recall(self, many: Sequence[tuple[Any, ...]], *, consistent: bool = False) -> list[Entry[R] | None]:
        """Return what is remembered and fresh, None for the rest, in order: one read of the shared tier at most."""
        keys = [self.key(arguments) for arguments in many]
        now = time.time()
        kept = {key: self._store.memory.get(key, now) for key in keys}
        near = {key: record for key, record in kept.items() if record is not None and record.soft > now}
        far = [key for key in kept if key not in near]
        read = await self._read(far, consistent=consistent) if far else {}
        now = time.time()
        found: dict[str, Entry[R]] = {}
        for key, record in (near | read).items():
            entry = self._entry(record, "memory" if key in near else "shared", now) if record.soft > now else None
            if isinstance(entry, Entry):
                found[key] = entry
        return [found.get(key) for key in keys]

    def put(self, arguments: tuple[Any, ...], value: R) -> None:
        """Remember a value that came in another way."""
        self._remember(self._record(self.key(arguments), value, self.policy.ttl), None)

    async def get(
        self, *arguments: Any, compute: Callable[..., Awaitable[R]] | None = None, recall: bool = True
    ) -> Entry[R]:
        """Return the value for `arguments`, computing it if need be, by `compute` where this call brings its own.

        Without `recall` the shared tier is not asked, because the caller just did.
        Raises what the computation raises, and `NotFound` for a remembered negative.
        """
        (result,) = await self.get_many([arguments], compute=compute, recall=recall)
        if isinstance(result, Failure):
            raise result.error
        return result

    async def get_many(
        self,
        many: Sequence[tuple[Any, ...]],
        *,
        limit: int = 32,
        timeout: float = float("inf"),
        compute: Callable[..., Awaitable[R]] | None = None,
        recall: bool = True,
    ) -> list[Entry[R] | Failure]:
        """Return an entry or a `Failure` for each tuple of arguments, in order.

        One read of the shared tier for all that memory lacks; only what is missing is computed, `limit` at a time,
        `timeout` seconds each. A key that is already being loaded is waited for, not loaded again.
        """
        keys = [self.key(arguments) for arguments in many]
        wanted = dict(zip(keys, many, strict=True))
        found: dict[str, Entry[R] | Failure] = {}
        joined: dict[str, asyncio.Future[Entry[R] | Failure]] = {}
        own: dict[str, asyncio.Future[Entry[R] | Failure]] = {}
        now = time.time()
        for key in wanted:
            record = self._store.memory.get(key, now)
            if record is not None and record.soft > now:
                found[key] = self._entry(record, "memory", now)
            elif key in self._store.flights:
                joined[key] = self._store.flights[key]
            else:
                own[key] = self._store.flights[key] = asyncio.get_running_loop().create_future()
        self._count("coalesced", len(joined))
        if own:
            if telemetry.is_speculative():
                self._store.guesses.update(own)
            try:
                if recall:
                    await self._recall(own, wanted)
                await self._make(own, wanted, limit, timeout, compute or self._compute)
                found |= {key: flight.result() for key, flight in own.items()}
            finally:
                for key, flight in own.items():
                    del self._store.flights[key]
                    self._store.guesses.discard(key)
                    flight.cancel()  # where this load was itself cancelled: whoever joined it loads on its own
        for key, flight in joined.items():
            found[key] = await self._join(key, flight, wanted[key], timeout)
        return [found[key] for key in keys]

    async def _join(
        self, key: str, flight: asyncio.Future[Any], arguments: tuple[Any, ...], timeout: float
    ) -> Entry[R] | Failure:
        """Wait for somebody else's load, which may have more time than there is here.

        If it is cancelled, or was only a guess and failed, load it after all.
        """
        guessed = key in self._store.guesses and not telemetry.is_speculative()
        try:
            joined: Entry[R] | Failure = await aio.isolated(asyncio.shield(flight), timeout=timeout)
            guessed = guessed and flight.done()
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if not flight.cancelled() or (current is not None and current.cancelling()):
                raise
            joined = Failure(UpstreamError(self.policy.name, "the load was cancelled"))
            guessed = True
        if isinstance(joined, Failure) and guessed and not isinstance(joined.error, NotFound):
            (joined,) = await self.get_many([arguments], timeout=timeout)
        return joined

    async def _recall(
        self,
        flights: dict[str, asyncio.Future[Entry[R] | Failure]],
        wanted: dict[str, tuple[Any, ...]],
    ) -> None:
        """Resolve what the shared tier has. A stale value counts, and is handed to the queue, where there is one."""
        for key, record in (await self._read(list(flights))).items():
            flight, now = flights[key], time.time()
            if record.soft > now:
                flight.set_result(self._entry(record, "shared", now))
            elif self._store.queue is not None and not revalidating.get():
                self._store.mark_stale(key, self.policy.name, wanted[key])
                flight.set_result(self._entry(record, "shared", now))

    async def _read(self, keys: Sequence[str], *, consistent: bool = False) -> dict[str, Record]:
        """Return the latest usable record of each key that memory or the shared tier has one of; memory keeps it."""
        kept = await self._store.read(keys, consistent=consistent)
        now = time.time()
        latest = {key: _latest(kept.get(key), self._store.memory.get(key, now)) for key in keys}
        usable = {key: record for key, record in latest.items() if record is not None and record.hard > now}
        for record in usable.values():
            self._store.memory.put(record)
        return usable

    async def _make(
        self,
        flights: dict[str, asyncio.Future[Entry[R] | Failure]],
        wanted: dict[str, tuple[Any, ...]],
        limit: int,
        timeout: float,
        compute: Callable[..., Awaitable[R]],
    ) -> None:
        """Resolve the rest by computing, each as soon as it is there."""

        async def one(key: str) -> None:
            flights[key].set_result(await self._computed(key, wanted[key], compute))

        missing = [key for key, flight in flights.items() if not flight.done()]
        results = await aio.fan_out(missing, one, limit=limit, timeout=timeout)
        for key, result in zip(missing, results, strict=True):
            if isinstance(result, Failure):
                flights[key].set_result(self._or_stale(key, result))

    def _or_stale(self, key: str, result: Failure) -> Entry[R] | Failure:
        """Put a value past its time, marked stale, in the place of a failure."""
        now = time.time()
        record = None if isinstance(result.error, NotFound) else self._store.memory.get(key, now)
        return result if record is None else self._entry(record, "memory", now)

    async def _computed(
        self, key: str, arguments: tuple[Any, ...], compute: Callable[..., Awaitable[R]]
    ) -> Entry[R] | Failure:
        fence: int | None = None
        tier = self._store.shared
        if self.policy.lease and tier is not None:
            leased = await self._lease(tier, key)
            if isinstance(leased, Record):
                self._count("coalesced")
                self._store.memory.put(leased)
                return self._entry(leased, "shared", time.time())
            fence = leased
        entry = await self._renewed(key, fence)
        if entry is not None:
            return entry
        self._count("miss")
        kept = False
        try:
            value = await compute(*arguments)
            if self._keep(value):
                self._remember(self._record(key, value, self.policy.ttl), fence)
                kept = True
        except NotFound as error:
            if self.policy.negative:
                self._remember(self._record(key, str(error), self.policy.negative, negative=True), fence)
                kept = True
            raise
        finally:
            if fence is not None and not kept and tier is not None:
                if aio.deadline().remaining():
                    await self._store.guarded(tier.release(key, fence), None)
                else:
                    self._store.give_back(key, fence)
        return Entry(value, "computed")

    async def _renewed(self, key: str, fence: int | None) -> Entry[R] | Failure | None:
        """Keep a value past its time for another `ttl`, where it is cheap to tell that it still holds."""
        now = time.time()
        record = self._store.memory.get(key, now)
        if self._holds is None or record is None or record.negative:
            return None
        value: R = msgpack.unpackb(record.body)
        if not await self._holds(value):
            self._store.memory.drop(key)  # not even stale
            return None
        renewed = self._record(key, value, self.policy.ttl)
        self._remember(renewed, fence)
        return self._entry(renewed, "shared", now)

    def _remember(self, record: Record, fence: int | None) -> None:
        """Share a record, unless that might overwrite what the holder of a lease is about to write."""
        if self.policy.lease and fence is None:
            self._store.memory.put(record)
        else:
            self._store.remember(record, fence)

    async def _lease(self, tier: "SharedTier", key: str) -> int | Record | None:
        """Return a fence to compute with, the record if another process made it meanwhile, or None: compute anyway."""
        give_up = time.monotonic() + self.policy.lease
        pause, longest = POLL
        while True:
            fence = await self._store.guarded(tier.acquire(key, self.policy.lease), None)
            if fence is not None or self._store.shared is None:
                return fence
            leased = True
            while leased:
                if time.monotonic() >= give_up:
                    return None
                await asyncio.sleep(pause)
                pause = min(longest, pause * 1.5)
                record, leased = await self._store.guarded(tier.peek(key), (None, False))
                if record is not None and record.soft > time.time():
                    return record

    def _record(self, key: str, value: object, ttl: float, *, negative: bool = False) -> Record:
        now = time.time()
        soft = now + ttl * random.uniform(0.9, 1.0)
        body: bytes = msgpack.packb(value)
        self._count("bytes", len(body))
        return Record(key, body, now, soft, soft if negative else soft + self.policy.stale, negative)

    def _entry(self, record: Record, source: Literal["memory", "shared"], now: float) -> Entry[R] | Failure:
        value = msgpack.unpackb(record.body)
        if record.negative:
            self._count("negative")
            return Failure(NotFound(value))
        stale = record.soft <= now
        self._count("stale" if stale else "hit")
        return Entry(value, source, max(0.0, now - record.made_at), stale)

    def _count(self, event: str, number: int = 1) -> None:
        if number:
            telemetry.figures().cache[f"{self.policy.name}.{event}"] += number
            self._store.totals[f"{self.policy.name}.{event}"] += number


def _latest(*records: Record | None) -> Record | None:
    return max((record for record in records if record is not None), key=lambda each: each.made_at, default=None)

"""At most so many calls in any so many seconds, counted over all processes: how an upstream's quota is kept.

The calls are booked in one log in the cache table, see `fanfare.cache.ledger`: whoever needs slots books all that its
process is about to need with one write, now or as soon as they are free, and nobody polls. Where there is no table, or
it is slow or down, each process keeps a log of its own.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from itertools import repeat
from typing import Final, Protocol

import msgpack

from fanfare import aio
from fanfare.cache import Store
from fanfare.cache.ledger import Ledger
from fanfare.errors import UpstreamRateLimited
from fanfare.settings import Settings

SHARERS: Final = 4
"""Processes that the allowance is divided by while none knows of the others."""

type Log = list[tuple[float, int]]
"""Moments and how many slots begin there, in the order of time."""


class SharedLog(Protocol):
    """What all processes book in: `fanfare.cache.ledger.Ledger`, and the tests' in-memory fake."""

    async def change(self, key: str, make: Callable[[bytes], bytes | None], *, seconds: float) -> bool: ...


class Window:
    """`calls` in any `seconds`, as the server of `name` counts them.

    What the server counts is when a call arrives. A slot is therefore used within `kept` seconds from its moment on, a
    call takes `way` seconds at most to arrive, differences between clocks included, and a slot is free again only
    `seconds` after that.
    """

    def __init__(
        self,
        name: str,
        calls: int,
        seconds: float,
        *,
        store: Store | None = None,
        shared: SharedLog | None = None,
        kept: float = 1.0,
        way: float = 0.5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.calls = calls
        self.seconds = seconds
        self._span = seconds + kept + way
        self._kept = kept
        self._store = store
        self._shared = shared
        self._clock = clock
        self._lock = asyncio.Lock()
        self._asking = 0
        self._slots: deque[float] = deque()
        self._own: Log = []
        self._unshared: Log = []

    async def turn(self, behind: Callable[[], int] = lambda: 0) -> None:
        """Wait for a slot; whoever returns from here makes one call at once.

        `behind` tells how many more will come within `kept` seconds, so that their slots are booked, too.
        Raises `UpstreamRateLimited` where none is free before the current deadline.
        """
        while True:
            self._asking += 1
            try:
                async with self._lock:
                    moment = await self._slot(behind)
            finally:
                self._asking -= 1
            await asyncio.sleep(max(0.0, moment - self._clock()))
            if self._clock() <= moment + self._kept:
                return  # others have been kept for too long

    async def _slot(self, behind: Callable[[], int]) -> float:
        until = self._clock() + aio.deadline().remaining()
        first = self._slots[0] if self._slots else await self._book(behind, until)
        if first > until:
            raise UpstreamRateLimited(self.name, "the allowance is used up", retry_after=first - self._clock())
        return self._slots.popleft()

    async def _book(self, behind: Callable[[], int], until: float) -> float:
        """Book slots that begin until then; return the moment of the first, or of the first there would be."""
        await asyncio.sleep(0)  # those who begin together ask together
        wanted = min(self.calls, self._asking + behind())
        log = await self._book_shared(wanted, until) if self._shared is not None else None
        if log is None:
            log = self._book_alone(wanted, until)
        for moment, number in log:
            if moment <= until:
                self._slots.extend(repeat(moment, number))
        return log[0][0]

    async def _book_shared(self, wanted: int, until: float) -> Log | None:
        """Book in the log of all processes; None where that cannot be had."""
        made: Log = []

        def book(body: bytes) -> bytes | None:
            nonlocal made
            now = self._clock()
            # What was booked alone while the table was down is told now.
            log = self._recent(sorted([*_read(body), *self._unshared]), now)
            made = booked(log, wanted, now=now, calls=self.calls, span=self._span)
            kept = _until(made, until)
            return msgpack.packb(log + kept) if kept else None

        if self._shared is None or (self._store is not None and self._store.shared is None):
            return None
        change = self._shared.change(f"window:{self.name}", book, seconds=self._span)
        if not (await change if self._store is None else await self._store.guarded(change, otherwise=False)):
            return None
        if kept := _until(made, until):
            self._unshared = []
            self._own = self._recent(self._own, self._clock()) + kept
        return made

    def _book_alone(self, wanted: int, until: float) -> Log:
        now = self._clock()
        calls = self.calls if self._shared is None else max(1, self.calls // SHARERS)
        self._own = self._recent(self._own, now)
        made = booked(self._own, min(wanted, calls), now=now, calls=calls, span=self._span)
        self._own += _until(made, until)
        if self._shared is not None:
            self._unshared = self._recent(self._unshared, now) + _until(made, until)
        return made

    def _recent(self, log: Log, now: float) -> Log:
        return [(moment, number) for moment, number in log if moment + self._span > now]


def configured(name: str, calls: int, seconds: float, chosen: Settings, store: Store) -> Window:
    """Return a window that is shared through the cache table of the settings, if they name one."""
    shared = Ledger(chosen.cache_table) if chosen.cache_table else None
    return Window(name, calls, seconds, store=store, shared=shared)


def booked(log: Log, wanted: int, *, now: float, calls: int, span: float) -> Log:
    """Return the earliest moments from `now` on at which `wanted` slots are free, after all that are booked already.

    A slot is taken for `span` seconds; at most `calls` are at any moment.
    """
    made: Log = []
    moment = max([now, *(at for at, _ in log)])
    while wanted:
        taken = [(at, number) for at, number in [*log, *made] if at + span > moment]
        free = min(wanted, calls - sum(number for _, number in taken))
        if free > 0:
            made.append((moment, free))
            wanted -= free
        else:
            moment = min(at for at, _ in taken) + span
    return made


def _until(log: Log, until: float) -> Log:
    return [(moment, number) for moment, number in log if moment <= until]


def _read(body: bytes) -> Log:
    return [(moment, number) for moment, number in msgpack.unpackb(body)] if body else []

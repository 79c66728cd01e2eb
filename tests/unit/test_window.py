"""A quota over all processes, on virtual time: the upstream counts what arrives, and never too much does."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanfare import aio
from fanfare.cache import Store
from fanfare.cache.store import SLOW
from fanfare.errors import UpstreamRateLimited
from fanfare.upstreams.window import SHARERS, Log, Window, booked
from support.fakes import FakeShared
from support.virtual_time import run_virtual

CALLS, SECONDS, KEPT, WAY = 5, 2.0, 0.4, 0.1
SPAN = SECONDS + KEPT + WAY


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class FakeLog:
    """A shared log in memory whose writes take `seconds`; of two at once the later is made again. It can be down."""

    seconds: float = 0.01
    down: bool = False
    writes: int = 0
    version: int = 0
    body: bytes = b""

    async def change(self, key: str, make: Callable[[bytes], bytes | None], *, seconds: float) -> bool:
        while True:
            if self.down:
                raise ConnectionError("the table is down")
            version, made = self.version, make(self.body)
            if made is None:
                return True
            self.writes += 1
            await asyncio.sleep(random.uniform(self.seconds / 2, self.seconds))
            if self.version == version:
                self.version, self.body = version + 1, made
                return True


@dataclass
class Upstream:
    """What arrives at the upstream, and when."""

    way: float = WAY
    arrivals: list[float] = field(default_factory=list)

    async def call(self, window: Window, *, after: float = 0.0, behind: int = 0) -> None:
        await asyncio.sleep(after)
        await window.turn(lambda: behind)
        await asyncio.sleep(random.uniform(0, self.way))
        self.arrivals.append(now())

    def most(self) -> int:
        """The most calls that arrived in any `SECONDS`."""
        arrivals = sorted(self.arrivals)
        return max(sum(first <= each < first + SECONDS - 1e-9 for each in arrivals) for first in arrivals)


def window(shared: FakeLog | None = None, store: Store | None = None) -> Window:
    return Window("fake", CALLS, SECONDS, shared=shared, store=store, kept=KEPT, way=WAY, clock=now)


@settings(max_examples=60, deadline=None)
@given(
    processes=st.lists(
        st.lists(st.floats(0, 8, allow_subnormal=False), min_size=1, max_size=15), min_size=1, max_size=5
    ),
    behind=st.integers(0, 6),
    seed=st.integers(0, 1000),
)
def test_no_window_ever_holds_more_than_the_allowance(processes: list[list[float]], behind: int, seed: int) -> None:
    async def scenario() -> Upstream:
        random.seed(seed)
        upstream, log = Upstream(), FakeLog()
        async with asyncio.TaskGroup() as group:
            for starts in processes:
                own = window(log)
                for start in starts:
                    group.create_task(upstream.call(own, after=start, behind=behind))
        return upstream

    upstream = run_virtual(scenario())
    assert len(upstream.arrivals) == sum(map(len, processes))
    assert upstream.most() <= CALLS


@given(
    log=st.lists(st.tuples(st.floats(0, 20), st.integers(1, CALLS)), max_size=8).map(sorted),
    wanted=st.integers(1, CALLS),
)
def test_slots_are_booked_as_early_as_the_allowance_lets_them(log: Log, wanted: int) -> None:
    made = booked(log, wanted, now=10.0, calls=CALLS, span=SPAN)
    assert sum(number for _, number in made) == wanted
    assert all(moment >= max([10.0, *(at for at, _ in log)]) for moment, _ in made)
    assert all(first[0] < second[0] for first, second in pairwise(made))
    for number, (moment, _) in enumerate(made):
        taken = [*log, *made[: number + 1]]
        assert sum(count for at, count in taken if at + SPAN > moment) <= CALLS
        # None could have begun earlier: it waits for the one before it, for now, or for one that ends just then.
        earlier = {at for at, _ in log} | {10.0} | {at + SPAN for at, _ in [*log, *made]}
        assert moment in earlier


def test_a_free_window_keeps_nobody_waiting_and_a_full_one_for_as_long_as_it_must() -> None:
    async def scenario() -> list[float]:
        upstream, own = Upstream(way=0.0), window()
        began = now()
        await asyncio.gather(*(upstream.call(own) for _ in range(2 * CALLS + 1)))
        return [round(each - began, 2) for each in upstream.arrivals]

    assert run_virtual(scenario()) == [0.0] * CALLS + [SPAN] * CALLS + [2 * SPAN]


def test_calls_that_come_in_rounds_are_booked_with_one_write() -> None:
    async def scenario() -> int:
        log = FakeLog()
        own = Window("fake", 50, 5.0, shared=log, clock=now)
        gate, left = asyncio.Semaphore(6), [16]

        async def call() -> None:
            async with gate:
                left[0] -= 1
                await own.turn(lambda: left[0])
                await asyncio.sleep(0.25)

        await asyncio.gather(*(call() for _ in range(16)))
        return log.writes

    assert run_virtual(scenario()) == 1


def test_calls_that_begin_together_are_booked_with_one_write() -> None:
    async def scenario() -> int:
        log, upstream = FakeLog(), Upstream()
        own = window(log)
        await asyncio.gather(*(upstream.call(own) for _ in range(CALLS)))
        return log.writes

    assert run_virtual(scenario()) == 1


def test_who_would_wait_past_the_deadline_is_told_how_long_and_writes_nothing() -> None:
    async def scenario() -> tuple[float | None, int, list[float]]:
        log, upstream = FakeLog(), Upstream(way=0.0)
        own = window(log)
        await asyncio.gather(*(upstream.call(own) for _ in range(CALLS)))
        writes, began = log.writes, now()
        with aio.within(aio.Deadline.after(1.0)), pytest.raises(UpstreamRateLimited) as raised:
            await own.turn()
        assert now() - began < 0.1
        refused = log.writes - writes
        other = window(log)
        with aio.within(aio.Deadline.after(3.0)):
            await upstream.call(other)
        return raised.value.retry_after, refused, upstream.arrivals

    retry_after, writes, arrivals = run_virtual(scenario())
    assert retry_after == pytest.approx(SPAN, abs=0.05)
    assert writes == 0
    assert arrivals[-1] - arrivals[0] == pytest.approx(SPAN, abs=0.05)


def test_slots_that_are_kept_too_long_are_not_used() -> None:
    async def scenario() -> tuple[int, int]:
        log, upstream = FakeLog(), Upstream()
        own = window(log)
        await upstream.call(own, behind=CALLS - 1)
        await upstream.call(own)
        soon = log.writes
        await upstream.call(own, after=KEPT + 0.1)
        return soon, log.writes

    assert run_virtual(scenario()) == (1, 2)


def test_a_cancelled_caller_holds_nobody_up() -> None:
    async def scenario() -> int:
        log, upstream = FakeLog(seconds=0.1), Upstream()
        own = window(log)
        first = asyncio.create_task(upstream.call(own))
        second = asyncio.create_task(upstream.call(own))
        await asyncio.sleep(0.01)
        first.cancel()
        await second
        return len(upstream.arrivals)

    assert run_virtual(scenario()) == 1


def test_while_the_table_is_down_each_process_keeps_to_a_share_and_tells_it_afterwards() -> None:
    async def scenario() -> tuple[list[float], int]:
        log, upstream = FakeLog(down=True), Upstream(way=0.0)
        store = Store(shared=FakeShared())
        own = Window("fake", 8, 60.0, shared=log, store=store, clock=now)
        with aio.within(aio.Deadline.after(5)):
            results = await asyncio.gather(*(upstream.call(own) for _ in range(5)), return_exceptions=True)
        assert [type(each) for each in results] == [type(None)] * (8 // SHARERS) + [UpstreamRateLimited] * 3
        assert store.shared is None
        store._shared_after = float("-inf")
        log.down = False
        other = Window("fake", 8, 60.0, shared=log, clock=now)
        for _ in range(2):
            await own.turn()
        with aio.within(aio.Deadline.after(5)):
            others = await asyncio.gather(*(upstream.call(other) for _ in range(8)), return_exceptions=True)
        return upstream.arrivals, sum(each is None for each in others)

    arrivals, others = run_virtual(scenario())
    assert others == 8 - 8 // SHARERS - 2
    assert len(arrivals) == 8 - 2


def test_what_was_booked_together_counts_when_a_process_is_alone() -> None:
    async def scenario() -> float | None:
        log, upstream = FakeLog(), Upstream(way=0.0)
        own = Window("fake", 8, 60.0, shared=log, store=Store(shared=FakeShared()), clock=now)
        await asyncio.gather(*(upstream.call(own) for _ in range(2)))
        log.down = True
        with aio.within(aio.Deadline.after(5)), pytest.raises(UpstreamRateLimited) as raised:
            await own.turn()
        return raised.value.retry_after

    assert run_virtual(scenario()) == pytest.approx(61.5, abs=0.1)


def test_a_slow_table_is_left_alone() -> None:
    async def scenario() -> tuple[int, float]:
        log, upstream = FakeLog(seconds=60.0), Upstream(way=0.0)
        own = window(log, Store(shared=FakeShared()))
        began = now()
        for _ in range(2):
            await upstream.call(own)
        return log.writes, now() - began

    writes, seconds = run_virtual(scenario())
    assert writes == 1
    assert seconds < SLOW + SPAN + 0.1

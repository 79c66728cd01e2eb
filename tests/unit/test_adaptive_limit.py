"""The limit with a ramp, and with upstreams that ask for a pause."""

import asyncio
from dataclasses import dataclass

import pytest

from fanfare import resilience
from fanfare.aio import Deadline, within
from fanfare.resilience import AdaptiveLimit, Paused
from support.virtual_time import run_virtual


@dataclass
class Upstream:
    """Takes `allows` calls at once, of one second each; others are refused at once."""

    limit: AdaptiveLimit
    allows: int
    retry_after: float = 1.0
    running: int = 0
    most: int = 0
    refused: int = 0

    async def call(self) -> None:
        while True:
            async with self.limit.slot() as slot:
                if self.running >= self.allows:
                    self.refused += 1
                    await asyncio.sleep(0.01)
                    slot.overloaded(self.retry_after)
                    continue
                self.running += 1
                self.most = max(self.most, self.running)
                await asyncio.sleep(1)
                self.running -= 1
                slot.succeeded()
                return


def _all(calls: int, *, allows: int, ceiling: int, ramp: float | None = 0.25) -> tuple[float, Upstream]:
    """Return the seconds that it takes, and the upstream afterwards."""

    async def scenario() -> tuple[float, Upstream]:
        upstream = Upstream(AdaptiveLimit(5, ceiling=ceiling, ramp=ramp), allows)
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(upstream.call() for _ in range(calls)))
        return asyncio.get_running_loop().time() - began, upstream

    return run_virtual(scenario())


def test_at_a_fixed_limit_it_takes_as_many_rounds_as_it_must() -> None:
    took, upstream = _all(30, allows=30, ceiling=5)
    assert took == pytest.approx(6)
    assert upstream.most == 5


def test_where_twenty_are_allowed_the_ramp_uses_them() -> None:
    took, upstream = _all(30, allows=20, ceiling=20)
    assert took <= 0.5 * 6
    assert upstream.most == 20
    assert upstream.refused == 0


def test_without_the_ramp_that_takes_twice_as_long() -> None:
    slow, _ = _all(30, allows=20, ceiling=20, ramp=None)
    quick, _ = _all(30, allows=20, ceiling=20)
    assert slow >= 2 * quick


@pytest.mark.parametrize("calls", [30, 100])
def test_where_five_are_allowed_one_attempt_to_grow_costs_little(calls: int) -> None:
    took, upstream = _all(calls, allows=5, ceiling=20)
    assert took <= 1.1 * calls / 5
    assert upstream.refused <= 10


def test_before_anything_succeeded_the_limit_doubles_once() -> None:
    async def scenario() -> int:
        limit = AdaptiveLimit(5, ceiling=64, ramp=0.25)

        async def hang() -> None:
            async with limit.slot():
                await asyncio.sleep(60)

        calls = [asyncio.create_task(hang()) for _ in range(100)]
        await asyncio.sleep(30)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        return limit.current

    assert run_virtual(scenario()) == 10


def test_nothing_is_sent_while_the_upstream_asks_for_a_pause() -> None:
    async def scenario() -> list[float]:
        limit = AdaptiveLimit(2, ceiling=2)
        sent: list[float] = []

        async def call(number: int) -> None:
            async with limit.slot() as slot:
                sent.append(asyncio.get_running_loop().time())
                if number == 0:
                    slot.overloaded(3.0)

        await asyncio.gather(*(call(number) for number in range(5)))
        return [at - sent[0] for at in sent]

    _, *others = run_virtual(scenario())
    assert len(others) == 4
    assert all(at >= 3 for at in others)


def test_who_cannot_wait_for_the_end_of_a_pause_is_told_at_once() -> None:
    async def scenario() -> list[float]:
        limit = AdaptiveLimit(1, ceiling=1)
        clock = asyncio.get_running_loop().time
        began = clock()

        async def refused() -> None:
            async with limit.slot() as slot:
                await asyncio.sleep(1)
                slot.overloaded(60)

        async def waiting() -> float:
            with within(Deadline.after(10)), pytest.raises(Paused, match="60"):
                async with limit.slot():
                    raise AssertionError("no place was to be had")
            return clock() - began

        _, waiter = await asyncio.gather(refused(), waiting())
        return [waiter, await waiting()]

    assert run_virtual(scenario()) == [pytest.approx(1), pytest.approx(1)]


def test_a_refusal_above_the_start_leads_back_to_it_and_one_below_halves() -> None:
    async def scenario() -> list[int]:
        limit = AdaptiveLimit(6, ceiling=20, ramp=0.1)
        upstream = Upstream(limit, allows=20)
        await asyncio.gather(*(upstream.call() for _ in range(40)))
        seen = [limit.current]
        for _ in range(2):
            async with limit.slot() as slot:
                await asyncio.sleep(0.1)
                slot.overloaded()
            seen.append(limit.current)
        return seen

    assert run_virtual(scenario()) == [20, 10, 6]


def test_who_comes_as_a_pause_ends_does_not_leave_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause is over, and the loop has not come to the limit's own look at it: a busy loop's clock runs on."""

    async def scenario() -> int:
        limit = AdaptiveLimit(2, ceiling=2)
        served = 0

        async def call() -> None:
            nonlocal served
            async with limit.slot():
                served += 1

        async with limit.slot() as slot:
            slot.overloaded(1.0)
        calls = [asyncio.create_task(call()) for _ in range(3)]
        await asyncio.sleep(0.5)
        clock = asyncio.get_running_loop().time
        monkeypatch.setattr(resilience, "_now", lambda: clock() + 1.0)
        calls.append(asyncio.create_task(call()))
        await asyncio.sleep(0)
        await asyncio.wait(calls, timeout=60)
        return served

    assert run_virtual(scenario()) == 4


def test_who_is_turned_away_and_cancelled_at_the_same_moment_leaves_no_place_too_many() -> None:
    async def scenario() -> int:
        limit = AdaptiveLimit(1, ceiling=1)

        async def call() -> None:
            async with limit.slot():
                raise AssertionError("no place was to be had")

        async with limit.slot() as slot:
            with within(Deadline.after(1)):
                waiter = asyncio.create_task(call())
            await asyncio.sleep(0)
            slot.overloaded(60)
            waiter.cancel()
            await asyncio.wait({waiter})
        return limit.in_flight

    assert run_virtual(scenario()) == 0

import asyncio
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfare.resilience import AdaptiveLimit, Hedge, RetryBudget, backoff
from support.virtual_time import run_virtual


@given(attempt=st.integers(1, 50))
def test_backoff_is_jittered_within_an_exponential_bound(attempt: int) -> None:
    assert 0 <= backoff(attempt, base=0.1, cap=2.0) <= min(2.0, 0.1 * 2 ** (attempt - 1))


def test_an_outage_is_answered_with_a_fifth_more_calls_not_with_twice_as_many() -> None:
    async def scenario() -> tuple[int, int]:
        budget = RetryBudget(ratio=0.2, reserve=1.0, window=10.0)
        first = extra = 0
        for _ in range(3000):  # 100 calls a second for 30 s, every one of which would like a retry
            budget.deposit()
            first += 1
            extra += budget.withdraw()
            await asyncio.sleep(0.01)
        return first, extra

    first, extra = run_virtual(scenario())
    assert 0.2 * first <= extra <= 0.2 * first + 1.0 * 40


def test_a_lone_call_may_be_retried_by_the_reserve() -> None:
    async def scenario() -> list[bool]:
        budget = RetryBudget(reserve=0.2, window=10.0)
        budget.deposit()
        return [budget.withdraw() for _ in range(4)]

    assert run_virtual(scenario()) == [True, True, False, False]


def test_the_budget_of_a_healthy_upstream_forgets() -> None:
    async def scenario() -> int:
        budget = RetryBudget(window=10.0)
        for _ in range(1000):
            budget.deposit()
            await asyncio.sleep(0.1)
        return len(budget._first)

    assert run_virtual(scenario()) <= 101


async def _call(limit: AdaptiveLimit, seconds: float, *, overloaded: bool = False) -> None:
    async with limit.slot() as slot:
        await asyncio.sleep(seconds)
        if overloaded:
            slot.overloaded()
        else:
            slot.succeeded()


def test_the_limit_grows_while_it_is_what_holds_calls_back() -> None:
    async def scenario(calls: int) -> int:
        limit = AdaptiveLimit(4, ceiling=16)
        await asyncio.gather(*(_call(limit, 1) for _ in range(calls)))
        return limit.current

    assert run_virtual(scenario(200)) == 16
    assert run_virtual(scenario(2)) == 4


def test_a_burst_of_429s_halves_the_limit_once() -> None:
    async def scenario() -> list[int]:
        limit = AdaptiveLimit(16)
        await asyncio.gather(*(_call(limit, 1, overloaded=True) for _ in range(16)))
        after_one = limit.current
        await asyncio.gather(*(_call(limit, 1, overloaded=True) for _ in range(8)))
        return [after_one, limit.current]

    assert run_virtual(scenario()) == [8, 4]


def test_an_upstream_that_allows_five_is_found_and_nearly_filled() -> None:
    """429s above five at a time: the limit settles near five, from above and from below."""

    async def scenario(start: int) -> float:
        limit = AdaptiveLimit(start)
        running = 0
        seen: list[int] = []

        async def call() -> None:
            nonlocal running
            async with limit.slot() as slot:
                running += 1
                refused = running > 5
                await asyncio.sleep(0.01 if refused else 1)
                running -= 1
                seen.append(limit.current)
                if refused:
                    slot.overloaded()
                else:
                    slot.succeeded()

        await asyncio.gather(*(call() for _ in range(400)))
        return statistics.mean(seen[100:])

    for start in (1, 40):
        assert 2.5 <= run_virtual(scenario(start)) <= 6


def test_places_are_handed_out_in_order() -> None:
    order: list[int] = []

    async def one(limit: AdaptiveLimit, number: int) -> None:
        async with limit.slot():
            order.append(number)
            await asyncio.sleep(1)

    async def scenario() -> None:
        limit = AdaptiveLimit(2)
        await asyncio.gather(*(one(limit, number) for number in range(10)))

    run_virtual(scenario())
    assert order == list(range(10))


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), max_size=25), st.integers(1, 4))
def test_cancelled_waiters_leave_no_place_taken(calls: list[tuple[float, float]], start: int) -> None:
    async def one(limit: AdaptiveLimit, patience: float, seconds: float) -> None:
        try:
            async with asyncio.timeout(patience):
                await _call(limit, seconds)
        except TimeoutError:
            pass

    async def scenario() -> None:
        limit = AdaptiveLimit(start, ceiling=start)
        await asyncio.gather(*(one(limit, patience, seconds) for patience, seconds in calls))
        async with asyncio.timeout(10):
            await asyncio.gather(*(_call(limit, 1) for _ in range(start)))

    run_virtual(scenario())


def _p99(latencies: list[float]) -> float:
    return statistics.quantiles(latencies, n=100)[-1]


def test_hedging_cuts_the_tail_of_a_ten_way_fan_out_for_a_few_per_cent_more_calls() -> None:
    async def scenario(*, hedged: bool) -> tuple[float, int]:
        chance = random.Random(7)
        budget = RetryBudget()
        hedge = Hedge(budget)
        calls = 0

        async def upstream() -> int:
            nonlocal calls
            calls += 1
            await asyncio.sleep(chance.uniform(0.3, 0.5) * (10 if chance.random() < 0.01 else 1))
            return calls

        async def call() -> int:
            budget.deposit()
            return await (hedge.call(upstream) if hedged else upstream())

        took = []
        for _ in range(400):
            began = asyncio.get_running_loop().time()
            await asyncio.gather(*(call() for _ in range(10)))
            took.append(asyncio.get_running_loop().time() - began)
        return _p99(took), calls

    plain, plain_calls = run_virtual(scenario(hedged=False))
    hedged, hedged_calls = run_virtual(scenario(hedged=True))
    assert hedged < 0.4 * plain
    assert hedged_calls < 1.10 * plain_calls


def _warm(hedge: Hedge) -> None:
    hedge._latencies.extend([1.0] * Hedge.NEEDED)


def test_the_loser_of_a_hedge_is_cancelled() -> None:
    ended: list[str] = []

    async def scenario() -> str:
        hedge = Hedge(RetryBudget())
        _warm(hedge)
        delays = iter([("slow", 10.0), ("quick", 0.5)])

        async def call() -> str:
            name, delay = next(delays)
            try:
                await asyncio.sleep(delay)
            except asyncio.CancelledError:
                ended.append(name)
                raise
            return name

        return await hedge.call(call)

    assert run_virtual(scenario()) == "quick"
    assert ended == ["slow"]


def test_a_hedge_that_fails_leaves_the_first_call_its_chance() -> None:
    async def scenario() -> str:
        hedge = Hedge(RetryBudget())
        _warm(hedge)
        made = 0

        async def call() -> str:
            nonlocal made
            made += 1
            if made == 2:
                raise LookupError
            await asyncio.sleep(3)
            return "first"

        return await hedge.call(call)

    assert run_virtual(scenario()) == "first"


def test_a_quick_failure_is_not_hedged() -> None:
    async def scenario() -> int:
        hedge = Hedge(RetryBudget())
        _warm(hedge)
        made = 0

        async def call() -> None:
            nonlocal made
            made += 1
            raise LookupError

        with pytest.raises(LookupError):
            await hedge.call(call)
        return made

    assert run_virtual(scenario()) == 1

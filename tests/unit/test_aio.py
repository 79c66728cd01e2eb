import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfare import aio
from fanfare.aio import Deadline, Failure, fan_out, within
from fanfare.errors import DeadlineExceeded
from support.virtual_time import run_virtual


def sleeper(seconds: dict[str, float], failing: frozenset[str] = frozenset()) -> Callable[[str], Awaitable[str]]:
    async def work(name: str) -> str:
        await asyncio.sleep(seconds[name])
        if name in failing:
            raise LookupError(name)
        return name.upper()

    return work


def test_every_invocation_runs_on_the_same_loop() -> None:
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    first, second = aio.run(loop()), aio.run(loop())
    assert first is second
    aio.close()
    assert aio.run(loop()) is not first
    aio.close()


def test_one_failure_stands_in_its_place_and_fails_nothing_else() -> None:
    work = sleeper({"a": 1, "b": 2, "c": 0.5}, frozenset("b"))
    first, failed, last = run_virtual(fan_out("abc", work, limit=3, timeout=5))
    assert (first, last) == ("A", "C")
    assert isinstance(failed, Failure)
    assert isinstance(failed.error, LookupError)


def test_an_item_that_runs_too_long_fails_alone() -> None:
    quick, slow = run_virtual(fan_out("ab", sleeper({"a": 1, "b": 60}), limit=2, timeout=5))
    assert quick == "A"
    assert isinstance(slow, Failure)
    assert isinstance(slow.error, TimeoutError)
    assert not isinstance(slow.error, DeadlineExceeded)


def test_what_the_deadline_leaves_unstarted_says_so() -> None:
    async def scenario() -> tuple[list[str | Failure], float]:
        began = asyncio.get_running_loop().time()
        with within(Deadline.after(1.5)):
            results = await fan_out("abc", sleeper({"a": 1, "b": 1, "c": 1}), limit=1, timeout=5)
        return results, asyncio.get_running_loop().time() - began

    results, took = run_virtual(scenario())
    assert results[0] == "A"
    assert all(isinstance(result, Failure) and isinstance(result.error, DeadlineExceeded) for result in results[1:])
    assert took == pytest.approx(1.5)


def test_an_inner_deadline_never_extends_an_outer_one() -> None:
    async def scenario() -> bool:
        with within(Deadline.after(1)) as outer, within(Deadline.after(10)) as inner:
            return inner == outer == aio.deadline()

    assert run_virtual(scenario())


def test_cancelling_the_caller_cancels_the_work() -> None:
    cancelled: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            cancelled.append(name)
            raise

    async def scenario() -> None:
        task = asyncio.create_task(fan_out("ab", work, limit=2, timeout=1000))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtual(scenario())
    assert sorted(cancelled) == ["a", "b"]


def test_a_task_group_raises_the_first_error_itself() -> None:
    async def fail() -> None:
        raise LookupError("first")

    async def scenario() -> None:
        async with aio.task_group() as group:
            group.create_task(fail())
            await asyncio.sleep(10)

    with pytest.raises(LookupError, match="first"):
        run_virtual(scenario())


CORES = os.process_cpu_count() or 1


def test_work_is_computed_on_every_core_and_on_no_more() -> None:
    everybody, running, most = threading.Barrier(CORES, timeout=10), Counter[str](), list[int]()

    def work(number: int, *, factor: int) -> int:
        running["now"] += 1
        everybody.wait()
        most.append(running["now"])
        everybody.wait()
        running["now"] -= 1
        everybody.wait()
        return number * factor

    async def scenario() -> list[int]:
        return await asyncio.gather(*(aio.compute(work, number, factor=2) for number in range(3 * CORES)))

    assert asyncio.run(scenario()) == [2 * number for number in range(3 * CORES)]
    assert most == [CORES] * 3 * CORES


def test_what_work_raises_reaches_who_waits_for_it() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(aio.compute(divmod, 1, 0))


def test_threads_that_wait_do_not_wait_for_those_that_compute() -> None:
    go = threading.Event()

    async def scenario() -> list[bool]:
        computed = [asyncio.ensure_future(aio.compute(go.wait, 5)) for _ in range(100)]
        await asyncio.sleep(0)
        await asyncio.to_thread(go.set)
        return await asyncio.gather(*computed)

    assert asyncio.run(scenario()) == [True] * 100


def test_work_that_was_given_up_before_it_began_never_begins() -> None:
    go, done = threading.Event(), list[str]()

    async def scenario() -> None:
        busy = [asyncio.ensure_future(aio.compute(go.wait, 10)) for _ in range(CORES)]
        late = asyncio.ensure_future(aio.compute(done.append, "late"))
        await asyncio.sleep(0)
        late.cancel()
        await asyncio.wait([late])
        go.set()
        assert all(await asyncio.gather(*busy))
        await aio.compute(done.append, "next")

    asyncio.run(scenario())
    assert done == ["next"]


def test_a_checkpoint_is_passed_until_the_deadline() -> None:
    async def scenario() -> None:
        never = aio.checkpoint()
        with within(Deadline.after(2)), within(Deadline.after(5)):
            check = aio.checkpoint()
        check()
        await asyncio.sleep(1.9)
        check()
        await asyncio.sleep(0.2)
        with pytest.raises(DeadlineExceeded):
            check()
        never()

    run_virtual(scenario())


def test_a_checkpoint_ends_what_runs_in_a_thread() -> None:
    def work(check: Callable[[], None]) -> None:
        for _ in range(2000):
            check()
            time.sleep(0.001)

    async def scenario() -> None:
        with within(Deadline.after(0.05)):
            await aio.compute(work, aio.checkpoint())

    with pytest.raises(DeadlineExceeded):
        asyncio.run(scenario())


@given(
    durations=st.lists(st.floats(0, 20), max_size=30),
    failing=st.sets(st.integers(0, 29)),
    limit=st.integers(1, 8),
    timeout=st.floats(0.5, 10),
    budget=st.floats(0.5, 60),
)
def test_whatever_happens_each_result_is_in_its_place_and_the_bounds_hold(
    durations: list[float], failing: set[int], limit: int, timeout: float, budget: float
) -> None:
    running = peak = 0

    async def work(number: int) -> int:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        try:
            await asyncio.sleep(durations[number])
            if number in failing:
                raise LookupError
            return number
        finally:
            running -= 1

    async def scenario() -> tuple[list[int | Failure], float]:
        began = asyncio.get_running_loop().time()
        with within(Deadline.after(budget)):
            results = await fan_out(range(len(durations)), work, limit=limit, timeout=timeout)
        return results, asyncio.get_running_loop().time() - began

    results, took = run_virtual(scenario())
    assert len(results) == len(durations)
    assert peak <= limit
    assert took <= budget + 1e-6
    for number, result in enumerate(results):
        if isinstance(result, Failure):
            assert number in failing or durations[number] >= timeout or took >= budget - 1e-6
        else:
            assert result == number
            assert number not in failing

import asyncio
from collections.abc import Sequence

import pytest

from fanfare import aio
from fanfare.aio import Deadline, Failure
from fanfare.errors import DeadlineExceeded, UpstreamError
from speech.batches import Batcher
from support.virtual_time import run_virtual


class Work:
    """Doubles numbers, a second a call; what is in `broken` fails."""

    def __init__(self, *, broken: Sequence[int] = ()) -> None:
        self.calls: list[list[int]] = []
        self.began: list[float] = []
        self.under_way = 0
        self.most_under_way = 0
        self.seconds = 1.0
        self.error: Exception | None = None
        self._broken = broken

    async def __call__(self, keys: Sequence[int]) -> list[int | Failure]:
        self.calls.append(list(keys))
        self.began.append(now())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        if self.error is not None:
            raise self.error
        return [Failure(UpstreamError("fake", f"{key}")) if key in self._broken else 2 * key for key in keys]


def now() -> float:
    return asyncio.get_running_loop().time()


async def ask(
    batcher: Batcher[int, int], keys: Sequence[int], *, group: str = "a", size: int = 10
) -> list[int | BaseException]:
    return await asyncio.gather(*(batcher.get(key, group=group, size=size) for key in keys), return_exceptions=True)


def test_keys_of_one_turn_fill_calls_in_order_and_a_limit_holds() -> None:
    async def scenario() -> None:
        work, began = Work(), now()
        assert await ask(Batcher(work, concurrency=3), range(65)) == [2 * key for key in range(65)]
        assert [len(call) for call in work.calls] == [10, 10, 10, 10, 10, 10, 5]
        assert [key for call in work.calls for key in call] == list(range(65))
        assert work.most_under_way == 3
        assert now() - began == 3.0

    run_virtual(scenario())


def test_nobody_waits_for_a_call_to_fill_while_there_is_a_place() -> None:
    async def scenario() -> None:
        work = Work()
        batcher = Batcher(work, concurrency=2)
        began = now()
        assert await ask(batcher, [1]) == [2]
        assert now() - began == 1.0

    run_virtual(scenario())


def test_what_comes_while_all_places_are_taken_goes_together() -> None:
    async def scenario() -> None:
        work = Work()
        batcher = Batcher(work, concurrency=1)
        async with asyncio.TaskGroup() as group:
            for key in range(4):
                group.create_task(batcher.get(key, group="a", size=10))
                await asyncio.sleep(0.1)
        assert work.calls == [[0], [1, 2, 3]]

    run_virtual(scenario())


def test_groups_and_sizes_are_kept_apart() -> None:
    async def scenario() -> None:
        work = Work()
        batcher = Batcher(work, concurrency=5)
        await asyncio.gather(
            ask(batcher, [1, 2]), ask(batcher, [3], group="b"), ask(batcher, [4, 5, 6], size=2), ask(batcher, [7])
        )
        assert work.calls == [[1, 2, 7], [3], [4, 5], [6]]

    run_virtual(scenario())


def test_a_failed_key_and_a_failed_call_reach_whoever_asked() -> None:
    async def scenario() -> None:
        work = Work(broken=[2])
        one, two, three = await ask(Batcher(work, concurrency=1), [1, 2, 3])
        assert (one, three) == (2, 6)
        assert isinstance(two, UpstreamError)
        work.error = UpstreamError("fake", "down")
        assert await ask(Batcher(work, concurrency=1), [1, 2]) == [work.error] * 2

    run_virtual(scenario())


def test_who_no_longer_waits_costs_the_others_nothing_and_is_not_asked_for() -> None:
    async def scenario() -> None:
        work = Work()
        batcher = Batcher(work, concurrency=1)
        asked = [asyncio.create_task(batcher.get(key, group="a", size=2)) for key in range(5)]
        await asyncio.sleep(0.5)
        asked[0].cancel()  # its call is under way
        asked[3].cancel()  # its is not
        assert await asyncio.gather(*asked[1:3], asked[4]) == [2, 4, 8]
        assert work.calls == [[0, 1], [2, 4]]

    run_virtual(scenario())


def test_a_hold_delays_the_next_calls_and_the_longer_of_two_counts() -> None:
    async def scenario() -> None:
        work, began = Work(), now()
        batcher = Batcher(work, concurrency=1)
        batcher.hold(4)
        batcher.hold(2)
        assert await ask(batcher, range(11)) == [2 * key for key in range(11)]
        assert [start - began for start in work.began] == [4.0, 5.0]

    run_virtual(scenario())


def test_once_closed_what_waits_is_refused_and_what_is_under_way_ends() -> None:
    async def scenario() -> None:
        work, error = Work(), UpstreamError("fake", "wrong key")
        batcher = Batcher(work, concurrency=1)
        asking = asyncio.create_task(ask(batcher, [1, 2], size=1))
        await asyncio.sleep(0.5)
        batcher.close(error)
        assert await asking == [2, error]
        assert await ask(batcher, [3]) == [error]
        assert work.calls == [[1]]

    run_virtual(scenario())


def test_a_cancelled_call_leaves_nobody_waiting() -> None:
    async def scenario() -> None:
        work = Work()
        batcher = Batcher(work, concurrency=1)
        asking = asyncio.create_task(ask(batcher, [1]))
        await asyncio.sleep(0.5)
        batcher.cancel()
        (outcome,) = await asking
        assert isinstance(outcome, asyncio.CancelledError)
        assert work.under_way == 0

    run_virtual(scenario())


def test_once_cancelled_a_hold_starts_nothing() -> None:
    async def scenario() -> None:
        work = Work()
        batcher = Batcher(work, concurrency=1)
        batcher.hold(1)
        asking = asyncio.create_task(batcher.get(1, group="a", size=10))
        await asyncio.sleep(0.5)
        batcher.cancel()
        await asyncio.sleep(2)
        assert work.calls == []
        asking.cancel()

    run_virtual(scenario())


def test_a_hanging_call_ends_with_the_deadline() -> None:
    async def scenario() -> None:
        work, began = Work(), now()
        work.seconds = 1e6
        with aio.within(Deadline.after(5)):
            (outcome,) = await ask(Batcher(work, concurrency=1), [1])
        assert isinstance(outcome, DeadlineExceeded)
        assert now() - began == 5.0

    run_virtual(scenario())


@pytest.mark.parametrize("held", [False, True])
def test_a_batcher_belongs_to_no_loop(*, held: bool) -> None:
    work = Work()
    batcher = Batcher(work, concurrency=1)

    async def scenario() -> None:
        if held:
            batcher.hold(1)
        assert await ask(batcher, range(15)) == [2 * key for key in range(15)]

    run_virtual(scenario())
    run_virtual(scenario())

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import pytest

from fanfare import telemetry
from fanfare.aio import Deadline, Failure, within
from fanfare.cache.cached import Cached
from fanfare.cache.policy import Policy
from fanfare.cache.store import Store
from fanfare.errors import DeadlineExceeded, NotFound, UpstreamError
from support.fakes import FakeQueue, FakeShared, FakeUpstream

PLAIN = Policy("plain", version=1, ttl=60, stale=600, negative=30)
LEASED = Policy("leased", version=1, ttl=60, lease=2)


def test_memory_answers_without_asking_anybody() -> None:
    async def scenario() -> None:
        shared, upstream = FakeShared(), FakeUpstream()
        cached = Store(shared=shared).bind(PLAIN, upstream)
        first = await cached.get("a")
        calls = len(shared.calls)
        second = await cached.get("a")
        assert (first.source, second.source) == ("computed", "memory")
        assert first.value == second.value
        assert len(shared.calls) == calls
        assert upstream.calls == ["a"]

    asyncio.run(scenario())


def test_another_process_is_answered_by_the_shared_tier_after_a_flush() -> None:
    async def scenario() -> None:
        shared, upstream = FakeShared(), FakeUpstream()
        one = Store(shared=shared)
        await one.bind(PLAIN, upstream).get("a")
        assert not shared.records
        await one.flush()
        entry = await Store(shared=shared).bind(PLAIN, upstream).get("a")
        assert entry.source == "shared"
        assert upstream.calls == ["a"]

    asyncio.run(scenario())


def test_many_keys_cost_one_read_and_only_the_missing_are_computed() -> None:
    async def scenario() -> None:
        shared, upstream = FakeShared(), FakeUpstream()
        one = Store(shared=shared)
        await one.bind(PLAIN, upstream).get_many([("a",), ("b",)])
        await one.flush()
        shared.calls.clear()
        upstream.calls.clear()
        entries = await Store(shared=shared).bind(PLAIN, upstream).get_many([("a",), ("c",), ("b",), ("a",)])
        assert shared.calls == ["get_many"]
        assert upstream.calls == ["c"]
        values = [entry.value for entry in entries if not isinstance(entry, Failure)]
        assert [value.split(" #")[0] for value in values] == ["value of a", "value of c", "value of b", "value of a"]

    asyncio.run(scenario())


def test_concurrent_misses_compute_once() -> None:
    async def scenario() -> None:
        upstream = FakeUpstream()
        upstream.seconds = 0.01
        cached = Store(shared=FakeShared()).bind(PLAIN, upstream)
        entries = await asyncio.gather(*(cached.get("a") for _ in range(20)))
        assert upstream.calls == ["a"]
        assert {entry.value for entry in entries} == {"value of a #1"}

    asyncio.run(scenario())


def test_who_joined_a_load_that_was_cancelled_loads_on_its_own() -> None:
    async def scenario() -> None:
        upstream = FakeUpstream()
        upstream.seconds = 0.05
        cached = Store().bind(PLAIN, upstream)
        owner = asyncio.create_task(cached.get("a"))
        await asyncio.sleep(0.01)
        joined = asyncio.create_task(cached.get("a"))
        await asyncio.sleep(0.01)
        owner.cancel()
        assert (await joined).value == "value of a #2"
        assert not cached._store.flights

    asyncio.run(scenario())


@pytest.mark.parametrize("guessed", [False, True])
def test_who_joins_a_load_waits_no_longer_than_its_own_deadline(guessed: bool) -> None:
    async def scenario() -> None:
        upstream = FakeUpstream()
        upstream.seconds = 60
        cached = Store().bind(PLAIN, upstream)
        with telemetry.speculative() if guessed else contextlib.nullcontext():
            owner = asyncio.create_task(cached.get("a"))
        await asyncio.sleep(0.01)
        with within(Deadline.after(0.02)), pytest.raises(DeadlineExceeded):
            await cached.get("a")
        assert not owner.done()
        assert upstream.calls == ["a"]
        owner.cancel()
        await asyncio.gather(owner, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_one_failed_key_stands_in_its_place() -> None:
    async def compute(key: str) -> str:
        if key == "bad":
            raise UpstreamError("fake", "down")
        return key

    async def scenario() -> None:
        good, bad, also = await Store().bind(PLAIN, compute).get_many([("x",), ("bad",), ("y",)])
        assert not isinstance(good, Failure)
        assert not isinstance(also, Failure)
        assert isinstance(bad, Failure)
        assert isinstance(bad.error, UpstreamError)

    asyncio.run(scenario())


def test_a_stale_value_is_served_at_once_and_handed_to_the_queue(clock: list[float]) -> None:
    async def scenario() -> None:
        shared, queue, upstream = FakeShared(), FakeQueue(), FakeUpstream()
        store = Store(shared=shared, queue=queue)
        cached = store.bind(PLAIN, upstream)
        await cached.get("a")
        await store.flush()
        clock[0] = 120
        entry = await cached.get("a")
        assert entry.stale
        assert entry.age == pytest.approx(120, abs=5)
        assert upstream.calls == ["a"]
        await cached.get("a")
        await store.flush()
        assert queue.sent == [("plain", ("a",))]

        await store.refresh(*queue.sent[0])
        assert upstream.calls == ["a", "a"]
        assert not (await cached.get("a")).stale
        await store.refresh(*queue.sent[0])  # the same message twice
        assert upstream.calls == ["a", "a"]

    asyncio.run(scenario())


def test_without_a_queue_a_stale_value_stands_in_for_an_upstream_that_fails(clock: list[float]) -> None:
    async def scenario() -> None:
        upstream = FakeUpstream()
        cached = Store(shared=FakeShared()).bind(PLAIN, upstream)
        await cached.get("a")
        clock[0] = 120
        upstream.error = UpstreamError("fake", "down")
        entry = await cached.get("a")
        assert entry.stale
        assert entry.value == "value of a #1"
        upstream.error = None
        assert not (await cached.get("a")).stale

    asyncio.run(scenario())


def test_at_the_deadline_what_is_not_computed_fails_or_is_stale(clock: list[float]) -> None:
    async def scenario() -> None:
        upstream = FakeUpstream()
        cached = Store(shared=FakeShared()).bind(PLAIN, upstream)
        await cached.get("a")
        clock[0] = 120
        upstream.seconds = 60
        with within(Deadline.after(0.05)):
            old, none = await cached.get_many([("a",), ("b",)])
        assert not isinstance(old, Failure)
        assert old.stale
        assert isinstance(none, Failure)
        assert isinstance(none.error, DeadlineExceeded)

    asyncio.run(scenario())


def test_past_its_hard_end_a_value_is_gone(clock: list[float]) -> None:
    async def scenario() -> None:
        upstream = FakeUpstream()
        store = Store(shared=FakeShared(), queue=FakeQueue())
        cached = store.bind(PLAIN, upstream)
        await cached.get("a")
        await store.flush()
        clock[0] = 661
        upstream.error = UpstreamError("fake", "down")
        with pytest.raises(UpstreamError):
            await cached.get("a")

    asyncio.run(scenario())


def test_that_there_is_no_such_thing_is_remembered_for_its_own_time(clock: list[float]) -> None:
    async def scenario() -> None:
        shared, upstream = FakeShared(), FakeUpstream()
        upstream.error = NotFound("no film")
        store = Store(shared=shared, queue=FakeQueue())
        for each in (store, store, Store(shared=shared)):
            with pytest.raises(NotFound, match="no film"):
                await each.bind(PLAIN, upstream).get("a")
            await each.flush()
        assert upstream.calls == ["a"]
        clock[0] = 31
        upstream.error = None
        assert (await store.bind(PLAIN, upstream).get("a")).source == "computed"

    asyncio.run(scenario())


def test_what_is_not_worth_keeping_is_returned_and_forgotten() -> None:
    async def scenario() -> None:
        shared, upstream = FakeShared(), FakeUpstream()
        store = Store(shared=shared)
        cached: Cached[str] = store.bind(LEASED, upstream, keep=lambda value: not value.endswith("#1"))
        assert (await cached.get("a")).value == "value of a #1"
        await store.flush()
        assert not shared.records
        assert (await cached.get("a")).value == "value of a #2"
        await store.flush()
        assert len(shared.records) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("switch", ["down", "hangs"])
def test_a_shared_tier_that_is_down_is_a_miss_and_is_left_alone_for_a_while(switch: str) -> None:
    async def scenario() -> None:
        shared, upstream = FakeShared(), FakeUpstream()
        setattr(shared, switch, True)
        store = Store(shared=shared)
        cached = store.bind(LEASED, upstream)
        with telemetry.request() as figures:
            for key in "abcdefgh":
                assert (await cached.get(key)).source == "computed"
            await store.flush()
        assert len(shared.calls) == 1
        assert figures.cache["shared.down"] == 1

    asyncio.run(asyncio.wait_for(scenario(), 5))


def test_a_queue_that_is_down_does_not_switch_the_table_off(clock: list[float]) -> None:
    class DownQueue(FakeQueue):
        async def send(self, entries: Sequence[tuple[str, tuple[Any, ...]]]) -> None:
            raise ConnectionError

    async def scenario() -> None:
        shared = FakeShared()
        store = Store(shared=shared, queue=DownQueue())
        cached = store.bind(PLAIN, FakeUpstream())
        await cached.get("a")
        await store.flush()
        clock[0] = 120
        assert (await cached.get("a")).stale
        await cached.get("b")
        await store.flush()
        assert len(shared.records) == 2
        assert store.shared is shared

    asyncio.run(scenario())


def test_every_event_is_counted() -> None:
    async def scenario() -> None:
        with telemetry.request() as figures:
            upstream = FakeUpstream()
            cached = Store().bind(PLAIN, upstream)
            await asyncio.gather(cached.get("a"), cached.get("a"))
            await cached.get("a")
            upstream.error = NotFound("none")
            for _ in range(2):
                with pytest.raises(NotFound):
                    await cached.get("b")
            expected = {"plain.miss": 2, "plain.coalesced": 1, "plain.hit": 1, "plain.negative": 1}
            assert {name: figures.cache[name] for name in expected} == expected
            assert figures.cache["plain.bytes"] > 0

    asyncio.run(scenario())


def test_lifetimes_are_jittered() -> None:
    async def scenario() -> None:
        shared = FakeShared()
        store = Store(shared=shared)
        await store.bind(PLAIN, FakeUpstream()).get_many([(number,) for number in range(50)])
        await store.flush()
        lifetimes = {round(record.soft - record.made_at, 3) for record in shared.records.values()}
        assert len(lifetimes) > 40
        assert all(54 <= lifetime <= 60 for lifetime in lifetimes)

    asyncio.run(scenario())

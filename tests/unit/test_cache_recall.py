"""What is known without computing it, values that still hold past their time, and the figures of both."""

import asyncio

import pytest

from fanfare.aio import Deadline, within
from fanfare.cache.policy import Policy
from fanfare.cache.statistics import statistics
from fanfare.cache.store import EARLY, Store
from fanfare.errors import UpstreamError
from support.fakes import FakeShared, FakeUpstream

PLAIN = Policy("plain", version=1, ttl=60, stale=600, negative=30)
LEASED = Policy("leased", version=1, ttl=60, stale=600, lease=2)


def test_what_is_known_is_recalled_by_one_read_and_nothing_is_computed() -> None:
    async def scenario() -> None:
        shared, upstream = FakeShared(), FakeUpstream()
        one = Store(shared=shared)
        cached = one.bind(PLAIN, upstream)
        await cached.get_many([("a",), ("b",)])
        await one.flush()
        shared.calls.clear()
        found = await Store(shared=shared).bind(PLAIN, upstream).recall([("x",), ("a",), ("a",), ("b",)])
        assert [entry and entry.source for entry in found] == [None, "shared", "shared", "shared"]
        assert shared.calls == ["get_many"]
        assert upstream.calls == ["a", "b"]
        near = await cached.recall([("b",), ("a",)])
        assert [entry and entry.source for entry in near] == ["memory", "memory"]

    asyncio.run(scenario())


def test_what_was_just_not_found_is_not_looked_for_again() -> None:
    async def scenario() -> None:
        shared = FakeShared()
        cached = Store(shared=shared).bind(PLAIN, FakeUpstream())
        assert await cached.recall([("a",)]) == [None]
        await cached.get("a", recall=False)
        assert shared.calls.count("get_many") == 1

    asyncio.run(scenario())


def test_a_value_past_its_time_is_not_recalled(clock: list[float]) -> None:
    async def scenario() -> None:
        cached = Store().bind(PLAIN, FakeUpstream())
        await cached.get("a")
        clock[0] = 61
        assert await cached.recall([("a",)]) == [None]

    asyncio.run(scenario())


@pytest.mark.parametrize("policy", [PLAIN, LEASED])
def test_a_value_past_its_time_that_still_holds_is_kept_for_another_ttl(policy: Policy, clock: list[float]) -> None:
    async def scenario() -> None:
        shared, upstream = FakeShared(), FakeUpstream()
        asked: list[str] = []

        async def holds(value: str) -> bool:
            asked.append(value)
            return True

        one = Store(shared=shared)
        cached = one.bind(policy, upstream, holds=holds)
        first = (await cached.get("a")).value
        await one.flush()
        clock[0] = 61
        renewing = Store(shared=shared)
        entry = await renewing.bind(policy, upstream, holds=holds).get("a")
        assert (entry.value, entry.source) == (first, "shared")
        await renewing.flush()
        clock[0] = 100
        assert (await Store(shared=shared).bind(policy, upstream).get("a")).value == first
        assert asked == [first]
        assert upstream.calls == ["a"]

    asyncio.run(scenario())


def test_one_that_no_longer_holds_is_computed_anew(clock: list[float]) -> None:
    async def scenario() -> None:
        upstream = FakeUpstream()

        async def holds(_: str) -> bool:
            return False

        cached = Store().bind(PLAIN, upstream, holds=holds)
        first = await cached.get("a")
        clock[0] = 61
        second = await cached.get("a")
        assert second.source == "computed"
        assert second.value != first.value

    asyncio.run(scenario())


def test_if_nobody_can_tell_whether_it_holds_it_is_served_stale(clock: list[float]) -> None:
    async def scenario() -> None:
        async def holds(_: str) -> bool:
            raise UpstreamError("storage", "down")

        cached = Store().bind(PLAIN, FakeUpstream(), holds=holds)
        await cached.get("a")
        clock[0] = 61
        assert (await cached.get("a")).stale

    asyncio.run(scenario())


def test_many_records_are_not_all_kept_back_until_the_end() -> None:
    async def scenario() -> None:
        shared = FakeShared()
        store = Store(shared=shared)
        cached = store.bind(PLAIN, FakeUpstream())
        await cached.get_many([(str(number),) for number in range(EARLY + 1)])
        await asyncio.sleep(0.01)
        assert len(shared.records) == EARLY
        await store.flush()
        assert len(shared.records) == EARLY + 1
        assert shared.calls.count("put_many") == 2

    asyncio.run(scenario())


def test_a_lease_ends_with_the_writing_of_what_was_made_under_it() -> None:
    async def scenario() -> None:
        shared = FakeShared()
        store = Store(shared=shared)
        cached = store.bind(PLAIN, FakeUpstream())
        async with store.lease("batch", 5):
            await cached.get("a")
        assert shared.leases
        await store.flush()
        assert shared.calls[-1] == "put_many"
        assert len(shared.records) == 1
        assert not shared.leases

    asyncio.run(scenario())


def test_who_finds_a_lease_held_waits_until_it_is_given_back_and_is_told() -> None:
    async def scenario() -> None:
        shared = FakeShared()
        one, other = Store(shared=shared), Store(shared=shared)
        order: list[str] = []

        async def first() -> None:
            async with one.lease("batch", 5) as waited:
                assert not waited
                await asyncio.sleep(0.05)
                order.append("first")
            await one.flush()

        async def second() -> None:
            await asyncio.sleep(0.01)
            async with other.lease("batch", 5) as waited:
                assert waited
                order.append("second")

        await asyncio.gather(first(), second())
        assert order == ["first", "second"]

    asyncio.run(scenario())


def test_nobody_waits_for_a_lease_longer_than_it_lasts_or_than_half_of_the_time_there_is() -> None:
    async def scenario() -> None:
        shared = FakeShared()
        await shared.acquire("batch", 60)
        with within(Deadline.after(0.6)) as deadline:
            async with Store(shared=shared).lease("batch", 60) as waited:
                assert waited
                assert deadline.remaining() > 0

    asyncio.run(asyncio.wait_for(scenario(), 5))


@pytest.mark.parametrize("shared", [None, FakeShared(down=True)])
def test_without_a_shared_tier_nobody_waits(shared: FakeShared | None) -> None:
    async def scenario() -> None:
        async with Store(shared=shared).lease("batch", 60) as waited:
            assert not waited

    asyncio.run(asyncio.wait_for(scenario(), 5))


def test_figures_are_counted_by_what_happens() -> None:
    async def scenario() -> None:
        upstream = FakeUpstream()
        upstream.seconds = 0.01
        store = Store()
        cached = store.bind(PLAIN, upstream)
        await asyncio.gather(cached.get("a"), cached.get("a"), cached.get("b"))
        await cached.get("a")
        figures = statistics(store)
        plain = figures["caches"]["plain"]
        assert {name: plain[name] for name in ("hit", "miss", "coalesced")} == {"hit": 1, "miss": 2, "coalesced": 1}
        assert plain["hit_rate"] == pytest.approx(1 / 3, abs=0.001)
        assert plain["policy"]["ttl"] == 60
        assert figures["memory"]["entries"] == 2
        assert 0 < plain["bytes"] < figures["memory"]["bytes"] < figures["memory"]["max_bytes"]

    asyncio.run(scenario())

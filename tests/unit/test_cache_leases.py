"""Leases: what several processes miss at once is computed by one of them."""

import asyncio
import time
from dataclasses import replace

import msgpack
import pytest

from fanfare.aio import Deadline, within
from fanfare.cache.policy import Policy
from fanfare.cache.record import cache_key
from fanfare.cache.store import Store
from fanfare.errors import DeadlineExceeded, UpstreamError
from support.fakes import FakeShared, FakeUpstream

LEASED = Policy("leased", version=1, ttl=60, lease=2)


def test_two_processes_compute_once_by_a_lease() -> None:
    async def scenario() -> None:
        shared, upstream = FakeShared(), FakeUpstream()
        upstream.seconds = 0.2

        async def process() -> str:
            store = Store(shared=shared)
            entry = await store.bind(LEASED, upstream).get("a")
            await store.flush()
            return entry.value

        values = await asyncio.gather(*(process() for _ in range(5)))
        assert set(values) == {"value of a #1"}
        assert upstream.calls == ["a"]

    asyncio.run(scenario())


def test_a_lease_whose_holder_failed_passes_on_at_once() -> None:
    async def scenario() -> None:
        shared, failing, upstream = FakeShared(), FakeUpstream(), FakeUpstream()
        failing.error, failing.seconds = UpstreamError("fake", "down"), 0.1
        policy = replace(LEASED, lease=30)
        holder = asyncio.create_task(Store(shared=shared).bind(policy, failing).get("a"))
        await asyncio.sleep(0.02)
        entry = await Store(shared=shared).bind(policy, upstream).get("a")
        assert entry.source == "computed"
        with pytest.raises(UpstreamError):
            await holder

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_a_lease_whose_holder_ran_out_of_time_is_given_back_by_the_flush() -> None:
    async def scenario() -> None:
        shared, slow = FakeShared(), FakeUpstream()
        slow.seconds = 10
        store = Store(shared=shared)
        policy = replace(LEASED, lease=30)
        key = cache_key(policy.name, policy.version, ("a",))
        with within(Deadline.after(0.1)), pytest.raises(DeadlineExceeded):
            await store.bind(policy, slow).get("a")
        assert shared.leases[key][1] > time.time()
        await store.flush()
        assert shared.leases[key][1] < time.time()

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_a_holder_that_died_keeps_nobody_waiting_longer_than_its_lease() -> None:
    async def scenario() -> None:
        shared, upstream = FakeShared(), FakeUpstream()
        policy = replace(LEASED, lease=0.3)
        key = cache_key(policy.name, policy.version, ("a",))
        assert await shared.acquire(key, 0.3) == 1
        entry = await Store(shared=shared).bind(policy, upstream).get("a")
        assert entry.value == "value of a #1"

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_a_holder_that_wakes_up_late_does_not_overwrite_its_successor() -> None:
    async def scenario() -> None:
        shared = FakeShared()
        late = Store(shared=shared)
        policy = replace(LEASED, lease=0.1)
        await late.bind(policy, FakeUpstream()).get("a")
        await asyncio.sleep(0.15)  # frozen before its flush, past its lease
        successor, second = Store(shared=shared), FakeUpstream()
        second.calls.append("one before")
        await successor.bind(policy, second).get("a")
        await successor.flush()
        await late.flush()
        (record,) = shared.records.values()
        assert msgpack.unpackb(record.body) == "value of a #2"

    asyncio.run(scenario())


def test_who_gave_up_waiting_for_a_lease_does_not_write_over_its_holder() -> None:
    async def scenario() -> None:
        shared = FakeShared()
        policy = replace(LEASED, lease=0.2)
        key = cache_key(policy.name, policy.version, ("a",))
        await shared.acquire(key, 60)
        store = Store(shared=shared)
        assert (await store.bind(policy, FakeUpstream()).get("a")).source == "computed"
        await store.flush()
        assert not shared.records
        assert (await store.bind(policy, FakeUpstream()).get("a")).source == "memory"

    asyncio.run(scenario())

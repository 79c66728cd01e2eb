"""The shared tier against an emulator whose conditional writes are exact, with many writers at once."""

import asyncio
import os
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from fanfare import aws
from fanfare.cache.dynamodb import SPILL_BYTES, Table
from fanfare.cache.policy import Policy
from fanfare.cache.record import Record
from fanfare.cache.s3 import PREFIX, Objects
from fanfare.cache.store import Store
from integration import stores

pytestmark = pytest.mark.usefixtures("cloud")


@pytest.fixture
def table_name(cloud: str) -> Iterator[str]:
    name = stores.table(cloud, f"cache-{uuid.uuid4().hex}")
    yield name
    stores.client("dynamodb", cloud).delete_table(TableName=name)


@pytest.fixture
def objects(cloud: str) -> Objects:
    return Objects(stores.bucket(cloud, f"storage-{uuid.uuid4().hex}"))


def record(key: str, body: bytes, *, negative: bool = False) -> Record:
    now = round(time.time(), 3)
    return Record(key, body, now, now + 60, now + 600, negative)


def test_what_is_written_is_read_back(table_name: str, objects: Objects) -> None:
    noise, plain = os.urandom(SPILL_BYTES + 1000), b"abc" * 5000
    wanted = [
        record("small", b"x"),
        record("packed", plain),
        record("spilled", noise),
        record("none", b"nothing", negative=True),
        *(record(f"many{number}", bytes([number])) for number in range(230)),
    ]

    async def scenario() -> dict[str, Record]:
        table = Table(table_name, objects)
        await table.put_many(wanted)
        return await table.get_many([*(each.key for each in wanted), "absent"])

    assert asyncio.run(scenario()) == {each.key: each for each in wanted}
    items = {
        key: aws.client("dynamodb").get_item(TableName=table_name, Key={"pk": {"S": key}})["Item"]
        for key in ("small", "packed", "spilled")
    }
    assert "packed" not in items["small"]
    assert len(items["packed"]["body"]["B"]) < len(plain) / 10
    assert items["spilled"]["object"]["S"].startswith(PREFIX)
    assert "body" not in items["spilled"]
    assert int(items["small"]["expires_at"]["N"]) >= record("", b"").hard - 5


def test_a_spilled_object_that_is_gone_is_a_miss_for_its_own_key_only(table_name: str, objects: Objects) -> None:
    async def scenario() -> set[str]:
        table = Table(table_name, objects)
        await table.put_many([record("spilled", os.urandom(SPILL_BYTES + 1)), record("small", b"x")])
        aws.client("s3").delete_object(
            Bucket=objects._bucket.name,
            Key=aws.client("s3").list_objects_v2(Bucket=objects._bucket.name)["Contents"][0]["Key"],
        )
        return set(await table.get_many(["spilled", "small"]))

    assert asyncio.run(scenario()) == {"small"}


def test_of_many_that_want_a_lease_one_gets_it(table_name: str) -> None:
    async def scenario() -> list[int | None]:
        table = Table(table_name)
        return await asyncio.gather(*(table.acquire("key", 30) for _ in range(40)))

    fences = asyncio.run(scenario())
    assert [fence for fence in fences if fence is not None] == [1]


def test_fences_only_grow_and_a_late_writer_is_refused(table_name: str) -> None:
    async def scenario() -> None:
        table = Table(table_name)
        assert await table.acquire("key", 1.0) == 1
        assert await table.acquire("key", 30) is None
        await asyncio.sleep(1.1)
        assert await table.acquire("key", 30) == 2
        assert not await table.put_fenced(record("key", b"late"), 1)
        assert await table.peek("key") == (None, True)
        assert await table.get_many(["key"]) == {}
        mine = record("key", b"mine")
        assert await table.put_fenced(mine, 2)
        assert await table.peek("key") == (mine, False)
        assert await table.acquire("key", 30) == 3
        await table.release("key", 2)
        assert await table.acquire("key", 30) is None
        await table.release("key", 3)
        assert await table.acquire("key", 30) == 4

    asyncio.run(scenario())


def test_processes_that_miss_together_compute_once(table_name: str) -> None:
    calls = 0

    async def compute(key: str) -> str:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.3)
        return key * 2

    async def process() -> str:
        store = Store(shared=Table(table_name))
        entry = await store.bind(Policy("leased", 1, ttl=60, lease=10), compute).get("ab")
        await store.flush()
        return entry.value

    async def scenario() -> list[str]:
        return await asyncio.gather(*(process() for _ in range(12)))

    assert asyncio.run(scenario()) == ["abab"] * 12
    assert calls == 1


def test_keys_left_unprocessed_are_asked_for_again(table_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = aws.client("dynamodb")
    real = {"read": client.batch_get_item, "write": client.batch_write_item}
    rounds = {"read": 0, "write": 0}

    def partly(kind: str, left: str, **arguments: Any) -> Any:
        """Do the first half of a batch, once; the emulator itself always does all."""
        rounds[kind] += 1
        if rounds[kind] > 1:
            return real[kind](**arguments)
        wanted = arguments["RequestItems"][table_name]
        entries = wanted["Keys"] if kind == "read" else wanted
        half = len(entries) // 2
        ask = {"Keys": entries[:half]} if kind == "read" else entries[:half]
        rest = {"Keys": entries[half:]} if kind == "read" else entries[half:]
        return real[kind](RequestItems={table_name: ask}) | {left: {table_name: rest}}

    monkeypatch.setattr(client, "batch_get_item", lambda **each: partly("read", "UnprocessedKeys", **each))
    monkeypatch.setattr(client, "batch_write_item", lambda **each: partly("write", "UnprocessedItems", **each))
    wanted = [record(str(number), b"x") for number in range(10)]

    async def scenario() -> dict[str, Record]:
        table = Table(table_name)
        await table.put_many(wanted)
        return await table.get_many([each.key for each in wanted])

    assert asyncio.run(scenario()) == {each.key: each for each in wanted}
    assert rounds == {"read": 2, "write": 2}

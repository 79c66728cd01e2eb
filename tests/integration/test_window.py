"""A quota and its log against an emulator whose conditional writes are exact, with several processes at once."""

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

import httpx2
import pytest

from fanfare import aio, aws
from fanfare.cache import Store
from fanfare.cache.dynamodb import Table
from fanfare.cache.ledger import Ledger
from fanfare.upstreams.http import JsonApi
from fanfare.upstreams.window import Window
from integration import stores
from support.routes import Routes

PROCESSES, EACH, CALLS, SECONDS = 4, 10, 12, 0.5

_WORKER = """
import asyncio, json, sys, time
from fanfare import aws
from fanfare.cache.ledger import Ledger
from fanfare.upstreams.window import Window

table, each, calls, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
aws.client("dynamodb")
arrivals = []

async def call(window):
    await window.turn()
    arrivals.append(time.time())

async def work():
    window = Window("fake", calls, seconds, shared=Ledger(table), kept=0.1, way=0.1)
    await asyncio.gather(*(call(window) for _ in range(each)))

print("ready", flush=True)
sys.stdin.readline()
asyncio.run(work())
print(json.dumps(arrivals))
"""


@pytest.fixture
def table(cloud: str) -> Iterator[str]:
    name = stores.table(cloud, f"cache-{uuid.uuid4().hex}")
    yield name
    stores.client("dynamodb", cloud).delete_table(TableName=name)


@pytest.fixture
def puts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of all changes that are tried."""
    made: list[str] = []
    real = Ledger._put

    async def counted(self: Ledger, key: str, version: int, body: bytes, seconds: float) -> bool:
        made.append(key)
        return await real(self, key, version, body, seconds)

    monkeypatch.setattr(Ledger, "_put", counted)
    return made


def one_more(body: bytes) -> bytes:
    return str(int(body or b"0") + 1).encode()


def test_no_change_is_lost_however_many_are_made_at_once(table: str) -> None:
    ledgers = [Ledger(table) for _ in range(4)]

    async def changes(ledger: Ledger) -> list[bool]:
        return [await ledger.change("count", one_more, seconds=60) for _ in range(10)]

    async def scenario() -> list[bool]:
        done = await asyncio.gather(*(changes(ledger) for ledger in ledgers))
        return [each for of_one in done for each in of_one]

    done = asyncio.run(scenario())
    item = aws.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "count"}})["Item"]
    assert int(item["body"]["B"]) == int(item["version"]["N"]) == sum(done) > 30
    assert float(item["expires_at"]["N"]) > time.time()


def test_what_dynamodb_has_deleted_begins_anew_and_no_change_is_no_write(table: str, puts: list[str]) -> None:
    async def scenario() -> None:
        ledger = Ledger(table)
        assert await ledger.change("count", one_more, seconds=60)
        assert await ledger.change("count", lambda _: None, seconds=60)
        assert len(puts) == 1
        aws.client("dynamodb").delete_item(TableName=table, Key={"pk": {"S": "count"}})
        assert await ledger.change("count", one_more, seconds=60)

    asyncio.run(scenario())
    item = aws.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "count"}})["Item"]
    assert item["body"]["B"] == b"1"


def test_several_processes_keep_to_one_allowance(table: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, table, str(EACH), str(CALLS), str(SECONDS)],
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        arrivals = sorted(each for process in processes for each in json.loads(process.communicate(timeout=60)[0]))
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert len(arrivals) == PROCESSES * EACH
    assert max(sum(first <= each < first + SECONDS for each in arrivals) for first in arrivals) <= CALLS
    assert len({round(each, 1) for each in arrivals}) < len(arrivals) / 2  # in bursts, not one by one


def test_a_request_of_sixteen_calls_writes_once_and_one_that_finds_others_twice(table: str, puts: list[str]) -> None:
    upstream = Routes(lambda _: httpx2.Response(200, json={}), delay=0.05)

    def api() -> JsonApi:
        store = Store(shared=Table(table))
        window = Window("fake", 50, 5.0, store=store, shared=Ledger(table))
        return JsonApi("fake", "https://fake.test", http=upstream.client(), timeout=5, concurrency=6, window=window)

    async def sixteen(of: JsonApi) -> int:
        puts.clear()
        with aio.within(aio.Deadline.after(10)):
            results = await aio.fan_out(range(16), lambda _: of.get("/x", {}, kind="x"), limit=16, timeout=10)
        assert results == [{}] * 16
        return len(puts)

    async def scenario() -> list[int]:
        first, second = api(), api()
        return [await sixteen(first), await sixteen(second), await sixteen(second)]

    assert asyncio.run(scenario()) == [1, 2, 1]
    assert len(upstream.seen) == 48

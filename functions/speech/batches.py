"""Single questions, asked at about the same time, answered many to a call."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass

from fanfare import aio
from fanfare.aio import Failure


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting[K, R]:
    key: K
    kind: tuple[Hashable, int]
    """The group, and the size of its calls."""
    answer: asyncio.Future[R]


class Batcher[K, R]:
    """Gathers keys into calls of `work`, which returns a result or a `Failure` for each key, in order.

    Keys of one group go together in the order they came, at most `concurrency` calls are under way, and a call is
    made at the end of the loop's turn in which there are both a key and a place for it: what comes while all places
    are taken fills the next calls. Made for one request: calls work under the deadline of whoever asked first.
    After https://github.com/graphql/dataloader.
    """

    def __init__(self, work: Callable[[Sequence[K]], Awaitable[Sequence[R | Failure]]], *, concurrency: int) -> None:
        self._work = work
        self._concurrency = concurrency
        self._waiting: deque[_Waiting[K, R]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._held: asyncio.TimerHandle | None = None
        self._closed: Exception | None = None

    async def get(self, key: K, *, group: Hashable, size: int) -> R:
        """Return the result for `key`, asked in one call with at most `size - 1` others of its `group` and size.

        Raises what stands in the result's place, what the whole call raised, and what the batcher was closed with.
        """
        if self._closed is not None:
            raise self._closed
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._waiting.append(_Waiting(key, (group, size), answer))
        loop.call_soon(self._start)
        return await answer

    def hold(self, seconds: float) -> None:
        """Start no call for so long, or longer where a hold lasts longer."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if self._held is not None:
            until = max(until, self._held.when())
            self._held.cancel()
        self._held = loop.call_at(until, self._release)

    def _release(self) -> None:
        self._held = None
        self._start()

    def close(self, error: Exception) -> None:
        """Start no further call: what waits for one, and what is still to come, gets `error`."""
        self._closed = error
        while self._waiting:
            _refuse(self._waiting.popleft(), error)

    def cancel(self) -> None:
        """Give up what is under way; nobody waits for it any more."""
        self._waiting.clear()
        for call in self._under_way:
            call.cancel()

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        while self._held is None and len(self._under_way) < self._concurrency:
            batch = self._next()
            if not batch:
                return
            call = loop.create_task(self._call(batch))
            self._under_way.add(call)
            call.add_done_callback(self._ended)

    def _next(self) -> list[_Waiting[K, R]]:
        """Take the next batch out of the queue, without those who no longer wait."""
        waiting = [each for each in self._waiting if not each.answer.done()]
        batch = [each for each in waiting if each.kind == waiting[0].kind][: waiting[0].kind[1]] if waiting else []
        self._waiting = deque(each for each in waiting if each not in batch)
        return batch

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._under_way.discard(call)
        self._start()

    async def _call(self, batch: list[_Waiting[K, R]]) -> None:
        try:
            found = await aio.isolated(self._work([each.key for each in batch]), timeout=float("inf"))
            results = [found] * len(batch) if isinstance(found, Failure) else found
            for each, result in zip(batch, results, strict=True):
                if isinstance(result, Failure):
                    _refuse(each, result.error)
                elif not each.answer.done():
                    each.answer.set_result(result)
        finally:
            for each in batch:
                each.answer.cancel()  # where the call was cancelled: nobody shall wait for ever


def _refuse[K, R](waiting: _Waiting[K, R], error: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)

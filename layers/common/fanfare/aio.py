"""One event loop for the life of the process, and fan-out on it: bounded, isolated, with a deadline.

Lambda freezes a process between invocations and calls it again. `asyncio.run` closes its loop each time, and a pooled
HTTP client made on a closed loop fails on the second, warm call; so every invocation runs on one module-level
`asyncio.Runner`, and connections, TLS sessions and locks live on.
"""

import asyncio
import functools
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self

from snapshot_restore_py import register_after_restore

from fanfare.errors import DeadlineExceeded

WAITING: Final = 32
"""Threads that wait for AWS, as many as an AWS client keeps connections."""

_runner: asyncio.Runner | None = None


def run[R](work: Coroutine[Any, Any, R]) -> R:
    """Run `work` to its end on the process's loop, made on first use."""
    global _runner  # noqa: PLW0603  (the one loop of the process)
    if _runner is None:
        _runner = asyncio.Runner()
        # asyncio's own default is four more than there are cores: too few for threads that only wait for AWS.
        _runner.get_loop().set_default_executor(ThreadPoolExecutor(WAITING, thread_name_prefix="waiting"))
    return _runner.run(work)


def close() -> None:
    """Close the loop; the next `run` makes a new one."""
    global _runner  # noqa: PLW0603
    if _runner is not None:
        _runner.close()
        _runner = None


register_after_restore(close)
register_after_restore(random.seed)  # or every restored copy would jitter in step


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the running loop's clock, in its seconds."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        return cls(asyncio.get_running_loop().time() + seconds)

    def remaining(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self.at - asyncio.get_running_loop().time())

    def less(self, seconds: float) -> Self:
        """An earlier deadline that keeps `seconds` in hand for what comes after."""
        return type(self)(self.at - seconds)


_current: ContextVar[Deadline] = ContextVar("deadline")
NEVER: Final = Deadline(float("inf"))


def deadline() -> Deadline:
    """The deadline that the current task works under; `NEVER` where none was set."""
    return _current.get(NEVER)


@contextmanager
def within(limit: Deadline) -> Iterator[Deadline]:
    """Put a block, and the tasks started in it, under `limit` or the enclosing deadline, whichever comes first."""
    earlier = min(limit, deadline(), key=lambda each: each.at)
    token = _current.set(earlier)
    try:
        yield earlier
    finally:
        _current.reset(token)


_outlives: ContextVar[bool] = ContextVar("outlives", default=False)


def outliving[R](work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
    """Start work that neither the deadline nor the end of the request cuts short; whoever starts it awaits it."""
    context = Context()
    context.run(_outlives.set, True)
    return asyncio.create_task(work, context=context)


def leftover() -> list[asyncio.Task[Any]]:
    """Return the tasks under way beside the current one, but for those that are `outliving` and what they started."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return [task for task in others if not task.get_context().get(_outlives, False)]


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """An `asyncio.TaskGroup` that raises the first error itself, so that callers can tell errors apart by type."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def compute[R](work: Callable[..., R], *arguments: Any, **options: Any) -> R:
    """Await CPU-bound `work`, which should release the GIL, in one of as many threads as there are cores.

    They are apart from those that wait for AWS. None can be cancelled: what may take long is given a `checkpoint`.
    """
    return await asyncio.get_running_loop().run_in_executor(_cores(), partial(work, *arguments, **options))


@functools.cache
def _cores() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.process_cpu_count(), thread_name_prefix="compute")


def checkpoint() -> Callable[[], None]:
    """Return a function for work in threads, which raises `DeadlineExceeded` once the current deadline has passed."""
    limit, clock = deadline(), asyncio.get_running_loop().time

    def check() -> None:
        if clock() >= limit.at:
            raise DeadlineExceeded("the time for this answer was used up")

    return check


@dataclass(frozen=True, slots=True)
class Failure:
    """Stands in the place of a result that could not be had."""

    error: Exception


async def isolated[R](work: Awaitable[R], *, timeout: float) -> R | Failure:
    """Await `work` for `timeout` seconds at most, and within the current deadline; a failure is returned, not raised.

    Cancelling the caller still cancels the work.
    """
    limit = deadline()
    try:
        async with asyncio.timeout_at(min(limit.at, Deadline.after(timeout).at)):
            return await work
    except TimeoutError as error:
        late = DeadlineExceeded("the time for this answer was used up")
        return Failure(error if limit.remaining() else late)
    except Exception as error:  # noqa: BLE001  (isolation is this function's purpose)
        return Failure(error)


async def fan_out[T, R](
    items: Iterable[T], work: Callable[[T], Awaitable[R]], *, limit: int, timeout: float
) -> list[R | Failure]:
    """Call `work` for every item, `limit` at a time, `timeout` seconds each, all within the current deadline.

    Results come in the order of the items, with a `Failure` in the place of each item that failed, ran too long or was
    not reached before the deadline. One item never fails the rest.
    """
    gate = asyncio.Semaphore(limit)

    async def one(item: T) -> R | Failure:
        if gate.locked():
            try:
                async with asyncio.timeout_at(deadline().at):
                    await gate.acquire()
            except TimeoutError:
                return Failure(DeadlineExceeded("not started before the deadline"))
        else:
            await gate.acquire()
        try:
            return await isolated(work(item), timeout=timeout)
        finally:
            gate.release()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(item)) for item in items]
    return [task.result() for task in tasks]

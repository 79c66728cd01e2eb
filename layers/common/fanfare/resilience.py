"""How calls to an upstream stay polite and quick: adaptive limit, retry budget, backoff, hedging.

None of these knows an upstream; `fanfare.upstreams.http` puts them together.
"""

import asyncio
import random
import statistics
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from fanfare import aio


def backoff(attempt: int, *, base: float = 0.1, cap: float = 2.0) -> float:
    """Seconds to wait before retry number `attempt` (1, 2, …): exponential, with full jitter.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random.uniform(0, min(cap, base * 2 ** (attempt - 1)))


@dataclass(slots=True)
class RetryBudget:
    """Extra calls (retries and hedges) are paid from a budget, so that an outage is never answered with a storm.

    Over the last `window` seconds at most `ratio` of the first calls plus `reserve` a second may be extra. The reserve
    is small since one process serves one request at a time.
    Source: https://twitter.github.io/finagle/docs/com/twitter/finagle/service/RetryBudget.html
    """

    ratio: float = 0.2
    reserve: float = 1.0
    window: float = 10.0
    _first: deque[float] = field(default_factory=deque)
    _extra: deque[float] = field(default_factory=deque)

    def deposit(self) -> None:
        """Count a first call."""
        self._forget(now := asyncio.get_running_loop().time())
        self._first.append(now)

    def withdraw(self) -> bool:
        """Take one extra call from the budget; False if there is none left."""
        self._forget(now := asyncio.get_running_loop().time())
        if len(self._extra) + 1 > self.ratio * len(self._first) + self.reserve * self.window:
            return False
        self._extra.append(now)
        return True

    def _forget(self, now: float) -> None:
        for calls in (self._first, self._extra):
            while calls and calls[0] <= now - self.window:
                calls.popleft()


class Paused(Exception):
    """The upstream asked for a pause that ends after the caller's deadline. `retry_after` is seconds from now."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"paused for {retry_after:.1f} s")
        self.retry_after = retry_after


class AdaptiveLimit:
    """How many calls may be under way at once: additive increase, multiplicative decrease (AIMD).

    While the limit is what holds calls back and they succeed, it grows by one for each full round of successes. A sign
    of overload (429, timeout) halves it, but from above `start`, which somebody has said the upstream takes, not to
    below it at once; for `HOLD` seconds after that it does not grow beyond `start`. Calls that began before the last
    halving do not halve it again: they tell of the same moment. Waiters are served in order.

    With a `ramp` the limit also doubles each `ramp` seconds in which calls wait and none was refused (slow start): a
    server that refuses does so at once, long before the first slow answer. Until something has succeeded that is done
    once only.
    Source: Chiu and Jain, 1989, "Analysis of the increase and decrease algorithms for congestion avoidance"; for slow
    start, https://www.rfc-editor.org/rfc/rfc5681.
    """

    HOLD: Final = 10.0
    LONGEST_PAUSE: Final = 300.0

    def __init__(self, start: int, *, floor: int = 1, ceiling: int = 64, ramp: float | None = None) -> None:
        self._limit = float(start)
        self._start = start
        self._floor = floor
        self._ceiling = ceiling
        self._ramp = ramp
        self._doubled = False
        self._doubles_at: float | None = None
        self._succeeded = False
        self._timer: asyncio.TimerHandle | None = None
        self._in_flight = 0
        self._waiting: deque[_Waiter] = deque()
        self._halved_at = float("-inf")
        self._resumes_at = float("-inf")

    @property
    def current(self) -> int:
        return int(self._limit)

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def paused(self) -> float:
        """Seconds until calls may start again."""
        return max(0.0, self._resumes_at - _now())

    @asynccontextmanager
    async def slot(self) -> AsyncIterator["Slot"]:
        """Wait for a place. The caller tells the slot how the call went; leaving without a word changes nothing.

        Raises `Paused` where no place can be had before the current deadline.
        """
        if self._has_room() and not self._waiting:
            self._in_flight += 1
        else:
            await self._turn()
        was_full = self._in_flight >= self.current
        try:
            yield Slot(self, _now(), was_full)
        finally:
            self._in_flight -= 1
            self._hand_over()

    def _has_room(self) -> bool:
        return self._in_flight < self.current and _now() >= self._resumes_at

    async def _turn(self) -> None:
        waiter = _Waiter(asyncio.get_running_loop().create_future(), aio.deadline().at)
        self._waiting.append(waiter)
        self._turn_away()
        self._schedule()
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif not waiter.turn.cancelled() and waiter.turn.exception() is None:  # handed over at the same moment
                self._in_flight -= 1
                self._hand_over()
            raise

    def _hand_over(self) -> None:
        # A place is handed over, not put back: a newcomer cannot slip in before those who wait.
        while self._waiting and self._has_room():
            waiter = self._waiting.popleft()
            if not waiter.turn.done():
                waiter.turn.set_result(None)
                self._in_flight += 1

    def _turn_away(self) -> None:
        """Let those go whose deadline comes before the end of the pause."""
        late = [waiter for waiter in self._waiting if waiter.deadline <= self._resumes_at]
        for waiter in late:
            self._waiting.remove(waiter)
            if not waiter.turn.done():
                waiter.turn.set_exception(Paused(self._resumes_at - _now()))

    def _schedule(self) -> None:
        """Hand over what there is, and look again when a pause ends, and when it is time to double."""
        self._hand_over()
        now = _now()
        if not self._may_double():
            self._doubles_at = None
        elif self._doubles_at is None:
            self._doubles_at = max(now, self._resumes_at) + (self._ramp or 0)
        times = [at for at in (self._resumes_at, self._doubles_at) if at is not None and at > now]
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and times:
            self._timer = asyncio.get_running_loop().call_at(min(times), self._look_again)

    def _may_double(self) -> bool:
        asked = self._ramp is not None and bool(self._waiting) and self.current < self._most()
        return asked and (self._succeeded or not self._doubled)

    def _look_again(self) -> None:
        if self._doubles_at is not None and _now() >= self._doubles_at:
            self._doubles_at = None
            if self._may_double():
                self._limit = min(self._most(), 2 * self._limit)
                self._doubled = True
        self._schedule()

    def _most(self) -> int:
        return self._start if _now() < self._halved_at + self.HOLD else self._ceiling

    def increase(self) -> None:
        """Additive increase: one more place for each full round of successes."""
        self._limit = max(self._limit, min(self._most(), self._limit + 1 / self._limit))

    def decrease(self, began: float, pause: float) -> None:
        """Multiplicative decrease, for a call that began at `began` on the loop's clock; no call starts for `pause`."""
        now = _now()
        self._resumes_at = max(self._resumes_at, now + min(pause, self.LONGEST_PAUSE))
        if began >= self._halved_at:
            self._limit = max(self._floor, self._limit / 2, self._start if self._limit > self._start else 0)
            self._halved_at = now
        self._doubles_at = None
        self._turn_away()
        self._schedule()

    def succeeded(self) -> None:
        if not self._succeeded:
            self._succeeded = True
            self._schedule()


@dataclass(frozen=True, slots=True)
class _Waiter:
    turn: asyncio.Future[None]
    deadline: float


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in an `AdaptiveLimit`, and the way to tell it how the call went."""

    limit: AdaptiveLimit
    began: float
    was_full: bool

    def succeeded(self) -> None:
        self.limit.succeeded()
        if self.was_full:
            self.limit.increase()

    def overloaded(self, pause: float = 0.0) -> None:
        """Tell of a 429 or a timeout. `pause` is what a Retry-After asks for, in seconds, of every call."""
        self.limit.decrease(self.began, pause)


class Hedge:
    """A second, identical request once the first is slower than the live 95th percentile; the first answer wins.

    For idempotent reads only. It helps the tail (ten-way fan-outs with rare stragglers), never the median, and is paid
    from the same budget as retries.
    Source: Dean and Barroso, 2013, "The tail at scale", https://doi.org/10.1145/2408776.2408794
    """

    SAMPLES: Final = 128
    NEEDED: Final = 20

    def __init__(self, budget: RetryBudget) -> None:
        self._budget = budget
        self._latencies: deque[float] = deque(maxlen=self.SAMPLES)

    @property
    def delay(self) -> float | None:
        """Seconds after which a call counts as slow; None until enough calls were seen to tell."""
        if len(self._latencies) < self.NEEDED:
            return None
        return statistics.quantiles(self._latencies, n=20)[-1]

    async def call[R](self, make: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """Await one call made by `make`, or the quicker of two; raises what the last of them raised."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        delay = self.delay
        answer = await (make() if delay is None else self._race(make, delay))
        # The waiting time of whoever won is what the next caller would wait: a hedged straggler must not raise the p95.
        self._latencies.append(loop.time() - began)
        return answer

    async def _race[R](self, make: Callable[[], Coroutine[Any, Any, R]], delay: float) -> R:
        first = asyncio.create_task(make())
        calls = {first}
        try:
            await asyncio.wait(calls, timeout=delay)
            if not first.done() and self._budget.withdraw():
                calls.add(asyncio.create_task(make()))
                return await _first_answer(calls)
            return await first
        finally:
            for call in calls:
                if not call.done():
                    call.cancel()
                    await asyncio.wait({call})


async def _first_answer[R](calls: set[asyncio.Task[R]]) -> R:
    pending = calls
    while True:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        winner = next((call for call in done if not call.exception()), None)
        if winner is not None:
            return winner.result()
        if not pending:
            return done.pop().result()

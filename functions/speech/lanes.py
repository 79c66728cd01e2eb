"""One engine under traffic: how many at once, how long, how often again, and when to leave it alone."""

import asyncio
from typing import Any, Final

from fanfare import aio, telemetry
from fanfare.errors import (
    ConfigurationError,
    DeadlineExceeded,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
)
from fanfare.resilience import AdaptiveLimit, Paused, RetryBudget, backoff
from speech.utterance import Engine, Format, Speech, Utterance

FAILURES: Final = 5
"""In a row, after which an engine is left alone."""
PAUSE: Final = 20.0
"""Seconds for which it is; one more failure after them, and it is left alone again."""
CHARACTERS_A_SECOND: Final = 200
"""At which long texts are at least spoken: ten times as fast as they are heard."""
REFUSALS: Final = 8
"""429s that one text puts up with."""


class Lane:
    """Speaks by one engine.

    `timeout` is seconds for one attempt at a short text, `price` US dollars per million characters.
    """

    def __init__(self, engine: Engine, *, limit: AdaptiveLimit, timeout: float, price: float = 0.0) -> None:
        self.engine = engine
        self.limit = limit
        self._timeout = timeout
        self._price = price
        self._budget = RetryBudget()
        self._failures = 0
        self._down_until = float("-inf")

    async def speak(self, utterance: Utterance, audio_format: Format) -> Speech:
        """Speak, waiting for a place and for pauses that the engine asks for, within the current deadline.

        A failure that may pass is tried once more, a timeout is not: it has cost more than a retry could win back.
        Raises `UpstreamRateLimited`, `UpstreamTimeout`, `UpstreamRejected` or `UpstreamError`, and `DeadlineExceeded`
        if the time is up before the engine's own.
        """
        self._budget.deposit()
        refused, failed = 0, False
        while True:
            try:
                return await self._attempt(utterance, audio_format, refused)
            except UpstreamRateLimited:
                refused += 1
                if refused > REFUSALS:
                    raise
            except UpstreamError as error:
                if failed or not error.retryable or isinstance(error, UpstreamTimeout) or self._is_down():
                    raise
                pause = error.retry_after if error.retry_after is not None else backoff(1)
                if pause > aio.deadline().remaining() or not self._budget.withdraw():
                    raise
                failed = True
                await asyncio.sleep(pause)

    async def _attempt(self, utterance: Utterance, audio_format: Format, refused: int) -> Speech:
        name = self.engine.name
        try:
            async with self.limit.slot() as slot:
                if self._is_down():
                    raise UpstreamError(name, "left alone after it failed several times")
                until = aio.Deadline.after(self.patience(utterance))
                try:
                    async with asyncio.timeout_at(min(until.at, aio.deadline().at)):
                        speech = await self.engine.speak(utterance, audio_format)
                except TimeoutError as error:
                    if until.remaining():
                        raise DeadlineExceeded("the time for this answer was used up") from error
                    slot.overloaded()
                    self._failed()
                    late = UpstreamTimeout(name, "no audio in time")
                    telemetry.log_failure("an engine failed", late)
                    raise late from error
                except UpstreamRateLimited as error:
                    slot.overloaded(backoff(refused + 1) if error.retry_after is None else error.retry_after)
                    raise
                except UpstreamError as error:
                    telemetry.log_failure("an engine failed", error)
                    if error.retryable:
                        self._failed()
                    raise
                except ConfigurationError as error:
                    telemetry.log_failure("an engine cannot be used", error)
                    raise UpstreamRejected(name, "is not configured") from error
                slot.succeeded()
                self._failures = 0
                telemetry.figures().cost_usd += self._price * len(utterance.text or utterance.ssml) / 1e6
                return speech
        except Paused as error:
            raise UpstreamRateLimited(name, "too many requests", retry_after=error.retry_after) from error

    def patience(self, utterance: Utterance) -> float:
        """Seconds for one attempt at a text."""
        return self._timeout + len(utterance.text or utterance.ssml) / CHARACTERS_A_SECOND

    def _failed(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._down_until = _now() + PAUSE

    def _is_down(self) -> bool:
        return _now() < self._down_until

    def status(self) -> dict[str, Any]:
        """Return what is under way and how the engine does, for people to look at."""
        return {
            "engine": self.engine.name,
            "model": self.engine.model,
            "health": "down" if self._is_down() else "failing" if self._failures else "healthy",
            "failures_in_a_row": self._failures,
            "concurrency": self.limit.current,
            "in_flight": self.limit.in_flight,
            "queued": self.limit.waiting,
            "paused_for": round(self.limit.paused, 1),
        }


def _now() -> float:
    return asyncio.get_running_loop().time()

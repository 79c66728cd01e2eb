"""One engine under traffic, on virtual time."""

import asyncio
from collections.abc import Callable

import pytest

from fanfare.aio import Deadline, within
from fanfare.errors import (
    DeadlineExceeded,
    FanfareError,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
)
from fanfare.resilience import AdaptiveLimit
from speech.lanes import FAILURES, PAUSE, REFUSALS, Lane
from speech.utterance import Format, Speech, Utterance
from support.virtual_time import run_virtual

HELLO = Utterance("hello", "en")


class FakeEngine:
    """Speaks in a second; `fail` is asked for an error first, by the number of the attempt. Negative seconds hang."""

    name = "fake"
    model = "fake-1"

    def __init__(self, fail: Callable[[int], Exception | None] = lambda _: None, seconds: float = 1.0) -> None:
        self.fail = fail
        self.seconds = seconds
        self.attempts = 0

    def objection(self, utterance: Utterance) -> str | None:
        return None

    def heard(self, utterance: Utterance) -> Utterance:
        return utterance

    async def speak(self, utterance: Utterance, audio_format: Format) -> Speech:
        self.attempts += 1
        error = self.fail(self.attempts)
        await asyncio.sleep(self.seconds if error is None else 0.01)
        if error is not None:
            raise error
        return Speech(utterance.text.encode(), 1.0, "voice")


def lane(engine: FakeEngine, *, at_once: int = 5) -> Lane:
    return Lane(engine, limit=AdaptiveLimit(at_once, ceiling=at_once), timeout=8.0)


def spoken(engine: FakeEngine, *, seconds: float = 30.0) -> tuple[Speech | FanfareError, float]:
    """Return what comes of one text, and the seconds it took."""

    async def scenario() -> tuple[Speech | FanfareError, float]:
        clock = asyncio.get_running_loop().time
        began = clock()
        with within(Deadline.after(seconds)):
            try:
                return await lane(engine).speak(HELLO, "mp3"), clock() - began
            except FanfareError as error:
                return error, clock() - began

    return run_virtual(scenario())


def test_a_failure_that_may_pass_is_tried_once_more() -> None:
    engine = FakeEngine(lambda attempt: UpstreamError("fake", "status 503") if attempt == 1 else None)
    speech, _ = spoken(engine)
    assert isinstance(speech, Speech)
    assert engine.attempts == 2


def test_but_not_twice() -> None:
    engine = FakeEngine(lambda _: UpstreamError("fake", "status 503"))
    error, _ = spoken(engine)
    assert isinstance(error, UpstreamError)
    assert engine.attempts == 2


def test_a_rejection_is_not_repeated() -> None:
    engine = FakeEngine(lambda _: UpstreamRejected("fake", "status 400"))
    error, _ = spoken(engine)
    assert isinstance(error, UpstreamRejected)
    assert engine.attempts == 1


def test_a_call_that_hangs_ends_at_the_engines_timeout_and_is_not_repeated() -> None:
    engine = FakeEngine(seconds=1000)
    error, took = spoken(engine)
    assert isinstance(error, UpstreamTimeout)
    assert took == pytest.approx(8, abs=0.1)
    assert engine.attempts == 1


def test_a_deadline_before_that_is_not_blamed_on_the_engine() -> None:
    engine = FakeEngine(seconds=1000)
    error, took = spoken(engine, seconds=3)
    assert isinstance(error, DeadlineExceeded)
    assert took == pytest.approx(3)


def test_retry_after_is_waited_for_however_often_it_comes() -> None:
    engine = FakeEngine(lambda n: UpstreamRateLimited("fake", "429", retry_after=2.0) if n <= 3 else None)
    speech, took = spoken(engine)
    assert isinstance(speech, Speech)
    assert took >= 3 * 2.0 + 1.0


def test_a_server_that_refuses_for_ever_is_given_up() -> None:
    engine = FakeEngine(lambda _: UpstreamRateLimited("fake", "429", retry_after=0.1))
    error, _ = spoken(engine)
    assert isinstance(error, UpstreamRateLimited)
    assert engine.attempts == REFUSALS + 1


def test_a_retry_after_beyond_the_deadline_ends_at_once() -> None:
    engine = FakeEngine(lambda _: UpstreamRateLimited("fake", "429", retry_after=60))
    error, took = spoken(engine)
    assert isinstance(error, UpstreamRateLimited)
    assert error.retry_after == pytest.approx(60, abs=0.1)
    assert took < 1


def test_an_engine_that_is_dead_is_left_alone_and_asked_again_later() -> None:
    engine = FakeEngine(lambda _: UpstreamError("fake", "connection refused"))

    async def scenario() -> None:
        one = lane(engine)

        async def attempt() -> None:
            with pytest.raises(UpstreamError):
                await one.speak(HELLO, "mp3")

        for _ in range(FAILURES):
            await attempt()
        assert one.status()["health"] == "down"
        before = engine.attempts
        await asyncio.gather(*(attempt() for _ in range(20)))
        assert engine.attempts == before
        await asyncio.sleep(PAUSE)
        await attempt()  # one that fails is enough now
        assert engine.attempts == before + 1
        assert one.status()["health"] == "down"
        await asyncio.sleep(PAUSE)
        engine.fail = lambda _: None
        await one.speak(HELLO, "mp3")
        assert one.status()["health"] == "healthy"

    run_virtual(scenario())


def test_its_status_tells_what_is_under_way() -> None:
    async def scenario() -> None:
        one = lane(FakeEngine(), at_once=3)
        calls = [asyncio.create_task(one.speak(HELLO, "mp3")) for _ in range(7)]
        await asyncio.sleep(0.5)
        status = one.status()
        assert (status["in_flight"], status["queued"], status["concurrency"]) == (3, 4, 3)
        await asyncio.gather(*calls)
        status = one.status()
        assert (status["in_flight"], status["queued"]) == (0, 0)

    run_virtual(scenario())

"""Engines that refuse, fail, hang or lie: each text ends as audio or as an error of its own, and in time."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from fanfare import aws
from fanfare.resilience import AdaptiveLimit
from integration.images_function import closed
from integration.speech_function import SPEECH, Function, told

BOTH = "openai,espeak"
WORDS = [f"word {number}" for number in range(60)]


def refused(retry_after: str | None = None) -> httpx2.Response:
    return httpx2.Response(429, headers={} if retry_after is None else {"retry-after": retry_after})


async def hang(_: str) -> None:
    await asyncio.Event().wait()


def unreachable(_: str) -> None:
    raise httpx2.ConnectError("refused")


def broken(_: str) -> httpx2.Response:
    return httpx2.Response(500)


def engines(speech: Function) -> dict[str, str]:
    """The health of each."""
    return {each["engine"]: each["health"] for each in speech.get("/api/debug/tts-status").json["engines"]}


def for_one(text: str, behave: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda asked: behave(asked) if asked == text else None


@pytest.mark.parametrize(
    ("behave", "title"),
    [
        (broken, "Upstream unavailable"),
        (unreachable, "Upstream unavailable"),
        (hang, "Upstream timed out"),
        (lambda _: httpx2.Response(400, json={"error": {}}), "Upstream answer unusable"),
        (lambda _: httpx2.Response(401), "Upstream answer unusable"),
        (lambda _: httpx2.Response(200, text="<html>Welcome</html>"), "Upstream answer unusable"),
        (lambda _: httpx2.Response(200, content=b"RIFF\x24\0\0\0WAVEfmt "), "Upstream answer unusable"),
        (lambda _: httpx2.Response(200, content=b""), "Upstream answer unusable"),
        (lambda _: refused("0"), "Upstream rate limit reached"),
    ],
    ids=["500", "unreachable", "hangs", "400", "401", "html", "cut off", "empty", "429"],
)
@pytest.mark.parametrize("audio_format", ["wav", "mp3"])
def test_a_text_that_fails_leaves_the_others(
    speech: Function, behave: Callable[[str], Any], title: str, audio_format: str
) -> None:
    speech.restart(TTS_TIMEOUT_SECONDS="0.5")
    speech.voice.behave = for_one("tree", behave)
    got = speech.speak("house", "tree", "car", format=audio_format)
    assert told(got.items) == ["openai", title, "openai"]
    assert (got.json["spoken"], got.json["failed"], got.json["meta"]["degraded"]) == (2, 1, True)
    failed = got.items[1]
    assert (failed["id"], failed["audio_url"], failed["cached"]) == (None, None, False)
    assert failed["error"]["detail"].startswith("openai: ")
    speech.voice.behave = lambda _: None
    assert [item["cached"] for item in speech.speak("house", "tree", "car", format=audio_format).items] == [
        True,
        False,
        True,
    ]


def test_a_failure_that_may_pass_is_tried_again(speech: Function) -> None:
    failing = Counter(WORDS[:3])
    speech.voice.behave = lambda text: broken(text) if failing[text] and not failing.subtract([text]) else None
    assert told(speech.speak(*WORDS[:5]).items) == ["openai"] * 5
    assert Counter(asked["input"] for asked in speech.voice.asked)[WORDS[0]] == 2


def test_what_the_engine_asks_to_wait_for_is_waited_for(speech: Function) -> None:
    times: list[float] = []

    def behave(_: str) -> httpx2.Response | None:
        times.append(time.monotonic())
        return refused("1") if len(times) <= 3 else None

    speech.voice.behave = behave
    got = speech.speak(*WORDS[:10])
    assert told(got.items) == ["openai"] * 10
    assert set(speech.voice.spoken.values()) == {1}
    began = times[:5]  # before anybody knew
    assert all(at - times[2] >= 0.99 for at in times if at not in began)


def test_an_engine_that_takes_five_at_once_loses_none_of_thirty(speech: Function) -> None:
    speech.restart(TTS_RAMP_SECONDS="0.02")
    speech.voice.seconds = 0.05
    refusals: list[str] = []

    def behave(text: str) -> httpx2.Response | None:
        if speech.voice.under_way > 5:
            refusals.append(text)
            return refused()
        return None

    speech.voice.behave = behave
    got = speech.speak(*WORDS[:30], prefer="wait")
    assert told(got.items) == ["openai"] * 30
    assert refusals
    assert speech.voice.spoken == dict.fromkeys(WORDS[:30], 1)


def chaos(seed: int) -> Callable[[str], Any]:
    """One call in ten fails, one in twenty hangs."""
    chance = random.Random(seed)

    def behave(text: str) -> Any:
        number = chance.random()
        return hang(text) if number < 0.05 else broken(text) if number < 0.15 else None

    return behave


@pytest.mark.parametrize("seed", range(3))
def test_among_failing_and_hanging_calls_every_text_ends_as_audio_or_error(speech: Function, seed: int) -> None:
    speech.restart(TTS_TIMEOUT_SECONDS="0.5")
    speech.voice.behave = chaos(seed)
    speech.voice.seconds = 0.01
    items = speech.speak(*WORDS, prefer="wait").items
    assert set(told(items)) <= {"openai", "Upstream unavailable", "Upstream timed out"}
    assert told(items).count("openai") >= 0.8 * len(WORDS)
    assert all((item["error"] is None) == (item["audio_url"] is not None) for item in items)


def test_with_a_second_engine_all_of_them_are_spoken(speech: Function) -> None:
    speech.restart(TTS_TIMEOUT_SECONDS="0.5", TTS_ENGINES=BOTH)
    speech.voice.behave = chaos(1)
    speech.voice.seconds = 0.01
    items = speech.speak(*WORDS, prefer="wait").items
    assert set(told(items)) == {"openai", "espeak"}
    for item in items:
        assert (item["fallback"] is None) == (item["engine"] == "openai")


def test_a_text_that_another_engine_spoke_says_so(speech: Function) -> None:
    speech.restart(TTS_ENGINES=BOTH)
    speech.voice.behave = for_one("tree", broken)
    speech.post(SPEECH, {"items": [{"text": "bush", "language": "en"}]})
    got = speech.post(
        SPEECH, {"items": [{"text": text, "language": "en", "voice": "nova"} for text in ("house", "tree")]}
    )
    assert told(got.items) == ["openai", "espeak"]
    assert [item["fallback"] for item in got.items] == [None, "openai: status 500"]
    assert [item["voice"] for item in got.items] == ["nova", "en"]
    assert got.json["meta"]["sources"] == {"audio": "espeak+openai"}
    word = speech.post("/api/word/tts", {"word": "tree", "language": "en"}).json
    assert (word["engine"], word["fallback"], word["success"]) == ("espeak", "openai: status 500", True)


def test_a_text_that_another_engine_spoke_is_recalled_while_the_first_fails(speech: Function) -> None:
    speech.restart(TTS_ENGINES=BOTH)
    speech.voice.behave = broken
    first, again = (speech.speak("tree").items[0] for _ in range(2))
    assert (again["id"], again["cached"], again["engine"]) == (first["id"], True, "espeak")
    speech.voice.behave = lambda _: None
    assert told(speech.speak("tree").items) == ["openai"]


def test_nobody_else_speaks_where_that_is_not_wanted(speech: Function) -> None:
    speech.restart(TTS_ENGINES=BOTH)
    speech.voice.behave = for_one("tree", broken)
    assert told(speech.speak("house", "tree", fallback=False).items) == ["openai", "Upstream unavailable"]


@pytest.mark.parametrize("behave", [hang, unreachable, broken])
def test_while_an_engine_is_dead_the_next_one_speaks(speech: Function, behave: Callable[[str], Any]) -> None:
    speech.restart(TTS_ENGINES=BOTH, TTS_TIMEOUT_SECONDS="2")
    speech.voice.behave = behave
    assert told(speech.speak(*WORDS, prefer="wait").items) == ["espeak"] * len(WORDS)
    assert engines(speech) == {"openai": "down", "espeak": "healthy"}
    asked = len(speech.voice.asked)
    assert asked < len(WORDS) / 2
    assert told(speech.speak("house", "tree").items) == ["espeak"] * 2  # and nobody waits for it
    assert len(speech.voice.asked) == asked


def test_an_engine_that_was_left_alone_is_tried_again(speech: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speech.lanes.PAUSE", 0.2)
    speech.voice.behave = unreachable
    speech.speak(*WORDS[:10])
    assert engines(speech) == {"openai": "down"}
    speech.voice.behave = lambda _: None
    time.sleep(0.2)
    assert told(speech.speak(*WORDS[:10]).items) == ["openai"] * 10
    assert engines(speech) == {"openai": "healthy"}


@pytest.mark.parametrize(("names", "outcome"), [("openai", "Upstream rate limit reached"), (BOTH, "espeak")])
def test_a_pause_that_ends_after_the_deadline_is_not_waited_for(speech: Function, names: str, outcome: str) -> None:
    speech.restart(TTS_ENGINES=names)
    speech.voice.behave = lambda _: refused("3600")
    began = time.monotonic()
    assert told(speech.speak(*WORDS[:12], seconds=20).items) == [outcome] * 12
    assert told(speech.speak("another").items) == [outcome]
    assert time.monotonic() - began < 20 / 2
    assert len(speech.voice.asked) <= 10  # those that were under way; the next request asks nobody


def test_a_pause_that_the_engine_asks_for_is_told_to_those_who_wait_for_one_text(speech: Function) -> None:
    speech.voice.behave = lambda _: refused("3600")
    got = speech.post("/api/word/tts", {"word": "tree", "language": "en"})
    assert (got.status, got.json["title"], got.json["success"]) == (503, "Upstream rate limit reached", False)
    assert int(got.headers["retry-after"]) == AdaptiveLimit.LONGEST_PAUSE


@pytest.mark.parametrize("seconds", [1.2, 1.8])
def test_when_the_time_is_nearly_used_up_what_is_known_is_answered(speech: Function, seconds: float) -> None:
    speech.speak("house")
    speech.voice.behave = hang
    got = speech.speak("house", *WORDS[:10], seconds=seconds)
    assert told(got.items) == ["openai"] + ["Deadline exceeded"] * 10
    one = speech.post("/api/word/tts", {"word": "tree", "language": "en"}, seconds=seconds)
    assert (one.status, one.json["title"]) == (504, "Deadline exceeded")
    speech.voice.behave = lambda _: None
    again = speech.speak(*WORDS[:10], seconds=5)
    assert told(again.items) == ["openai"] * 10  # their time was up, not the engine's, and nobody has to wait for them


def test_without_the_table_texts_are_spoken_and_jobs_refused(speech: Function) -> None:
    speech.restart(AWS_ENDPOINT_URL_DYNAMODB=closed())
    assert told(speech.speak("house", "tree").items) == ["openai"] * 2
    assert [item["cached"] for item in speech.speak("house", "tree").items] == [True] * 2  # memory
    assert speech.speak("house", prefer="respond-async").status == 503
    assert speech.get("/api/v1/jobs/x").status in {404, 503}
    assert speech.messages() == []


def test_without_the_bucket_each_text_has_its_error(speech: Function) -> None:
    known = speech.speak("house").items[0]
    speech.restart(AWS_ENDPOINT_URL_S3=closed())
    items = speech.speak("house", "tree", "car").items
    assert told(items) == ["openai", "Upstream unavailable", "Upstream unavailable"]
    assert items[1]["error"]["detail"].startswith("storage: ")
    assert items[0]["id"] == known["id"]
    assert engines(speech) == {"openai": "healthy"}
    assert speech.speak("car", prefer="respond-async").status == 503
    speech.restart()
    assert told(speech.speak("tree", "car").items) == ["openai"] * 2


def test_without_the_bucket_no_other_engine_is_asked(speech: Function) -> None:
    """What it said would have nowhere to go either."""
    speech.restart(AWS_ENDPOINT_URL_S3=closed(), TTS_ENGINES=BOTH)
    got = speech.speak("tree")
    assert told(got.items) == ["Upstream unavailable"]
    assert got.json["meta"]["upstream_calls"] == {"openai": 1}


def test_a_key_that_cannot_be_read_is_a_failure_of_that_engine_alone(speech: Function) -> None:
    speech.restart(TTS_ENGINES=BOTH, TTS_API_KEY_PARAMETER="/nobody/wrote/this")
    assert told(speech.speak("tree").items) == ["espeak"]
    aws.client("ssm").put_parameter(Name="/nobody/wrote/this", Value="k", Type="SecureString", Overwrite=True)
    assert told(speech.speak("house").items) == ["openai"]

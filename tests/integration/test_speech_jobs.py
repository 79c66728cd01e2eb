"""Batches that are spoken in the background: accepted, worked part by part, continued, cancelled, and told of."""

import asyncio
import random
from collections import Counter
from typing import Any

import httpx2
import pytest

from fanfare import aio, aws
from fanfare.jobs import Jobs
from integration.speech_function import SPEECH, Answer, Function, side_by_side, told
from speech import handler as function
from speech.engines.espeak import Espeak
from speech.jobs import MOST_ATTEMPTS
from speech.utterance import Speech, Timing, Utterance
from support.lambda_events import queue_event

JOBS = "/api/v1/jobs"


def words(number: int, name: str = "word") -> list[str]:
    return [f"{name} {each}" for each in range(number)]


def started(speech: Function, *texts: str, **request: Any) -> str:
    """Start a job and return its id."""
    got = speech.speak(*texts, prefer="respond-async", **request)
    assert got.status == 202, got
    return str(got.json["id"])


def state(speech: Function, job_id: str) -> dict[str, Any]:
    got = speech.get(f"{JOBS}/{job_id}")
    assert got.status == 200, got
    return got.json


def drained(speech: Function, *, seconds: float = 20.0) -> list[str]:
    """Work the queue as Lambda does, message by message, until it is empty; return the dead letters."""
    dead: list[str] = []
    left = [(body, 1) for body in speech.messages()]
    while left:
        body, receives = left.pop(0)
        if speech.deliver([body], receives=receives, seconds=seconds):
            if receives < MOST_ATTEMPTS:
                left.append((body, receives + 1))
            else:
                dead.append(body)
        left += [(sent, 1) for sent in speech.messages()]
    return dead


def unreachable(_: str) -> None:
    raise httpx2.ConnectError("refused")


async def hang(_: str) -> None:
    await asyncio.Event().wait()


def accepted(got: Answer, total: int) -> None:
    assert got.status == 202, got
    job = got.json
    assert (job["status"], job["total"], job["done"], job["failed"]) == ("queued", total, 0, 0)
    assert job["items"] == [None] * total
    assert got.headers["location"] == job["status_url"] == f"{JOBS}/{job['id']}"
    assert int(got.headers["retry-after"]) >= 1


def test_what_takes_long_is_accepted_as_a_job(speech: Function) -> None:
    assert speech.speak(*words(25)).status == 200
    accepted(speech.speak(*words(26, "tree")), 26)
    assert len(speech.messages()) == 2
    accepted(speech.speak("one", prefer="respond-async, wait=10"), 1)
    accepted(speech.speak("house", prefer='foo; bar="a,b", Respond-Async'), 1)
    assert set(speech.voice.spoken) == set(words(25))


def test_a_client_that_would_rather_wait_is_let_wait(speech: Function) -> None:
    assert told(speech.speak(*words(30), prefer="wait=20").items) == ["openai"] * 30
    assert speech.messages() == []


def test_what_is_known_or_comes_twice_does_not_count(speech: Function) -> None:
    speech.speak(*words(20))
    assert speech.speak(*words(20), *words(25, "tree"), *words(25, "tree")).status == 200
    accepted(speech.speak(*words(20), *words(26, "car")), 46)


def test_without_jobs_everything_is_spoken_at_once(speech: Function) -> None:
    speech.restart(JOBS_TABLE="")
    assert told(speech.speak(*words(30)).items) == ["openai"] * 30


def test_a_job_tells_how_far_it_is_and_what_it_has_made(speech: Function) -> None:
    texts = ["a" * (10 + number % 7) + f" {number}" for number in range(60)]
    job_id = started(speech, *texts)
    first, *others = speech.messages()
    assert len(others) == 2
    assert speech.deliver([first]) == []
    part = state(speech, job_id)
    assert (part["status"], part["total"], part["done"], part["failed"]) == ("running", 60, 25, 0)
    assert [item is not None for item in part["items"]] == [True] * 25 + [False] * 35
    assert speech.get(f"{JOBS}/{job_id}").headers["retry-after"]
    assert speech.deliver(others) == []
    whole = state(speech, job_id)
    assert (whole["status"], whole["done"], whole["failed"]) == ("done", 60, 0)
    assert "retry-after" not in speech.get(f"{JOBS}/{job_id}").headers
    at_once = speech.speak(*texts)
    assert [item["id"] for item in whole["items"]] == [item["id"] for item in at_once.items]
    assert all(item["cached"] for item in at_once.items)
    assert len(httpx2.get(whole["items"][7]["audio_url"]).raise_for_status().content) == whole["items"][7]["bytes"]


def test_a_text_that_comes_twice_in_a_job_is_spoken_once(speech: Function) -> None:
    job_id = started(speech, "house", "tree", "house", " house")
    [message] = speech.messages()
    assert speech.deliver([message]) == []
    job = state(speech, job_id)
    assert (job["status"], job["total"], job["done"]) == ("done", 4, 4)
    assert speech.voice.spoken == {"house": 1, "tree": 1}
    assert job["items"][0]["id"] == job["items"][2]["id"] == job["items"][3]["id"]


def test_what_is_known_is_not_spoken_by_a_job(speech: Function) -> None:
    speech.speak("house", "tree")
    job_id = started(speech, "tree", "car", "house")
    speech.restart()
    assert drained(speech) == []
    assert [item["cached"] for item in state(speech, job_id)["items"]] == [True, False, True]
    assert set(speech.voice.spoken.values()) == {1}


def test_nothing_is_spoken_of_a_job_that_was_cancelled(speech: Function) -> None:
    job_id = started(speech, *words(30))
    got = speech.get(f"{JOBS}/{job_id}", "DELETE")
    assert (got.status, got.json["status"], got.json["done"]) == (200, "cancelled", 0)
    assert drained(speech) == []
    assert speech.voice.asked == []
    assert state(speech, job_id)["status"] == "cancelled"


def test_a_job_that_is_cancelled_while_it_runs_keeps_what_it_has(
    speech: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("speech.jobs.LOOK", 0.0)
    job_id = started(speech, *words(25))

    async def behave(_: str) -> None:
        if len(speech.voice.asked) == 6:
            await function.jobs().cancel(job_id)

    speech.voice.behave = behave
    assert drained(speech) == []
    job = state(speech, job_id)
    assert (job["status"], job["failed"]) == ("cancelled", 0)
    assert 6 <= job["done"] == speech.voice.spoken.total() < 15
    assert speech.get(f"{JOBS}/{job_id}", "DELETE").json["done"] == job["done"]


def test_a_job_that_is_done_cannot_be_cancelled(speech: Function) -> None:
    job_id = started(speech, "house")
    assert drained(speech) == []
    got = speech.get(f"{JOBS}/{job_id}", "DELETE")
    assert (got.status, got.json["status"], got.json["done"]) == (200, "done", 1)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("job_id", ["x", "..", "job", "a b", "é", "x" * 2000])
def test_a_job_that_nobody_started_is_not_found(speech: Function, method: str, job_id: str) -> None:
    assert speech.get(f"{JOBS}/{job_id}", method).status == 404


@pytest.mark.parametrize("message", ["no JSON", "{}", "[]", '"a"', '{"job": "x", "from": 0, "to": 5}'])
def test_a_message_that_nobody_understands_comes_back_alone(speech: Function, message: str) -> None:
    job_id = started(speech, "house")
    assert speech.deliver([message, *speech.messages()]) == ["0"]
    assert state(speech, job_id)["status"] == "done"


def test_a_message_that_comes_twice_is_worked_once(speech: Function) -> None:
    job_id = started(speech, *words(25))
    [message] = speech.messages()
    assert speech.deliver([message, message]) == []  # side by side
    speech.restart()
    assert speech.deliver([message], receives=2) == []
    assert speech.voice.spoken == dict.fromkeys(words(25), 1)
    assert speech.messages() == []
    assert state(speech, job_id)["done"] == 25


def test_a_message_that_two_processes_get_is_spoken_once(speech: Function) -> None:
    speech.restart(TTS_ENGINES="espeak")
    job_id = started(speech, *words(25))
    answers = side_by_side(2, queue_event(speech.messages()), speech.environment | {"TTS_ENGINES": "espeak"})
    assert [failed for _, failed in answers] == [[], []]
    assert sum((spoken for spoken, _ in answers), Counter()) == dict.fromkeys(words(25), 1)
    assert (state(speech, job_id)["status"], state(speech, job_id)["failed"]) == ("done", 0)


def test_a_part_that_runs_out_of_time_is_continued_by_a_new_message(speech: Function) -> None:
    speech.voice.seconds = 0.25
    job_id = started(speech, *words(25))
    [message] = speech.messages()
    assert speech.deliver([message], seconds=2.8) == []
    done = state(speech, job_id)["done"]
    assert 0 < done < 25
    [rest] = speech.messages()
    assert speech.deliver([rest]) == []
    assert state(speech, job_id)["status"] == "done"
    assert speech.voice.spoken == dict.fromkeys(words(25), 1)


def test_a_part_without_any_time_comes_back(speech: Function) -> None:
    job_id = started(speech, *words(3))
    [message] = speech.messages()
    assert speech.deliver([message], seconds=1.5) == ["0"]
    assert speech.deliver([message], receives=2) == []
    assert state(speech, job_id)["status"] == "done"
    assert speech.messages() == []


@pytest.mark.parametrize("behave", [unreachable, hang, lambda _: httpx2.Response(429, headers={"retry-after": "3600"})])
def test_while_the_engine_is_down_a_part_comes_back_until_the_last_time(speech: Function, behave: Any) -> None:
    texts = words(8)
    job_id = started(speech, *texts)
    [message] = speech.messages()
    speech.voice.behave = behave
    for receives in range(1, MOST_ATTEMPTS):
        speech.restart(TTS_TIMEOUT_SECONDS="0.3")
        assert speech.deliver([message], receives=receives) == ["0"]
        assert (state(speech, job_id)["status"], state(speech, job_id)["done"]) == ("running", 0)
    speech.restart(TTS_TIMEOUT_SECONDS="0.3")
    assert speech.deliver([message], receives=MOST_ATTEMPTS) == []
    job = state(speech, job_id)
    assert (job["status"], job["done"], job["failed"]) == ("done", 8, 8)
    assert set(told(job["items"])) <= {"Upstream unavailable", "Upstream timed out", "Upstream rate limit reached"}


def test_a_part_that_comes_back_is_spoken_once_the_engine_is_there_again(speech: Function) -> None:
    job_id = started(speech, *words(8))
    [message] = speech.messages()
    speech.voice.behave = unreachable
    assert speech.deliver([message]) == ["0"]
    speech.voice.behave = lambda _: None
    speech.restart()
    assert speech.deliver([message], receives=2) == []
    assert told(state(speech, job_id)["items"]) == ["openai"] * 8


def test_while_the_engine_is_down_another_one_speaks_if_it_may(speech: Function) -> None:
    speech.restart(TTS_ENGINES="openai,espeak")
    speech.voice.behave = unreachable
    job_id = started(speech, *words(8))
    assert drained(speech) == []
    items = state(speech, job_id)["items"]
    assert told(items) == ["espeak"] * 8
    assert all(item["fallback"] for item in items)
    alone = started(speech, *words(8, "tree"), fallback=False)
    assert drained(speech) == []
    assert told(state(speech, alone)["items"]) == ["Upstream unavailable"] * 8


def fail(_: str) -> None:
    raise ValueError("a decoder that broke")


@pytest.mark.parametrize(("behave", "seconds"), [(fail, 20.0), (hang, 2.8)], ids=["breaks", "takes too long"])
def test_a_text_that_can_never_be_spoken_does_not_keep_a_job_from_its_end(
    speech: Function, behave: Any, seconds: float
) -> None:
    speech.voice.behave = lambda text: behave(text) if text == "word 1" else None
    job_id = started(speech, *words(3))
    assert drained(speech, seconds=seconds) == []
    job = state(speech, job_id)
    assert (job["status"], job["done"], job["failed"]) == ("done", 3, 1)
    assert job["items"][1]["error"]["detail"]


def test_a_text_that_kills_its_worker_each_time_is_given_up(speech: Function) -> None:
    job_id = started(speech, *words(3))
    [message] = speech.messages()
    table = Jobs(speech.environment["JOBS_TABLE"], speech.environment["JOBS_QUEUE_URL"])
    for attempt in range(MOST_ATTEMPTS):  # workers that began it, and were not heard of again
        assert aio.run(table.begin(job_id, 1, worker=str(attempt), seconds=0.0))
    assert speech.deliver([message]) == []
    job = state(speech, job_id)
    assert told(job["items"]) == ["openai", "Given up", "openai"]
    assert job["status"] == "done"


def test_what_nobody_can_speak_is_told_at_once(speech: Function) -> None:
    speech.voice.behave = lambda text: httpx2.Response(400) if text == "word 1" else None
    items = [{"text": text, "language": "en"} for text in words(2)] + [{"ssml": "<speak>a</speak>", "language": "en"}]
    got = speech.post(SPEECH, {"items": items}, prefer="respond-async")
    [message] = speech.messages()
    assert speech.deliver([message]) == []
    job = state(speech, got.json["id"])
    assert told(job["items"]) == ["openai", "Upstream answer unusable", "Unusable content"]
    assert (job["status"], job["failed"]) == ("done", 2)


@pytest.mark.parametrize("seed", range(2))
def test_among_failing_and_hanging_calls_a_job_loses_nothing(
    speech: Function, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("speech.lanes.PAUSE", 0.0)  # a message that comes back does so long after the pause
    chance = random.Random(seed)

    def behave(text: str) -> Any:
        number = chance.random()
        return hang(text) if number < 0.05 else httpx2.Response(500) if number < 0.15 else None

    speech.restart(TTS_TIMEOUT_SECONDS="0.3")
    speech.voice.behave = behave
    job_id = started(speech, *words(60))
    assert drained(speech) == []
    job = state(speech, job_id)
    assert (job["status"], job["failed"]) == ("done", 0)
    assert speech.voice.spoken == dict.fromkeys(words(60), 1)


def test_an_enormous_job_is_spoken_in_order(speech: Function) -> None:
    texts = words(1000)
    speech.restart(MAX_CONCURRENT_TTS_REQUESTS="20")
    job_id = started(speech, *texts)
    messages = speech.messages()
    assert len(messages) == 40
    assert speech.deliver(random.Random(1).sample(messages, 40), seconds=120) == []
    job = state(speech, job_id)
    assert (job["status"], job["done"], job["failed"]) == ("done", 1000, 0)
    assert len({item["id"] for item in job["items"]}) == 1000
    sample = [0, 24, 25, 499, 999]
    again = speech.speak(*(texts[place] for place in sample))
    assert [item["id"] for item in again.items] == [job["items"][place]["id"] for place in sample]
    assert speech.voice.spoken == dict.fromkeys(texts, 1)
    assert len(speech.get(f"{JOBS}/{job_id}").body) < 5_000_000


def test_the_largest_job_is_refused_or_fits_into_an_answer(speech: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 6 MB. In scripts without spaces each sign may be a word with times of its own."""

    async def speak(_: Espeak, utterance: Utterance, __: str) -> Speech:
        return Speech(b"RIFF", 999.999, "cmn", tuple(Timing(sign, 123.456, 123.789) for sign in utterance.text))

    monkeypatch.setattr(Espeak, "speak", speak)
    speech.restart(TTS_ENGINES="espeak")
    texts = [chr(0x4E00 + number) * 5000 for number in range(40)]
    got = speech.speak(*texts, language="zh")
    if got.status == 202:
        assert drained(speech) == []
        got = speech.get(got.headers["location"])
        assert got.json["done"] == 40
        assert len(got.body.encode()) < 6_000_000
    else:
        assert got.refused_fields == {"items"}


def test_the_texts_of_a_job_lie_in_the_bucket_only(speech: Function) -> None:
    secret = "Xylophonist"
    speech.restart(TTS_ENGINES="openai,espeak")
    started(speech, secret, f"{secret} again")
    messages = speech.messages()
    assert speech.deliver(messages) == []
    assert [secret.encode() in body for body in speech.objects("derived/jobs/").values()] == [True]
    tables = [speech.environment[name] for name in ("JOBS_TABLE", "CACHE_TABLE")]
    assert secret not in str([aws.client("dynamodb").scan(TableName=table)["Items"] for table in tables])
    assert secret not in str(messages)
    assert all(key.startswith(("derived/jobs/", "derived/speech/")) for key in speech.objects(""))

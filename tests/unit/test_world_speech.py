"""The sample speech server: its audio, its limit, its faults, and the count of what it said."""

import io
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from tinytag import TinyTag

from local_cloud.world import tones
from support.servers import sample_world

PATH = "/tts/v1/audio/speech"
KEY = {"authorization": "Bearer sample-key"}
WISH = {"model": "sample", "voice": "nova", "input": "Guten Morgen"}


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with sample_world() as url:
        yield url


@pytest.fixture
def world(base_url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=base_url, headers=KEY, timeout=5) as client:
        client.delete("/_world/behaviour")
        client.delete("/_world/calls")
        yield client


def behave(world: httpx2.Client, **members: Any) -> None:
    assert world.put("/_world/behaviour", json={"speech.create": members}).status_code == 204


def statuses(world: httpx2.Client, count: int, **fields: str) -> list[int]:
    """Ask so often side by side, each time for another text."""
    with ThreadPoolExecutor(count) as pool:
        wishes = [WISH | {"input": f"text {number}"} | fields for number in range(count)]
        return [answer.status_code for answer in pool.map(lambda wish: world.post(PATH, json=wish), wishes)]


def duration(mp3: bytes) -> float:
    found = TinyTag.get(filename="tone.mp3", file_obj=io.BytesIO(mp3)).duration
    assert found
    return found


@pytest.mark.parametrize("seconds", [0.3, 0.7, 2.0])
def test_tones_are_as_long_as_they_say(seconds: float) -> None:
    with wave.open(io.BytesIO(tones.tone(seconds, "wav"))) as file:
        assert file.getnframes() / file.getframerate() == seconds
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    assert max(samples) == -min(samples) == tones.LOUDNESS
    assert seconds <= duration(tones.tone(seconds, "mp3")) <= seconds + 0.072


def test_longer_texts_take_longer_and_faster_voices_shorter() -> None:
    assert tones.length("a") == tones.SHORTEST
    assert tones.length("a" * 20) < tones.length("a" * 40)
    assert tones.length("a" * 40, 2.0) == tones.length("a" * 20)
    assert tones.length("a" * 4000) == tones.LONGEST


@pytest.mark.parametrize(("audio_format", "media_type"), [("mp3", "audio/mpeg"), ("wav", "audio/wav")])
def test_it_answers_audio(world: httpx2.Client, audio_format: tones.Format, media_type: str) -> None:
    answer = world.post(PATH, json=WISH | {"response_format": audio_format, "speed": 2})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.content == tones.tone(tones.length("Guten Morgen", 2), audio_format)


def test_it_speaks_mp3_unless_told_otherwise(world: httpx2.Client) -> None:
    assert world.post(PATH, json=WISH).headers["content-type"] == "audio/mpeg"


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": ""},
        {"input": "x" * 4097},
        {"input": 3},
        {"voice": None},
        {"model": ""},
        {"response_format": "opus"},
        {"speed": 5},
        {"speed": "fast"},
    ],
)
def test_wrong_wishes_are_told_what_is_wrong(world: httpx2.Client, wrong: dict[str, Any]) -> None:
    refused = world.post(PATH, json=WISH | wrong)
    assert refused.status_code == 400
    assert refused.json()["error"]["type"] == "invalid_request_error"
    assert world.get("/_world/spoken").json() == {}


@pytest.mark.parametrize("body", [b"", b"[]", b"x"])
def test_what_is_no_wish_is_refused(world: httpx2.Client, body: bytes) -> None:
    assert world.post(PATH, content=body).status_code == 400


def test_strangers_are_refused(base_url: str) -> None:
    refused = httpx2.post(base_url + PATH, json=WISH)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")


def test_what_was_said_is_counted_by_text(world: httpx2.Client) -> None:
    for text in ("किताब", "Haus", "किताब"):
        world.post(PATH, json=WISH | {"input": text})
    assert world.get("/_world/spoken").json() == {"किताब": 2, "Haus": 1}
    assert world.get("/_world/calls").json() == {"speech.create": 3}
    world.delete("/_world/calls")
    assert world.get("/_world/spoken").json() == {}


def test_what_a_caller_did_not_wait_for_is_said_all_the_same() -> None:
    with sample_world() as url, httpx2.Client(base_url=url, headers=KEY) as world:
        behave(world, latency_ms=60_000, at_once=1)
        with pytest.raises(httpx2.ReadTimeout):
            world.post(PATH, json=WISH, timeout=0.05)
        assert world.get("/_world/spoken").json() == {"Guten Morgen": 1}
        assert world.post(PATH, json=WISH).status_code == 429  # it is under way still


def test_more_at_once_than_allowed_are_refused_at_once(world: httpx2.Client) -> None:
    behave(world, at_once=3, retry_after=0.1, latency_ms=400)
    assert sorted(statuses(world, 5)) == [200, 200, 200, 429, 429]
    assert sum(world.get("/_world/spoken").json().values()) == 3
    assert statuses(world, 3) == [200, 200, 200]  # those that had been under way are not any more


def test_a_refusal_says_when_to_come_back_and_does_not_wait(world: httpx2.Client) -> None:
    behave(world, at_once=0, retry_after=0.25, latency_ms=60_000)
    refused = world.post(PATH, json=WISH)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "0.25")
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"


def test_a_call_that_hangs_is_under_way_until_its_caller_goes(world: httpx2.Client) -> None:
    behave(world, at_once=1, match="gone", hang=True)
    behave(world, at_once=1)
    with pytest.raises(httpx2.ReadTimeout):
        world.post(PATH, json=WISH | {"input": "gone"}, timeout=0.05)
    give_up = time.monotonic() + 5
    while (status := world.post(PATH, json=WISH).status_code) != 200 and time.monotonic() < give_up:
        time.sleep(0.01)
    assert status == 200


def test_shares_of_calls_fail_and_hang(world: httpx2.Client) -> None:
    behave(world, fail_rate=0.5, status=503)
    assert set(statuses(world, 16)) == {200, 503}
    behave(world, fail_rate=0, hang_rate=0.5)
    ends = set()
    for _ in range(16):
        try:
            ends.add(world.post(PATH, json=WISH, timeout=0.1).status_code)
        except httpx2.ReadTimeout:
            ends.add(0)
    assert ends == {0, 200}

"""Speech end to end: audio that a client fetches and plays, and a job that outlives the workers that are killed."""

import io
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import pytest
from tinytag import TinyTag

from e2e.conftest import Bundle, eventually
from local_cloud.cloud import LocalCloud
from support.servers import sample_world
from support.world import World

SPEECH: Final = "/api/v1/speech"
FUNCTION: Final = "SpeechFunction"
KEY: Final = "/test/tts-api-key"
TEXTS: Final = [f"sentence {number} of a long lesson" for number in range(50)]
"""Two parts of a job."""


@dataclass(frozen=True)
class Speaking:
    """A deployment whose engine is the sample world's speech server, and that world."""

    bundle: Bundle
    world: World

    def spoken(self) -> dict[str, int]:
        """How often the server was asked for each text."""
        counted: dict[str, int] = httpx2.get(f"{self.world.url}/_world/spoken").json()
        return counted

    def kill_workers(self) -> int:
        """Kill the instances that work on something, in the middle of it; return how many these were."""
        cloud = self.bundle.cloud
        busy = [each.pid for each in cloud.instances(FUNCTION) if each.state == "busy"]
        for pid in busy:
            cloud.kill_instance(FUNCTION, pid)
        return len(busy)


@pytest.fixture(scope="module")
def deployed() -> Iterator[Speaking]:
    with sample_world() as url:
        environment = {"TTS_ENGINES": "openai", "TTS_BASE_URL": f"{url}/tts/v1", "TTS_API_KEY_PARAMETER": KEY}
        world = World(url)
        with (
            LocalCloud(environment=environment) as cloud,
            httpx2.Client(base_url=cloud.url, headers={"x-api-key": cloud.api_key}, timeout=40) as http,
        ):
            cloud.client("ssm").put_parameter(Name=KEY, Value="sample-tts-key", Type="SecureString")
            yield Speaking(Bundle(cloud, http), world)
        world.close()


@pytest.fixture
def speaking(deployed: Speaking) -> Iterator[Speaking]:
    deployed.world.reset()
    yield deployed
    deployed.world.reset()


def items(*texts: str, language: str = "en") -> list[dict[str, str]]:
    return [{"text": text, "language": language} for text in texts]


def spoken(bundle: Bundle, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = bundle.http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def status(bundle: Bundle, job_url: str) -> str:
    time.sleep(0.1)  # whoever asks all the time slows down what is waited for
    told: str = bundle.http.get(job_url).raise_for_status().json()["status"]
    return told


def fetched(url: str, media_type: str) -> bytes:
    """Get audio as a browser does: without a key."""
    answer = httpx2.get(url).raise_for_status()
    assert answer.headers["content-type"] == media_type
    return answer.content


def test_words_become_audio_that_plays_without_any_key_or_server(bundle: Bundle) -> None:
    asked = items("house", "a quiet evening") + items("नमस्ते", language="hi")
    for _ in range(2):
        answer = spoken(bundle, SPEECH, {"items": asked, "format": "wav"})
        assert [item["engine"] for item in answer["items"]] == ["espeak"] * 3
        for item in answer["items"]:
            with wave.open(io.BytesIO(fetched(item["audio_url"], "audio/wav"))) as file:
                assert file.getnframes() / file.getframerate() == pytest.approx(item["duration"], abs=0.01)
            assert item["timings"][-1]["end"] == pytest.approx(item["duration"], abs=0.01)
        for instance in bundle.cloud.instances(FUNCTION):
            bundle.cloud.kill_instance(FUNCTION, instance.pid)
    assert all(item["cached"] for item in answer["items"])


def test_a_server_speaks_once_and_links_can_be_renewed(speaking: Speaking) -> None:
    bundle = speaking.bundle
    [item] = spoken(bundle, SPEECH, {"items": items("a quiet evening")})["items"]
    body = fetched(item["audio_url"], "audio/mpeg")
    assert TinyTag.get(file_obj=io.BytesIO(body)).duration == pytest.approx(item["duration"], abs=0.1)
    word = spoken(bundle, "/api/word/tts", {"word": "a quiet evening", "language": "English"})
    assert (word["success"], word["cached"], fetched(word["audio_url"], "audio/mpeg")) == (True, True, body)
    moved = bundle.http.get(f"{SPEECH}/{item['id']}")
    assert moved.status_code == 302
    assert fetched(moved.headers["location"], "audio/mpeg") == body
    assert speaking.spoken() == {"a quiet evening": 1}


def test_strangers_cannot_have_anything_spoken(speaking: Speaking) -> None:
    url = speaking.bundle.cloud.url
    assert httpx2.post(f"{url}{SPEECH}", json={"items": items("house")}).status_code == 401
    assert httpx2.post(f"{url}/api/word/tts", json={"word": "house", "language": "en"}).status_code == 401
    assert httpx2.get(f"{url}/api/v1/jobs/x").status_code == 401
    assert speaking.spoken() == {}


def test_a_job_outlives_three_times_that_its_workers_are_killed(speaking: Speaking) -> None:
    """The visibility timeout is longer than a part takes, with what is left of a killed worker's leases."""
    bundle, cloud = speaking.bundle, speaking.bundle.cloud
    speaking.world.behave(speech_create={"latency_ms": 300})
    with cloud.visibility("JobQueue", 10):
        accepted = bundle.http.post(SPEECH, json={"items": items(*TEXTS)})
        assert accepted.status_code == 202, accepted.text
        job_url = accepted.headers["location"]
        begun = 12
        for _ in range(3):
            assert eventually(lambda: len(speaking.spoken()) >= begun, seconds=30)  # noqa: B023
            assert speaking.kill_workers()
            begun = len(speaking.spoken()) + 2
        assert status(bundle, job_url) == "running"
        assert eventually(lambda: status(bundle, job_url) == "done", seconds=60)
        assert eventually(lambda: cloud.queue_depth("JobQueue") == 0, seconds=30)
    job = bundle.http.get(job_url).json()
    assert (job["total"], job["done"], job["failed"]) == (50, 50, 0)
    times = speaking.spoken()
    assert set(times) == set(TEXTS)
    assert max(times.values()) == 2
    assert cloud.queue_depth("JobDeadLetterQueue") == 0
    for item in job["items"]:
        assert len(fetched(item["audio_url"], "audio/mpeg")) == item["bytes"]

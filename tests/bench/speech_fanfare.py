"""Fanfare as `fanfare bench speech` asks it: a whole deployment, with its times and its limits scaled."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from bench.report import progress
from bench.speech_ways import LANGUAGE, NATIVE
from local_cloud.cloud import LocalCloud

FUNCTION: Final = "SpeechFunction"
KEY_PARAMETER: Final = "/bench/tts-key"
WORLD: Final = {
    "speech.create": {"latency_ms": 100},
    "model.enrich": {"first_token_ms": 40, "last_token_ms": 600},
}
"""A tenth of what the published systems report."""
SCALED: Final = {"TTS_RAMP_SECONDS": "0.025"}
"""A tenth of the default."""
RETRY_AFTER: Final = 0.1


@dataclass(frozen=True)
class Answer:
    """One request's times in milliseconds: as the client has it, and by the handler's own stages."""

    wall: float
    timing: Mapping[str, float]


class Deployment:
    """One deployment and its sample world; `at_once` calls of the speech engine are allowed, to begin with all.

    A request that is answered with less than everything asked for raises RuntimeError.
    """

    def __init__(self, **environment: str) -> None:
        self._environment = {"TTS_ENGINES": "openai", "TTS_API_KEY_PARAMETER": KEY_PARAMETER, **SCALED, **environment}
        self._cloud = LocalCloud(environment=self._environment, log=progress)

    def __enter__(self) -> Self:
        self._cloud.__enter__()
        # Instances read their environment when they start, at the first request.
        self._environment["TTS_BASE_URL"] = f"{self.world}/tts/v1"
        ssm = self._cloud.client("ssm")
        ssm.put_parameter(Name=KEY_PARAMETER, Value="sample-bench-key", Type="SecureString")
        self._cloud.world(WORLD)
        headers = {"x-api-key": self._cloud.api_key, "prefer": "wait=28"}
        self._http = httpx2.Client(base_url=self._cloud.url, headers=headers, timeout=30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()
        self._cloud.__exit__(kind, error, traceback)

    @property
    def world(self) -> str:
        return self._cloud.world_url

    def allow(self, at_once: int | None) -> None:
        """Let the engine refuse more than so many calls at once, with a Retry-After."""
        self._cloud.world({"speech.create": {"at_once": at_once, "retry_after": RETRY_AFTER}})

    @contextmanager
    def unscaled(self) -> Iterator[None]:
        """Within the block, a spoken word takes the second that it takes in the published systems."""
        self._cloud.world({"speech.create": {"latency_ms": 1000}})
        try:
            yield
        finally:
            self._cloud.world(WORLD)

    def calls(self) -> int:
        """Return how many calls have reached the engine and the model."""
        counted = self._cloud.world_calls()
        return counted.get("speech.create", 0) + counted.get("model.enrich", 0)

    def outages(self) -> int:
        """Return how often the emulated table was so slow that an instance did without it for a while."""
        return sum('"the shared cache is down"' in line for line in self._cloud.logs(FUNCTION))

    def restart(self) -> None:
        """End the instances: the next one begins with what is shared and with the limits of the settings."""
        for instance in self._cloud.instances(FUNCTION):
            self._cloud.kill_instance(FUNCTION, instance.pid)

    def speak(self, texts: Sequence[str]) -> Answer:
        """Have texts spoken, all in one request."""
        items = [{"text": text, "language": LANGUAGE} for text in texts]
        answer, body = self._ask("/api/v1/speech", {"items": items, "format": "mp3"})
        lost = [item for item in body["items"] if item["error"] or not item["audio_url"] or not item["bytes"]]
        if lost or len(body["items"]) != len(texts):
            raise RuntimeError(f"{len(lost)} of {len(texts)} items without audio, the first: {lost[:1]}")
        return answer

    def enrich(self, words: Sequence[str]) -> Answer:
        """Have words explained, all in one request."""
        wish = {"words": list(words), "language": LANGUAGE, "native_language": NATIVE}
        answer, body = self._ask("/api/v1/words/enrich", wish)
        lost = [word for word in body["results"] if word["error"] or word["source"] != "model"]
        if lost or len(body["results"]) != len(words):
            raise RuntimeError(f"{len(lost)} of {len(words)} words without an explanation, the first: {lost[:1]}")
        return answer

    def _ask(self, path: str, wish: dict[str, Any]) -> tuple[Answer, dict[str, Any]]:
        began = time.perf_counter()
        response = self._http.post(path, json=wish)
        wall = (time.perf_counter() - began) * 1000
        if response.status_code != 200:
            raise RuntimeError(f"{path}: {response.status_code} {response.text[:500]}")
        told = re.findall(r"([\w-]+);dur=([\d.]+)", response.headers["server-timing"])
        return Answer(wall, {name: float(number) for name, number in told}), response.json()

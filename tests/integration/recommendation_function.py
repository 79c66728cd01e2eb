"""The recommendation handler in this process, with fresh caches and a restart."""

import io
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from fanfare import aio, aws, telemetry
from fanfare.cache import store
from fanfare.settings import settings
from fanfare.upstreams import http
from integration import stores
from recommendation import handler as function
from support.lambda_events import Context, http_event
from support.world import World

PATH = "/api/v1/movies/recommend"
COSY = "something cosy and funny for a rainy sunday"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def meta(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body["meta"]
        return found


@dataclass
class Function:
    """The handler with fresh caches, and what it is wired to."""

    environment: dict[str, str]
    set_environment: Callable[[str, str], None]
    queue_url: str

    def restart(self, **changes: str) -> None:
        """As a new process would be: nothing in memory, settings read anew."""
        for name, value in (self.environment | changes).items():
            self.set_environment(name, value)
        if http.client.cache_info().currsize:
            aio.run(http.client().aclose())
        aio.close()
        for kept in (settings, store, http.client, function.movies, aws.client):
            kept.cache_clear()
        aws._secrets.clear()

    def ask(self, prompt: object = COSY, *, path: str = PATH, seconds: float = 20.0, **fields: Any) -> Answer:
        return self.post({"prompt": prompt, **fields}, path=path, seconds=seconds)

    def post(self, body: object, *, path: str = PATH, seconds: float = 20.0, **headers: str) -> Answer:
        event = http_event("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = function.handler(event, Context(seconds))
        return Answer(answer["statusCode"], answer["headers"], json.loads(answer["body"]))

    def queued(self) -> list[str]:
        messages = aws.client("sqs").receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [message["Body"] for message in messages.get("Messages", [])]


@pytest.fixture
def recommendation(cloud: str, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    suffix = uuid.uuid4().hex[:8]
    queue_url = stores.queue(cloud, f"refresh-{suffix}")
    for name, value in {"tmdb": "sample-tmdb", "model": "sample-model"}.items():
        stores.client("ssm", cloud).put_parameter(Name=f"/{suffix}/{name}", Value=value, Type="SecureString")
    environment = {
        "CACHE_TABLE": stores.table(cloud, f"cache-{suffix}"),
        "STORAGE_BUCKET": stores.bucket(cloud, f"storage-{suffix}"),
        "REFRESH_QUEUE_URL": queue_url,
        "TMDB_BASE_URL": f"{world.url}/tmdb/3",
        "TMDB_TOKEN_PARAMETER": f"/{suffix}/tmdb",
        "MODEL_BASE_URL": f"{world.url}/model/v1",
        "MODEL_API_KEY_PARAMETER": f"/{suffix}/model",
        "SPECULATIVE_CALLS": "0",
        "HEDGING": "false",
        "CALL_TIMEOUT_SECONDS": "5",
        "ROUTE_BUDGET_SECONDS": "10",
    }
    made = Function(environment, monkeypatch.setenv, queue_url)
    made.restart()
    yield made
    made.restart()
    aio.close()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the function logs."""
    stream = io.StringIO()
    handler = telemetry.logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)

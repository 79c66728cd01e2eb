"""The speech handler in this process, with fresh caches, a speech server that can be told to fail, and a restart."""

import asyncio
import io
import json
import os
import subprocess
import sys
import uuid
import wave
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
import pytest

from fanfare import aio, aws, storage
from fanfare.cache import store
from fanfare.settings import settings
from fanfare.upstreams import http
from integration import stores
from local_cloud.world import tones
from speech import handler as function
from support.lambda_events import Context, http_event, queue_event

SPEECH: Final = "/api/v1/speech"
ENRICH: Final = "/api/v1/words/enrich"

_WORKER = """
import json, sys
from collections import Counter
from speech import handler
from speech.engines.espeak import Espeak
from support.lambda_events import Context

spoken, speak = Counter(), Espeak.speak

async def counted(self, utterance, audio_format):
    spoken[utterance.text] += 1
    return await speak(self, utterance, audio_format)

Espeak.speak = counted
handler.warm()
print("ready", flush=True)
event = json.loads(sys.stdin.readline())
answer = handler.handler(event, Context(25.0))
print(json.dumps({"spoken": spoken, "failed": answer["batchItemFailures"]}))
"""


def loudest(wav: bytes) -> int:
    """The loudest sample of a WAV file, of 32767."""
    with wave.open(io.BytesIO(wav)) as file:
        assert file.getsampwidth() == 2
        loud: int = max(map(abs, array("h", file.readframes(file.getnframes()))))
    return loud


@dataclass
class Answer:
    """Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def items(self) -> list[dict[str, Any]]:
        """Of a batch that was answered."""
        assert self.status == 200, self
        found: list[dict[str, Any]] = self.json["items"]
        return found

    @property
    def refused_fields(self) -> set[str]:
        """Of a request that was refused as a whole, by a problem document."""
        assert self.status == 422, self
        assert self.headers["content-type"] == "application/problem+json"
        return {each["field"] for each in self.json["errors"]}


@dataclass
class Voice:
    """An engine `openai`'s server, in this process, whose audio is as long as the text: `spoken` counts the texts,
    `behave` may raise or answer otherwise.

    `asked` are the requests, `most` is how many it was asked for side by side.
    """

    seconds: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)
    spoken: Counter[str] = field(default_factory=Counter)
    behave: Callable[[str], Any] = lambda _: None
    under_way: int = 0
    most: int = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(await request.aread())
        self.asked.append(asked)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            behaviour = self.behave(asked["input"])
            if asyncio.iscoroutine(behaviour):
                behaviour = await behaviour
            if isinstance(behaviour, httpx2.Response):
                return behaviour
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        self.spoken[asked["input"]] += 1
        audio_format: tones.Format = asked["response_format"]
        return httpx2.Response(200, content=tones.tone(tones.length(asked["input"]), audio_format))


class VoiceTransport(httpx2.AsyncBaseTransport):
    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._voice.handle_async_request(request)


@dataclass
class Function:
    """The handler with fresh caches, and what it is wired to."""

    environment: dict[str, str]
    set_environment: Callable[[str, str], None]
    voice: Voice

    @property
    def bucket(self) -> str:
        return self.environment["STORAGE_BUCKET"]

    def restart(self, **changes: str) -> None:
        """As a new process would be: nothing in memory, settings read anew."""
        for name, value in (self.environment | changes).items():
            self.set_environment(name, value)
        aio.close()
        for kept in (settings, store, storage.bucket, http.client, aws.client):
            kept.cache_clear()
        function._forget()

    def send(self, event: dict[str, Any], *, seconds: float = 20.0) -> Answer:
        answer = function.handler(event, Context(seconds))
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        return Answer(answer["statusCode"], headers, answer.get("body") or "")

    def post(self, path: str, body: object, *, seconds: float = 20.0, **headers: str) -> Answer:
        return self.send(http_event("POST", path, body, headers), seconds=seconds)

    def speak(
        self, *texts: str, language: str = "en", seconds: float = 20.0, prefer: str = "", **request: Any
    ) -> Answer:
        items = [{"text": text, "language": language} for text in texts]
        body = {"items": items, "format": "wav"} | request
        return self.post(SPEECH, body, seconds=seconds, **({"prefer": prefer} if prefer else {}))

    def get(self, path: str, method: str = "GET") -> Answer:
        return self.send(http_event(method, path))

    def messages(self) -> list[str]:
        """Take what is in the queue."""
        taken: list[str] = []
        sqs, url = aws.client("sqs"), self.environment["JOBS_QUEUE_URL"]
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                taken.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    def deliver(self, messages: Sequence[str], *, receives: int = 1, seconds: float = 20.0) -> list[str]:
        """Hand over messages of the queue; return the numbers of those that come back."""
        answer = function.handler(queue_event(messages, receives=receives), Context(seconds))
        return [failed["itemIdentifier"] for failed in answer["batchItemFailures"]]

    def count_calls(self, service: str) -> Counter[str]:
        """Count this process's calls of an AWS service from now on, by operation, until it restarts."""
        counted = Counter[str]()

        def count(model: Any, **_: Any) -> None:
            counted[model.name] += 1

        aws.client(service).meta.events.register(f"before-call.{service}", count)
        return counted

    def delete(self, prefix: str = "derived/speech/") -> None:
        for key in self.objects(prefix):
            aws.client("s3").delete_object(Bucket=self.bucket, Key=key)

    def objects(self, prefix: str = "derived/speech/") -> dict[str, bytes]:
        s3 = aws.client("s3")
        listed = s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {each["Key"]: s3.get_object(Bucket=self.bucket, Key=each["Key"])["Body"].read() for each in listed}


def deployed(cloud: str, **changes: str) -> dict[str, str]:
    """Tables, a bucket and a queue of a deployment, as the function's environment."""
    suffix = uuid.uuid4().hex[:8]
    return {
        "CACHE_TABLE": stores.table(cloud, f"cache-{suffix}"),
        "JOBS_TABLE": stores.table(cloud, f"jobs-{suffix}", sorted_by="sk"),
        "JOBS_QUEUE_URL": stores.queue(cloud, f"jobs-{suffix}"),
        "STORAGE_BUCKET": stores.bucket(cloud, f"storage-{suffix}"),
        "REFRESH_QUEUE_URL": "",
        "MODEL_API_KEY_PARAMETER": "",
        "ROUTE_BUDGET_SECONDS": "18",
        "AWS_ENDPOINT_URL_S3": cloud,
        "AWS_ENDPOINT_URL_DYNAMODB": cloud,
        "AWS_ENDPOINT_URL_SQS": cloud,
    } | changes


@pytest.fixture
def speech(cloud: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    """The engines are `openai`, whose server is `voice`, and eSpeak behind it."""
    voice = Voice()
    monkeypatch.setattr(http, "AiohttpTransport", lambda: VoiceTransport(voice))
    environment = deployed(cloud, TTS_ENGINES="openai", TTS_BASE_URL="http://voice.example/v1")
    made = Function(environment, monkeypatch.setenv, voice)
    made.restart()
    yield made
    aio.close()


def told(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of each item: its engine, or its error's title."""
    return [item["engine"] or item["error"]["title"] for item in items]


def side_by_side(
    number: int, event: Mapping[str, Any], environment: Mapping[str, str]
) -> list[tuple[Counter[str], list[Any]]]:
    """Hand an event of the queue to so many processes at once; return how often each text was spoken by the engine
    `espeak` in each of them, and what it gives back to the queue.
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(number)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(f"{json.dumps(event)}\n")
            process.stdin.flush()
        answers = [json.loads(process.communicate(timeout=60)[0].splitlines()[-1]) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return [(Counter(answer["spoken"]), answer["failed"]) for answer in answers]

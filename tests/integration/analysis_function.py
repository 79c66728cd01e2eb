"""The analysis handler in this process, with fresh caches, a queue, and a restart."""

import base64
import io
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgpack
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from analysis import handler as function
from analysis.audio import analyser
from analysis.audio.analyser import Analysis
from analysis.library import Library, upload_id
from fanfare import aio, aws, storage
from fanfare.cache import store
from fanfare.errors import UpstreamError
from fanfare.settings import settings
from fanfare.storage import Bucket
from integration import stores
from integration.images_function import notification
from support.lambda_events import Context, http_event, queue_event

ANALYSES: Final = "/api/v1/analyses"
PLAYLISTS: Final = "/api/v1/playlists"
MSGPACK: Final = "application/vnd.msgpack"
RATE: Final = 22050


@dataclass
class Answer:
    """Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """What is strictly JSON, as clients read it."""
        found: dict[str, Any] = json.loads(self.body, parse_constant=_no_json)
        return found

    @property
    def msgpack(self) -> dict[str, Any]:
        found: dict[str, Any] = msgpack.unpackb(self.body)
        return found

    @property
    def refused_fields(self) -> set[str]:
        """Of a request that was refused by a problem document."""
        return {each["field"] for each in self.problem(422)["errors"]}

    def problem(self, status: int) -> dict[str, Any]:
        """The problem document that the answer must be."""
        assert self.status == status, self
        assert self.headers["content-type"] == "application/problem+json"
        document = self.json
        assert (document["status"], bool(document["detail"])) == (status, True)
        return document


@dataclass
class Function:
    """The handler with fresh caches, and what it is wired to."""

    environment: dict[str, str]
    set_environment: Callable[[str, str], None]

    @property
    def bucket(self) -> str:
        return self.environment["STORAGE_BUCKET"]

    @property
    def library(self) -> Library:
        return Library(self.environment["ANALYSES_TABLE"])

    def restart(self, **changes: str) -> None:
        """As a new process would be: nothing in memory, settings read anew."""
        for name, value in (self.environment | changes).items():
            self.set_environment(name, value)
        aio.close()
        for kept in (settings, store, storage.bucket, aws.client):
            kept.cache_clear()
        function._forget()

    def send(self, event: dict[str, Any]) -> Answer:
        answer = function.handler(event, Context())
        body = answer.get("body") or ""
        return Answer(
            answer["statusCode"],
            {name.lower(): value for name, value in answer["headers"].items()},
            base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode(),
        )

    def start(self, **fields: Any) -> Answer:
        return self.send(http_event("POST", ANALYSES, fields))

    def state(self, key: str) -> dict[str, Any]:
        """What is told of an upload, by its own id."""
        got = self.get(f"/{upload_id(key)}")
        assert got.status in {200, 202}, got
        return got.json

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for an analysis, a part of it, or with a query for the list."""
        path, _, query = path.partition("?")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        event = http_event("GET", f"{ANALYSES}{path}", headers=named) | {"routeKey": f"GET {_route(path)}"}
        if query:
            event["rawQueryString"] = query
            event["queryStringParameters"] = dict(pair.split("=") for pair in query.split("&"))
        return self.send(event)

    def titles(self) -> list[str]:
        """Of the library's tracks."""
        return [track["title"] for track in self.get("").json["tracks"]]

    def forget(self, record_id: str) -> Answer:
        event = http_event("DELETE", f"{ANALYSES}/{record_id}")
        return self.send(event | {"routeKey": f"DELETE {_route(f'/{record_id}')}"})

    def playlist(self, accept: str = "", **fields: Any) -> Answer:
        return self.send(http_event("POST", PLAYLISTS, fields, {"accept": accept} if accept else {}))

    def deliver(self, *messages: str, seconds: float = 60.0, receives: int = 1) -> list[str]:
        """Hand over messages of the queue, received so often; return the numbers of those that come back."""
        answer = function.handler(queue_event(messages, receives=receives), Context(seconds))
        return [failed["itemIdentifier"] for failed in answer["batchItemFailures"]]

    def analysed(self, body: bytes, key: str = "uploads/audio/a.wav", *, sequencer: str = "1") -> dict[str, Any]:
        """Upload, deliver, and return what is told of it."""
        assert self.deliver(notification(self.put(key, body), sequencer=sequencer)) == []
        got = self.start(key=key)
        assert got.status == 200, got
        found = self.get(f"/{got.json['id']}")
        assert found.status == 200, found
        return found.json

    def put(self, key: str, body: bytes) -> str:
        aws.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return key

    def delete(self, key: str) -> None:
        aws.client("s3").delete_object(Bucket=self.bucket, Key=key)

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        s3 = aws.client("s3")
        listed = s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {each["Key"]: s3.get_object(Bucket=self.bucket, Key=each["Key"])["Body"].read() for each in listed}

    def queued(self) -> list[str]:
        """Take the messages that the function has sent to its own queue."""
        sqs, url = aws.client("sqs"), self.environment["ANALYSES_QUEUE_URL"]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for each in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return [each["Body"] for each in found]


@dataclass
class Runs:
    """Counts the runs of the analyser. Those that are held take until they are let go."""

    count: int = 0
    free: threading.Event = field(default_factory=threading.Event)


def counted(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Count the runs from now on; none is held yet."""
    spy, analyse = Runs(), analyser.analyse
    spy.free.set()

    def run(*arguments: Any, **options: Any) -> Analysis:
        spy.count += 1
        assert spy.free.wait(30)
        return analyse(*arguments, **options)

    monkeypatch.setattr(analyser, "analyse", run)
    return spy


def _route(path: str) -> str:
    """As the template names it."""
    id_, _, part = path.removeprefix("/").partition("/")
    return ANALYSES + (id_ and "/{analysis_id}") + (part and f"/{part}")


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def wav(samples: NDArray[np.floating[Any]], rate: int = RATE) -> bytes:
    """A WAV file of 16 bits, of samples of shape (frames,) or (frames, channels)."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def clicks(bpm: float, seconds: float = 12.0, *, pitch: float = 440.0) -> bytes:
    """A WAV file of notes that begin on every beat."""
    at = np.arange(int(seconds * RATE)) / RATE
    since = at % (60 / bpm)
    return wav(0.5 * np.sin(2 * np.pi * pitch * at) * np.exp(-since * 12))


def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let AWS refuse what the emulator takes: keys of more than 1024 bytes, and empty ones."""
    request, head = Library._request, Bucket._entity_tag

    async def requested(self: Library, operation: str, **arguments: Any) -> Any:
        batches = arguments.get("RequestItems", {}).values()
        keys = [arguments["Key"]] if "Key" in arguments else [key for batch in batches for key in batch["Keys"]]
        if not all(1 <= len(key["sk"]["S"].encode()) <= 1024 for key in keys):
            raise UpstreamError("library", "ValidationException")
        return await request(self, operation, **arguments)

    def found(self: Bucket, key: str) -> str:
        if len(key.encode()) > 1024:
            raise UpstreamError("storage", "400")
        return head(self, key)

    monkeypatch.setattr(Library, "_request", requested)
    monkeypatch.setattr(Bucket, "_entity_tag", found)


@pytest.fixture
def analysis(cloud: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    suffix = uuid.uuid4().hex[:8]
    environment = {
        "CACHE_TABLE": stores.table(cloud, f"cache-{suffix}"),
        "ANALYSES_TABLE": stores.table(cloud, f"analyses-{suffix}", sorted_by="sk"),
        "ANALYSES_QUEUE_URL": stores.queue(cloud, f"audio-{suffix}"),
        "STORAGE_BUCKET": stores.bucket(cloud, f"storage-{suffix}"),
        "REFRESH_QUEUE_URL": "",
        "AWS_ENDPOINT_URL_S3": cloud,
        "AWS_ENDPOINT_URL_DYNAMODB": cloud,
        "ROUTE_BUDGET_SECONDS": "10",
    }
    made = Function(environment, monkeypatch.setenv)
    made.restart()
    yield made
    made.restart()
    aio.close()

"""The images handler in this process, with fresh caches, a host of pictures and a restart."""

import asyncio
import base64
import io
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import pytest
from PIL import Image

from fanfare import aio, aws, imaging, storage
from fanfare.cache import store
from fanfare.settings import settings
from fanfare.upstreams import remote
from images import handler as function
from integration import stores
from support.lambda_events import Context, http_event, queue_event
from support.servers import free_port
from support.sites import Site, running

OPTIMIZE: Final = "/api/v1/images/optimize"
UPLOADS: Final = "/api/v1/uploads"
HOST: Final = "posters.example"
DEFAULT: Final = imaging.Options()
BOUNDARY: Final = "a-boundary"
STATE: Final = "GET /api/v1/uploads/{key+}"
VARIANT: Final = "GET /api/v1/images/{preset}/{source+}"


@dataclass
class Answer:
    """Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def picture(self) -> Image.Image:
        return Image.open(io.BytesIO(self.body))

    @property
    def refused_fields(self) -> set[str]:
        return {each["field"] for each in self.json["errors"]}


@dataclass
class Function:
    """The handler with fresh caches, and what it is wired to."""

    environment: dict[str, str]
    set_environment: Callable[[str, str], None]
    site: Site
    pictures: dict[str, bytes | Callable[..., Any]]
    """What the host answers with, by path."""

    @property
    def bucket(self) -> str:
        return self.environment["STORAGE_BUCKET"]

    def restart(self, **changes: str) -> None:
        """As a new process would be: nothing in memory, settings read anew."""
        for name, value in (self.environment | changes).items():
            self.set_environment(name, value)
        if remote.connections.cache_info().currsize:
            aio.run(remote.connections().mirrors.aclose())
            aio.run(remote.connections().public.aclose())
        aio.close()
        for kept in (settings, store, storage.bucket, remote.connections, aws.client):
            kept.cache_clear()
        function._forget()

    def send(self, event: dict[str, Any], *, seconds: float = 20.0) -> Answer:
        answer = function.handler(event, Context(seconds))
        body = answer.get("body") or ""
        return Answer(
            answer["statusCode"],
            {name.lower(): value for name, value in answer["headers"].items()},
            base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode(),
        )

    def optimize(self, body: bytes, media_type: str = "", *, accept: str = "", **options: Any) -> Answer:
        """Send a body as API Gateway hands binary ones over."""
        return self.send(binary_event(body, media_type, options, accept=accept))

    def named(self, **fields: Any) -> Answer:
        """Ask for a picture by its key or its URL."""
        return self.send(http_event("POST", OPTIMIZE, fields))

    def form(self, fields: Mapping[str, Any], *files: tuple[str, bytes]) -> Answer:
        """Send a form with fields and files, each file with its media type."""
        return self.optimize(_form(fields, files), f"multipart/form-data; boundary={BOUNDARY}")

    def get(self, path: str, route: str = STATE, **headers: str) -> Answer:
        event = http_event("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return self.send(event | {"routeKey": route})

    def variant(self, preset: str, source: str, accept: str = "", **headers: str) -> Answer:
        return self.get(f"/api/v1/images/{preset}/{source}", VARIANT, accept=accept, **headers)

    def state(self, key: str) -> Answer:
        return self.get(f"{UPLOADS}/{key}")

    def deliver(self, *messages: str, seconds: float = 20.0) -> list[str]:
        """Hand over messages of the queue; return the numbers of those that come back."""
        answer = function.handler(queue_event(messages), Context(seconds))
        return [failed["itemIdentifier"] for failed in answer["batchItemFailures"]]

    def worked(self, body: bytes, key: str = "uploads/images/a.jpg") -> dict[str, Any]:
        """Upload, deliver, and return what is told of it."""
        assert self.deliver(notification(self.put(key, body))) == []
        got = self.state(key)
        assert got.status == 200
        return got.json

    def put(self, key: str, body: bytes, media_type: str = "image/jpeg") -> str:
        aws.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=media_type)
        return key

    def delete(self, key: str) -> None:
        aws.client("s3").delete_object(Bucket=self.bucket, Key=key)

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        s3 = aws.client("s3")
        listed = s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {each["Key"]: s3.get_object(Bucket=self.bucket, Key=each["Key"])["Body"].read() for each in listed}


def closed() -> str:
    """A URL at which nobody answers."""
    return f"http://127.0.0.1:{free_port()}"


def binary_event(body: bytes, media_type: str, options: Mapping[str, Any] = {}, **headers: str) -> dict[str, Any]:
    event = http_event("POST", OPTIMIZE, base64.b64encode(body).decode(), headers)
    event["headers"]["content-type"] = media_type
    event["isBase64Encoded"] = True
    if options:
        event["queryStringParameters"] = {name: str(value) for name, value in options.items()}
        event["rawQueryString"] = urlencode(event["queryStringParameters"])
    return event


def _form(fields: Mapping[str, Any], files: Iterable[tuple[str, bytes]]) -> bytes:
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts += [
        f'Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: {kind}\r\n\r\n'.encode() + body
        for kind, body in files
    ]
    return b"".join(b"--%s\r\n%s\r\n" % (BOUNDARY.encode(), part) for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def notification(*keys: str, sequencer: str = "0055AED6DCD90281E5") -> str:
    """What S3 tells of objects that were created."""
    records = [
        {
            "eventName": "ObjectCreated:Post",
            "s3": {
                "bucket": {"name": "storage"},
                "object": {"key": quote_plus(key, safe="/*"), "sequencer": sequencer},
            },
        }
        for key in keys
    ]
    return json.dumps({"Records": records})


def refusal(got: Answer, status: int) -> dict[str, Any]:
    """The problem document that an answer must be."""
    assert got.status == status, got
    assert got.headers["content-type"] == "application/problem+json"
    document = got.json
    assert document["status"] == status
    assert document["title"]
    assert document["detail"] == document["error"]
    return document


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the caches believe that so much time has passed."""

    class Later:
        monotonic = staticmethod(time.monotonic)

        @staticmethod
        def time() -> float:
            return time.time() + seconds

    monkeypatch.setattr("fanfare.cache.cached.time", Later)


@contextmanager
def hosted(site: Site) -> Iterator[Site]:
    """Run a site on a loop of its own, beside the function's."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    serving = running(site)
    asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(10)
    try:
        yield site
    finally:
        asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def images(cloud: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    suffix = uuid.uuid4().hex[:8]
    answers: dict[str, Any] = {}
    with hosted(Site(answers)) as site:
        environment = {
            "CACHE_TABLE": stores.table(cloud, f"cache-{suffix}"),
            "UPLOADS_TABLE": stores.table(cloud, f"uploads-{suffix}"),
            "STORAGE_BUCKET": stores.bucket(cloud, f"storage-{suffix}"),
            "REFRESH_QUEUE_URL": "",
            "IMAGE_HOSTS": f"{HOST}=http://127.0.0.1:{site.port}, covers.example=http://127.0.0.1:{site.port}/covers",
            "AWS_ENDPOINT_URL_S3": cloud,
            "AWS_ENDPOINT_URL_DYNAMODB": cloud,
            "ROUTE_BUDGET_SECONDS": "10",
        }
        made = Function(environment, monkeypatch.setenv, site, answers)
        made.restart()
        yield made
        made.restart()
        aio.close()


@dataclass
class Engine:
    """Counts the runs of the engine on what it can read, with the options of each."""

    asked: list[imaging.Options]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    spy = Engine([])
    optimize, render = imaging.optimize, imaging.render

    def optimized(
        data: bytes, options: imaging.Options | Callable[[imaging.Source], imaging.Options], *further: Any
    ) -> imaging.Optimized:
        def chosen(source: imaging.Source) -> imaging.Options:
            spy.asked.append(options(source) if callable(options) else options)
            return spy.asked[-1]

        return optimize(data, chosen, *further)

    def rendered(data: bytes, options: imaging.Options = DEFAULT) -> tuple[imaging.Rendered, imaging.Source]:
        spy.asked.append(options)
        return render(data, options)

    monkeypatch.setattr(imaging, "optimize", optimized)
    monkeypatch.setattr(imaging, "render", rendered)
    return spy

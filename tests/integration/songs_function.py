"""The songs handler in this process, with fresh caches, the sample world's catalogues, and ears of its own."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from analysis import handler as analysis
from analysis.previews import Previews
from fanfare import aio, aws, functions, storage
from fanfare.cache import Store, store
from fanfare.cache.dynamodb import Table
from fanfare.settings import settings
from fanfare.upstreams import deezer, http, itunes, remote
from integration import stores
from integration.songs_ears import Ears, Knowing
from local_cloud.world import music
from local_cloud.world.character import Quadrant
from songs import handler as function
from support.lambda_events import Context, http_event
from support.world import World

RECOMMEND: Final = "/api/v1/songs/recommend"
MORE: Final = "/api/v1/songs/more"
FEEDBACK: Final = "/api/v1/songs/feedback"
PARTY: Final = "a happy summer party"
EXCITED: Final = {"energy": 0.8, "valence": 0.8}
SAD: Final = {"energy": 0.2, "valence": 0.2}
BOUNDARY: Final = "a-boundary"
HOST: Final = urlsplit(music.PREVIEWS).netloc
POPULAR: Final = 12
"""Artists of a language."""
UNHURRIED: Final = 100_000
"""Calls of a catalogue's window: its quota has tests of its own, and waiting for it takes seconds."""


@dataclass
class Answer:
    """Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def meta(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body["meta"]
        return found

    @property
    def songs(self) -> list[dict[str, Any]]:
        assert self.status == 200, self
        found: list[dict[str, Any]] = self.body["songs"]
        return found

    @property
    def ids(self) -> list[str]:
        return [song["id"] for song in self.songs]

    @property
    def session(self) -> str:
        found: str = self.body["session_id"]
        return found

    @property
    def upstream_calls(self) -> int:
        """Of models and catalogues; other functions of the bundle are none."""
        calls: dict[str, int] = self.meta["upstream_calls"]
        return sum(calls.values()) - calls.get("function", 0)

    @property
    def refused_fields(self) -> set[str]:
        """Of a request that was refused by a problem document."""
        return {each["field"] for each in self.problem(422)["errors"]}

    def problem(self, status: int) -> dict[str, Any]:
        """The problem document that the answer must be, in the published clients' words, too."""
        assert self.status == status, self
        assert self.headers["content-type"] == "application/problem+json"
        assert (self.body["status"], self.body["success"]) == (status, False)
        assert self.body["detail"] == self.body["error"] != ""
        return self.body


@dataclass
class Function:
    """The handler with fresh caches, and what it is wired to."""

    environment: dict[str, str]
    set_environment: Callable[[str, str], None]
    ears: Ears = field(init=False)

    def __post_init__(self) -> None:
        self.ears = Ears(lambda own: Knowing(remote_hosts(), own), lambda: Store(shared=Table(self.table("CACHE"))))

    def table(self, name: str) -> str:
        return self.environment[f"{name}_TABLE"]

    def restart(self, **changes: str) -> None:
        """As a new process would be: nothing in memory, settings read anew."""
        for name, value in (self.environment | changes).items():
            self.set_environment(name, value)
        if self.ears.under_way:
            self.ears.finish()
        if http.client.cache_info().currsize:
            aio.run(http.client().aclose())
        if remote.connections.cache_info().currsize:
            aio.run(remote.connections().mirrors.aclose())
            aio.run(remote.connections().public.aclose())
        aio.close()
        for kept in (settings, store, storage.bucket, http.client, remote.connections, function.songs, aws.client):
            kept.cache_clear()
        analysis._forget()
        aws._secrets.clear()

    def listens(self) -> None:
        """From now on previews are fetched and heard."""
        self.ears.previews = lambda own: Previews(remote_hosts(), own)

    def ask(self, text: str | None = None, *, path: str = RECOMMEND, seconds: float = 20.0, **fields: Any) -> Answer:
        return self.post(fields if text is None else {"text": text, **fields}, path=path, seconds=seconds)

    def settled(self, **asked: Any) -> Answer:
        """Ask until the whole of the ranking is heard and remembered."""
        for _ in range(4):
            answer = self.ask(**asked)
            if answer.meta["sources"]["ranking"] != "computed":
                return answer
        raise AssertionError("never remembered")

    def post(self, body: object, *, path: str = RECOMMEND, seconds: float = 20.0, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send(http_event("POST", path, body, named), seconds=seconds)

    def send(self, event: dict[str, Any], *, seconds: float = 20.0) -> Answer:
        answer = function.handler(event, Context(seconds))
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        return Answer(answer["statusCode"], headers, json.loads(answer["body"]))

    def show(self, *photos: bytes, path: str = RECOMMEND, name: str = "photo", **fields: object) -> Answer:
        """Send a form with photos and fields, as API Gateway hands binary bodies over."""
        return self.send(form_event(path, fields, photos, name))

    def more(self, session: str, offset: int, **fields: Any) -> Answer:
        return self.ask(path=MORE, session_id=session, offset=offset, **fields)

    def judge(self, session: str, song: str, **fields: Any) -> Answer:
        return self.ask(path=FEEDBACK, session_id=session, song_id=song, **fields)

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """As a schedule does."""
        return function.handler(event, Context(60))

    def upload(self, body: bytes, key: str = "uploads/images/a.jpg") -> str:
        aws.client("s3").put_object(Bucket=self.environment["STORAGE_BUCKET"], Key=key, Body=body)
        return key


def form_event(
    path: str, fields: Mapping[str, object], files: tuple[bytes, ...], name: str = "photo"
) -> dict[str, Any]:
    lines = [f'Content-Disposition: form-data; name="{each}"\r\n\r\n{value}'.encode() for each, value in fields.items()]
    head = f'Content-Disposition: form-data; name="{name}"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    lines += [head.encode() + file for file in files]
    body = b"".join(b"--%s\r\n%s\r\n" % (BOUNDARY.encode(), line) for line in lines) + f"--{BOUNDARY}--\r\n".encode()
    event = http_event("POST", path, base64.b64encode(body).decode())
    event["headers"]["content-type"] = f"multipart/form-data; boundary={BOUNDARY}"
    return event | {"isBase64Encoded": True}


def meant(song: dict[str, Any]) -> music.Song:
    """The song of the sample world that an answer's song is, with a preview or without."""
    return next(
        each
        for each in music.songs()
        if (each.title, each.artist.name, each.album.title) == (song["name"], song["artist"], song["album"])
    )


def quadrants(found: list[dict[str, Any]]) -> list[Quadrant | None]:
    """What songs are by construction."""
    return [meant(song).character.quadrant for song in found]


def remote_hosts() -> remote.Remote:
    return remote.Remote(remote.Hosts.parse(settings().preview_hosts), remote.connections(), remote.PREVIEWS)


def popular() -> dict[str, list[str]]:
    """The sample world's best known artists by language."""
    best = sorted(music.artists(), key=lambda artist: -artist.fans)
    return {
        language: [artist.name for artist in best if artist.language == language][:POPULAR]
        for language in music.LANGUAGES
    }


@pytest.fixture
def songs(cloud: str, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    suffix = uuid.uuid4().hex[:8]
    stores.table(cloud, f"cache-{suffix}")
    stores.table(cloud, f"sessions-{suffix}", sorted_by="sk")
    stores.bucket(cloud, f"storage-{suffix}")
    aws.client("ssm").put_parameter(Name=f"/{suffix}/model", Value="sample-model", Type="SecureString")
    environment = {
        "CACHE_TABLE": f"cache-{suffix}",
        "SESSIONS_TABLE": f"sessions-{suffix}",
        "STORAGE_BUCKET": f"storage-{suffix}",
        "REFRESH_QUEUE_URL": "",
        "ANALYSIS_FUNCTION": "analysis",
        "DEEZER_BASE_URL": f"{world.url}/deezer",
        "ITUNES_BASE_URL": f"{world.url}/itunes",
        "MODEL_BASE_URL": f"{world.url}/model/v1",
        "MODEL_API_KEY_PARAMETER": f"/{suffix}/model",
        "PREVIEW_HOSTS": f"{HOST}={world.url}",
        "POPULAR_ARTISTS": ";".join(f"{language}={'|'.join(names)}" for language, names in popular().items()),
        "HEARING_WAIT_SECONDS": "5",
        "CALL_TIMEOUT_SECONDS": "5",
        "ROUTE_BUDGET_SECONDS": "10",
    }
    for catalogue in (deezer, itunes):
        monkeypatch.setattr(catalogue, "CALLS", UNHURRIED)
    made = Function(environment, monkeypatch.setenv)
    monkeypatch.setattr(functions, "invoke", made.ears.invoke)
    monkeypatch.setattr(functions, "send", made.ears.send)
    made.restart()
    yield made
    made.restart()
    aio.close()

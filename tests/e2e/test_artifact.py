"""The built functions under AWS's runtime interface client and emulator, read-only and without /dev/shm.

The interpreter sees the build, the client and the standard library; neither this project's sources nor its virtual
environment. Every function is called twice, since a closed event loop shows at the second, warm call.
"""

import base64
import importlib.metadata
import io
import json
import os
import platform
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from PIL import Image
from samtranslator.yaml_helper import yaml_parse
from tinytag import TinyTag

from authorizer.keys import hash_key, new_key
from integration.images_function import notification
from local_cloud import build, deployment
from local_cloud.deployment import Deployment
from local_cloud.world import pictures
from support.lambda_events import http_event, queue_event
from support.servers import free_port, running, sample_world
from support.sounds import sound

ACCOUNT, REGION = "123456789012", "us-east-1"
LIKE_LAMBDA = """
dev=$1 code=$2; shift 2
mount -t tmpfs none "$dev"
for node in null zero full random urandom; do : > "$dev/$node"; mount --bind "/dev/$node" "$dev/$node"; done
ln -s /proc/self/fd "$dev/fd"
mount --rbind "$dev" /dev
mount --bind "$code" "$code"
mount -o remount,bind,ro "$code"
exec "$@"
"""
"""A /dev without shm and a folder of code that cannot be written, for one process and its children."""


def _lacking() -> str:
    if reason := build.lacking():
        return reason
    if sys.platform != "linux":
        return "the emulator is a Linux program"
    architecture = yaml_parse((build.OUTPUT / "template.yaml").read_text())["Parameters"]["Architecture"]["Default"]
    if platform.machine().replace("aarch64", "arm64") != architecture:
        return f"built for {architecture}, which this machine cannot run"
    return ""


LACKING = _lacking()
pytestmark = pytest.mark.skipif(bool(LACKING), reason=LACKING)


@pytest.fixture(scope="module")
def emulator() -> Path:
    """AWS's runtime interface emulator comes with the SAM CLI, which the build has used."""
    python = [*build.SAM[:-1], "python", "-c", "import samcli; print(samcli.__path__[0])"]
    found = subprocess.run([python[0], "--offline", *python[1:]], capture_output=True, check=True, text=True)
    machine = platform.machine().replace("aarch64", "arm64")
    return Path(found.stdout.strip()) / "local" / "rapid" / f"aws-lambda-rie-{machine}"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What /var/runtime holds on Lambda: the runtime interface client and what it needs, apart from everything else."""
    folder = tmp_path_factory.mktemp("runtime")
    for package in ("awslambdaric", "simplejson", "snapshot-restore-py"):
        for file in importlib.metadata.files(package) or []:
            top = file.parts[0]
            if not top.startswith((".", "_")) and not (folder / top).exists():
                (folder / top).symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / top)
    return folder


@pytest.fixture(scope="module")
def isolated(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A command that runs the command after it under Lambda's restrictions."""
    folder = tmp_path_factory.mktemp("dev")
    enter = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    command = [*enter, "sh", "-ec", LIKE_LAMBDA, "sh", str(folder), str(build.OUTPUT)]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives no mount namespaces")
    return command


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """AWS on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture(scope="module")
def deployed(endpoint: str) -> Deployment:
    """The template's tables, bucket, queue and secrets."""

    def client(service: str) -> Any:
        return boto3.client(service, REGION, endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x")

    found = deployment.read(queue_url=lambda name: f"{endpoint}/{ACCOUNT}/{name}", region=REGION, account=ACCOUNT)
    for table in found.tables.values():
        wanted = ("TableName", "AttributeDefinitions", "KeySchema", "BillingMode")
        client("dynamodb").create_table(**{name: table[name] for name in wanted})
    for bucket in found.buckets.values():
        client("s3").create_bucket(Bucket=bucket["BucketName"])
    for queue in found.queues.values():
        client("sqs").create_queue(QueueName=queue["QueueName"])
    for parameter in ("TmdbTokenParameter", "ModelApiKeyParameter"):
        client("ssm").put_parameter(Name=found.parameters[parameter], Value="sample", Type="SecureString")
    return found


@pytest.fixture(scope="module")
def world() -> Iterator[str]:
    with sample_world() as url:
        yield url


class Started:
    """One function behind the emulator, which takes one call at a time."""

    def __init__(self, port: int, log: Path) -> None:
        self._url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        self._log = log

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(self._url, json.dumps(event).encode())  # noqa: S310  (loopback)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                payload: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(self.log()) from error
        assert "errorType" not in payload, self.log()
        return payload

    def log(self) -> str:
        return self._log.read_text()


@dataclass(frozen=True)
class Tools:
    emulator: Path
    runtime: Path
    isolated: Sequence[str]


@pytest.fixture(scope="module")
def tools(emulator: Path, runtime: Path, isolated: Sequence[str]) -> Tools:
    return Tools(emulator, runtime, isolated)


@pytest.fixture
def start(tools: Tools, deployed: Deployment, endpoint: str, world: str, tmp_path: Path) -> Any:
    """Start a function of the template, as built, by its logical id."""
    by_name = {artifact.function: artifact for artifact in build.artifacts()}

    @contextmanager
    def started(logical_id: str) -> Iterator[Started]:
        artifact, function = by_name[logical_id], deployed.functions[logical_id]
        ports = free_port(), free_port()
        path = [artifact.code, *(layer / "python" for layer in artifact.layers), tools.runtime]
        environment = function.environment | {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "LAMBDA_TASK_ROOT": str(artifact.code),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(int(function.timeout)),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_ENDPOINT_URL": endpoint,
            "TMDB_BASE_URL": f"{world}/tmdb/3",
            "MODEL_BASE_URL": f"{world}/model/v1",
        }
        addresses = ["--runtime-interface-emulator-address", f"127.0.0.1:{ports[0]}"]
        addresses += ["--runtime-api-address", f"127.0.0.1:{ports[1]}"]
        # -S: the interpreter's own packages stay out of it.
        client = [f"{sys.base_prefix}/bin/python3.13", "-S", "-m", "awslambdaric", function.handler]
        log = tmp_path / f"{logical_id}.log"
        command = [*tools.isolated, str(tools.emulator), *addresses, *client]
        with running(command, environment, folder=artifact.code, log=log) as process:
            _await(ports[0], process, log)
            yield Started(ports[0], log)

    return started


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the emulator did not come up: {log.read_text()}")


def test_films_come_from_the_artifact_cold_and_warm(start: Any) -> None:
    with start("RecommendationFunction") as function:
        for path, prompt in (
            ("/api/recommend", "a rainy evening with a slow detective story"),
            ("/api/v1/movies/recommend", "funny space adventures from the nineties"),
        ):
            answer = function.invoke(http_event("POST", path, {"prompt": prompt}))
            assert answer["statusCode"] == 200, (answer, function.log())
            body = json.loads(answer["body"])
            assert body["movies"]
            assert body["used_ai"] is True, body["meta"]
            assert all(film["streaming_providers"] is not None for film in body["movies"])
        photo = base64.b64encode(pictures.camera_jpeg(600, 800, orientation=6)).decode()
        seen = function.invoke(http_event("POST", "/api/v1/movies/recommend", {"photo": photo}))
        assert (seen["statusCode"], json.loads(seen["body"])["used_ai"]) == (200, True), function.log()
        assert "Event loop is closed" not in function.log()
        assert "rainy" not in function.log()


def test_pictures_come_from_the_artifact_cold_and_warm(start: Any) -> None:
    """The libraries of the layer are there and load: JPEG, WebP and AVIF are written, HEIC is known."""
    photo = base64.b64encode(pictures.camera_jpeg(1500, 2000, orientation=6)).decode()
    with start("ImagesFunction") as function:
        for kind in ("jpeg", "webp", "avif"):
            event = http_event("POST", "/api/v1/images/optimize", photo, {"content-type": "image/jpeg"})
            event |= {"isBase64Encoded": True, "queryStringParameters": {"format": kind}}
            answer = function.invoke(event)
            assert answer["statusCode"] == 200, (answer, function.log())
            with Image.open(io.BytesIO(base64.b64decode(answer["body"]))) as picture:
                assert (picture.format, picture.size) == (kind.upper(), (768, 1024))
        broken = base64.b64encode(b"\0\0\0\x18ftypheic" + bytes(64)).decode()
        event = http_event("POST", "/api/v1/images/optimize", broken, {"content-type": "image/heic"})
        assert function.invoke(event | {"isBase64Encoded": True})["statusCode"] in {415, 422}, function.log()
        form = function.invoke(http_event("POST", "/api/v1/uploads", {"media_type": "image/jpeg"}))
        assert form["statusCode"] == 200, function.log()


def test_audio_comes_from_the_artifact_cold_and_warm(start: Any) -> None:
    """The engine and the encoder of the layer load, in a child process that needs no shared memory."""
    items = [
        {"text": "Guten Morgen, wie geht es dir?", "language": "de"},
        {"text": "नमस्ते दुनिया", "language": "hi"},
        {"text": "Good morning", "language": "en"},
    ]
    with start("SpeechFunction") as function:
        for kind in ("mp3", "wav"):
            answer = function.invoke(http_event("POST", "/api/v1/speech", {"items": items, "format": kind}))
            assert answer["statusCode"] == 200, (answer, function.log())
            body = json.loads(answer["body"])
            assert (body["spoken"], body["failed"]) == (3, 0), body
            for item in body["items"]:
                assert (item["engine"], item["cached"]) == ("espeak", False)
                assert item["timings"]
                link = function.invoke(http_event("GET", f"/api/v1/speech/{item['id']}"))
                assert link["statusCode"] == 302, (link, function.log())
                with urllib.request.urlopen(link["headers"]["Location"], timeout=30) as audio:  # noqa: S310
                    seconds = TinyTag.get(file_obj=io.BytesIO(audio.read())).duration or 0.0
                assert 0.3 < seconds == pytest.approx(item["duration"], abs=0.1)
        known = function.invoke(http_event("POST", "/api/word/tts", {"word": "Good morning", "language": "English"}))
        assert json.loads(known["body"])["cached"] is True, (known, function.log())
        assert "Morgen" not in function.log()


def test_jobs_and_words_come_from_the_artifact_cold_and_warm(start: Any, endpoint: str, deployed: Deployment) -> None:
    sqs = boto3.client("sqs", REGION, endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x")
    items = [{"text": f"number {number}", "language": "en"} for number in range(4)]
    with start("SpeechFunction") as function:
        event = http_event("POST", "/api/v1/speech", {"items": items}, {"prefer": "respond-async"})
        accepted = function.invoke(event)
        assert accepted["statusCode"] == 202, (accepted, function.log())
        url = f"{endpoint}/{ACCOUNT}/{deployed.queues['JobQueue']['QueueName']}"
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        worked = function.invoke(queue_event([message["Body"] for message in messages]))
        assert worked == {"batchItemFailures": []}, function.log()
        state = json.loads(function.invoke(http_event("GET", accepted["headers"]["Location"]))["body"])
        assert (state["status"], state["done"], state["failed"]) == ("done", 4, 0), function.log()
        wish = {"words": ["house", "quickly"], "language": "en", "native_language": "de"}
        answer = function.invoke(http_event("POST", "/api/v1/words/enrich", wish))
        assert answer["statusCode"] == 200, (answer, function.log())
        words = json.loads(answer["body"])["results"]
        assert [(word["word"], word["source"], word["error"]) for word in words] == [
            ("house", "model", None),
            ("quickly", "model", None),
        ]


def test_health_is_answered_cold_and_warm(start: Any) -> None:
    with start("OperationsFunction") as function:
        for path in ("/api/health", "/api/v1/health"):
            answer = function.invoke(http_event("GET", path))
            assert answer["statusCode"] == 200, function.log()
            assert json.loads(answer["body"])["status"] == "healthy"
        assert json.loads(function.invoke(http_event("GET", "/openapi.json"))["body"])["openapi"].startswith("3.1")
        assert function.invoke(http_event("GET", "/nowhere"))["statusCode"] == 404


def test_keys_are_checked_cold_and_warm(start: Any, deployed: Deployment, endpoint: str) -> None:
    key = new_key()
    boto3.client("dynamodb", REGION, endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x").put_item(
        TableName=deployed.tables["ApiKeysTable"]["TableName"],
        Item={"key_hash": {"S": hash_key(key)}, "name": {"S": "friend"}, "created_at": {"N": "0"}},
    )
    with start("AuthorizerFunction") as function:
        for _ in range(2):
            known = function.invoke(http_event("POST", "/api/recommend", headers={"x-api-key": key}))
            assert known == {"isAuthorized": True, "context": {"key_name": "friend"}}, function.log()
            unknown = function.invoke(http_event("POST", "/api/recommend", headers={"x-api-key": key[:-1]}))
            assert unknown == {"isAuthorized": False, "context": {"key_name": ""}}
        assert key not in function.log()


def test_there_is_no_shared_memory(isolated: Sequence[str]) -> None:
    """Otherwise the tests above would prove nothing about Lambda."""
    python = f"{sys.base_prefix}/bin/python3.13"
    queue = [python, "-c", "import multiprocessing; multiprocessing.Queue()"]
    assert subprocess.run(queue, capture_output=True, check=False).returncode == 0
    assert b"No such file" in subprocess.run([*isolated, *queue], capture_output=True, check=False).stderr
    write = [*isolated, "sh", "-c", f"touch {build.OUTPUT}/x"]
    assert b"Read-only" in subprocess.run(write, capture_output=True, check=False).stderr


def test_sounds_are_understood_by_the_artifact_cold_and_warm(start: Any, endpoint: str, deployed: Deployment) -> None:
    """Libsndfile and NumPy load, and FFmpeg in a child process that needs no shared memory."""
    s3 = boto3.client("s3", REGION, endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x")
    [bucket] = [each["BucketName"] for each in deployed.buckets.values()]
    with start("AnalysisFunction") as function:
        for kind in ("wav", "m4a", "mp3", "webm"):
            key = f"uploads/audio/Xylophone.{kind}"
            s3.put_object(Bucket=bucket, Key=key, Body=sound(kind))
            asked = function.invoke(http_event("POST", "/api/v1/analyses", {"key": key}))
            assert asked["statusCode"] == 202, (asked, function.log())
            assert function.invoke(queue_event([notification(key)])) == {"batchItemFailures": []}, function.log()
            path = json.loads(asked["body"])["status_url"]
            told = json.loads(function.invoke(http_event("GET", path))["body"])
            assert told["status"] == "done", (told, function.log())
            assert told["analysis"]["duration"] == pytest.approx(1, abs=0.1)
            assert told["analysis"]["rate"] in {44100, 48000}
            plot = function.invoke(http_event("GET", f"{path}/plot.svg"))
            assert ET.fromstring(plot["body"]).tag.endswith("svg")  # noqa: S314  (our own)
            packed = function.invoke(http_event("GET", path, headers={"accept": "application/vnd.msgpack"}))
            assert packed["isBase64Encoded"], packed
        made = function.invoke(http_event("POST", "/api/v1/playlists", {"all": True, "format": "m3u8"}))
        assert made["body"].count("#EXTINF:1,Xylophone") == 4, (made, function.log())
        assert "Xylophone" not in function.log()
        assert "Event loop is closed" not in function.log()

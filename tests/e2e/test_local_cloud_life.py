"""The local cloud comes up whole or not at all, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from local_cloud import upstreams
from local_cloud.authorizers import UnsupportedError
from local_cloud.cloud import LocalCloud
from local_cloud.deployment import Deployment, Function

FUNCTIONS = Path(__file__).parent / "functions"

_SCRIPT = """
import sys, time
from pathlib import Path
from local_cloud.cloud import LocalCloud
functions = Path(sys.argv[1])
with LocalCloud(functions / "template.yaml", code=[functions / "handlers"]) as cloud:
    for logical_id in sys.argv[2:]:
        cloud.invoke(logical_id, {})
    print("up", flush=True)
    time.sleep(60)
"""

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")


def _processes() -> dict[int, tuple[int, int]]:
    """Process ids with those of their parents and groups, without zombies, which some containers never reap."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # gone meanwhile
            continue
        if state != "Z":
            found[int(stat.parent.name)] = int(parent), int(group)
    return found


def _descendants(pid: int) -> set[int]:
    processes = _processes()
    found = {pid}
    while more := {child for child, (parent, _) in processes.items() if parent in found} - found:
        found |= more
    return found - {pid}


def _since(before: set[int]) -> set[int]:
    """What this process has started since, but for what deployments of other tests start at any time: their keepers,
    by which their groups are named, were there before.
    """
    processes = _processes()
    return {pid for pid in _descendants(os.getpid()) - before if pid in processes and processes[pid][1] not in before}


@needs_proc
def test_everything_ends_with_the_block() -> None:
    before = _descendants(os.getpid())
    with LocalCloud(FUNCTIONS / "template.yaml", code=[FUNCTIONS / "handlers"]) as cloud:
        for logical_id in ("WorkFunction", "EchoFunction"):
            assert cloud.invoke(logical_id, {}).function_error is None
        # A keeper, AWS, the sample world, and two functions.
        assert len(_since(before)) == 5
        assert cloud.upstreams == "TMDb: sample, model: sample, catalogues: sample"
        cloud.world({"tmdb.genres": {"status": 503}})
        assert cloud.world_calls().get("tmdb.genres", 0) == 0
        cloud.world_reset()
        ports = [int(url.rpartition(":")[2]) for url in (cloud.url, cloud.aws_endpoint, cloud.world_url)]
    assert _since(before) == set()
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


@needs_proc
@pytest.mark.parametrize(
    ("number", "invoked"),
    [
        (signal.SIGKILL, ["WorkFunction", "EchoFunction"]),
        (signal.SIGKILL, []),  # with stopped processes in it, the kernel itself would end an orphaned group
        (signal.SIGTERM, []),
        (signal.SIGINT, ["WorkFunction"]),
    ],
)
def test_nothing_outlives_a_caller_that_is_killed(number: signal.Signals, invoked: list[str]) -> None:
    command = [sys.executable, "-c", _SCRIPT, str(FUNCTIONS), *invoked]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == b"up\n"
        children = _descendants(caller.pid)
        assert len(children) == 3 + len(invoked)
        caller.send_signal(number)
        caller.wait(timeout=20)
    deadline = time.monotonic() + 10
    while children & _processes().keys() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children & _processes().keys() == set()


@needs_proc
def test_calls_under_way_when_the_block_ends_are_answered() -> None:
    before = _descendants(os.getpid())
    said: list[str] = []
    with ThreadPoolExecutor(6) as threads:
        with LocalCloud(
            FUNCTIONS / "template.yaml", code=[FUNCTIONS / "handlers"], world=False, max_instances=2, log=said.append
        ) as cloud:
            calls = [threads.submit(cloud.invoke, "WorkFunction", {"sleep": 4}) for _ in range(6)]
            while sum(instance.state == "busy" for instance in cloud.instances("WorkFunction")) < 2:
                time.sleep(0.01)
        results = [call.result() for call in calls]
    assert [result.json()["errorType"] for result in results] == ["Runtime.ExitError"] * 6
    assert _since(before) == set()
    assert sum("WorkFunction: cold start" in line for line in said) == 2


@needs_proc
def test_jwts_are_refused_before_anything_runs() -> None:
    before = _descendants(os.getpid())
    cloud = LocalCloud(FUNCTIONS / "jwt.yaml", code=[FUNCTIONS / "handlers"], world=False)
    with pytest.raises(UnsupportedError, match=r"https://issuer\.example"), cloud:
        pass
    assert _since(before) == set()


def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        cloud = LocalCloud(FUNCTIONS / "template.yaml", port=taken.getsockname()[1], world=False)
        with pytest.raises(OSError, match="in use"), cloud:
            pass


def test_a_queue_that_shows_messages_again_too_soon_is_refused(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    source = (FUNCTIONS / "template.yaml").read_text()
    template.write_text(source.replace("VisibilityTimeout: 2", "VisibilityTimeout: 1"))
    with pytest.raises(ValueError, match="Queue: visibility timeout 1 s is less"), LocalCloud(template, world=False):
        pass


def test_a_queue_can_be_told_to_show_messages_again_sooner(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    source = (FUNCTIONS / "template.yaml").read_text()
    template.write_text(source.replace("VisibilityTimeout: 2", "VisibilityTimeout: 900"))
    with LocalCloud(template, code=[FUNCTIONS / "handlers"], world=False) as cloud:
        sqs, url = cloud.client("sqs"), cloud.queue_url("Queue")

        def timeout() -> str:
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
            return str(attributes["VisibilityTimeout"])

        with cloud.visibility("Queue", 1):
            assert timeout() == "1"
            sqs.send_message(QueueUrl=url, MessageBody="bad")
            deadline = time.monotonic() + 60
            while cloud.queue_depth("DeadLetterQueue") < 1:  # after it has come twice
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert timeout() == "900"


def test_a_parameter_reaches_the_functions() -> None:
    cloud = LocalCloud(
        FUNCTIONS / "template.yaml",
        parameters={"Greeting": "servus"},
        environment={"EXTRA": "more"},
        code=[FUNCTIONS / "handlers"],
        world=False,
    )
    with cloud:
        body = cloud.invoke("EchoFunction", {"rawPath": "/"}).json()["body"]
    assert '"GREETING": "servus"' in body
    assert '"EXTRA": "more"' in body


FUNCTION = Function(
    "F", "f", "f.handler", 5, 256, {"TMDB_TOKEN_PARAMETER": "/t", "MODEL_API_KEY_PARAMETER": "/m"}, snap_start=False
)
PICTURES = {"IMAGE_HOSTS": "*.example.org,image.tmdb.org"}
NO_MODEL = Function("G", "g", "g.handler", 5, 256, {"TMDB_TOKEN_PARAMETER": "/t"}, snap_start=False)
WORLD = "http://127.0.0.1:1"


def _secrets(chosen: tuple[upstreams.Upstream, ...]) -> dict[str, str]:
    parameters = {"TmdbTokenParameter": "/t", "ModelApiKeyParameter": "/m"}
    return upstreams.secrets(chosen, Deployment("r", "a", {}, (), {}, None, {}, {}, {}, (), (), (), parameters))


def test_without_keys_the_upstreams_are_samples() -> None:
    chosen = upstreams.choose({}, WORLD)
    assert upstreams.variables(chosen, FUNCTION) == {
        "TMDB_BASE_URL": f"{WORLD}/tmdb/3",
        "MODEL_BASE_URL": f"{WORLD}/model/v1",
    }
    assert upstreams.variables(chosen, NO_MODEL) == {"TMDB_BASE_URL": f"{WORLD}/tmdb/3"}
    assert all(secret.startswith("sample-") for secret in _secrets(chosen).values())


def test_each_key_switches_its_own_upstream() -> None:
    tmdb = upstreams.choose({"TMDB_TOKEN": "real token"}, WORLD)
    assert upstreams.variables(tmdb, FUNCTION) == {
        "TMDB_BASE_URL": "https://api.themoviedb.org/3",
        "MODEL_BASE_URL": f"{WORLD}/model/v1",
    }
    assert _secrets(tmdb) == {"/t": "real token", "/m": "sample-model-key"}
    model = upstreams.choose({"OPENAI_API_KEY": "real key"}, WORLD)
    assert upstreams.variables(model, FUNCTION)["MODEL_BASE_URL"] == "https://api.openai.com/v1"
    assert _secrets(model) == {"/t": "sample-tmdb-token", "/m": "real key"}
    own = {"MODEL_API_KEY": "own key", "MODEL_BASE_URL": "http://127.0.0.1:11434/v1", "MODEL_NAME": "small"}
    chosen = upstreams.choose(own | {"OPENAI_API_KEY": "other"}, WORLD)
    assert upstreams.variables(chosen, FUNCTION) == {
        "TMDB_BASE_URL": f"{WORLD}/tmdb/3",
        "MODEL_BASE_URL": "http://127.0.0.1:11434/v1",
        "MODEL_NAME": "small",
    }
    assert "own key" not in repr(chosen)


SPEAKER = replace(FUNCTION, environment={"TTS_ENGINES": "espeak", "TTS_API_KEY_PARAMETER": ""})


def test_a_real_engine_speaks_if_it_is_named_and_there_is_a_key() -> None:
    named = {"TTS_ENGINES": "openai,espeak"}
    for lacking in (named, {"OPENAI_API_KEY": "key"}, {"TTS_API_KEY": "key", "TTS_ENGINES": "polly,espeak"}):
        assert upstreams.variables(upstreams.choose(lacking, WORLD), SPEAKER) == {}
    hosted = upstreams.choose(named | {"OPENAI_API_KEY": "real key"}, WORLD)
    assert upstreams.variables(hosted, SPEAKER) == {
        "TTS_ENGINES": "openai,espeak",
        "TTS_BASE_URL": "https://api.openai.com/v1",
        "TTS_API_KEY_PARAMETER": "/local/tts-api-key",
    }
    assert "TTS_ENGINES" not in upstreams.variables(hosted, FUNCTION)
    assert _secrets(hosted)["/local/tts-api-key"] == "real key"
    own = {"TTS_API_KEY": "own key", "TTS_BASE_URL": "http://127.0.0.1:8880/v1", "TTS_MODEL": "kokoro"}
    chosen = upstreams.choose(named | own | {"OPENAI_API_KEY": "other"}, None)
    pointed = upstreams.variables(chosen, SPEAKER)
    assert (pointed["TTS_BASE_URL"], pointed["TTS_MODEL"]) == ("http://127.0.0.1:8880/v1", "kokoro")
    assert _secrets(chosen)["/local/tts-api-key"] == "own key"
    assert "own key" not in repr(chosen)


def test_pictures_come_from_the_sample_world_unless_the_films_are_real() -> None:
    viewer = Function("V", "v", "v.handler", 5, 256, PICTURES, snap_start=False)
    assert upstreams.variables(upstreams.choose({}, WORLD), viewer) == {
        "IMAGE_HOSTS": f"*.example.org,image.tmdb.org={WORLD}/images"
    }
    for real in (upstreams.choose({"TMDB_TOKEN": "real token"}, WORLD), upstreams.choose({}, None)):
        assert upstreams.variables(real, viewer) == {}
    narrow = replace(viewer, environment={"IMAGE_HOSTS": "example.org"})
    assert upstreams.variables(upstreams.choose({}, WORLD), narrow) == {"IMAGE_HOSTS": "example.org"}


def test_a_model_without_a_key_stays_a_sample_and_without_a_world_the_templates() -> None:
    only_url = {"MODEL_BASE_URL": "http://127.0.0.1:11434/v1"}
    assert upstreams.variables(upstreams.choose(only_url, WORLD), FUNCTION)["MODEL_BASE_URL"] == f"{WORLD}/model/v1"
    assert upstreams.choose({}, None) == ()

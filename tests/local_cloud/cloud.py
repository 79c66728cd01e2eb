"""The bundle on one machine: what template.yaml deploys, over real HTTP on loopback."""

import asyncio
import contextlib
import json
import os
import sys
import threading
import time
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import httpx2

from local_cloud import aws, upstreams
from local_cloud.api_keys import issue
from local_cloud.deployment import TEMPLATE, Deployment, read
from local_cloud.gateway import Gateway
from local_cloud.instances import Sandbox, State
from local_cloud.lambda_api import LambdaApi
from local_cloud.pool import FunctionPool, InvokeResult, Log
from local_cloud.processes import ProcessGroup, loopback_socket, read_lines, url
from local_cloud.serving import Listener
from local_cloud.triggers import POLL, QueueConsumer

REGION = "us-east-1"
ACCOUNT = "123456789012"


@dataclass(frozen=True, slots=True)
class InstanceInfo:
    """A function instance as it is now: how often it was invoked, and how many seconds its start took."""

    pid: int
    state: State
    invocations: int
    init_seconds: float


class LocalCloud:
    """A deployment of `template` on this machine, for the length of a `with` block.

    `url` is the HTTP API, `aws_endpoint` the emulated AWS, `lambda_endpoint` Lambda's own API, `world_url` the sample
    world (all URLs), `api_key` a key that opens every route. Functions start when they are first called, in processes
    of their own: at most `max_instances` per function work side by side. Everything listens on 127.0.0.1 only and
    ends with the block, or with the calling process.

    `environment` is added to every function's; `code` are the folders on the functions' import path (those of the
    bundle beside the template by default). Keys in the caller's environment switch to the real upstreams, see
    `upstreams.choose`. `log` is called with lines on what goes on, from another thread.

    What is not here: IAM (everything is allowed), JWTs, throttling, memory limits, alarms, deletion by time to live.
    """

    def __init__(
        self,
        template: Path = TEMPLATE,
        *,
        parameters: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        code: Sequence[Path] | None = None,
        port: int = 0,
        world: bool = True,
        world_profile: Literal["instant", "published"] = "instant",
        max_instances: int = 4,
        log: Log | None = None,
    ) -> None:
        self.url = self.aws_endpoint = self.lambda_endpoint = self.world_url = self.api_key = self.upstreams = ""
        self._template = template
        self._parameters = parameters or {}
        self._environment = environment or {}
        self._code = code or (template.parent / "functions", template.parent / "layers" / "common")
        self._port = port
        self._with_world = world
        self._world_profile = world_profile
        self._max_instances = max_instances
        self._log = log or (lambda _: None)
        self._output: deque[str] = deque(maxlen=50)
        self._pools: dict[str, FunctionPool] = {}

    # ---- what a caller may ask -----------------------------------------------------------------------------------

    def client(self, service: str) -> Any:
        """Return a boto3 client for the emulated AWS, for "lambda" one for the local functions."""
        return self._aws.client(service)

    def invoke(self, logical_id: str, payload: object) -> InvokeResult:
        """Invoke a function with a JSON value, as Lambda's RequestResponse does."""
        return self._call(self._pools[logical_id].invoke(json.dumps(payload).encode()))

    def instances(self, logical_id: str) -> list[InstanceInfo]:
        """Return the function's instances, the oldest first."""
        return [
            InstanceInfo(each.pid, each.state, each.invocations, each.init_seconds)
            for each in list(self._pools[logical_id].instances)
        ]

    def cold_starts(self, logical_id: str) -> int:
        """Return how many instances the function has started."""
        return self._pools[logical_id].cold_starts

    def kill_instance(self, logical_id: str, pid: int | None = None) -> None:
        """Kill one instance (the oldest, or the one with this process id) as the kernel would, and see it gone."""
        chosen = [each for each in self._pools[logical_id].instances if pid in {None, each.pid}]
        if not chosen:
            raise LookupError(f"{logical_id} has no such instance")
        self._call(chosen[0].end())

    def logs(self, logical_id: str) -> list[str]:
        """Return what the function's instances have written, the last 20,000 lines, both streams."""
        self._call(_settle())
        return list(self._pools[logical_id].lines)

    def queue_depth(self, logical_id: str) -> int:
        """Return how many messages a queue holds: waiting, delayed and in flight."""
        names = ["ApproximateNumberOfMessages" + kind for kind in ("", "NotVisible", "Delayed")]
        found = self.client("sqs").get_queue_attributes(QueueUrl=self.queue_url(logical_id), AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)

    def queue_url(self, logical_id: str) -> str:
        """Return the URL of a queue."""
        return self._aws.queue_url(ACCOUNT, self.deployment.queues[logical_id]["QueueName"])

    @contextlib.contextmanager
    def visibility(self, logical_id: str, seconds: int) -> Iterator[None]:
        """Within the block, a message whose worker is killed comes back after `seconds` instead of minutes.

        Begins and ends once the polls under way, which have the other timeout still, have come back.
        """
        sqs, url_of_it = self.client("sqs"), self.queue_url(logical_id)
        before = sqs.get_queue_attributes(QueueUrl=url_of_it, AttributeNames=["VisibilityTimeout"])["Attributes"]
        sqs.set_queue_attributes(QueueUrl=url_of_it, Attributes={"VisibilityTimeout": str(seconds)})
        time.sleep(2 * POLL)
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=url_of_it, Attributes=before)
            time.sleep(2 * POLL)

    def world(self, behaviour: Mapping[str, Mapping[str, Any]]) -> None:
        """Change how endpoints of the sample world behave, such as ``{"tmdb.discover": {"status": 503}}``."""
        self._world.put("/_world/behaviour", json=behaviour).raise_for_status()

    def world_reset(self) -> None:
        """Take back every `world` change, and count calls from zero."""
        for path in ("/_world/behaviour", "/_world/calls"):
            self._world.delete(path).raise_for_status()

    def world_calls(self) -> dict[str, int]:
        """Return the calls of each endpoint of the sample world so far."""
        counts: dict[str, int] = self._world.get("/_world/calls").raise_for_status().json()
        return counts

    # ---- up and down ---------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Start everything but the functions; takes a second or two."""
        self._started: Future[None] = Future()
        self._loop = asyncio.new_event_loop()
        self._main = self._loop.create_task(self._live())
        self._thread = threading.Thread(target=self._run, name="local-cloud", daemon=True)
        self._thread.start()
        try:
            self._started.result()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End everything."""
        self._end()

    def _end(self) -> None:
        with contextlib.suppress(RuntimeError):  # closed: it has come to its end by itself
            self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner, contextlib.suppress(asyncio.CancelledError):
            runner.get_loop().run_until_complete(self._main)

    def _call[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _live(self) -> None:
        try:
            async with contextlib.AsyncExitStack() as stack:
                await self._start(stack)
                self._started.set_result(None)
                await asyncio.Event().wait()
        except BaseException as error:
            if self._started.done():
                raise
            for line in self._output:
                error.add_note(line)
            self._started.set_exception(error)

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        """Bind every address first, so that all processes can start at once; ends in reverse order."""
        begun = time.perf_counter()
        processes = ProcessGroup()
        stack.push_async_callback(processes.end)
        await processes.start()
        sockets = [stack.enter_context(loopback_socket(port)) for port in (self._port, 0, 0)]
        self.url, self.lambda_endpoint, self.aws_endpoint = map(url, sockets)
        moto = await aws.start(processes, sockets[2], _server_environment(), self.lambda_endpoint)
        self._listen_to(moto, stack)
        if self._with_world:
            await self._start_world(processes, stack)
        chosen = upstreams.choose(os.environ, self.world_url or None)
        self.upstreams = ", ".join(f"{each.name}: {'real' if each.real else 'sample'}" for each in chosen)
        self._aws = aws.Aws(self.aws_endpoint, self.lambda_endpoint, REGION)
        self.deployment = await asyncio.to_thread(self._prepare, chosen)
        for logical_id, function in self.deployment.functions.items():
            pointed = replace(function, environment=function.environment | upstreams.variables(chosen, function))
            pool = FunctionPool(pointed, self._sandbox, processes, limit=self._max_instances, log=self._log)
            self._pools[logical_id] = pool
        listeners = (
            Listener(Gateway(self.deployment, self._pools), sockets[0]),
            Listener(LambdaApi(self._pools).app, sockets[1]),
        )
        for listener in listeners:
            listener.start()
        stack.push_async_callback(_end_all, (*self._pools.values(), *listeners))
        for trigger in self.deployment.queue_triggers:
            pool = self._pools[trigger.function]
            consumer = QueueConsumer(trigger, self.deployment, pool, self._aws, self._log)
            _in_background(consumer.run(), stack)
        self._log(f"the local cloud is up at {self.url} after {time.perf_counter() - begun:.1f} s")

    async def _start_world(self, processes: ProcessGroup, stack: contextlib.AsyncExitStack) -> None:
        command = (sys.executable, "-m", "local_cloud.world", "--port", "0", "--profile", self._world_profile)
        world = await processes.spawn(command, _server_environment())
        if world.stdout is None:
            raise RuntimeError("the process has no output")
        self.world_url = (await world.stdout.readline()).decode().strip().removeprefix("listening on ")
        self._listen_to(world, stack)
        self._world = stack.enter_context(httpx2.Client(base_url=self.world_url))

    def _listen_to(self, process: Process, stack: contextlib.AsyncExitStack) -> None:
        _in_background(read_lines(process, self._output.append), stack)

    def _prepare(self, chosen: tuple[upstreams.Upstream, ...]) -> Deployment:
        """Read the template and create what it declares; blocks."""
        self._log("reading the template, starting AWS")
        deployment = read(
            self._template,
            self._parameters,
            region=REGION,
            account=ACCOUNT,
            queue_url=lambda name: self._aws.queue_url(ACCOUNT, name),
        )
        self._sandbox = Sandbox(self._code, REGION, ACCOUNT, self.aws_endpoint, self.lambda_endpoint, self._environment)
        self._aws.create(deployment, self._sandbox)
        for name, value in upstreams.secrets(chosen, deployment).items():
            self._aws.put_secret(name, value)
        if keys := deployment.tables.get("ApiKeysTable"):
            self.api_key = issue(self.client("dynamodb"), keys["TableName"], "local")
        return deployment


async def _end_all(ending: Iterable[FunctionPool | Listener]) -> None:
    await asyncio.gather(*(each.end() for each in ending))


def _in_background(work: Coroutine[Any, Any, None], stack: contextlib.AsyncExitStack) -> None:
    """Run for as long as the stack lasts."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait({task})

    stack.push_async_callback(end)


def _server_environment() -> dict[str, str]:
    """What the cloud's own servers need: no keys, no settings of the caller."""
    passed_on = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return passed_on | {"PYTHONPATH": str(Path(__file__).parents[1])}


async def _settle() -> None:
    """Let the loop take in what has been written before now."""
    for _ in range(5):
        await asyncio.sleep(0)

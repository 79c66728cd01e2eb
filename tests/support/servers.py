"""Servers that tests start for themselves, as processes of their own on loopback."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def ministack() -> Iterator[str]:
    """Run ministack, an AWS emulator whose conditional writes are exact under concurrency; yield its URL."""
    port = free_port()
    environment = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "SERVICES": "dynamodb,s3,sqs,ssm"}
    with running([sys.executable, "-m", "ministack"], environment) as server:
        url = f"http://127.0.0.1:{port}"
        _await(f"{url}/_ministack/health", server)
        yield url


@contextmanager
def running(
    command: Sequence[str], environment: dict[str, str], *, folder: Path | None = None, log: Path = Path(os.devnull)
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for the length of a block; both of its outputs go to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(url: str, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  (a URL made above)
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not come up")


@contextmanager
def sample_world(profile: str = "instant") -> Iterator[str]:
    """Run the sample world; yield its URL."""
    port = free_port()
    command = [sys.executable, "-m", "local_cloud.world", "--port", str(port), "--profile", profile]
    with running(command, dict(os.environ)) as server:
        url = f"http://127.0.0.1:{port}"
        _await(f"{url}/_world/calls", server)
        yield url

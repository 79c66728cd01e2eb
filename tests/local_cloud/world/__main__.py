"""`python -m local_cloud.world`: the sample world on a loopback port, until SIGTERM or SIGINT."""

import argparse
import asyncio
import logging
import signal
import socket
import sys

import uvicorn

from local_cloud.world.app import create_app
from local_cloud.world.faults import PROFILES


def main() -> None:
    """Print `listening on http://127.0.0.1:PORT` as the first line, then serve."""
    parser = argparse.ArgumentParser(prog="python -m local_cloud.world", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes any free port")
    parser.add_argument(
        "--profile",
        choices=list(PROFILES),
        default="instant",
        help="latencies: none, or as published (model 1.5 s, discover 0.3 s, a spoken word 1 s, ten explained 6 s)",
    )
    arguments = parser.parse_args()
    # With the protocol named, asyncio switches Nagle's algorithm off: else every second answer is 40 ms late.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", arguments.port))
    listener.listen(1024)
    logging.getLogger("uvicorn.error").addFilter(_wanted_in_the_log)
    app = create_app(arguments.profile)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,  # what hangs on purpose must not hold up the exit
    )
    server = uvicorn.Server(config)
    # uvicorn raises the signal again when it is done: by then it is no reason to die of it.
    signal.signal(signal.SIGTERM, lambda *_: None if server.started else sys.exit(0))
    sys.stdout.write(f"listening on http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    server.run(sockets=[listener])


def _wanted_in_the_log(record: logging.LogRecord) -> bool:
    """A body cut short, and calls that still wait at the exit, are asked for here: no errors to log."""
    text = record.getMessage()
    cancelled = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not (cancelled or "without completing response" in text or "graceful shutdown exceeded" in text)


if __name__ == "__main__":
    main()

"""The images handler in processes of its own, which begin at the same moment."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WORKER = """
import json, sys
from fanfare import imaging
from images import handler
from support.lambda_events import Context

runs = []

def counted(name):
    work = getattr(imaging, name)
    setattr(imaging, name, lambda *arguments: [runs.append(name), work(*arguments)][1])

counted("optimize")
counted("render")
handler.warm()
print("ready", flush=True)
event = json.loads(sys.stdin.readline())
answer = handler.handler(event, Context())
print(json.dumps({"runs": len(runs), "answer": answer}))
"""


@dataclass(frozen=True)
class Worker:
    """What one process answered, and how often its engine ran."""

    runs: int
    answer: dict[str, Any]


def side_by_side(events: Sequence[dict[str, Any]], environment: Mapping[str, str]) -> list[Worker]:
    """Hand each event to a process of its own, when all of them are ready."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in events
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process, event in zip(processes, events, strict=True):
            assert process.stdin is not None
            process.stdin.write(f"{json.dumps(event)}\n")
            process.stdin.flush()
        return [Worker(**json.loads(process.communicate(timeout=60)[0].splitlines()[-1])) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()

"""The contenders of `fanfare bench audio` as processes: what they are told, and how much memory they take."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from local_cloud import deployment

SAMPLED: Final = 0.02
"""Seconds between two looks at the children."""
OTHERS: Final = ("decode", "librosa")
"""As they are by themselves; Fanfare runs as it is deployed."""
WORKER: Final = Path(__file__).parent / "audio_worker.py"

type Answer = Mapping[str, float | str]
"""cpu and wall, in seconds; or an error."""


class Worker:
    """A contender's process; it ends when its input does, so with this process too."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, source: Path) -> Answer:
        """Have it do its work on a file."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("the process was started without pipes")
        self._process.stdin.write(json.dumps({"source": str(source)}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._command} ended over {source}")
        answer: Answer = json.loads(line)
        return answer

    def weigh(self, source: Path) -> tuple[Answer, float]:
        """Have it do its work, and return its peak memory in megabytes, and its children's on top."""
        done, children = threading.Event(), dict[int, float]()
        watch = threading.Thread(target=self._watch, args=(done, children))
        watch.start()
        try:
            answer = self.ask(source)
        finally:
            done.set()
            watch.join()
        return answer, (_peak(self._process.pid) or 0) + sum(children.values())

    def _watch(self, done: threading.Event, peaks: dict[int, float]) -> None:
        """Keep what each child was last seen with: at first, before its `exec`, that is its parent's."""
        while not done.wait(SAMPLED):
            with suppress(OSError):  # a thread of its that has just ended
                for task in Path(f"/proc/{self._process.pid}/task").iterdir():
                    for child in (task / "children").read_text(encoding="ascii").split():
                        peaks[int(child)] = _peak(int(child)) or peaks.get(int(child), 0.0)


def _peak(pid: int) -> float | None:
    """Megabytes resident at most since a process began: Linux's VmHWM, see proc_pid_status(5). None if it has ended.

    `getrusage` would tell more: it counts what the parent had resident when it started the process.
    """
    try:
        found = Path(f"/proc/{pid}/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()
    except OSError:
        return None
    return int(found[0]) * 1024 / 1e6 if found else None


def commands(ways: Sequence[str], bytecode: Path) -> dict[str, Sequence[str]]:
    """The commands of the contenders, by name."""
    # As deployed, modules come compiled: compiling takes memory that would count as the music's.
    keep = ["env", "-u", "PYTHONDONTWRITEBYTECODE", f"PYTHONPYCACHEPREFIX={bytecode}"]
    keep.append("OPENBLAS_NUM_THREADS=1")  # or its threads spin, and count as CPU time, on either side
    given = deployment.read().functions["AnalysisFunction"].environment
    deployed = [f"{name}={value}" for name, value in given.items() if name.startswith("MALLOC_")]
    if "NUMBA_CACHE_DIR" not in os.environ:
        keep.append(f"NUMBA_CACHE_DIR={bytecode}")  # or librosa compiles anew in every process
    own = {way: [] if way in OTHERS else deployed for way in ways}
    return {way: [*keep, *own[way], sys.executable, "-P", str(WORKER), way] for way in ways}

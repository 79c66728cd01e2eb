"""`fanfare bench images`: pictures made to fit 1024 pixels, JPEG quality 85, by naive Pillow, by Fanfare and by sharp.

Photographs are synthesised, with the statistics and the bytes of a camera's (`local_cloud.world.pictures`); `--photo`
adds your own. Each contender is a process that lives on; every round asks each once for each picture, in turn. Files
are read before and written after the clocks run. CPU counts every thread; peak memory is that of a fresh process, its
interpreter included, after one picture. SSIM is that of luma against a LANCZOS resize in double precision.

  cpu_naive_over_fanfare_12mp   how many times Fanfare's CPU time naive Pillow takes, 12 MP
  cpu_fanfare_over_sharp_12mp   Fanfare's CPU time over sharp's, 12 MP
  cpu_naive_over_fanfare_24mp   as the first, 24 MP
  ssim_loss_worst               naive Pillow's SSIM less Fanfare's, the worst of all photographs and odd sizes
  rss_over_naive                Fanfare's peak memory over naive Pillow's, the worst of the photographs
  rss_over_sharp                the same over sharp's
  two_thread_speedup            images per second on two threads over one, 12 MP
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from bench import fidelity
from bench.report import Report, median, progress, ratio
from local_cloud.world import pictures

ODD_SIZES: Final = ((1501, 1125), (2971, 3963), (3963, 2971), (9013, 1201), (6151, 1201))
"""Of which SSIM alone is taken; among them those at which decoding at 3/8 and at 2/8 only just begins."""
FRESH: Final = 3
"""Processes whose peak memory is taken for each picture and contender."""
SPEEDUPS: Final = 5
"""Pairs of runs on one thread and on two."""
BATCH: Final = 16
"""Pictures in each of these runs."""
SHARP: Final = "sharp@^0.35"
HERE: Final = Path(__file__).parent

type Contenders = Mapping[str, Sequence[str]]
"""Names and the commands of their workers; naive and fanfare always, sharp where it can be had."""


@dataclass(frozen=True)
class Job:
    """One picture. `timed` says whether CPU time and memory are taken, or SSIM alone."""

    name: str
    path: Path
    photo: bool = True
    timed: bool = True

    def target(self, contender: str) -> Path:
        return self.path.with_suffix(f".{contender}.jpg")


@dataclass
class Measured:
    """One picture by one contender: seconds, megabytes of memory, bytes."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    bytes: int = 0
    ssim: float = 0

    def columns(self) -> dict[str, float]:
        figures = {
            "cpu_ms": [second * 1000 for second in self.cpu],
            "wall_ms": [second * 1000 for second in self.wall],
            "peak_mb": self.peak,
        }
        medians = {name: median(samples) for name, samples in figures.items() if samples}
        return medians | {"kb": self.bytes / 1000, "ssim_percent": self.ssim * 100}


type Results = dict[tuple[str, str], Measured]
"""By name of picture and contender."""


def run(*, rounds: int, photos: Sequence[Path] = (), as_json: bool) -> Report:
    """Compare the contenders over so many rounds, on synthesised pictures and on `photos`.

    Raises `SystemExit` for a photo that is not there.
    """
    if missing := [str(photo) for photo in photos if not photo.is_file()]:
        raise SystemExit(f"fanfare bench images: no such file: {', '.join(missing)}")
    results: Results = defaultdict(Measured)
    with tempfile.TemporaryDirectory(prefix="fanfare-bench-") as folder:
        contenders = _contenders(Path(folder) / "bytecode")
        jobs = list(_jobs(Path(folder), photos))
        _time(contenders, jobs, rounds, results)
        _weigh(contenders, jobs, results)
        _liken(contenders, jobs, results)
        speedup = _two_threads(contenders["fanfare"], jobs[0])
    progress("")
    report = Report("images", __doc__ or "")
    for job in jobs:
        for name in contenders:
            report.row(f"{job.name}: {name}", **results[job.name, name].columns())
    ratios: dict[str, Any] = _ratios(jobs, results) | {"two_thread_speedup": speedup}  # None where there is no sharp
    report.ratios = ratios
    report.about += "\n" + "\n".join(_remarks(jobs, results))
    report.show(as_json=as_json)
    return report


def _ratios(jobs: Sequence[Job], results: Results) -> dict[str, float | None]:
    losses = [results[job.name, "naive"].ssim - results[job.name, "fanfare"].ssim for job in jobs if job.photo]
    return {
        "cpu_naive_over_fanfare_12mp": _cpu(results, "12 MP", "naive", "fanfare"),
        "cpu_fanfare_over_sharp_12mp": _cpu(results, "12 MP", "fanfare", "sharp"),
        "cpu_naive_over_fanfare_24mp": _cpu(results, "24 MP", "naive", "fanfare"),
        "ssim_loss_worst": round(max(losses), 5),
        "rss_over_naive": _worst_peak(jobs, results, "naive")[0],
        "rss_over_sharp": _worst_peak(jobs, results, "sharp")[0],
    }


def _cpu(results: Results, job: str, one: str, other: str) -> float | None:
    """CPU time over CPU time, round by round; None without both."""
    first, second = results[job, one].cpu, results[job, other].cpu
    return ratio(first, second) if first and second else None


def _worst_peak(jobs: Sequence[Job], results: Results, other: str) -> tuple[float | None, str]:
    """Fanfare's peak memory over another's where that is highest, and the photograph's name; None without the other."""
    peaks = {job.name: (results[job.name, "fanfare"].peak, results[job.name, other].peak) for job in jobs if job.photo}
    overs = [(round(median(own) / median(its), 3), name) for name, (own, its) in peaks.items() if own and its]
    return max(overs, default=(None, ""))


def _remarks(jobs: Sequence[Job], results: Results) -> Iterator[str]:
    for other in ("naive", "sharp"):
        worst, name = _worst_peak(jobs, results, other)
        if worst is None:
            yield f"{other} did not take part: it needs node, npm and, the first time, their registry."
        else:
            yield f"Peak memory over that of {other} is worst for {name}."


def _jobs(folder: Path, photos: Sequence[Path]) -> Iterator[Job]:
    """Write the pictures into `folder`; the 12 MP photograph comes first."""
    numbers = iter(range(1000))

    def job(name: str, content: bytes, *, photo: bool = True, timed: bool = True) -> Job:
        progress(f"picture: {name}")
        path = folder / str(next(numbers))
        path.write_bytes(content)
        return Job(name, path, photo, timed)

    for name, width, height in (("12 MP", 4001, 2999), ("24 MP", 6001, 3999)):
        yield job(name, pictures.camera_jpeg(width, height, seed=width))
    yield job("PNG with alpha", pictures.cut_out(2001, 1501, seed=3), photo=False)
    for each in photos:
        yield job(str(each), each.read_bytes())
    for width, height in ODD_SIZES:
        yield job(f"{width} × {height}", pictures.camera_jpeg(width, height, seed=width), timed=False)


def _time(contenders: Contenders, jobs: Sequence[Job], rounds: int, results: Results) -> None:
    """Ask every contender once a round for each picture, another one first each time."""
    names = list(contenders)
    with ExitStack() as stack:
        workers = {name: stack.enter_context(_Worker(command)) for name, command in contenders.items()}
        for job in jobs:  # once without a clock: imports, tables, heaps
            for name, worker in workers.items():
                worker.make(job, name)
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}")
            for place, job in enumerate(job for job in jobs if job.timed):
                first = (number + place) % len(names)
                for name in names[first:] + names[:first]:
                    spent = workers[name].make(job, name)
                    results[job.name, name].cpu.append(spent["cpu"])
                    results[job.name, name].wall.append(spent["wall"])


def _weigh(contenders: Contenders, jobs: Sequence[Job], results: Results) -> None:
    """Take the peak memory of processes that make one picture."""
    for job in jobs:
        if job.timed:
            progress(f"memory: {job.name}")
            for name, command in [*contenders.items()] * FRESH:
                with _Worker(command) as worker:
                    worker.make(job, name)
                    results[job.name, name].peak.append(worker.peak())


def _liken(contenders: Contenders, jobs: Sequence[Job], results: Results) -> None:
    """Hold what came out against what should have; naive Pillow against a picture as little upright as its own."""
    for job in jobs:
        progress(f"SSIM: {job.name}")
        for name in contenders:
            made = fidelity.luma(job.target(name))
            ideal = fidelity.reference(job.path, made.shape[::-1], faithful=name != "naive")
            results[job.name, name].ssim = fidelity.ssim(made, ideal)
            results[job.name, name].bytes = job.target(name).stat().st_size


def _two_threads(command: Sequence[str], job: Job) -> float:
    """Pictures a second on two threads of one process over those on one."""
    walls: dict[int, list[float]] = {1: [], 2: []}
    with _Worker(command) as worker:
        worker.ask(source=str(job.path), threads=2, count=2)
        for number in range(SPEEDUPS):
            progress(f"threads: {number + 1} of {SPEEDUPS}")
            for threads in (1, 2):
                walls[threads].append(worker.ask(source=str(job.path), threads=threads, count=BATCH)["wall"])
    return ratio(walls[1], walls[2])


class _Worker:
    """A contender's process; it ends when its input does, so with this process too."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def make(self, job: Job, name: str) -> dict[str, float]:
        return self.ask(source=str(job.path), target=str(job.target(name)))

    def ask(self, **request: str | int) -> dict[str, float]:
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("the process was started without pipes")
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._command} ended over {request}")
        answer: dict[str, float] = json.loads(line)
        return answer

    def peak(self) -> float:
        """Megabytes resident at most since the process began: Linux's VmHWM, see proc_pid_status(5).

        `getrusage` would tell more: it counts what the parent had resident when it started the process.
        """
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def _contenders(bytecode: Path) -> Contenders:
    # As deployed, modules come compiled: compiling takes 7 MB that would count as the picture's.
    keep = ["env", "-u", "PYTHONDONTWRITEBYTECODE", f"PYTHONPYCACHEPREFIX={bytecode}"]
    python = [*keep, sys.executable, "-P", str(HERE / "image_worker.py")]
    contenders = {name: [*python, name] for name in ("naive", "fanfare")}
    folder = _sharp()
    return contenders | ({"sharp": ["node", str(HERE / "sharp_worker.mjs"), str(folder)]} if folder else {})


def _sharp() -> Path | None:
    """Install sharp beside other programs' caches, unless it is there; None if that cannot be done."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fanfare" / "sharp"
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    if not (folder / "node_modules" / "sharp").is_dir():
        progress(f"installing {SHARP} into {folder}")
        folder.mkdir(parents=True, exist_ok=True)
        npm = ["npm", "install", "--prefix", str(folder), "--silent", "--no-audit", "--no-fund", "--fetch-retries=0"]
        if subprocess.run([*npm, SHARP], stdout=sys.stderr, check=False).returncode:
            return None
    return folder

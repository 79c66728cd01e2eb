"""`fanfare bench audio`: music's beats, tempo and loudness over time by librosa and by Fanfare, and decoding alone.

Music is synthesised, so that beats, tempo and key are known; every call takes fresh seeds, and says which. For time,
three minutes of stereo at 44.1 kHz are read from wav, mp3 and m4a by processes that live on; every round asks each once
for each format, in turn, after one call without a clock. librosa does load + beat_track + rms, and `fanfare` the same
work on one core, `fanfare_cores` on all; `whole` is the whole analysis on one core. CPU counts every thread and every
child; peak memory is that of a fresh process after one file, its interpreter included, and its children's.

  cpu_wav_over_librosa     CPU time of the same work on one core over librosa's, and so for mp3
  wall_wav_over_librosa    wall time of the same work on all cores over librosa's, and so for mp3
  mp3_over_decode          CPU time of the same work over decoding alone, mp3
  whole_over_librosa       CPU time of the whole analysis over librosa's smaller work, the worse of wav and mp3
  rss_3h_over_10min        peak memory of the whole analysis of a 3 h mp3 over that of a 10 min one
  f_mean                   beat F-measure (mir_eval: ± 70 ms, first 5 s left out), the mean of five kinds of tracks
  f_minus_librosa_worst    the kind's at which it leads librosa's least, or lags most
  f_unseen                 the same on grooves that nothing was tuned on
  tempo_near, tempo_exact  share of tracks whose tempo is within 2 % of the true one or an octave of it; of it itself
  loudness_lu_worst        integrated loudness, the furthest from FFmpeg's ebur128, in LU
  key_right                share of 24 cadences, one in each key, of which it tells key and mode
  cached_over_analysis     a GET of a record, in the handler, over the whole analysis on two cores; JSON or msgpack, the
                           slower
  playlist_over_greedy     what an order of 200 invented tracks costs over the greedy order, four curves
  msgpack_over_json, …     writing and reading a record with float32 buffers, over lists in JSON and arrays in orjson
"""

import os
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bench.audio_processes import Answer, Worker, commands
from bench.report import Report, median, progress, ratio

ROUNDS: Final = 5
WEIGHED: Final = "whole"
"""Whose memory must not grow with the length of a file; else that of beats."""

type Ways = Sequence[str]
"""What takes part: decode, librosa, and of Fanfare's what is there."""


@dataclass
class Measured:
    """One file by one contender: seconds, megabytes of memory."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    peak: float | None = None

    def columns(self) -> dict[str, float]:
        figures = {"cpu_s": self.cpu, "wall_s": self.wall}
        medians = {name: median(samples) for name, samples in figures.items() if samples}
        return medians | ({} if self.peak is None else {"peak_mb": self.peak})


type Results = dict[tuple[str, str], Measured]
"""By file and contender."""


def run(*, seeds: int, as_json: bool) -> Report:
    """Measure time and memory, then how right both sides are on `seeds` tracks of each kind."""
    if missing := [name for name in ("librosa", "mir_eval", "orjson") if find_spec(name) is None]:
        raise SystemExit(
            f"fanfare bench audio: {', '.join(missing)} missing; run it as: uv run --group bench fanfare bench audio"
        )
    with tempfile.TemporaryDirectory(prefix="fanfare-bench-") as folder:
        # librosa is compiled once for all processes; several at once may spoil the cache beside its sources.
        os.environ["NUMBA_CACHE_DIR"] = folder
        return _run(seeds, as_json=as_json)


def _run(seeds: int, *, as_json: bool) -> Report:
    from bench import audio_fanfare

    first = random.SystemRandom().randrange(1_000_000)
    ways = ("decode", "librosa", *audio_fanfare.ready())
    times = Report("audio", f"{__doc__}\nSeeds {first} to {first + seeds - 1}.")
    beats, records = Report("audio: beats", ""), Report("audio: records", "")
    _measure(times, ways, first)
    _compare(beats, first, seeds, fanfare="fanfare" in ways)
    from bench import audio_cached, audio_records

    progress("records")
    audio_records.compare(records, first)
    audio_cached.playlists(records, first)
    progress("")
    together = _together([times, beats, records])
    together.row("seeds", first=first, count=seeds)
    for report in [together] if as_json else [times, beats, records]:
        report.show(as_json=as_json)
    return together


def _together(parts: Sequence[Report]) -> Report:
    """One report of all rows, for a program; people get a table each."""
    together = Report("audio", parts[0].about)
    for part in parts:
        together.rows += part.rows
        together.ratios |= part.ratios
    return together


def _measure(report: Report, ways: Ways, seed: int) -> None:
    """Add time and memory."""
    from bench import audio_cached, audio_files

    results: Results = defaultdict(Measured)
    with tempfile.TemporaryDirectory(prefix="fanfare-bench-") as folder:
        contenders = commands(ways, Path(folder) / "bytecode")
        progress("files")
        short, long = audio_files.short(Path(folder), seed), audio_files.long(Path(folder), seed)
        _time(contenders, short, results)
        _weigh(contenders, short, results)
        weighed = next((way for way in (WEIGHED, "fanfare") if way in contenders), None)
        _weigh({way: contenders[way] for way in contenders if way == weighed}, long, results)
        if WEIGHED in contenders:
            audio_cached.compare(report, short["mp3"])
    for file in (*short, *long):
        for way in ways:
            if columns := results[file, way].columns():
                report.row(f"{file}: {way}", **columns)
    report.ratios |= _ratios(results)


def _time(contenders: Mapping[str, Sequence[str]], files: Mapping[str, Path], results: Results) -> None:
    """Ask every contender once a round for each file, another one first each time."""
    with ExitStack() as stack:
        workers = {way: stack.enter_context(Worker(command)) for way, command in contenders.items()}
        able = {}
        for name, path in files.items():
            progress(f"warming up: {name}")
            able[name] = [way for way, worker in workers.items() if _succeeded(f"{name} by {way}", worker.ask(path))]
        for number in range(ROUNDS):
            for place, (name, path) in enumerate(files.items()):
                progress(f"round {number + 1} of {ROUNDS}: {name}")
                first = (number + place) % len(able[name])
                for way in able[name][first:] + able[name][:first]:
                    spent = workers[way].ask(path)
                    results[name, way].cpu.append(float(spent["cpu"]))
                    results[name, way].wall.append(float(spent["wall"]))


def _weigh(contenders: Mapping[str, Sequence[str]], files: Mapping[str, Path], results: Results) -> None:
    """Take the peak memory of fresh processes that do one file."""
    for name, path in files.items():
        for way, command in contenders.items():
            progress(f"memory: {name} by {way}")
            with Worker(command) as worker:
                answer, peak = worker.weigh(path)
                if _succeeded(f"{name} by {way}", answer):
                    results[name, way].peak = peak


def _succeeded(what: str, answer: Answer) -> bool:
    """Tell on standard error what went wrong, if anything did: librosa reads no m4a."""
    if error := answer.get("error"):
        progress(f"{what}: {error}\n")
    return not error


def _ratios(results: Results) -> dict[str, float]:
    """Those for which both sides were measured."""
    cpu = {key: measured.cpu for key, measured in results.items() if measured.cpu}
    wall = {key: measured.wall for key, measured in results.items() if measured.wall}
    pairs = {
        "cpu_wav_over_librosa": (cpu, ("wav", "fanfare"), ("wav", "librosa")),
        "cpu_mp3_over_librosa": (cpu, ("mp3", "fanfare"), ("mp3", "librosa")),
        "wall_wav_over_librosa": (wall, ("wav", "fanfare_cores"), ("wav", "librosa")),
        "wall_mp3_over_librosa": (wall, ("mp3", "fanfare_cores"), ("mp3", "librosa")),
        "mp3_over_decode": (cpu, ("mp3", "fanfare"), ("mp3", "decode")),
        "m4a_over_decode": (cpu, ("m4a", "fanfare"), ("m4a", "decode")),
    }
    ratios = {name: ratio(of[one], of[other]) for name, (of, one, other) in pairs.items() if one in of and other in of}
    wholes = [(cpu.get((name, "whole")), cpu.get((name, "librosa"))) for name in ("wav", "mp3")]
    if overs := [ratio(one, other) for one, other in wholes if one and other]:
        ratios["whole_over_librosa"] = max(overs)
    for way in (WEIGHED, "fanfare"):
        short, long = results["10 min", way].peak, results["3 h", way].peak
        if short and long and "rss_3h_over_10min" not in ratios:
            ratios["rss_3h_over_10min"] = round(long / short, 3)
    return ratios


def _compare(report: Report, first: int, seeds: int, *, fanfare: bool) -> None:
    """Add how right both sides are; librosa alone where Fanfare's is not there."""
    from bench import audio_accuracy, audio_fanfare, unseen
    from support import tracks

    sides: dict[str, Callable[..., audio_fanfare.Beats]] = {"librosa": audio_accuracy.librosa_beats}
    if fanfare:
        sides["fanfare"] = audio_fanfare.beats
    known, new = audio_accuracy.Marks(sides), audio_accuracy.Marks(sides)
    for seed in range(first, first + seeds):
        progress(f"beats: seed {seed}")
        for kind in tracks.KINDS:
            known.add(tracks.make(kind, seed))
    for track in unseen.tracks(first):
        progress(f"beats: {track.kind}")
        new.add(track)
    known.tell(report)
    new.tell(report)
    report.ratios |= {"f_mean_librosa": known.mean("librosa", "f"), "f_unseen_librosa": new.mean("librosa", "f")}
    if fanfare:
        report.ratios |= {
            "f_mean": known.mean("fanfare", "f"),
            "f_minus_librosa_worst": known.worst_lead("fanfare", "librosa"),
            "f_unseen": new.mean("fanfare", "f"),
            "tempo_near": known.mean("fanfare", "near"),
            "tempo_exact": known.mean("fanfare", "exact"),
        }
    progress("loudness and key")
    report.ratios |= audio_accuracy.loudness_and_key(first)

"""`fanfare analyze`: what the analyser finds in files of one's own, in this process."""

import json
import os
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import batched
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis import records
from analysis.audio.analyser import Analysis, analyse
from analysis.audio.beats import SURE
from fanfare.errors import FanfareError

BAR: Final = 20
WIDTH: Final = 64
"""Characters."""
SHOWN: Final = 24
"""Sections, and silences, at most; `--json` has them all."""
CURVES: Final = frozenset({"step", "rms", "peaks", "profile"})
"""Figures of energy, one for each tenth of a second."""
CHANNELS: Final = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class Found:
    """`seconds` is how long it took."""

    path: Path
    analysis: Analysis
    seconds: float


@dataclass(frozen=True, slots=True)
class Unusable:
    path: Path
    reason: str


def run(files: Sequence[Path], *, as_json: bool = False, plots: Path | None = None) -> int:
    """Analyse files side by side and print what was found, in their order.

    Return the exit status: 1 if one of them could not be used. Raises `OSError` if `plots` cannot be written to.
    """
    console = Console(width=None if sys.stdout.isatty() else 110)
    waiting = Console(stderr=True) if as_json else console
    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
    told, usable = [], True
    with waiting.status("listening"), closing(_all(files)) as answers:
        for picture, found in zip(_pictures(files), answers, strict=True):
            usable = usable and isinstance(found, Found)
            if plots is not None and isinstance(found, Found):
                _draw(found, plots / picture)
            if as_json:
                told.append(figures(found))
            else:
                _show(found, console)
    if as_json:
        sys.stdout.write(json.dumps(told, indent=2, allow_nan=False) + "\n")
    return 0 if usable else 1


def _all(files: Sequence[Path]) -> Generator[Found | Unusable]:
    """Each file on as many cores as there are for it; those that are waited for no more are not begun."""
    cores = os.process_cpu_count() or 1
    with ThreadPoolExecutor(min(cores, len(files)), thread_name_prefix="file") as threads:
        yield from threads.map(partial(_one, max(1, cores // len(files))), files)


def _one(cores: int, path: Path) -> Found | Unusable:
    began = time.perf_counter()
    try:
        analysis = analyse(path, cores=cores)
    except FanfareError as error:
        return Unusable(path, str(error))
    except OSError as error:
        return Unusable(path, (error.strerror or str(error)).lower())
    return Found(path, analysis, time.perf_counter() - began)


def figures(found: Found | Unusable) -> dict[str, Any]:
    """What `--json` prints of a file: figures as a record has them, without curves, and how long they took."""
    if isinstance(found, Unusable):
        return {"file": str(found.path), "error": found.reason}
    told = records.listed(records.record("", 0, found.analysis)["analysis"])
    told["energy"] = {name: value for name, value in told["energy"].items() if name not in CURVES}
    took = {"seconds": found.seconds, "times_real_time": found.analysis.duration / found.seconds}
    return {"file": str(found.path), **told, **records.listed(took)}


def _tempos(analysis: Analysis) -> tuple[float | None, float | None]:
    """Beats a minute that nine tenths of the beats lie between: one that is a little off is no change of tempo."""
    if not len(analysis.beats.tempos):
        return None, None
    low, high = np.percentile(analysis.beats.tempos, (5, 95)).tolist()
    return low, high


def _pictures(files: Sequence[Path]) -> Iterator[str]:
    """A name for each file's picture; of those that are named alike, the second is NAME-2.svg."""
    taken = set[str]()
    for file in files:
        name, number = file.stem, 1
        while name in taken:
            name, number = f"{file.stem}-{number + 1}", number + 1
        taken.add(name)
        yield f"{name}.svg"


def _draw(found: Found, path: Path) -> None:
    from analysis import plot

    path.write_text(plot.draw(found.analysis, _printable(found.path.name)))


def _show(found: Found | Unusable, console: Console) -> None:
    console.print(Text(_printable(found.path.name), style="bold"))
    if isinstance(found, Unusable):
        console.print(Text(f"  {found.reason}", style="yellow"))
        console.print()
        return
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
    table.add_column(width=14, style="dim")
    table.add_column(overflow="fold")
    for name, told in _lines(found):
        table.add_row(f"  {name}", told)
    console.print(table)
    console.print()


def _lines(found: Found) -> Iterator[tuple[str, Text]]:
    analysis, mood = found.analysis, found.analysis.mood
    yield "format", Text(_format(analysis))
    yield "tempo", _tempo(analysis)
    yield "key", _key(analysis)
    yield "loudness", Text(_loudness(analysis))
    yield "energy", _bar(mood.energy)
    yield "danceability", _bar(mood.danceability)
    yield "acousticness", _bar(mood.acousticness)
    yield "valence", _bar(mood.valence)
    yield "sections", _columns([f"{each.label} {_clock(each.start)}–{_clock(each.end)}" for each in analysis.sections])
    yield "silences", _columns([f"{_clock(start, 1)}–{_clock(end, 1)}" for start, end in analysis.energy.silences])
    yield "beats", Text(_beats(analysis))
    yield "took", Text(f"{found.seconds:.2f} s, {analysis.duration / found.seconds:.0f} × real time", style="dim")


def _format(analysis: Analysis) -> str:
    channels = CHANNELS.get(analysis.channels, f"{analysis.channels} channels")
    damage = ", damaged: some of it could not be decoded" if analysis.damaged else ""
    return f"{analysis.format}, {analysis.rate / 1000:g} kHz, {channels}, {_clock(analysis.duration)}{damage}"


def _tempo(analysis: Analysis) -> Text:
    low, high = _tempos(analysis)
    if low is None or high is None:
        return Text("no beat")
    guess = ", a guess" if analysis.beats.confidence < SURE else ""
    told = f"{analysis.beats.tempo:.1f} BPM, {low:.0f} to {high:.0f}{guess}"
    return _sure(told, analysis.beats.confidence)


def _key(analysis: Analysis) -> Text:
    key = analysis.key
    return _sure(f"{key.name}, {key.camelot}", key.confidence) if key else Text("no pitch")


def _sure(told: str, confidence: float) -> Text:
    return Text(f"{told:<31}").append(f"confidence {confidence:.2f}", style="dim")


def _loudness(analysis: Analysis) -> str:
    loudness = analysis.loudness
    peaks = [peak for peak in analysis.true_peaks if peak is not None]
    if loudness.integrated is None:
        return "silent" if not peaks else f"too little to tell, true peak {_level(max(peaks))} dBTP"
    spread = "" if loudness.range is None else f", range {loudness.range:.1f} LU"
    return f"{_level(loudness.integrated)} LUFS{spread}, true peak {_level(max(peaks))} dBTP"


def _level(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def _bar(value: float | None) -> Text:
    if value is None:
        return Text("–")
    full = round(value * BAR)
    return Text(f"{value:.2f}  ").append("█" * full, style="cyan").append("░" * (BAR - full), style="dim")


def _columns(spans: Sequence[str]) -> Text:
    if not spans:
        return Text("none")
    shown = spans[:SHOWN]
    width = max(map(len, shown)) + 2
    rows = ["".join(f"{each:{width}}" for each in row).rstrip() for row in batched(shown, WIDTH // width)]
    if len(spans) > SHOWN:
        rows.append(f"and {len(spans) - SHOWN} more")
    return Text("\n".join(rows))


def _beats(analysis: Analysis) -> str:
    bars = analysis.beats.bars
    downbeats = f"{len(bars.downbeats)} downbeats, {bars.meter} to a bar" if bars else "bars cannot be told"
    return f"{len(analysis.beats.times)}, {downbeats}"


def _clock(seconds: float, digits: int = 0) -> str:
    """Such as 3:07, or 1:03:07; with one digit, 3:07.2."""
    minutes, rest = divmod(round(seconds, digits), 60)
    hours, minutes = divmod(int(minutes), 60)
    told = f"{rest:0{digits + 3 if digits else 2}.{digits}f}"
    return f"{hours}:{minutes:02}:{told}" if hours else f"{minutes}:{told}"


def _printable(name: str) -> str:
    """Names may hold what is no text, or what terminals obey."""
    return "".join(each if each.isprintable() else "�" for each in name)

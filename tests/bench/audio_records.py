"""What an analysis record costs in msgpack, JSON and orjson: time to write and read it back to arrays, and bytes."""

import json
import math
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgpack
import numpy as np
import orjson
from numpy.random import default_rng

from bench.report import Report, median, ratio

ROUNDS: Final = 15
CALLS: Final = 10
"""Calls that are timed as one."""

type Record = dict[str, Any]
"""Text, numbers, lists of those, and float32 arrays under "curves"."""


def record(seed: int, seconds: float = 180.0) -> Record:
    """A record of the size and the entropy of a track's: curves at 43 and 10 values a second, 2 beats a second."""
    rng = default_rng(seed)
    beats = np.cumsum(rng.normal(0.5, 0.01, int(2 * seconds)))
    tenths = int(10 * seconds)
    curves = {
        "onset_strength": np.maximum(rng.normal(0, 1, int(seconds * 44100 / 1024)), 0),
        "onsets": np.sort(rng.uniform(0, seconds, int(4 * seconds))),
        "beats": beats,
        "beat_strengths": rng.uniform(0, 1, beats.size),
        "tempo_curve": 60 / np.diff(beats),
        "rms": np.abs(np.cumsum(rng.normal(0, 0.01, tenths))),
        "peaks": rng.uniform(0, 1, tenths),
        "energy": rng.uniform(0, 1, tenths),
    }
    figures = {name: float(value) for name, value in zip("abcdefghijkl", rng.uniform(-30, 200, 12), strict=True)}
    sections = [{"start": 20.0 * n, "end": 20.0 * n + 20, "label": "ABAC"[n % 4]} for n in range(9)]
    curves32 = {name: curve.astype(np.float32) for name, curve in curves.items()}
    return {"version": 1, "key": "F# minor", **figures, "sections": sections, "curves": curves32}


def lists(record: Record) -> Record:
    return record | {"curves": {name: curve.tolist() for name, curve in record["curves"].items()}}


def rounded(record: Record) -> Record:
    """Four places, as one writes JSON for people."""
    curves = {name: np.round(curve.astype(np.float64), 4).tolist() for name, curve in record["curves"].items()}
    return record | {"curves": curves}


def buffers(record: Record) -> Record:
    return record | {"curves": {name: curve.tobytes() for name, curve in record["curves"].items()}}


def from_lists(record: Record) -> Record:
    return record | {"curves": {name: np.array(curve, np.float32) for name, curve in record["curves"].items()}}


def from_buffers(record: Record) -> Record:
    return record | {"curves": {name: np.frombuffer(curve, np.float32) for name, curve in record["curves"].items()}}


type Way = tuple[Callable[[Record], bytes], Callable[[bytes], Record]]

WAYS: Final[Mapping[str, Way]] = {
    "json, lists": (lambda it: json.dumps(lists(it)).encode(), lambda data: from_lists(json.loads(data))),
    "json, lists, 4 places": (lambda it: json.dumps(rounded(it)).encode(), lambda data: from_lists(json.loads(data))),
    "orjson, lists": (lambda it: orjson.dumps(lists(it)), lambda data: from_lists(orjson.loads(data))),
    "orjson, arrays": (
        lambda it: orjson.dumps(it, option=orjson.OPT_SERIALIZE_NUMPY),
        lambda data: from_lists(orjson.loads(data)),
    ),
    "msgpack, lists": (lambda it: msgpack.packb(lists(it)), lambda data: from_lists(msgpack.unpackb(data))),
    "msgpack, buffers": (lambda it: msgpack.packb(buffers(it)), lambda data: from_buffers(msgpack.unpackb(data))),
}


def compare(report: Report, seed: int) -> None:
    """Add a row for each way, and the ratios of the last one, which is Fanfare's."""
    original = record(seed)
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    wrote: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        for name, (write, read) in WAYS.items():
            began = time.perf_counter()
            for _ in range(CALLS):
                data = write(original)
            written = time.perf_counter()
            for _ in range(CALLS):
                read(data)
            wrote[name].append((written - began) / CALLS * 1e6)
            spent[name].append((time.perf_counter() - began) / CALLS * 1e6)
    sizes = {name: len(write(original)) for name, (write, _) in WAYS.items()}
    for name, (write, read) in WAYS.items():
        _check(original, read(write(original)), exact="places" not in name)
        report.row(
            name,
            write_us=median(wrote[name]),
            both_us=median(spent[name]),
            kilobytes=sizes[name] / 1000,
            deflated_kilobytes=len(zlib.compress(write(original))) / 1000,
        )
    own = "msgpack, buffers"
    report.ratios |= {
        "msgpack_over_json": ratio(spent[own], spent["json, lists"]),
        "msgpack_over_orjson": ratio(spent[own], spent["orjson, arrays"]),
        "msgpack_lists_over_orjson": ratio(spent["msgpack, lists"], spent["orjson, lists"]),
        "msgpack_bytes_over_json": round(sizes[own] / sizes["json, lists"], 3),
        "msgpack_bytes_over_orjson": round(sizes[own] / sizes["orjson, arrays"], 3),
    }


def _check(one: Record, other: Record, *, exact: bool) -> None:
    """What comes back is what was written, or the way is none; raises `ValueError`."""
    for name, curve in one["curves"].items():
        if not np.allclose(curve, other["curves"][name], rtol=0, atol=0 if exact else 1e-4):
            raise ValueError(f"{name} came back different")
    if not math.isclose(one["a"], other["a"]):
        raise ValueError("figures came back different")

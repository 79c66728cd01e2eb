"""What a record saves: asking a deployment for an analysis it has made, beside making it. And greed beside search."""

import re
import time
from pathlib import Path
from typing import Final

import httpx2
import numpy as np

from analysis.audio.analyser import analyse
from analysis.playlist import Track, arrange
from bench.report import Report, median, progress, ratio
from local_cloud.cloud import LocalCloud

ROUNDS: Final = 15
CURVES: Final = ("rise", "fall", "wave", "steady")
LIBRARY: Final = 200
PLAYLISTS: Final = 5


def compare(report: Report, track: Path) -> None:
    """Add the whole analysis on all cores beside a GET of its record, in the handler, JSON and msgpack."""
    forms = {"json": "application/json", "msgpack": "application/vnd.msgpack"}
    whole: list[float] = []
    warm: dict[str, list[float]] = {name: [] for name in forms}
    with LocalCloud(log=progress) as cloud, _client(cloud) as http:
        record = _analysed(http, track)
        for number in range(ROUNDS + 1):
            progress(f"records: round {number} of {ROUNDS}")
            began = time.perf_counter()
            analyse(track, cores=2)
            if number:
                whole.append((time.perf_counter() - began) * 1000)
            for name, media_type in forms.items():
                answer = http.get(record, headers={"accept": media_type}).raise_for_status()
                if number:  # the first is not warm
                    warm[name].append(_total(answer))
    report.row("the whole analysis, two cores", median_ms=median(whole))
    for name, spent in warm.items():
        report.row(f"its record, {name}", median_ms=median(spent))
    report.ratios["cached_over_analysis"] = max(ratio(spent, whole) for spent in warm.values())


def playlists(report: Report, seed: int) -> None:
    """Add what orders of a library of invented tracks cost, the greedy one and the one that is found, by curve."""
    rng = np.random.default_rng(seed)
    found: list[float] = []
    greedy: list[float] = []
    spent: list[float] = []
    for curve in CURVES:
        costs = []
        for number in range(PLAYLISTS):
            library = _library(rng)
            began = time.perf_counter()
            made = arrange(library, curve=curve, seed=number)
            spent.append((time.perf_counter() - began) * 1000)
            costs.append((made.cost, made.greedy_cost))
        found += [cost for cost, _ in costs]
        greedy += [cost for _, cost in costs]
        report.row(
            f"{LIBRARY} tracks, {curve}",
            greedy_cost=median([cost for _, cost in costs]),
            cost=median([cost for cost, _ in costs]),
            median_ms=median(spent[-PLAYLISTS:]),
        )
    report.ratios |= {"playlist_over_greedy": ratio(found, greedy), "playlist_ms": round(median(spent), 1)}


def _library(rng: np.random.Generator) -> list[Track]:
    return [
        Track(
            id=str(number),
            duration=float(rng.uniform(150, 300)),
            tempo=float(np.clip(rng.normal(118, 22), 62, 190)),
            key=f"{rng.integers(1, 13)}{rng.choice(['A', 'B'])}",
            energy=float(rng.beta(3, 3)),
        )
        for number in range(LIBRARY)
    ]


def _client(cloud: LocalCloud) -> httpx2.Client:
    return httpx2.Client(base_url=cloud.url, headers={"x-api-key": cloud.api_key}, timeout=60)


def _analysed(http: httpx2.Client, track: Path) -> str:
    """Upload a track, wait for its analysis, and return where that is for good."""
    asked = (
        http.post("/api/v1/analyses", json={"media_type": "audio/mpeg", "name": track.name}).raise_for_status().json()
    )
    form = asked["upload"]
    httpx2.post(form["url"], data=form["fields"], files={"file": track.read_bytes()}).raise_for_status()
    while (answer := http.get(asked["status_url"]).raise_for_status()).status_code == 202:
        time.sleep(0.1)
    told = answer.json()
    if told["status"] != "done":
        raise RuntimeError(told)
    return f"/api/v1/analyses/{told['id']}"


def _total(answer: httpx2.Response) -> float:
    """Milliseconds in the handler."""
    told = dict(re.findall(r"([\w-]+);dur=([\d.]+)", answer.headers["server-timing"]))
    return float(told["total"])

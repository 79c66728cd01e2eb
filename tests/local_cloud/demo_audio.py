"""The music's part of `fanfare demo`: a track uploaded and understood, uploaded again, and put into a playlist."""

import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local_cloud import demo_track
from local_cloud.demo_track import BAR, Piece


def show(http: httpx2.Client, console: Console) -> None:
    """Have a track analysed, print what was found beside what was composed, then its way through a playlist."""
    piece = demo_track.OWN
    console.rule(Text("A track, uploaded and understood", style="bold"), align="left")
    with console.status("playing a track from its score"):
        sound = demo_track.flac(piece)
    console.print(
        f"“{piece.title}”: {piece.seconds:.0f} seconds of FLAC, {len(sound) / 1e6:.1f} MB, composed for this demo and "
        "played by numpy, the same each time: what should be found is known."
    )
    with console.status("uploading, and waiting for the queue"):
        answer, first = _analysed(http, piece, sound)
        same, again = _analysed(http, piece, sound)
    _table(piece, answer["analysis"], console)
    _levels(answer["analysis"], console)
    known = "from the record: the same bytes are analysed once" if same["id"] == answer["id"] else "analysed anew"
    console.print(f"first    {first * 1000:.0f} ms, with the queue, a function's start, and the analysis", style="dim")
    console.print(f"again    {again * 1000:.0f} ms, {known}", style="dim")
    folder = Path(tempfile.mkdtemp(prefix="fanfare-demo-track-"))
    (folder / f"{piece.title}.flac").write_bytes(sound)
    picture = http.get(f"/api/v1/analyses/{answer['id']}/plot.svg").raise_for_status()
    (folder / f"{piece.title}.svg").write_bytes(picture.content)
    console.print(f"to see   {folder}, and to hear", style="dim")
    _playlist(http, console)


def _analysed(http: httpx2.Client, piece: Piece, sound: bytes) -> tuple[dict[str, Any], float]:
    """Upload a sound; return its analysis, and the seconds from the upload's end until it was there."""
    request = {"media_type": "audio/flac", "name": f"{piece.title}.flac", "bytes": len(sound)}
    asked = http.post("/api/v1/analyses", json=request).raise_for_status().json()
    form = asked["upload"]
    httpx2.post(form["url"], data=form["fields"], files={"file": sound}).raise_for_status()
    began = time.perf_counter()
    while (state := http.get(asked["status_url"]).raise_for_status()).status_code != 200:
        time.sleep(0.05)
    answer: dict[str, Any] = state.json()
    if answer["status"] != "done":
        raise RuntimeError(answer["reason"])
    return answer, time.perf_counter() - began


def _table(piece: Piece, found: dict[str, Any], console: Console) -> None:
    beats, key = found["beats"], found["key"]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", "Found", "Confidence", "Composed"):
        table.add_column(name, justify="right" if name == "Confidence" else "left")
    table.add_row("tempo", f"{beats['tempo']:.1f} BPM", f"{beats['confidence']:.2f}", f"{piece.tempo:g} BPM")
    table.add_row("key", f"{key['name']}, {key['camelot']}", f"{key['confidence']:.2f}", piece.harmony.key)
    table.add_row("beats", f"{len(beats['times'])}", "", f"{piece.beats}")
    if bars := beats["bars"]:
        told, composed = f"{len(bars['downbeats'])} of {bars['meter']} beats", f"{piece.bars} of {BAR} beats"
        table.add_row("bars", told, f"{bars['confidence']:.2f}", composed)
    table.add_row("sections", _moments(each["start"] for each in found["sections"]), "", _moments(piece.parts))
    console.print(table)


def _levels(found: dict[str, Any], console: Console) -> None:
    loudness, peak = found["loudness"], max(peak for peak in found["true_peaks"] if peak is not None)
    levels = f"{loudness['integrated']:.1f} LUFS, range {loudness['range']:.1f} LU, true peak {peak:.1f} dBTP"
    console.print(f"loudness {levels.replace('-', '−')}")
    console.print("mood     " + ", ".join(f"{name} {value:.2f}" for name, value in found["mood"].items()))


def _moments(seconds: Iterable[float]) -> str:
    return " ".join(f"{each:.1f}" for each in seconds) + " s"


def _playlist(http: httpx2.Client, console: Console) -> None:
    """Have the other tracks analysed side by side, and all of them put into an order."""
    console.rule(Text("Four tracks, put into an order that rises", style="bold"), align="left")
    with console.status("uploading three more"), ThreadPoolExecutor(len(demo_track.OTHERS)) as threads:
        sounds = map(demo_track.flac, demo_track.OTHERS)
        list(threads.map(partial(_analysed, http), demo_track.OTHERS, sounds))
    request = {"all": True, "curve": "rise", "format": "json"}
    answer = http.post("/api/v1/playlists", json=request).raise_for_status().json()
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("Title", "BPM", "Camelot", "Energy"):
        table.add_column(name, justify="left" if name == "Title" else "right")
    for track in answer["tracks"]:
        table.add_row(track["title"], f"{track['tempo']:.1f}", track["key"], f"{track['energy']:.2f}")
    console.print(table)
    console.print(f"cost     {answer['cost']:.2f}; the greedy order's {answer['greedy_cost']:.2f}", style="dim")
    console.print()

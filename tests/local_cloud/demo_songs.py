"""The songs' part of `fanfare demo`: a photo read as a mood, songs for it, again once they are heard, and a dislike."""

import re
import time
from typing import Any, Final

import httpx2
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local_cloud.world import pictures

WIDTH, HEIGHT = 1536, 2048
ALONE: Final = 2.5
"""Seconds in which the songs are heard; nobody waits for that but this demo, which wants to show it."""
ROUNDS: Final = 2
MORE: Final = 3
WIDTHS: Final = {"": 2, "Artist": 20, "Title": 20, "BPM": 3, "Energy": 6, "Valence": 7, "Score": 5, "Why": 33}
"""Columns of the table."""


def show(http: httpx2.Client, console: Console) -> None:
    """Ask for songs for a photo until they are heard, print the mood and both answers, then dislike one."""
    photo = pictures.camera_jpeg(WIDTH, HEIGHT, seed=7, orientation=6, wide_gamut=True)
    console.rule(Text("A photo, and songs for it", style="bold"), align="left")
    console.print(
        "The same photo, smaller. Artists and songs are invented; their audio is real, and is really analysed."
    )
    with console.status("asking"):
        first = _asked(http, photo)
    _mood(first.json()["analysis"], console)
    _told("first", first, console)
    with console.status("letting the songs be heard"):
        again = _heard(http, photo)
    _told("again", again, console)
    answer = again.json()
    _table(answer["songs"], console)
    _disliked(http, answer, console)
    console.print()


def _asked(http: httpx2.Client, photo: bytes) -> httpx2.Response:
    files = {"photo": ("photo.jpg", photo, "image/jpeg")}
    return http.post("/api/v1/songs/recommend", files=files).raise_for_status()


def _heard(http: httpx2.Client, photo: bytes) -> httpx2.Response:
    """Ask until the songs are heard, or as good as."""
    for _ in range(ROUNDS):
        time.sleep(ALONE)
        answer = _asked(http, photo)
        if all(song["features"] for song in answer.json()["songs"]):
            break
    return answer


def _mood(analysis: dict[str, Any], console: Console) -> None:
    figures = ("energy", "valence", "danceability", "acousticness")
    told = ", ".join(f"{name} {analysis[name]:.2f}" for name in figures if analysis[name] is not None)
    console.print(f"mood     {analysis['mood']}: {told}, {analysis['tempo']:.0f} BPM")
    console.print(f"         {analysis['description']}", style="italic")


def _told(name: str, answer: httpx2.Response, console: Console) -> None:
    """One line on an answer: how many of its songs were heard, how well they fit, what it took."""
    body = answer.json()
    songs, calls = body["songs"], body["meta"]["upstream_calls"]
    heard = sum((song["features"] or {}).get("source") == "preview" for song in songs)
    fit = sum(song["vibe_score"] for song in songs) / len(songs)
    upstream = sum(number for upstream, number in calls.items() if upstream != "function")
    total = re.search(r"total;dur=([\d.]+)", answer.headers["server-timing"])
    console.print(
        f"{name:8} {heard} of {len(songs)} songs heard by now, score {fit:.2f} in the mean; {upstream} calls upstream, "
        f"{float(total[1]) if total else float('nan'):.0f} ms in the handler",
        style="dim",
    )


def _table(songs: list[dict[str, Any]], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, width in WIDTHS.items():
        figure = name in {"BPM", "Energy", "Valence", "Score"}
        table.add_column(name, justify="right" if figure else "left", no_wrap=True, min_width=width, max_width=width)
    for song in songs:
        why, _, _ = song["why"].partition(";")
        table.add_row(song["language"][:2].lower(), song["artist"], song["name"], *_figures(song), why)
    console.print(table)


def _figures(song: dict[str, Any]) -> tuple[str, ...]:
    features = song["features"] or {}
    told = ((features.get("tempo"), 0), (features.get("energy"), 2), (features.get("valence"), 2))
    return *("–" if value is None else f"{value:.{places}f}" for value, places in told), f"{song['vibe_score']:.2f}"


def _disliked(http: httpx2.Client, answer: dict[str, Any], console: Console) -> None:
    worst, session = answer["songs"][0], {"session_id": answer["session_id"]}
    http.post("/api/v1/songs/feedback", json=session | {"song_id": worst["id"], "feedback": -1}).raise_for_status()
    asked = session | {"offset": len(answer["songs"]), "limit": MORE}
    more = http.post("/api/v1/songs/more", json=asked).raise_for_status().json()["songs"]
    console.print(f"disliked {worst['artist']}, {worst['name']}; then {MORE} more, none of them asked for upstream:")
    _table(more, console)

"""The pictures' part of `fanfare demo`: a telephone's photo uploaded, and what the trigger made of it; a poster."""

import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local_cloud.world import pictures

WIDTH, HEIGHT = 3024, 4032
POSTER = "/api/v1/images/poster/image.tmdb.org/t/p/original/fanfare.jpg"
BROWSER = "image/avif,image/webp,image/apng,image/*,*/*;q=0.8"


def show(http: httpx2.Client, console: Console) -> None:
    """Upload a photo, wait for its derivatives, save them to a folder, and print what they are."""
    photo = pictures.camera_jpeg(WIDTH, HEIGHT, seed=7, orientation=6, wide_gamut=True)
    console.rule(Text("A photo, uploaded", style="bold"), align="left")
    console.print(
        f"A 12-megapixel JPEG as a telephone makes it: {len(photo) / 1e6:.1f} MB, stored on its side, Display P3, with "
        "its place and time."
    )
    with console.status("uploading, and waiting for the queue"):
        state = _uploaded(http, photo)
    picture = state["picture"]
    _table(picture, len(photo), console)
    colours = Text("colours  ")
    for colour in picture["colours"]:
        colours.append("███", style=colour["rgb"]).append(f" {colour['rgb']} {colour['share']:.0%}  ")
    console.print(colours)
    console.print(f"taken    {picture['captured_at']}; its place is in none of them", style="dim")
    console.print(f"hash     {picture['thumbhash']} (ThumbHash, shown while the picture loads)", style="dim")
    folder = Path(tempfile.mkdtemp(prefix="fanfare-demo-"))
    for name, derivative in picture["derivatives"].items():
        (folder / name).write_bytes(httpx2.get(derivative["url"]).raise_for_status().content)
    console.print(f"to see   {folder}", style="dim")
    _poster(http, console)


def _uploaded(http: httpx2.Client, photo: bytes) -> dict[str, Any]:
    form = http.post("/api/v1/uploads", json={"media_type": "image/jpeg", "bytes": len(photo)}).raise_for_status()
    asked = form.json()
    httpx2.post(asked["url"], data=asked["fields"], files={"file": photo}).raise_for_status()
    while True:
        state = http.get(asked["status_url"]).raise_for_status()
        if state.status_code == 200:
            found: dict[str, Any] = state.json()
            return found
        time.sleep(0.1)


def _table(picture: dict[str, Any], original: int, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("Derivative")
    for column in ("Pixels", "Bytes", "Saved"):
        table.add_column(column, justify="right")
    for name, derivative in picture["derivatives"].items():
        pixels = f"{derivative['width']} × {derivative['height']}"
        table.add_row(name, pixels, f"{derivative['bytes']:,}", f"{1 - derivative['bytes'] / original:.1%}")
    console.print(table)


def _poster(http: httpx2.Client, console: Console) -> None:
    console.rule(Text("A poster, through a preset", style="bold"), align="left")
    console.print(f"GET {POSTER}")
    first = http.get(POSTER, headers={"accept": BROWSER}).raise_for_status()
    second = http.get(POSTER, headers={"accept": BROWSER, "if-none-match": first.headers["etag"]})
    for answer in (first, second):
        told = [str(answer.status_code)]
        if answer.content:
            told += [answer.headers["content-type"], f"{len(answer.content):,} bytes"]
            told += [f"{float(answer.headers['x-saved-ratio']):.0%} saved"]
        console.print("  ".join([*told, answer.headers["server-timing"].replace(";dur=", " ")]), style="dim")
    console.print()

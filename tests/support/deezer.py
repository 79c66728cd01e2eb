"""Deezer as a function: its documented answers, for whomever one asks for."""

from collections.abc import Callable
from typing import Any

import httpx2

from fanfare.cache import Store
from fanfare.upstreams.deezer import Deezer, status
from fanfare.upstreams.http import JsonApi
from fanfare.upstreams.window import Window
from support.routes import Answer, Routes, asked

QUOTA = httpx2.Response(200, json={"error": {"type": "Exception", "message": "Quota limit exceeded", "code": 4}})
IDS = {"Daft Punk": 27, "अरिजीत सिंह": 4160, "Beyoncé": 145, '"Weird Al" Yankovic': 2713}
SIXTEEN = [f"Artist {number}" for number in range(16)]


def identity(name: str) -> int:
    return IDS.get(name) or 9000 + sum(map(ord, name))


def track(name: str, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": identity(name) * 100 + number,
        "readable": True,
        "title": f"Song {number}",
        "link": f"https://www.deezer.com/track/{number}",
        "duration": 226,
        "rank": 950000 - number,
        "explicit_lyrics": number == 1,
        "preview": f"https://cdnt-preview.dzcdn.net/{number}.mp3",
        "artist": {"id": identity(name), "name": name, "type": "artist"},
        "album": {"id": 302127, "title": "Discovery", "cover": "c", "cover_big": "https://dzcdn.net/500x500.jpg"},
        "type": "track",
    } | changes


def found(request: httpx2.Request) -> Answer:
    """Deezer with eight songs of whomever one asks for, another's among them, and some records."""
    path = request.url.path
    if path == "/search":
        tracks = [track(asked(request)["q"], number) for number in (1, 0, *range(2, 8))]
        return httpx2.Response(200, json={"data": [track("Somebody Else", 50), *tracks], "total": 9})
    if path == "/search/artist":
        artists = [
            {"id": 1, "name": "Daft Punk Tribute"},
            {"id": identity(asked(request)["q"]), "name": asked(request)["q"]},
        ]
        return httpx2.Response(200, json={"data": artists})
    if path.endswith("/top"):
        name = next(each for each in [*IDS, *SIXTEEN] if identity(each) == int(path.split("/")[2]))
        return httpx2.Response(
            200, json={"data": [track(name, number) for number in range(int(asked(request)["limit"]))]}
        )
    if path.endswith("/albums"):
        albums = [
            {"id": 1, "title": "Old", "release_date": "1997-01-20", "record_type": "album"},
            {"id": 5, "title": "Less old", "release_date": "2005-03-14", "record_type": "album"},
            {"id": 2, "title": "Newest", "release_date": "2026-05-01", "record_type": "single"},
            {"id": 3, "title": "Best of", "release_date": "2026-09-01", "record_type": "compile"},
            {"id": 4, "title": "New", "release_date": "2025-03-01", "record_type": "album", "cover_big": "n.jpg"},
        ]
        return httpx2.Response(200, json={"data": albums})
    if path.startswith("/album/"):
        album = int(path.split("/")[2])
        tracks = [track("Daft Punk", 10 * album + number, isrc=f"GB{album}{number}") for number in range(2)]
        for each in tracks:
            del each["album"]
            each["title"] += f" of {album}"
        return httpx2.Response(200, json={"data": [*tracks, track("Somebody Else", 51)]})
    return httpx2.Response(200, json=track("Daft Punk", 1, isrc="GBDUW0000059", bpm=123.4, release_date="2001-03-07"))


def deezer(answer: Callable[[httpx2.Request], Answer], store: Store | None = None) -> tuple[Deezer, Routes]:
    routes = Routes(answer)
    api = JsonApi(
        "deezer",
        "https://deezer.test",
        http=routes.client(),
        timeout=5,
        concurrency=6,
        hedging=False,
        window=Window("deezer", 50, 5.0),
        status=status,
    )
    return Deezer(api, store or Store()), routes

"""What Fanfare is held against in `fanfare bench songs`: one call after another, the published way, and bare calls."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import httpx2

from songs import asking

HEADERS: Final = {"authorization": "Bearer sample-bench"}
CHAT: Final = "/model/v1/chat/completions"
AT_ONCE: Final = 6
"""Calls of a catalogue side by side: the published pool's threads, and what Fanfare begins with."""
LANGUAGES: Final = {"English": 8, "Hindi": 8}
"""Artists of each."""
SONGS: Final = 5
"""Of an artist's best known."""
RECORDS: Final = 2
"""Of an artist's latest, each of which is a call: the published way fills three fifths of its list from them."""

TABLE: Final[Mapping[str, tuple[float, float]]] = {
    "euphoric": (0.9, 0.9),
    "restless": (0.8, 0.3),
    "serene": (0.3, 0.7),
    "melancholic": (0.2, 0.2),
    "mellow": (0.5, 0.5),
}
"""Energy and valence by the mood's word: in the published system a song's features are those of the mood asked for."""

type Get = Callable[[str], dict[str, Any]]
type Track = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """A text, or a photo as a JPEG and as the data URL that the model is shown."""

    text: str = ""
    photo: bytes = field(default=b"", repr=False)
    url: str = field(default="", repr=False)


def sequential(world: str, wish: Wish, *, recent: bool) -> list[Track]:
    """The published "before": a client and a connection for each call, one after another."""
    mood, artists = _read(httpx2.post(world + CHAT, json=question(wish), headers=HEADERS, timeout=30))
    songs = [song for artist in artists for song in _songs_of(partial(_once, world), artist, recent=recent)]
    return _ranked(songs, mood)


def threads(world: str, wish: Wish, *, recent: bool) -> list[Track]:
    """The published "after": the same in a pool of six threads, an artist each, still with a client for each call."""
    mood, artists = _read(httpx2.post(world + CHAT, json=question(wish), headers=HEADERS, timeout=30))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda artist: _songs_of(partial(_once, world), artist, recent=recent), artists)
        return _ranked([song for songs in found for song in songs], mood)


async def path(client: httpx2.AsyncClient, wish: Wish, at_once: int = AT_ONCE) -> None:
    """The critical path without any work of our own: the model, all artists searched for, all their best songs.

    One kept client, connections warm, each round side by side, `at_once` calls at a time.
    """
    _, artists = _read(await client.post(CHAT, json=question(wish)))
    places = asyncio.Semaphore(at_once)

    async def get(path: str) -> dict[str, Any]:
        async with places:
            return _body(await client.get(path))

    found = await asyncio.gather(*(get(_search(artist)) for artist in artists))
    await asyncio.gather(*(get(f"/deezer/artist/{page['data'][0]['id']}/top?limit={SONGS}") for page in found))


def question(wish: Wish) -> dict[str, Any]:
    """What the model is asked: the same by all ways."""
    languages = ", ".join(f"{language} {count}" for language, count in LANGUAGES.items())
    words: dict[str, Any] = {
        "type": "text",
        "text": f"{wish.text or 'The music for this photo.'}\n\nLanguages: {languages}",
    }
    photo = [{"type": "image_url", "image_url": {"url": wish.url, "detail": "low"}}] if wish.url else []
    schema = {"name": asking.NAME, "strict": True, "schema": asking.SCHEMA}
    return {
        "model": "sample",
        "messages": [{"role": "system", "content": asking.SYSTEM}, {"role": "user", "content": [words, *photo]}],
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


def _songs_of(get: Get, artist: str, *, recent: bool) -> list[Track]:
    """An artist's best known songs, and those of the latest records."""
    identity = get(_search(artist))["data"][0]["id"]
    songs: list[Track] = get(f"/deezer/artist/{identity}/top?limit={SONGS}")["data"]
    if recent:
        for record in get(f"/deezer/artist/{identity}/albums?limit={RECORDS}")["data"]:
            songs += get(f"/deezer/album/{record['id']}/tracks")["data"]
    return songs


def _ranked(songs: Sequence[Track], mood: str) -> list[Track]:
    """Rank by features that a table has for the mood, so that all songs fit alike: what is known decides."""
    energy, valence = TABLE[mood]
    features = [{"energy": energy, "valence": valence} for _ in songs]
    scored = zip(songs, features, strict=True)
    return [song for song, _ in sorted(scored, key=lambda each: (-each[1]["energy"], -each[0]["rank"]))]


def _search(artist: str) -> str:
    return str(httpx2.URL("/deezer/search/artist", params={"q": artist, "limit": "1"}))


def _once(world: str, path: str) -> dict[str, Any]:
    return _body(httpx2.get(world + path))


def _body(response: httpx2.Response) -> dict[str, Any]:
    body: dict[str, Any] = response.raise_for_status().json()
    if not body.get("data"):
        raise RuntimeError(f"{response.url}: {response.text[:200]}")
    return body


def _read(response: httpx2.Response) -> tuple[str, list[str]]:
    """The mood's word and the artists."""
    told = json.loads(response.raise_for_status().json()["choices"][0]["message"]["content"])
    return told["mood"], [artist["name"] for artist in told["artists"]]

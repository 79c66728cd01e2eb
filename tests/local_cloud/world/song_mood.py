"""The sample model as a judge of moods for songs: it reads a photo or a text, and names artists of its own catalogue.

It is asked for by the name of the schema, `song_mood`; "Languages: English 8, Hindi 8" anywhere in the messages says
how many artists it is to name. It is no better than a real one: one in five of its artists does not fit. Of a language
that it knows no artists of, it names none.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from zlib import crc32

from local_cloud.world import music
from local_cloud.world.character import SLOWEST, Quadrant, quadrant
from local_cloud.world.model import BREAK, asked_of

NAME: Final = "song_mood"
LANGUAGES: Final = re.compile(r"Languages:\s*([^\n.]+)")
SHARE: Final = re.compile(r"([^\W\d]+)\s+(\d+)")
DEFAULT: Final = {"English": 8, "Hindi": 8}
MOST: Final = 40
"""Artists of a language."""
OFF: Final = 0.2
"""The share of the artists that do not fit."""
WORD: Final = re.compile(r"[^\s.,;:!?…()\"“”„]+")
DENIALS: Final = frozenset(["not", "no", "never", "without", "nicht", "kein", "keine", "ohne", "nahin", "नहीं"])

type Point = tuple[float, float]
"""Energy and valence, 0 to 1."""

STEMS: Final[dict[Point, str]] = {
    (
        0.85,
        0.85,
    ): "party danc celebrat festiv energetic upbeat workout euphor excit summer tanz feier energie dhoom धूम नाच",
    (0.6, 0.85): "happy happi joy glad cheer sunny fun glücklich froh fröhlich khush खुश",
    (0.85, 0.15): "angry anger rage furious aggressiv tense restless storm fight wütend wut gussa गुस्सा",
    (0.2, 0.8): "calm peace relax cosy cozy serene gentl content chill morning ruhig entspann gemütlich sukoon सुकून शांत",
    (0.2, 0.2): "sad melanchol lonel heartbr rain grief cry gloom farewell traurig einsam udaas udas उदास बारिश",
    (0.25, 0.4): "night nostalg longing wistful nacht sehnsucht raat रात",
}
"""The beginnings of words that mean a mood, English, German and Hindi side by side."""

MOODS: Final[dict[Quadrant | None, tuple[str, list[str], list[str]]]] = {
    "excited": ("euphoric", ["celebration", "freedom", "movement"], ["dance", "pop"]),
    "tense": ("restless", ["struggle", "defiance", "storm"], ["rock", "metal"]),
    "content": ("serene", ["stillness", "warmth", "home"], ["folk", "acoustic"]),
    "sad": ("melancholic", ["loss", "memory", "rain"], ["singer-songwriter", "ballad"]),
    None: ("mellow", ["everyday", "passing time", "wandering"], ["pop", "indie"]),
}
"""A word, themes and genres for each quadrant."""


def wanted(request: Mapping[str, Any]) -> bool:
    """Whether a request asks for a mood for songs."""
    try:
        return bool(request["response_format"]["json_schema"]["name"] == NAME)
    except (KeyError, TypeError):
        return False


def answer(request: Mapping[str, Any], *, malformed: bool = False) -> str:
    """The model's text: one JSON object with the members of the schema, in its order; or the same with a broken middle.

    Raises ValueError if the messages are not of OpenAI's form, or a photo is none that should be sent.
    """
    text, photos = asked_of(request)
    points = [*_read(LANGUAGES.sub("", text)), *map(_seen, photos)]
    energy, valence = (sum(axis) / len(points) for axis in zip(*points, strict=True)) if points else (0.5, 0.5)
    shares = _shares(request)
    chance = random.Random(crc32(json.dumps([text, photos, shares]).encode()))
    told = _mood(energy, valence, shares) | {
        "artists": [
            {"name": name, "language": language}
            for language, count in shares.items()
            for name in _choose(chance, language, count, (energy, valence))
        ]
    }
    members = request["response_format"]["json_schema"].get("schema", {}).get("properties", told)
    said = json.dumps({name: told.get(name) for name in members}, ensure_ascii=False)
    return f"{said[: len(said) // 2]}{BREAK}{said[len(said) // 2 :]}" if malformed else said


def _mood(energy: float, valence: float, shares: Mapping[str, int]) -> dict[str, Any]:
    mood, themes, genres = MOODS[quadrant(energy, valence)]
    return {
        "mood": mood,
        "themes": themes,
        "description": f"A {mood} moment of {themes[0]} and {themes[1]}, with something of {themes[2]} in it.",
        "genres": genres,
        "energy": round(energy, 2),
        "valence": round(valence, 2),
        "danceability": round(0.2 + 0.4 * energy + 0.3 * valence, 2),
        "acousticness": round(0.9 - 0.8 * energy, 2),
        "tempo": round(SLOWEST * 2 ** (0.5 * energy + 0.95 * valence)),
        "instrumentalness": round(0.3 - 0.2 * energy, 2),
        "keywords": [mood, *themes, *genres],
        "cultural_vibe": f"{' and '.join(shares)} listeners, today",
    }


def _read(text: str) -> Iterator[Point]:
    """The points of a text's words; of a word that is denied the one across the middle."""
    words = WORD.findall(text.casefold())
    for place, word in enumerate(words):
        for (energy, valence), stems in STEMS.items():
            if word.startswith(tuple(stems.split())):
                denied = DENIALS.intersection(words[max(0, place - 2) : place + 2])
                yield (1 - energy, 1 - valence) if denied else (energy, valence)
                break


def _seen(photo: str) -> Point:
    from local_cloud.world.sight import colours  # only who sends photos waits for Pillow

    seen = colours(photo)
    energy = 0.1 + 0.6 * seen.saturation + 0.3 * seen.brightness
    valence = 0.6 * seen.brightness + 0.8 * (seen.warmth - 0.5) + 0.2 * seen.saturation + 0.1
    return min(0.95, max(0.05, energy)), min(0.95, max(0.05, valence))


def _shares(request: Mapping[str, Any]) -> dict[str, int]:
    """How many artists of each language are asked for."""
    texts = "\n".join(part for message in request["messages"] for part in _texts(message.get("content")))
    found = LANGUAGES.search(texts)
    shares = {language: min(int(count), MOST) for language, count in SHARE.findall(found[1])} if found else {}
    return shares or DEFAULT


def _texts(content: Any) -> list[str]:
    """A message's texts, without its photos."""
    parts = content if isinstance(content, list) else [{"text": content}]
    return [str(part["text"]) for part in parts if isinstance(part, dict) and part.get("text")]


def _choose(chance: random.Random, language: str, count: int, point: Point) -> list[str]:
    """The names of artists, four in five from those nearest to a point, the others from the far half."""
    known = music.nearest(language, *point)
    count = min(count, len(known))
    off = round(count * OFF)
    fitting = chance.sample(known[: count - off + 2], count - off)
    others = [artist for artist in known if artist not in fitting]
    chosen = fitting + chance.sample(others[-max(off, len(others) // 2) :], off)
    chance.shuffle(chosen)
    return [artist.name for artist in chosen]

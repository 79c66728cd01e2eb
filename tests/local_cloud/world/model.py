"""The sample model: answers a wish with the JSON its response format asks for, in OpenAI's chat shapes.

Shapes: https://platform.openai.com/docs/api-reference/chat (object, and the chunks of a stream).
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from zlib import crc32

from local_cloud.world.films import GENRES, GERMAN_GENRES, Film, load
from local_cloud.world.reading import Reading, read

MODELS: Final = ("gpt-6-luna", "sample-model")
CREATED: Final = 1_790_000_000
REFUSAL: Final = "I'm sorry, but I can't help with that request."
BREAK: Final = " }{ here the sample model loses its thread,, "
MOST_TITLES: Final = 6
FOR_CHILDREN: Final = frozenset({16, 10751})
IN_LOW_DETAIL: Final = re.compile(r"data:image/[^\"]+")
PHOTO_TOKENS: Final = 85
"""Of a photo in low detail. Source: https://developers.openai.com/api/docs/guides/images-vision"""
FEWEST_TOKENS: Final = 150
MOST_TOKENS: Final = 220

MESSAGES: Final = {
    "en": "What a lovely wish for an evening! I looked for {mood} films that should fit you well. "
    "Make yourself comfortable, pick the one that smiles at you first, and enjoy every minute.",
    "de": "Was für ein schöner Wunsch für einen Abend! Ich habe nach Filmen gesucht, die zu „{mood}“ passen und "
    "dir gefallen dürften. Mach es dir bequem und fang mit dem an, der dich zuerst anlächelt.",
}
REASONS: Final = {
    "en": (
        "“{title}” by {director} is {genres}, just right for tonight.",
        "{director} made “{title}” in {year}: {genres} that lasts.",
        "“{title}” gives you {genres} in {runtime} minutes.",
    ),
    "de": (
        "„{title}“ von {director} ist {genres}, genau richtig heute.",
        "{director} drehte „{title}“ {year}: {genres}, die bleibt.",
        "„{title}“ bietet dir {genres} in {runtime} Minuten.",
    ),
}


def wish_of(request: Mapping[str, Any]) -> str:
    """The text of the last user message, followed by what is to be seen in its photos.

    Raises: ValueError, if the messages are not of OpenAI's form, or a photo is none that should be sent.
    """
    text, photos = asked_of(request)
    if not photos:
        return text
    from local_cloud.world.sight import look  # only who sends photos waits for Pillow

    return ". ".join(filter(None, [text, *map(look, photos)]))


def asked_of(request: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The text of the last user message, and the URLs of its photos.

    Raises: ValueError, if the messages are not of OpenAI's form.
    """
    messages = request.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ValueError("messages")
    content = next((m.get("content") for m in reversed(messages) if m.get("role") == "user"), None)
    if isinstance(content, list):
        return _text(content), _photos(content)
    if not isinstance(content, str):
        raise ValueError("messages")  # noqa: TRY004 - a wrong value in a request, not a wrong type in the code
    return content, []


def _text(parts: list[Any]) -> str:
    return " ".join(str(part["text"]) for part in parts if isinstance(part, dict) and "text" in part)


def _photos(parts: list[Any]) -> list[str]:
    return [str(part["image_url"].get("url")) for part in parts if isinstance(part, dict) and "image_url" in part]


@lru_cache(maxsize=1024)
def answer(wish: str, *, malformed: bool = False) -> str:
    """The model's text: one JSON object, or the same with its middle broken."""
    reading = read(wish)
    films = _choose(reading, crc32(wish.encode()))
    tongue = "de" if reading.language == "de" else "en"
    mood = _mood(reading, tongue)
    wish_schema = {
        "language": reading.language,
        "include_genres": reading.include_genres,
        "genre_match": reading.genre_match,
        "exclude_genres": reading.exclude_genres,
        "from_year": reading.from_year,
        "to_year": reading.to_year,
        "min_runtime": reading.min_runtime,
        "max_runtime": reading.max_runtime,
        "original_languages": reading.original_languages,
        "for_children": reading.for_children,
        "keywords": reading.keywords,
        "titles": [f"{_title(film, tongue)} ({film.year})" for film in films],
        "mood": mood,
        "message": MESSAGES[tongue].format(mood=mood),
        "reasons": [_reason(film, place, tongue) for place, film in enumerate(films)],
    }
    text = json.dumps(wish_schema, ensure_ascii=False)
    return text.replace('"titles": [', f'"titles": [{BREAK}', 1) if malformed else text


@lru_cache(maxsize=1024)
def tokens(text: str) -> tuple[str, ...]:
    """The text in pieces about as long as a model's tokens: between 150 and 220 of them, if it is long enough."""
    pieces = re.findall(r"\s?\w{1,7}|\s?[^\w\s]{1,2}|\s+", text)
    count = min(max(len(pieces), FEWEST_TOKENS), MOST_TOKENS, len(text))
    if count == len(pieces):
        return tuple(pieces)
    return tuple(text[i * len(text) // count : (i + 1) * len(text) // count] for i in range(count))


def completion(request: Mapping[str, Any], text: str, *, refused: bool = False) -> bytes:
    """The whole answer as one `chat.completion` object."""
    message = {"role": "assistant", "content": None if refused else text, "refusal": text if refused else None}
    choice = {"index": 0, "message": message | {"annotations": []}, "logprobs": None, "finish_reason": "stop"}
    return _bytes(_head(request, "chat.completion") | {"choices": [choice], "usage": _usage(request, text)})


def events(request: Mapping[str, Any], text: str, *, refused: bool = False) -> list[bytes]:
    """The answer as server-sent events: the role, one per token, the finish, the usage if asked for, and the end.

    The tokens are `events[1 : 1 + len(tokens(text))]`.
    """
    head = _head(request, "chat.completion.chunk")
    asked_for_usage = bool((request.get("stream_options") or {}).get("include_usage"))
    tail = {"usage": None} if asked_for_usage else {}
    member = "refusal" if refused else "content"

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return head | {"choices": [choice]} | tail

    chunks = [chunk({"role": "assistant", "content": None if refused else "", "refusal": None})]
    chunks += [chunk({member: token}) for token in tokens(text)]
    chunks.append(chunk({}, "stop"))
    if asked_for_usage:
        chunks.append(head | {"choices": [], "usage": _usage(request, text)})
    return [b"data: " + _bytes(one) + b"\n\n" for one in chunks] + [b"data: [DONE]\n\n"]


def models() -> bytes:
    """`/models`: what this server can be asked for."""
    about = {"object": "model", "created": CREATED, "owned_by": "sample-world", "shutdown_date": None}
    return _bytes({"object": "list", "data": [{"id": name, **about} for name in MODELS]})


def _head(request: Mapping[str, Any], kind: str) -> dict[str, Any]:
    model = str(request.get("model", MODELS[0]))
    number = crc32(json.dumps(request.get("messages"), sort_keys=True).encode())
    about = {"created": CREATED, "model": model, "service_tier": "default", "system_fingerprint": None}
    return {"id": f"chatcmpl-sample{number:08x}", "object": kind} | about


def _usage(request: Mapping[str, Any], text: str) -> dict[str, int]:
    written_to, photos = IN_LOW_DETAIL.subn("", json.dumps(request.get("messages")))
    prompt = max(1, len(written_to) // 4) + PHOTO_TOKENS * photos
    written = len(tokens(text))
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def _choose(reading: Reading, seed: int) -> list[Film]:
    """Up to six films: none that is excluded, those that fit the wish best first; the seed varies equals."""
    wanted, unwanted = set(reading.include_genres), set(reading.exclude_genres)

    def score(film: Film) -> float:
        own = {GENRES[genre] for genre in film.genres}
        fit = 3.0 * len(wanted & own) + 2.0 * len(set(reading.keywords) & set(film.keywords))
        fit -= 4.0 * (not _between(reading.from_year, film.year, reading.to_year))
        fit -= 4.0 * bool(reading.original_languages and film.original_language not in reading.original_languages)
        fit -= 2.0 * (reading.min_runtime is not None and film.runtime < reading.min_runtime)
        return fit + film.vote_average / 4 + crc32(b"%d %d" % (film.tmdb_id, seed)) / 2**32

    fitting = [
        film
        for film in load()
        if unwanted.isdisjoint(GENRES[genre] for genre in film.genres)
        and _between(None, film.runtime, reading.max_runtime)
        and (not reading.for_children or (film.fit_for_children and not FOR_CHILDREN.isdisjoint(film.genre_set)))
    ]
    return sorted(fitting, key=score, reverse=True)[:MOST_TITLES]


def _between(least: int | None, value: int, most: int | None) -> bool:
    return (least is None or least <= value) and (most is None or value <= most)


def _mood(reading: Reading, tongue: str) -> str:
    if not reading.include_genres:
        return "Lust auf etwas Schönes" if tongue == "de" else "open-minded"
    if tongue == "de":
        return " und ".join(GERMAN_GENRES[genre] for genre in reading.include_genres)
    return " and ".join(genre.lower() for genre in reading.include_genres)


def _reason(film: Film, place: int, tongue: str) -> str:
    names = [GENRES[genre] for genre in film.genres[:2]]
    named = " und ".join(GERMAN_GENRES[name] for name in names) if tongue == "de" else " and ".join(names).lower()
    about = {"title": _title(film, tongue), "year": film.year, "runtime": film.runtime, "genres": named}
    return REASONS[tongue][place % len(REASONS[tongue])].format(director=film.directors[0], **about)


def _title(film: Film, tongue: str) -> str:
    return film.original_title if film.original_language == tongue else film.title


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

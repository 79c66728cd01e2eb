"""What Fanfare is held against in `fanfare bench speech`: one call after another, the published way, and bare calls."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import httpx2

from speech import explaining

HEADERS: Final = {"authorization": "Bearer sample-bench"}
SPEAK: Final = "/tts/v1/audio/speech"
CHAT: Final = "/model/v1/chat/completions"
THREADS: Final = 5
WORDS_A_CALL: Final = 10
LANGUAGE: Final = "de"
NATIVE: Final = "en"


def speech_one_by_one(world: str, texts: Sequence[str], folder: Path) -> None:
    """The published "before": a client and a connection for each call."""
    for text in texts:
        _keep(httpx2.post(world + SPEAK, json=speech_wish(text), headers=HEADERS), folder, text)


def speech_in_threads(world: str, texts: Sequence[str], folder: Path) -> None:
    """The published way: five threads, one kept client, files in a folder."""
    with httpx2.Client(base_url=world, headers=HEADERS) as client, ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda text: _keep(client.post(SPEAK, json=speech_wish(text)), folder, text), texts))


def words_one_by_one(world: str, words: Sequence[str]) -> None:
    """The published "before": a call for each word."""
    for word in words:
        _explained(httpx2.post(world + CHAT, json=words_wish([word]), headers=HEADERS), 1)


def words_in_batches(world: str, words: Sequence[str]) -> None:
    """The published way: ten words to a call, one call after another."""
    with httpx2.Client(base_url=world, headers=HEADERS) as client:
        for start in range(0, len(words), WORDS_A_CALL):
            batch = words[start : start + WORDS_A_CALL]
            _explained(client.post(CHAT, json=words_wish(batch)), len(batch))


def bare_call(client: httpx2.Client, path: str, wish: dict[str, Any]) -> float:
    """Milliseconds of one call by a kept client, nothing done with the answer: what the bound is made of."""
    began = time.perf_counter()
    client.post(path, json=wish).raise_for_status()
    return (time.perf_counter() - began) * 1000


def speech_wish(text: str) -> dict[str, Any]:
    return {"model": "sample", "voice": "alloy", "input": text, "response_format": "mp3"}


def words_wish(words: Sequence[str]) -> dict[str, Any]:
    user = explaining.user_message([explaining.Question(word, LANGUAGE, NATIVE) for word in words])
    schema = {"name": "answer", "strict": True, "schema": explaining.SCHEMA}
    return {
        "model": "sample",
        "messages": [{"role": "system", "content": explaining.SYSTEM}, {"role": "user", "content": user}],
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


def _keep(answer: httpx2.Response, folder: Path, text: str) -> None:
    (folder / f"{text}.mp3").write_bytes(answer.raise_for_status().content)


def _explained(answer: httpx2.Response, count: int) -> None:
    entries = json.loads(answer.raise_for_status().json()["choices"][0]["message"]["content"])["entries"]
    if len(entries) != count:
        raise RuntimeError(f"{len(entries)} of {count} words explained")

"""The words' part of `fanfare demo`: a dozen words in three languages, explained and spoken, then asked for again."""

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx2
from rich.console import Console
from rich.table import Table
from rich.text import Text

WORDS: Final = {
    "hi": ("किताब", "पानी", "नमस्ते", "सुंदर"),
    "de": ("Haus", "Zeit", "Schmetterling", "gehen"),
    "es": ("libro", "casa", "hablar", "siempre"),
}
NATIVE: Final = "en"


def show(http: httpx2.Client, console: Console) -> None:
    """Have words explained and spoken, save their audio to a folder, print both, and ask again."""
    console.rule(Text("Twelve words in three languages, explained and spoken", style="bold"), align="left")
    with console.status("asking the model and the voices"), ThreadPoolExecutor(len(WORDS)) as threads:
        explained = dict(zip(WORDS, threads.map(partial(_explained, http), WORDS), strict=True))
        first = _spoken(http)
    _table(explained, first.json()["items"], console)
    again = _spoken(http)
    for name, answer in (("spoken", first), ("again", again)):
        body = answer.json()
        cached = sum(item["cached"] for item in body["items"])
        calls = sum(body["meta"]["upstream_calls"].values())
        console.print(
            f"{name:8} {body['spoken']} of {len(body['items'])}, {cached} of them known, {calls} calls of an engine, "
            f"{_milliseconds(answer):.0f} ms in the handler",
            style="dim",
        )
    folder = Path(tempfile.mkdtemp(prefix="fanfare-demo-words-"))
    for (language, word), item in zip(_asked(), first.json()["items"], strict=True):
        if item["error"]:
            continue
        path = folder / f"{language}-{word}.{item['format']}"
        path.write_bytes(httpx2.get(item["audio_url"]).raise_for_status().content)
    console.print(f"to hear  {folder}", style="dim")
    console.print()


def _asked() -> list[tuple[str, str]]:
    return [(language, word) for language, words in WORDS.items() for word in words]


def _explained(http: httpx2.Client, language: str) -> dict[str, Any]:
    request = {"words": list(WORDS[language]), "language": language, "native_language": NATIVE}
    answer: dict[str, Any] = http.post("/api/v1/words/enrich", json=request).raise_for_status().json()
    return answer


def _spoken(http: httpx2.Client) -> httpx2.Response:
    items = [{"text": word, "language": language} for language, word in _asked()]
    return http.post("/api/v1/speech", json={"items": items}).raise_for_status()


def _table(explained: dict[str, dict[str, Any]], spoken: list[dict[str, Any]], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", "Word", "IPA", "Part of speech", "Meaning", "Example", "Audio"):
        table.add_column(name, justify="right" if name == "Audio" else "left", overflow="fold")
    words = [word for answer in explained.values() for word in answer["results"]]
    for (language, _), word, audio in zip(_asked(), words, spoken, strict=True):
        pos = f"{word['pos']}{', ' + word['gender'] if word['gender'] else ''}"
        heard = f"{audio['duration']:.2f} s" if audio["audio_url"] else audio["error"]["title"]
        table.add_row(language, word["word"], word["ipa"], pos, word["translation"], word["example"], heard)
    console.print(table)
    sources = sorted({f"{word['source']}" for word in words})
    engines = sorted({audio["engine"] for audio in spoken if audio["engine"]})
    console.print(f"from     words by {', '.join(sources)}; audio by {', '.join(engines)}", style="dim")


def _milliseconds(answer: httpx2.Response) -> float:
    total = re.search(r"total;dur=([\d.]+)", answer.headers["server-timing"])
    return float(total[1]) if total else float("nan")

"""`fanfare demo` and `fanfare serve`: the deployed-shape functions, asked over HTTP."""

import signal
import sys
import threading
from dataclasses import dataclass
from typing import Any, Final

import httpx2
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local_cloud import demo_audio, demo_images, demo_songs, demo_speech
from local_cloud.cloud import LocalCloud

console = Console(width=None if sys.stdout.isatty() else 110)


@dataclass(frozen=True)
class Mood:
    title: str
    request: dict[str, Any]
    trouble: dict[str, Any]
    """What goes wrong in the sample world meanwhile."""


MOODS: Final = (
    Mood(
        "In English",
        {"prompt": "something cosy and funny for a rainy sunday, under two hours, nothing scary", "region": "US"},
        {},
    ),
    Mood(
        "Auf Deutsch",
        {"prompt": "ein spannender Krimi aus den 90ern, aber bitte kein Horror", "region": "DE", "language": "de-DE"},
        {},
    ),
    Mood(
        "With a model that is overloaded, and providers that fail for some films",
        {"prompt": "mind-bending science fiction, from 1999 or later", "region": "GB", "limit": 6},
        {
            "model.chat": {"fail_rate": 1.0, "status": 429, "retry_after": 30},
            "tmdb.details": {"fail_rate": 0.5, "status": 503},
        },
    ),
)


def run() -> int:
    """Ask for films for three moods, upload a photo, have words spoken and explained, a track understood, songs found
    for a photo; print what comes back, and return the exit status.
    """
    with (
        console.status("starting the local cloud") as status,
        LocalCloud(world_profile="published", log=status.update) as cloud,
    ):
        http = httpx2.Client(base_url=cloud.url, headers={"x-api-key": cloud.api_key}, timeout=40)
        status.update("the function's first start (imports, and what a snapshot would hold)")
        http.get("/api/v1/health").raise_for_status()
        for mood in MOODS:
            cloud.world(mood.trouble)
            status.update(f"asking: {mood.request['prompt']}")
            response = http.post("/api/v1/movies/recommend", json=mood.request)
            response.raise_for_status()
            _show(mood, response)
            cloud.world_reset()
        status.stop()
        demo_images.show(http, console)
        demo_speech.show(http, console)
        demo_audio.show(http, console)
        demo_songs.show(http, console)
    console.print(
        "Films and words are real, as plain facts, and eSpeak NG really speaks. Services, offers, the model's prose, "
        "the photo, the poster, artists and songs are samples.",
        style="dim",
    )
    return 0


def serve(*, port: int, auth: str) -> int:
    """Keep the bundle up until Ctrl-C."""
    parameters = {"AuthMode": auth, "AllowedOrigins": "*"}
    with (
        console.status("starting the local cloud") as status,
        LocalCloud(parameters=parameters, port=port, world_profile="published", log=status.update) as cloud,
    ):
        status.stop()
        key = f" -H 'x-api-key: {cloud.api_key}'" if auth == "keys" else ""
        console.print(f"Fanfare is up at [bold]{cloud.url}[/bold], for this machine only. Ctrl-C ends it.\n")
        print(f"  curl{key} {cloud.url}/api/v1/movies/recommend \\")
        print("""    -H 'content-type: application/json' -d '{"prompt": "something cosy for a rainy sunday"}'""")
        print(f"  curl{key} '{cloud.url}/api/v1/images/optimize?format=webp' \\")
        print("    -H 'content-type: image/jpeg' --data-binary @photo.jpg -o small.webp")
        print(f"  curl{key} {cloud.url}/api/v1/speech \\")
        print("""    -H 'content-type: application/json' -d '{"items": [{"text": "नमस्ते", "language": "hi"}]}'""")
        print(f"  open {cloud.url}/openapi.json\n")
        console.print(f"What answers upstream: {cloud.upstreams}", style="dim")
        ended = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        try:
            ended.wait()
        except KeyboardInterrupt:
            print()
    return 0


def _show(mood: Mood, response: httpx2.Response) -> None:
    answer = response.json()
    meta = answer["meta"]
    console.rule(Text(mood.title, style="bold"), align="left")
    console.print(f"“{mood.request['prompt']}”", style="italic")
    console.print(answer["message"])
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, options in {
        "Title": {"max_width": 30},
        "Year": {},
        "Why": {"max_width": 44},
        "Where": {"max_width": 30},
    }.items():
        table.add_column(name, overflow="fold", **options)  # type: ignore[arg-type]
    for film in answer["movies"]:
        table.add_row(film["title"], (film["release_date"] or "")[:4], film["why"], _where(film))
    console.print(table)
    timings = {name: f"{number:.0f} ms" for name, number in meta["timings"].items()}
    console.print("stages   " + ", ".join(f"{name} {time}" for name, time in timings.items()), style="dim")
    calls = ", ".join(f"{number} {name}" for name, number in meta["upstream_calls"].items())
    extra = ", ".join(f"{number} {name}" for name, number in meta["extra_calls"].items())
    console.print(f"calls    {calls}{f' (of these {extra})' if extra else ''}", style="dim")
    console.print(f"intent   by {meta['sources']['intent']}, estimated cost ${meta['cost']:.5f}", style="dim")
    for reason in meta["reasons"]:
        console.print(f"degraded {reason}", style="yellow")
    if meta["warnings"]:
        console.print(f"warnings {len(meta['warnings'])}: {meta['warnings'][0]}", style="yellow")
    console.print()


def _where(film: dict[str, Any]) -> str:
    names = dict.fromkeys(offer["provider_name"] for offer in film["streaming_providers"])
    return ", ".join(list(names)[:2]) + (f" +{len(names) - 2}" if len(names) > 2 else "") or "–"

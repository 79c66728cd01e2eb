"""`fanfare bench songs`: from a photo or a text to ten songs, by the published ways, by Fanfare, and by the bound.

All against one sample world, mood by mood in turn, at guessed latencies: model 2.5 s, a catalogue's call 0.2 to 0.4 s.
With those, and two recent records an artist, the published ways take about what is published of them: 30 s, then 7.9 s.
Photos are made small for them beforehand, which they did not do. The world's quotas are off: only Fanfare keeps them.
first_over_path: Fanfare's first request over its critical path by bare calls: the model, then two rounds of sixteen
catalogue calls, six at a time. Nothing of the mood, the artists or their songs is remembered.
first_over_published: the same over the thread pool with records; first_over_threads: over the pool without any.
cached_ms: the same mood again, once its songs are heard, in the handler; its emulated table takes most of it.
calls_cold, calls_warm: the model's and the catalogues' calls of a first request, and of one for a new mood once popular
artists' songs are heard as the schedule has it, and some moods were asked for. Medians.
rounds_to_warm: how often the schedule came round for that.
quadrant_share: of the top ten, what truly lies in the quadrant of energy and valence that was read, once heard; _cold
at the first answer, which two cores make poorer than Lambda would; _warm at the first answer for a new mood.
answered: of 200 requests, those that bring songs while 30 % of the catalogues' calls fail or are refused; everything is
forgotten every twenty requests; _with_ten with all that were asked for; answered_calls: catalogue calls of each, in
the mean.
"""

import asyncio
import io
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice
from typing import Any, Final

import httpx2

from bench import songs_ways as ways
from bench.report import Report, median, progress, ratio, spread
from bench.songs_fanfare import Answer, Deployment
from bench.songs_ways import Wish

type Behaviour = dict[str, dict[str, Any]]

LATENCIES: Final[Behaviour] = {
    "model.songs": {"first_token_ms": 800, "last_token_ms": 2500},
    "deezer": {"latency_ms": [200, 400]},
    "itunes": {"latency_ms": [200, 400]},
}
INSTANT: Final[Behaviour] = {
    "model.songs": {"first_token_ms": 0, "last_token_ms": 20},
    "deezer": {"latency_ms": [5, 10]},
    "itunes": {"latency_ms": [5, 10]},
    "previews.get": {"latency_ms": [5, 10]},
}
FAILING: Final[Behaviour] = {
    "deezer.search": {"fail_rate": 0.3, "status": 500},
    "deezer.top": {"fail_rate": 0.3, "status": 429},
    "deezer.albums": {"fail_rate": 0.3, "status": 503},
    "deezer.tracks": {"fail_rate": 0.3, "status": 429},
    "itunes.search": {"fail_rate": 0.3, "status": 403},
    "itunes.lookup": {"fail_rate": 0.3, "status": 503},
}
"""In the catalogues' own words: Deezer tells of quotas and overload with status 200, iTunes with 403."""
SLOW_ONES: Final = 1
"""Moods that the sequential way is tried with: it takes half a minute."""
CACHED: Final = 5
ROUNDS: Final = 8
"""Requests after which a mood should be remembered; if it is not, `cached_ms` tells."""
REQUESTS: Final = 200
FORGET: Final = 20
AT_ONCE: Final = 4

FIRST: Final[tuple[str | tuple[int, int, int], ...]] = (
    "a party where everybody dances until the lights go on",
    (45, 15, 95),
    "a calm breakfast by the open window",
    (40, 44, 54),
    "restless before the storm",
    (255, 140, 30),
    "a sad farewell at the station",
    "a cosy evening with friends, relaxed",
)
"""Moods that are asked for at first, a quadrant each in turn: texts, and photos by what colour they are bathed in."""
LATER: Final = (
    "a festival in July, all of us dancing",
    "angry at everything and driving fast",
    "a peaceful morning in the mountains",
    "lonely in the rain",
    "celebrating the exam, upbeat and loud",
    "a furious argument in the kitchen",
    "gentle and serene, at a lake",
    "heartbroken, crying at the window",
    "an energetic workout by the sea",
    "an aggressive chase through the city",
    "content with a book in the garden",
    "gloomy streets after the grief",
)
MIXES: Final = ({"English": 1, "Hindi": 1}, {"English": 1}, {"Hindi": 3, "Spanish": 1}, {"Spanish": 1, "English": 1})

type Figures = dict[str, list[float]]


def run(*, moods: int, as_json: bool) -> Report:
    """Run every case for `moods` moods, then new moods and a failing world."""
    wishes = [_wish(number, each) for number, each in enumerate(islice(cycle(FIRST), moods))]
    figures: Figures = {}
    answers: dict[str, list[Answer]] = {name: [] for name in ("first", "heard", "cached", "later")}
    with Deployment(LATENCIES) as fanfare, asyncio.Runner() as runner:
        kept = httpx2.AsyncClient(base_url=fanfare.world, headers=ways.HEADERS, timeout=30)
        for number, wish in enumerate(wishes):
            progress(f"mood {number + 1} of {moods}: {wish.text or 'a photo'}")
            fanfare.forget()
            cases = _ways(runner, kept, fanfare, wish) | {"first": partial(_first, fanfare, wish, answers)}
            if number >= SLOW_ONES:
                del cases["sequential"]
            for name, case in random.sample(list(cases.items()), len(cases)):
                began = time.perf_counter()
                case()
                figures.setdefault(name, []).append((time.perf_counter() - began) * 1000)
                if name == "first":
                    fanfare.settle()  # nobody else's time
            _again(fanfare, wish, answers)
        runner.run(kept.aclose())
        rounds = fanfare.warm()
        for number, text in enumerate(LATER):
            progress(f"new mood {number + 1} of {len(LATER)}")
            answers["later"].append(fanfare.ask(Wish(text)))
            fanfare.settle()
        answered = _answered(fanfare)
    progress("")
    report = _report(figures, answers)
    report.ratios |= answered | {"rounds_to_warm": rounds}
    report.show(as_json=as_json)
    return report


def _ways(
    runner: asyncio.Runner, kept: httpx2.AsyncClient, fanfare: Deployment, wish: Wish
) -> dict[str, Callable[[], Any]]:
    """What Fanfare is held against."""
    return {
        "sequential": partial(ways.sequential, fanfare.world, wish, recent=True),
        "published": partial(ways.threads, fanfare.world, wish, recent=True),
        "threads": partial(ways.threads, fanfare.world, wish, recent=False),
        "path": lambda: runner.run(ways.path(kept, wish)),
        "path, all at once": lambda: runner.run(ways.path(kept, wish, at_once=16)),
    }


def _wish(number: int, mood: str | tuple[int, int, int]) -> Wish:
    """A text, or a photo of that colour, which no two are alike in."""
    if isinstance(mood, str):
        return Wish(mood if number < len(FIRST) else f"{mood}, the {number}th")
    from PIL import Image

    from fanfare import photos
    from local_cloud.world import pictures

    picture = Image.blend(pictures.photograph(2048, 1536, seed=number), Image.new("RGB", (2048, 1536), mood), 0.8)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    return Wish(photo=file.getvalue(), url=asyncio.run(photos.prepared(file.getvalue())).url)


def _first(fanfare: Deployment, wish: Wish, answers: dict[str, list[Answer]]) -> None:
    answers["first"].append(fanfare.ask(wish))


def _again(fanfare: Deployment, wish: Wish, answers: dict[str, list[Answer]]) -> None:
    """Ask again until the songs are heard, then for what is remembered."""
    for _ in range(ROUNDS):
        answer = fanfare.ask(wish)
        fanfare.settle()
        if answer.remembered:
            break
    answers["heard"].append(answer)
    answers["cached"] += [fanfare.ask(wish) for _ in range(CACHED)]


def _answered(fanfare: Deployment) -> dict[str, float]:
    """Shares of requests that bring songs, and ten of them, while the catalogues fail."""
    chance = random.Random(6)
    got: list[int] = []
    calls = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for begin in range(0, REQUESTS, FORGET):
            progress(f"request {begin} of {REQUESTS} while calls fail")
            fanfare.behave(INSTANT | {name: {"fail_rate": 0, "status": None} for name in FAILING})
            fanfare.forget()
            fanfare.behave(FAILING)
            bodies = [_varied(number, chance) for number in range(begin, begin + FORGET)]
            before = _catalogue_calls(fanfare)
            got += [_songs(each) for each in pool.map(fanfare.try_, bodies)]
            calls += _catalogue_calls(fanfare) - before
    return {
        "answered": round(sum(map(bool, got)) / len(got), 3),
        "answered_with_ten": round(sum(number == 10 for number in got) / len(got), 3),
        "answered_calls": round(calls / len(got), 1),
    }


def _catalogue_calls(fanfare: Deployment) -> int:
    return sum(number for name, number in fanfare.calls().items() if name.startswith(("deezer.", "itunes.")))


def _varied(number: int, chance: random.Random) -> dict[str, Any]:
    asked: dict[str, Any] = {"languages": chance.choice(MIXES)}
    if number % 2:
        return asked | {"text": f"{chance.choice(LATER)}, number {number}"}
    return asked | {"mood": {"energy": round(chance.random(), 2), "valence": round(chance.random(), 2)}}


def _songs(response: httpx2.Response) -> int:
    return len(response.json()["songs"]) if response.status_code == 200 else 0


def _report(figures: Figures, answers: dict[str, list[Answer]]) -> Report:
    report = Report("songs", __doc__ or "")
    figures |= {name: [each.wall for each in answers[name]] for name in ("cached", "later")}
    for name, title in _TITLES.items():
        more = _more(answers[name]) if name in answers else {"calls": _CALLS[name]}
        report.row(title, **spread(figures[name]), **more)
    photos = [each.timing["total"] for each in answers["cached"] if "photo" in each.timing]
    if photos:
        report.row("of these, photos", in_handler_ms=median(photos))
    everything = [each for found in answers.values() for each in found]
    report.ratios = {
        "first_over_path": ratio(figures["first"], figures["path"]),
        "first_over_published": ratio(figures["first"], figures["published"]),
        "first_over_threads": ratio(figures["first"], figures["threads"]),
        "cached_ms": round(median([each.timing["total"] for each in answers["cached"]]), 1),
        "cached_upstream_calls": max(each.calls + each.invocations for each in answers["cached"]),
        "calls_cold": median([each.calls for each in answers["first"]]),
        "calls_warm": median([each.calls for each in answers["later"]]),
        "quadrant_share": _share(answers["heard"]),
        "quadrant_share_cold": _share(answers["first"]),
        "quadrant_share_warm": _share(answers["later"]),
        "off_mix": sum(each.off_mix("English", 5) > 1 for each in everything),
        "over_max_per_artist": sum(each.most_of_one > 2 for each in everything),
    }
    return report


def _more(found: list[Answer]) -> dict[str, float]:
    return {
        "in_handler_ms": median([each.timing["total"] for each in found]),
        "calls": median([each.calls for each in found]),
        "invocations": median([each.invocations for each in found]),
        "quadrant_share": _share(found),
    }


def _share(found: list[Answer]) -> float:
    """The mean share of songs in the quadrant; moods in the cross between quadrants have none."""
    shares = [each.share for each in found if each.wanted]
    return round(sum(shares) / len(shares), 3)


_TITLES: Final = {
    "sequential": "one by one (published before)",
    "published": "6 threads (published after)",
    "threads": "the same, no records",
    "path": "path: bare, 6 at a time",
    "path, all at once": "path: bare, 16 at a time",
    "first": "Fanfare first",
    "later": "Fanfare, new mood, warm",
    "cached": "Fanfare, same mood again",
}
_ARTISTS: Final = sum(ways.LANGUAGES.values())
_BEST: Final = 1 + 2 * _ARTISTS
_WITH_RECORDS: Final = 1 + (3 + ways.RECORDS) * _ARTISTS
_CALLS: Final = {
    "sequential": _WITH_RECORDS,
    "published": _WITH_RECORDS,
    "threads": _BEST,
    "path": _BEST,
    "path, all at once": _BEST,
}

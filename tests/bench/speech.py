"""`fanfare bench speech`: 30 words spoken and 100 words explained, by the published ways, by Fanfare, and by the bound.

Time is scaled 1:10. A spoken word takes 0.1 s for the 1 s that the published systems report, a call that explains ten
words 0.6 s for 6 s, and so do Fanfare's own waits: the limit is doubled after 0.025 s for 0.25 s, an engine that is
asked too much says Retry-After: 0.1 for 1. What Fanfare itself and the emulated AWS have to do is not scaled: it weighs
ten times what it would; one batch at the published second shows how much that is. Every case has fresh words, the cases
of a round come in random order, and ratios are taken round by round. The adaptive deployment begins each case with a
process that has served before, but not at its limit of 5.

  cold_over_bound           30 unknown words at the fixed limit of 5, over 6 bare calls in a row
  cold_over_bound_unscaled  the same at 1 s a word, once
  adaptive_over_published   the adaptive limit, 5 to 20, over five threads; the engine allows 20 at once
  limited_over_bound        the adaptive limit where the engine refuses more than 5 at once, over the same 6 bare calls
  repeat_ms                 100 known words, in the handler
  repeat_upstream_calls     calls that reached engine or model for known words: all rounds together
  enrich_over_bound         100 unknown words explained, 3 calls at once, over 4 bare calls in a row
  enrich_repeat_ms          100 known words explained, in the handler
"""

import itertools
import math
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx2

from bench import speech_ways as ways
from bench.report import Report, median, progress, ratio, spread
from bench.speech_fanfare import Answer, Deployment

SPOKEN: Final = 30
EXPLAINED: Final = 100
AT_ONCE: Final = 5
CEILING: Final = 20
MODEL_CALLS: Final = 3
SPEECH_WAVES: Final = math.ceil(SPOKEN / AT_ONCE)
WORD_WAVES: Final = math.ceil(EXPLAINED / ways.WORDS_A_CALL / MODEL_CALLS)

type Figures = dict[str, list[float]]


class Bench:
    """Two deployments that differ in their ceiling, and everything measured, in milliseconds."""

    def __init__(self, fixed: Deployment, adaptive: Deployment, folder: Path) -> None:
        self.fixed, self.adaptive, self.folder = fixed, adaptive, folder
        self.walls: Figures = defaultdict(list)
        self.inside: dict[str, list[Answer]] = defaultdict(list)
        self.repeat_calls = 0
        self._fresh = fresh_words()
        self._known = self._take(EXPLAINED)
        self._kept = httpx2.Client(base_url=fixed.world, headers=ways.HEADERS, timeout=30)

    def warm_up(self) -> None:
        """Connections, imports and the world's tones; and what shall be known."""
        for deployment in (self.fixed, self.adaptive):
            deployment.speak(self._take(1))
            for start in range(0, EXPLAINED, AT_ONCE * AT_ONCE):
                deployment.speak(self._known[start : start + AT_ONCE * AT_ONCE])
        for _ in range(2):
            self.fixed.speak(self._take(SPOKEN))
        self.fixed.enrich(self._known)
        ways.speech_in_threads(self.fixed.world, self._take(AT_ONCE), self.folder)

    def once(self) -> None:
        """What takes long, and is nearly the same each time."""
        words = self._take(EXPLAINED)
        self._timed("words: one by one", lambda: ways.words_one_by_one(self.fixed.world, words))
        with self.fixed.unscaled():
            self._bare_speech("speech: bound, unscaled", calls=3)
            self._asked("speech: cold, unscaled", self.fixed.speak(self._take(SPOKEN)))

    def round(self) -> None:
        """Every case once, in random order."""
        cases: list[Callable[[], None]] = [
            self._bare_speech,
            self._bare_words,
            self._one_by_one,
            self._published,
            self._published_words,
            self._cold,
            self._adaptive,
            self._limited,
            self._known_speech,
            self._explained,
        ]
        random.shuffle(cases)
        for case in cases:
            case()

    def _bare_speech(self, name: str = "speech: bound", calls: int = 10) -> None:
        taken = [ways.bare_call(self._kept, ways.SPEAK, ways.speech_wish(text)) for text in self._take(calls)]
        self.walls[name].append(SPEECH_WAVES * median(taken))

    def _bare_words(self) -> None:
        wishes = [ways.words_wish(self._take(ways.WORDS_A_CALL)) for _ in range(3)]
        calls = [ways.bare_call(self._kept, ways.CHAT, wish) for wish in wishes]
        self.walls["words: bound"].append(WORD_WAVES * median(calls))

    def _one_by_one(self) -> None:
        texts = self._take(SPOKEN)
        self._timed("speech: one by one", lambda: ways.speech_one_by_one(self.fixed.world, texts, self.folder))

    def _published(self) -> None:
        for name, world in (("speech: threads", self.fixed.world), ("speech: threads, 20", self.adaptive.world)):
            texts = self._take(SPOKEN)
            self._timed(name, lambda: ways.speech_in_threads(world, texts, self.folder))  # noqa: B023 - called at once

    def _published_words(self) -> None:
        words = self._take(EXPLAINED)
        self._timed("words: batches", lambda: ways.words_in_batches(self.fixed.world, words))

    def _cold(self) -> None:
        texts = self._take(SPOKEN)
        self._asked("speech: cold", self.fixed.speak(texts))
        self._repeated("speech: again", lambda: self.fixed.speak(texts), self.fixed)

    def _adaptive(self) -> None:
        self._anew(at_once=CEILING)
        self._asked("speech: adaptive", self.adaptive.speak(self._take(SPOKEN)))

    def _limited(self) -> None:
        self._anew(at_once=AT_ONCE)
        self._asked("speech: limited", self.adaptive.speak(self._take(SPOKEN)))

    def _known_speech(self) -> None:
        self._repeated("speech: 100 again", lambda: self.fixed.speak(self._known), self.fixed)
        self._anew(at_once=CEILING)
        self._repeated("speech: 100 again, shared", lambda: self.adaptive.speak(self._known), self.adaptive)

    def _explained(self) -> None:
        words = self._take(EXPLAINED)
        self._asked("words: cold", self.fixed.enrich(words))
        self._repeated("words: again", lambda: self.fixed.enrich(words), self.fixed)

    def _anew(self, *, at_once: int) -> None:
        """An instance that has served before, but whose limit is where it starts."""
        self.adaptive.restart()
        self.adaptive.allow(at_once)
        for _ in range(3):
            self.adaptive.speak(self._take(AT_ONCE - 1))  # not as many as the limit, which would grow by it

    def _timed(self, name: str, case: Callable[[], object]) -> None:
        began = time.perf_counter()
        case()
        self.walls[name].append((time.perf_counter() - began) * 1000)

    def _asked(self, name: str, answer: Answer) -> None:
        self.walls[name].append(answer.wall)
        self.inside[name].append(answer)

    def _repeated(self, name: str, ask: Callable[[], Answer], deployment: Deployment) -> None:
        before = deployment.calls()
        self._asked(name, ask())
        self.repeat_calls += deployment.calls() - before

    def _take(self, count: int) -> list[str]:
        return list(itertools.islice(self._fresh, count))


def run(*, rounds: int, as_json: bool) -> Report:
    """Run every case `rounds` times.

    Raises RuntimeError where an item or a word is lost.
    """
    limits = {"MAX_CONCURRENT_TTS_REQUESTS": str(AT_ONCE)}
    with (
        tempfile.TemporaryDirectory(prefix="fanfare-bench-") as folder,
        Deployment(**limits, TTS_CONCURRENCY_CEILING=str(AT_ONCE)) as fixed,
        Deployment(**limits, TTS_CONCURRENCY_CEILING=str(CEILING)) as adaptive,
    ):
        bench = Bench(fixed, adaptive, Path(folder))
        progress("warming up")
        bench.warm_up()
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}")
            bench.round()
        progress("100 words explained one by one, 30 spoken at 1 s: more than a minute")
        bench.once()
        outages = fixed.outages() + adaptive.outages()
    progress("")
    report = Report("speech", __doc__ or "")
    if outages:
        report.about += f"\nThe emulated table was too slow {outages} times: what is known was not always found.\n"
    for name, title in _TITLES.items():
        report.row(title, **spread(bench.walls[name]), **_inside(bench.inside.get(name, [])))
    walls = bench.walls
    report.ratios = {
        "cold_over_bound": ratio(walls["speech: cold"], walls["speech: bound"]),
        "cold_over_bound_unscaled": ratio(walls["speech: cold, unscaled"], walls["speech: bound, unscaled"]),
        "adaptive_over_published": ratio(walls["speech: adaptive"], walls["speech: threads, 20"]),
        "limited_over_bound": ratio(walls["speech: limited"], walls["speech: bound"]),
        "repeat_ms": _total(bench.inside["speech: 100 again"]),
        "repeat_upstream_calls": bench.repeat_calls,
        "enrich_over_bound": ratio(walls["words: cold"], walls["words: bound"]),
        "enrich_repeat_ms": _total(bench.inside["words: again"]),
    }
    report.show(as_json=as_json)
    return report


_TITLES: Final = {
    "speech: one by one": "30 spoken: one after another (published before)",
    "speech: threads": "30 spoken: five threads (published after)",
    "speech: bound": "30 spoken: bound, 6 bare calls",
    "speech: cold": "30 spoken: Fanfare, 5 at once",
    "speech: again": "30 spoken: Fanfare again",
    "speech: bound, unscaled": "30 spoken at 1 s: bound, 6 bare calls",
    "speech: cold, unscaled": "30 spoken at 1 s: Fanfare, 5 at once",
    "speech: threads, 20": "30 spoken, 20 allowed: five threads",
    "speech: adaptive": "30 spoken, 20 allowed: Fanfare, adaptive",
    "speech: limited": "30 spoken, 5 allowed: Fanfare, adaptive",
    "speech: 100 again": "100 spoken: Fanfare again",
    "speech: 100 again, shared": "100 spoken: Fanfare again, a new process",
    "words: one by one": "100 explained: a call for each, one after another (published before)",
    "words: batches": "100 explained: ten to a call, one after another (published after)",
    "words: bound": "100 explained: bound, 4 bare calls",
    "words: cold": "100 explained: Fanfare, 3 calls at once",
    "words: again": "100 explained: Fanfare again",
}


def _inside(answers: list[Answer]) -> dict[str, float]:
    return {"in_handler_ms": _total(answers)} if answers else {}


def _total(answers: list[Answer]) -> float:
    return round(median([answer.timing["total"] for answer in answers]), 2)


def fresh_words() -> Iterator[str]:
    """Words that nobody has asked for, all of one length: their audio is equally long."""
    syllables = ["".join(pair) for pair in itertools.product("bdfgklmnprst", "aeiou")]
    return ("".join(parts) for parts in itertools.product(syllables, repeat=4))

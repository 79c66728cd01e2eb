"""From eSpeak NG's word events to the words that a reader would point at. Pure."""

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from speech.utterance import Timing

UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, kana, Han: written without spaces, so that only the engine tells the words apart."""


def timings(
    text: str, events: Iterable[tuple[int, float]], duration: float, *, ssml: bool = False
) -> tuple[Timing, ...]:
    """Return the words of `text`, as it is written, and when they are heard (seconds).

    `events` are offsets into `text` and seconds. The engine takes "don't" and "42" for two words each and points into
    the middle of entities; here a word is what stands between spaces, tags and punctuation marks.
    """
    # Tags become spaces of the same length: offsets hold.
    bare = re.sub(r"<[^>]*>", lambda tag: " " * len(tag[0]), text) if ssml else text
    begins = list(_begins(bare, events, duration))
    heard: list[tuple[str, float]] = []
    for index, (start, end, at) in enumerate(begins):
        following = begins[index + 1][0] if index + 1 < len(begins) else end
        word = bare[start : min(end, following)]
        heard.append((_trimmed(html.unescape(word) if ssml else word), at))
    ends = [at for _, at in heard[1:]] + [duration]
    return tuple(Timing(word, at, end) for (word, at), end in zip(heard, ends, strict=True))


def _begins(text: str, events: Iterable[tuple[int, float]], duration: float) -> Iterable[tuple[int, int, float]]:
    """Start, end of the run of letters around it, and seconds: of every event that begins a word."""
    runs = [match.span() for match in re.finditer(r"\S+", text)]
    run, last, latest = 0, -1, 0.0
    for offset, at in events:
        while run < len(runs) and runs[run][1] <= offset:
            run += 1
        if run == len(runs):
            return
        start, end = runs[run]
        first = last < start
        if not first and (offset <= last or not (UNSPACED.match(text[offset]) or UNSPACED.match(text[last]))):
            continue
        last = start if first else offset
        latest = min(max(latest, at), duration)
        yield last, end, latest


def _trimmed(word: str) -> str:
    """Without punctuation marks around it, unless it is nothing else."""
    letters = [index for index, letter in enumerate(word) if unicodedata.category(letter)[0] not in "PZC"]
    return word[letters[0] : letters[-1] + 1] if letters else word

"""The language a prompt is written in."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Final

from recommendation.lexicon import SPOKEN, split
from recommendation.lexicon.cues import SCRIPTS

_FIRST: Final = [first for first, _, _ in SCRIPTS]
_UKRAINIAN: Final = frozenset("іїєґ")
_KANA_WEIGHT: Final = 8
"""Japanese mixes a few kana into Chinese characters."""


def language_of(text: str, words: Sequence[str]) -> str:
    """ISO 639-1 of a cleaned prompt: by script, else by common words and the lexicon's; "en" if nothing tells."""
    if not text.isascii() and (script := _by_script(text)):
        return script
    votes: Counter[str] = Counter()
    for word in words:
        spoken = SPOKEN.get(word)
        if spoken is None and word.isalpha():
            bases = split(word)
            spoken = "de" if len(bases) > 1 else SPOKEN.get(bases[0])
        if spoken and spoken != "all":
            votes[spoken] += 1
    if any(sign in text for sign in "äöüßÄÖÜ"):
        votes["de"] += 1
    if not votes:
        return "en"
    most = max(votes.values())
    return next(language for language in ("en", "de", *votes) if votes[language] == most)


def _by_script(text: str) -> str | None:
    """The language of the commonest script, if most letters are not Latin."""
    votes: Counter[str] = Counter()
    latin = 0
    for sign in text:
        if sign < "\u0370":
            latin += sign.isalpha()
        else:
            at = bisect_right(_FIRST, ord(sign)) - 1
            if ord(sign) <= SCRIPTS[at][1]:
                votes[SCRIPTS[at][2]] += _KANA_WEIGHT if SCRIPTS[at][2] == "ja" else 1
    if votes.total() <= latin:
        return None
    language = votes.most_common(1)[0][0]
    return "uk" if language == "ru" and any(sign in _UKRAINIAN for sign in text) else language

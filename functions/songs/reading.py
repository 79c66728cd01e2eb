"""A text read by rules, where no model reads it: a mood, genres, themes, languages. Pure.

Words are looked up (`songs.lexicon`); what is negated counts for its opposite, "very" and "a bit" move it, and a tempo
in figures is taken as it stands. Moods and sounds outweigh what the music is for, that outweighs a genre, and where and
when it is heard counts least.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from songs import mood as moods
from songs.lexicon import Kind, Meaning
from songs.mood import Figure, Mood, kept
from songs.words import STOPS, cleaned, language_of, meaning_at, tokens

WEIGHTS: Final[dict[Kind, float]] = {"mood": 1.0, "sound": 1.0, "activity": 0.7, "genre": 0.5, "scene": 0.4}
MOST_KEYWORDS: Final = 8
OPPOSITE: Final = 0.6
"""How far beyond the middle a negated figure is: "not loud" is not as soft as "soft"."""
MORE: Final = 1.3
LESS: Final = 0.6
"""How far from the middle "very" and "a bit" move a figure."""
REACH: Final = 5
"""Words within which a negation meets what it negates."""
DEGREE_REACH: Final = 2
"""Words within which "very" meets what it is said of."""
SHIFT: Final = 10.0
"""Beats per minute that "over" and "under" add to or take from the figure behind them."""
MIDDLE_TEMPO: Final = 105.0
_MUSIC: Final = (
    "song songs music track tracks tune tunes hit hits playlist mix singer singers artist artists band bands ballad"
    " ballads lyrics vocals lied lieder musik cancion canciones musica temas cantante cantantes gaane gane gaana gana"
    " geet sangeet गाने गाना गीत संगीत"
)
MUSIC: Final = frozenset(_MUSIC.split())
"""Words beside which a language is that of songs: "french songs", but not "french toast"."""
BESIDE: Final = 3
"""Words between them, at most, and those of a genre."""

_BPM: Final = re.compile(
    r"(?P<side>over|above|under|below|at least|at most|less than|more than|über|unter|más de|menos de)?\s?"
    r"\b(?P<low>\d{2,3})(?:\s?(?:-|–|to|bis|a|se)\s?(?P<high>\d{2,3}))?\s?(?:bpm|beats per minute|बीपीएम)"
)
_ABOVE: Final = frozenset({"over", "above", "at least", "more than", "über", "más de"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says. All but `word` may be empty."""

    mood: Mood
    word: str
    """The mood in one word or two, English."""
    genres: tuple[str, ...]
    themes: tuple[str, ...]
    keywords: tuple[str, ...]
    languages: tuple[str, ...]
    """Of songs that it asks for by name or by genre, in its order: "Hindi"."""


@dataclass(slots=True)
class _Said:
    meaning: Meaning
    at: int
    """Word that it begins with, and the one behind it."""
    end: int
    clause: int
    degree: float = 1.0
    negated: bool = False


@dataclass(slots=True)
class _Scan:
    """What holds at a word: a negation, a degree, and the words that each still reaches."""

    clause: int = 0
    negation: int = 0
    met: bool = False
    """Whether the negation has met what it negates."""
    degree: float = 1.0
    degree_reach: int = 0
    said: list[_Said] = field(default_factory=list)


def read(text: str) -> Reading:
    """Read the first 2,000 characters of a text in English, Hindi, Spanish or German; never raises."""
    clean = cleaned(text)
    words = tokens(clean)
    said = _said(words, language_of(clean, words))
    wanted = [each.meaning for each in said if not each.negated]
    mood = _mood(said, clean)
    return Reading(
        mood=mood,
        word=_word(wanted, mood),
        genres=_labels(wanted, "genre"),
        themes=_labels(wanted, "activity", "scene"),
        keywords=_labels(wanted, "mood", "activity", "scene", "genre", "sound")[:MOST_KEYWORDS],
        languages=tuple(dict.fromkeys(each.meaning.sung for each in said if _sung(each, said, words))),
    )


def _sung(each: _Said, said: Iterable[_Said], words: list[str]) -> bool:
    """Whether songs in a language are asked for: by the name of it beside that of music, or by a genre of its own."""
    if each.negated or not each.meaning.sung:
        return False
    if each.meaning.kind != "language":
        return True
    near = range(each.at - BESIDE - 1, each.end + BESIDE + 1)
    genres = (other.at for other in said if other.meaning.kind == "genre")
    return any(at in near for at in genres) or not MUSIC.isdisjoint(words[max(0, near.start) : near.stop])


def _said(words: list[str], language: str) -> list[_Said]:
    scan = _Scan()
    at = 0
    while at < len(words):
        meaning, count = meaning_at(words, at, language)
        _step(scan, words[at], meaning, at, at + count)
        at += count
    return scan.said


def _step(scan: _Scan, word: str, meaning: Meaning | None, at: int, end: int) -> None:
    kind = meaning.kind if meaning else None
    scan.negation -= scan.negation > 0
    scan.degree_reach -= scan.degree_reach > 0
    if word in STOPS or kind == "but":
        scan.clause += 1
        scan.negation = scan.degree_reach = 0
    elif kind == "not":
        scan.negation, scan.met = REACH + 1, False
    elif kind == "not_after":
        _negate_last(scan, at)
    elif kind in {"more", "less"}:
        scan.degree, scan.degree_reach = (MORE if kind == "more" else LESS), DEGREE_REACH + 1
    elif meaning is None and scan.met:
        scan.negation = 0  # "no metal or rap" negates both, "no metal for a party" the first
    elif meaning and kind not in {"and", "nothing"}:
        _meant(scan, meaning, at, end)


def _meant(scan: _Scan, meaning: Meaning, at: int, end: int) -> None:
    degree = scan.degree if scan.degree_reach else 1.0
    scan.said.append(_Said(meaning, at, end, scan.clause, degree, negated=scan.negation > 0))
    scan.met = True
    scan.degree_reach = 0


def _negate_last(scan: _Scan, at: int) -> None:
    """Hindi negates behind: of "tez aur udaas gaane nahi" it is "udaas", and "tez", which one word joins to it."""
    reach = REACH
    for each in reversed(scan.said):
        if each.clause != scan.clause or at - each.end > reach:
            return
        each.negated, at, reach = True, each.at, 1


def _mood(said: Iterable[_Said], text: str) -> Mood:
    sums: dict[Figure, tuple[float, float]] = {}
    for each in {(one.meaning, one.negated): one for one in said}.values():
        if each.negated and each.meaning.kind not in {"mood", "sound"}:
            continue  # what it is not for, or not about, says little of how it should sound
        weight = WEIGHTS.get(each.meaning.kind, 0.0)
        for name, value in each.meaning.figures:
            total, weights = sums.get(name, (0.0, 0.0))
            sums[name] = total + weight * _moved(name, value, each), weights + weight
    figures: dict[str, float] = {name: kept(name, total / weights) for name, (total, weights) in sums.items()}
    tempo = _tempo(text)
    return Mood(**(figures if tempo is None else figures | {"tempo": tempo}))


def _moved(name: Figure, value: float, said: _Said) -> float:
    middle = MIDDLE_TEMPO if name == "tempo" else 0.5
    factor = -OPPOSITE if said.negated else said.degree
    return kept(name, middle + factor * (value - middle))


def _tempo(text: str) -> float | None:
    """Return the first tempo in figures; the middle of a range."""
    found = _BPM.search(text)
    if not found:
        return None
    low = float(found["low"])
    tempo = (low + float(found["high"] or low)) / 2
    if side := found["side"]:
        tempo += SHIFT if side in _ABOVE else -SHIFT
    return kept("tempo", tempo)


def _labels(meanings: Iterable[Meaning], *kinds: Kind) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.label for each in meanings if each.kind in kinds))


def _word(wanted: list[Meaning], mood: Mood) -> str:
    named = _labels(wanted, "mood")
    return " and ".join(named[:2]) if named else moods.word(mood)

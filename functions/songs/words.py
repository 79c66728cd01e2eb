"""From a text as it was typed to words, and from words to what they mean. Pure; everything takes linear time."""

import re
import unicodedata
from collections import Counter
from itertools import chain
from typing import Final

from songs.lexicon import CUES, MOODS, SOUNDS, Meaning
from songs.occasions import OCCASIONS
from songs.styles import GENRES, SUNG

LONGEST: Final = 2_000
"""Characters of a text that are read."""
STOPS: Final = frozenset(".,;!?:\n()।-–—")

SPEECH: Final = {
    "en": "the a an and for with my me to i im some want need songs song music something while in on at of that is it",
    "de": "zum zur für mit und die der das musik lieder lied ich ein eine einen bei beim im in am auf nach was will zu",
    "es": "para la el de del con una un música canciones canción quiero los las mi en y algo al por que después",
    "hi": "ke ki ka ko liye gaane gane gaana gana geet wale wali wala mein me chahiye kuch koi hai ho aur sunao mere",
}
"""Common words that give a language away; those of several count for none."""

_UNWRITTEN: Final = dict.fromkeys([0x00AD, *range(0x200B, 0x2010), 0x2060, 0xFE0E, 0xFE0F, 0xFEFF])
_DEVANAGARI: Final = "\u0900-\u0963\u0966-\u097f"  # with its vowel signs, which are no letters to `re`; without dandas
_TOKEN: Final = re.compile(rf"r&b|(?:[^\W_]|[{_DEVANAGARI}])+|\n|(?<!\S)[-–—](?!\S)|[^\w\s\-–—]")
_HINDI: Final = re.compile(rf"[{_DEVANAGARI}]")
_ENDINGS: Final = ("s", "e", "n", "en", "es", "er", "em", "ern", "os", "as")
_STEM: Final = 4
"""Letters that are left of a word, at least, when an ending is taken off."""
_OWN: Final = frozenset({"not", "not_after", "and", "but", "less", "more"})
"""Kinds whose words count only in a text of their language: "sin" negates in Spanish alone."""


def cleaned(text: str) -> str:
    """One form for what looks the same, in lower case; the first `LONGEST` characters."""
    text = text[:LONGEST].encode("utf-8", "ignore").decode().translate(_UNWRITTEN).replace("’", "'")
    return unicodedata.normalize("NFKC", text.casefold())[:LONGEST]


def _plain_letters() -> dict[int, str]:
    letters = {code: unicodedata.normalize("NFD", chr(code))[0] for code in range(0x00C0, 0x0250)}
    plain = {code: letter for code, letter in letters.items() if letter.isascii()}
    return plain | {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("'"): ""}


_FOLDED: Final = _plain_letters()


def tokens(text: str) -> list[str]:
    """Words of a cleaned text without accents ("ä" is "ae"), apostrophes or hyphens, and every other sign on its own.

    >>> tokens(cleaned("Don't stop, mañana!"))
    ['dont', 'stop', ',', 'manana', '!']
    """
    return _TOKEN.findall(text.translate(_FOLDED))


def _compile() -> tuple[dict[tuple[str, ...], tuple[Meaning, frozenset[str]]], dict[str, int]]:
    """What each phrase means and the languages it is of, and by first word the length of its longest phrase.

    What stands first wins where two rows hold the same phrase.
    """
    phrases: dict[tuple[str, ...], tuple[Meaning, frozenset[str]]] = {}
    lengths: dict[str, int] = {}
    for meaning, words in chain(CUES, GENRES, SUNG, OCCASIONS, MOODS, SOUNDS):
        for language, alternatives in words.items():
            for alternative in alternatives.split("|"):
                phrase = tuple(tokens(cleaned(alternative)))
                first, languages = phrases.setdefault(phrase, (meaning, frozenset()))
                phrases[phrase] = first, languages | {language}
                lengths[phrase[0]] = max(lengths.get(phrase[0], 0), len(phrase))
    return phrases, lengths


PHRASES, _LENGTHS = _compile()
_SPOKEN: Final = Counter(word for common in SPEECH.values() for word in {*tokens(cleaned(common))})
_SPEECH: Final = {
    language: frozenset(word for word in tokens(cleaned(common)) if _SPOKEN[word] == 1)
    for language, common in SPEECH.items()
}


def meaning_at(words: list[str], at: int, language: str) -> tuple[Meaning | None, int]:
    """Return what the longest known phrase that begins at a word means, and how many words it has; 1 if none."""
    for count in range(min(_LENGTHS.get(words[at], 0), len(words) - at), 0, -1):
        if meaning := _meaning(tuple(words[at : at + count]), language):
            return meaning, count
    return _meaning((_stem(words[at]),), language), 1


def _meaning(phrase: tuple[str, ...], language: str) -> Meaning | None:
    meaning, languages = PHRASES.get(phrase, (None, frozenset()))
    return None if meaning and meaning.kind in _OWN and language not in languages else meaning


def _stem(word: str) -> str:
    """Return a word without the ending of an English or Spanish plural or a German form, if that is known; else ""."""
    stems = (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending))
    return next((stem for stem in stems if len(stem) >= _STEM and (stem,) in PHRASES), "")


def language_of(text: str, words: list[str]) -> str:
    """ISO 639-1 of a cleaned text: "hi" by its script, else by common words and the lexicon's; "en" if none tells."""
    letters = sum(each.isalpha() for each in text)
    if 2 * len(_HINDI.findall(text)) > letters:
        return "hi"
    votes: Counter[str] = Counter()
    for word in words:
        votes.update(language for language, common in _SPEECH.items() if word in common)
        found = PHRASES.get((word,)) or PHRASES.get((_stem(word),))
        if found and found[0].kind != "genre" and len(found[1]) == 1:  # genres are called the same everywhere
            votes.update(found[1])
    return max(("en", "hi", "es", "de"), key=lambda language: votes[language])

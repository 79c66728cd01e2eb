"""What is certain of a word without a model: by its article or its ending. Nothing is said where it might be wrong.

Words stand as in a list to be learned: with the article of their dictionary form. One that may also be a plural's
(German die, Dutch de) tells the part of speech only. Endings count where practically every word that has them, and no
inflected form of another, is of that kind.
"""

import re
import unicodedata
from typing import Final, NamedTuple

from speech.languages import base
from speech.word_contract import Gender, PartOfSpeech


class Known(NamedTuple):
    """None is unknown."""

    lemma: str | None = None
    pos: PartOfSpeech | None = None
    gender: Gender | None = None


class _Article(NamedTuple):
    pos: PartOfSpeech | None
    gender: Gender | None = None
    singular: bool = True


class _Ending(NamedTuple):
    pos: PartOfSpeech
    gender: Gender | None
    endings: str
    stem: int = 3
    """Letters before the ending, at least."""


_MASCULINE: Final = _Article("noun", "masculine")
_FEMININE: Final = _Article("noun", "feminine")
_NEUTER: Final = _Article("noun", "neuter")
_SINGULAR: Final = _Article("noun")
_ANY: Final = _Article("noun", singular=False)
_NOTHING: Final = _Article(None)

ARTICLES: Final[dict[str, dict[str, _Article]]] = {
    "de": {"der": _MASCULINE, "die": _ANY, "das": _NEUTER, "ein": _SINGULAR, "eine": _FEMININE},
    "en": {"a": _NOTHING, "an": _NOTHING, "the": _NOTHING, "to": _Article("verb")},  # the best is no noun
    "es": {"el": _MASCULINE, "la": _FEMININE, "un": _MASCULINE, "una": _FEMININE, "los": _ANY, "las": _ANY},
    "fr": {"le": _MASCULINE, "la": _FEMININE, "l'": _SINGULAR, "un": _MASCULINE, "une": _FEMININE, "les": _ANY},
    "it": {"il": _MASCULINE, "lo": _MASCULINE, "la": _FEMININE, "l'": _SINGULAR}
    | {"un": _MASCULINE, "uno": _MASCULINE, "una": _FEMININE, "un'": _FEMININE, "i": _ANY, "gli": _ANY, "le": _ANY},
    "nl": {"het": _NEUTER, "de": _ANY, "een": _SINGULAR},
    "pt": {"o": _MASCULINE, "a": _FEMININE, "um": _MASCULINE, "uma": _FEMININE, "os": _ANY, "as": _ANY},
    "sv": {"en": _Article("noun", "common"), "ett": _NEUTER},
}

ENDINGS: Final[dict[str, tuple[_Ending, ...]]] = {
    "de": (
        _Ending("noun", "feminine", "ung heit keit schaft"),
        _Ending("noun", "neuter", "bchen dchen pchen tchen zchen", 2),  # not all -chen: Kuchen, Kirchen, Menschen
    ),
    "en": (
        _Ending("noun", None, "ness ation ution nment pment shment gement vement tement tment"),
        _Ending("adverb", None, "ally ously fully ively ably ibly ently antly edly ingly lessly"),
    ),
    "es": (
        _Ending("noun", "feminine", "ción sión ividad osidad bilidad iedad ridad"),  # not all -dad: ayudad
        _Ending("adverb", None, "lmente osamente ivamente icamente adamente idamente"),  # not all -mente: aumente
    ),
    "fr": (
        _Ending("noun", "feminine", "ation ition ution ction", 2),  # not all -tion: bastion
        _Ending("noun", "masculine", "issement"),
        _Ending("adverb", None, "eusement ivement"),
    ),
    "hi": (_Ending("verb", None, "खना छना झना ठना ड़ना ढ़ना नना रना लना हना", 1),),  # not all -ना: सपना, महीना
    "it": (_Ending("noun", "feminine", "zione sione ità"), _Ending("adverb", None, "lmente amente")),
    "nl": (_Ending("noun", "common", "heid"), _Ending("noun", "neuter", "tje")),
    "pt": (_Ending("noun", "feminine", "ação ição ução dade"), _Ending("adverb", None, "lmente")),
    "sv": (_Ending("noun", "common", "het"),),
}

_ARTICLE: Final = r"(el|la|le|les|un|una|il|lo|l'|o|a|um) ?"
EXCEPTIONS: Final[dict[str, str]] = {
    "de": r"(.* )?(.*(sprung|schwung)|nibelung|hornung|(gewehr|lanzen|stiefel|speer)schaft)",
    "en": r".*(witness|harness)|to (me|you|him|her|it|us|them|th[aei]\w+|wh\w+|home|bed|school|church|town|hell|death)",
    "es": _ARTICLE + r"(mism|otr|poc|mí|tuy|suy)[oa]|(el|la) (que|cual)|(el|un) h?[aá].*",  # el agua is feminine
    "fr": _ARTICLE + r"([mts]ien(ne)?|[nv]ôtre|même|autre|une?|peu|plupart)|r?avivement",
    "hi": "झरना|धरना|तुलना|गहना|उलाहना|सराहना|ताड़ना",
    "it": _ARTICLE + r"(mi[oa]|tu[oa]|su[oa]|stess[oa]|altr[oa]|po'|poco|quale)",
    "nl": r"(.* )?beetje|het (is|was)",
    "pt": _ARTICLE + r"(meu|seu|mesm[oa]|outr[oa]|pouco|qual|que|pé|sós|sério|fim|mais|menos)|coração",
    "sv": r"(en|ett) anna[nt]|(glöd|skåll|bränn|kok|stek)het",
}
"""Patterns of what looks like a case of these rules and is not, or not only."""


def known(word: str, language: str) -> Known:
    """Return what is certain of `word`, single-spaced, of `language` (BCP 47)."""
    code, spelling = base(language), word.replace("’", "'")
    if re.fullmatch(_composed(EXCEPTIONS.get(code, "")), spelling.lower()):
        return Known()
    article, rest = _divided(spelling, code)
    if sum(any(sign.isalpha() for sign in part) for part in rest.split(" ")) > 1:
        return Known(pos="phrase")
    return _by_ending(rest, code) if article is None else _noun_or_verb(rest, code, article)


def _divided(word: str, code: str) -> tuple[_Article | None, str]:
    """A word's article, if it has one, and the rest."""
    first, gap, rest = word.partition(" ")
    elided, sign, noun = first.partition("'")
    if sign and not gap:
        first, rest = elided + sign, noun
    article = ARTICLES.get(code, {}).get(first.lower())
    return (article, rest) if article and rest else (None, word)


def _noun_or_verb(rest: str, code: str, article: _Article) -> Known:
    in_order = {"de": _is_capitalised(rest), "en": rest.islower()}  # unlike das heißt, to Paris
    if article.pos is None or not _is_word(rest) or not in_order.get(code, True):
        return Known()
    by_ending = _by_ending(rest, code)
    if article.pos != "noun" or by_ending.pos != "noun":
        return Known(rest if article.singular else None, article.pos, article.gender)
    genders = {article.gender, by_ending.gender} - {None}
    return by_ending._replace(gender=genders.pop() if len(genders) == 1 else None)


def _by_ending(word: str, code: str) -> Known:
    lower = word.lower()
    if not _is_word(word) or (code == "de" and not _is_capitalised(word)):
        return Known()
    for pos, gender, endings, stem in ENDINGS.get(code, ()):
        if any(lower.endswith(ending) and len(lower) >= len(ending) + stem for ending in _composed(endings).split()):
            return Known(word if code == "de" else lower, pos, gender)
    return Known()


def _is_capitalised(word: str) -> bool:
    return word[0].isupper() and not any(sign.isupper() for sign in word[1:])


def _is_word(text: str) -> bool:
    """Letters with their marks, and hyphens and apostrophes between them."""
    return all(unicodedata.category(sign)[0] in "LM" or sign in "-'" for sign in text) and text[:1].isalpha()


def _composed(text: str) -> str:
    """As `word_contract.plain` leaves words: this file may have ढ़ as one sign, which NFC never has."""
    return unicodedata.normalize("NFC", text)

"""The reading of a mood prompt by rules: no model, no clock, no network, well under a millisecond.

normalise → cut into words → read what has numbers → find the longest known phrases → mark what is negated → fold into
an `Intent`. What the words mean stands in `lexicon`; here stands only how they act on each other. Whatever is not
understood is left out: an empty reading is an answer too.
"""

from itertools import pairwise
from typing import Final, Literal

from recommendation.genres import Genre
from recommendation.intent import Era, Intent
from recommendation.lexicon.cues import CHILDREN_READ
from recommendation.measures import Measures, measure
from recommendation.scopes import Item, cue_at, items_of, link, said
from recommendation.titles import take
from recommendation.tongue import language_of
from recommendation.words import clean, tokenise

MOST_KEYWORDS: Final = 6
LONGEST_MOOD: Final = 60
"""Characters."""
MOST_AT_ONCE: Final = 3
"""Genres that one film may reasonably carry; of a longer list any one will do."""

_FRIGHT: Final[frozenset[Genre]] = frozenset({"Horror", "Thriller"})
"""What "not too …" is meant to keep out; "not too sad" or "not too cheesy" excludes no genre."""
_NOT_OLD: Final = 20
_NOT_NEW: Final = 5
_NOT_LONG: Final = 120


def read(prompt: str, *, this_year: int) -> Intent:
    """What somebody wants to watch, as far as rules can tell. Never raises; the first 2,000 characters count.

    `this_year` is what "new", "classic" and "the last five years" are reckoned from.
    """
    text = clean(prompt)
    titles, rest = take(text)
    words = tokenise(rest)
    measures = measure(words, this_year)
    language = language_of(text, words)
    items = items_of(words, measures, language)
    for_children = _for_children(items)
    excluded, softly = _excluded(items)
    genres, match = _wanted(items, for_children=for_children)
    genres = tuple(genre for genre in genres if genre not in excluded)
    era, (shortest, longest) = _era(items, measures, this_year), _runtimes(items, measures)
    return Intent(
        language=language,
        mood=_mood(items, german=language == "de"),
        include_genres=genres,
        genre_match=match if len(genres) > 1 else "any",
        exclude_genres=tuple(dict.fromkeys([*excluded, *(genre for genre in softly if genre not in genres)])),
        era=era,
        min_runtime=shortest,
        max_runtime=longest,
        original_languages=_languages(items),
        for_children=for_children,
        keywords=_keywords(items),
        titles=titles,
    )


def _excluded(items: list[Item]) -> tuple[list[Genre], list[Genre]]:
    """Genres excluded by name, and those excluded for their tone: what is wanted by name outweighs the latter.

    Of "no romantic comedies" only the first is excluded: comedies that are not romantic are welcome.
    """
    named: list[Genre] = []
    softly: list[Genre] = []
    for at, item in enumerate(items):
        before = items[at - 1] if at else None
        narrowed = before is not None and before.negated and (before.lexeme.genres or before.lexeme.languages)
        if item.negated and not (narrowed and item.lexeme.named):
            mild = cue_at(items, at - 1) == "degree" and not item.lexeme.named and _FRIGHT.isdisjoint(item.lexeme.bans)
            (named if item.lexeme.named else softly).extend(() if mild else item.lexeme.bans)
    return named, softly


def _wanted(items: list[Item], *, for_children: bool) -> tuple[tuple[Genre, ...], Literal["all", "any"]]:
    """The genres, and whether a film should carry "all" of them.

    What was said firmly counts alone; then come moods; then what a subject suggests.
    """
    places = [at for at, item in enumerate(items) if item.lexeme.genres and not item.negated]
    firm = [at for at in places if items[at].lexeme.firm]
    if for_children and not firm:
        return ("Family",), "any"
    moods = [at for at in places if items[at].lexeme.labels[0]]
    alternatives = {at for pair in pairwise(moods) if link(items, *pair) == "or" for at in pair}
    chosen = [at for at in moods if at in alternatives or at in firm] if firm else moods or places
    genres: list[Genre] = []
    every = bool(firm)
    last = -1
    for at in chosen:
        new = [genre for genre in items[at].lexeme.genres if genre not in genres]
        every = every and (last < 0 or not new or link(items, last, at) == "and") and items[at].lexeme.firm
        genres.extend(new)
        last = at
    if for_children:
        genres = list(dict.fromkeys(CHILDREN_READ.get(genre, genre) for genre in genres))
    return tuple(genres), "all" if every and len(genres) <= MOST_AT_ONCE else "any"


def _languages(items: list[Item]) -> tuple[str, ...]:
    wanted = (item.lexeme for item in said(items) if not item.negated)
    return tuple(dict.fromkeys(language for word in wanted for language in word.languages))


def _era(items: list[Item], measures: Measures, this_year: int) -> Era:
    first, last = measures.years.era(this_year)
    if first is None and last is None and not measures.years.spans:
        for item in said(items):
            word = item.lexeme
            if item.negated and item.aged:
                first = this_year - _NOT_OLD if word.since is None else first
                last = this_year - _NOT_NEW if word.since is not None else last
            elif item.aged:
                first = this_year - word.since if word.since is not None else first
                until = this_year - word.until if word.until is not None else word.to_year
                last = min((year for year in (last, until) if year is not None), default=None)
    if first is not None and last is not None and first > last:
        return Era()
    return Era(from_year=_sane(first), to_year=_sane(last))


def _sane(year: int | None) -> int | None:
    return None if year is None else min(max(year, 1870), 2100)


def _runtimes(items: list[Item], measures: Measures) -> tuple[int | None, int | None]:
    shortest, longest = measures.min_runtime, measures.max_runtime
    if shortest is None and longest is None:
        for item in said(items):
            if item.negated:
                longest = _NOT_LONG if item.lexeme.min_runtime else longest
            elif item.sized:
                shortest, longest = item.lexeme.min_runtime, item.lexeme.max_runtime
    return (None if shortest and longest and shortest > longest else shortest), longest


def _for_children(items: list[Item]) -> bool:
    """True if children will watch: they are named, neither refused, nor the film's subject, nor in bed."""
    for at, item in enumerate(items):
        if item.negated or item.cue not in ("child", "child_safe"):
            continue
        near = [other.cue for other in items[at + 1 : at + 8]]
        near = near[: near.index("stop")] if "stop" in near else near
        if item.cue == "child_safe" or not (
            "child_away" in near or "about" in (cue_at(items, at - 1), cue_at(items, at - 2))
        ):
            return True
    return False


def _keywords(items: list[Item]) -> tuple[str, ...]:
    words = (item.lexeme.keyword for item in items if item.lexeme.keyword and not item.negated)
    return tuple(dict.fromkeys(words))[:MOST_KEYWORDS]


def _mood(items: list[Item], *, german: bool) -> str:
    """A few words of the lexicon that sum the wish up; never a word of the prompt that the lexicon does not hold."""
    wanted = [item.lexeme for item in items if item.lexeme.labels[0] and not item.negated]
    chosen = [word for word in wanted if not word.named] or wanted
    mood = ""
    for label in dict.fromkeys(word.labels[german] for word in chosen):
        longer = f"{mood}, {label}" if mood else label
        if len(longer) > LONGEST_MOOD:
            break
        mood = longer
    return mood

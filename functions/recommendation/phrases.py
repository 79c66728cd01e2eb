"""What is said about an answer without a model: what was understood, and why a film is there. Pure.

German where the wish is German, else English. Only facts are said that hold; none is invented.
"""

from collections.abc import Collection, Iterable
from typing import Final

from recommendation.genres import GENRES, Genre
from recommendation.intent import Era, Intent
from recommendation.lexicon.labels import GENRE_LABELS, GERMAN_TOPICS, LANGUAGE_LABELS

LONGEST_WHY: Final = 120
"""Characters."""
_GENRE_WORDS: Final = {""} | {word.casefold() for labels in GENRE_LABELS.values() for pair in labels for word in pair}
"""A mood that only repeats these says nothing new."""
_FEMININE: Final = frozenset({"Action", "Animation", "Comedy", "Documentary", "Fantasy", "Music", "Science Fiction"})
"""Genres whose German name is feminine."""
_MOST_NAMED: Final = 3
"""Subjects, languages or titles in one sentence."""


def message(intent: Intent, count: int, *, photo_unseen: bool = False) -> str:
    """Plain sentences: the wish as it was understood, how many films (`count`) answer it, and whether there was a photo
    that nobody looked at.
    """
    german = intent.language == "de"
    unseen = ("Das Foto konnte nicht angesehen werden" if german else "The photo could not be looked at") * photo_unseen
    if intent == Intent(language=intent.language):
        reason = unseen or ("Kein bestimmter Wunsch erkannt" if german else "No particular wish")
        wish, unseen = f"{reason}, {'deshalb beliebte Filme' if german else 'so these are popular films'}", ""
    else:
        wish = ", ".join([_subject(intent, german=german), *_limits(intent, german=german)])
        if any(part.strip().casefold() not in _GENRE_WORDS for part in intent.mood.split(",")):
            wish = f"{intent.mood}: {wish}"
    said = f"{wish[0].upper()}{wish[1:]}. {_found(count, german=german)}"
    return f"{said} {unseen}." if unseen else said


def why(
    intent: Intent,
    *,
    genres: Collection[Genre],
    year: int | None,
    runtime: int | None,
    original_language: str | None,
    keywords: Collection[str],
    named_by_model: bool,
) -> str:
    """Why a film is among the answers, in at most 120 characters: what it shares with the wish.

    `runtime` in minutes, `original_language` ISO 639-1, `keywords` TMDb's. Where it shares nothing with a wish that
    asked for something, or misses its genres or its era, that is said, with what the film is.
    """
    german = intent.language == "de"
    shared = [genre for genre in intent.include_genres if genre in genres and genre not in intent.exclude_genres]
    in_era = year is None or _within(year, intent.era.from_year, intent.era.to_year)
    wanted = set(intent.include_genres) - set(intent.exclude_genres)
    if not named_by_model and ((wanted and genres and not shared) or not in_era):
        return _apart(intent, genres=genres, year=year, german=german)
    film = [_listed((_genre(genre, german=german) for genre in shared), german=german)]
    if year is not None and intent.era != Era() and in_era:
        film.append(f"aus dem Jahr {year}" if german else f"from {year}")
    facts = [" ".join(film).strip()]
    limited = intent.min_runtime is not None or intent.max_runtime is not None
    if runtime and limited and _within(runtime, intent.min_runtime, intent.max_runtime):
        facts.append(f"{runtime} Minuten" if german else f"{runtime} minutes")
    if original_language in intent.original_languages and original_language in LANGUAGE_LABELS:
        facts.append(_in_language(original_language, german=german))
    has = {keyword.casefold() for keyword in keywords}
    facts.extend(_topics((word for word in intent.keywords if word.casefold() in has), german=german))
    if named_by_model:
        facts.append("für diesen Wunsch genannt" if german else "named for this wish")
    if genres and intent.exclude_genres and not set(intent.exclude_genres).intersection(genres):
        facts.extend(_refused(genre, german=german) for genre in intent.exclude_genres)
    return _sentence([fact for fact in facts if fact]) or _apart(intent, genres=genres, year=year, german=german)


def _subject(intent: Intent, *, german: bool) -> str:
    """The films that are wanted: "comedies from the 1990s"."""
    wanted = [genre for genre in intent.include_genres if genre not in intent.exclude_genres]
    if intent.genre_match == "all" and len(wanted) > 1:
        named = _listed((_genre(genre, german=german) for genre in wanted), german=german)
        films = f"Filme, die {named} verbinden," if german else f"films that combine {named}"
    else:
        films = _listed((_genre(genre, german=german, many=True) for genre in wanted), german=german, either=True)
    era = _era(intent.era, german=german)
    languages = [LANGUAGE_LABELS[code][german] for code in intent.original_languages if code in LANGUAGE_LABELS]
    spoken = _listed(languages[:_MOST_NAMED], german=german, either=True)
    said = [films or ("Filme" if german else "films"), era, f"{'auf' if german else 'in'} {spoken}" if spoken else ""]
    return " ".join(part for part in said if part).rstrip(",")


def _limits(intent: Intent, *, german: bool) -> list[str]:
    limits = [_length(intent.min_runtime, intent.max_runtime, german=german)]
    limits.extend(_topics(intent.keywords, german=german))
    titles = [hint.title for hint in intent.titles if len(hint.title) <= 60][:_MOST_NAMED]
    if titles:
        limits.append(("mit Blick auf " if german else "with an eye to ") + _listed(titles, german=german))
    if intent.for_children:
        limits.append("für Kinder geeignet" if german else "fit for children")
    refused = [_genre(genre, german=german, many=True) for genre in intent.exclude_genres]
    if refused:
        limits.append(("aber keine " if german else "but no ") + _listed(refused, german=german, either=True))
    return [limit for limit in limits if limit]


def _found(count: int, *, german: bool) -> str:
    if count == 0:
        return "Gefunden wurde nichts." if german else "Nothing was found."
    if count == 1:
        return "Hier ist ein Film." if german else "Here is one film."
    return f"Hier sind {count} Filme." if german else f"Here are {count} films."


def _era(era: Era, *, german: bool) -> str:
    first, last = era.from_year, era.to_year
    if first is None and last is None:
        return ""
    if first == last:
        return f"aus dem Jahr {first}" if german else f"from {first}"
    if last is None:
        return f"ab {first}" if german else f"from {first} on"
    if first is None:
        return f"bis {last}" if german else f"up to {last}"
    if first % 10 == 0 and last == first + 9:
        return f"aus den {first}ern" if german else f"from the {first}s"
    return f"von {first} bis {last}" if german else f"from {first} to {last}"


def _length(shortest: int | None, longest: int | None, *, german: bool) -> str:
    unit = "Minuten" if german else "minutes"
    if shortest and longest:
        return f"{shortest} bis {longest} {unit}" if german else f"{shortest} to {longest} {unit}"
    if longest:
        return f"höchstens {longest} {unit}" if german else f"at most {longest} {unit}"
    if shortest:
        return f"mindestens {shortest} {unit}" if german else f"at least {shortest} {unit}"
    return ""


def _topics(keywords: Iterable[str], *, german: bool) -> list[str]:
    """One phrase for shared subjects, or none. What has no German name stands in quotation marks."""
    named = list(keywords)[:_MOST_NAMED]
    if german:
        named = [GERMAN_TOPICS.get(keyword, f"„{keyword}“") for keyword in named]
    return [("Thema: " if german else "theme: ") + _listed(named, german=german)] if named else []


def _in_language(code: str, *, german: bool) -> str:
    return ("auf " if german else "in ") + LANGUAGE_LABELS[code][german]


def _genre(genre: Genre, *, german: bool, many: bool = False) -> str:
    return GENRE_LABELS[genre][german][many]


def _refused(genre: Genre, *, german: bool) -> str:
    label = _genre(genre, german=german)
    if not german:
        return f"no {label}"
    return f"keine {label}" if genre in _FEMININE else f"kein {label}"


def _listed(words: Iterable[str], *, german: bool, either: bool = False) -> str:
    """An enumeration: "a", "a and b", "a, b and c"; "or" if `either`."""
    *most, last = list(words) or [""]
    last_word = ("oder" if german else "or") if either else ("und" if german else "and")
    return f"{', '.join(most)} {last_word} {last}" if most else last


def _within(number: int, least: int | None, most: int | None) -> bool:
    return (least is None or number >= least) and (most is None or number <= most)


def _sentence(facts: list[str]) -> str:
    """The facts in one sentence, as many as fit."""
    sentence = ""
    for fact in facts:
        longer = f"{sentence}, {fact}" if sentence else f"{fact[0].upper()}{fact[1:]}"
        if len(longer) < LONGEST_WHY:
            sentence = longer
    return f"{sentence}." if sentence else ""


def _apart(intent: Intent, *, genres: Collection[Genre], year: int | None, german: bool) -> str:
    """What a film is that shares nothing with the wish."""
    known = [_genre(genre, german=german) for genre in GENRES if genre in genres][:_MOST_NAMED]
    film = _listed(known, german=german) or ("ein Film" if german else "a film")
    if year is not None:
        film += f" aus dem Jahr {year}" if german else f" from {year}"
    if intent != Intent(language=intent.language):
        film = (f"Etwas weiter gefasst: {film}") if german else f"A little further afield: {film}"
    return f"{film[0].upper()}{film[1:]}."

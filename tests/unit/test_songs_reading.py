"""The rules' reading of texts, against texts as people write them.

`TEXTS` is what the rules were made with and must be read wholly right. The other two lists are by the same hand:
`BEFORE` was written before the lexicon, `AFTER` after it and without a look at it. What they scored the first time is
in their docstrings; misses have been mended since, so that they are no longer unseen.
"""

from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songs.lexicon import CUES, MOODS, SOUNDS
from songs.mood import FIGURES, Mood
from songs.occasions import OCCASIONS
from songs.reading import MOST_KEYWORDS, Reading, read
from songs.styles import GENRES, SUNG
from songs.words import LONGEST, PHRASES, cleaned, language_of, tokens

type Wanted = str | tuple[float, float] | None
"""Of a figure: "+" high, "-" low, or a range."""
SIDES: Final = {"+": (0.58, 1.0), "-": (0.0, 0.42)}


@dataclass(frozen=True)
class Case:
    """A text, and what is to be read from it; what is left out does not matter."""

    text: str
    energy: Wanted = None
    valence: Wanted = None
    danceability: Wanted = None
    acousticness: Wanted = None
    tempo: Wanted = None
    instrumentalness: Wanted = None
    genres: str = ""
    excluded: str = ""
    """Genres that must not be read."""
    themes: str = ""
    """All of these, apart by "|", and perhaps others."""
    languages: str = ""
    language: str = ""


def wrong(case: Case) -> tuple[int, list[str]]:
    """How many fields a case states, and those read otherwise."""
    found = read(case.text)
    stated = 0
    misread = []
    for name in FIGURES:
        if (wanted := getattr(case, name)) is not None:
            stated += 1
            low, high = SIDES[wanted] if isinstance(wanted, str) else wanted
            value = getattr(found.mood, name)
            if value is None or not low <= value <= high:
                misread.append(f"{case.text!r}: {name} {value}")
    if case.excluded:
        stated += 1
        misread += [f"{case.text!r}: {label}" for label in found.genres if label in case.excluded.split("|")]
    for field in ("genres", "themes", "languages"):
        for label in filter(None, getattr(case, field).split("|")):
            stated += 1
            if label not in getattr(found, field):
                misread.append(f"{case.text!r}: {label} not in {getattr(found, field)}")
    if case.language:
        stated += 1
        clean = cleaned(case.text)
        language = language_of(clean, tokens(clean))
        misread += [f"{case.text!r}: language {language}"] * (language != case.language)
    return stated, misread


TEXTS = (
    # Moods, in English
    Case("happy songs", energy="+", valence="+", language="en"),
    Case("I'm so sad today", energy="-", valence="-"),
    Case("I feel lonely and depressed", energy="-", valence="-"),
    Case("angry music to vent", energy="+", valence="-"),
    Case("calm and peaceful", energy="-", valence=(0.5, 0.7)),
    Case("something melancholic for a rainy evening", energy="-", valence=(0, 0.5), themes="rain|evening"),
    Case("uplifting and hopeful", energy="+", valence="+"),
    Case("dark and brooding electronic", valence="-", genres="electronic", acousticness="-"),
    Case("epic cinematic build up", energy="+"),
    Case("pure euphoria", energy="+", valence="+", danceability="+"),
    Case("warm, tender songs", energy="-", valence="+", acousticness="+"),
    Case("Chill vibes only", energy="-"),
    Case("feel-good tunes", valence="+"),
    Case("😭💔", energy="-", valence="-", themes="heartbreak"),
    Case("🎉🔥", energy="+", valence="+", themes="party"),
    Case("😴", energy="-", themes="sleep"),
    # Occasions
    Case("running playlist", energy="+", tempo=(150, 180), themes="running"),
    Case("Gym workout, heavy lifting", energy="+", themes="workout"),
    Case("studying for exams", energy="-", instrumentalness="+", themes="study"),
    Case("fall asleep fast", energy="-", themes="sleep"),
    Case("can't sleep", energy="-", themes="sleep"),
    Case("house party with friends", energy="+", valence="+", danceability="+", themes="party"),
    Case("road trip with the windows down", energy="+", valence="+", themes="road trip"),
    Case("after a breakup", energy="-", valence="-", themes="heartbreak"),
    Case("our wedding reception", energy="+", valence="+", danceability="+", themes="wedding"),
    Case("first dance at our wedding", energy=(0, 0.55), valence="+", themes="wedding"),
    Case("rain on the window", energy="-", valence=(0, 0.5), acousticness=(0.5, 1), themes="rain"),
    Case("yoga and meditation", energy="-", instrumentalness="+", tempo=(50, 75), themes="meditation"),
    Case("romantic candlelight dinner", energy="-", valence="+", themes="romance|dinner"),
    Case("beach day in summer", energy="+", valence="+", themes="summer"),
    Case("funeral of a friend", energy="-", valence="-", themes="mourning"),
    Case("cleaning the house", energy="+", valence="+", themes="chores"),
    Case("after a hard day at work", energy="-"),
    Case("coding late at night", energy="-", themes="study|night"),
    Case("nostalgic songs from my childhood", valence=(0.4, 0.6), themes="nostalgia"),
    Case("a cozy winter evening by the fireplace", energy="-", acousticness="+", themes="winter|evening"),
    # Sound, figures and genres
    Case("120 bpm", tempo=(120, 120)),
    Case("between 90 and 100, say 95 BPM", tempo=(95, 95)),
    Case("house at 122-126 bpm", tempo=(124, 124), genres="house"),
    Case("over 150 bpm please", tempo=(155, 165)),
    Case("under 80bpm", tempo=(65, 75)),
    Case("slow", energy="-", tempo=(60, 85)),
    Case("very fast", energy="+", tempo=(140, 175)),
    Case("instrumental only", instrumentalness="+"),
    Case("unplugged acoustic session", energy="-", acousticness="+"),
    Case("heavy metal", energy="+", valence="-", genres="metal"),
    Case("jazz with piano", energy="-", acousticness="+", genres="jazz"),
    Case("r&b slow jams", energy=(0, 0.5), genres="r&b"),
    Case("lo-fi hip hop", energy=(0.2, 0.55), genres="lo-fi|hip hop"),
    Case("drum and bass", energy="+", tempo=(165, 180), genres="drum and bass"),
    Case("Ghazals by the old masters", energy="-", acousticness="+", genres="ghazal", languages="Hindi"),
    Case("kpop and reggaeton", energy="+", valence="+", languages="Korean|Spanish", genres="k-pop|reggaeton"),
    # Negations and degrees
    Case("not too loud", energy="-"),
    Case("no drums", energy=(0, 0.48), acousticness=(0.55, 1)),
    Case("no lyrics", instrumentalness="+"),
    Case("without vocals or drums", instrumentalness="+", acousticness=(0.55, 1)),
    Case("nothing sad", valence="+"),
    Case("not happy", valence=(0, 0.42)),
    Case("no sad songs for the party", energy="+", valence="+", themes="party"),
    Case("rock but no metal", genres="rock", excluded="metal"),
    Case("no rap or country, just pop", genres="pop", excluded="hip hop|country"),
    Case("a bit sad", valence=(0.2, 0.42)),
    Case("very sad", valence=(0, 0.08)),
    Case("not just for running", energy="+", themes="running"),
    Case("I love rain", energy="-", themes="rain"),
    Case("less energetic", energy="-"),
    Case("hard to sleep, a new baby in the house", energy="-", acousticness="+", themes="sleep"),
    Case("after work drinks", energy="-", valence="+", themes="dinner"),
    # Hindi, in both scripts
    Case("khush karne wale gaane", valence="+", language="hi"),
    Case("bahut udaas gaane sunao", energy="-", valence="-", language="hi"),
    Case("udaas gaane nahi chahiye", valence="+", language="hi"),
    Case("shaant sangeet padhai ke liye", energy="-", themes="study", language="hi"),
    Case("dil toota hai, dard bhare geet", energy="-", valence="-", themes="heartbreak", language="hi"),
    Case("बारिश में रोमांटिक गाने", energy="-", themes="rain|romance", language="hi"),
    Case("शादी में नाचने के लिए", energy="+", valence="+", danceability="+", themes="wedding|dance", language="hi"),
    Case("सोने के लिए शांत संगीत", energy="-", themes="sleep", language="hi"),
    Case("ज़्यादा शोर नहीं", energy="-", language="hi"),
    Case("दौड़ने के लिए जोश भरे गाने", energy="+", valence="+", themes="running", language="hi"),
    Case("पुराने हिंदी गाने", themes="nostalgia", languages="Hindi", language="hi"),
    Case("बिना बोल के संगीत", instrumentalness="+", language="hi"),
    Case("तेज़ और ज़ोरदार गाने नहीं चाहिए", energy="-", tempo=(60, 100), language="hi"),
    # Spanish, German
    Case("canciones tristes para llorar", energy="-", valence="-", language="es"),
    Case("música tranquila para dormir, sin letra", energy="-", instrumentalness="+", themes="sleep", language="es"),
    Case("fiesta de cumpleaños", energy="+", valence="+", danceability="+", themes="party", language="es"),
    Case("algo romántico pero no muy lento", valence="+", tempo=(105, 140), language="es"),
    Case("traurige Lieder bei Regen", energy="-", valence="-", themes="rain", language="de"),
    Case("fröhliche Musik zum Tanzen", energy="+", valence="+", danceability="+", themes="dance", language="de"),
    Case("ruhige Klaviermusik ohne Gesang", energy="-", instrumentalness="+", language="de"),
    Case("laute, wütende Musik", energy="+", valence="-", language="de"),
    Case("zum Joggen, nicht zu langsam", energy="+", tempo=(115, 180), themes="running", language="de"),
)

BEFORE = (
    Case("I just got dumped and want to cry in the rain", energy="-", valence="-", themes="rain"),
    Case("pump me up for leg day at the gym", energy="+", themes="workout"),
    Case("lazy Sunday morning coffee with pancakes", energy="-", valence="+", themes="morning"),
    Case("furious metal to smash things", energy="+", valence="-", genres="metal"),
    Case("something calm for reading, no lyrics", energy="-", instrumentalness="+"),
    Case("Bollywood wedding dance numbers", energy="+", valence="+", danceability="+", languages="Hindi"),
    Case("उदास रात के गाने", energy="-", valence="-", themes="night", language="hi"),
    Case("shaadi me nachne wale gaane", energy="+", valence="+", danceability="+", themes="wedding", language="hi"),
    Case("música alegre para bailar en la playa", energy="+", valence="+", danceability="+", language="es"),
    Case("ruhige Musik zum Einschlafen", energy="-", themes="sleep", language="de"),
    Case("not sad, just a bit slow and mellow", energy="-", valence=(0.45, 1), tempo=(60, 100)),
    Case("125-130 bpm techno", energy="+", tempo=(125, 130), genres="techno"),
    Case("late night drive through the city, dreamy synths", energy=(0.3, 0.65), themes="night|drive|city"),
    Case("dinner with my parents, nothing too loud", energy="-", themes="dinner"),
    Case("angry rap about injustice", energy="+", valence="-", genres="hip hop"),
    Case("acoustic guitar songs around the campfire", energy="-", acousticness="+"),
    Case("songs for my daughter's birthday party", energy="+", valence="+", themes="party"),
    Case("barish ke romantic gaane", energy="-", themes="rain|romance", language="hi"),
    Case("anything but country, upbeat please", energy="+", valence="+", excluded="country"),
    Case("80 bpm lofi beats to study to", energy="-", tempo=(75, 85), genres="lo-fi", themes="study"),
)
"""64 of the 64 fields stated were right: who writes both knows what will be asked."""

AFTER = (
    Case("my boyfriend cheated on me and I want to scream", energy="+", valence="-"),
    Case("tunes for a barbecue with friends", valence="+"),
    Case("gentle background while I paint", energy="-"),
    Case("I need something to keep me awake on a night shift", energy="+"),
    Case("music like a warm hug", energy="-", valence="+"),
    Case("spooky halloween vibes", valence="-"),
    Case("triumphant music, I just won the championship", energy="+", valence="+"),
    Case("सुबह की सैर के लिए मधुर गीत", valence="+", themes="walk|morning", language="hi"),
    Case("gym ke liye dhansu gaane", energy="+", themes="workout", language="hi"),
    Case("dil udaas hai, kuch dheemi dhun sunao", energy="-", valence="-", language="hi"),
    Case("mehendi ki raat ke liye Punjabi songs", valence="+", languages="Punjabi", language="hi"),
    Case("canciones para llorar después de una ruptura", energy="-", valence="-", themes="heartbreak", language="es"),
    Case("algo tranquilo sin voces para estudiar", energy="-", instrumentalness="+", themes="study", language="es"),
    Case("rock en español para conducir de noche", genres="rock", themes="drive|night", languages="Spanish"),
    Case("Musik zum Kochen mit Freunden, gut gelaunt", valence="+", language="de"),
    Case("keine traurigen Lieder, lieber etwas Fröhliches", valence="+", language="de"),
    Case("harter Techno um 140 bpm", energy="+", tempo=(135, 145), genres="techno", language="de"),
    Case("peaceful piano, don't want any singing", energy="-", acousticness="+", instrumentalness="+"),
    Case("old Kishore Kumar style melodies about longing", valence="-"),
    Case("90 to 100 bpm hip hop for skating", tempo=(90, 100), genres="hip hop"),
    Case("nothing depressing, we're celebrating!", energy="+", valence="+", themes="party"),
    Case("aggressive gaming session", energy="+"),
    Case("sunset on the beach with a glass of wine", valence="+", themes="evening|summer"),
    Case("slow dance at prom", energy="-", tempo=(60, 95)),
    Case("feeling empty inside", energy="-", valence="-"),
    Case("upbeat but not electronic", energy="+", valence="+", excluded="electronic"),
)
"""50 of the 63 fields stated were right, 11 of the 13 misses for words that the lexicon had not: the fairer figure."""


@pytest.mark.parametrize("case", [*TEXTS, *BEFORE, *AFTER], ids=lambda case: case.text)
def test_texts_are_read_as_meant(case: Case) -> None:
    stated, misread = wrong(case)
    assert stated
    assert misread == []


@given(st.text() | st.lists(st.sampled_from(sorted({word for phrase in PHRASES for word in phrase}))).map(" ".join))
def test_any_text_has_a_reading(text: str) -> None:
    found = read(text)
    assert found == read(text)
    assert len(found.keywords) <= MOST_KEYWORDS


@pytest.mark.parametrize("text", ["", "   ", "?!", "qwertz xyz", "अआइ", "\ud800", "\N{ZERO WIDTH SPACE}"])
def test_nothing_is_read_into_nothing(text: str) -> None:
    assert read(text) == Reading(Mood(), "easy-going", (), (), (), ())


def test_only_the_beginning_is_read() -> None:
    assert read("la " * LONGEST + "happy").mood == Mood()


@pytest.mark.parametrize(
    "text", ["Fröhlich", "FRÖHLICH", "fro\u0308hlich", "fröh\N{SOFT HYPHEN}lich", "fröhliche", "fröhlichen"]
)
def test_what_looks_the_same_is_read_the_same(text: str) -> None:
    assert read(text).mood == read("fröhlich").mood != Mood()


def test_devanagari_words_keep_their_signs() -> None:
    assert tokens(cleaned("दौड़ने के लिए।")) == ["दौड़ने".replace("ड़", "ड़"), "के", "लिए", "।"]


def test_a_negation_counts_in_its_own_language() -> None:
    assert read("songs about sin and happy people").mood == read("happy").mood
    assert read("canciones sin letra").mood == read("no lyrics").mood


def test_saying_it_twice_is_saying_it_once() -> None:
    assert read("sad sad sad sad party").mood == read("sad party").mood


def test_the_mood_is_named() -> None:
    assert read("sad but hopeful").word == "sad and hopeful"
    assert read("running").word == "euphoric"
    assert read("ambient").word == "calm"


@pytest.mark.parametrize(
    "text",
    [
        "French toast by the window",
        "a walk in the English countryside",
        "I study German",
        "an Indian wedding",
        "not Hindi",
    ],
)
def test_a_language_without_music_beside_it_is_not_that_of_songs(text: str) -> None:
    assert read(text).languages == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("sad songs in Spanish", "Spanish"),
        ("French house for the drive", "French"),
        ("traurige deutsche Lieder", "German"),
        ("canciones tristes en español", "Spanish"),
        ("उदास हिंदी गाने", "Hindi"),
    ],
)
def test_a_language_beside_music_is_that_of_songs(text: str, language: str) -> None:
    assert read(text).languages == (language,)


def test_languages_are_named_in_order() -> None:
    assert read("Tamil and Hindi songs, then more Tamil songs").languages == ("Tamil", "Hindi")
    assert read("flamenco after some k-pop").languages == ("Spanish", "Korean")
    assert read("Punjabi songs, not Hindi").languages == ("Punjabi",)


def test_no_phrase_has_two_meanings() -> None:
    rows = [*CUES, *GENRES, *SUNG, *OCCASIONS, *MOODS, *SOUNDS]
    phrases = [
        (tuple(tokens(cleaned(each))), meaning)
        for meaning, words in rows
        for alternatives in words.values()
        for each in alternatives.split("|")
    ]
    assert len({phrase for phrase, _ in phrases}) == len(set(phrases)) == len(PHRASES)


def test_keywords_say_what_was_understood() -> None:
    assert read("calm acoustic songs for a rainy night").keywords == ("calm", "acoustic", "rain", "night")

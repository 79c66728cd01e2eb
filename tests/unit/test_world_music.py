"""The catalogue of invented music: who is in it, how it is searched, and that it never changes."""

import re
import subprocess
import sys
from collections import Counter
from typing import Final

import pytest

from local_cloud.world import music, music_names
from local_cloud.world.character import Quadrant, quadrant

QUADRANTS: Final[tuple[Quadrant, ...]] = ("excited", "tense", "content", "sad")


def test_every_language_has_artists_of_every_temper() -> None:
    for language, least in (("English", 7), ("Hindi", 7), ("Spanish", 1)):
        own = [artist for artist in music.artists() if artist.language == language]
        tempers = Counter(quadrant(artist.energy, artist.valence) for artist in own)
        assert all(tempers[each] >= least for each in QUADRANTS), tempers
        assert tempers[None], "none in between"
        assert Counter(artist.language for artist in music.artists())[language] == 5 * least + (5 if least > 1 else 3)


def test_an_artist_has_six_to_ten_songs_most_of_its_own_temper() -> None:
    for artist in music.artists():
        assert 6 <= len(artist.songs) <= 10
        assert len({song.title for song in artist.songs}) == len(artist.songs)
        assert [song.popularity for song in artist.songs] == sorted(
            (song.popularity for song in artist.songs), reverse=True
        )
    near = [
        abs(song.character.energy - song.artist.energy) < 0.1
        and abs(song.character.valence - song.artist.valence) < 0.1
        for song in music.songs()
    ]
    assert 0.8 < sum(near) / len(near) < 0.97


def test_isrcs_are_of_valid_form_and_of_no_country() -> None:
    codes = [song.isrc for song in music.songs()]
    assert all(re.fullmatch(r"XX[A-Z0-9]{3}\d{7}", code) for code in codes)
    assert len(set(codes)) == len(codes)


def test_mode_and_tempo_follow_valence_and_energy() -> None:
    told = {each: [song.character for song in music.songs() if song.character.quadrant == each] for each in QUADRANTS}
    assert {c.mode for each in ("excited", "content") for c in told[each]} == {"major"}
    assert {c.mode for each in ("tense", "sad") for c in told[each]} == {"minor"}
    mean = {each: sum(c.tempo for c in told[each]) / len(told[each]) for each in QUADRANTS}
    assert mean["sad"] < mean["tense"] < mean["content"] < mean["excited"]


@pytest.mark.parametrize("place", range(0, 40, 7))
def test_a_hindi_artist_is_found_in_either_script(place: int) -> None:
    latin, devanagari = music_names.artists("Hindi")[place]
    by_latin, by_devanagari = music.found_artists(latin.upper()), music.found_artists(devanagari)
    assert by_latin == by_devanagari
    assert by_latin[0].name in (latin, devanagari)


def test_some_hindi_artists_are_listed_in_their_own_letters() -> None:
    listed = [artist.name.isascii() for artist in music.artists() if artist.language == "Hindi"]
    assert listed.count(False) == 10


def test_a_search_wants_every_word_and_puts_the_popular_first() -> None:
    artist = music.artists()[0]
    assert music.found_artists(f"{artist.name} nobody") == []
    assert music.found_artists("") == []
    assert music.found_songs() == []
    found = music.found_songs(artist=artist.name)
    assert found == artist.songs
    one = found[3]
    assert one in music.found_songs(f"{one.title} {artist.name}")
    assert music.found_songs(artist=artist.name, title="no such title") == []


def test_accents_do_not_matter_but_vowels_of_devanagari_do() -> None:
    assert music.fold("JARDÍN, de—Papel") == "jardin de papel"
    assert music.fold("ज़िरवान") == music.fold("जिरवान") != music.fold("जरवन")


def test_those_nearest_come_first() -> None:
    first, *_, last = music.nearest("hindi", 0.9, 0.9)
    assert quadrant(first.energy, first.valence) == "excited"
    assert quadrant(last.energy, last.valence) == "sad"
    assert first.language == "Hindi"
    assert music.nearest("Klingon", 0.5, 0.5) == []


def test_every_process_makes_the_same() -> None:
    code = "from local_cloud.world import music; "
    code += "print([(s.title, s.isrc, s.character.tempo, s.popularity) for s in music.songs()[::50]])"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    own = [(s.title, s.isrc, s.character.tempo, s.popularity) for s in music.songs()[::50]]
    assert other.strip() == str(own)

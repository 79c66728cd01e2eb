"""The music of the sample world: about ninety artists and seven hundred songs, all invented (see `music_names`).

Made from a seed, the same in every process. An artist has a manner, a point of energy and valence, and most of its
songs are near it; one in eight is of another temper, as real ones are. What a song is like is its `character`, from
which its preview is played: the truth that a ranking can be held against.
"""

import math
import random
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from local_cloud.world import music_names
from local_cloud.world.character import SLOWEST, Character, quadrant

SEED: Final = 6
LANGUAGES: Final = ("English", "Hindi", "Spanish")
QUADRANTS: Final = ((0.8, 0.8), (0.8, 0.2), (0.2, 0.8), (0.2, 0.2), (0.5, 0.5))
"""Energy and valence around which every fifth artist's manner lies."""
ASTRAY: Final = 0.12
"""The share of an artist's songs that are not of its manner."""
SILENT: Final = 0.05
"""The share of songs of which catalogues have no preview."""
NEWEST: Final = 2026


PREVIEWS: Final = "https://previews.sample.example"
"""Where previews lie: a public name, since functions fetch from no other; deployments have a mirror of it."""


@dataclass(frozen=True, eq=False, slots=True)
class Song:
    """A song; `number` counts all songs from 0, `position` those of its album from 1; `popularity` is from 0 to 1."""

    number: int
    title: str
    position: int
    isrc: str
    duration: int
    explicit: bool
    popularity: float
    audible: bool
    """Whether there is a preview."""
    character: Character
    artist: "Artist" = field(repr=False)
    album: "Album" = field(repr=False)


@dataclass(frozen=True, eq=False, slots=True)
class Album:
    """A record; `date` is that of its release, YYYY-MM-DD."""

    number: int
    title: str
    date: str
    artist: "Artist" = field(repr=False)
    songs: list[Song] = field(default_factory=list, repr=False)

    @property
    def kind(self) -> str:
        """As catalogues have it: single, ep or album."""
        return "single" if len(self.songs) < 3 else "ep" if len(self.songs) < 5 else "album"


@dataclass(frozen=True, eq=False, slots=True)
class Artist:
    """An artist; `name` is how catalogues list it, `spellings` how it may be written, in Latin letters first."""

    number: int
    name: str
    spellings: tuple[str, ...]
    language: str
    genre: str
    energy: float
    valence: float
    fans: int
    albums: list[Album] = field(default_factory=list, repr=False)

    @property
    def songs(self) -> list[Song]:
        """All of them, the most popular first."""
        return sorted((song for album in self.albums for song in album.songs), key=lambda song: -song.popularity)

    @property
    def recent(self) -> list[Album]:
        """Its albums, the newest first."""
        return sorted(self.albums, key=lambda album: album.date, reverse=True)


@lru_cache(maxsize=1)
def artists() -> tuple[Artist, ...]:
    """Everybody in the catalogue."""
    rng = random.Random(SEED)
    made: list[Artist] = []
    songs, albums = _Numbers(), _Numbers()
    for language in LANGUAGES:
        for place, spelt in enumerate(music_names.artists(language)):
            artist = _artist(rng, len(made), place, language, spelt)
            _record(rng, artist, albums, songs)
            made.append(artist)
    return tuple(made)


@lru_cache(maxsize=1)
def songs() -> tuple[Song, ...]:
    """Every song, by its number."""
    return tuple(sorted((song for artist in artists() for song in artist.songs), key=lambda song: song.number))


@lru_cache(maxsize=1)
def albums() -> tuple[Album, ...]:
    """Every album, by its number."""
    return tuple(sorted((album for artist in artists() for album in artist.albums), key=lambda album: album.number))


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """A text as it is searched for: in small letters, without accents and what is no letter."""
    bare = (each for each in unicodedata.normalize("NFKD", text.casefold()) if not _accent(each))
    return " ".join("".join(each if unicodedata.category(each)[0] in "LMN" else " " for each in bare).split())


def found_artists(query: str) -> list[Artist]:
    """Artists of whose spellings one holds every word asked for: those of just that name first, then the known ones."""
    wanted = fold(query)
    return sorted(
        (artist for artist in artists() if _holds(map(fold, artist.spellings), wanted)),
        key=lambda artist: (wanted not in map(fold, artist.spellings), -artist.fans),
    )


def found_songs(query: str = "", artist: str = "", title: str = "", album: str = "") -> list[Song]:
    """Songs that hold every word asked for, in the field asked for or in any; the popular ones first."""

    def fits(song: Song) -> bool:
        names, records = tuple(song.artist.spellings), (song.album.title,)
        asked = ((artist, names), (title, (song.title,)), (album, records))
        anywhere = (" ".join((song.title, *names, *records)),)
        return all(not text or _holds(map(fold, among), fold(text)) for text, among in (*asked, (query, anywhere)))

    return sorted(filter(fits, songs()), key=lambda song: -song.popularity) if query or artist or title or album else []


def nearest(language: str, energy: float, valence: float) -> list[Artist]:
    """The artists of a language, those first whose manner is nearest to a point."""
    own = [artist for artist in artists() if artist.language.casefold() == language.casefold()]
    return sorted(own, key=lambda artist: math.dist((artist.energy, artist.valence), (energy, valence)))


class _Numbers:
    """Counts from 0."""

    def __init__(self) -> None:
        self.next = 0

    def take(self) -> int:
        self.next += 1
        return self.next - 1


def _accent(letter: str) -> bool:
    """Whether it is a mark on a Latin letter, or the dot under a Devanagari one; vowel signs are none."""
    return 0x300 <= ord(letter) < 0x370 or letter == "\u093c"


def _holds(texts: Iterable[str], wanted: str) -> bool:
    return bool(wanted) and any(set(wanted.split()) <= set(text.split()) for text in texts)


def _artist(rng: random.Random, number: int, place: int, language: str, spelt: music_names.Spelt) -> Artist:
    energy, valence = (_near(rng, middle, 0.12) for middle in QUADRANTS[place % len(QUADRANTS)])
    listed = spelt[1] if place % 4 == 3 else spelt[0]
    return Artist(
        number,
        listed,
        tuple(dict.fromkeys(spelt)),
        language,
        music_names.GENRES[language][quadrant(energy, valence)],
        energy,
        valence,
        fans=round(10 ** rng.uniform(3.5, 6.5)),
    )


def _record(rng: random.Random, artist: Artist, albums: _Numbers, songs: _Numbers) -> None:
    """Give an artist two to four albums with six to ten songs in all."""
    titles = rng.sample(music_names.titles(artist.language), 14)
    own_letters = int(artist.name != artist.spellings[0])
    count, total = rng.randint(2, 4), rng.randint(6, 10)
    years = sorted(rng.sample(range(NEWEST - 16, NEWEST + 1), count))
    for place, year in enumerate(years):
        date = f"{year}-{rng.randint(1, 10):02}-{rng.randint(1, 28):02}"
        album = Album(albums.take(), titles.pop()[own_letters], date, artist)
        for position in range(1, len(range(place, total, count)) + 1):
            album.songs.append(_song(rng, songs.take(), titles.pop()[own_letters], position, album))
        artist.albums.append(album)


def _song(rng: random.Random, number: int, title: str, position: int, album: Album) -> Song:
    artist = album.artist
    character = _character(rng, artist.energy, artist.valence)
    fame = math.log10(artist.fans) / 7
    return Song(
        number=number,
        title=title,
        position=position,
        isrc=f"XXS4M{album.date[2:4]}{number:05}",  # XX is no country's code
        duration=rng.randint(140, 320),
        explicit=rng.random() < (0.4 if character.quadrant == "tense" else 0.08),
        popularity=round(min(1.0, max(0.02, rng.gauss(fame, 0.12))), 3),
        audible=rng.random() >= SILENT,
        character=character,
        artist=artist,
        album=album,
    )


def _character(rng: random.Random, energy: float, valence: float) -> Character:
    if rng.random() < ASTRAY:
        energy, valence = rng.choice(QUADRANTS[:4])
    energy, valence = _near(rng, energy, 0.07), _near(rng, valence, 0.07)
    pace = 0.5 * energy + 0.95 * valence + rng.uniform(-0.08, 0.08)
    return Character(
        tempo=round(SLOWEST * 2**pace, 1),
        energy=energy,
        valence=valence,
        mode="major" if valence >= 0.5 else "minor",
        tonic=rng.randrange(12),
        acoustic=rng.random() < (0.7 if energy < 0.4 else 0.1),
    )


def _near(rng: random.Random, middle: float, reach: float) -> float:
    return round(min(0.97, max(0.03, middle + rng.uniform(-reach, reach))), 3)


def by_number[Item: (Song, Album, Artist)](items: Sequence[Item], identity: int, first: int) -> Item | None:
    """The item of a catalogue whose identities begin at `first`."""
    return items[identity - first] if 0 <= identity - first < len(items) else None

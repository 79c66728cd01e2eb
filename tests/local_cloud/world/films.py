"""The films of the sample world: real films as plain facts, one a line in films.json.

Where the facts come from
-------------------------
Ids of films up to 2016 were checked against MovieLens' `links.csv` (https://grouplens.org/datasets/movielens/), which
ties IMDb's numbers to those of The Movie Database, and later ones against published copies of TMDb's records where
these hold the film; so were release dates, runtimes and genres. The rest (directors, casts, countries, age ratings of
MPA and FSK) is common knowledge; a rating that could not be told for certain is absent. Overviews are this project's
own words.

Some things are the sample world's, not TMDb's: `vote_average` and `vote_count` are rounded snapshots, `popularity`
follows from the votes (the real one changes daily), keyword and person ids are made from their names, above 900,000,
and poster paths lead to invented posters, which only the sample world has.

This product uses the TMDB API but is not endorsed or certified by TMDB.
"""

import json
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final
from zlib import crc32

GENRES: Final[dict[int, str]] = {
    28: "Action",
    12: "Adventure",
    16: "Animation",
    35: "Comedy",
    80: "Crime",
    99: "Documentary",
    18: "Drama",
    10751: "Family",
    14: "Fantasy",
    36: "History",
    27: "Horror",
    10402: "Music",
    9648: "Mystery",
    10749: "Romance",
    878: "Science Fiction",
    10770: "TV Movie",
    53: "Thriller",
    10752: "War",
    37: "Western",
}
"""Source: https://developer.themoviedb.org/reference/genre-movie-list"""

GERMAN_GENRES: Final[dict[str, str]] = {
    "Action": "Action",
    "Adventure": "Abenteuer",
    "Animation": "Animation",
    "Comedy": "Komödie",
    "Crime": "Krimi",
    "Documentary": "Dokumentarfilm",
    "Drama": "Drama",
    "Family": "Familie",
    "Fantasy": "Fantasy",
    "History": "Historie",
    "Horror": "Horror",
    "Music": "Musik",
    "Mystery": "Mystery",
    "Romance": "Liebesfilm",
    "Science Fiction": "Science Fiction",
    "TV Movie": "TV-Film",
    "Thriller": "Thriller",
    "War": "Kriegsfilm",
    "Western": "Western",
}
LISTS: Final = ("genres", "countries", "directors", "cast", "keywords")


@dataclass(frozen=True, slots=True)
class Film:
    """One film. `release_date` is ISO 8601, `runtime` minutes, `original_language` ISO 639-1, `countries` ISO 3166-1.

    `certification` maps a country to its age rating; a country without an entry has no known one.
    """

    tmdb_id: int
    title: str
    release_date: str
    genres: tuple[int, ...]
    runtime: int
    original_language: str
    countries: tuple[str, ...]
    directors: tuple[str, ...]
    cast: tuple[str, ...]
    keywords: tuple[str, ...]
    vote_average: float
    vote_count: int
    popularity: float
    certification: dict[str, str]
    overview: str
    original_title: str
    collection: dict[str, Any] | None = None
    genre_set: frozenset[int] = field(init=False)
    keyword_ids: frozenset[int] = field(init=False)
    words: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Derive what filters and searches ask for, once."""
        object.__setattr__(self, "genre_set", frozenset(self.genres))
        object.__setattr__(self, "keyword_ids", frozenset(map(sample_id, self.keywords)))
        object.__setattr__(self, "words", frozenset((fold(self.title) + " " + fold(self.original_title)).split()))

    @property
    def poster_path(self) -> str:
        """A path in TMDb's form; the sample world has a picture there, see `of_poster`."""
        return f"/sample-{self.tmdb_id}.jpg"

    @property
    def year(self) -> int:
        """The year of the first release."""
        return int(self.release_date[:4])

    @property
    def fit_for_children(self) -> bool:
        """Rated for the youngest wherever a rating is known, and known somewhere."""
        return bool(self.certification) and all(
            rating in {"G", "PG", "0", "6"} for rating in self.certification.values()
        )


def sample_id(name: str) -> int:
    """A made-up, stable number for a keyword or person, above every number TMDb gives such a name here."""
    return 900_000 + crc32(name.casefold().encode()) % 90_000_000


def fold(text: str) -> str:
    """Lower case, without accents and punctuation, words parted by one blank: how titles are compared."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


@cache
def load() -> tuple[Film, ...]:
    """Every film, in the order of the file."""
    rows = json.loads((files(__package__) / "films.json").read_text(encoding="utf-8"))
    return tuple(_film(row) for row in rows)


@cache
def by_id() -> dict[int, Film]:
    """Every film by its TMDb id."""
    return {film.tmdb_id: film for film in load()}


def of_poster(path: str) -> Film | None:
    """The film whose `poster_path` ends a path such as "t/p/w500/sample-603.jpg"."""
    found = re.search(r"/sample-(\d+)\.jpg$", f"/{path}")
    return by_id().get(int(found[1])) if found else None


def _film(row: dict[str, Any]) -> Film:
    lists: dict[str, Any] = {name: tuple(row[name]) for name in LISTS}
    return Film(**({"original_title": row["title"]} | row | lists))

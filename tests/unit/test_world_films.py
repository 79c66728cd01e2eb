"""The sample films: enough of them, of every kind, and true to TMDb's forms."""

from collections import Counter
from datetime import date
from itertools import combinations

import pytest

from local_cloud.world.films import GENRES, by_id, fold, load, of_poster
from local_cloud.world.offers import KINDS, REGIONS, SERVICES, offers, regions_of


def test_there_are_enough_films_of_every_kind() -> None:
    films = load()
    assert len(films) >= 170
    assert len(by_id()) == len(films)
    assert {genre for film in films for genre in film.genres} == set(GENRES)
    assert {"en", "de", "fr", "ja", "es", "ko", "hi", "it"} <= {film.original_language for film in films}
    assert {film.year // 10 for film in films} == set(range(192, 203))
    assert sum(film.fit_for_children for film in films) >= 25
    assert sum("DE" in film.countries for film in films) >= 20


def test_franchises_and_directors_could_flood_a_list() -> None:
    franchises = Counter(film.collection["id"] for film in load() if film.collection)
    directors = Counter(name for film in load() for name in film.directors)
    assert sum(count >= 3 for count in franchises.values()) >= 5
    assert sum(count >= 3 for count in directors.values()) >= 10


@pytest.mark.parametrize("pair", list(combinations((35, 10749, 53, 878, 18, 28, 12), 2)))
def test_a_wish_for_two_common_genres_finds_three_films(pair: tuple[int, int]) -> None:
    assert sum(set(pair) <= film.genre_set for film in load()) >= 3


def test_every_film_is_well_formed() -> None:
    for film in load():
        assert date.fromisoformat(film.release_date) <= date(2026, 12, 31), film.title
        assert film.genres, film.title
        assert set(film.genres) <= set(GENRES), film.title
        assert len(film.genre_set) == len(film.genres), film.title
        assert 20 <= film.runtime <= 240, film.title
        assert 1 <= film.vote_average <= 10, film.title
        assert film.vote_count > 0, film.title
        assert film.directors, film.title
        assert len(film.cast) <= 3, film.title
        assert len(film.original_language) == 2, film.title
        assert all(len(country) == 2 and country.isupper() for country in film.countries), film.title
        assert set(film.certification) <= {"US", "DE"}, film.title
        assert film.overview.endswith((".", "!", "?")), film.title
        assert of_poster(f"t/p/w500{film.poster_path}") is film, film.title


@pytest.mark.parametrize("path", ["sample-0.jpg", "t/p/w500/other-603.jpg", "t/p/sample-603.jpg/x", ""])
def test_a_poster_of_no_film_is_nobodys(path: str) -> None:
    assert of_poster(path) is None


def test_keyword_numbers_do_not_collide() -> None:
    names = {name for film in load() for name in film.keywords}
    assert len({number for film in load() for number in film.keyword_ids}) == len(names)


def test_titles_are_compared_without_accents_and_punctuation() -> None:
    assert fold("Amélie!  (2001)") == "amelie 2001"


def test_services_are_invented_and_say_so() -> None:
    assert all("sample" in service.name.lower() and service.provider_id >= 90_000 for service in SERVICES)
    assert len({service.provider_id for service in SERVICES}) == len(SERVICES)


def test_offers_differ_between_films_and_regions_and_some_films_have_none() -> None:
    everywhere = {film.tmdb_id: regions_of(film.tmdb_id) for film in load()}
    assert any(not found for found in everywhere.values())
    assert any(found and set(found) < set(REGIONS) for found in everywhere.values())
    for region in REGIONS:
        assert {kind for film in load() for kind in offers(film.tmdb_id, region)} == set(KINDS)

"""What the catalogues share: names, titles, and reading what may be missing."""

import asyncio
import math
from typing import Any

import pytest

from fanfare.aio import Failure
from fanfare.cache import Store, registry
from fanfare.errors import NotFound, UpstreamError, UpstreamRejected
from fanfare.upstreams import deezer, itunes, spotify
from fanfare.upstreams.catalogue import ArtistIds, ArtistSongs, Song, distinct, name_key, number, rows, text, year
from support.fakes import FakeShared


def song(name: str, title: str = "Title") -> Song:
    return Song(id=f"fake:{name}", title=title, artist=name, artist_id="fake:1", album="")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Beyoncé", "BEYONCE"),
        ("Beyonce\u0301", "Beyoncé"),
        ("Simon & Garfunkel", "simon and garfunkel"),
        ("Florence + The Machine", "Florence and the Machine"),
        ("A.R. Rahman", "A R Rahman"),
        ("अरिजीत सिंह", " अरिजीत  सिंह"),
        ("ज़ैन", "जैन"),
        ("Straße", "STRASSE"),
        ("AC/DC", "acdc"),
    ],
)
def test_spellings_of_one_name_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("राम", "रम"),  # a vowel sign
        ("सिंह", "सह"),
        ("かき", "がき"),  # a voicing mark
        ("!!!", "???"),  # both of nothing but signs
        ("Air", "Aire"),
    ],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_of_songs_with_one_title_the_first_stays() -> None:
    songs = [song("a", "Get Lucky"), song("b", "get lucky"), song("c", "Get Lucky (Radio Edit)")]
    assert distinct(songs) == [songs[0], songs[2]]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("1997-01-20", 1997),
        ("2005", 2005),
        ("2024-09-13T07:00:00Z", 2024),
        ("0000-00-00", None),
        ("", None),
        ("²⁰²⁴", None),
    ],
)
def test_a_year_is_read_from_what_begins_with_one(date: str, expected: int | None) -> None:
    assert year(date) == expected


@pytest.mark.parametrize("value", [None, "12", -1, math.nan, math.inf, [], {}])
def test_what_is_no_number_is_zero(value: Any) -> None:
    assert number({"x": value}, "x") == 0.0


@pytest.mark.parametrize("value", [None, 3, ["a"], {}])
def test_what_is_no_text_is_empty(value: Any) -> None:
    assert text({"x": value}, "x") == ""


@pytest.mark.parametrize("page", [None, [], "x", {}, {"data": None}, {"data": {"0": {}}}, {"data": "abc"}])
def test_an_answer_without_its_list_is_rejected(page: Any) -> None:
    with pytest.raises(UpstreamRejected):
        rows("fake", page, "data")


def test_of_a_list_only_the_objects_are_read() -> None:
    assert rows("fake", {"data": [None, 3, {"id": 1}, "x", []]}, "data") == [{"id": 1}]


class FakeFind:
    """Knows every artist but "nobody"; "broken" fails."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def __call__(self, artist: str, limit: int) -> list[Song]:
        self.calls.append(artist)
        if artist == "broken":
            raise UpstreamError("fake", "down")
        if artist == "nobody":
            raise NotFound("no such artist")
        return [song(artist, f"Title {number}") for number in range(limit + 3)] if artist != "silent" else []


def test_failures_stand_in_their_places_and_the_unknown_have_no_songs() -> None:
    async def scenario() -> list[list[Song] | Failure]:
        songs = ArtistSongs(Store(), registry.TOP_TRACKS, "fake", FakeFind())
        return await songs.get(["a", "broken", "nobody", "silent", "b"], 2)

    a, broken, nobody, silent, b = asyncio.run(scenario())
    assert a == [song("a", "Title 0"), song("a", "Title 1")]
    assert isinstance(broken, Failure)
    assert isinstance(broken.error, UpstreamError)
    assert nobody == silent == []
    assert isinstance(b, list)


def test_only_what_is_missing_is_fetched_and_that_nobody_knows_it_is_remembered() -> None:
    async def scenario() -> list[str]:
        find, shared = FakeFind(), FakeShared()
        here, there = Store(shared=shared), Store(shared=shared)
        songs = ArtistSongs(here, registry.TOP_TRACKS, "fake", find)
        before = await songs.get(["Beyoncé", "nobody", "silent"], 2)
        await here.flush()
        shared.calls.clear()
        elsewhere = ArtistSongs(there, registry.TOP_TRACKS, "fake", find)
        assert await elsewhere.get(["BEYONCE", "Nobody", "silent"], 2) == before
        assert shared.calls == ["get_many"]
        assert await songs.get([], 2) == []
        await songs.get(["beyonce", "new", "broken"], 2)
        await songs.get(["beyonce"], 3)
        await songs.get(["broken"], 2)
        return find.calls

    assert asyncio.run(scenario()) == ["Beyoncé", "nobody", "silent", "new", "broken", "beyonce", "broken"]


def test_a_stale_entry_is_made_anew_by_the_catalogue_it_came_from() -> None:
    async def scenario() -> tuple[list[str], list[str]]:
        store, one, other = Store(), FakeFind(), FakeFind()
        ArtistSongs(store, registry.TOP_TRACKS, "one", one)
        ArtistSongs(store, registry.TOP_TRACKS, "other", other)
        await store.refresh("top_tracks.one", ("Beyoncé", 2))
        return one.calls, other.calls

    assert asyncio.run(scenario()) == (["Beyoncé"], [])


def test_an_id_that_is_learnt_is_not_asked_for() -> None:
    async def find(artist: str) -> int:
        raise AssertionError(artist)

    async def scenario() -> tuple[Any, Any, Any]:
        ids = ArtistIds(Store(), registry.ARTIST_IDS, "fake", find)
        await ids.learn("Beyoncé", 145)
        return await ids.get("Beyonce"), await ids.recall("BEYONCÉ"), await ids.recall("nobody")

    assert asyncio.run(scenario()) == (145, 145, None)


def test_each_catalogue_has_caches_of_its_own() -> None:
    async def scenario() -> list[str]:
        store = Store()
        api: Any = None
        deezer.Deezer(api, store)
        itunes.Itunes(api, store, country="US")
        spotify.Spotify(api, store)
        return [policy.name for policy in store.policies()]

    names = asyncio.run(scenario())
    assert len(names) == len(set(names)) == 10
    assert {"top_tracks.deezer", "top_tracks.itunes", "top_tracks.spotify"} <= set(names)

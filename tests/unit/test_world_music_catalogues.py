"""The sample catalogues over real HTTP, in the shapes of Deezer and of the iTunes Search API, and how they go wrong."""

import json
import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

import httpx2
import pytest

from local_cloud.world import deezer, itunes, music
from support.servers import sample_world

ARTIST = music.artists()[0]
DEEZER = deezer.FIRST_ARTIST + ARTIST.number
APPLE = itunes.FIRST_ARTIST + ARTIST.number
QUOTA = {"error": {"type": "Exception", "message": "Quota limit exceeded", "code": 4}}


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with sample_world() as url:
        yield url


@pytest.fixture
def world(base_url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=base_url, timeout=5) as client:
        client.delete("/_world/behaviour")
        client.delete("/_world/calls")
        yield client


def behave(world: httpx2.Client, endpoint: str, **members: Any) -> None:
    assert world.put("/_world/behaviour", json={endpoint: members}).status_code == 204


def page(world: httpx2.Client, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """What a list of Deezer's holds."""
    answer = world.get(f"/deezer/{path}", params=parameters)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def results(world: httpx2.Client, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """What an answer of Apple's holds."""
    answer = world.get(f"/itunes/{path}", params=parameters)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.text.startswith("\n\n\n{")
    told = json.loads(answer.text)
    assert told["resultCount"] == len(told["results"])
    found: list[dict[str, Any]] = told["results"]
    return found


def test_a_search_by_artist_brings_its_songs(world: httpx2.Client) -> None:
    found = page(world, "search", q=f'artist:"{ARTIST.name}"', limit=3)
    assert [each["isrc"] for each in found] == [song.isrc for song in ARTIST.songs[:3]]
    assert {each["artist"]["id"] for each in found} == {DEEZER}
    first, song = found[0], ARTIST.songs[0]
    assert (first["title"], first["duration"], first["explicit_lyrics"]) == (song.title, song.duration, song.explicit)
    assert first["album"]["title"] == song.album.title
    assert first["rank"] == pytest.approx(song.popularity * 1e6)
    assert "bpm" not in first
    assert page(world, "search", q=ARTIST.name, limit=3) == found
    assert page(world, "search", q='artist:"Nobody Known"') == []


def test_pages_go_on_where_the_last_one_ended(world: httpx2.Client) -> None:
    pages, url = [], f"/deezer/artist/{DEEZER}/top?limit=4"
    while url:
        answer = world.get(url).json()
        pages.append([each["id"] for each in answer["data"]])
        url = answer.get("next", "")
    assert list(chain(*pages)) == [deezer.FIRST_SONG + song.number for song in ARTIST.songs]
    assert len(pages[0]) == 4
    assert answer["total"] == len(ARTIST.songs)
    assert len(page(world, f"artist/{DEEZER}/top")) == 5


def test_from_the_artist_to_the_songs_of_the_latest_album(world: httpx2.Client) -> None:
    found = page(world, "search/artist", q=ARTIST.name.upper())[0]
    assert (found["id"], found["name"], found["nb_fan"]) == (DEEZER, ARTIST.name, ARTIST.fans)
    albums = page(world, f"artist/{found['id']}/albums")
    assert [each["release_date"] for each in albums] == sorted((a.date for a in ARTIST.albums), reverse=True)
    assert {each["record_type"] for each in albums} <= {"album", "ep", "single"}
    tracks = page(world, f"album/{albums[0]['id']}/tracks")
    assert [each["isrc"] for each in tracks] == [song.isrc for song in ARTIST.recent[0].songs]
    assert "album" not in tracks[0]
    whole = world.get(f"/deezer/track/{tracks[0]['id']}").json()
    assert whole == world.get(f"/deezer/track/isrc:{tracks[0]['isrc'].lower()}").json()
    assert whole["release_date"] == albums[0]["release_date"]


def test_the_tempo_is_told_sometimes(world: httpx2.Client) -> None:
    silent = next(song for song in music.songs() if song.number % 3 == 0)
    octave = next(song for song in music.songs() if song.number % 3 and song.number % 10 == 1)
    right = next(song for song in music.songs() if song.number % 3 and song.number % 10 != 1)
    told = [
        world.get(f"/deezer/track/{deezer.FIRST_SONG + song.number}").json()["bpm"] for song in (silent, octave, right)
    ]
    assert told[0] == 0
    assert told[1] / octave.character.tempo == pytest.approx(2 if octave.character.tempo < 110 else 0.5, rel=0.01)
    assert told[2] == right.character.tempo


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("track/1", 800),
        ("track/isrc:NO", 800),
        ("artist/1/top", 800),
        ("album/1/tracks", 800),
        ("search", 501),
        ("search/artist?q=", 501),
        ("nothing", 600),
    ],
)
def test_deezer_tells_of_errors_with_status_200(world: httpx2.Client, path: str, code: int) -> None:
    answer = world.get(f"/deezer/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, code)


def test_a_search_by_field_can_find_nothing(world: httpx2.Client) -> None:
    behave(world, "deezer.search", fields=False)
    assert page(world, "search", q=f'artist:"{ARTIST.name}"') == []
    assert page(world, "search", q=ARTIST.name)


def test_apple_searches_songs_albums_and_artists(world: httpx2.Client) -> None:
    songs = results(world, "search", term=ARTIST.name, entity="song", attribute="artistTerm", limit=4)
    assert [each["trackName"] for each in songs] == [song.title for song in ARTIST.songs[:4]]
    assert {each["wrapperType"] for each in songs} == {"track"}
    assert not any("isrc" in json.dumps(each).casefold() for each in songs if "previewUrl" not in each)
    assert songs[0]["trackTimeMillis"] // 1000 == ARTIST.songs[0].duration
    albums = results(world, "search", term=ARTIST.name, entity="album")
    assert {each["collectionName"] for each in albums} == {album.title for album in ARTIST.albums}
    artists = results(world, "search", term=ARTIST.name, entity="musicArtist")
    assert [each["artistId"] for each in artists] == [APPLE]
    assert results(world, "search", term="nobody known") == []


def test_apple_looks_up_several_artists_at_once(world: httpx2.Client) -> None:
    other = music.artists()[50]
    ids = f"{APPLE},{itunes.FIRST_ARTIST + other.number},1"
    found = results(world, "lookup", id=ids, entity="song", limit=2)
    assert [each["wrapperType"] for each in found] == ["artist", "track", "track"] * 2
    assert [each["artistName"] for each in found] == [ARTIST.name] * 3 + [other.name] * 3
    recent = results(world, "lookup", id=str(APPLE), entity="song", limit=50, sort="recent")[1:]
    dates = [each["releaseDate"] for each in recent]
    assert dates == sorted(dates, reverse=True)
    assert len(dates) == len(ARTIST.songs)
    albums = results(world, "lookup", id=str(APPLE), entity="album")
    assert {each["collectionType"] for each in albums[1:]} == {"Album"}
    tracks = results(world, "lookup", id=str(albums[1]["collectionId"]), entity="song")
    assert [each["trackNumber"] for each in tracks[1:]] == list(range(1, albums[1]["trackCount"] + 1))
    assert [each["trackName"] for each in results(world, "lookup", isrc=ARTIST.songs[0].isrc)] == [
        ARTIST.songs[0].title
    ]


@pytest.mark.parametrize("query", ["search?term=a&entity=ebook", "lookup?id=x", "lookup?id=1&entity=movie"])
def test_apple_refuses_what_it_does_not_know(world: httpx2.Client, query: str) -> None:
    answer = world.get(f"/itunes/{query}")
    assert (answer.status_code, list(answer.json())) == (400, ["errorMessage", "queryParameters"])


def test_both_have_the_same_preview_and_only_deezers_expires(world: httpx2.Client) -> None:
    song = next(song for song in ARTIST.songs if song.audible)
    signed = world.get(f"/deezer/track/{deezer.FIRST_SONG + song.number}").json()["preview"]
    plain = results(world, "lookup", id=str(itunes.FIRST_SONG + song.number))[0]["previewUrl"]
    assert {url.partition("/previews/")[0] for url in (signed, plain)} == {music.PREVIEWS}
    signed, plain = signed.removeprefix(music.PREVIEWS), plain.removeprefix(music.PREVIEWS)
    first, second = world.get(signed), world.get(plain)
    assert (first.status_code, first.headers["content-type"]) == (200, "audio/mpeg")
    assert first.content == second.content
    assert len(first.content) > 100_000
    later = str(int(time.time()) + deezer.PREVIEW_SECONDS)
    assert signed.split("exp=")[1][:8] == later[:8]
    old = signed.replace(f"exp={signed.split('exp=')[1].split('~')[0]}", "exp=1700000000")
    assert [world.get(url).status_code for url in (old, signed.partition("?")[0])] == [403, 403]
    assert world.get("/_world/calls").json()["previews.get"] == 4


def test_some_songs_have_no_preview(world: httpx2.Client) -> None:
    song = next(song for song in music.songs() if not song.audible)
    assert world.get(f"/deezer/track/{deezer.FIRST_SONG + song.number}").json()["preview"] == ""
    assert "previewUrl" not in results(world, "lookup", id=str(itunes.FIRST_SONG + song.number))[0]
    assert world.get(f"/previews/itunes/{song.isrc}.mp3").status_code == 404
    assert 0.02 < sum(not each.audible for each in music.songs()) / len(music.songs()) < 0.09


def test_they_go_wrong_in_their_own_words(world: httpx2.Client) -> None:
    behave(world, "deezer", status=429)
    answers = [world.get(f"/deezer/{path}") for path in (f"search?q={ARTIST.name}", f"artist/{DEEZER}/top", "track/1")]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, QUOTA)] * 3
    assert results(world, "search", term=ARTIST.name)
    behave(world, "deezer.search", status=503)
    assert world.get("/deezer/search?q=x").json()["error"]["code"] == 700
    behave(world, "deezer.search", status=502)
    assert world.get("/deezer/search?q=x").status_code == 502
    behave(world, "itunes", status=403)
    behave(world, "previews", status=404)
    refused = world.get("/itunes/lookup?id=1")
    assert (refused.status_code, refused.content) == (403, b"")
    assert world.get(f"/previews/itunes/{ARTIST.songs[0].isrc}.mp3").status_code == 404


def test_a_quota_is_of_the_whole_catalogue(world: httpx2.Client) -> None:
    behave(world, "deezer", quota=[3, 60])
    paths = [f"search?q={ARTIST.name}", f"artist/{DEEZER}/top", f"artist/{DEEZER}/albums", f"artist/{DEEZER}/top"]
    answers = [world.get(f"/deezer/{path}").json() for path in paths]
    assert ["error" in answer for answer in answers] == [False, False, False, True]
    assert answers[-1] == QUOTA
    behave(world, "itunes", quota=[0, 60])
    assert world.get("/itunes/lookup?id=1").status_code == 429
    behave(world, "deezer", quota=[1, 0.05])
    time.sleep(0.06)
    assert "data" in world.get(f"/deezer/artist/{DEEZER}/top").json()
    world.delete("/_world/behaviour")
    assert all("data" in world.get(f"/deezer/artist/{DEEZER}/top").json() for _ in range(5))


def test_calls_are_counted_by_endpoint(world: httpx2.Client) -> None:
    for path in ("deezer/search?q=a", "deezer/search/artist?q=a", "deezer/track/1", "itunes/search?term=a"):
        world.get(f"/{path}")
    assert world.get("/_world/calls").json() == {"deezer.search": 2, "deezer.track": 1, "itunes.search": 1}


@pytest.mark.parametrize(
    ("endpoint", "members"),
    [
        ("previews.get", {"quota": [1, 1]}),
        ("deezer.top", {"quota": [1]}),
        ("deezer.top", {"quota": 3}),
        ("deezer.top", {"fields": False}),
        ("tmdb", {"quota": [1, 1]}),
        ("napster", {"status": 500}),
    ],
)
def test_wrong_switches_are_refused(world: httpx2.Client, endpoint: str, members: dict[str, Any]) -> None:
    assert world.put("/_world/behaviour", json={endpoint: members}).status_code == 400

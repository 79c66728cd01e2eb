"""What `fanfare bench songs` judges answers by, and that the ways it compares do the same work."""

import asyncio
from collections import Counter
from typing import Any

import httpx2
import pytest

from bench import songs, songs_ways
from bench.report import Report
from bench.songs_fanfare import Answer, truth
from bench.songs_ways import Wish
from local_cloud.world import deezer, itunes, music
from local_cloud.world.character import quadrant
from support.world import World

WISH = Wish("a happy summer party")


def answer(
    *found: music.Song, energy: float = 0.8, valence: float = 0.8, calls: dict[str, int] | None = None
) -> Answer:
    told = [
        {
            "id": f"deezer:{deezer.FIRST_SONG + each.number}",
            "language": each.artist.language,
            "artist": each.artist.name,
        }
        for each in found
    ]
    meta = {"upstream_calls": calls or {}, "sources": {"ranking": "computed"}}
    return Answer(1.0, {}, {"analysis": {"energy": energy, "valence": valence}, "songs": told, "meta": meta})


def of(wanted: str | None, count: int) -> list[music.Song]:
    return [song for song in music.songs() if song.character.quadrant == wanted][:count]


@pytest.mark.parametrize(("catalogue", "first"), [("deezer", deezer.FIRST_SONG), ("itunes", itunes.FIRST_SONG)])
def test_the_truth_of_a_song_is_what_it_was_played_from(catalogue: str, first: int) -> None:
    for song in music.songs()[::50]:
        character = song.character
        assert truth(f"{catalogue}:{first + song.number}") == quadrant(character.energy, character.valence)


def test_nobody_knows_the_truth_of_a_song_that_is_not_there() -> None:
    with pytest.raises(LookupError):
        truth("deezer:1")


def test_the_share_counts_songs_of_the_quadrant_that_was_read() -> None:
    assert answer(*of("excited", 3), *of("sad", 1)).share == 0.75
    assert answer(*of("excited", 3), *of("sad", 1), energy=0.1, valence=0.1).share == 0.25
    assert answer(*of(None, 2)).share == 0, "what lies between the quadrants is of none"


def test_the_bundles_own_calls_are_counted_apart() -> None:
    one = answer(*of("sad", 1), calls={"model": 1, "deezer": 16, "function": 30})
    assert (one.calls, one.invocations) == (17, 30)


def test_the_mix_and_the_artist_with_the_most_songs_are_counted() -> None:
    artist = next(iter(music.artists()))
    one = answer(*artist.songs[:3])
    assert one.most_of_one == 3
    assert one.off_mix(artist.language, 1) == 2
    assert one.off_mix("Klingon", 1) == 1


@pytest.mark.parametrize("recent", [True, False])
def test_the_published_ways_do_the_calls_that_the_table_says(world: World, recent: bool) -> None:
    found = songs_ways.threads(world.url, WISH, recent=recent)
    assert sum(world.calls().values()) == songs._CALLS["published" if recent else "threads"]
    assert {song["artist"]["name"] for song in found} <= {artist.name for artist in music.artists()}
    assert len(found) > 16 * songs_ways.SONGS - 16


def test_one_after_the_other_finds_what_threads_find(world: World) -> None:
    one = songs_ways.sequential(world.url, WISH, recent=False)
    assert [song["id"] for song in one] == [song["id"] for song in songs_ways.threads(world.url, WISH, recent=False)]


def test_the_path_is_the_model_and_two_rounds(world: World) -> None:
    async def scenario() -> None:
        async with httpx2.AsyncClient(base_url=world.url, headers=songs_ways.HEADERS) as client:
            await songs_ways.path(client, WISH)

    asyncio.run(scenario())
    counted = Counter(world.calls())
    assert sum(counted.values()) == songs._CALLS["path"] == 33
    assert counted["model.songs"] == 1


def test_moods_between_the_quadrants_have_no_share(capsys: pytest.CaptureFixture[str]) -> None:
    between = answer(*of("sad", 1), energy=0.5, valence=0.5)
    assert songs._share([between, answer(*of("excited", 1))]) == 1.0
    report = Report("songs", "about")
    report.row("a case", median_ms=28908.44, calls=17.0)
    report.show(as_json=False)
    printed: Any = capsys.readouterr().out
    assert "28908" in printed
    assert "17 " in printed

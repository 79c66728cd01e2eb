"""Songs whose previews' URLs have expired, and rankings that are remembered for a mood that is nearly the same."""

import pytest

from fanfare.upstreams import catalogue
from integration.songs_function import EXCITED, SAD, Function, meant
from local_cloud.world import music
from support.world import World


@pytest.fixture
def expired(monkeypatch: pytest.MonkeyPatch) -> None:
    """No URL is good for as long as is asked for: those of the sample world are signed for a quarter of an hour."""
    monkeypatch.setattr(catalogue, "PLAYED", 3600.0)


def test_a_new_preview_is_asked_for_once(songs: Function, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = songs.settled(mood=EXCITED)
    monkeypatch.setattr(catalogue, "PLAYED", 3600.0)
    renewed = songs.ask(mood=EXCITED)
    assert (renewed.ids, renewed.meta["upstream_calls"]) == (first.ids, {"deezer": 10})
    assert all(song["year"] == int(meant(song).album.date[:4]) for song in renewed.songs), "which comes with it"
    before = world.calls()
    for _ in range(2):
        assert songs.ask(mood=EXCITED).meta["upstream_calls"] == {}
        songs.restart()
    assert world.calls() == before


def test_more_songs_have_previews_that_play(songs: Function, world: World, expired: None) -> None:
    first = songs.ask(mood=EXCITED)
    more = songs.more(first.session, 10)
    assert 0 < more.meta["upstream_calls"]["deezer"] <= 10
    assert songs.more(first.session, 10).meta["upstream_calls"] == {}


@pytest.mark.usefixtures("expired")
def test_songs_are_heard_though_their_previews_have_expired(songs: Function) -> None:
    two = "|".join(artist.name for artist in music.nearest("English", 0.2, 0.2)[:1])
    songs.restart(POPULAR_ARTISTS=f"English={two}")
    songs.listens()
    answer = songs.ask(mood=SAD, languages={"English": 1}, limit=2)
    assert {song["features"]["source"] for song in answer.songs} == {"preview"}


def test_a_remembered_ranking_is_scored_for_the_mood_that_is_asked_for(songs: Function) -> None:
    songs.settled(mood={"energy": 0.75, "valence": 0.75})
    near = songs.ask(mood={"energy": 0.84, "valence": 0.84})
    assert near.meta["sources"]["ranking"] == "memory"
    assert near.meta["age"] >= 0
    for song in near.songs:
        if song["features"]:
            assert song["vibe_parts"]["energy"] == pytest.approx(1 - abs(song["features"]["energy"] - 0.84), abs=0.002)


def test_a_text_without_a_mood_has_nothing_heard_and_is_remembered(songs: Function) -> None:
    songs.restart(MODEL_API_KEY_PARAMETER="")
    assert songs.ask("qwrtz plmk").meta["sources"]["ranking"] == "computed"
    assert songs.ears.asked == []
    assert songs.ask("qwrtz").meta["sources"]["ranking"] == "memory"


def test_the_tempo_of_a_song_without_a_preview_is_the_catalogues(songs: Function, world: World) -> None:
    silent = next(song for song in music.songs() if not song.audible and song.popularity > 0.5)
    songs.restart(POPULAR_ARTISTS=f"{silent.artist.language}={silent.artist.name}")
    mood = SAD | {"tempo": 100}
    answer = songs.ask(mood=mood, languages={silent.artist.language: 1}, limit=20, max_per_artist=10)
    (found,) = [song for song in answer.songs if meant(song) is silent]
    assert world.calls()["deezer.track"] >= 1
    assert found["preview_url"] is None
    if found["features"]:  # of a third of the songs the catalogue tells none
        assert found["features"]["source"] == "catalogue"

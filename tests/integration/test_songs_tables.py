"""Songs where the table of sessions is down: they come all the same, and what cannot be done without it is told."""

from typing import Final

from integration.songs_function import EXCITED, Function
from support.photos import photo
from support.world import World

NONE: Final = "no-such-table"


def test_songs_come_without_a_session(songs: Function) -> None:
    songs.restart(SESSIONS_TABLE=NONE)
    for answer in (songs.ask(mood=EXCITED), songs.show(photo(), path="/api/analyze")):
        assert answer.songs
        assert (answer.body["session_id"], answer.body["more"]) == (None, False)
        assert any("no session could be kept" in reason for reason in answer.meta["reasons"])


def test_a_published_client_that_was_given_no_session_is_told_what_is_missing(songs: Function) -> None:
    """It sends back what it was given."""
    answer = songs.post({"session_id": None, "offset": 5}, path="/api/more-songs")
    assert answer.refused_fields == {"session_id"}


def test_what_was_thought_before_is_not_heeded_and_that_is_told(songs: Function) -> None:
    first = songs.settled(mood=EXCITED)
    songs.judge(first.session, first.ids[0], feedback=-1)
    songs.restart(SESSIONS_TABLE=NONE)
    answer = songs.ask(mood=EXCITED, session_id=first.session)
    assert answer.ids == first.ids
    assert any("what was liked and disliked before" in reason for reason in answer.meta["reasons"])


def test_there_is_no_more_without_the_table(songs: Function) -> None:
    first = songs.ask(mood=EXCITED)
    songs.restart(SESSIONS_TABLE=NONE)
    songs.more(first.session, 10).problem(503)
    songs.judge(first.session, first.ids[0], feedback=1).problem(503)


def test_the_catalogues_that_are_named_are_those_of_the_songs(songs: Function, world: World) -> None:
    assert songs.ask(mood=EXCITED).meta["sources"]["songs"] == "deezer"
    songs.restart(CACHE_TABLE="")
    world.behave(deezer={"status": 503})
    assert songs.ask(mood=EXCITED).meta["sources"]["songs"] == "itunes"

"""Songs where something is slow, refuses or is down: an answer all the same, and what it lacks is told."""

import io
import time
from typing import Any, Final

import pytest

from fanfare.cache import Store
from integration.songs_function import EXCITED, PARTY, SAD, Answer, Function, popular, quadrants
from local_cloud.world import music
from songs.ranking import BONUS_SECONDS
from support.photos import NIGHT, photo
from support.servers import free_port
from support.world import World

BLUE_SKY: Final = (90, 170, 255)
CATALOGUES: Final = ("deezer_search", "deezer_top", "deezer_albums", "deezer_tracks", "itunes_search", "itunes_lookup")
GARBLED: Final = "calm morning"
"""A text whose answer, broken in its middle, is JSON no more."""


def degraded(answer: Answer, *words: str) -> bool:
    """Whether an answer with songs tells that it lacks something, in these words."""
    reasons = " ".join(answer.meta["reasons"])
    return bool(answer.songs) and answer.meta["degraded"] is True and all(word in reasons for word in words)


def everywhere(world: World, **behaviour: Any) -> None:
    world.behave(**dict.fromkeys(CATALOGUES, behaviour))


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ({"hang": True}, "time"),
        ({"refusal": True}, "refused"),
        ({"malformed": True}, "the answer"),
        ({"status": 500}, "status 500"),
        ({"status": 429}, "too many requests"),
        ({"cut_after": 0.5}, "model"),
    ],
)
def test_a_text_is_read_by_rules_where_the_model_fails(
    songs: Function, world: World, behaviour: dict[str, Any], reason: str
) -> None:
    songs.restart(ROUTE_BUDGET_SECONDS="4")
    world.behave(model_songs=behaviour)
    began = time.monotonic()
    answer = songs.ask(GARBLED)
    assert time.monotonic() - began < 5
    assert degraded(answer, reason, "read by rules")
    assert (answer.meta["sources"]["analysis"], answer.meta["model"]) == ("rules", None)
    analysis = answer.body["analysis"]
    assert analysis["energy"] < 0.5 < analysis["valence"]


def test_a_photo_is_read_by_its_colours_where_the_model_hangs(songs: Function, world: World) -> None:
    songs.restart(ROUTE_BUDGET_SECONDS="4")
    world.behave(model_songs={"hang": True})
    answer = songs.show(photo())
    assert degraded(answer, "the time", "read by rules")
    assert answer.meta["sources"]["analysis"] == "colours"


def test_without_a_model_rules_read_the_text_and_colours_the_photo(songs: Function, world: World) -> None:
    songs.restart(MODEL_API_KEY_PARAMETER="")
    party = songs.ask(PARTY)
    assert party.meta["sources"]["analysis"] == "rules"
    assert (party.meta["degraded"], party.meta["model"], party.meta["cost"]) == (False, None, 0)
    bright, dark = songs.show(photo(BLUE_SKY, (120, 220, 90))), songs.show(photo(NIGHT, NIGHT))
    assert bright.meta["sources"]["analysis"] == dark.meta["sources"]["analysis"] == "colours"
    assert bright.body["analysis"]["valence"] > dark.body["analysis"]["valence"]
    assert bright.body["analysis"]["energy"] > dark.body["analysis"]["energy"]
    assert dark.body["analysis"]["description"]
    both = songs.show(photo(NIGHT, NIGHT), text=PARTY)
    assert both.meta["sources"]["analysis"] == "rules and colours"
    assert dark.body["analysis"]["valence"] < both.body["analysis"]["valence"] < party.body["analysis"]["valence"]
    assert "model.songs" not in world.calls()


def test_a_text_that_no_rule_understands_gets_songs_all_the_same(songs: Function) -> None:
    songs.restart(MODEL_API_KEY_PARAMETER="")
    answer = songs.ask("qwrtz plmk")
    assert (len(answer.songs), answer.meta["sources"]["analysis"]) == (10, "none")
    analysis = answer.body["analysis"]
    assert (analysis["energy"], analysis["valence"]) == (None, None)
    assert all("No particular mood" in song["why"] and song["vibe_parts"] == {} for song in answer.songs)
    shown = songs.show(photo(), path="/api/analyze", text="qwrtz")
    assert all(0 <= shown.body["analysis"][name] <= 1 for name in ("energy", "valence"))


def test_a_third_of_calls_fail_and_everybody_gets_songs(songs: Function, world: World) -> None:
    """Sixty moods, none like another, of which every fifth is asked for where nothing at all is remembered."""
    everywhere(world, fail_rate=0.3)
    world.behave(deezer_albums={"status": 429}, deezer_tracks={"status": 429})
    answers, slowest = [], 0.0
    for number in range(60):
        if number % 5 == 0:
            songs.restart(ROUTE_BUDGET_SECONDS="4", CACHE_TABLE="")
        mood = {"energy": number % 10 / 10, "valence": number // 10 / 6}
        began = time.monotonic()
        answers.append(songs.ask(mood=mood))
        slowest = max(slowest, time.monotonic() - began)
    assert all(len(answer.songs) == 10 for answer in answers)
    assert slowest < 5
    assert sum(world.calls().values()) > 300, "that many fail or not"


@pytest.mark.parametrize("status", [429, 503])
def test_a_catalogue_that_refuses_everything_is_left_for_the_next(songs: Function, world: World, status: int) -> None:
    world.behave(deezer={"status": status})
    answer = songs.ask(mood=EXCITED)
    assert len(answer.songs) == 10
    assert all(song["id"].startswith("itunes:") for song in answer.songs)
    assert quadrants(answer.songs).count("excited") >= 4
    assert all(song["features"]["source"] == "preview" for song in answer.songs)
    assert answer.meta["timings"]["total"] < 9000


@pytest.mark.parametrize("asked", [{"mood": EXCITED}, {"text": PARTY}], ids=["mood", "text"])
@pytest.mark.parametrize("behaviour", [{"hang": True}, {"latency_ms": 4000}], ids=["hangs", "is slow"])
def test_a_catalogue_that_hangs_is_left_for_the_next(
    songs: Function, world: World, behaviour: dict[str, Any], asked: dict[str, Any]
) -> None:
    """Timeout and budget are as one to two, as they are by default; artists of a text are asked for ahead."""
    songs.restart(CALL_TIMEOUT_SECONDS="3", ROUTE_BUDGET_SECONDS="6")
    world.behave(deezer=behaviour)
    answer = songs.ask(**asked)
    assert {song["id"].partition(":")[0] for song in answer.songs} == {"itunes"}


def test_a_second_catalogue_that_hangs_holds_nobody_whom_the_first_serves(songs: Function, world: World) -> None:
    known = popular()["English"][:4]
    songs.restart(POPULAR_ARTISTS=f"English={'|'.join([*known, 'Nobody Whatsoever'])}")
    world.behave(itunes={"hang": True})
    answer = songs.ask(mood=EXCITED, languages={"English": 1}, limit=5)
    assert len(answer.songs) == 5
    assert answer.meta["timings"]["top"] < 1000 * (BONUS_SECONDS + 1)
    assert answer.meta["degraded"] is False, "nobody of that name need be there"


def test_without_any_catalogue_there_is_a_problem_document(songs: Function, world: World) -> None:
    everywhere(world, status=503)
    answer = songs.ask(mood=EXCITED)
    assert answer.status in {502, 503}
    answer.problem(answer.status)
    world.reset()
    assert len(songs.ask(mood=EXCITED).songs) == 10, "the failure is not remembered"


def test_an_artist_whom_no_catalogue_knows_is_no_failure(songs: Function) -> None:
    known = popular()["English"][:4]
    songs.restart(POPULAR_ARTISTS=f"English={'|'.join([*known, 'Nobody Whatsoever'])}")
    answer = songs.settled(mood=SAD, languages={"English": 1}, limit=4)
    assert answer.meta["degraded"] is False


def test_a_ranking_that_lacks_artists_is_not_remembered(songs: Function, world: World) -> None:
    lost = music.nearest("Hindi", 0.2, 0.2)[0].name
    songs.restart(POPULAR_ARTISTS=f"Hindi={lost}|{music.nearest('Hindi', 0.2, 0.2)[1].name}")
    asked: dict[str, Any] = {"mood": SAD, "languages": {"Hindi": 1}, "limit": 2}
    for endpoint in CATALOGUES:
        world.behave(**{endpoint: {"match": lost, "status": 400}})
    assert degraded(songs.ask(**asked), "1 artists")
    world.reset()
    again = songs.ask(**asked)
    assert (again.meta["degraded"], again.meta["sources"]["ranking"]) == (False, "computed")
    assert len({song["artist"] for song in again.songs}) == 2


def test_latest_songs_that_cannot_be_had_are_told_of(songs: Function, world: World) -> None:
    sad = "|".join(artist.name for artist in music.nearest("English", *SAD.values())[:3])
    songs.restart(POPULAR_ARTISTS=f"English={sad}")
    songs.invoke({"warm": "popular"})
    world.behave(deezer_albums={"status": 500})
    answer = songs.ask(mood=EXCITED, languages={"English": 1})  # all songs are heard by then, but few of them fit
    assert "recent" in answer.meta["timings"]
    assert any(each.startswith("no new songs could be had of") for each in answer.meta["warnings"])


def test_previews_that_cannot_be_had_are_missing_and_the_score_says_so(songs: Function, world: World) -> None:
    songs.listens()
    world.behave(previews_get={"status": 500})
    answer = songs.ask(mood=EXCITED)
    assert len(answer.songs) == 10
    assert all(song["features"] is None for song in answer.songs)
    assert all(set(song["vibe_parts"].values()) == {None} for song in answer.songs)
    assert {song["vibe_score"] for song in answer.songs} == {0.6}


def test_without_the_analysis_function_songs_are_ranked_as_they_are_known(songs: Function, logged: io.StringIO) -> None:
    songs.ears.missing = True
    missing = songs.ask(mood=EXCITED)
    songs.restart(ANALYSIS_FUNCTION="")
    songs.ears.forget()
    none = songs.ask(mood=EXCITED)
    for answer in (missing, none):
        assert (len(answer.songs), answer.meta["sources"]["ranking"]) == (10, "computed")
        assert all(song["features"] is None for song in answer.songs)
    assert none.meta["warnings"] == ["10 of 10 songs are ranked without their sound"], "and will be"
    assert songs.ears.songs == []
    songs.restart()
    songs.ears.missing = False
    assert any(song["features"] for song in songs.ask(mood=EXCITED).songs), "nothing of it is remembered"


def test_songs_that_cannot_be_heard_are_told_of(songs: Function) -> None:
    songs.ears.missing = True
    answer = songs.ask(mood=EXCITED)
    assert answer.meta["warnings"] or answer.meta["degraded"]


def test_without_the_table_of_the_cache_everything_is_asked_for(songs: Function) -> None:
    songs.restart(CACHE_TABLE="no-such-table")
    songs.ears.shared = Store
    answer = songs.ask(mood=EXCITED)
    assert len(answer.songs) == 10
    assert all(song["features"] for song in answer.songs)


def test_without_the_table_of_sessions_there_are_songs_and_no_session(songs: Function) -> None:
    songs.restart(SESSIONS_TABLE="no-such-table")
    answer = songs.ask(mood=EXCITED)
    assert degraded(answer, "session")
    assert (len(answer.songs), answer.body["session_id"], answer.body["more"]) == (10, None, False)


def test_a_table_that_nobody_answers_for_does_not_hold_songs(songs: Function) -> None:
    songs.restart(AWS_ENDPOINT_URL_DYNAMODB=f"http://127.0.0.1:{free_port()}", ROUTE_BUDGET_SECONDS="4")
    began = time.monotonic()
    answer = songs.ask(mood=EXCITED)
    assert time.monotonic() - began < 6
    assert degraded(answer, "no session could be kept")
    songs.set_environment("AWS_ENDPOINT_URL_DYNAMODB", "")

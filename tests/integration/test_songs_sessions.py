"""Sessions: more songs, and what is thought of them."""

import asyncio
import time
from dataclasses import replace
from itertools import batched
from typing import Any, Final

import pytest

from fanfare import aio, aws
from fanfare.errors import UpstreamError
from fanfare.upstreams.catalogue import Song
from integration.songs_function import EXCITED, FEEDBACK, MORE, SAD, Answer, Function
from songs import handler as function
from songs import sessions
from songs.continuing import TURNS, Continuing, following
from songs.contract import FeedbackAnswer, MoreAnswer, MoreRequest
from support.world import World

STRANGER: Final = "A" * 22
"""A session that nobody has."""
PAGE: Final = 800
"""Items that a query brings at once, where it has `query_in_pages`."""


def names(answer: Answer) -> list[tuple[str, str]]:
    return [(song["artist"], song["name"]) for song in answer.songs]


def everything(songs: Function, first: Answer) -> list[dict[str, Any]]:
    """All songs of a session, page by page."""
    found = list(first.songs)
    while page := songs.more(first.session, len(found)).songs:
        found += page
    return found


def shown_of(songs: Function, answer: Answer) -> list[str]:
    return aio.run(sessions.Sessions(songs.table("SESSIONS")).get(answer.session)).shown


async def as_it_is(song: Song) -> Song:
    return song


class Overtaken(sessions.Sessions):
    """Whenever a session is read, somebody else is shown a song of it at once, so many times."""

    def __init__(self, table: str, times: int) -> None:
        super().__init__(table)
        self.times = times

    async def get(self, session_id: str) -> sessions.Session:
        found = await super().get(session_id)
        if self.times:
            self.times -= 1
            assert await self.show(replace(found, shown=[*found.shown]), [following(found, 1)[0].song.id])
        return found


def query_in_pages() -> None:
    """Let a query end after some items, as DynamoDB's does after a megabyte; the emulator brings them all."""

    def end(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return params | {"Limit": min(PAGE, params.get("Limit", PAGE))}

    aws.client("dynamodb").meta.events.register("provide-client-params.dynamodb.Query", end)


def test_more_pages_come_without_repeats_and_without_asking_anybody(songs: Function, world: World) -> None:
    first = songs.ask(mood=EXCITED, max_per_artist=10)
    before = world.calls()
    songs.ears.forget()
    second = songs.more(first.session, 10)
    third = songs.more(first.session, 20, limit=5)
    MoreAnswer.model_validate(second.body)
    assert (len(second.songs), len(third.songs)) == (10, 5)
    assert len({*first.ids, *second.ids, *third.ids}) == 25
    assert (second.body["offset"], second.body["more"]) == (10, True)
    assert second.meta["upstream_calls"] == third.meta["upstream_calls"] == {}
    assert (world.calls(), songs.ears.songs) == (before, [])
    for page in (second, third):
        assert {song["language"] for song in page.songs} == {"English", "Hindi"}
        assert all(song["why"] and song["vibe_parts"] for song in page.songs)


def test_the_same_place_brings_the_same_songs_again(songs: Function) -> None:
    first = songs.ask(mood=EXCITED)
    second = songs.more(first.session, 10)
    songs.judge(first.session, second.ids[0], feedback=-1)
    assert songs.more(first.session, 0).ids == first.ids
    assert songs.more(first.session, 10).ids == second.ids
    assert songs.more(first.session, 5).ids == [*first.ids[5:], *second.ids[:5]]


def test_a_page_may_reach_over_what_was_shown(songs: Function) -> None:
    first = songs.ask(mood=EXCITED, limit=4)
    page = songs.more(first.session, 2, limit=6)
    assert page.ids[:2] == first.ids[2:]
    assert len(set(page.ids) - set(first.ids)) == 4


def test_the_songs_of_a_session_come_to_an_end(songs: Function) -> None:
    first = songs.ask(mood=EXCITED, limit=20)
    found = everything(songs, first)
    assert len({song["id"] for song in found}) == len(found) > 20
    assert songs.more(first.session, len(found)).songs == []


def test_no_artist_has_more_than_its_share_over_all_pages(songs: Function) -> None:
    first = songs.ask(mood=EXCITED, max_per_artist=2)
    artists = [song["artist"] for song in (*first.songs, *songs.more(first.session, 10).songs)]
    assert max(artists.count(each) for each in artists) <= 2


def test_more_is_not_promised_where_nothing_comes(songs: Function) -> None:
    first = songs.ask(mood=EXCITED, explicit=False)
    found = everything(songs, first)
    assert songs.more(first.session, len(found)).body["more"] is False


def test_a_session_keeps_to_its_options(songs: Function) -> None:
    tense = {"energy": 0.8, "valence": 0.2}
    out = songs.ask(mood=tense).ids[:3]
    asked: dict[str, Any] = {"mood": tense, "languages": {"Hindi": 1}, "explicit": False, "exclude_ids": out}
    found = everything(songs, songs.ask(**asked))
    assert not {song["id"] for song in found} & set(out)
    assert {song["language"] for song in found} == {"Hindi"}
    assert not any(song["explicit"] for song in found)


def test_a_place_beyond_what_was_shown_goes_on_from_there(songs: Function) -> None:
    first = songs.ask(mood=EXCITED)
    second = songs.more(first.session, 500)
    assert (second.body["offset"], len(second.songs)) == (10, 10)
    assert not set(second.ids) & set(first.ids)
    assert songs.more(first.session, second.body["offset"]).ids == second.ids


@pytest.mark.parametrize(("place", "shown"), [(10, 20), (1000, 30)])
def test_pages_that_are_asked_for_at_once_stand_in_the_session_once(songs: Function, place: int, shown: int) -> None:
    first = songs.ask(mood=EXCITED, max_per_artist=10)
    request = MoreRequest(session_id=first.session, offset=place)

    async def at_once() -> list[MoreAnswer]:
        return await asyncio.gather(*(function.songs().continuing.more(request) for _ in range(2)))

    pages = aio.run(at_once())
    found = shown_of(songs, first)
    assert len(found) == len(set(found)) == shown
    assert {page.offset for page in pages} == {10, shown - 10}
    for page in pages:
        assert [song.id for song in page.songs] == found[page.offset : page.offset + 10]


@pytest.mark.parametrize("others", [1, TURNS - 1])
def test_who_is_overtaken_is_shown_what_the_others_were_not(songs: Function, others: int) -> None:
    first = songs.ask(mood=EXCITED, max_per_artist=10)
    continuing = Continuing(Overtaken(songs.table("SESSIONS"), others), as_it_is)
    page = aio.run(continuing.more(MoreRequest(session_id=first.session, offset=1000)))
    found = shown_of(songs, first)
    assert len(found) == len(set(found)) == 20 + others
    assert (page.offset, [song.id for song in page.songs]) == (10 + others, found[10 + others :])


def test_who_is_always_overtaken_is_told_so(songs: Function) -> None:
    first = songs.ask(mood=EXCITED, max_per_artist=10)
    continuing = Continuing(Overtaken(songs.table("SESSIONS"), TURNS), as_it_is)
    with pytest.raises(UpstreamError, match="too often") as raised:
        aio.run(continuing.more(MoreRequest(session_id=first.session, offset=10)))
    assert raised.value.retry_after


def test_what_was_disliked_does_not_come(songs: Function) -> None:
    first = songs.settled(mood=EXCITED)
    coming = songs.more(songs.ask(mood=EXCITED).session, 10).ids
    for song in coming[:3]:
        answer = songs.judge(first.session, song, feedback=-1)
    told = FeedbackAnswer.model_validate(answer.body)
    assert (told.session_id, told.stored, told.signals) == (first.session, True, 3)
    assert not set(coming[:3]) & {song["id"] for song in everything(songs, first)}


def test_songs_like_a_liked_one_rise(songs: Function) -> None:
    """In the middle of all moods, one that likes calm and sad songs gets others than one that likes the contrary."""
    middle: dict[str, Any] = {"mood": {"energy": 0.5, "valence": 0.5}, "limit": 20}
    energies = {}
    for likes, dislikes in (("calm", "wild"), ("wild", "calm")):
        first = songs.ask(**middle)
        by_energy = sorted(first.songs, key=lambda song: song["features"]["energy"])
        sides = {"calm": by_energy[:4], "wild": by_energy[-4:]}
        for song in sides[likes]:
            songs.judge(first.session, song["id"], feedback=1)
        for song in sides[dislikes]:
            songs.judge(first.session, song["id"], feedback=-1)
        more = songs.more(first.session, 20).songs
        energies[likes] = sum(song["features"]["energy"] for song in more) / len(more)
    assert energies["calm"] < energies["wild"] - 0.02


def test_what_somebody_does_counts_too(songs: Function) -> None:
    coming = songs.more(songs.settled(mood=EXCITED).session, 10)
    skipping = songs.ask(mood=EXCITED)
    for song in coming.ids[:3]:
        for _ in range(3):
            songs.judge(skipping.session, song, signal="skip")
    assert songs.more(skipping.session, 10).ids[:3] != coming.ids[:3]
    same = songs.ask(mood=EXCITED)
    songs.judge(same.session, coming.ids[0], signal="skip", weight=0)
    assert songs.more(same.session, 10).ids == coming.ids


def test_another_request_of_a_session_heeds_what_was_thought_in_it(songs: Function) -> None:
    first = songs.settled(mood=EXCITED)
    songs.judge(first.session, first.ids[0], feedback=-1)
    again = songs.ask(mood=EXCITED, session_id=first.session)
    assert first.ids[0] not in again.ids
    assert first.ids[0] in songs.ask(mood=EXCITED).ids, "nobody else's ranking changes"
    assert again.session != first.session


def test_what_was_thought_is_heeded_in_the_session_after(songs: Function) -> None:
    first = songs.ask(mood=EXCITED)
    songs.judge(first.session, first.ids[0], feedback=-1)
    second = songs.ask(mood=EXCITED, session_id=first.session)
    assert first.ids[0] not in {song["id"] for song in everything(songs, second)}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (MORE, {"offset": 10}),
        (FEEDBACK, {"song_id": "deezer:1", "feedback": 1}),
        ("/api/v1/songs/recommend", {"mood": EXCITED}),
        ("/api/more-songs", {"offset": 10}),
        ("/api/feedback", {"song_id": "deezer:1", "feedback": "like"}),
    ],
)
def test_a_session_that_is_not_there_is_not_found(songs: Function, path: str, body: dict[str, Any]) -> None:
    assert "session" in songs.post(body | {"session_id": STRANGER}, path=path).problem(404)["detail"]


def test_a_session_of_yesterday_is_gone(songs: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB deletes what has expired days later, and reads it until then."""
    monkeypatch.setattr(sessions, "KEPT", -1)
    first = songs.ask(mood=EXCITED)
    assert len(first.songs) == 10
    songs.more(first.session, 10).problem(404)
    songs.judge(first.session, first.ids[0], feedback=1).problem(404)


def test_a_song_that_the_session_does_not_have_is_not_judged(songs: Function) -> None:
    first = songs.ask(mood=SAD)
    assert "song" in songs.judge(first.session, "deezer:1", feedback=1).problem(404)["detail"]
    table, key = songs.table("SESSIONS"), {"pk": {"S": first.session}}
    found = aws.client("dynamodb").scan(TableName=table)["Items"]
    assert [item["sk"]["S"] for item in found if item["pk"] == key["pk"]] == [sessions.RANKING]


def test_of_many_events_the_latest_count_in_the_order_in_which_they_happened(songs: Function) -> None:
    first = songs.ask(mood=EXCITED)
    table, weights = songs.table("SESSIONS"), [number / 1000 for number in range(PAGE + 100)]
    events = [
        {
            "pk": {"S": first.session},
            "sk": {"S": f"{sessions.EVENT}{number:020}"},
            "song": {"S": first.ids[number % 10]},
            "kind": {"S": "play"},
            "weight": {"N": str(weight)},
            "expires_at": {"N": str(int(time.time()) + 60)},
        }
        for number, weight in enumerate(weights)
    ]
    for some in batched(events, 25):
        puts = [{"PutRequest": {"Item": item}} for item in some]
        aws.client("dynamodb").batch_write_item(RequestItems={table: puts})
    query_in_pages()

    found = aio.run(sessions.Sessions(table).get(first.session))
    assert found.shown == first.ids
    assert [event.weight for event in found.events] == weights[-sessions.MOST_EVENTS :]
    assert len(songs.more(first.session, 10).songs) == 10
    assert songs.judge(first.session, first.ids[0], signal="skip", weight=0.5).status == 200
    *known, latest = aio.run(sessions.Sessions(table).get(first.session)).events
    assert known == found.events[1:]
    assert (latest.scored.song.id, latest.kind, latest.weight) == (first.ids[0], "skip", 0.5)


def test_a_session_cannot_be_guessed_and_goes_by_itself(songs: Function) -> None:
    made = [songs.ask(mood=SAD).session for _ in range(3)]
    assert len({each[:8] for each in made}) == 3
    assert min(map(len, made)) >= 22
    for item in aws.client("dynamodb").scan(TableName=songs.table("SESSIONS"))["Items"]:
        assert 0 < float(item["expires_at"]["N"]) - time.time() <= sessions.KEPT

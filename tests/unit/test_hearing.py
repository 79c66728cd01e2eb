"""Songs that are heard by another function: which, how many, and what comes of those that are not."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

from fanfare import functions
from fanfare.cache import Store, registry
from fanfare.errors import UpstreamError
from fanfare.upstreams.catalogue import Song
from songs.hearing import AT_ONCE, BATCH, MOST, MOST_EXPIRED, TAKEN, Hearing, by_catalogue, features, ident
from support.fakes import FakeShared

FIGURES = {"tempo": 120.0, "energy": 0.46, "valence": 0.5, "danceability": 0.55, "acousticness": 0.43}


def song(number: int, **changes: Any) -> Song:
    made = Song(f"deezer:{number}", f"Song {number}", "Somebody", "deezer:1", "Album", isrc=f"XXA{number:09}")
    return replace(made, **{"preview_url": f"https://previews.example/{number}.mp3", **changes})


async def unchanged(song: Song) -> Song:
    return song


hearing_by = partial(Hearing, renew=unchanged)
SONGS = [song(number) for number in range(60)]


@dataclass
class FakeFunction:
    """The other function: `seconds` an invocation; `failing` idents bring nothing."""

    seconds: float = 0.0
    failing: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    sent: list[list[str]] = field(default_factory=list)
    refuses: bool = False
    at_once: int = 0
    most_at_once: int = 0

    async def invoke(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        assert function == "analysis"
        self.asked.append(event["song"])
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.at_once -= 1
        if event["song"] in self.failing:
            raise UpstreamError("function", "it failed")
        return dict(FIGURES)

    async def send(self, function: str, event: Mapping[str, Any]) -> None:
        assert function == "analysis"
        if self.refuses:
            raise UpstreamError("function", "throttled")
        self.sent.append([each["song"] for each in event["songs"]])


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> FakeFunction:
    made = FakeFunction()
    monkeypatch.setattr(functions, "invoke", made.invoke)
    monkeypatch.setattr(functions, "send", made.send)
    return made


def test_what_is_heard_is_remembered_by_its_recording(other: FakeFunction) -> None:
    async def scenario() -> None:
        shared = FakeShared()
        store = Store(shared=shared)
        hearing = hearing_by("analysis", store)
        found = await hearing.hear(SONGS[0])
        assert (found.energy, found.valence, found.tempo, found.source) == (0.5, 0.5, 120.0, "preview")
        await store.flush()
        elsewhere = hearing_by("analysis", Store(shared=shared))
        same = replace(SONGS[0], id="itunes:7", preview_url="https://elsewhere.example/a.m4a")
        assert await elsewhere.recall([same, SONGS[1]]) == {"itunes:7": found}
        assert other.asked == [SONGS[0].isrc]

    asyncio.run(scenario())


def test_many_are_recalled_by_one_read(other: FakeFunction) -> None:
    async def scenario() -> None:
        shared = FakeShared()
        await hearing_by("analysis", Store(shared=shared)).recall(SONGS)
        assert shared.calls == ["get_many"]
        assert other.asked == []

    asyncio.run(scenario())


def test_songs_are_heard_in_their_order_so_many_at_once_and_no_more_than_most(other: FakeFunction) -> None:
    async def scenario() -> None:
        other.seconds = 0.001
        listening = hearing_by("analysis", Store()).listening()
        listening.add(SONGS)
        await listening.wait(10)
        assert other.asked == [each.isrc for each in SONGS[:MOST]]
        assert set(listening.heard) == {each.id for each in SONGS[:MOST]}
        assert other.most_at_once == AT_ONCE
        await listening.leave()
        assert listening.later == {each.id for each in SONGS[MOST:]}
        assert [name for batch in other.sent for name in batch] == [each.isrc for each in SONGS[MOST:]]

    asyncio.run(scenario())


def test_who_leaves_hands_over_what_was_not_begun(other: FakeFunction) -> None:
    async def scenario() -> None:
        other.seconds = 60
        listening = hearing_by("analysis", Store()).listening()
        listening.add(SONGS)
        await listening.wait(0.01)
        assert listening.heard == {}
        await listening.leave()
        await listening.leave()
        assert listening.later == {each.id for each in SONGS}
        assert other.asked == [each.isrc for each in SONGS[:AT_ONCE]]
        assert [name for batch in other.sent for name in batch] == [each.isrc for each in SONGS[AT_ONCE:]]
        assert max(len(batch) for batch in other.sent) == BATCH
        assert other.at_once == 0, "nothing is left under way"

    asyncio.run(scenario())


def test_what_was_handed_over_is_not_handed_over_again_for_a_while(
    other: FakeFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        hearing = hearing_by("analysis", Store())
        clock = 1000.0
        monkeypatch.setattr("songs.hearing.monotonic", lambda: clock)
        assert await hearing.hand_over(SONGS[:3]) == {each.id for each in SONGS[:3]}
        assert await hearing.hand_over(SONGS[:5]) == {each.id for each in SONGS[:5]}
        clock += TAKEN + 1
        await hearing.hand_over(SONGS[:1])
        assert other.sent == [[each.isrc for each in songs] for songs in (SONGS[:3], SONGS[3:5], SONGS[:1])]

    asyncio.run(scenario())


def test_what_nobody_takes_is_not_said_to_be_heard_later(other: FakeFunction) -> None:
    async def scenario() -> None:
        other.seconds = 60
        other.refuses = True
        listening = hearing_by("analysis", Store()).listening()
        listening.add(SONGS)
        await listening.wait(0.01)
        await listening.leave()
        assert listening.later == {each.id for each in SONGS[:AT_ONCE]}, "only what was begun"

    asyncio.run(scenario())


def test_previews_that_have_expired_are_asked_for_anew_but_only_some(other: FakeFunction) -> None:
    async def scenario() -> None:
        renewed: list[str] = []

        async def renew(old: Song) -> Song:
            renewed.append(old.id)
            return replace(old, preview_url="" if old.id == "deezer:1" else "https://previews.example/new.mp3")

        old = [replace(each, preview_url="https://previews.example/a.mp3?hdnea=exp=1~acl=*") for each in SONGS]
        listening = Hearing("analysis", Store(), renew).listening()
        listening.add([*old[:20], *SONGS[20:30]])
        await listening.wait(5)
        assert renewed == [each.id for each in old[:MOST_EXPIRED]]
        assert listening.heard["deezer:1"].source == "", "it has no preview any more"
        assert set(listening.heard) == {each.id for each in (*old[:MOST_EXPIRED], *SONGS[20:30])}
        await listening.leave()
        assert (other.sent, listening.later) == ([], set()), "what has expired cannot be heard later"

    asyncio.run(scenario())


def test_one_that_fails_fails_alone(other: FakeFunction) -> None:
    async def scenario() -> None:
        other.failing = frozenset({SONGS[1].isrc})
        listening = hearing_by("analysis", Store()).listening()
        listening.add(SONGS[:3])
        await listening.wait(5)
        assert set(listening.heard) == {SONGS[0].id, SONGS[2].id}
        assert isinstance(listening.failed[SONGS[1].id], UpstreamError)
        await listening.leave()

    asyncio.run(scenario())


def test_songs_without_previews_and_bundles_without_the_function_are_left_alone(other: FakeFunction) -> None:
    async def scenario() -> None:
        silent = hearing_by("analysis", Store()).listening()
        silent.add([song(1, preview_url="")])
        nobody = hearing_by("", Store()).listening()
        nobody.add(SONGS)
        for listening in (silent, nobody):
            await listening.wait(1)
            await listening.leave()
            assert listening.later == set()
        assert (other.asked, other.sent) == ([], [])

    asyncio.run(scenario())


def test_a_failure_is_not_remembered(other: FakeFunction) -> None:
    async def scenario() -> None:
        hearing = hearing_by("analysis", Store())
        other.failing = frozenset({SONGS[0].isrc})
        with pytest.raises(UpstreamError):
            await hearing.hear(SONGS[0])
        other.failing = frozenset()
        assert (await hearing.hear(SONGS[0])).source == "preview"

    asyncio.run(scenario())


def test_two_who_want_the_same_song_hear_it_once(other: FakeFunction) -> None:
    async def scenario() -> None:
        other.seconds = 0.01
        hearing = hearing_by("analysis", Store())
        assert len({(await each).tempo for each in [hearing.hear(SONGS[0]), hearing.hear(SONGS[0])]}) == 1
        await asyncio.gather(hearing.hear(SONGS[1]), hearing.hear(SONGS[1]))
        assert other.asked == [SONGS[0].isrc, SONGS[1].isrc]

    asyncio.run(scenario())


def test_who_hears_a_song_gets_the_lease_of_it(other: FakeFunction, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        shared = FakeShared()
        waited: list[int | None] = []

        async def invoke(_: str, event: Mapping[str, Any]) -> dict[str, Any]:
            heard = Store(shared=shared).bind(registry.TRACK_FEATURES, _figures, key=lambda name, _: (name,))
            waited.append(await shared.acquire(heard.key((event["song"], "")), 10))
            return dict(FIGURES)

        monkeypatch.setattr(functions, "invoke", invoke)
        await hearing_by("analysis", Store(shared=shared)).hear(SONGS[0])
        assert waited == [1]

    asyncio.run(scenario())


async def _figures(_song: str, _url: str) -> dict[str, Any]:
    return dict(FIGURES)


def test_a_recording_is_told_by_its_isrc_else_by_its_catalogue() -> None:
    assert ident(SONGS[3]) == "XXA000000003"
    assert ident(song(3, isrc="")) == "deezer:3"


def test_what_is_no_sound_leaves_what_the_catalogue_tells() -> None:
    refused = {"error": "this is no sound"}
    assert features(song(1), refused) == by_catalogue(song(1))
    assert (features(song(1), refused).source, features(song(1), refused).tempo) == ("", None)
    known = features(song(1, bpm=98.0), refused)
    assert (known.source, known.tempo, known.energy) == ("catalogue", 98.0, None)


@pytest.mark.parametrize(("heard", "bpm", "tempo"), [(None, 98.0, 98.0), (120.0, 98.0, 120.0), (10.0, None, None)])
def test_a_tempo_that_was_not_heard_is_the_catalogue_s_or_none(
    heard: float | None, bpm: float | None, tempo: float | None
) -> None:
    assert features(song(1, bpm=bpm), FIGURES | {"tempo": heard}).tempo == tempo


def test_figures_that_cannot_be_told_stay_unknown() -> None:
    found = features(song(1), dict.fromkeys(FIGURES))
    assert (found.energy, found.valence, found.tempo) == (None, None, None)

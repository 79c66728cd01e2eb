"""Songs that are asked for and heard while a model still names artists."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from fanfare import aio, functions
from fanfare.aio import Failure
from fanfare.cache import Store
from fanfare.errors import DeadlineExceeded, UpstreamError
from fanfare.upstreams.catalogue import Abilities, Song
from songs.ahead import HEARD, Ahead
from songs.asking import Named
from songs.hearing import Hearing
from songs.mood import Mood

COUNTS = {"English": 2, "Hindi": 1}
FIGURES = {"tempo": 120.0, "energy": 0.46, "valence": 0.5, "danceability": 0.55, "acousticness": 0.43}
ABILITIES = Abilities(artists_at_once=1, recent=False, previews=True, bpm=False)
ARTISTS = [Named("Ann", "English"), Named("Asha", "hindi"), Named("Bea", "English"), Named("Cleo", "English")]


@dataclass
class FakeCatalogue:
    """Five songs of each artist; `failing` ones cannot be had. It checks the deadline that it is called under."""

    failing: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    name: str = "fake"
    abilities: Abilities = ABILITIES

    async def top(self, artists: Sequence[str], limit: int) -> list[list[Song] | Failure]:
        if not aio.deadline().remaining():
            raise DeadlineExceeded("too late")
        self.asked += artists
        await asyncio.sleep(0)
        return [self._songs(artist) for artist in artists]

    def _songs(self, artist: str) -> list[Song] | Failure:
        if artist in self.failing:
            return Failure(UpstreamError("fake", "it failed"))
        made = ((f"{artist}{number}", f"{artist} sings {number}") for number in range(5))
        return [Song(f"fake:{name}", title, artist, "", "", isrc=name, preview_url=name) for name, title in made]

    async def recent(self, artists: Sequence[str], limit: int) -> list[list[Song] | Failure]:
        raise NotImplementedError

    async def details(self, song: Song) -> Song:
        raise NotImplementedError

    async def renewed(self, song: Song) -> Song:
        raise NotImplementedError


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Songs that the other function was asked about."""
    asked: list[str] = []

    async def invoke(_: str, event: Mapping[str, Any]) -> dict[str, Any]:
        asked.append(event["song"])
        return dict(FIGURES)

    monkeypatch.setattr(functions, "invoke", invoke)
    return asked


def ahead(catalogue: FakeCatalogue, *, pays: bool = True, judged: list[Mood] | None = None) -> Ahead:
    async def it_pays(mood: Mood) -> bool:
        if judged is not None:
            judged.append(mood)
        return pays

    return Ahead(catalogue, Hearing("analysis", Store(), catalogue.renewed), COUNTS, it_pays)


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def test_as_many_artists_as_will_be_needed_are_asked_for_as_they_are_named(heard: list[str]) -> None:
    async def scenario() -> None:
        catalogue, judged = FakeCatalogue(), list[Mood]()
        early = ahead(catalogue, judged=judged)
        for count in range(1, len(ARTISTS) + 1):
            early.named(Mood(energy=0.5), ARTISTS[:count])
            await settled()
            assert catalogue.asked == ["Ann", "Asha", "Bea"][:count]
        assert judged == [Mood(energy=0.5)], "once for all"
        assert heard == [f"{name}{number}" for name in ("Ann", "Asha", "Bea") for number in range(HEARD)]
        await early.end()

    asyncio.run(scenario())


def test_nobody_is_asked_where_it_does_not_pay(heard: list[str]) -> None:
    async def scenario() -> None:
        catalogue = FakeCatalogue()
        early = ahead(catalogue, pays=False)
        early.named(Mood(energy=0.5), ARTISTS)
        await settled()
        assert catalogue.asked == heard == []
        await early.end()

    asyncio.run(scenario())


def test_an_artist_is_asked_for_once_and_what_was_heard_is_not_heard_again(heard: list[str]) -> None:
    async def scenario() -> None:
        catalogue = FakeCatalogue()
        early = ahead(catalogue)
        early.named(Mood(), ARTISTS[:1])
        early.begin(["Ann", "Dora"])
        await settled()
        assert catalogue.asked == ["Ann", "Dora"]
        later = Ahead(catalogue, early._hearing, COUNTS, early._pays)
        later.begin(["Ann"])
        await settled()
        assert heard[-2:] == ["Ann3", "Ann4"], "the others are known by now"
        await early.end()
        await later.end()

    asyncio.run(scenario())


def test_an_artist_whose_songs_cannot_be_had_keeps_nobody_from_the_others(heard: list[str]) -> None:
    async def scenario() -> None:
        early = ahead(FakeCatalogue(failing=frozenset({"Ann"})))
        early.begin(["Ann", "Bea"])
        await settled()
        assert heard == ["Bea0", "Bea1", "Bea2"]
        await early.end()

    asyncio.run(scenario())


def test_who_tells_of_artists_may_have_less_time_than_they_have(heard: list[str]) -> None:
    async def scenario() -> None:
        catalogue = FakeCatalogue()
        early = ahead(catalogue)
        with aio.within(aio.Deadline.after(0)):
            early.named(Mood(), ARTISTS[:1])
        await settled()
        assert catalogue.asked == ["Ann"]
        await early.end()

    asyncio.run(scenario())


def test_at_the_end_nothing_is_left_under_way(heard: list[str]) -> None:
    async def scenario() -> None:
        early = ahead(FakeCatalogue())
        early.named(Mood(), ARTISTS)
        early.begin(["Dora"])
        await early.end()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())

"""Previews that the analysis function hears when another function asks."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import pytest

from analysis import handler as function
from analysis.previews import MOST_BYTES, Previews
from fanfare import aio
from fanfare.bodies import File
from fanfare.cache import Store, registry
from fanfare.cache.dynamodb import Table
from fanfare.errors import FanfareError, InvalidInput, NotFound, UpstreamError
from fanfare.upstreams import remote
from integration.analysis_function import Function, counted
from integration.songs_function import HOST
from local_cloud.world import music
from support.lambda_events import Context
from support.world import World

AUDIBLE: Final = [song for song in music.songs() if song.audible]
FIGURES: Final = {"tempo", "energy", "valence", "danceability", "acousticness"}


@pytest.fixture
def previews(analysis: Function, world: World) -> Iterator[Function]:
    analysis.environment["PREVIEW_HOSTS"] = f"{HOST}={world.url}"
    analysis.restart()
    yield analysis
    disconnect()


def disconnect() -> None:
    for transport in (remote.connections().mirrors, remote.connections().public):
        aio.run(transport.aclose())
    remote.connections.cache_clear()


def of(song: music.Song) -> dict[str, Any]:
    """The event by which a song is to be heard; iTunes' previews do not expire."""
    return {"song": song.isrc, "url": f"{music.PREVIEWS}/previews/itunes/{song.isrc}.mp3"}


def invoke(event: dict[str, Any]) -> dict[str, Any]:
    return function.handler(event, Context(30))


def remembered(analysis: Function) -> set[str]:
    """Songs in the table, as another process finds them."""

    async def read() -> set[str]:
        own = Store(shared=Table(analysis.environment["CACHE_TABLE"]))

        async def nothing(_song: str, _url: str) -> dict[str, Any]:
            return {}

        known = own.bind(registry.TRACK_FEATURES, nothing, key=lambda song, _: (song,))
        entries = await known.recall([(song.isrc, "") for song in AUDIBLE[:9]])
        return {song.isrc for song, entry in zip(AUDIBLE, entries, strict=False) if entry}

    return aio.run(read())


def test_a_preview_has_figures_of_its_sound(previews: Function) -> None:
    calm = min(AUDIBLE, key=lambda song: song.character.energy)
    wild = max(AUDIBLE, key=lambda song: song.character.energy + song.character.valence)
    first, second = invoke(of(calm)), invoke(of(wild))
    for song, found in ((calm, first), (wild, second)):
        assert set(found) == FIGURES
        assert all(0 <= found[name] <= 1 for name in FIGURES - {"tempo"})
        tempo = song.character.tempo
        assert min(abs(found["tempo"] * factor / tempo - 1) for factor in (0.5, 1, 2)) < 0.04
    assert first["energy"] < second["energy"]
    assert first["valence"] < second["valence"]


def test_a_song_is_heard_once_for_good(previews: Function, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    runs, event = counted(monkeypatch), of(AUDIBLE[0])
    first = invoke(event)
    disconnect()
    previews.restart()
    assert invoke(event | {"url": f"{music.PREVIEWS}/elsewhere.mp3"}) == first
    assert (runs.count, world.calls()["previews.get"]) == (1, 1)
    assert remembered(previews) == {AUDIBLE[0].isrc}


def test_two_at_once_hear_a_song_once(previews: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, event = counted(monkeypatch), of(AUDIBLE[1])

    async def both() -> tuple[Any, Any]:
        heard = function.previews()
        return await asyncio.gather(heard.answer(event), heard.answer(event))

    first, second = aio.run(both())
    assert (first == second, runs.count) == (True, 1)


def test_two_processes_hear_a_song_once(previews: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds the lease taken and waits for what the first writes."""
    runs, event = counted(monkeypatch), of(AUDIBLE[2])

    async def process() -> Any:
        hosts = remote.Hosts.parse(previews.environment["PREVIEW_HOSTS"])
        own = Store(shared=Table(previews.environment["CACHE_TABLE"]))
        try:
            return await Previews(remote.Remote(hosts, remote.connections(), remote.PREVIEWS), own).answer(event)
        finally:
            await own.flush()

    async def processes() -> tuple[Any, Any]:
        return await asyncio.gather(process(), process())

    first, second = aio.run(processes())
    assert (first == second, runs.count) == (True, 1)


def test_a_batch_is_heard_and_only_remembered(previews: Function, world: World) -> None:
    assert invoke({"songs": [of(song) for song in AUDIBLE[:3]]}) == {"failed": 0}
    assert remembered(previews) == {song.isrc for song in AUDIBLE[:3]}
    assert invoke({"songs": [of(song) for song in AUDIBLE[:3]]}) == {"failed": 0}
    assert world.calls()["previews.get"] == 3


def test_one_of_a_batch_that_fails_leaves_the_others(previews: Function) -> None:
    wrong = {"song": "XX", "url": "https://elsewhere.example/a.mp3"}
    assert invoke({"songs": [of(AUDIBLE[0]), wrong, of(AUDIBLE[1])]}) == {"failed": 1}
    assert remembered(previews) == {AUDIBLE[0].isrc, AUDIBLE[1].isrc}


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/a.mp3",
        "http://previews.sample.example/a.mp3",
        "https://127.0.0.1/a.mp3",
        "https://169.254.169.254/latest/meta-data",
        "https://previews.sample.example.evil.example/a.mp3",
        "file:///etc/passwd",
        "",
    ],
)
def test_previews_come_from_their_hosts_only(previews: Function, world: World, url: str) -> None:
    with pytest.raises(InvalidInput):
        invoke({"song": "XX", "url": url})
    assert "previews.get" not in world.calls()


def test_what_is_not_there_fails_and_is_asked_for_again(previews: Function, world: World) -> None:
    silent = next(song for song in music.songs() if not song.audible)
    for _ in range(2):
        with pytest.raises(NotFound):
            invoke(of(silent))
    assert world.calls()["previews.get"] == 2


@pytest.mark.parametrize("behaviour", [{"status": 500}, {"status": 403}])
def test_a_host_that_fails_is_a_failure(previews: Function, world: World, behaviour: dict[str, Any]) -> None:
    world.behave(previews_get=behaviour)
    with pytest.raises(FanfareError) as failure:
        invoke(of(AUDIBLE[0]))
    assert isinstance(failure.value, UpstreamError)
    world.reset()
    assert set(invoke(of(AUDIBLE[0]))) == FIGURES, "it is not remembered"


def test_what_is_no_sound_is_told_and_remembered(previews: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    fetches = []

    async def fetch(_: remote.Remote, url: str, *, limit: int, timeout: float) -> Any:
        fetches.append((url, limit, timeout > 0))
        return File(b"no sound at all " * 99, "audio/mpeg")

    monkeypatch.setattr(remote.Remote, "fetch", fetch)
    event = of(AUDIBLE[0])
    for _ in range(2):
        found = invoke(event)
        assert set(found) == {"error"}
        assert found["error"]
    assert fetches == [(event["url"], MOST_BYTES, True)]


def test_http_is_still_answered(previews: Function) -> None:
    assert previews.get("").status == 200

"""What `fanfare bench speech` holds Fanfare against, asked of the sample world."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from bench import speech_ways as ways
from bench.speech import EXPLAINED, SPOKEN, fresh_words
from support.servers import sample_world
from support.world import World


@pytest.fixture(scope="module")
def server() -> Iterator[World]:
    with sample_world() as url:
        world = World(url)
        yield world
        world.close()


@pytest.fixture
def world(server: World) -> World:
    server.reset()
    return server


def test_fresh_words_are_all_different_and_of_one_length() -> None:
    words = list(itertools.islice(fresh_words(), 5000))
    assert len(set(words)) == len(words)
    assert len({len(word) for word in words}) == 1


def test_the_published_ways_speak_every_text_once_and_keep_the_audio(world: World, tmp_path: Path) -> None:
    words = list(itertools.islice(fresh_words(), SPOKEN))
    ways.speech_one_by_one(world.url, words[:3], tmp_path)
    ways.speech_in_threads(world.url, words[3:], tmp_path)
    assert {file.stem for file in tmp_path.iterdir() if file.stat().st_size} == set(words)
    assert world.calls() == {"speech.create": SPOKEN}


def test_the_published_way_explains_ten_words_to_a_call(world: World) -> None:
    words = list(itertools.islice(fresh_words(), EXPLAINED))
    ways.words_in_batches(world.url, words)
    assert world.calls() == {"model.enrich": 10}
    ways.words_one_by_one(world.url, words[:3])
    assert world.calls() == {"model.enrich": 13}


def test_the_published_ways_do_not_pass_over_what_fails(world: World, tmp_path: Path) -> None:
    world.behave(speech_create={"times": 1, "status": 429}, model_enrich={"leave_out": ["b"]})
    with pytest.raises(httpx2.HTTPStatusError):
        ways.speech_in_threads(world.url, ["a", "b"], tmp_path)
    with pytest.raises(RuntimeError, match="1 of 2"):
        ways.words_in_batches(world.url, ["a", "b"])


def test_a_bare_call_takes_what_the_call_takes(world: World) -> None:
    world.behave(speech_create={"latency_ms": 50})
    with httpx2.Client(base_url=world.url, headers=ways.HEADERS) as client:
        assert ways.bare_call(client, ways.SPEAK, ways.speech_wish("a")) >= 50

import sys
from collections.abc import Iterator

import pytest

from fanfare import aws
from fanfare.cache import Store
from integration.analysis_function import analysis
from integration.images_function import engine, images
from integration.recommendation_function import logged, recommendation
from integration.songs_function import songs
from integration.speech_function import speech
from support.servers import ministack, sample_world
from support.world import World

__all__ = ["analysis", "engine", "images", "logged", "recommendation", "songs", "speech"]  # fixtures


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    with ministack() as url:
        yield url


@pytest.fixture
def cloud(emulator: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Point this process's AWS clients at the emulator; yield its URL."""
    for name, value in {
        "AWS_ENDPOINT_URL": emulator,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.modules[Store.__module__], "SLOW", 5.0)  # a busy machine is no outage of the table
    aws.client.cache_clear()
    yield emulator
    aws.client.cache_clear()


@pytest.fixture(scope="session")
def world_server() -> Iterator[World]:
    with sample_world() as url:
        world = World(url)
        yield world
        world.close()


@pytest.fixture
def world(world_server: World) -> Iterator[World]:
    world_server.reset()
    yield world_server
    world_server.reset()

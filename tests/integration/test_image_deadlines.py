"""Pictures that take longer than there is time: what was begun for them ends soon, and the next ones are fine."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from PIL import Image

from fanfare import aio
from fanfare.imaging.resizing import resized
from integration.image_files import jpeg, noise_png
from integration.images_function import HOST, Function, refusal
from support.pictures import animation
from support.sites import answer

CORES: Final = os.process_cpu_count() or 1
ENCODING: Final = ("PIL.Image.Image.save", Image.Image.save)
FRAME: Final = ("fanfare.imaging.pipeline.resized", resized)
COLOURS: Final = ("red", "lime", "blue") * 20


@dataclass
class Steps:
    """Steps of the engine: how often they were begun. Those that are held take until they are let go."""

    monkeypatch: pytest.MonkeyPatch
    begun: list[str] = field(default_factory=list)
    free: threading.Event = field(default_factory=threading.Event)

    def count(self, name: str, work: Callable[..., Any], *, held: bool) -> None:
        def step(*arguments: Any, **options: Any) -> Any:
            self.begun.append(name)
            assert not held or self.free.wait(60)
            return work(*arguments, **options)

        self.monkeypatch.setattr(name, step)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    made = Steps(monkeypatch)
    yield made
    made.free.set()
    every_core()


def every_core() -> None:
    """Have every core for a moment: when this is over, nothing that was begun before still runs."""

    async def all_of_them() -> None:
        barrier = threading.Barrier(CORES, timeout=60)
        await asyncio.gather(*(aio.compute(barrier.wait) for _ in range(CORES)))

    aio.run(all_of_them())


def ways(images: Function) -> dict[str, Callable[[], Any]]:
    """Requests whose pictures take several steps, by what these are."""
    images.pictures["/a.jpg"] = answer(200, jpeg(500, 750))
    moving, noise = animation("GIF", COLOURS, duration=50), noise_png(100)
    return {
        "many sizes": lambda: images.optimize(noise, format="png", max_bytes=1000),
        "many qualities": lambda: images.optimize(noise, max_bytes=3000),
        "many frames": lambda: images.optimize(moving, "image/gif", animated="true"),
        "a preset": lambda: images.variant("poster", f"{HOST}/a.jpg"),
    }


@pytest.mark.parametrize(
    ("way", "held"),
    [("many sizes", ENCODING), ("many qualities", ENCODING), ("many frames", FRAME), ("a preset", FRAME)],
)
def test_what_takes_too_long_ends_at_its_next_step_and_the_next_request_is_fine(
    images: Function, steps: Steps, way: str, held: tuple[str, Callable[..., Any]]
) -> None:
    ask = ways(images)[way]
    small = jpeg()
    images.optimize(small)  # so that the time goes into pictures
    images.restart(ROUTE_BUDGET_SECONDS="0.3", CACHE_TABLE="")  # no lease: each request begins
    for each in (ENCODING, FRAME):
        steps.count(*each, held=each == held)
    for _ in range(CORES + 1):
        refusal(ask(), 504)
    assert held[0] in steps.begun
    steps.free.set()
    every_core()
    assert steps.begun.count(held[0]) <= CORES  # one for each that was begun; the last one had no core
    if held == FRAME:
        assert ENCODING[0] not in steps.begun
    images.restart(CACHE_TABLE="")
    assert images.optimize(small).status == 200
    assert ask().status == 200

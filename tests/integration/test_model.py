"""The model, streamed from a real server: fields in order, and every way to fail."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from fanfare import aio, telemetry
from fanfare.cache import Store
from fanfare.errors import DeadlineExceeded, UpstreamError, UpstreamRateLimited, UpstreamRejected, UpstreamTimeout
from fanfare.photos import Photo
from fanfare.upstreams.model import Model, Prices, warm
from local_cloud.world import model as sample
from recommendation.mood import Mood, Prose, Reading
from support.photos import encoded, photo
from support.world import World


def _model(url: str, http: httpx2.AsyncClient, *, key: str = "sample-key", timeout: float = 5.0) -> Model:
    async def secret() -> str:
        return key

    return Model(
        base_url=url, name="sample", effort="none", key=secret, http=http, timeout=timeout, prices=Prices(0.1, 0.5)
    )


@asynccontextmanager
async def mood(world: World, **options: Any) -> AsyncIterator[Mood]:
    async with httpx2.AsyncClient() as http:
        yield Mood(_model(f"{world.url}/model/v1", http, **options), Store())


PROMPT = "a cosy comedy from the 90s under 100 minutes, no horror"


def read(world: World, prompt: str = PROMPT, **options: Any) -> Prose:
    async def scenario() -> Prose:
        async with mood(world, **options) as reader:
            return await reader.read(prompt, 2026, Reading())

    return asyncio.run(scenario())


def test_fields_arrive_one_after_another(world: World) -> None:
    world.behave(model_chat={"first_token_ms": 100, "last_token_ms": 900})
    warm()  # the client library's import is no part of what is compared

    async def scenario() -> list[tuple[str, float]]:
        moments: list[tuple[str, float]] = []
        reading = Reading()
        began = time.perf_counter()

        def note(name: str) -> Any:
            return lambda _: moments.append((name, time.perf_counter() - began))

        reading.constraints.add_done_callback(note("constraints"))
        reading.titles.add_done_callback(note("titles"))
        async with mood(world) as reader:
            prose = await reader.read(PROMPT, 2026, reading)
            note("prose")(None)
            assert reading.constraints.result().exclude_genres == prose.intent.exclude_genres
            assert reading.titles.result() == prose.intent.titles
        return moments

    moments = asyncio.run(scenario())
    assert [name for name, _ in moments] == ["constraints", "titles", "prose"]
    constraints, titles, prose = (moment for _, moment in moments)
    assert constraints < 0.6 * prose
    assert titles < 0.85 * prose


def test_streamed_and_whole_answers_are_the_same(world: World) -> None:
    streamed = read(world)
    world.behave(model_chat={"stream": False})
    assert read(world) == streamed
    assert streamed.intent.titles
    assert "Horror" in streamed.intent.exclude_genres


def test_a_photo_goes_beside_the_words_and_words_alone_go_as_ever() -> None:
    sent: list[dict[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(json.loads(request.content))
        return httpx2.Response(200, json={"choices": [{"message": {"content": sample.answer(PROMPT)}}]})

    async def scenario() -> None:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
            reader = Mood(_model("http://model.example/v1", http), Store())
            await reader.read(PROMPT, 2026, Reading())
            await reader.read(PROMPT, 2026, Reading(), Photo("a digest", "data:image/jpeg;base64,AAAA"))

    asyncio.run(scenario())
    (system, words), (system_with_photo, words_with_photo) = (body.pop("messages") for body in sent)
    assert words == {"role": "user", "content": PROMPT}
    assert words_with_photo["content"] == [
        {"type": "text", "text": PROMPT},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA", "detail": "low"}},
    ]
    assert "photo" not in system["content"]
    assert system_with_photo["content"].startswith(system["content"])
    assert system_with_photo["content"].removeprefix(system["content"]).count("photo") == 1
    assert sent[0] == sent[1]
    assert sent[0]["stream"] is True
    assert sent[0]["response_format"]["json_schema"]["strict"] is True


def test_a_photo_that_tells_of_its_owner_is_refused_by_the_sample_model(world: World) -> None:
    async def scenario() -> None:
        async with mood(world) as reader:
            await reader.read(PROMPT, 2026, Reading(), Photo("", f"data:image/jpeg;base64,{encoded(photo())}"))

    with pytest.raises(UpstreamRejected, match="400"):
        asyncio.run(scenario())


def test_the_cost_is_estimated_from_tokens(world: World) -> None:
    async def scenario() -> float:
        with telemetry.request() as figures:
            async with mood(world) as reader:
                await reader.read(PROMPT, 2026, Reading())
            return figures.cost_usd

    assert 1e-6 < asyncio.run(scenario()) < 1e-2


def test_a_prompt_is_read_once(world: World) -> None:
    async def scenario() -> list[bool]:
        async with mood(world) as reader:
            return [(await reader.read(prompt, 2026, Reading())).cached for prompt in ("Cosy", "cosy")]

    assert asyncio.run(scenario()) == [False, True]
    assert world.calls()["model.chat"] == 1


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ({"fail_rate": 1.0, "status": 429}, UpstreamRateLimited),
        ({"fail_rate": 1.0, "status": 500}, UpstreamError),
        ({"fail_rate": 1.0, "status": 400}, UpstreamRejected),
        ({"malformed": True}, UpstreamRejected),
        ({"malformed": True, "stream": False}, UpstreamRejected),
        ({"refusal": True}, UpstreamRejected),
        ({"refusal": True, "stream": False}, UpstreamRejected),
        ({"cut_after": 0.1}, UpstreamError),
        ({"cut_after": 0.8}, UpstreamError),
        ({"hang": True}, UpstreamTimeout),
        ({"first_token_ms": 0, "last_token_ms": 60_000}, UpstreamTimeout),
        ({"slow_body_ms": 60_000, "stream": False}, UpstreamTimeout),
    ],
)
def test_every_way_to_fail_has_its_error(world: World, behaviour: dict[str, Any], error: type[Exception]) -> None:
    world.behave(model_chat=behaviour)
    with pytest.raises(error) as raised:
        read(world, timeout=0.5)
    assert type(raised.value) is error


def test_a_wrong_key_is_not_echoed(world: World) -> None:
    with pytest.raises(UpstreamRejected) as raised:
        read(world, key="wrong-secret")
    assert "wrong-secret" not in str(raised.value)


def test_nothing_listening_is_an_upstream_error(world: World) -> None:
    async def scenario() -> None:
        async with mood(world) as reader:
            reader.model._base_url = "http://127.0.0.1:9/v1"
            await reader.read("x", 2026, Reading())

    with pytest.raises(UpstreamError):
        asyncio.run(scenario())


def test_a_cut_answer_still_gives_the_fields_that_came(world: World) -> None:
    world.behave(model_chat={"cut_after": 0.6})

    async def scenario() -> Reading:
        reading = Reading()
        async with mood(world) as reader:
            with pytest.raises(UpstreamError):
                await reader.read(PROMPT, 2026, reading)
        return reading

    reading = asyncio.run(scenario())
    assert "Horror" in reading.constraints.result().exclude_genres


def test_the_deadline_ends_a_hanging_model(world: World) -> None:
    world.behave(model_chat={"hang": True})

    async def scenario() -> float:
        began = time.perf_counter()
        async with mood(world) as reader:
            with aio.within(aio.Deadline.after(0.3)), pytest.raises((UpstreamTimeout, DeadlineExceeded)):
                await reader.read("x", 2026, Reading())
        return time.perf_counter() - began

    assert asyncio.run(scenario()) < 2

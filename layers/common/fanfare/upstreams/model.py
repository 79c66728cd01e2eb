"""A language model behind the OpenAI Chat Completions API, answering with JSON that fits a schema, streamed.

Any compatible server will do; one that ignores ``stream`` is read whole.
Sources: https://platform.openai.com/docs/api-reference/chat,
https://developers.openai.com/api/docs/guides/images-vision
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import jiter

from fanfare import aio, aws, telemetry
from fanfare.errors import UpstreamError, UpstreamRateLimited, UpstreamRejected, UpstreamTimeout
from fanfare.settings import Settings
from fanfare.upstreams.http import bounded, client, retry_after

if TYPE_CHECKING:
    from openai import AsyncOpenAI

UPSTREAM = "model"
MOST_BYTES = 4 << 20
"""Of an answer."""


def warm() -> None:
    """Import the client library: a second of CPU that a snapshot can hold and a first request should not pay."""
    import openai.resources.chat  # noqa: F401


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens."""

    input: float
    output: float


class Model:
    """One model. `timeout` is seconds for a whole answer."""

    def __init__(
        self,
        *,
        base_url: str,
        name: str,
        effort: str,
        key: Callable[[], Awaitable[str]],
        http: httpx2.AsyncClient,
        timeout: float,
        prices: Prices,
    ) -> None:
        self.name = name
        self.effort = effort
        self.server = httpx2.URL(base_url).host
        self._base_url = base_url
        self._key = key
        self._http = http
        self._timeout = timeout
        self._prices = prices

    async def answer(
        self,
        *,
        system: str,
        user: str,
        image: str | None = None,
        schema: Mapping[str, Any],
        name: str = "answer",
        on_text: Callable[[str], None] | None = None,
    ) -> str:
        """Return the answer's JSON text, which fits `schema`, called `name`.

        `image` is a URL, as a rule a data URL, of a picture to be looked at in low detail. `on_text` is told all of the
        text so far, whenever it grows; it must not raise. Without it the answer is asked for in one piece, since some
        hundred small ones cost a hundred times the CPU.

        Raises `UpstreamRateLimited`, `UpstreamTimeout`, `UpstreamRejected` (refusal, wrong key or request, an answer
        cut short) or `UpstreamError`. Not retried: the caller has a fallback, and a second answer costs as much as the
        first.
        """
        telemetry.count_call(UPSTREAM)
        body: dict[str, Any] = {
            "model": self.name,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": _content(user, image)}],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": name, "strict": True, "schema": dict(schema)},
            },
        }
        if on_text is not None:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        if self.effort:
            body["reasoning_effort"] = self.effort
        limit = min(aio.deadline().at, aio.Deadline.after(self._timeout).at)
        with _errors():
            client = _client(self._base_url, await self._key(), self._http)
            create = client.chat.completions.with_streaming_response.create
            async with asyncio.timeout_at(limit), create(**body) as response:
                if "json" in response.headers.get("content-type", ""):
                    whole = await bounded(response.iter_bytes(), MOST_BYTES)
                    if whole is None:
                        raise UpstreamRejected(UPSTREAM, "the answer is too long")
                    text = self._whole(jiter.from_json(whole))
                    if on_text is not None:
                        on_text(text)
                    return text
                return await self._streamed(response.iter_bytes(), on_text)

    async def _streamed(self, chunks: AsyncIterator[bytes], on_text: Callable[[str], None] | None) -> str:
        text = ""
        finished = False
        async for event in _events(chunks):
            self._account(event.get("usage"))
            for choice in event.get("choices", []):
                delta = choice.get("delta", {})
                finished = finished or choice.get("finish_reason") is not None
                _refuse(delta.get("refusal"), choice.get("finish_reason"))
                if delta.get("content"):
                    text += delta["content"]
                    if len(text) > MOST_BYTES:
                        raise UpstreamRejected(UPSTREAM, "the answer is too long")
                    if on_text is not None:
                        on_text(text)
        if not finished:
            raise UpstreamError(UPSTREAM, "the answer broke off")
        return text

    def _whole(self, message: Mapping[str, Any]) -> str:
        self._account(message.get("usage"))
        choice = message["choices"][0]
        _refuse(choice["message"].get("refusal"), choice.get("finish_reason"))
        text = choice["message"]["content"]
        if not isinstance(text, str):
            raise UpstreamRejected(UPSTREAM, "the answer has no text")
        return text

    def _account(self, usage: Mapping[str, int] | None) -> None:
        if usage:
            figures = telemetry.figures()
            figures.cost_usd += (
                usage.get("prompt_tokens", 0) * self._prices.input
                + usage.get("completion_tokens", 0) * self._prices.output
            ) / 1e6


def configured(chosen: Settings) -> Model | None:
    """Return the model that the settings name, with this process's HTTP client; None if there is no key for one."""
    if not chosen.model_api_key_parameter:
        return None
    return Model(
        base_url=chosen.model_base_url,
        name=chosen.model_name,
        effort=chosen.model_reasoning_effort,
        key=functools.partial(aws.secret, chosen.model_api_key_parameter),
        http=client(),
        timeout=chosen.call_timeout,
        prices=Prices(chosen.model_price_input, chosen.model_price_output),
    )


def _content(text: str, image: str | None) -> str | list[dict[str, Any]]:
    if image is None:
        return text
    return [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": image, "detail": "low"}}]


@functools.lru_cache(maxsize=2)
def _client(base_url: str, key: str, http: httpx2.AsyncClient) -> "AsyncOpenAI":
    from openai import AsyncOpenAI

    return AsyncOpenAI(base_url=base_url, api_key=key, http_client=http, max_retries=0, timeout=None)


@contextmanager
def _errors() -> Iterator[None]:
    """Translate what the client library and the transport raise into this bundle's errors."""
    import openai

    try:
        yield
    except (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException) as error:
        raise UpstreamTimeout(UPSTREAM, "no whole answer in time") from error
    except openai.RateLimitError as error:
        raise UpstreamRateLimited(UPSTREAM, "too many requests", retry_after=retry_after(error.response)) from error
    except openai.APIStatusError as error:
        rejected = UpstreamRejected if error.status_code < 500 else UpstreamError
        raise rejected(UPSTREAM, f"status {error.status_code}") from error
    except (openai.OpenAIError, httpx2.HTTPError) as error:
        raise UpstreamError(UPSTREAM, type(error).__name__) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UpstreamRejected(UPSTREAM, "the answer has another shape") from error


async def _events(chunks: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any]]:
    """Parse server-sent events with JSON data.

    By hand, since the client library builds and validates an object for each token, ten times the work.
    """
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            # Read on after the last event: a body read to its end gives its connection back.
            if line.startswith(b"data:") and (data := line[5:].strip()) != b"[DONE]":
                yield jiter.from_json(data)


def _refuse(refusal: str | None, finish_reason: str | None) -> None:
    if refusal or finish_reason == "content_filter":
        raise UpstreamRejected(UPSTREAM, "the model refused")
    if finish_reason == "length":
        raise UpstreamRejected(UPSTREAM, "the answer was cut short")

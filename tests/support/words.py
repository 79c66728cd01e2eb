"""A vocabulary at whose desk the model, eSpeak and the voices are fakes that can be slow, wrong or away."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from fanfare import aio, telemetry
from fanfare.aio import Deadline, Failure
from fanfare.cache.store import Store
from fanfare.errors import UpstreamTimeout
from speech.utterance import Utterance
from speech.vocabulary import Vocabulary
from speech.word_contract import EnrichAnswer, EnrichRequest
from support.fakes import FakeShared
from support.virtual_time import run_virtual

type Entry = dict[str, Any]
type Say = Callable[[list[Entry]], str]

BUDGET = 28.0


def now() -> float:
    return asyncio.get_running_loop().time()


def entry(number: int, word: str, **other: Any) -> Entry:
    return {
        "number": number,
        "lemma": word.lower(),
        "pos": "noun",
        "translation": f"{word} translated",
        "example": f"Here is {word}.",
        "example_native": f"{word}, there.",
        "ipa": "ˈvœʁt",
        "gender": "neuter",
        "plural": None,
        "synonyms": ["one", "two"],
        "collocations": [],
    } | other


def said(entries: Sequence[Entry]) -> str:
    return json.dumps({"entries": entries}, ensure_ascii=False)


def well(asked: list[Entry]) -> str:
    return said([entry(each["number"], each["word"]) for each in asked])


class FakeModel:
    """Answers as `say` has it, after `seconds`; `errors` are raised by the next calls, one each, `error` by all."""

    def __init__(self, say: Say = well, *, seconds: float = 6.0, error: Exception | None = None) -> None:
        self.name = "fake-model"
        self.server = "models.example"
        self.effort = "none"
        self.seconds = seconds
        self.errors: list[Exception | None] = []
        self.calls: list[list[str]] = []
        self.messages: list[tuple[str, str]] = []
        self.began: list[float] = []
        self.under_way = 0
        self.most_under_way = 0
        self._say = say
        self._error = error

    async def answer(self, *, system: str, user: str, schema: Mapping[str, Any], **_: Any) -> str:
        assert schema["properties"]["entries"]["items"]["additionalProperties"] is False
        asked = json.loads(user)["entries"]
        self.calls.append([each["word"] for each in asked])
        self.messages.append((system, user))
        self.began.append(now())
        error = self.errors.pop(0) if self.errors else self._error
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        if error is not None:
            raise error
        return self._say(asked)


class FakeIpa:
    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[list[str], str]] = []
        self.seconds = 0.0
        self.error = error

    async def __call__(self, words: Sequence[str], language: str) -> list[str]:
        self.calls.append((list(words), language))
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return [f"e {word}" for word in words]


class FakeVoice:
    def __init__(self) -> None:
        self.spoken: list[Utterance] = []
        self.seconds = 0.0
        """How long it speaks; what is not spoken by its deadline is mute."""
        self.mute: set[str] = set()
        self.error: Exception | None = None

    async def __call__(self, utterances: Sequence[Utterance]) -> list[str | Failure]:
        self.spoken += utterances
        await asyncio.sleep(min(self.seconds, aio.deadline().remaining()) if self.mute else self.seconds)
        if self.error is not None:
            raise self.error
        return [
            Failure(UpstreamTimeout("espeak", "too slow")) if each.text in self.mute else f"https://audio/{each.text}"
            for each in utterances
        ]


class Desk:
    """A vocabulary with its fakes, and the questions put to it."""

    def __init__(self, model: FakeModel | None, shared: FakeShared | None = None) -> None:
        self.store = Store(shared=shared)
        self.model = model
        self.ipa, self.voice = FakeIpa(), FakeVoice()
        self.seconds = 0.0
        self.vocabulary = Vocabulary(
            model=model,  # type: ignore[arg-type]  # a fake
            store=self.store,
            ipa=self.ipa,
            speak=self.voice,
            concurrency=3,
            ttl=3600,
        )

    async def enrich(self, words: Sequence[str], **other: Any) -> EnrichAnswer:
        asked = {"words": words, "language": "de", "native_language": "en"} | other
        began = now()
        with telemetry.request(), aio.within(Deadline.after(BUDGET)):
            answer = await self.vocabulary.enrich(EnrichRequest.model_validate(asked))
        self.seconds = now() - began
        return answer


def words(number: int) -> list[str]:
    return [f"Wort{index}" for index in range(number)]


def run[R](scenario: Callable[[], Coroutine[Any, Any, R]]) -> R:
    return run_virtual(scenario())

"""Explanations had from a model: remembered, batched, bounded, asked for once more where that went wrong."""

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from fanfare import aio, telemetry
from fanfare.aio import Failure
from fanfare.cache import Store, registry
from fanfare.cache.cached import Entry
from fanfare.cache.record import cache_key
from fanfare.errors import UpstreamError, UpstreamRateLimited, UpstreamRejected, brief
from fanfare.upstreams.model import UPSTREAM
from speech.batches import Batcher
from speech.explaining import DIALOGUE, SCHEMA, SYSTEM, Explanation, Question, explanations, user_message

if TYPE_CHECKING:
    from fanfare.upstreams.model import Model

TEN: Final = 10
"""Words in a model call."""
FEW: Final = 3
"""Words in a call that asks again: less to confuse, and less to lose."""
PRONOUNCE: Final = 2.0
"""Seconds for the pronunciations of a call's words."""
RATE_LIMITED: Final = 1.0
"""Seconds for which no call is made after a 429 that does not say how long to wait."""

ALONE: Final = 10.0
"""Seconds for which words are kept from other processes that ask for the same."""

type Pronounce = Callable[[Sequence[str], str], Awaitable[list[str]]]


class Pronunciations:
    """eSpeak's pronunciations, which never hold a word up."""

    def __init__(self, ipa: Pronounce) -> None:
        self._ipa = ipa

    async def of(self, questions: Sequence[Question]) -> list[str | None]:
        """IPA for words of one language, in order: empty where eSpeak has none, None where it failed."""
        if not questions:
            return []
        words = [question.word for question in questions]
        heard = await aio.isolated(self._ipa(words, questions[0].language), timeout=PRONOUNCE)
        if not isinstance(heard, Failure):
            return list(heard)
        warning = f"no pronunciations by eSpeak: {brief(heard.error)}"
        if warning not in telemetry.figures().warnings:
            telemetry.figures().warnings.append(warning)
        return ["" if isinstance(heard.error, UpstreamRejected) else None] * len(questions)


class Explained:
    """A model's explanations with a cache in front of them, remembered for `ttl` seconds."""

    def __init__(
        self, model: "Model", store: Store, pronunciations: Pronunciations, concurrency: int, ttl: float
    ) -> None:
        self._model = model
        self._store = store
        self._asking = partial(Asking, model, pronunciations, concurrency)
        self._explanations = store.bind(
            dataclasses.replace(registry.WORDS, ttl=ttl),
            self._alone,
            keep=lambda explanation: explanation["ipa"] is not None,
        )

    async def many(self, questions: Sequence[Question]) -> list[Entry[Explanation] | Failure]:
        """Return explanations in order, with a failure in the place of each that could not be had in time."""
        versions = self._model.server, self._model.name, self._model.effort, DIALOGUE
        keys = [(*question, *versions) for question in questions]
        with telemetry.stage("words"):
            known = await self._explanations.recall(keys)
            missing = [key for key, entry in zip(keys, known, strict=True) if entry is None]
            made = iter(await self._made(missing) if missing else [])
        return [entry or next(made) for entry in known]

    async def _made(self, keys: Sequence[tuple[str, ...]]) -> list[Entry[Explanation] | Failure]:
        """Ask for what is not known, unless another process is asking for just that: a class opens its lesson."""
        async with self._store.lease(cache_key("explaining", 1, tuple(keys)), ALONE) as waited:
            if waited:
                await self._explanations.recall(keys, consistent=True)
            with self._asking() as asking:
                return await self._explanations.get_many(keys, limit=len(keys), compute=asking.explain, recall=False)

    async def _alone(self, *key: Any) -> Explanation:
        """Explain a word that another request was explaining when it was cancelled."""
        with self._asking() as asking:
            return await asking.explain(*key)


class Asking:
    """The questions of one request to the model: ten words a call, once more in smaller calls where that went wrong."""

    def __init__(self, model: "Model", pronunciations: Pronunciations, concurrency: int) -> None:
        self._model = model
        self._pronunciations = pronunciations
        self._batches = Batcher(self._call, concurrency=concurrency)
        self._patience = concurrency
        self._failed = 0
        self._answered = False

    async def explain(self, word: str, language: str, native: str, sentence: str, *_versions: str) -> Explanation:
        """Return a word's explanation.

        Raises `UpstreamRejected` where the model left it out or garbled it twice, otherwise what a second call raised.
        """
        question = Question(word, language, native, sentence)
        pair = language, native
        try:
            return await self._batches.get(question, group=pair, size=TEN)
        except UpstreamError as error:
            # What came too soon comes again as it was; what went wrong, in smaller calls.
            size = TEN if isinstance(error, UpstreamRateLimited) else FEW
            return await self._batches.get(question, group=pair, size=size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Give up what is still under way."""
        self._batches.cancel()

    async def _call(self, questions: Sequence[Question]) -> list[Explanation | Failure]:
        try:
            text = await self._model.answer(system=SYSTEM, user=user_message(questions), schema=SCHEMA)
        except UpstreamError as error:
            telemetry.log_failure("the model failed", error)
            self._take_in(error)
            raise
        self._answered = True
        sound, garbled = explanations(text)
        results: list[Explanation | Failure] = [
            sound[number] if number in sound else _lost(was_garbled=number in garbled)
            for number in range(1, len(questions) + 1)
        ]
        await self._pronounce(questions, results)
        return results

    async def _pronounce(self, questions: Sequence[Question], results: Sequence[Explanation | Failure]) -> None:
        """Add eSpeak's pronunciation where the model gave none."""
        silent = [
            (question, each)
            for question, each in zip(questions, results, strict=True)
            if not isinstance(each, Failure) and each["ipa"] is None
        ]
        heard = await self._pronunciations.of([question for question, _ in silent])
        for (_, explanation), ipa in zip(silent, heard, strict=True):
            explanation["ipa"] = ipa
            explanation["ipa_source"] = "espeak" if ipa else None

    def _take_in(self, error: UpstreamError) -> None:
        """After a 429 make no call before the model's time, or none at all if that is too late. A model that has
        answered nothing yet and keeps failing (a wrong key, an outage) is not asked on and on.
        """
        if isinstance(error, UpstreamRateLimited):
            if _pause(error) < aio.deadline().remaining():
                self._batches.hold(_pause(error))
            else:
                self._batches.close(error)
            return
        self._failed += 1
        if not self._answered and self._failed > self._patience:
            self._batches.close(error)


def _pause(error: UpstreamRateLimited) -> float:
    return RATE_LIMITED if error.retry_after is None else error.retry_after


def _lost(*, was_garbled: bool) -> Failure:
    detail = "its entry for this word was garbled" if was_garbled else "it left this word out"
    return Failure(UpstreamRejected(UPSTREAM, detail))

"""Words explained: remembered ones at once, the others by a model, ten to a call; by rules where that fails.

Read `Vocabulary._results` from top to bottom.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from fanfare import aio, telemetry
from fanfare.aio import Failure
from fanfare.cache import Store
from fanfare.cache.cached import Entry
from fanfare.errors import brief
from fanfare.meta import meta
from speech import word_rules
from speech.asking import Explained, Pronounce, Pronunciations
from speech.contract import told
from speech.explaining import Explanation, Question
from speech.texts import plain
from speech.utterance import Utterance
from speech.word_contract import (
    BatchAnswer,
    EnrichAnswer,
    EnrichOneRequest,
    EnrichRequest,
    OneAnswer,
    Word,
)

if TYPE_CHECKING:
    from fanfare.upstreams.model import Model

AFTERWARDS: Final = 1.0
"""Seconds kept back from the model and the voices, for what rules know and for the answer; a tenth at most."""

type Speak = Callable[[Sequence[Utterance]], Awaitable[list[str | Failure]]]


class Vocabulary:
    """Explains words. `model` is None where none is configured.

    `ipa` gives pronunciations of words of a language, in order, empty where it has none, or raises `UpstreamError`.
    `speak` gives URLs of audio, in order. `concurrency` is how many model calls of a request may be under way, `ttl`
    seconds for which an explanation is remembered.
    """

    def __init__(
        self,
        *,
        model: "Model | None",
        store: Store,
        ipa: Pronounce,
        speak: Speak,
        concurrency: int,
        ttl: float,
    ) -> None:
        self._model = model
        self._pronunciations = Pronunciations(ipa)
        self._speak = speak
        self._explained = Explained(model, store, self._pronunciations, concurrency, ttl) if model else None

    async def enrich(self, request: EnrichRequest) -> EnrichAnswer:
        """Explain every word, in order, within the current deadline; a word that fails says why."""
        words = [plain(word) for word in request.words]
        questions = {
            word: Question(word, request.language, request.native_language, request.sentence_contexts.get(word) or "")
            for word in words
        }
        found = await self._results(list(questions.values()), audio=request.generate_audio)
        known = dict(zip(questions, found, strict=True))
        results = [
            known[word].model_copy(update={"word": sent}) for word, sent in zip(words, request.words, strict=True)
        ]
        failed = sum(result.error is not None for result in results)
        sources = {"words": ", ".join(sorted({"memory" if each.cached else each.source for each in results}))}
        model = self._model.name if self._model else None
        return EnrichAnswer(
            results=results, enriched=len(results) - failed, failed=failed, meta=meta(sources, model=model)
        )

    async def enrich_batch(self, request: EnrichRequest) -> BatchAnswer:
        """The same, by word."""
        answer = await self.enrich(request)
        return BatchAnswer(
            results={each.word: each for each in answer.results},
            enriched_count=answer.enriched,
            total_words=len(answer.results),
            meta=answer.meta,
        )

    async def enrich_one(self, request: EnrichOneRequest) -> OneAnswer:
        """The same, for one word."""
        answer = await self.enrich(
            EnrichRequest(
                words=[request.word],
                language=request.language,
                native_language=request.native_language,
                sentence_contexts={request.word: request.sentence_context},
                generate_audio=request.generate_audio,
            )
        )
        return OneAnswer(**dict(answer.results[0]), meta=answer.meta)

    async def _results(self, questions: Sequence[Question], *, audio: bool) -> list[Word]:
        limit = aio.deadline()
        kept_back = min(AFTERWARDS, limit.remaining() / 10)
        work_until = limit.less(kept_back)
        with aio.within(limit.less(kept_back / 2)):
            async with aio.task_group() as group:
                spoken = group.create_task(self._spoken(questions, work_until)) if audio else None
                with aio.within(work_until):
                    explained = await self._explained.many(questions) if self._explained else [None] * len(questions)
                results = await self._words(questions, explained)
        if spoken:
            _add_audio(results, spoken.result())
        return results

    async def _words(
        self, questions: Sequence[Question], explained: Sequence[Entry[Explanation] | Failure | None]
    ) -> list[Word]:
        missing = [question for question, each in zip(questions, explained, strict=True) if not isinstance(each, Entry)]
        sounds = dict(zip(missing, await self._pronunciations.of(missing), strict=True))
        _say_what_is_missing([each for each in explained if not isinstance(each, Entry)], len(questions))
        return [
            _by_model(question, each) if isinstance(each, Entry) else _by_rules(question, sounds[question], each)
            for question, each in zip(questions, explained, strict=True)
        ]

    async def _spoken(self, questions: Sequence[Question], work_until: aio.Deadline) -> list[str | Failure]:
        """URLs of the words' audio, in order. The voices have less time than is waited for them: what they have done
        by then is not lost for what they have not.
        """
        utterances = [Utterance(each.word, each.language, context=each.sentence) for each in questions]

        async def speak() -> list[str | Failure]:
            with telemetry.stage("audio"), aio.within(work_until):
                return await self._speak(utterances)

        spoken = await aio.isolated(speak(), timeout=float("inf"))
        return [spoken] * len(questions) if isinstance(spoken, Failure) else spoken


def _add_audio(results: Sequence[Word], spoken: Sequence[str | Failure]) -> None:
    for result, url in zip(results, spoken, strict=True):
        if isinstance(url, Failure):
            result.audio_error = told(url.error)
        else:
            result.audio_url = url
    silent = sum(result.audio_error is not None for result in results)
    if silent:
        telemetry.figures().warnings.append(f"no audio for {silent} of {len(results)} words")


def _by_model(question: Question, entry: Entry[Explanation]) -> Word:
    said = entry.value
    return Word.model_validate(
        said | {"word": question.word, "ipa": said["ipa"] or None, "source": "model", "cached": _is_cached(entry)}
    )


def _is_cached(entry: Entry[Explanation]) -> bool:
    return entry.source != "computed"


def _by_rules(question: Question, ipa: str | None, failure: Failure | None) -> Word:
    """What is certain without a model; `failure` is why the model, where there is one, said nothing."""
    known = word_rules.known(question.word, question.language)
    return Word(
        word=question.word,
        lemma=known.lemma,
        pos=known.pos,
        gender=known.gender,
        ipa=ipa or None,
        source="rules",
        ipa_source="espeak" if ipa else None,
        error=told(failure.error) if failure else None,
    )


def _say_what_is_missing(missing: Sequence[Failure | None], of: int) -> None:
    """Mark the current answer as less than it should be, with the reasons by how often each was met."""
    if not missing:
        return
    figures = telemetry.figures()
    failures = [each.error for each in missing if each is not None]
    if failures:
        figures.degraded.append(f"{len(failures)} of {of} words are explained by rules only")
        for reason, number in Counter(map(brief, failures)).most_common():
            figures.warnings.append(f"{number} of {of} words: {reason}")
    else:
        figures.degraded.append("no model is configured: words are explained by rules only")

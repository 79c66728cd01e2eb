"""Words and sentences over HTTP: made audible, explained, in batches, and each of them once."""

import functools
import os
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import snapshot_restore_py
from aws_lambda_powertools.event_handler import Response

from fanfare import aws, storage
from fanfare.cache import store
from fanfare.cache.statistics import statistics
from fanfare.http_api import api, serve
from fanfare.messages import Message
from fanfare.settings import settings
from speech.contract import JobState, OneTextAnswer, SentenceRequest, SpeechAnswer, SpeechRequest, WordRequest
from speech.word_contract import (
    BatchAnswer,
    EnrichAnswer,
    EnrichBatchRequest,
    EnrichOneRequest,
    EnrichRequest,
    OneAnswer,
)

if TYPE_CHECKING:
    from speech.engines.espeak import Espeak
    from speech.jobs import SpeechJobs
    from speech.speaking import Speaking
    from speech.synthesis import Synthesis
    from speech.utterance import Engine
    from speech.vocabulary import Vocabulary

JSON: Final = "application/json"

app = api()


@app.post("/api/v1/speech", summary="Many texts made audible", tags=["speech"])
async def speak(request: SpeechRequest) -> Response[Any]:
    from speech.speaking import Preference

    preference = Preference.read(app.current_event.headers.get("prefer") or "")
    answer = await speaking().speak(request, preference)
    if isinstance(answer, SpeechAnswer):
        return Response(200, JSON, answer.model_dump_json())
    headers = {"Location": answer.status_url, "Retry-After": "1"}
    if preference.background:
        headers["Preference-Applied"] = "respond-async"
    return Response(202, JSON, answer.model_dump_json(), headers)


@app.get("/api/v1/speech/<audio_id>", summary="A new link to audio", tags=["speech"])
async def audio(audio_id: str) -> Response[Any]:
    link = await synthesis().link(audio_id)
    return Response(
        302, None, None, {"Location": link, "Cache-Control": f"private, max-age={storage.SIGNED_SECONDS // 2}"}
    )


@app.post("/api/word/tts", summary="A word made audible, as the published client asks", tags=["speech"])
async def speak_word(request: WordRequest) -> OneTextAnswer:
    return await speaking().one(request.utterance())


@app.post("/api/sentence/tts", summary="A sentence made audible, as the published client asks", tags=["speech"])
async def speak_sentence(request: SentenceRequest) -> OneTextAnswer:
    return await speaking().one(request.utterance())


@app.get("/api/v1/jobs/<job_id>", summary="How far a job is, and what it has made", tags=["speech"])
async def job(job_id: str) -> Response[Any]:
    return _job(await jobs().state(job_id))


@app.delete("/api/v1/jobs/<job_id>", summary="Cancel a job", tags=["speech"])
async def cancel_job(job_id: str) -> Response[Any]:
    return _job(await jobs().cancel(job_id))


@app.post("/api/v1/words/enrich", summary="Words explained", tags=["words"])
async def enrich(request: EnrichRequest) -> EnrichAnswer:
    return await vocabulary().enrich(request)


@app.post("/api/word/enrich_batch", summary="Words explained, as the published client asks", tags=["words"])
async def enrich_batch(request: EnrichBatchRequest) -> BatchAnswer:
    return await vocabulary().enrich_batch(request)


@app.post("/api/word/enrich", summary="One word explained, as the published client asks", tags=["words"])
async def enrich_one(request: EnrichOneRequest) -> OneAnswer:
    return await vocabulary().enrich_one(request)


@app.get("/api/debug/cache-stats", summary="How the caches of one process do", tags=["operations"])
async def cache_stats() -> dict[str, Any]:
    vocabulary()
    return _process() | statistics(store())


@app.get("/api/debug/tts-status", summary="How the engines of one process do", tags=["operations"])
async def tts_status() -> dict[str, Any]:
    engines = [lane.status() for lane in synthesis().lanes.values()]
    return _process() | {
        "jobs": await jobs().queued() if settings().jobs_queue_url else None,
        "engines": engines,
        "in_flight": sum(each["in_flight"] for each in engines),
        "queued": sum(each["queued"] for each in engines),
        "cache": statistics(store())["caches"]["speech"],
    }


async def worked(message: Message) -> None:
    await jobs().work(message.body)


def _job(state: JobState) -> Response[Any]:
    working = state.status in {"queued", "running"}
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": str(1 + state.total // 100)} if working else {})
    return Response(200, JSON, state.model_dump_json(), headers)


def _process() -> dict[str, Any]:
    """Name the process that the figures are of: each has its own."""
    return {"process": f"{os.environ.get('AWS_LAMBDA_LOG_STREAM_NAME', '')}/{os.getpid()}"}


@functools.cache
def speaking() -> "Speaking":
    from speech.speaking import Speaking

    return Speaking(synthesis(), jobs() if settings().jobs_table else None, most_at_once=settings().tts_job_items)


@functools.cache
def synthesis() -> "Synthesis":
    """Wire the engines, in their order, imported here so that the module itself is light."""
    from fanfare.resilience import AdaptiveLimit
    from speech.lanes import Lane
    from speech.synthesis import Synthesis

    chosen = settings()
    lanes = []
    for name in chosen.tts_engines:
        cores = os.process_cpu_count() or 1
        limit = (
            AdaptiveLimit(cores, ceiling=cores)
            if name == "espeak"
            else AdaptiveLimit(
                chosen.tts_concurrency, ceiling=max(chosen.tts_concurrency, chosen.tts_ceiling), ramp=chosen.tts_ramp
            )
        )
        price = chosen.tts_prices.get(name, 0.0)
        lanes.append(Lane(_engine(name), limit=limit, timeout=chosen.tts_timeout, price=price))
    return Synthesis(
        lanes,
        bucket=storage.bucket(),
        store=store(),
        ttl=chosen.tts_cache_ttl,
        remember=chosen.tts_cache_enabled,
    )


def _engine(name: str) -> "Engine":
    chosen = settings()
    if name == "polly":
        from speech.engines.polly import Polly

        return Polly(engine=chosen.polly_engine, voices=_voices(name))
    if name == "openai":
        from fanfare.upstreams import http
        from speech.engines.openai import OpenAiSpeech

        key = partial(aws.secret, chosen.tts_api_key_parameter) if chosen.tts_api_key_parameter else _no_key
        return OpenAiSpeech(
            base_url=chosen.tts_base_url, model=chosen.tts_model, key=key, http=http.client(), voices=_voices(name)
        )
    return espeak()


async def _no_key() -> str:
    return ""


@functools.cache
def espeak() -> "Espeak":
    from speech.engines.espeak import Espeak

    return Espeak(_voices("espeak"))


def _voices(engine: str) -> dict[str, str]:
    """Those of the settings, by language."""
    named = ((*name.partition("."), voice) for name, voice in settings().tts_voices.items())
    return {language: voice for of, _, language, voice in named if of == engine}


@functools.cache
def jobs() -> "SpeechJobs":
    from fanfare.jobs import Jobs
    from speech.jobs import SpeechJobs

    return SpeechJobs(Jobs(settings().jobs_table, settings().jobs_queue_url), storage.bucket(), synthesis())


@functools.cache
def vocabulary() -> "Vocabulary":
    from fanfare.upstreams import model
    from speech.vocabulary import Vocabulary

    chosen = settings()
    return Vocabulary(
        model=model.configured(chosen),
        store=store(),
        ipa=espeak().ipa,
        speak=speaking().urls,
        concurrency=chosen.enrichment_concurrency,
        ttl=chosen.enrichment_cache_ttl,
    )


def warm() -> None:
    """Let the snapshot hold what a first request would otherwise import."""
    from fanfare.upstreams import model

    vocabulary()
    if settings().model_api_key_parameter:
        model.warm()


def _forget() -> None:
    for wired in (speaking, synthesis, espeak, jobs, vocabulary):
        wired.cache_clear()


snapshot_restore_py.register_before_snapshot(warm)
snapshot_restore_py.register_after_restore(_forget)

handler = serve(app, worked=worked)

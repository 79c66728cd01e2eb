"""Batches that are spoken in the background: through a queue, part by part, safe to be killed and resumed.

What a job shall speak lies in the bucket, each text once; what came of it in the table, piece by piece, as soon as it
is there. A text is claimed by the worker that begins it: a message that is delivered twice speaks nothing twice. A
worker that is killed leaves texts begun and not finished: those come last when its message comes back, so that one that
is killed again and again still gets on.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import astuple
from itertools import batched
from typing import Any, Final, Literal

import msgpack

from fanfare import aio, jobs, telemetry
from fanfare.aio import Failure
from fanfare.errors import DeadlineExceeded, FanfareError, UpstreamError
from fanfare.jobs import Job, Jobs
from fanfare.storage import DERIVED, Bucket
from speech.contract import ItemError, JobState, told
from speech.synthesis import Audio, Synthesis
from speech.utterance import Format, Utterance

INPUTS: Final = f"{DERIVED}jobs/"
MOST_INPUT: Final = 16 << 20
PART: Final = 25
"""Texts of one message: what a worker speaks within its time, five at a time, two seconds each, twice over."""
MOST_ATTEMPTS: Final = 5
"""At a text: an error that may pass is final then. One that was begun as often without an end is not begun again."""
LAST_RECEIVE: Final = MOST_ATTEMPTS + 1
"""Of a message, as the queue's redrive policy has it: the one that writes down which texts are given up."""
LOOK: Final = 1.0
"""Seconds after which a worker asks again whether the job was cancelled."""
CLAIM: Final = 2.0
"""Seconds beyond one attempt for which a text is left to the worker that has begun it."""
IN_HAND: Final = 1.0
"""Seconds kept to write down what was done and to queue what was not."""


class SpeechJobs:
    def __init__(self, table: Jobs, bucket: Bucket, synthesis: Synthesis) -> None:
        self._jobs = table
        self._bucket = bucket
        self._synthesis = synthesis

    async def start(self, utterances: Sequence[Utterance], audio_format: Format, *, fallback: bool) -> JobState:
        """Accept a batch: once this returns, it will be spoken."""
        job_id = secrets.token_urlsafe(16)
        unique = list(dict.fromkeys(utterances))
        numbers = {utterance: number for number, utterance in enumerate(unique)}
        job_input: dict[str, Any] = {
            "format": audio_format,
            "fallback": fallback,
            "texts": [astuple(utterance) for utterance in unique],
            "order": [numbers[utterance] for utterance in utterances],
        }
        await self._bucket.put(f"{INPUTS}{job_id}", msgpack.packb(job_input), "application/vnd.msgpack")
        await self._jobs.create(job_id, len(unique))
        await self._jobs.send(job_id, list(batched(range(len(unique)), PART)))
        return await self._state(Job(job_id, len(unique), cancelled=False), job_input["order"])

    async def state(self, job_id: str) -> JobState:
        """Return how far a job is, with what it has spoken; raises `NotFound`."""
        job = await self._jobs.get(job_id)
        return await self._state(job, (await self._input(job_id))["order"])

    async def cancel(self, job_id: str) -> JobState:
        """Speak nothing more of a job; what is spoken stays. Raises `NotFound`."""
        await self._jobs.get(job_id)
        await self._jobs.cancel(job_id)
        return await self.state(job_id)

    async def queued(self) -> dict[str, int]:
        """Return how many parts of jobs wait and are being worked; about."""
        return await self._jobs.queued()

    async def work(self, body: str) -> None:
        """Speak a part of a job; raises if it should be tried again later."""
        job_id, part = jobs.parse(body)
        job = await self._jobs.get(job_id)
        left = [number for number in part if number not in job.results]
        if job.cancelled or not left:
            return
        worker = _Worker(job, await self._input(job_id), self._jobs, self._synthesis)
        undone = await worker.speak(left)
        if not undone or await self._jobs.is_cancelled(job_id):
            return
        if len(undone) == len(left):
            raise DeadlineExceeded("no text of this part could be spoken yet")
        await self._jobs.send(job_id, [undone])

    async def _input(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = msgpack.unpackb((await self._bucket.get(f"{INPUTS}{job_id}", most=MOST_INPUT)).body)
        return found

    async def _state(self, job: Job, order: Sequence[int]) -> JobState:
        done = sorted(job.results)
        shown = await self._synthesis.show([_read(job.results[number]) for number in done])
        items = dict(zip(done, shown, strict=True))
        begun: Literal["running", "queued"] = "running" if job.attempts else "queued"
        return JobState(
            id=job.id,
            status="done" if len(done) == job.total else "cancelled" if job.cancelled else begun,
            status_url=f"/api/v1/jobs/{job.id}",
            total=len(order),
            done=sum(number in items for number in order),
            failed=sum(number in items and items[number].error is not None for number in order),
            items=[items.get(number) for number in order],
        )


class _CancelledJob(Exception):
    """Somebody has cancelled the job meanwhile."""


class _Worker:
    """One invocation's work on a part of a job."""

    def __init__(self, job: Job, job_input: dict[str, Any], table: Jobs, synthesis: Synthesis) -> None:
        self._job = job
        self._format: Format = job_input["format"]
        self._fallback: bool = job_input["fallback"]
        self._texts = [Utterance(*fields) for fields in job_input["texts"]]
        self._jobs = table
        self._synthesis = synthesis
        self._name = secrets.token_urlsafe(8)
        self._cancelled = False
        self._begun: set[int] = set()
        self._given_up: set[int] = set()
        self._looked = time.monotonic()

    async def speak(self, numbers: Sequence[int]) -> list[int]:
        """Speak texts by their numbers; return those for which there is no result yet."""
        texts = [self._texts[number] for number in numbers]
        in_order = sorted(numbers, key=lambda number: (self._attempts(number), number))
        with aio.within(aio.deadline().less(IN_HAND)):
            audios = dict(zip(numbers, await self._synthesis.recall(texts, self._format), strict=True))
            done = await aio.fan_out(
                in_order,
                lambda number: self._one(number, audios[number]),
                # So few are begun that a worker that is killed leaves few of them unfinished.
                limit=self._synthesis.at_once,
                timeout=float("inf"),
            )
        failed = {number: each.error for number, each in zip(in_order, done, strict=True) if isinstance(each, Failure)}
        await asyncio.gather(*(self._put_down(number, error) for number, error in failed.items()))
        return sorted(set(failed) - self._given_up)

    async def _put_down(self, number: int, error: Exception) -> None:
        """Leave a text that could not be spoken to another attempt, or give it up after the last."""
        if number not in self._begun:
            return
        if not isinstance(error, _CancelledJob):
            telemetry.log_failure("text not spoken", error)
            if self._attempts(number) + 1 >= MOST_ATTEMPTS:
                self._given_up.add(number)
                await self._finish(number, told(error))
                return
        await self._jobs.give_back(self._job.id, number, worker=self._name)

    async def _one(self, number: int, audio: Audio | None) -> None:
        if self._attempts(number) >= MOST_ATTEMPTS:
            await self._finish(number, ItemError(title="Given up", detail=f"begun {MOST_ATTEMPTS} times, never ended"))
            return
        while not await self._claimed(number):
            if await self._jobs.is_done(self._job.id, number):
                return
            await asyncio.sleep(LOOK)
        if await self._is_cancelled():
            raise _CancelledJob
        try:
            audio = audio or await self._synthesis.make(self._texts[number], self._format, fallback=self._fallback)
        except FanfareError as error:
            if isinstance(error, DeadlineExceeded) or (isinstance(error, UpstreamError) and error.retryable):
                raise
            await self._finish(number, told(error))
        else:
            await self._finish(number, audio)

    def _attempts(self, number: int) -> int:
        """How often a text was begun before."""
        return self._job.attempts.get(number, 0)

    async def _claimed(self, number: int) -> bool:
        if not aio.deadline().remaining():
            raise DeadlineExceeded("not started before the deadline")
        self._begun.add(number)  # first, since it may be cut short when the claim is written already
        seconds = self._synthesis.patience(self._texts[number]) + CLAIM
        claimed = await self._jobs.begin(self._job.id, number, worker=self._name, seconds=seconds)
        if not claimed:
            self._begun.discard(number)
        return claimed

    async def _finish(self, number: int, result: Audio | ItemError) -> None:
        plain = {"error": result.model_dump()} if isinstance(result, ItemError) else {"audio": astuple(result)}
        await self._jobs.finish(self._job.id, number, plain)

    async def _is_cancelled(self) -> bool:
        if not self._cancelled and time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            self._cancelled = await self._jobs.is_cancelled(self._job.id)
        return self._cancelled


def _read(result: dict[str, Any]) -> Audio | ItemError:
    return ItemError(**result["error"]) if "error" in result else Audio(*result["audio"])

"""From a notification of an upload to the record of its analysis: once for each content, whoever sends it how often."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from analysis import records
from analysis.analyses import object_key, stored, title
from analysis.audio import analyser
from analysis.audio.beats import SURE
from analysis.audio.sources import Source
from analysis.contract import MOST_BYTES, PREFIX
from analysis.library import Entry, Library, UploadState, upload_id
from analysis.playlist import Track
from fanfare import aio
from fanfare.cache import Store
from fanfare.cache.registry import ANALYSES
from fanfare.errors import ContentTooLarge, NotFound, UnsupportedMediaType, UnusableContent, UpstreamError
from fanfare.messages import Message
from fanfare.storage import Bucket
from fanfare.uploads import Upload, notified

HELD: Final = 32 << 20
"""Bytes of an upload that is held in memory; a larger one is read in pieces, twice."""
PIECE: Final = 8 << 20
REPORT: Final = 1.0
"""Seconds from one note of the progress to the next."""
MOST_ATTEMPTS: Final = 3
"""Times that a message is received; an upload whose analysis has not ended by then is refused."""
LAST_RECEIVE: Final = MOST_ATTEMPTS + 1
"""Of a message, as the queue's redrive policy has it: the one that writes down that an upload is refused."""
REFUSED: Final = (UnsupportedMediaType, UnusableContent, ContentTooLarge)
"""What a file itself is at fault for."""


class Worker:
    def __init__(self, bucket: Bucket, library: Library, store: Store, cores: int) -> None:
        self._bucket = bucket
        self._library = library
        self._cores = cores
        self._outcomes = store.bind(ANALYSES, self._outcome, key=lambda record_id, *_: (record_id,))

    async def take(self, message: Message) -> None:
        """Analyse the uploads that a message tells of, and say what became of each.

        A file that cannot be used is refused, with the reason in its record. Raises what another try may mend.
        """
        for upload in notified(message.body):
            if upload.key.startswith(PREFIX) and not await self._is_done(upload):
                state = await self._library.begin(upload)
                if state is not None:
                    await self._work(upload, state, message.receives)

    async def _is_done(self, upload: Upload) -> bool:
        try:
            state = await self._library.state(upload_id(upload.key))
        except NotFound:
            return False
        if state.stage not in {"done", "refused"} or state.sequencer < upload.sequencer:
            return False
        return not state.record or await self._stored(state.record) is not None

    async def _work(self, upload: Upload, state: UploadState, receives: int) -> None:
        if receives > MOST_ATTEMPTS:
            await self._end(upload, state, reason=f"it could not be analysed in {MOST_ATTEMPTS} attempts; ask again")
            return
        try:
            source, size, digest = await self._content(upload.key)
        except NotFound:
            await self._end(upload, state, reason="it was deleted before it could be analysed")
        except ContentTooLarge as error:
            await self._end(upload, state, reason=str(error))
        else:
            await self._analyse(upload, state, source, size, digest)

    async def _analyse(self, upload: Upload, state: UploadState, source: Source, size: int, digest: str) -> None:
        record_id = records.identity(digest)
        async with self._reporting(upload) as progress:
            outcome = (await self._outcomes.get(record_id, digest, size, source, progress)).value
        if not outcome["error"]:
            track = Track(id=record_id, title=title(state.file), location=f"./{state.file}", **outcome["figures"])
            await self._library.add(Entry(track, upload.key))
        await self._end(upload, state, record=record_id, reason=outcome["error"])

    async def _end(self, upload: Upload, state: UploadState, *, record: str = "", reason: str = "") -> None:
        """Write down what came of an upload. What was there before under its key is no track any more, and neither is
        this if a later upload has taken its place meanwhile.
        """
        written = await self._library.finish(upload, record=record, reason=reason)
        gone = state.record if written else record
        latest = record if written else (await self._library.state(state.id)).record
        if gone and (gone != latest or (written and reason)):
            await self._library.remove(gone, key=upload.key)

    async def _content(self, key: str) -> tuple[Source, int, str]:
        """Return an uploaded object, its bytes and their SHA-256; raises `NotFound` or `ContentTooLarge`."""
        found = await self._bucket.ranges(key)
        if found.size > MOST_BYTES:
            raise ContentTooLarge(f"{found.size} bytes; at most {MOST_BYTES} are taken")
        if found.size <= HELD:
            body = (await self._bucket.get(key, most=HELD)).body
            return body, len(body), hashlib.sha256(body).hexdigest()
        return found, found.size, await asyncio.to_thread(_digest, found.read, found.size)

    async def _outcome(
        self, record_id: str, digest: str, size: int, source: Source, progress: analyser.Progress
    ) -> dict[str, Any]:
        """Return what the record of a content says in short, making it if it is not there."""
        record = await self._stored(record_id)
        if record is None:
            try:
                found = await aio.compute(analyser.analyse, source, cores=self._cores, progress=progress)
            except REFUSED as error:
                record = records.record(digest, size, None, str(error))
            else:
                record = records.record(digest, size, found)
            await self._bucket.put(object_key(record_id), records.pack(record), records.MEDIA_TYPE)
        return {"error": record["error"], "figures": None if record["error"] else _figures(record["analysis"])}

    async def _stored(self, record_id: str) -> records.Record | None:
        try:
            record = records.unpack(await stored(self._bucket, record_id))
        except NotFound:
            return None
        return record if record["version"] == analyser.VERSION else None

    @asynccontextmanager
    async def _reporting(self, upload: Upload) -> AsyncIterator[analyser.Progress]:
        """Yield what takes note of the progress, and ends the analysis at the deadline."""
        reached: list[float] = []
        checkpoint = aio.checkpoint()

        def note(seconds: float, whole: float | None) -> None:
            checkpoint()
            if whole:
                reached.append(min(1.0, seconds / whole))

        async def report() -> None:
            while True:
                await asyncio.sleep(REPORT)
                if reached:
                    with contextlib.suppress(UpstreamError):  # the next note may be taken
                        await self._library.advance(upload, reached[-1])
                    reached.clear()

        reporting = asyncio.create_task(report())
        try:
            yield note
        finally:
            reporting.cancel()
            await asyncio.gather(reporting, return_exceptions=True)


def _digest(read: Callable[[int, int], bytes], size: int) -> str:
    digest = hashlib.sha256()
    for start in range(0, size, PIECE):
        digest.update(read(start, min(size, start + PIECE)))
    return digest.hexdigest()


def _figures(analysis: dict[str, Any]) -> dict[str, Any]:
    """What the library keeps of an analysis."""
    key, beats = analysis["key"], analysis["beats"]
    return {
        "duration": analysis["duration"],
        "tempo": beats["tempo"] if beats["confidence"] >= SURE else None,
        "key": None if key is None else key["camelot"],
        "energy": analysis["mood"]["energy"],
    }

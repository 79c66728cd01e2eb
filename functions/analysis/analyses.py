"""Analyses as they are asked for: begun, looked at while they are under way, and shown from their records."""

import asyncio
import contextlib
import hashlib
import re
import secrets
from dataclasses import dataclass
from math import inf
from pathlib import PurePosixPath
from typing import Final, NoReturn

from analysis import plot, records
from analysis.audio.analyser import VERSION
from analysis.contract import EXTENSIONS, MOST_BYTES, PREFIX, AnalysisForm, AnalysisRequest, AnalysisState
from analysis.library import ID_LENGTH, Library, Stage, UploadState, file_name
from fanfare import aio
from fanfare.cache.memory import Memory
from fanfare.cache.record import Record as Kept
from fanfare.errors import NotFound, NotYet, UnusableContent
from fanfare.storage import DERIVED, SIGNED_SECONDS, Bucket
from fanfare.uploads import Upload, announce

RECORDS: Final = f"{DERIVED}analyses/"
MOST_RECORD: Final = 64 << 20
SHAPE: Final = 1
"""Of answers and drawings; raised when the same record is told or drawn in another way."""
IN_MEMORY: Final = 32 << 20
"""Bytes of records that are kept from one request to the next; a record never changes."""
RECORD_ID: Final = re.compile("[0-9a-f]{64}")
UPLOAD_ID: Final = re.compile(rf"[\w-]{{{ID_LENGTH}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """The record of an analysis by its id, and the title of what was analysed. It is read when it is needed.

    `settled` says that whatever it was asked for by will always stand for it.
    """

    id: str
    title: str
    settled: bool

    def etag(self, form: str) -> str:
        """Return the entity tag of this analysis in some form, such as a media type."""
        return f'"{hashlib.sha256(f"{SHAPE}\n{form}\n{self.id}\n{self.title}".encode()).hexdigest()[:32]}"'


class Analyses:
    def __init__(self, bucket: Bucket, library: Library, queue_url: str) -> None:
        self._bucket = bucket
        self._library = library
        self._queue_url = queue_url
        self._kept = Memory(IN_MEMORY)

    async def start(self, request: AnalysisRequest) -> AnalysisState:
        """Return a form for a file to be analysed, or how far an object's analysis is, which is queued if need be.

        Raises `NotFound` where there is no such object.
        """
        if request.key is None:
            return await self._form(request)
        await self._bucket.entity_tag(request.key)
        file = request.name or file_name(request.key)
        state = await self._library.expect(request.key, file, "waiting")
        finished = state.stage in {"done", "refused"}
        if state.stage == "running" or (finished and await self._is_settled(state)):
            return shown(state)
        if finished:
            await self._library.wait(state)
        await announce(Upload(request.key, state.sequencer), self._queue_url)
        return shown(state, "waiting")

    async def find(self, id_: str) -> Found | AnalysisState:
        """Return an analysis by the id of its upload or its record, or how far it is; raises `NotFound`."""
        if not UPLOAD_ID.fullmatch(id_) and not RECORD_ID.fullmatch(id_):
            raise NotFound("there is no such analysis")
        if RECORD_ID.fullmatch(id_):
            entry = (await self._library.named([id_])).get(id_)
            return Found(id_, entry.track.title if entry else "", settled=True)
        state = await self._library.state(id_)
        return Found(state.record, title(state.file), settled=False) if state.stage == "done" else shown(state)

    async def forget(self, id_: str) -> None:
        """Leave a track out of the library, by the id of its upload or its record, if it is there; raises `NotYet`."""
        with contextlib.suppress(NotFound):
            found = await self.find(id_)
            if isinstance(found, AnalysisState) and found.status != "refused":
                raise NotYet("it can be left out once it is analysed")
            await self._library.remove(found.id)

    async def body(self, found: Found) -> bytes:
        """Return the record's msgpack; raises `NotFound`."""
        kept = self._kept.get(found.id, now=0)
        if kept is None:
            kept = Kept(found.id, await stored(self._bucket, found.id), made_at=0, soft=inf, hard=inf)
            self._kept.put(kept)
        return kept.body

    async def record(self, found: Found) -> records.Record:
        """Return the record; raises `NotFound`."""
        return records.unpack(await self.body(found))

    async def plot(self, found: Found) -> str:
        """Return a picture of the analysis, an SVG document; raises `NotFound` or `UnusableContent`."""
        record = await self.record(found)
        if record["error"]:
            raise UnusableContent(record["error"])
        if record["version"] != VERSION:
            raise NotFound("it was analysed by another version; upload it again to see it drawn")
        return await aio.compute(plot.draw, records.analysis(record), found.title)

    async def _form(self, request: AnalysisRequest) -> AnalysisState:
        media_type = request.media_type or ""
        key = f"{PREFIX}{secrets.token_urlsafe(16)}.{EXTENSIONS[media_type]}"
        most = request.bytes or MOST_BYTES
        signed, state = await asyncio.gather(
            self._bucket.signed_post(key, media_type, most=most, seconds=SIGNED_SECONDS),
            self._library.expect(key, request.name or file_name(key), "awaiting_upload"),
        )
        form = AnalysisForm(
            key=key, url=signed.url, fields=dict(signed.fields), max_bytes=most, expires_in=SIGNED_SECONDS
        )
        return shown(state).model_copy(update={"upload": form})

    async def _is_settled(self, state: UploadState) -> bool:
        """Whether there is nothing to do: a record of this version, and a track in the library unless it is refused."""
        try:
            record = await self.record(Found(state.record, "", settled=True))
        except NotFound:
            return False
        listed = state.stage == "refused" or state.record in await self._library.named([state.record])
        return listed and bool(record["version"] == VERSION)


async def stored(bucket: Bucket, record_id: str) -> bytes:
    """Return the msgpack of a record; raises `NotFound`."""
    return records.inflated((await bucket.get(object_key(record_id), most=MOST_RECORD)).body)


def object_key(record_id: str) -> str:
    return f"{RECORDS}{record_id}.msgpack"


def title(file: str) -> str:
    return PurePosixPath(file).stem


def shown(state: UploadState, stage: Stage | None = None) -> AnalysisState:
    """Return what a client is told of an upload."""
    id_ = state.record if state.record and state.stage in {"done", "refused"} else state.id
    return AnalysisState(
        id=id_,
        status=stage or state.stage,
        status_url=f"/api/v1/analyses/{id_}",
        title=title(state.file),
        progress=state.progress,
        reason=state.reason or None,
    )


def refused(found: Found, reason: str) -> AnalysisState:
    return AnalysisState(
        id=found.id, status="refused", status_url=f"/api/v1/analyses/{found.id}", title=found.title, reason=reason
    )


def raise_for(state: AnalysisState) -> NoReturn:
    """Raise what is told to whoever asks for a part of an analysis that is not there: `NotYet` or `UnusableContent`."""
    if state.status == "refused":
        raise UnusableContent(state.reason or "it cannot be analysed")
    raise NotYet(f"its analysis is {state.status.replace('_', ' ')}")

"""The index of what was analysed: a table that tells what became of each upload, and which tracks there are.

Items: ``pk = upload, sk = <id of the upload>`` for an upload, from the form or the first notification on;
``pk = track, sk = <id of its record>`` for what can go into a playlist, with its figures in `track` (msgpack) and the
keys of its `uploads`, a set.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import batched
from typing import Any, Final, Literal

import msgpack

from analysis.playlist import Track
from fanfare import aws, tables
from fanfare.errors import NotFound, UpstreamError
from fanfare.uploads import Upload

KEPT: Final = 366 * 86400
"""Seconds for which an upload's state is kept; a little longer than the uploaded object itself."""
UPLOAD: Final = "upload"
TRACK: Final = "track"
ID_LENGTH: Final = 22
"""Of an upload's id: 132 bits. That of a record has 64 hexadecimal digits."""
KEYS_AT_ONCE: Final = 100
"""Of one BatchGetItem."""
ROUNDS: Final = 5
"""Of asking again for what a batch left out."""

type Stage = Literal["awaiting_upload", "waiting", "running", "done", "refused"]


@dataclass(frozen=True, slots=True)
class UploadState:
    """How far the analysis of an upload is.

    `file` is its name, `progress` 0 to 1 where it can be told, `record` the id of its latest record, which stays while
    it is analysed anew.
    """

    id: str
    key: str
    file: str
    stage: Stage
    sequencer: str = ""
    progress: float | None = None
    record: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A track of the library, and the key of an object that it is."""

    track: Track
    key: str


def upload_id(key: str) -> str:
    """Return the id by which the analysis of an uploaded object is asked for, until its content is known."""
    digest = hashlib.sha256(f"upload\n{key}".encode()).digest()
    return base64.urlsafe_b64encode(digest)[:ID_LENGTH].decode()


def file_name(path: str) -> str:
    """Return the last part of a path of any system: no name leads out of the folder that it is looked for in."""
    name = re.split(r"[/\\]", path)[-1]
    return "" if name in {".", ".."} else name


class Library:
    """One table. Raises `UpstreamError` where it fails."""

    def __init__(self, table: str) -> None:
        self._table = table

    async def state(self, id_: str) -> UploadState:
        """Return the state of an upload; raises `NotFound`."""
        answer = await self._call("get_item", Key=tables.key(UPLOAD, id_), ConsistentRead=True)
        if "Item" not in answer:
            raise NotFound("there is no such analysis")
        return _state(answer["Item"])

    async def expect(self, key: str, file: str, stage: Stage) -> UploadState:
        """Write down that an upload will come, or that its notification will, unless more is known; return that."""
        state = UploadState(upload_id(key), key, file, stage)
        written = await self._call("put_item", Item=_item(state), ConditionExpression="attribute_not_exists(pk)")
        return state if written is not None else await self.state(state.id)

    async def wait(self, state: UploadState) -> None:
        """Write down that an upload that was finished will be analysed anew, unless it is under way by now."""
        values = {":waiting": {"S": "waiting"}, ":stage": {"S": state.stage}}
        await self._update(state.id, "SET stage = :waiting", values, "stage = :stage")

    async def begin(self, upload: Upload) -> UploadState | None:
        """Write down that an upload is being analysed; None where a later one has taken its place."""
        values = {
            ":running": {"S": "running"},
            ":sequencer": {"S": upload.sequencer},
            ":object": {"S": upload.key},
            ":file": {"S": file_name(upload.key)},
            ":gone": tables.expiry(KEPT),
        }
        expression = (
            "SET stage = :running, object_key = :object, sequencer = :sequencer, expires_at = :gone, "
            "file_name = if_not_exists(file_name, :file) REMOVE progress, reason"
        )
        not_older = "attribute_not_exists(sequencer) OR sequencer <= :sequencer"
        begun = await self._update(upload_id(upload.key), expression, values, not_older)
        return None if begun is None else _state(begun)

    async def advance(self, upload: Upload, progress: float) -> None:
        """Write down how far the analysis of an upload is, while it is under way."""
        values = {
            ":progress": tables.number(progress),
            ":sequencer": {"S": upload.sequencer},
            ":running": {"S": "running"},
        }
        under_way = "sequencer = :sequencer AND stage = :running"
        await self._update(upload_id(upload.key), "SET progress = :progress", values, under_way)

    async def finish(self, upload: Upload, *, record: str = "", reason: str = "") -> bool:
        """Write down what came of an upload: a `record`, or a `reason` why it is refused, or both.

        Return whether it was: not if a later upload has taken its place.
        """
        values = {
            ":stage": {"S": "refused" if reason else "done"},
            ":record": {"S": record},
            ":reason": {"S": reason},
            ":sequencer": {"S": upload.sequencer},
        }
        expression = "SET stage = :stage, record_id = :record, reason = :reason REMOVE progress"
        return await self._update(upload_id(upload.key), expression, values, "sequencer = :sequencer") is not None

    async def add(self, entry: Entry) -> None:
        """Put a track into the library; of one that is there already, one upload more."""
        values = {":track": {"B": msgpack.packb(asdict(entry.track))}, ":uploads": {"SS": [entry.key]}}
        await self._call(
            "update_item",
            Key=tables.key(TRACK, entry.track.id),
            UpdateExpression="SET track = :track ADD uploads :uploads",
            ExpressionAttributeValues=values,
        )

    async def remove(self, track_id: str, *, key: str | None = None) -> None:
        """Take a track out of the library, if it is there; with a `key`, only that upload of it. Its analysis stays."""
        without = {}
        if key is not None:
            await self._call(
                "update_item",
                Key=tables.key(TRACK, track_id),
                UpdateExpression="DELETE uploads :uploads",
                **_condition("attribute_exists(pk)", {":uploads": {"SS": [key]}}),
            )
            without = {"ConditionExpression": "attribute_not_exists(uploads)"}
        await self._call("delete_item", Key=tables.key(TRACK, track_id), **without)

    async def tracks(self, *, after: str = "", limit: int) -> list[Entry]:
        """Return tracks in the order of their ids, from behind `after` on, `limit` at most."""
        found: list[Entry] = []
        while len(found) < limit:
            page = await self._call(
                "query",
                KeyConditionExpression="pk = :pk AND sk > :after",
                ExpressionAttributeValues={":pk": {"S": TRACK}, ":after": {"S": after or " "}},
                Limit=limit - len(found),
            )
            found += [_entry(item) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            after = page["LastEvaluatedKey"]["sk"]["S"]
        return found

    async def named(self, ids: Sequence[str]) -> dict[str, Entry]:
        """Return the tracks of these ids by them, as far as there are any."""
        pages = await asyncio.gather(*(self._batch(page) for page in batched(dict.fromkeys(ids), KEYS_AT_ONCE)))
        return {entry.track.id: entry for page in pages for entry in page}

    async def _batch(self, ids: Sequence[str]) -> list[Entry]:
        keys, found = [tables.key(TRACK, each) for each in ids], []
        for _ in range(ROUNDS):
            answer = await self._request("batch_get_item", RequestItems={self._table: {"Keys": keys}})
            found += [_entry(item) for item in answer["Responses"].get(self._table, [])]
            keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if not keys:
                return found
            await asyncio.sleep(0.05)
        raise UpstreamError("library", "not all tracks could be read")

    async def _update(self, id_: str, expression: str, values: dict[str, Any], condition: str) -> tables.Item | None:
        """Return the item as it is now, None if the condition does not hold."""
        answer = await self._call(
            "update_item",
            Key=tables.key(UPLOAD, id_),
            UpdateExpression=expression,
            ReturnValues="ALL_NEW",
            **_condition(condition, values),
        )
        return None if answer is None else dict(answer["Attributes"])

    async def _call(self, operation: str, **arguments: Any) -> Any:
        return await self._request(operation, TableName=self._table, **arguments)

    async def _request(self, operation: str, **arguments: Any) -> Any:
        return await tables.call(aws.client("dynamodb"), operation, told_as="library", **arguments)


def _condition(condition: str, values: dict[str, Any]) -> dict[str, Any]:
    return {"ConditionExpression": condition, "ExpressionAttributeValues": values}


def _item(state: UploadState) -> tables.Item:
    texts = {"object_key": state.key, "file_name": state.file, "stage": state.stage}
    item = tables.key(UPLOAD, state.id) | {name: {"S": text} for name, text in texts.items()}
    return item | {"expires_at": tables.expiry(KEPT)}


def _state(item: tables.Item) -> UploadState:
    return UploadState(
        id=item["sk"]["S"],
        key=item["object_key"]["S"],
        file=item["file_name"]["S"],
        stage=item["stage"]["S"],
        sequencer=item.get("sequencer", {"S": ""})["S"],
        progress=float(item["progress"]["N"]) if "progress" in item else None,
        record=item.get("record_id", {"S": ""})["S"],
        reason=item.get("reason", {"S": ""})["S"],
    )


def _entry(item: tables.Item) -> Entry:
    return Entry(Track(**msgpack.unpackb(item["track"]["B"])), min(item["uploads"]["SS"]))

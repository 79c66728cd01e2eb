"""Sessions: what was ranked for somebody, what of it was shown, and what they said of it.

Items of a session in the table: ``sk = ranking`` with the reading, the options and all songs (msgpack, compressed) and
the ids that were `shown`, in order; ``sk = event#<time>`` for each thing that was done with a song. The ranking sorts
behind them, so a read from the end brings it and the latest events.
"""

import secrets
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import msgpack

from fanfare import aws, tables
from fanfare.errors import NotFound
from fanfare.upstreams.catalogue import Song
from songs.choosing import Scored
from songs.feedback import Event
from songs.mood import Features, Mood
from songs.vibe import Vibe

KEPT: Final = 86400
"""Seconds."""
RANKING: Final = "ranking"
EVENT: Final = "event#"
MOST_EVENTS: Final = 500
MOST_BEFORE: Final = 100
"""Events of earlier sessions that one goes on with."""

type Plain = dict[str, Any]


@dataclass(slots=True)
class Session:
    id: str
    mood: Mood
    mix: dict[str, float]
    options: Plain
    """`explicit`, `max_per_artist` and `exclude_ids`, as they were asked for."""
    songs: list[Scored]
    shown: list[str]
    events: list[Event] = field(default_factory=list)


class Sessions:
    """One table. Raises `UpstreamError` where it fails."""

    def __init__(self, table: str) -> None:
        self._table = table

    async def create(
        self,
        mood: Mood,
        mix: dict[str, float],
        options: Plain,
        songs: Sequence[Scored],
        shown: Sequence[str],
        *,
        before: Sequence[Event] = (),
    ) -> Session:
        """Keep a ranking for a day, and the events `before` it, by an id that nobody can guess."""
        session_id = secrets.token_urlsafe(16)
        kept = {
            "mood": asdict(mood),
            "mix": mix,
            "options": options,
            "songs": [plain(song) for song in songs],
            "before": [(plain(event.scored), event.kind, event.weight) for event in before[-MOST_BEFORE:]],
        }
        item = tables.key(session_id, RANKING) | {
            "kept": {"B": zlib.compress(msgpack.packb(kept), 3)},
            "shown": {"L": [{"S": each} for each in shown]},
            "expires_at": tables.expiry(KEPT),
        }
        await self._call("put_item", Item=item)
        return Session(session_id, mood, mix, options, list(songs), list(shown), list(before))

    async def get(self, session_id: str) -> Session:
        """Return a session with its events; raises `NotFound`."""
        page = await self._call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": session_id}},
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=1 + MOST_EVENTS,
        )
        latest_first = {item["sk"]["S"]: item for item in page["Items"]}
        head = latest_first.pop(RANKING, None)
        if head is None or tables.expired(head):
            raise NotFound("there is no such session, or it is more than a day old")
        kept = msgpack.unpackb(zlib.decompress(head["kept"]["B"]))
        songs = [from_plain(each) for each in kept["songs"]]
        return Session(
            id=session_id,
            mood=Mood(**kept["mood"]),
            mix=kept["mix"],
            options=kept["options"],
            songs=songs,
            shown=[each["S"] for each in head["shown"]["L"]],
            events=[
                *(Event(from_plain(scored), kind, weight) for scored, kind, weight in kept["before"]),
                *_events(songs, reversed(latest_first.values())),
            ],
        )

    async def show(self, session: Session, song_ids: Sequence[str]) -> bool:
        """Write down that more songs of a session are shown; return False if others were since it was read."""
        done = await self._call(
            "update_item",
            Key=tables.key(session.id, RANKING),
            UpdateExpression="SET shown = list_append(shown, :more)",
            ConditionExpression="size(shown) = :known",
            ExpressionAttributeValues={
                ":more": {"L": [{"S": each} for each in song_ids]},
                ":known": tables.number(len(session.shown)),
            },
        )
        if done is not None:
            session.shown += song_ids
        return done is not None

    async def note(self, session_id: str, song_id: str, kind: str, weight: float | None) -> None:
        """Keep an event of a session."""
        item = tables.key(session_id, f"{EVENT}{time.time_ns():020}{secrets.token_hex(2)}") | {
            "song": {"S": song_id},
            "kind": {"S": kind},
            "expires_at": tables.expiry(KEPT),
        }
        if weight is not None:
            item["weight"] = tables.number(weight)
        await self._call("put_item", Item=item)

    async def _call(self, operation: str, **arguments: Any) -> Any:
        dynamodb = aws.client("dynamodb")
        return await tables.call(dynamodb, operation, told_as="sessions", TableName=self._table, **arguments)


def plain(scored: Scored) -> Plain:
    """Return a scored song as msgpack holds it."""
    return {
        "song": asdict(scored.song),
        "language": scored.language,
        "vibe": asdict(scored.vibe),
        "features": asdict(scored.features),
    }


def from_plain(kept: Plain) -> Scored:
    return Scored(
        song=Song(**kept["song"]),
        language=kept["language"],
        vibe=Vibe(**kept["vibe"]),
        features=Features(**kept["features"]),
    )


def _events(songs: Sequence[Scored], items: Iterable[tables.Item]) -> list[Event]:
    """Events of the songs that the session has."""
    known = {each.song.id: each for each in songs}
    return [
        Event(known[item["song"]["S"]], item["kind"]["S"], float(item["weight"]["N"]) if "weight" in item else None)
        for item in items
        if item["song"]["S"] in known
    ]

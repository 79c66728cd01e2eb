"""The shapes of a published client, StoryBeats: what it sends, and the names that it reads."""

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from fanfare.errors import InvalidInput
from songs.contract import (
    FeedbackRequest,
    MoreAnswer,
    MoreRequest,
    SessionId,
    Signal,
    SongAnswer,
    SongId,
    SongItem,
)

PAGE: Final = 5
"""Songs that its page shows at a time: it asks for more from place 5, then from 10, however many it was given."""
SIGNALS: Final = get_args(Signal.__value__)


class MoreSongs(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    session_id: SessionId
    offset: Annotated[int, Field(ge=0, le=1000)] = PAGE

    def request(self) -> MoreRequest:
        return MoreRequest(session_id=self.session_id, offset=self.offset, limit=PAGE)


class Feedback(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    session_id: SessionId
    song_id: SongId
    feedback: Literal[-1, 1, "like", "dislike"]

    def request(self) -> FeedbackRequest:
        liked = self.feedback in {1, "like"}
        return FeedbackRequest(session_id=self.session_id, song_id=self.song_id, feedback=1 if liked else -1)


class ImplicitFeedback(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    session_id: SessionId
    song_id: SongId
    signal_type: Annotated[str, Field(min_length=1, max_length=40)]
    weight: Annotated[float, Field(ge=-10, le=10)] | None = None

    def request(self) -> FeedbackRequest:
        """Signals that are not known count by their weight alone; raises `InvalidInput` for one without."""
        weight = None if self.weight is None else max(-1.0, min(1.0, self.weight))
        signal: Any = self.signal_type
        if signal not in SIGNALS:
            if weight is None:
                raise InvalidInput({"signal_type": f"is none of {', '.join(SIGNALS)}, and has no weight"})
            signal = "preview"  # any: its weight stands for it
        return FeedbackRequest(session_id=self.session_id, song_id=self.song_id, signal=signal, weight=weight)


def options(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return a form's fields as options: lists and objects are JSON in them."""
    import jiter  # refuses what is nested too deep as any other error, where `json` breaks off

    found: dict[str, Any] = dict(fields)
    for name in ("languages", "exclude_ids"):
        if name in found:
            with contextlib.suppress(ValueError):  # what is no JSON is refused by its type
                found[name] = jiter.from_json(fields[name].encode())
    return found


def answer(made: SongAnswer) -> dict[str, Any]:
    """Return an answer with the names that the client reads; figures that nobody asked for are middling."""
    analysis = made.analysis.model_dump()
    for name in ("energy", "valence"):
        if analysis[name] is None:
            analysis[name] = 0.5
    return made.model_dump(mode="json") | {
        "success": True,
        "analysis": analysis,
        "songs": [_song(song) for song in made.songs],
    }


def more(made: MoreAnswer) -> dict[str, Any]:
    return made.model_dump(mode="json") | {"success": True, "songs": [_song(song) for song in made.songs]}


def _song(song: SongItem) -> dict[str, Any]:
    """A song, its page wherever it is under the name that the client has for one."""
    link = song.links.get("spotify") or next(iter(song.links.values()), None)
    return song.model_dump(mode="json") | {"album_cover": song.cover, "spotify_url": link}

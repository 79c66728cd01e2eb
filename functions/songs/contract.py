"""What the routes of songs take and give."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from fanfare.meta import Meta

MOST_SONGS: Final = 50
MOST_TEXT: Final = 1000
"""Characters."""
MOST_PHOTO: Final = 16 << 20
"""Bytes, as the published client has it; what comes through the API itself has some 4.5 MB at most."""

MOST_LANGUAGES: Final = 4

type Share = Annotated[float, Field(ge=0, le=1)]
type Language = Annotated[str, Field(min_length=2, max_length=30)]
type SessionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
type SongId = Annotated[str, Field(min_length=1, max_length=64)]
type Signal = Literal["play", "skip", "complete", "replay", "preview", "open"]
"""What somebody did with a song."""


class MoodRequest(BaseModel):
    """A mood that is asked for outright; what is left out does not matter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    energy: Share | None = None
    valence: Share | None = None
    danceability: Share | None = None
    acousticness: Share | None = None
    tempo: Annotated[float, Field(ge=40, le=220)] | None = None
    """Beats a minute."""
    instrumentalness: Share | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if all(value is None for value in self.model_dump().values()):
            raise ValueError("must name at least one figure")
        return self


class SongOptions(BaseModel):
    """How the songs shall be chosen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: (
        Annotated[dict[Language, Annotated[float, Field(gt=0, le=100)]], Field(max_length=MOST_LANGUAGES)] | None
    ) = None
    """Shares of languages by their English names, in any unit. Left out, the languages that the text asks for, in equal
    shares ("spanish songs for a party"), or else English and Hindi by halves.
    """
    limit: Annotated[int, Field(ge=1, le=MOST_SONGS)] = 10
    exclude_ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=500)] = []
    explicit: bool = True
    """Whether songs with explicit words may come."""
    max_per_artist: Annotated[int, Field(ge=1, le=10)] = 2
    session_id: SessionId | None = None
    """Of an earlier answer: what was liked and disliked in it is heeded."""
    text: Annotated[str, Field(min_length=1, max_length=MOST_TEXT)] | None = None
    """A mood, a wish, a situation, in words."""


class SongRequest(SongOptions):
    """Songs for a text, a mood or an uploaded photo; a photo itself comes as a form's file."""

    key: Annotated[str, Field(max_length=300, pattern=r"^uploads/images/.+")] | None = None
    """Of a photo that was uploaded."""
    mood: MoodRequest | None = None
    """Stands alone: nothing else is read beside it."""

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str | None) -> str | None:
        if text is not None and not text.strip():
            raise ValueError("the text is empty")
        return text

    @field_validator("mood")
    @classmethod
    def _alone(cls, mood: MoodRequest | None, others: ValidationInfo) -> MoodRequest | None:
        if mood is not None and any(others.data.get(name) is not None for name in ("text", "key")):
            raise ValueError("a mood is taken as it stands: leave out text and photo")
        return mood

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.text is None and self.mood is None and self.key is None:
            raise ValueError("name a text, a mood, or the key of a photo, or send a photo")
        return self


class MoreRequest(BaseModel):
    """More songs of a session, from a place in its ranking on."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    session_id: SessionId
    offset: Annotated[int, Field(ge=0, le=1000)] = 0
    limit: Annotated[int, Field(ge=1, le=MOST_SONGS)] = 10


class FeedbackRequest(BaseModel):
    """What somebody thinks of a song: `feedback` outright, or a `signal` of what they did, perhaps with a weight."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    session_id: SessionId
    song_id: SongId
    feedback: Literal[-1, 1] | None = None
    signal: Signal | None = None
    weight: Annotated[float, Field(ge=-1, le=1)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.feedback is None) == (self.signal is None):
            raise ValueError("name either feedback or a signal")
        return self


class Analysis(BaseModel):
    """The mood that was read; a figure is null where nothing was said about it."""

    mood: str
    themes: list[str]
    description: str
    genres: list[str]
    energy: float | None
    valence: float | None
    danceability: float | None
    acousticness: float | None
    tempo: float | None
    instrumentalness: float | None
    keywords: list[str]
    cultural_vibe: str


class SongItem(BaseModel):
    id: str
    isrc: str | None
    name: str
    artist: str
    album: str
    year: int | None
    preview_url: str | None
    """Thirty seconds; good for minutes."""
    links: dict[str, str]
    cover: str | None
    duration: float | None
    """Seconds."""
    language: str
    explicit: bool
    features: dict[str, Any] | None
    """What is known of its sound, and from where; figures but the tempo are ranks among music at large, 0 to 1."""
    vibe_score: float
    """How well it fits, 0 to 1; what is not known counts as middling."""
    vibe_parts: dict[str, float | None]
    """The same figure by figure; null where the song's is not known."""
    why: str


class SongAnswer(BaseModel):
    session_id: str | None
    """Null where none could be kept: then there is no more, and nothing can be said of the songs."""
    analysis: Analysis
    songs: list[SongItem]
    more: bool
    """Whether the session may have more."""
    meta: Meta


class MoreAnswer(BaseModel):
    session_id: str
    songs: list[SongItem]
    offset: int
    """Where in the session the songs stand, which may be before the place asked for; the next ones are asked for with
    this and how many they are, summed up.
    """
    more: bool
    meta: Meta


class FeedbackAnswer(BaseModel):
    session_id: str
    stored: bool
    signals: int
    """Of the session so far."""

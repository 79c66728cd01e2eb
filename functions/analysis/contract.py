"""What the routes of analyses and playlists take and give."""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from analysis.library import Stage, file_name
from analysis.playlist import Curve
from fanfare.storage import UPLOADS

PREFIX: Final = f"{UPLOADS}audio/"
MOST_BYTES: Final = 1 << 30
"""Of an upload."""
MOST_KEY: Final = 1024
"""Bytes of a key in S3."""
MOST_TRACKS: Final = 500
"""Of a playlist, and of those it is chosen from."""
MOST_PAGE: Final = 500
"""Tracks of an answer."""
EXTENSIONS: Final = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/aac": "aac",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/vnd.wave": "wav",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/webm": "webm",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
}
"""What may be uploaded, and how it is named; what is in it is looked at, whatever it is called."""


def _audio_key(key: str) -> str:
    if not key.startswith(PREFIX) or key == PREFIX or len(key.encode()) > MOST_KEY:
        raise ValueError(f"must name an object under {PREFIX}")
    return key


def _media_type(text: str) -> str:
    if text.lower() not in EXTENSIONS:
        raise ValueError(f"must be one of {', '.join(EXTENSIONS)}")
    return text.lower()


def _line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()


def _name(text: str) -> str:
    return file_name(_line(text))


class AnalysisRequest(BaseModel):
    """Either the `key` of an object that was uploaded, or the `media_type` of a file that will be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, Field(max_length=1000), AfterValidator(_audio_key)] | None = None
    media_type: Annotated[str, AfterValidator(_media_type)] | None = None
    bytes: Annotated[int, Field(ge=1, le=MOST_BYTES)] | None = None
    """The size of the file, if it is known: then nothing larger is taken."""
    name: Annotated[str, Field(max_length=200), AfterValidator(_name)] = ""
    """The file's name, by which playlists call it; a title is made of it."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.key is None) == (self.media_type is None):
            raise ValueError("name either the key of an upload or the media_type of a file to be uploaded")
        return self


class AnalysisForm(BaseModel):
    """A form to be sent to `url` as multipart/form-data: `fields` in any order, then the file as `file`."""

    key: str
    url: str
    fields: dict[str, str]
    max_bytes: int
    expires_in: int
    """Seconds for which the form is good."""


class AnalysisState(BaseModel):
    """How far an analysis is. `id` is the upload's until its content is known; it can be asked for by either."""

    id: str
    status: Stage
    status_url: str
    title: str = ""
    progress: float | None = None
    """0 to 1, where it can be told."""
    reason: str | None = None
    """Why it is refused."""
    upload: AnalysisForm | None = None


class BeatFigures(BaseModel):
    """Times in seconds; `tempo` and `tempos` (around each beat) in beats a minute; `strengths` 0 to 1."""

    times: list[float]
    strengths: list[float]
    tempos: list[float]
    tempo: float
    """The median; 0 where nothing pulses."""
    confidence: float
    """0 to 1; below .2 the beats are guesses."""
    bars: dict[str, Any] | None
    """`meter`, `downbeats` in seconds, `confidence`; null where it cannot be told."""
    onsets: list[float]


class EnergyFigures(BaseModel):
    """Curves with a value every `step` seconds; levels in dBFS, `silences` as start and end in seconds."""

    step: float
    rms: list[float]
    peaks: list[float]
    profile: list[float]
    """0 to 1: 1 is as strong as the loud parts of this sound."""
    level: float | None
    crest: float | None
    silences: list[tuple[float, float]]


class LoudnessFigures(BaseModel):
    """ITU-R BS.1770-5, LUFS; `momentary` and `short_term` are the largest; `range` in LU (EBU Tech 3342)."""

    integrated: float | None
    momentary: float | None
    short_term: float | None
    range: float | None


class KeyFigures(BaseModel):
    name: str
    camelot: str
    tonic: int
    """Semitones above C."""
    mode: Literal["major", "minor"]
    confidence: float
    tuning: float
    """Cents above A = 440 Hz."""


class TimbreFigures(BaseModel):
    balance: dict[str, float]
    """Share of the power by band."""
    centroid: float
    rolloff: float
    flatness: float


class SectionFigures(BaseModel):
    start: float
    end: float
    label: str


class MoodFigures(BaseModel):
    """Estimates by rules of thumb, 0 to 1: they put tracks of one library into an order."""

    danceability: float | None
    acousticness: float | None
    valence: float | None
    energy: float | None


class Figures(BaseModel):
    """All that was found in a sound; a record in msgpack has the same names, with buffers in the place of lists."""

    format: str
    rate: int
    channels: int
    duration: float
    damaged: bool
    """Some of it could not be decoded."""
    beats: BeatFigures
    energy: EnergyFigures
    loudness: LoudnessFigures
    true_peaks: list[float | None]
    """dBTP by channel; null for silence."""
    key: KeyFigures | None
    timbre: TimbreFigures | None
    sections: list[SectionFigures]
    mood: MoodFigures
    waveform: list[tuple[float, float]]
    """Lowest and highest sample of each of at most 2000 equal stretches, full scale ± 1."""


class AnalysisAnswer(BaseModel):
    """An analysis that is done."""

    id: str
    """SHA-256 over the content and the analyser's version: the same bytes have the same analysis."""
    status: Literal["done"] = "done"
    title: str
    sha256: str
    """Of the content."""
    bytes: int
    version: int
    """Of the analyser."""
    abridged: bool = False
    """Curves of energy, and onsets, are left out of an answer that would be too long."""
    analysis: Figures


class TrackFigures(BaseModel):
    """A track of the library."""

    id: str
    title: str
    duration: float
    tempo: float | None
    key: str | None
    """On the Camelot wheel."""
    energy: float | None


class TrackList(BaseModel):
    tracks: list[TrackFigures]
    next: str | None
    """`after` of the next page; null behind the last."""


class PageQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_PAGE)] = 100


type Format = Literal["json", "m3u8", "xspf"]
type TrackId = Annotated[str, Field(min_length=1, max_length=64)]


class PlaylistRequest(BaseModel):
    """Tracks by `ids`, or `all` of the library; with neither `length` nor `duration`, every one of them is used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ids: Annotated[list[TrackId], Field(min_length=1, max_length=MOST_TRACKS)] | None = None
    all: bool = False
    length: Annotated[int, Field(ge=1, le=MOST_TRACKS)] | None = None
    """Tracks."""
    duration: Annotated[float, Field(gt=0, le=7 * 86400)] | None = None
    """Seconds."""
    curve: Curve = "steady"
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    """The same request and seed give the same order."""
    title: Annotated[str, Field(max_length=200), AfterValidator(_line)] = "Playlist"
    format: Format | None = None
    """What the answer is; left out, the Accept header says."""
    links: bool = False
    """Whether tracks are located by links to the uploads, good for minutes, in the place of their files' names."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.ids is None) == (not self.all):
            raise ValueError("name either ids or all")
        if self.length is not None and self.duration is not None:
            raise ValueError("name a length or a duration, not both")
        return self


class PlaylistTrack(TrackFigures):
    artist: str
    location: str
    """The file's name, or a link."""


class PlaylistAnswer(BaseModel):
    """Tracks in an order that flows, what it costs, and what the greedy order costs."""

    title: str
    tracks: list[PlaylistTrack]
    duration: float
    cost: float
    greedy_cost: float
    considered: int
    """Tracks that they were chosen from."""
    unknown: list[str]
    """Of the ids asked for, those that the library has no track of."""

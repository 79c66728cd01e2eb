"""The image routes' requests and answers."""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from fanfare import bodies, imaging
from fanfare.bodies import File
from fanfare.errors import InvalidInput, UnsupportedMediaType
from fanfare.http_api import checked, checked_json
from fanfare.meta import Meta

MOST_PIXELS: Final = 4096
"""Of either side of an answer."""

type Side = Annotated[int, Field(ge=1, le=MOST_PIXELS)]


def _gravity(text: str) -> str:
    if text in {"centre", "attention"}:
        return text
    point = text.split(",")
    if len(point) != 2 or not all(re.fullmatch(r"\s*(0(\.\d+)?|1(\.0+)?|\.\d+)\s*", part) for part in point):
        raise ValueError("must be centre, attention, or a focal point such as 0.25,0.6")
    return text


def _colour(text: str) -> str:
    return f"#{text.removeprefix('#')}"  # which a query would have to spell %23


class PictureOptions(BaseModel):
    """How the picture shall look; in the query, in a form's fields, or in the JSON body."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: Side | None = None
    height: Side | None = None
    """Pixels; both left out mean 1024 × 1024."""
    fit: imaging.Fit = "inside"
    gravity: Annotated[str, Field(max_length=40), AfterValidator(_gravity)] = "centre"
    """What `cover` keeps: centre, attention (the busiest window), or a focal point as fractions such as 0.25,0.6."""
    format: Literal["jpeg", "webp", "avif", "png", "auto"] = "jpeg"
    """`auto` takes the best that the Accept header names."""
    quality: Annotated[int, Field(ge=1, le=100)] | None = None
    max_bytes: Annotated[int, Field(ge=256)] | None = None
    background: Annotated[str, Field(pattern=r"^#?[0-9a-fA-F]{6}$"), AfterValidator(_colour)] = "#ffffff"
    progressive: bool = False
    fast: bool = True
    animated: bool = False
    answer: Literal["image", "url"] = "image"

    def options(self, format_: imaging.Format) -> imaging.Options:
        """Return what the engine is asked for, in the format that was agreed on."""
        gravity: imaging.Gravity = "attention" if self.gravity == "attention" else "centre"
        if "," in self.gravity:
            x, y = self.gravity.split(",")
            gravity = float(x), float(y)
        same = self.model_dump(exclude={"gravity", "format", "answer", "key", "url"})
        return imaging.Options(gravity=gravity, format=format_, **same)


class PictureRequest(PictureOptions):
    """A picture that is somewhere else: an uploaded object, or one on an allowed host."""

    key: Annotated[str, Field(max_length=300)] | None = None
    url: Annotated[str, Field(max_length=2000)] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.key is None) == (self.url is None):
            raise ValueError("name either a key or a url")
        return self


def read(event: Any) -> tuple[PictureOptions, PictureRequest | File]:
    """Return what a request asks for, and its picture or where that is.

    The picture is the body itself, or the file of a multipart form; a JSON body names it. Raises `InvalidInput`,
    `MalformedBody` or `UnsupportedMediaType`.
    """
    kind = bodies.media_type(event)
    query = event.query_string_parameters or {}
    if kind == bodies.FORM:
        fields, file = bodies.form(event)
        return checked(PictureOptions, {**query, **fields}), file
    if kind == "application/json":
        request = checked_json(PictureRequest, bodies.raw(event))
        if query:
            raise InvalidInput(dict.fromkeys(query, "belongs into the body, beside key or url"))
        return request, request
    if kind and not _is_binary(kind):
        raise UnsupportedMediaType(f"the body must be a picture, {bodies.FORM} or application/json, not {kind}")
    return checked(PictureOptions, query), File(bodies.raw(event), kind)


def _is_binary(kind: str) -> bool:
    return kind.startswith("image/") or kind in {"application/octet-stream", "binary/octet-stream"}


class Picture(BaseModel):
    """A picture that is fetched from its `url`. Pixels upright; `saved_ratio` is 1 − bytes / bytes of the source."""

    url: str
    expires_in: int
    """Seconds for which the URL is good."""
    media_type: str
    width: int
    height: int
    bytes: int
    quality: int | None
    saved_ratio: float
    etag: str
    meta: Meta


class UploadRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    media_type: Literal["image/jpeg", "image/png", "image/webp", "image/avif", "image/heic", "image/heif", "image/gif"]
    bytes: Annotated[int, Field(ge=1, le=imaging.LIMITS.bytes)] | None = None
    """The size of the file, if it is known: then nothing larger is taken."""


class UploadForm(BaseModel):
    """A form to be sent to `url` as multipart/form-data: `fields` in any order, then the file as `file`."""

    key: str
    url: str
    fields: dict[str, str]
    max_bytes: int
    expires_in: int
    """Seconds for which the form is good."""
    status_url: str


class Derivative(BaseModel):
    url: str
    media_type: str
    width: int
    height: int
    bytes: int


class Colour(BaseModel):
    rgb: str
    share: float


class UploadedPicture(BaseModel):
    """What is known of an uploaded picture. Pixels upright."""

    format: str
    width: int
    height: int
    bytes: int
    orientation: int
    """As the file had it (EXIF), but 1 for HEIC, which turns itself; the derivatives are upright."""
    frames: int
    alpha: bool
    captured_at: str | None
    """ISO 8601; local time where the camera names no offset."""
    thumbhash: str
    """Base64, see https://evanw.github.io/thumbhash/."""
    colours: list[Colour]
    derivatives: dict[str, Derivative]


class UploadState(BaseModel):
    key: str
    status: Literal["pending", "done", "refused"]
    reason: str = ""
    sha256: str | None = None
    picture: UploadedPicture | None = None
    expires_in: int | None = None
    """Seconds for which the derivatives' URLs are good."""

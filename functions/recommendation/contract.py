"""The movie route's request and answer."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from fanfare.meta import Meta
from fanfare.regions import LANGUAGE, REGIONS
from recommendation.intent import Intent

MAX_PROMPT: Final = 2_000
MAX_LIMIT: Final = 20

type Kind = Literal["flatrate", "free", "ads", "rent", "buy"]


def _plain(prompt: str) -> str:
    """Composed, without control characters, single-spaced: what a person sees of a prompt."""
    visible = "".join(
        " " if unicodedata.category(sign) in {"Cc", "Zl", "Zp"} else sign
        for sign in unicodedata.normalize("NFKC", prompt)
        if unicodedata.category(sign) != "Cs"
    )
    plain = re.sub(r"\s+", " ", visible).strip()
    if len(plain) > MAX_PROMPT:  # compatibility forms may grow eighteenfold
        raise ValueError(f"must not be longer than {MAX_PROMPT} characters")
    return plain


def _region(code: str) -> str:
    if code.upper() not in REGIONS:
        raise ValueError("must be an ISO 3166-1 country code such as DE")
    return code.upper()


class MovieRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"anyOf": [{"required": ["prompt"]}, {"required": ["photo"]}]},
    )

    photo: Annotated[str, Field(min_length=1)] | None = Field(default=None, repr=False)
    """A picture file whose mood counts, in base64 or as a data URL: JPEG, PNG, WebP, AVIF, HEIC or GIF."""
    prompt: Annotated[str, Field(max_length=MAX_PROMPT), AfterValidator(_plain)] | None = Field(
        default=None, validate_default=True
    )
    """A mood, a wish, a situation, in any language. May be left out, or empty, where there is a photo."""
    region: Annotated[str, AfterValidator(_region)] | None = None
    language: Annotated[str, Field(pattern=LANGUAGE)] | None = None
    """Of titles and overviews, e.g. de-DE."""
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 10
    services: Annotated[list[Annotated[str, Field(min_length=1, max_length=80)]], Field(max_length=20)] = []
    """Names of streaming services; only films on one of them are shown."""
    monetization: Annotated[list[Kind], Field(max_length=5)] = []
    """The kinds of offer that count; all if empty."""
    exclude_ids: Annotated[list[int], Field(max_length=500)] = []
    max_runtime: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Minutes."""
    released_after: date | None = None
    released_before: date | None = None
    include_adult: bool = False

    @field_validator("prompt")
    @classmethod
    def _some_wish(cls, prompt: str | None, info: ValidationInfo) -> str | None:
        # A photo that was sent and is wrong is not among the data: that is said of the photo alone.
        if not prompt and "photo" in info.data and info.data["photo"] is None:
            raise ValueError("Field required, unless there is a photo" if prompt is None else "must not be empty")
        return prompt or None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.released_after and self.released_before and self.released_after > self.released_before:
            raise ValueError("released_after must not be later than released_before")
        return self


class Offer(BaseModel):
    """Where a film can be seen, after JustWatch."""

    provider_id: int
    provider_name: str
    logo_path: str | None
    kind: Kind
    link: str | None
    """TMDb's page of all offers in the region."""


class Movie(BaseModel):
    tmdb_id: int
    title: str
    release_date: str | None
    genre_ids: list[int]
    runtime: int | None
    """Minutes; None where it could not be had."""
    original_language: str | None
    overview: str
    vote_average: float
    poster_url: str | None
    streaming_providers: list[Offer]
    why: str


class MovieAnswer(BaseModel):
    success: Literal[True] = True
    message: str
    intent: Intent
    requested_genre_ids: list[int]
    movies: list[Movie]
    used_ai: bool
    """True only if a model's answer was used."""
    attribution: str
    meta: Meta

"""What the speech routes take and give."""

import unicodedata
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, model_validator

from fanfare.errors import FanfareError
from fanfare.meta import Meta
from speech import markup
from speech.languages import Language
from speech.texts import is_clean, plain
from speech.utterance import Format, Utterance

MOST_ITEMS: Final = 1000
MOST_TEXT: Final = 5000
"""Characters. Engines may take fewer, see `speech.utterance.Engine.objection`."""


def clean(text: str) -> str:
    """Return a `plain` text; raises ValueError for one that has control characters."""
    made = plain(text)
    if not is_clean(made):
        raise ValueError("must not have control characters")
    return made


def speakable(text: str) -> str:
    """Return a `clean` text in which there is something to be heard: letters, figures or symbols."""
    made = clean(text)
    if len(made) > MOST_TEXT:  # composing may lengthen
        raise ValueError(f"must not have more than {MOST_TEXT} characters")
    if not any(unicodedata.category(sign)[0] in "LNS" for sign in made):
        raise ValueError("must have something that can be spoken")
    return made


def _ssml(text: str) -> str:
    checked = markup.checked(clean(text))
    speakable(markup.spoken(checked))
    return checked


type Text = Annotated[str, Field(max_length=MOST_TEXT), AfterValidator(speakable)]
type Hint = Annotated[str, Field(max_length=1000), AfterValidator(clean)]
type Voice = Annotated[str, Field(max_length=80, pattern=r"^[\w+. ()-]*$")]
type Speed = Annotated[float, Field(ge=0.25, le=4.0)]


class SpeechItem(BaseModel):
    """One text to be spoken. Either `text` or `ssml`; `ipa` says how `text` is pronounced."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Text | None = None
    language: Language
    """BCP 47, such as hi or en-GB, or a language's English name."""
    voice: Voice = ""
    """An engine's own name for one. An engine that knows that it has none of this name leaves the text to the next."""
    speed: Speed = 1.0
    instructions: Hint = ""
    """How to speak, for engines that can be told."""
    context: Hint = ""
    """A sentence that the text is used in, so that it is read as there."""
    ssml: Annotated[str, Field(max_length=MOST_TEXT), AfterValidator(_ssml)] | None = None
    ipa: Annotated[str, Field(max_length=200), AfterValidator(speakable)] | None = None

    @model_validator(mode="after")
    def _something_to_say(self) -> Self:
        if (self.text is None) == (self.ssml is None):
            raise ValueError("must have either text or ssml")
        if self.ipa is not None and self.text is None:
            raise ValueError("ipa needs the text that it is of")
        return self

    def utterance(self) -> Utterance:
        return Utterance(
            text=self.text or "",
            language=self.language,
            voice=self.voice,
            speed=self.speed,
            instructions=self.instructions,
            context=self.context,
            ssml=self.ssml or "",
            ipa=self.ipa or "",
        )


class SpeechRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    items: Annotated[list[SpeechItem], Field(min_length=1, max_length=MOST_ITEMS)]
    format: Format = "mp3"
    fallback: bool = True
    """Whether a text that one engine fails to speak may be spoken by the next."""


class OneTextRequest(BaseModel):
    """What the published client sends: a word, perhaps with the sentence that it is used in, or a sentence."""

    model_config = ConfigDict(frozen=True)  # what else it sends is not an error

    language: Language
    instructions: Hint | None = None
    voice: Voice | None = None
    speed: Speed | None = None

    def _utterance(self, text: str, context: str = "") -> Utterance:
        return Utterance(
            text=text,
            language=self.language,
            voice=self.voice or "",
            speed=self.speed or 1.0,
            instructions=self.instructions or "",
            context=context,
        )


class WordRequest(OneTextRequest):
    word: Text
    sentence: Hint | None = None

    def utterance(self) -> Utterance:
        return self._utterance(self.word, self.sentence or "")


class SentenceRequest(OneTextRequest):
    sentence: Annotated[Text, Field(validation_alias=AliasChoices("sentence", "text"))]

    def utterance(self) -> Utterance:
        return self._utterance(self.sentence)


class WordTiming(BaseModel):
    """Seconds from the beginning of the audio."""

    word: str
    start: float
    end: float


class ItemError(BaseModel):
    title: str
    detail: str


class Spoken(BaseModel):
    """One item's audio, or why there is none. `audio_url` needs no key and is good for `expires_in` seconds;
    ``GET /api/v1/speech/{id}`` leads to a new one.
    """

    id: str | None = None
    audio_url: str | None = None
    expires_in: int | None = None
    format: Format | None = None
    duration: float | None = None
    """Seconds."""
    bytes: int | None = None
    cached: bool = False
    engine: str | None = None
    voice: str | None = None
    fallback: str | None = None
    """Why an engine other than the first spoke."""
    timings: list[WordTiming] | None = None
    """Of each word, where the engine tells."""
    error: ItemError | None = None


class SpeechAnswer(BaseModel):
    """Items in the order of the request."""

    items: list[Spoken]
    spoken: int
    failed: int
    meta: Meta


class OneTextAnswer(Spoken):
    success: bool = True
    meta: Meta


class JobState(BaseModel):
    """A batch that is spoken in the background. `items` are in the order of the request, null until they are done."""

    id: str
    status: Literal["queued", "running", "done", "cancelled"]
    status_url: str
    total: int
    done: int
    failed: int
    items: list[Spoken | None]


def told(error: Exception) -> ItemError:
    """Return an item's error as it is shown."""
    if isinstance(error, FanfareError) and error.status != FanfareError.status:
        return ItemError(title=error.title, detail=str(error))
    return ItemError(title=FanfareError.title, detail="The item could not be carried out.")

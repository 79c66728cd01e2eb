"""The word routes' requests and answers."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from fanfare.meta import Meta
from speech.contract import ItemError
from speech.languages import Language
from speech.texts import is_clean, plain

MOST_WORDS: Final = 100
LONGEST_WORD: Final = 100
LONGEST_SENTENCE: Final = 500

type PartOfSpeech = Literal[
    "noun",
    "verb",
    "adjective",
    "adverb",
    "pronoun",
    "preposition",
    "conjunction",
    "interjection",
    "determiner",
    "numeral",
    "phrase",
]
type Gender = Literal["masculine", "feminine", "neuter", "common"]


def _checked(text: str, longest: int) -> str:
    spelling = plain(text)
    if not is_clean(spelling):
        raise ValueError("must not contain control characters")
    if len(spelling) > longest:
        raise ValueError(f"must not be longer than {longest} characters")
    return spelling


def _word(text: str) -> str:
    """Check a word, and keep it as it was sent: a client looks the answer up by its own spelling."""
    if not _checked(text, LONGEST_WORD):
        raise ValueError("must not be empty")
    return text


def _sentence(text: str) -> str:
    return _checked(text, LONGEST_SENTENCE)


type AskedWord = Annotated[str, Field(min_length=1, max_length=10 * LONGEST_WORD), AfterValidator(_word)]
type Sentence = Annotated[str, Field(max_length=10 * LONGEST_SENTENCE), AfterValidator(_sentence)]


class EnrichRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Annotated[list[AskedWord], Field(min_length=1, max_length=MOST_WORDS)]
    """Words or phrases of `language`."""
    language: Language
    native_language: Language
    """Of the translations."""
    sentence_contexts: dict[str, Sentence | None] = {}
    """A sentence that a word is used in, by the word; what is no word of the request is ignored."""
    generate_audio: bool = False

    @field_validator("sentence_contexts", mode="before")
    @classmethod
    def _of_words(cls, contexts: Any, info: ValidationInfo) -> Any:
        if not isinstance(contexts, dict):
            return {} if contexts is None else contexts
        asked = {plain(word) for word in info.data.get("words", ())}
        return {plain(word): sentence for word, sentence in contexts.items() if plain(word) in asked}


class EnrichBatchRequest(EnrichRequest):
    """The same as the published client sends it; what else it sends is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class EnrichOneRequest(BaseModel):
    """One word; what else a client sends is ignored."""

    model_config = ConfigDict(frozen=True)

    word: AskedWord
    language: Language
    native_language: Language
    sentence_context: Sentence | None = Field(
        default=None, validation_alias=AliasChoices("sentence_context", "sentence")
    )
    generate_audio: bool = False


class Word(BaseModel):
    """What is known of a word; None is unknown, or not a thing that the language or the word has."""

    word: str
    """As it was asked for."""
    lemma: str | None = None
    pos: PartOfSpeech | None = None
    translation: str | None = None
    example: str | None = None
    example_native: str | None = None
    ipa: str | None = None
    """Without slashes or brackets."""
    gender: Gender | None = None
    plural: str | None = None
    synonyms: list[str] = []
    collocations: list[str] = []
    audio_url: str | None = None
    source: Literal["model", "rules"]
    ipa_source: Literal["model", "espeak"] | None = None
    cached: bool = False
    error: ItemError | None = None
    """Why there is no more than rules know."""
    audio_error: ItemError | None = None


class EnrichAnswer(BaseModel):
    results: list[Word]
    """In the order of the request."""
    enriched: int
    """Results without an error."""
    failed: int
    meta: Meta


class BatchAnswer(BaseModel):
    success: Literal[True] = True
    results: dict[str, Word]
    enriched_count: int
    total_words: int
    meta: Meta


class OneAnswer(Word):
    success: Literal[True] = True
    meta: Meta

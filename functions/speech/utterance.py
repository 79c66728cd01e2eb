"""What is to be spoken, and what came of it: the words that engines and their callers share."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

type Format = Literal["mp3", "wav"]

MEDIA_TYPES: Final[dict[Format, str]] = {"mp3": "audio/mpeg", "wav": "audio/wav"}


@dataclass(frozen=True, slots=True)
class Utterance:
    """One text to be spoken; normalised.

    `language` is BCP 47 (``hi``, ``en-GB``), `voice` an engine's own name for one or empty, `speed` a factor (1.0 is
    the voice's own). `ssml` is a whole ``<speak>`` document and stands in place of `text`, which is then empty. `ipa`
    is how `text` is pronounced. `context` is a sentence that `text` is used in, `instructions` say how to speak.
    """

    text: str
    language: str
    voice: str = ""
    speed: float = 1.0
    instructions: str = ""
    context: str = ""
    ssml: str = ""
    ipa: str = ""


class Timing(NamedTuple):
    """When a word is heard: seconds from the beginning. It ends where the next begins, the last with the audio."""

    word: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Speech:
    """Audio as an engine gave it. `duration` is seconds; `timings` is None where the engine has none."""

    body: bytes
    duration: float
    voice: str
    timings: tuple[Timing, ...] | None = None
    complete: bool = True
    """Whether it has all that the engine could give at its best, and is worth being remembered."""


class Engine(Protocol):
    """Something that speaks: a file in `speech.engines` each."""

    @property
    def name(self) -> str:
        """As in the setting TTS_ENGINES, and in answers."""

    @property
    def model(self) -> str:
        """What makes the same text sound different: model or version; part of the audio's key."""

    def objection(self, utterance: Utterance) -> str | None:
        """Say why this engine cannot speak this (language, markup, length), as a short public phrase; None if it can.

        Neither waits nor calls anything.
        """

    def heard(self, utterance: Utterance) -> Utterance:
        """Return what this engine makes of an utterance: with the voice that speaks it, without what it ignores.

        It is what the audio's key is made from.
        """

    async def speak(self, utterance: Utterance, audio_format: Format) -> Speech:
        """Make one attempt. Bounded in time by the caller.

        Raises `UpstreamRateLimited` (with `retry_after` where told), `UpstreamTimeout`, `UpstreamRejected` or
        `UpstreamError`, with `name` as the upstream.
        """

"""Songs for a photo, a text or a mood: what is asked for is read, artists are ranked by sound, an answer is chosen."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from fanfare import aio, photos, telemetry
from fanfare.errors import FanfareError, InvalidInput, brief
from fanfare.meta import meta
from songs import answering, colours, feedback, reading
from songs import mood as moods
from songs.ahead import ARTISTS, Ahead
from songs.asking import Asking, Named, Reading
from songs.choosing import choose, quotas
from songs.continuing import Continuing, following
from songs.contract import MOST_LANGUAGES, SongAnswer, SongOptions, SongRequest
from songs.mood import Mood
from songs.ranking import Candidates, Ranker

if TYPE_CHECKING:
    from fanfare.photos import Photo

DEFAULT_MIX: Final = {"English": 1.0, "Hindi": 1.0}
AFTER_MODEL: Final = 3.0
"""Seconds kept back from a model that hangs, for the catalogues; at most half."""
TEXT, PICTURE = 1.0, 0.6
"""What words and colours weigh where rules read both."""


class Songs:
    """`asking` is None where no model is configured; `popular` artists stand in where nobody names any."""

    def __init__(
        self,
        *,
        asking: Asking | None,
        ranker: Ranker,
        continuing: Continuing,
        popular: Mapping[str, Sequence[str]],
    ) -> None:
        self.continuing = continuing
        self._asking = asking
        self._ranker = ranker
        self._popular = popular

    async def recommend(self, request: SongOptions, photo: bytes | None = None) -> SongAnswer:
        """Answer a request, with a photo or without.

        Raises `InvalidInput` for a photo that cannot be read and for languages that nobody is known to sing in,
        `NotFound` for a session that is not there, and `UpstreamError` if no catalogue answers.
        """
        mix = _mix(request)
        events = await self.continuing.events(request.session_id)
        ahead = self._ranker.ahead(mix, self._candidates((), mix))
        try:
            read, failed = await self._read(request, photo, mix, ahead)
            candidates = self._candidates(read.artists, mix)
            if not _somebody(candidates) and not request.languages:
                telemetry.figures().warnings.append(f"nobody is known who sings in {', '.join(mix)}")
                mix = dict(DEFAULT_MIX)
                candidates = self._candidates(read.artists, mix)
            if not _somebody(candidates):
                raise failed or self._nobody()
            ranked = await self._ranker.rank(read.mood, mix, candidates, ahead)
        finally:
            await ahead.end()
        answering.say(ranked)
        chosen = choose(
            feedback.rerank(ranked.songs, read.mood, events) if events else ranked.songs,
            limit=request.limit,
            mix=mix,
            max_per_artist=request.max_per_artist,
            exclude=request.exclude_ids,
            explicit=request.explicit,
        )
        answering.say_short(chosen)
        if read.mood.audible:
            answering.say_unheard(chosen, ranked)
        options = request.model_dump(include={"explicit", "max_per_artist", "exclude_ids"})
        session, items = await self.continuing.begin(
            read.mood, mix, options, ranked.songs, shown=chosen.songs, before=events
        )
        sources = {"analysis": read.source, "songs": answering.catalogues(chosen), "ranking": ranked.source}
        model = self._asking.model.name if self._asking and "model" in read.source else None
        return SongAnswer(
            session_id=session.id if session else None,
            analysis=answering.analysis(read),
            songs=items,
            more=session is not None and bool(following(session, 1)),
            meta=meta(sources, model=model).model_copy(update={"age": round(ranked.age, 1)}),
        )

    async def warm(self) -> int:
        """Have popular artists' songs heard before anybody asks; return how many are known."""
        return await self._ranker.warm(self._popular)

    async def _read(
        self, request: SongOptions, photo: bytes | None, mix: dict[str, float], ahead: Ahead
    ) -> tuple[Reading, FanfareError | None]:
        """Return what is read, and what the model failed with if rules had to read it."""
        text = (request.text or "").strip()
        if isinstance(request, SongRequest) and request.mood is not None:
            mood = Mood(**request.mood.model_dump())
            return Reading(mood=mood, source="request", word=moods.word(mood)), None
        seen = failed = None
        if photo is not None:
            with telemetry.stage("photo"):
                seen = await photos.prepared(photo)
        if self._asking is not None:
            try:
                with telemetry.stage("model"), aio.within(aio.deadline().less(_kept_back())):
                    return await self._asking.read(text, seen, quotas(mix, ARTISTS), on_artists=ahead.named), None
            except FanfareError as error:
                telemetry.log_failure("the model failed", error)
                telemetry.degrade(f"{brief(error)}; read by rules")
                failed = error
        return await aio.compute(_by_rules, text, seen), failed

    def _candidates(self, artists: Sequence[Named], mix: Mapping[str, float]) -> Candidates:
        """Artists by language: those that were named for the mood, and popular ones."""
        return {language: (_named(artists, language), list(_of(self._popular, language))) for language in mix}

    def _nobody(self) -> InvalidInput:
        known = ", ".join(self._popular)
        return InvalidInput({"languages": f"nobody is known who sings in these; without a model: {known}"})


def _by_rules(text: str, seen: "Photo | None") -> Reading:
    """Read words by a lexicon, and a photo by its colours."""
    said = reading.read(text) if text else None
    parts: list[tuple[float, Mood]] = []
    sources = []
    looked = None
    if said is not None and said.mood:
        parts.append((TEXT, said.mood))
        sources.append("rules")
    if seen is not None:
        from PIL import Image

        with Image.open(io.BytesIO(seen.body)) as picture:
            looked = colours.impression(colours.small(picture))
        parts.append((PICTURE, looked.mood))
        sources.append("colours")
    if not parts:
        return Reading(mood=Mood(), source="none", word="open", description="No mood could be read from the words.")
    mood = moods.blended(parts)
    word = said.word if said is not None and said.mood else looked.word if looked else moods.word(mood)
    return Reading(
        mood=mood,
        source=" and ".join(sources),
        word=word,
        description=looked.description if looked else f"Songs that are {word}.",
        themes=(*(said.themes if said else ()), *(looked.themes if looked else ())),
        genres=said.genres if said else (),
        keywords=(*(said.keywords if said else ()), *(looked.keywords if looked else ())),
    )


def _mix(request: SongOptions) -> dict[str, float]:
    """The languages that are asked for, by name or by the text."""
    mix: dict[str, float] = {}
    for language, share in (request.languages or _said(request.text or "") or DEFAULT_MIX).items():
        name = language.strip().title()
        mix[name] = mix.get(name, 0.0) + share
    return mix


def _said(text: str) -> dict[str, float]:
    return dict.fromkeys(reading.read(text).languages[:MOST_LANGUAGES], 1.0)


def _somebody(candidates: Candidates) -> bool:
    return any(names for pair in candidates.values() for names in pair)


def _named(artists: Sequence[Named], language: str) -> list[str]:
    return [artist.name for artist in artists if artist.language.casefold() == language.casefold()]


def _of(popular: Mapping[str, Sequence[str]], language: str) -> Sequence[str]:
    return next((names for each, names in popular.items() if each.casefold() == language.casefold()), ())


def _kept_back() -> float:
    return min(AFTER_MODEL, aio.deadline().remaining() / 2)

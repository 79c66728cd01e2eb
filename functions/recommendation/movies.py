"""From a mood to films: a model reads the prompt while searches start, field by field, and offers follow.

Read `Movies._make` from top to bottom.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from fanfare import aio, telemetry
from fanfare.aio import Failure
from fanfare.cache import Store, registry
from fanfare.cache.cached import Entry, revalidating
from fanfare.errors import FanfareError, InvalidInput, NotFound, brief
from fanfare.meta import meta
from fanfare.names import folded
from fanfare.settings import Settings
from fanfare.upstreams.tmdb import Tmdb
from recommendation import rules, wish
from recommendation.answering import answer
from recommendation.contract import MovieAnswer, MovieRequest
from recommendation.intent import TitleHint
from recommendation.mood import WORDLESS, Mood, Prose, Reading
from recommendation.pool import SPARE, Pool
from recommendation.wish import Film, Parameters, Wish

if TYPE_CHECKING:
    from fanfare.photos import Photo

AFTER_MODEL: Final = 2.5
"""Seconds kept back from a model that hangs, for discovery and providers by the rules' reading; at most half."""


class Movies:
    """Movie picks. `mood` is None where no model is configured."""

    def __init__(self, *, tmdb: Tmdb, mood: Mood | None, store: Store, settings: Settings) -> None:
        self._tmdb = tmdb
        self._mood = mood
        self._settings = settings
        self._answers = store.bind(
            registry.ANSWERS,
            self._remembered,
            key=_key,
            keep=lambda answer: not (answer["meta"]["degraded"] or answer["meta"]["warnings"]),
        )

    async def recommend(self, request: MovieRequest) -> MovieAnswer:
        """Answer from memory, or make an answer.

        Raises `InvalidInput` for a photo that cannot be read and for services that the region does not have, and
        `UpstreamError` if TMDb is down.
        """
        entry = await self._entry(request)
        made = MovieAnswer.model_validate(entry.value)
        if entry.source == "computed":
            return made
        if entry.stale:
            renewal = "a new one is being made" if request.photo is None else "a new one could not be made"
            telemetry.degrade(f"this answer is past its time; {renewal}")
        fresh = meta(made.meta.sources | {"answer": entry.source}, model=made.meta.model)
        return made.model_copy(update={"meta": fresh.model_copy(update={"age": entry.age, "stale": entry.stale})})

    async def _entry(self, request: MovieRequest) -> Entry[dict[str, Any]]:
        asked = self._complete_request(request), self._model_name
        if request.photo is None:
            return await self._answers.get(*asked, compute=lambda *_: self._plain_answer(request))
        from recommendation.photo import prepared  # brings Pillow along

        with telemetry.stage("photo"):
            photo = await prepared(request.photo)
        # The queue that renews what is stale does not get the photo, so that is renewed here and now.
        token = revalidating.set(True)
        try:
            return await self._answers.get(*asked, photo, compute=lambda *_: self._plain_answer(request, photo))
        finally:
            revalidating.reset(token)

    @property
    def _model_name(self) -> str | None:
        return self._mood.model.name if self._mood else None

    def _complete_request(self, request: MovieRequest) -> dict[str, Any]:
        """The request as plain values, defaults filled in; without the photo, of which nothing is kept."""
        return request.model_dump(mode="json", exclude={"photo"}) | {
            "region": request.region or self._settings.default_region,
            "language": request.language or self._settings.default_language,
        }

    async def _remembered(self, request: dict[str, Any], _: str | None, photo: "Photo | None" = None) -> dict[str, Any]:
        seen = {"photo": photo.url} if photo else {}
        return await self._plain_answer(MovieRequest.model_validate(request | seen), photo)

    async def _plain_answer(self, request: MovieRequest, photo: "Photo | None" = None) -> dict[str, Any]:
        return (await self._make(request, photo)).model_dump(mode="json")

    async def _make(self, request: MovieRequest, photo: "Photo | None") -> MovieAnswer:
        year = datetime.now(UTC).year
        language = request.language or self._settings.default_language
        prompt = request.prompt or WORDLESS.get(language[:2], WORDLESS["en"])
        read = rules.read(prompt, this_year=year)
        reading = Reading()
        guess = Wish(
            intent=read,
            request=request,
            region=request.region or self._settings.default_region,
            language=language,
        )
        async with aio.task_group() as group:
            prose = group.create_task(self._prose(guess, prompt, photo, year, reading))
            guess = await self._on_services(guess)
            prefetch = group.create_task(self._prefetch(guess))
            intent = await _or_rules(reading.constraints, read)
            pool = Pool(wish.with_intent(guess, wish.guarded(intent, read)))
            legs = group.create_task(self._discover(pool, reading))
            titles = await _or_rules(reading.titles, read.titles)
            await asyncio.gather(legs, self._resolve(titles, pool))
            await self._complete(pool)
            prefetch.cancel()
        model = self._model_name if _answer_of(reading.constraints) is not None else None
        return answer(pool, prose.result(), model)

    async def _prose(
        self, guess: Wish, prompt: str, photo: "Photo | None", year: int, reading: Reading
    ) -> Prose | None:
        """Read the prompt and the photo by the model; None, with the reason in `meta`, where that fails."""
        if self._mood is None:
            reading.failed(NotFound("no model is configured"))
            if photo:
                telemetry.degrade(f"no model is configured; {_without_model(guess.request)}")
            return None
        try:
            with aio.within(aio.deadline().less(min(AFTER_MODEL, aio.deadline().remaining() / 2))):
                return await self._mood.read(prompt, year, reading, photo)
        except FanfareError as error:
            telemetry.log_failure("the model failed", error)
            partly = _answer_of(reading.constraints) is not None
            part = "only a part of its answer was used" if partly else _without_model(guess.request)
            telemetry.degrade(f"{brief(error)}; {part}")
            return None

    async def _on_services(self, asked: Wish) -> Wish:
        """Turn names of services into TMDb's ids for them in the region."""
        if not asked.request.services:
            return asked
        known = (await self._tmdb.services.get(asked.region)).value
        ids: set[int] = set()
        for name in asked.request.services:
            wanted = folded(name)
            found = _ids(known, wanted)
            if not found:
                raise InvalidInput({"services": f"no streaming service of that name in {asked.region}: {name!r}"})
            ids |= found
        return wish.with_services(asked, ids)

    async def _prefetch(self, guess: Wish) -> None:
        """Search for what the rules' reading makes likely, into the caches only. Capped; it never decides the ranking.

        Details of films are not fetched on a guess: `fanfare bench movies` showed no gain from it.
        """
        allowance = self._settings.speculative_calls
        if self._mood is None or not allowance or not guess.request.prompt:
            return
        with telemetry.speculative(), suppress(FanfareError):
            searches = [wish.strict(guess), wish.relaxed(guess)][:allowance]
            keywords = guess.intent.keywords[: allowance - len(searches)]
            await asyncio.gather(
                self._tmdb.discover.get_many([(page,) for page in searches]),
                self._tmdb.keyword.get_many([(name,) for name in keywords]),
            )

    async def _discover(self, pool: Pool, reading: Reading) -> None:
        """The searches side by side, then details of as many films as titles leave room for."""
        with telemetry.stage("discover"):
            searches, themes = await asyncio.gather(
                self._pages([wish.strict(pool.asked), wish.relaxed(pool.asked)], required=True),
                self._themes(pool.asked),
            )
        for leg, films in zip(("strict", "relaxed", "themes"), (*searches, themes), strict=True):
            pool.add(leg, films or [], vouched=True)
        pool.settle_picks()
        if len(pool.picks) < pool.asked.request.limit:
            await self._widen(pool)
            pool.settle_picks()
        if reading.titles.done():  # otherwise they come with the titles, in one go
            named = _answer_of(reading.titles) or ()
            here = [film["id"] for film in pool.named_here(named).values()]
            await self._details(pool.likely(here, len(named)), pool)

    async def _themes(self, asked: Wish) -> list[Film] | None:
        """Films of the keywords, which TMDb wants by id."""
        if not asked.intent.keywords:
            return None
        found = await self._tmdb.keyword.get_many([(name,) for name in asked.intent.keywords])
        ids = [each.value for each in found if not isinstance(each, Failure)]
        return (await self._pages([wish.themes(asked, ids)]))[0] if ids else None

    async def _resolve(self, titles: Iterable[TitleHint], pool: Pool) -> None:
        """The films that were named: each found by title and year, then its details."""
        hints = list(dict.fromkeys(titles))
        named = pool.named_here(hints)
        unknown = [hint for hint in hints if hint not in named]
        async with aio.task_group() as group:
            if pool.picks:
                here = [film["id"] for film in named.values()]
                group.create_task(self._details(pool.likely(here, len(hints)), pool))
            named |= await self._searched(unknown, pool)
            found = {hint: named[hint] for hint in hints if hint in named}
            pool.add("titles", list(found.values()), vouched=False)
            pool.hints |= {film["id"]: hint for hint, film in found.items()}
            await self._details(pool.shortlist(), pool)

    async def _searched(self, hints: Sequence[TitleHint], pool: Pool) -> dict[TitleHint, Film]:
        with telemetry.stage("titles"):
            results = await self._tmdb.title.get_many([(hint.title, hint.year, pool.asked.language) for hint in hints])
        for result in results:
            if isinstance(result, Failure) and not isinstance(result.error, NotFound):
                telemetry.figures().warnings.append(f"a named film was not looked up: {brief(result.error)}")
        return {
            hint: result.value for hint, result in zip(hints, results, strict=True) if not isinstance(result, Failure)
        }

    async def _complete(self, pool: Pool) -> None:
        """Details of the rest of the shortlist; where constraints leave the list short, more of what was found."""
        await self._details(pool.shortlist(), pool)
        while pool.missing() > 0 and (fresh := pool.fresh() or await self._widen(pool)):
            await self._details(fresh[: pool.missing() + SPARE], pool)

    async def _widen(self, pool: Pool) -> list[int]:
        """Search more widely, once, for a list that would stay short; return the films to look up."""
        legs = (wish.kindred, wish.wider, wish.anything)
        if legs[0].__name__ in pool.legs:
            return []
        with telemetry.stage("fill"):
            pages = await self._pages([leg(pool.asked) for leg in legs])
        for leg, films in zip(legs, pages, strict=True):
            pool.add(leg.__name__, films or [], vouched=True)
        return pool.fresh()

    async def _pages(self, pages: Sequence[Parameters], *, required: bool = False) -> list[list[Film] | None]:
        """Discover pages side by side, None for one that failed; if all failed and are `required`, raise why."""
        found = await self._tmdb.discover.get_many([(page,) for page in pages])
        failures = [each.error for each in found if isinstance(each, Failure)]
        if required and len(failures) == len(found):
            raise failures[0]
        for each in found:
            if isinstance(each, Failure):
                telemetry.figures().warnings.append(f"a search failed: {brief(each.error)}")
            elif each.stale:
                telemetry.degrade("films from a remembered search that is past its time")
        return [None if isinstance(each, Failure) else each.value for each in found]

    async def _details(self, films: Iterable[int], pool: Pool) -> None:
        """Details and offers of films, side by side; a film whose call fails stays, without them."""
        missing = [film for film in dict.fromkeys(films) if film not in pool.looked_up]
        pool.looked_up.update(missing)
        with telemetry.stage("providers"):
            found = await self._tmdb.film.get_many([(film, pool.asked.region) for film in missing])
        for film, result in zip(missing, found, strict=True):
            if isinstance(result, Failure):
                pool.failures[film] = result.error
            else:
                pool.details[film] = result.value
                if result.stale:
                    telemetry.degrade("offers from memory that are past their time")


def _ids(known: dict[str, int], wanted: str) -> set[int]:
    """The services of that name, or else those whose names begin with it."""
    exact = {number for name, number in known.items() if folded(name) == wanted}
    return exact or {number for name, number in known.items() if len(wanted) > 2 and folded(name).startswith(wanted)}


def _key(request: dict[str, Any], model: str | None, photo: "Photo | None" = None) -> tuple[Any, ...]:
    return (_comparable(request), model, *([photo.digest] if photo else []))


def _comparable(request: dict[str, Any]) -> dict[str, Any]:
    """What makes two requests the same: case and order make no difference."""
    return request | {
        "prompt": (request["prompt"] or "").casefold(),
        "services": sorted({service.casefold() for service in request["services"]}),
        "monetization": sorted(set(request["monetization"])),
        "exclude_ids": sorted(set(request["exclude_ids"])),
    }


def _without_model(request: MovieRequest) -> str:
    """What becomes of a request that no model reads."""
    if request.photo is None:
        return "the prompt was read by rules"
    return "the photo was not looked at" + (", the prompt was read by rules" if request.prompt else "")


async def _or_rules[R](future: asyncio.Future[R], otherwise: R) -> R:
    try:
        return await future
    except FanfareError:
        return otherwise


def _answer_of[R](future: asyncio.Future[R]) -> R | None:
    """What a reading has come to so far; None if nothing yet, or if it failed."""
    return future.result() if future.done() and not future.cancelled() and future.exception() is None else None

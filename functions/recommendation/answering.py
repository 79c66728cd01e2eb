"""From the films that were found to the route's answer, with what it says about itself."""

from fanfare import telemetry
from fanfare.errors import brief
from fanfare.meta import meta
from fanfare.upstreams.tmdb import ATTRIBUTION, IMAGES
from recommendation import phrases, wish
from recommendation.contract import Movie, MovieAnswer, Offer
from recommendation.genres import GENRE_IDS, GENRE_NAMES
from recommendation.mood import Prose
from recommendation.pool import Pool, year_of
from recommendation.wish import Film, Wish


def answer(pool: Pool, prose: Prose | None, model: str | None) -> MovieAnswer:
    """Say what was found. `model` is the one that read the wish, None if rules did; `prose` what else it said, None if
    it failed before.
    """
    chosen = pool.chosen()
    films = [_movie(pool, film, prose) for film in chosen]
    failed = [film for film in chosen if film in pool.failures]
    if failed:
        telemetry.degrade(f"no offers for {len(failed)} of {len(films)} films")
    for film in failed:
        telemetry.figures().warnings.append(f"no offers for film {film}: {brief(pool.failures[film])}")
    asked = pool.asked.request
    unseen = asked.photo is not None and model is None
    if prose is None:
        intent = pool.asked.intent
        message = phrases.message(intent, len(films), photo_unseen=unseen)
    else:
        intent, message = wish.guarded(prose.intent, pool.asked.intent), prose.message
    spoken = "rules" if prose is None else "remembered model answer" if prose.cached else "model"
    understood = "model" if model and prose is None else spoken
    sources = {
        "intent": "none" if unseen and not asked.prompt else understood,
        "message": spoken,
        "films": "tmdb",
        "answer": "computed",
    }
    if asked.photo is not None:
        sources["photo"] = "none" if unseen else understood
    return MovieAnswer(
        message=message,
        intent=intent,
        requested_genre_ids=[GENRE_IDS[genre] for genre in intent.include_genres],
        movies=films,
        used_ai=model is not None,
        attribution=ATTRIBUTION,
        meta=meta(sources, model=model),
    )


def _movie(pool: Pool, film: int, prose: Prose | None) -> Movie:
    listed, details = pool.films[film], pool.details.get(film)
    hint = pool.hints.get(film)
    said = prose.reasons.get(hint) if prose and hint else None
    return Movie(
        tmdb_id=film,
        title=listed["title"],
        release_date=listed["release_date"],
        genre_ids=listed["genre_ids"],
        runtime=details["runtime"] if details else None,
        original_language=listed["original_language"],
        overview=listed["overview"],
        vote_average=listed["vote_average"],
        poster_url=f"{IMAGES}/w500{listed['poster_path']}" if listed["poster_path"] else None,
        streaming_providers=_offers(pool.asked, details) if details else [],
        why=said
        or phrases.why(
            pool.asked.intent,
            genres=[GENRE_NAMES[number] for number in listed["genre_ids"] if number in GENRE_NAMES],
            year=year_of(listed),
            runtime=details["runtime"] if details else None,
            original_language=listed["original_language"],
            keywords=details["keywords"] if details else (),
            named_by_model=hint is not None and prose is not None,
        ),
    )


def _offers(asked: Wish, details: Film) -> list[Offer]:
    return [Offer(link=details["link"], **offer) for offer in wish.offers(asked, details)]

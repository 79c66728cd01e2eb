"""Recommendations over HTTP: films for a mood."""

import functools
from functools import partial
from typing import TYPE_CHECKING

import snapshot_restore_py

from fanfare import aws
from fanfare.cache import store
from fanfare.http_api import api, serve
from fanfare.settings import settings
from recommendation.contract import MovieAnswer, MovieRequest

if TYPE_CHECKING:
    from recommendation.movies import Movies

app = api()


@app.post("/api/v1/movies/recommend", summary="Films for a mood, and where to watch them", tags=["movies"])
async def recommend_movies(request: MovieRequest) -> MovieAnswer:
    return await movies().recommend(request)


@app.post("/api/recommend", summary="The same, by its first name", tags=["movies"])
async def recommend_movies_alias(request: MovieRequest) -> MovieAnswer:
    return await movies().recommend(request)


@functools.cache
def movies() -> "Movies":
    """Wire the feature to this process's clients, imported here so that the module itself is light."""
    from fanfare.upstreams import http, model
    from fanfare.upstreams.tmdb import Tmdb
    from recommendation.mood import Mood
    from recommendation.movies import Movies

    chosen = settings()
    tmdb = http.JsonApi(
        "tmdb",
        chosen.tmdb_base_url,
        token=partial(aws.secret, chosen.tmdb_token_parameter),
        http=http.client(),
        timeout=chosen.call_timeout,
        hedging=chosen.hedging,
    )
    language_model = model.configured(chosen)
    mood = Mood(language_model, store()) if language_model else None
    return Movies(tmdb=Tmdb(tmdb, store()), mood=mood, store=store(), settings=chosen)


def warm() -> None:
    """Let the snapshot hold what a first request would otherwise import and compile: two seconds of CPU."""
    from fanfare.upstreams import model

    movies()
    model.warm()


snapshot_restore_py.register_before_snapshot(warm)
snapshot_restore_py.register_after_restore(movies.cache_clear)

handler = serve(app, wire=movies)

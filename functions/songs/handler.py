"""Songs over HTTP: for a photo, a text or a mood, ranked by how they sound; more of them; and what people think."""

import functools
from typing import TYPE_CHECKING, Any, Final

import snapshot_restore_py
from aws_lambda_powertools.event_handler import Response

from fanfare import bodies, storage
from fanfare.cache import store
from fanfare.errors import ContentTooLarge, InvalidInput, UnsupportedMediaType
from fanfare.http_api import api, checked, checked_json, serve
from fanfare.settings import settings
from songs import published
from songs.contract import (
    MOST_PHOTO,
    FeedbackAnswer,
    FeedbackRequest,
    MoreAnswer,
    MoreRequest,
    SongAnswer,
    SongOptions,
    SongRequest,
)

if TYPE_CHECKING:
    from fanfare.upstreams.catalogue import Song
    from songs.recommending import Songs

JSON: Final = "application/json"

app = api()


@app.post("/api/v1/songs/recommend", summary="Songs for a photo, a text or a mood", tags=["songs"])
async def recommend() -> SongAnswer:
    return await _recommend()


@app.post("/api/v1/songs/more", summary="More songs of a session", tags=["songs"])
async def more(request: MoreRequest) -> MoreAnswer:
    return await songs().continuing.more(request)


@app.post("/api/v1/songs/feedback", summary="What somebody thinks of a song", tags=["songs"])
async def feedback(request: FeedbackRequest) -> FeedbackAnswer:
    return await songs().continuing.judge(request)


@app.post("/api/analyze", summary="The same as recommend, in a published shape", tags=["songs"])
async def analyze() -> Response[Any]:
    if bodies.media_type(app.current_event) != bodies.FORM:
        raise UnsupportedMediaType(f"the body must be {bodies.FORM} with a photo")
    return _plain(published.answer(await _recommend(limit=published.PAGE)))


@app.post("/api/more-songs", summary="The same as more, in a published shape", tags=["songs"])
async def more_songs(request: published.MoreSongs) -> Response[Any]:
    return _plain(published.more(await songs().continuing.more(request.request())))


@app.post("/api/feedback", summary="The same as feedback, in a published shape", tags=["songs"])
async def published_feedback(request: published.Feedback) -> Response[Any]:
    await songs().continuing.judge(request.request())
    return _plain({"success": True})


@app.post("/api/feedback/implicit", summary="What somebody did with a song, in a published shape", tags=["songs"])
async def implicit_feedback(request: published.ImplicitFeedback) -> Response[Any]:
    await songs().continuing.judge(request.request())
    return _plain({"success": True})


async def invoked(event: dict[str, Any]) -> dict[str, Any]:
    """A schedule has popular artists' songs heard before anybody asks."""
    return {"heard": await songs().warm()}


async def _recommend(**usual: Any) -> SongAnswer:
    """Read a request, JSON or a form with a photo, and answer it; `usual` are options that a form may leave out."""
    event = app.current_event
    if bodies.media_type(event) != bodies.FORM:
        if "json" not in (bodies.media_type(event) or "json"):
            raise UnsupportedMediaType(f"the body must be application/json, or {bodies.FORM} with a photo")
        request = checked_json(SongRequest, bodies.raw(event))
        if request.key is None:
            return await songs().recommend(request)
        photo = await storage.bucket().get(request.key, most=MOST_PHOTO)
        return await songs().recommend(request, photo.body)
    fields, file = bodies.form(event)
    if len(file.body) > MOST_PHOTO:
        raise ContentTooLarge(f"{len(file.body)} bytes; at most {MOST_PHOTO} are taken")
    if not file.body:
        raise InvalidInput({"photo": "must not be empty"})
    return await songs().recommend(checked(SongOptions, usual | published.options(fields)), file.body)


def _plain(answer: dict[str, Any]) -> Response[Any]:
    import json

    return Response(200, JSON, json.dumps(answer, ensure_ascii=False))


@functools.cache
def songs() -> "Songs":
    """Wire the feature to this process's clients, imported here so that the module itself is light."""
    from fanfare.upstreams import deezer, itunes, model, spotify
    from fanfare.upstreams.catalogue import whose
    from songs.asking import Asking
    from songs.continuing import Continuing
    from songs.hearing import Hearing
    from songs.popular import POPULAR
    from songs.ranking import Ranker
    from songs.recommending import Songs
    from songs.sessions import Sessions

    chosen = settings()
    found = (
        deezer.configured(chosen, store()),
        itunes.configured(chosen, store()),
        spotify.configured(chosen, store()),
    )
    catalogues = [catalogue for catalogue in found if catalogue is not None]

    async def renewed(song: "Song") -> "Song":
        return await whose(song, catalogues).renewed(song)

    language_model = model.configured(chosen)
    return Songs(
        asking=Asking(language_model, store()) if language_model else None,
        ranker=Ranker(catalogues, Hearing(chosen.analysis_function, store(), renewed), store(), chosen.hearing_wait),
        continuing=Continuing(Sessions(chosen.sessions_table), renewed),
        popular=chosen.popular_artists or POPULAR,
    )


def warm() -> None:
    """Let the snapshot hold what a first request would otherwise import."""
    from fanfare import imaging
    from fanfare.upstreams import model

    songs()
    model.warm()
    imaging.load_all()


snapshot_restore_py.register_before_snapshot(warm)
snapshot_restore_py.register_after_restore(songs.cache_clear)

handler = serve(app, wire=songs, invoked=invoked)

"""Sound over HTTP and on upload: analysed once, shown, drawn, and put into playlists that flow."""

import functools
import os
from typing import TYPE_CHECKING, Any, Final

import snapshot_restore_py
from aws_lambda_powertools.event_handler import Response
from pydantic_core import to_json

from analysis import contract
from analysis.contract import AnalysisRequest, AnalysisState, PlaylistRequest, TrackFigures, TrackList
from fanfare import storage
from fanfare.cache import store
from fanfare.errors import ConfigurationError
from fanfare.http_api import api, checked, serve
from fanfare.messages import Message
from fanfare.negotiation import unchanged, weights
from fanfare.settings import settings

if TYPE_CHECKING:
    from analysis.analyses import Analyses, Found
    from analysis.library import Library
    from analysis.playlists import Playlists
    from analysis.previews import Previews
    from analysis.worker import Worker

JSON: Final = "application/json"
MSGPACK: Final = ("application/vnd.msgpack", "application/msgpack", "application/x-msgpack")
PENDING: Final = frozenset({"awaiting_upload", "waiting", "running"})
MOST_TEXT: Final = 5_500_000
MOST_PACKED: Final = 4_200_000
"""Bytes of an analysis, as JSON and as msgpack: Lambda takes 6 MB, and what is binary goes through it in base64."""

app = api()


@app.post("/api/v1/analyses", summary="A sound to be analysed", tags=["analysis"])
async def analyse(request: AnalysisRequest) -> Response[Any]:
    return _told(await analyses().start(request))


@app.get("/api/v1/analyses", summary="The tracks that were analysed", tags=["analysis"])
async def tracks() -> TrackList:
    page = checked(contract.PageQuery, app.current_event.query_string_parameters or {})
    found = await library().tracks(after=page.after or "", limit=page.limit + 1)
    shown = [TrackFigures.model_validate(entry.track, from_attributes=True) for entry in found[: page.limit]]
    return TrackList(tracks=shown, next=shown[-1].id if len(found) > page.limit else None)


@app.get("/api/v1/analyses/<analysis_id>", summary="An analysis, or how far it is", tags=["analysis"])
async def analysis(analysis_id: str) -> Response[Any]:
    from analysis import records
    from analysis.analyses import refused

    found = await analyses().find(analysis_id)
    if isinstance(found, AnalysisState):
        return _told(found)
    media_type = _form(JSON, *MSGPACK)
    headers = _validators(found, media_type) | {"Vary": "Accept"}
    if await _unchanged(found, headers["ETag"]):
        return Response(304, None, None, headers)
    if media_type != JSON:
        body = await analyses().body(found)
        short = body if len(body) <= MOST_PACKED else records.packed(records.abridged(records.unpack(body)))
        return Response(200, media_type, short, headers)
    record = await analyses().record(found)
    if error := record.pop("error"):
        return _told(refused(found, error))
    answer = {"status": "done", "title": found.title, "abridged": False, **record}
    text = to_json(records.listed(answer)).decode()
    if len(text) > MOST_TEXT:
        text = to_json(records.listed(records.abridged(answer))).decode()
    return Response(200, JSON, text, headers)


@app.delete("/api/v1/analyses/<analysis_id>", summary="Leave a track out of playlists", tags=["analysis"])
async def forget(analysis_id: str) -> Response[Any]:
    await analyses().forget(analysis_id)
    return Response(204, None, None)


@app.get("/api/v1/analyses/<analysis_id>/plot.svg", summary="A picture of an analysis", tags=["analysis"])
async def plot(analysis_id: str) -> Response[Any]:
    from analysis.analyses import raise_for

    found = await analyses().find(analysis_id)
    if isinstance(found, AnalysisState):
        raise_for(found)
    headers = _validators(found, "plot") | {"X-Content-Type-Options": "nosniff"}
    if await _unchanged(found, headers["ETag"]):
        return Response(304, None, None, headers)
    return Response(200, "image/svg+xml", await analyses().plot(found), headers)


@app.post("/api/v1/playlists", summary="Tracks in an order that flows", tags=["analysis"])
async def playlist(request: PlaylistRequest) -> Response[Any]:
    from analysis.playlists import MEDIA_TYPES, written

    made = await playlists().make(request)
    accepted = _form(*MEDIA_TYPES.values())
    media_type = MEDIA_TYPES[request.format] if request.format else accepted
    body = written(made, request.title, media_type)
    return Response(200, media_type, body if isinstance(body, str) else to_json(body).decode())


async def invoked(event: dict[str, Any]) -> dict[str, Any]:
    return await previews().answer(event)


async def uploaded(message: Message) -> None:
    await worker().take(message)


def _told(state: AnalysisState) -> Response[Any]:
    headers = {"Cache-Control": "no-store"}
    if state.status in PENDING:
        headers |= {"Location": state.status_url, "Retry-After": "1"}
    return Response(202 if state.status in PENDING else 200, JSON, state.model_dump_json(exclude_none=True), headers)


async def _unchanged(found: "Found", etag: str) -> bool:
    given = _header("if-none-match")
    if "*" in given:  # stands for whatever there is, so it is to be seen that there is something
        await analyses().body(found)
    return unchanged(given, etag)


def _validators(found: "Found", form: str) -> dict[str, str]:
    """What an upload's id stands for may be replaced; of a record only the title that it is told with."""
    cached = "private, max-age=3600" if found.settled else "private, no-cache"
    return {"ETag": found.etag(form), "Cache-Control": cached}


def _form(otherwise: str, *others: str) -> str:
    """Return the media type that the client wants most of those there are, the first where it names none."""
    given = weights(_header("accept"))
    named = [each for each in (otherwise, *others) if given.get(each)]
    return max(named, key=lambda each: given[each], default=otherwise)


def _header(name: str) -> str:
    return app.current_event.headers.get(name) or ""


@functools.cache
def library() -> "Library":
    from analysis.library import Library

    return Library(settings().analyses_table)


@functools.cache
def analyses() -> "Analyses":
    from analysis.analyses import Analyses

    return Analyses(storage.bucket(), library(), settings().analyses_queue_url)


@functools.cache
def playlists() -> "Playlists":
    from analysis.playlists import Playlists

    return Playlists(library(), storage.bucket())


@functools.cache
def worker() -> "Worker":
    from analysis.worker import Worker

    return Worker(storage.bucket(), library(), store(), os.process_cpu_count() or 1)


@functools.cache
def previews() -> "Previews":
    from analysis.previews import Previews
    from fanfare.upstreams.remote import PREVIEWS, Hosts, Remote, connections

    try:
        hosts = Hosts.parse(settings().preview_hosts)
    except ValueError as error:
        raise ConfigurationError(f"PREVIEW_HOSTS: {error}") from error
    return Previews(Remote(hosts, connections(), PREVIEWS), store())


def warm() -> None:
    """Let the snapshot hold what a first request would otherwise import."""
    analyses()
    playlists()
    worker()
    previews()


def _forget() -> None:
    for wired in (library, analyses, playlists, worker, previews):
        wired.cache_clear()


snapshot_restore_py.register_before_snapshot(warm)
snapshot_restore_py.register_after_restore(_forget)

handler = serve(app, worked=uploaded, invoked=invoked)

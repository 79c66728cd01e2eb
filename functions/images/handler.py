"""Pictures over HTTP and on upload: made small, upright and safe."""

import functools
from typing import TYPE_CHECKING, Any

import snapshot_restore_py
from aws_lambda_powertools.event_handler import Response

from fanfare import imaging, storage
from fanfare.cache import store
from fanfare.errors import ConfigurationError
from fanfare.http_api import api, serve
from fanfare.negotiation import unchanged
from fanfare.settings import settings
from fanfare.uploads import Upload, UploadStates
from images import contract
from images.contract import UploadForm, UploadRequest

if TYPE_CHECKING:
    from images.derivatives import Derivatives
    from images.pictures import Pictures
    from images.sources import Sources
    from images.uploads import Uploads
    from images.variants import Variants

PUBLIC = "public, max-age=86400"

app = api()


@app.post("/api/v1/images/optimize", summary="A picture made small, upright and safe", tags=["images"])
async def optimize() -> Response[Any]:
    asked, of = contract.read(app.current_event)
    made = await pictures().make(asked, of, _header("accept"))
    headers = {"X-Saved-Ratio": str(made.saved_ratio)} | ({"Vary": "Accept"} if asked.format == "auto" else {})
    if asked.answer == "image" and made.fits():
        headers |= {"ETag": made.etag, "X-Content-Type-Options": "nosniff"}
        return Response(200, made.picture.media_type, made.picture.body, headers | {"Cache-Control": "private"})
    link = await pictures().link(made)
    return Response(200, "application/json", link.model_dump_json(), headers | {"Cache-Control": "no-store"})


@app.get("/api/v1/images/<preset>/.+", summary="A poster, cover or upload in a preset", tags=["images"])
async def variant(preset: str) -> Response[Any]:
    accept, source = _header("accept"), _rest(f"/api/v1/images/{preset}/")
    found = await variants().find(preset, source, accept)
    headers = {"ETag": found.etag, "Cache-Control": PUBLIC, "Vary": "Accept"}
    if unchanged(_header("if-none-match"), found.etag):
        return Response(304, None, None, headers)
    found, body = await variants().read(found, preset, source, accept)
    headers |= {"ETag": found.etag, "X-Saved-Ratio": str(found.saved_ratio), "X-Content-Type-Options": "nosniff"}
    return Response(200, found.media_type, body, headers)


@app.post("/api/v1/uploads", summary="A form to upload a picture with", tags=["images"])
async def upload_form(request: UploadRequest) -> UploadForm:
    return await uploads().form(request)


@app.get("/api/v1/uploads/.+", summary="What became of an upload", tags=["images"])
async def upload_state() -> Response[Any]:
    state = await uploads().state(_rest("/api/v1/uploads/"))
    pending = state.status == "pending"
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "1"} if pending else {})
    return Response(202 if pending else 200, "application/json", state.model_dump_json(), headers)


async def uploaded(upload: Upload) -> None:
    await derivatives().take(upload)


def _header(name: str) -> str:
    return app.current_event.headers.get(name) or ""


def _rest(prefix: str) -> str:
    """What stands in the path behind a prefix: Powertools' named parameters end at a slash."""
    return app.current_event.path.removeprefix(prefix)


@functools.cache
def pictures() -> "Pictures":
    from images.pictures import Pictures

    return Pictures(sources(), storage.bucket())


@functools.cache
def variants() -> "Variants":
    from images.variants import Variants

    return Variants(sources(), storage.bucket(), store())


@functools.cache
def uploads() -> "Uploads":
    from images.uploads import Uploads

    return Uploads(storage.bucket(), _states(), derivatives())


@functools.cache
def derivatives() -> "Derivatives":
    from images.derivatives import Derivatives

    return Derivatives(storage.bucket(), _states(), store())


@functools.cache
def sources() -> "Sources":
    from fanfare.upstreams.remote import Hosts, Remote, connections
    from images.sources import Sources

    try:
        hosts = Hosts.parse(settings().image_hosts)
    except ValueError as error:
        raise ConfigurationError(f"IMAGE_HOSTS: {error}") from error
    return Sources(storage.bucket(), Remote(hosts, connections()))


def _states() -> UploadStates:
    return UploadStates(settings().uploads_table)


def warm() -> None:
    """Let the snapshot hold what a first request would otherwise import."""
    imaging.load_all()
    pictures()
    variants()
    uploads()


def _forget() -> None:
    for wired in (pictures, variants, uploads, derivatives, sources):
        wired.cache_clear()


snapshot_restore_py.register_before_snapshot(warm)
snapshot_restore_py.register_after_restore(_forget)

handler = serve(app, uploaded=uploaded)

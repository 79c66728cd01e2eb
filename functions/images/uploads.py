"""From the wish to upload a picture to what became of it."""

import asyncio
import base64
import secrets
from typing import Any, Final
from urllib.parse import quote

from fanfare import imaging
from fanfare.errors import NotFound
from fanfare.storage import SIGNED_SECONDS, Bucket
from fanfare.uploads import UploadStates
from images.contract import Colour, Derivative, UploadedPicture, UploadForm, UploadRequest, UploadState
from images.derivatives import Derivatives, folder
from images.sources import PREFIX, is_upload

EXTENSIONS: Final = {"image/jpeg": "jpg"}


class Uploads:
    def __init__(self, bucket: Bucket, states: UploadStates, derivatives: Derivatives) -> None:
        self._bucket = bucket
        self._states = states
        self._derivatives = derivatives

    async def form(self, request: UploadRequest) -> UploadForm:
        """Return a form for one file under a name that nobody can guess."""
        extension = EXTENSIONS.get(request.media_type, request.media_type.removeprefix("image/"))
        key = f"{PREFIX}{secrets.token_urlsafe(16)}.{extension}"
        most = request.bytes or imaging.LIMITS.bytes
        signed = await self._bucket.signed_post(key, request.media_type, most=most, seconds=SIGNED_SECONDS)
        return UploadForm(
            key=key,
            url=signed.url,
            fields=dict(signed.fields),
            max_bytes=most,
            expires_in=SIGNED_SECONDS,
            status_url=f"/api/v1/uploads/{quote(key)}",
        )

    async def state(self, key: str) -> UploadState:
        """Return what became of an upload, pending while it waits in the queue; raises `NotFound` if there is none."""
        if not is_upload(key):
            raise NotFound("there is no such upload")
        try:
            state = await self._states.get(key)
        except NotFound:
            await self._bucket.entity_tag(key)
            return UploadState(key=key, status="pending")
        if state.status == "refused":
            return UploadState(key=key, status="refused", reason=state.reason, sha256=state.sha256 or None)
        record = await self._derivatives.record(state.sha256)
        return UploadState(
            key=key, status="done", sha256=state.sha256, picture=await self._picture(record), expires_in=SIGNED_SECONDS
        )

    async def _picture(self, record: dict[str, Any]) -> UploadedPicture:
        names = list(record["derivatives"])
        urls = await asyncio.gather(
            *(self._bucket.signed_url(folder(record["sha256"]) + name, seconds=SIGNED_SECONDS) for name in names)
        )
        return UploadedPicture(
            **record["source"],
            thumbhash=base64.b64encode(record["thumbhash"]).decode(),
            colours=[Colour(rgb=rgb, share=share) for rgb, share in record["colours"]],
            derivatives={
                name: Derivative(url=url, **record["derivatives"][name]) for name, url in zip(names, urls, strict=True)
            },
        )

"""Request bodies that are not JSON: files by themselves, and forms with a file (RFC 7578)."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fanfare.errors import InvalidInput, MalformedBody

MOST_PARTS: Final = 32
FORM: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class File:
    """A file, and its media type in lower case as its sender says, or empty; the bytes may be something else."""

    body: bytes
    media_type: str


def media_type(event: Any) -> str:
    """The body's media type without its parameters, in lower case; empty if none is given."""
    kind: str = event.headers.get("content-type") or ""
    return kind.partition(";")[0].strip().lower()


def raw(event: Any) -> bytes:
    """The body as it was sent: API Gateway hands binary ones over in base64. Raises `MalformedBody`."""
    text = event.body or ""
    if not event.is_base64_encoded:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise MalformedBody("the body is not valid base64") from None


def form(event: Any) -> tuple[Mapping[str, str], File]:
    """Return the fields of a multipart form and its one file; raises `MalformedBody` or `InvalidInput`."""
    import multipart

    _, parameters = multipart.parse_options_header(event.headers["content-type"])
    data = raw(event)
    fields: dict[str, str] = {}
    files: list[File] = []
    try:
        for part in multipart.MultipartParser(
            io.BytesIO(data),
            parameters.get("boundary", ""),
            memory_limit=len(data) + 1,
            spool_limit=len(data) + 1,  # or large parts would go through files on disk
            part_limit=MOST_PARTS,
            buffer_size=1 << 20,
        ):
            if part.filename is None:
                fields[part.name] = part.value
            else:
                files.append(File(part.raw, part.content_type.partition(";")[0].strip().lower()))
    except multipart.MultipartError as error:
        raise MalformedBody(f"the body is no multipart form: {error}") from None
    except (UnicodeError, LookupError):
        raise MalformedBody("a field of the form is not text in the character set it names") from None
    if len(files) != 1:
        raise InvalidInput({"body": f"the form has {len(files)} files; one is needed"})
    return fields, files[0]

"""How the pictures that are made are named: by what they are made from and how, or by what they are."""

import hashlib
from typing import Final

from fanfare import imaging

EXTENSIONS: Final = {"jpeg": "jpg"}


def file_name(options: imaging.Options) -> str:
    """Return ``<hash of the options>.<extension>``."""
    digest = hashlib.sha256(f"{imaging.VERSION}\n{options!r}".encode()).hexdigest()
    return f"{digest[:16]}.{extension(options.format)}"


def extension(format_: imaging.Format) -> str:
    return EXTENSIONS.get(format_, format_)


def etag(body: bytes) -> str:
    """A strong entity tag (RFC 9110, 8.8.3): equal only for equal bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'

"""How the pictures that are made are named: by everything that changes them."""

import hashlib
from typing import Final

from fanfare import imaging

EXTENSIONS: Final = {"jpeg": "jpg"}


def file_name(options: imaging.Options) -> str:
    """Return ``<hash of the options>.<extension>``."""
    digest = hashlib.sha256(f"{imaging.VERSION}\n{options!r}".encode()).hexdigest()
    return f"{digest[:16]}.{EXTENSIONS.get(options.format, options.format)}"


def etag(body: bytes) -> str:
    """A strong entity tag (RFC 9110, 8.8.3): equal only for equal bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'

"""Which picture format a client gets, and whether it has the answer already."""

import re
from typing import Final

from fanfare.imaging import MEDIA_TYPES, Format

PREFERRED: Final[tuple[Format, ...]] = ("avif", "webp")


def best(accept: str, otherwise: Format) -> Format:
    """Return the format that an Accept header names with most weight (RFC 9110, 12.5.1), the smallest of several.

    A wildcard names none: browsers list what they can show and add ``*/*``; programs that send only that may know no
    more than JPEG.
    """
    weights = dict(map(_weighed, accept.lower().split(",")))
    named = [each for each in (*PREFERRED, otherwise) if weights.get(MEDIA_TYPES[each])]
    return max(named, key=lambda each: weights[MEDIA_TYPES[each]], default=otherwise)


def _weighed(entry: str) -> tuple[str, float]:
    kind, *parameters = entry.replace(" ", "").split(";")
    weights = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
    return kind, float(weights[0]) if weights and re.fullmatch(r"[01](\.\d{0,3})?", weights[0]) else 1.0


def unchanged(if_none_match: str, etag: str) -> bool:
    """Whether If-None-Match names the entity tag (RFC 9110, 13.1.2; compared weakly)."""
    given = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in given or etag in given

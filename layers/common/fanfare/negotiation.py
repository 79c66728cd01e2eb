"""What a client's headers say about the answer it wants: RFC 9110, sections 12.5.1 and 13.1.2."""

import re


def weights(accept: str) -> dict[str, float]:
    """Return the media types that an Accept header names, in lower case, with their weights, 0 to 1."""
    return dict(map(_weighed, accept.lower().split(",")))


def _weighed(entry: str) -> tuple[str, float]:
    kind, *parameters = entry.replace(" ", "").split(";")
    given = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
    return kind, float(given[0]) if given and re.fullmatch(r"[01](\.\d{0,3})?", given[0]) else 1.0


def unchanged(if_none_match: str, etag: str) -> bool:
    """Whether If-None-Match names the entity tag; compared weakly."""
    given = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in given or etag in given

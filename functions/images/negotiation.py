"""Which picture format a client gets."""

from typing import Final

from fanfare.imaging import MEDIA_TYPES, Format
from fanfare.negotiation import weights

PREFERRED: Final[tuple[Format, ...]] = ("avif", "webp")


def best(accept: str, otherwise: Format) -> Format:
    """Return the format that an Accept header names with most weight (RFC 9110, 12.5.1), the smallest of several.

    A wildcard names none: browsers list what they can show and add ``*/*``; programs that send only that may know no
    more than JPEG.
    """
    given = weights(accept)
    named = [each for each in (*PREFERRED, otherwise) if given.get(MEDIA_TYPES[each])]
    return max(named, key=lambda each: given[MEDIA_TYPES[each]], default=otherwise)

"""SSML from strangers: well-formed, of a closed set of elements, and with nothing that reaches beyond the text.

Source: https://www.w3.org/TR/speech-synthesis11/
"""

from typing import Final
from xml.etree import ElementTree as ET

ELEMENTS: Final = frozenset(
    {"speak", "p", "s", "w", "break", "emphasis", "lang", "phoneme", "prosody", "say-as", "sub"}
)
"""What speaks. `audio` and `lexicon` would fetch files, `mark` and `metadata` say nothing."""
NAMESPACE: Final = "{http://www.w3.org/2001/10/synthesis}"


def checked(ssml: str) -> str:
    """Return a document that engines may be given; raises ValueError saying what is wrong with it."""
    if "<!" in ssml or "<?" in ssml:
        raise ValueError("must have no declarations, comments or processing instructions")
    try:
        root = ET.fromstring(ssml)  # noqa: S314  (without declarations there are no entities to expand)
    except ET.ParseError as error:
        line, column = error.position
        raise ValueError(f"is not well-formed at line {line}, column {column}") from error
    names = [element.tag.removeprefix(NAMESPACE) for element in root.iter()]
    if names[0] != "speak" or "speak" in names[1:]:
        raise ValueError("must be one speak element")
    unknown = sorted(set(names) - ELEMENTS)
    if unknown:
        raise ValueError(f"must not have the element {unknown[0][:40]}")
    return ssml


def spoken(ssml: str) -> str:
    """Return the text of a document."""
    return "".join(ET.fromstring(ssml).itertext())  # noqa: S314  (was checked)

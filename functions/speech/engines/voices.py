"""Which voice of an engine speaks a language, named as in BCP 47 (RFC 5646)."""

from collections.abc import Mapping


def lookup(voices: Mapping[str, str], language: str) -> str | None:
    """Return the entry for `language`, failing that for it without its script, then for its primary subtag.

    Letters' case makes no difference in `language`; keys are written as usual (``hi``, ``hi-IN``).
    """
    found = {key.lower(): voice for key, voice in voices.items()}
    primary, *others = language.lower().split("-")
    unscripted = "-".join([primary, *(subtag for subtag in others if len(subtag) != 4)])
    return next((found[tag] for tag in (language.lower(), unscripted, primary) if tag in found), None)

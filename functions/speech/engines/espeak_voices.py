"""The voices of eSpeak NG 1.52, one for a language as a rule, and the languages they speak."""

import functools
from pathlib import Path
from typing import Final

_NAMES: Final = """
    af am an ar as az ba be bg bn bpy bs ca ca-ba ca-nw ca-va cmn cmn-latn-pinyin cs cv cy da de el en en-029
    en-gb-scotland en-gb-x-gbclan en-gb-x-gbcwmd en-gb-x-rp en-us en-us-nyc eo es es-419 et eu fa fa-latn fi fr fr-be
    fr-ch ga gd gn grc gu hak haw he hi hr ht hu hy hyw ia id io is it ja jbo ka kk kl kn ko kok ku ky la lb
    lfn lt ltg lv mi mk ml mr ms mt mto my nb nci ne nl nog om or pa pap pl pt pt-br py qu quc ro ru ru-lv sd shn si
    sk sl smj sq sr sv sw ta te th ti tk tn tr tt ug uk ur uz vi vi-vn-x-central vi-vn-x-south yue
"""
VOICES: Final = frozenset(_NAMES.split())

ALIASES: Final = {"en-gb": "en", "fr-fr": "fr"}

LATIN_AMERICA: Final = "AR BO CL CO CR CU DO EC GT HN MX NI PA PE PR PY SV US UY VE"

SPOKEN: Final = {voice: voice for voice in VOICES} | {
    "in": "id",
    "iw": "he",
    "nn": "nb",
    "no": "nb",
    "zh": "cmn",
    "zh-HK": "yue",
    "zh-MO": "yue",
    **dict.fromkeys((f"es-{country}" for country in LATIN_AMERICA.split()), "es-419"),
}
"""Language to voice."""


def named(voice: str, data: Path) -> str | None:
    """Return the engine's name for `voice`, which may have a variant from its `data` (``en-us+f3``), or None."""
    name, plus, variant = voice.partition("+")
    name = ALIASES.get(name.lower(), name.lower())
    return f"{name}{plus}{variant}" if name in VOICES and (not plus or variant in _variants(data)) else None


@functools.cache
def _variants(data: Path) -> frozenset[str]:
    return frozenset(file.name for file in (data / "voices" / "!v").iterdir())

"""The sample model as a teacher of words: two dozen it really knows, of all others it says that they are samples.

What it is asked for is told by the response format: an array of objects, one a word. Its fields are filled by name.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from local_cloud.world.faults import Behaviour
from local_cloud.world.model import BREAK

SAMPLE: Final = "(sample)"
NONSENSE: Final = {"pos": "thingummy", "translation": "", "lemma": 7}
"""What stands in an entry that is garbled."""
SEARCHED: Final = ("entries", "words")
"""Members of a message under which its words are looked for."""

type Entry = dict[str, Any]


def shape(request: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """The member that is to hold the entries and the schema of one; None if something else is asked for."""
    try:
        members = request["response_format"]["json_schema"]["schema"]["properties"]
        for name, schema in members.items():
            if schema["type"] == "array" and schema["items"]["type"] == "object":
                return name, schema["items"]
    except (KeyError, TypeError, AttributeError):
        pass
    return None


def answer(request: Mapping[str, Any], behaviour: Behaviour) -> str:
    """The model's text: one JSON object with an entry for each word, but for those to be left out.

    Raises ValueError if the last user message is not a JSON object with words.
    """
    found = shape(request)
    if found is None:
        raise ValueError("no array of objects is asked for")
    member, schema = found
    message = _message(request)
    language, native = (str(message.get(name)).partition("-")[0] for name in ("language", "native_language"))
    entries = []
    for asked in _asked(message):
        word = str(asked.get("word"))
        if word not in behaviour.leave_out:
            entry = _fitted(asked | _entry(word, language, native), schema)
            garbled = NONSENSE if word in behaviour.garble else {}
            entries.append(entry | {name: value for name, value in garbled.items() if name in entry})
    text = json.dumps({member: entries}, ensure_ascii=False)
    return f"{text[: len(text) // 2]}{BREAK}{text[len(text) // 2 :]}" if behaviour.malformed else text


def _message(request: Mapping[str, Any]) -> Mapping[str, Any]:
    messages = request.get("messages")
    texts = [each.get("content") for each in messages or () if isinstance(each, dict) and each.get("role") == "user"]
    message = json.loads(texts[-1]) if texts and isinstance(texts[-1], str) else None
    if not isinstance(message, dict):
        raise ValueError("no words")  # noqa: TRY004 - a wrong value in a request, not a wrong type in the code
    return message


def _asked(message: Mapping[str, Any]) -> list[Entry]:
    """The words as objects; what else stands with one, such as its number, comes back in its entry."""
    found: list[Any] = next((message[name] for name in SEARCHED if isinstance(message.get(name), list)), [])
    return [each if isinstance(each, dict) else {"word": each} for each in found]


@lru_cache(maxsize=1)
def known() -> dict[str, dict[str, Entry]]:
    """The words it knows, by language."""
    words: dict[str, dict[str, Entry]] = json.loads(Path(__file__).with_name("words.json").read_bytes())
    return words


def _entry(word: str, language: str, native: str) -> Entry:
    """Everything about a word, under the names that schemas have."""
    fact = known().get(language, {}).get(word)
    if fact is None or native not in fact:
        return _sample(word, native)
    own = {name: value for name, value in fact.items() if name not in {"en", "de"} and not name.startswith("example_")}
    return own | {
        "word": word,
        "lemma": word,
        "translation": fact[native],
        "example_native": fact[f"example_{native}"],
    }


def _sample(word: str, native: str) -> Entry:
    return {
        "word": word,
        "lemma": word,
        "pos": "noun",
        "translation": f"{SAMPLE} {word}, {native}",
        "example": f"{SAMPLE} … {word} …",
        "example_native": f"{SAMPLE} … {word} …, {native}",
        "ipa": None,
        "gender": None,
        "plural": None,
        "synonyms": [],
        "collocations": [],
    }


def _fitted(entry: Entry, schema: Mapping[str, Any]) -> Entry:
    return {name: _value(entry.get(name), about) for name, about in schema["properties"].items()}


def _value(value: Any, schema: Mapping[str, Any]) -> Any:
    """The value as the schema has it: of its type, and of its closed set if there is one."""
    kinds = schema.get("type", "string")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if choices := schema.get("enum"):
        return _chosen(value, choices)
    if "array" in kinds:
        return value if isinstance(value, list) else []
    if isinstance(value, list):
        return ", ".join(value)
    if value is None:
        return None if "null" in kinds else ""
    return value


def _chosen(value: Any, choices: list[Any]) -> Any:
    """The choice that is the value or is short for it; what stands for none or for others, if it is neither."""
    if value in choices:
        return value
    begins = [each for each in choices if value and each and re.match(re.escape(str(each)), str(value))]
    spare = [each for each in choices if each in {None, "", "none", "other"}]
    return (begins + spare + choices)[0]

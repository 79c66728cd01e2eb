"""Records of analyses: msgpack that any reader understands, with curves as raw typed buffers."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

import msgpack
import numpy as np
from numpy.typing import NDArray

from analysis.audio.analyser import VERSION, Analysis
from analysis.audio.beats import Beats
from analysis.audio.downbeats import Bars
from analysis.audio.energy import EnergyFigures
from analysis.audio.key import Key
from analysis.audio.loudness import LoudnessFigures
from analysis.audio.mood import Mood
from analysis.audio.sections import Section
from analysis.audio.timbre import Timbre

MEDIA_TYPE: Final = "application/vnd.msgpack"
"""Registered with IANA."""
WORTH: Final = 0.9
"""Share of its size that a record must shrink to for deflating to pay: whoever reads it inflates it."""
LEVEL: Final = 3
PLACES: Final = 4
"""Decimals of numbers in JSON: tenths of a millisecond, hundredths of a per cent."""

NOTHING: Final = np.zeros(0, np.float32)

type Record = dict[str, Any]
"""What is kept of a content: `id`, `version`, `sha256`, `bytes`, `error` and, without an error, `analysis`: the figures
of an `Analysis` by their names, `name` and `camelot` of its key beside them, arrays as they are.
"""


def identity(digest: str) -> str:
    """Return the name of the record of a content, given by its SHA-256: another analyser makes another record.

    There are no parameters yet that would change one; those to come belong in here.
    """
    return hashlib.sha256(f"analysis\n{VERSION}\n{digest}".encode()).hexdigest()


def record(digest: str, size: int, analysis: Analysis | None, error: str = "") -> Record:
    """Return the record of a content of `size` bytes: of its analysis, or why there is none."""
    made: Record = {
        "id": identity(digest),
        "version": VERSION,
        "sha256": digest,
        "bytes": size,
        "error": error,
    }
    if analysis is None:
        return made
    told = _plain(analysis)
    if analysis.key is not None:
        told["key"] |= {"name": analysis.key.name, "camelot": analysis.key.camelot}
    return made | {"analysis": told}


def packed(record: Record) -> bytes:
    """Return a record as msgpack; an array is a map of `dtype` (NumPy's, with byte order), `shape` and `data`, in C
    order.
    """
    made: bytes = msgpack.packb(record, default=_buffer)
    return made


def pack(record: Record) -> bytes:
    """Return a record as it is stored: `packed`, and deflated where that pays."""
    plain = packed(record)
    deflated = zlib.compress(plain, LEVEL)
    return deflated if len(deflated) < WORTH * len(plain) else plain


def abridged(record: Record) -> Record:
    """Return a record without what grows most with a sound's length, for answers that would be too long."""
    told = record["analysis"]
    energy = told["energy"] | dict.fromkeys(("rms", "peaks", "profile"), NOTHING)
    shortened = told | {"energy": energy, "beats": told["beats"] | {"onsets": NOTHING}}
    return record | {"analysis": shortened, "abridged": True}


def inflated(body: bytes) -> bytes:
    """Return the msgpack of a stored record: a map, which never begins like zlib's streams."""
    return zlib.decompress(body) if body[:1] == b"\x78" else body


def unpack(body: bytes) -> Record:
    """Read a stored record back; arrays cannot be written to."""
    found: Record = msgpack.unpackb(inflated(body), object_hook=_array, use_list=False)
    return found


def analysis(record: Record) -> Analysis:
    """Return the analysis that a record of this version tells of."""
    told = dict(record["analysis"])
    beats, key = told["beats"], told["key"]
    return Analysis(
        **told
        | {
            "beats": Beats(**beats | {"bars": None if beats["bars"] is None else Bars(**beats["bars"])}),
            "energy": EnergyFigures(**told["energy"]),
            "loudness": LoudnessFigures(**told["loudness"]),
            "key": None if key is None else Key(**{each.name: key[each.name] for each in fields(Key)}),
            "timbre": None if told["timbre"] is None else Timbre(**told["timbre"]),
            "sections": tuple(Section(**section) for section in told["sections"]),
            "mood": Mood(**told["mood"]),
        }
    )


def listed(value: Any) -> Any:
    """Return what JSON can hold: arrays as lists of rounded numbers."""
    match value:
        case np.ndarray():
            return np.round(value.astype(np.float64), PLACES).tolist()
        case Mapping():
            return {name: listed(each) for name, each in value.items()}
        case tuple() | list():
            return [listed(each) for each in value]
        case float():
            return round(value, PLACES)
        case _:
            return value


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _buffer(value: object) -> Record:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"a record cannot hold a {type(value).__name__}")
    return {"dtype": value.dtype.str, "shape": value.shape, "data": np.ascontiguousarray(value).tobytes()}


def _array(found: Record) -> Record | NDArray[Any]:
    if found.keys() != {"dtype", "shape", "data"}:
        return found
    return np.frombuffer(found["data"], found["dtype"]).reshape(found["shape"])

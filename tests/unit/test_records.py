"""Records of analyses: what goes in comes out, as msgpack that any reader understands."""

import hashlib
import json
import math
import zlib
from dataclasses import fields
from typing import Any, Final

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analysis import records
from analysis.audio.analyser import VERSION, Analysis, analyse
from support.sounds import tones, written
from unit.test_analyser import same

DIGEST: Final = hashlib.sha256(b"a sound").hexdigest()


@pytest.fixture(scope="module")
def found() -> Analysis:
    return analyse(written(tones(3)))


def back(record: records.Record) -> records.Record:
    return records.unpack(records.pack(record))


def test_a_content_has_a_name_of_its_own() -> None:
    other = hashlib.sha256(b"another").hexdigest()
    names = {records.identity(DIGEST), records.identity(other), DIGEST, other}
    assert len(names) == 4
    assert {len(name) for name in names} == {64}
    assert records.identity(DIGEST) == records.identity(DIGEST)


def test_another_version_gives_it_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = records.identity(DIGEST)
    monkeypatch.setattr(records, "VERSION", VERSION + 1)
    assert records.identity(DIGEST) != before
    assert records.record(DIGEST, 1, None, "broken")["version"] == VERSION + 1


def test_an_analysis_comes_back_as_it_was(found: Analysis) -> None:
    record = back(records.record(DIGEST, 1000, found))
    assert same(records.analysis(record), found)
    assert record.keys() == {"id", "version", "sha256", "bytes", "error", "analysis"}
    assert (record["id"], record["sha256"]) == (records.identity(DIGEST), DIGEST)
    assert (record["bytes"], record["error"]) == (1000, "")
    assert record["analysis"].keys() == {each.name for each in fields(Analysis)}
    assert found.key is not None
    assert (record["analysis"]["key"]["name"], record["analysis"]["key"]["camelot"]) == (
        found.key.name,
        found.key.camelot,
    )


@pytest.mark.parametrize("samples", [np.zeros((8000, 2), np.float32), np.full((1, 1), 0.5, np.float32)], ids=len)
def test_what_could_not_be_told_comes_back_untold(samples: Any) -> None:
    silent = analyse(written(samples))
    record = back(records.record(DIGEST, 1, silent))
    assert same(records.analysis(record), silent)
    assert record["analysis"]["key"] is None
    assert None in record["analysis"]["true_peaks"] or record["analysis"]["loudness"]["integrated"] is None


def test_a_refusal_comes_back_with_its_reason() -> None:
    record = back(records.record(DIGEST, 0, None, "the file is empty"))
    assert record == {
        "id": records.identity(DIGEST),
        "version": VERSION,
        "sha256": DIGEST,
        "bytes": 0,
        "error": "the file is empty",
    }


def test_other_readers_understand_it(found: Analysis) -> None:
    """Nothing but msgpack's own types, and buffers that say what they are."""
    plain = msgpack.unpackb(records.inflated(records.pack(records.record(DIGEST, 1, found))), strict_map_key=True)
    times = plain["analysis"]["energy"]["rms"]
    assert times.keys() == {"dtype", "shape", "data"}
    assert times["dtype"][0] in "<|"
    array = np.frombuffer(times["data"], times["dtype"]).reshape(times["shape"])
    assert np.array_equal(array, found.energy.rms)
    waveform = plain["analysis"]["waveform"]
    assert waveform["shape"] == [*found.waveform.shape]
    assert len(waveform["data"]) == np.dtype(waveform["dtype"]).itemsize * math.prod(waveform["shape"])


def test_it_is_deflated_where_that_pays(found: Analysis) -> None:
    many = records.record(DIGEST, 1, None, "again and " * 100)
    packed = records.pack(many)
    assert len(packed) < 400
    assert msgpack.unpackb(zlib.decompress(packed)) == many
    assert records.unpack(packed) == many
    noise = records.record(DIGEST, 1, None) | {"noise": np.random.default_rng(1).bytes(5000)}
    assert records.inflated(records.pack(noise)) == records.pack(noise)
    assert back(noise) == noise
    assert same(records.analysis(back(records.record(DIGEST, 1, found))), found)


@given(
    arrays.arrays(
        st.sampled_from(("<f4", "<f8", "<i2", "<i8", "|u1", ">f4", "|b1")),
        arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5),
    )
)
def test_every_array_comes_back(array: np.ndarray[Any, Any]) -> None:
    for given_ in (array, array[::2], array.T):
        found = back({"at": [given_]})["at"][0]
        assert (found.dtype, found.shape) == (given_.dtype, given_.shape)
        assert np.array_equal(found, given_, equal_nan=found.dtype.kind == "f")
        assert not found.flags.writeable


@pytest.mark.parametrize("value", [object(), {1, 2}, np.float32(1), 1j])
def test_what_is_no_record_is_not_packed(value: object) -> None:
    with pytest.raises(TypeError):
        records.pack({"at": value})


@pytest.mark.parametrize("body", [b"", b"x\x9cbroken", b"\xc1", b"\x81\xa1a"])
def test_what_is_no_record_is_not_unpacked(body: bytes) -> None:
    with pytest.raises((ValueError, zlib.error)):
        records.unpack(body)


def test_json_holds_the_rounded_numbers(found: Analysis) -> None:
    listed = records.listed(back(records.record(DIGEST, 1, found)))
    assert json.loads(json.dumps(listed, allow_nan=False)) == listed
    rms = listed["analysis"]["energy"]["rms"]
    assert rms == pytest.approx(found.energy.rms.tolist(), rel=0, abs=10**-records.PLACES / 2 * 1.01)
    assert all(each == round(each, records.PLACES) for each in rms)
    assert np.array(listed["analysis"]["waveform"]).shape == found.waveform.shape
    assert records.listed({"a": (1, 0.123456, None, True, "x"), "b": [np.arange(2)]}) == {
        "a": [1, 0.1235, None, True, "x"],
        "b": [[0.0, 1.0]],
    }

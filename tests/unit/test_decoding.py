"""What is read, as which samples, from where, in how much memory."""

import math
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from analysis.audio import decoding, soundfile_reader
from analysis.audio.decoding import Decoded, open_audio
from analysis.audio.sources import Source
from fanfare.errors import ContentTooLarge, UnusableContent
from support.sounds import MADE, RATE, Ranges, Samples, Silence, muxed, sound, tones, written

EXACT = {"wav", "flac", "alac"}
NAMES = {"opus": "ogg", "m4a": "mp4", "alac": "mp4", "mkv": "matroska", "webm": "matroska"}


def samples(source: Source | Decoded) -> Samples:
    with source if isinstance(source, Decoded) else open_audio(source) as decoded:
        return np.concatenate(list(decoded))


@pytest.mark.parametrize("kind", MADE)
def test_every_format_gives_the_samples_that_went_in(kind: str) -> None:
    """Lossy ones nearly, and at the right time: a delay would show, every tone being another sample later."""
    expected = tones() if kind != "opus" else np.repeat(tones(), 2, axis=0)[: 2 * RATE]
    with open_audio(sound(kind)) as decoded:
        assert decoded.format == NAMES.get(kind, kind)
        assert (decoded.rate, decoded.channels) == (48_000 if kind in {"opus", "webm"} else RATE, 2)
        blocks = list(decoded)
        assert not decoded.damaged
    found = np.concatenate(blocks)
    assert {block.dtype for block in blocks} == {np.dtype(np.float32)}
    # Raw AAC has no place to say what the encoder put in front, and frames may be filled up at the end.
    found = found[1024:] if kind == "aac" else found
    shared = min(len(found), len(expected))
    assert 0 <= len(found) - shared <= 2048
    assert shared > 0.98 * len(expected)
    if kind in EXACT:
        assert np.abs(found - expected).max() <= 2**-15
    else:
        middle = slice(2000, 40_000)
        likeness = [np.corrcoef(found[middle, n], expected[middle, n])[0, 1] for n in range(2)]
        assert min(likeness) > 0.999


@pytest.mark.parametrize("rate", [8_000, 11_025, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("format_", ["WAV", "FLAC"])
def test_rates_are_left_as_they_are(rate: int, format_: str) -> None:
    with open_audio(written(tones(0.1, rate), format_, rate=rate)) as decoded:
        assert decoded.rate == rate
        assert sum(map(len, decoded)) == rate // 10


@pytest.mark.parametrize("channels", range(1, 9))
def test_channels_are_left_as_they_are(channels: int) -> None:
    expected = tones(0.1, channels=channels)
    for format_ in ("WAV", "FLAC"):
        assert np.abs(samples(written(expected, format_)) - expected).max() <= 2**-15
    if channels in {1, 2, 6, 8}:
        assert np.abs(samples(muxed("matroska", "flac", expected)) - expected).max() <= 2**-15


@pytest.mark.parametrize(
    ("subtype", "step"),
    [
        *(("PCM_U8", 2**-6), ("PCM_16", 2**-15), ("PCM_24", 2**-23), ("PCM_32", 2**-23), ("FLOAT", 0), ("DOUBLE", 0)),
        *(("ULAW", 0.02), ("ALAW", 0.02), ("MS_ADPCM", 0.05), ("IMA_ADPCM", 0.05)),
    ],
)
def test_every_depth_of_a_wav_is_full_scale_one(subtype: str, step: float) -> None:
    found = samples(written(tones(), "WAV", subtype))
    assert np.abs(found[:RATE] - tones()).max() <= step


def test_what_is_no_number_or_beyond_sound_is_made_one() -> None:
    odd = tones(0.1)
    odd[10:14] = np.nan, np.inf
    odd[14], odd[15] = 1e30, -np.inf
    found = samples(written(odd, "WAV", "FLOAT"))
    assert np.isfinite(found).all()
    assert np.abs(found).max() == decoding.LOUDEST
    assert np.array_equal(found[16:], odd[16:])


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "m4a", "mkv"])
def test_bytes_a_path_and_ranges_are_the_same_sound(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "named.txt"
    path.write_bytes(sound(kind))
    expected = samples(sound(kind))
    ranges = Ranges(sound(kind))
    assert np.array_equal(samples(path), expected)
    assert np.array_equal(samples(ranges), expected)
    assert 2 <= ranges.calls <= 4


@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a"])
@pytest.mark.parametrize("fails", [0, 1])
def test_a_source_that_fails_is_no_damaged_sound(kind: str, fails: int) -> None:
    with pytest.raises(ConnectionError, match="the store is gone"):
        samples(Ranges(sound(kind), fails))


def test_a_source_that_fails_midway_does_so_too() -> None:
    source = Ranges(written(tones(30)), fails=3)
    with open_audio(source) as decoded, pytest.raises(ConnectionError):
        list(decoded)


def test_blocks_are_of_bounded_size() -> None:
    for channels, rate, seconds in ((1, 8_000, 11), (2, 44_100, 12), (8, 48_000, 3)):
        made = tones(seconds, rate, channels)
        for data in (written(made, rate=rate), muxed("matroska", "flac", made, rate)):
            with open_audio(data) as decoded:
                sizes = [len(block) for block in decoded]
            assert sum(sizes) == seconds * rate
            assert max(sizes) == min(10 * rate, 2**20 // channels)


def peak(seconds: float) -> int:
    tracemalloc.start()
    try:
        with open_audio(Silence(seconds)) as decoded:
            frames = sum(map(len, decoded))
        assert frames == seconds * RATE
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_length() -> None:
    peak(1)
    assert peak(1200) < 1.05 * peak(60) < 32e6


def test_a_sound_longer_than_anybody_listens_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MOST_HOURS", 20 / 3600)
    assert len(samples(written(tones(20, 8_000), rate=8_000))) == 160_000
    with open_audio(written(tones(21, 8_000), rate=8_000)) as whole:
        for start in (0, 100_000):
            part = whole.part(start, math.inf)
            assert part is not None
            with pytest.raises(ContentTooLarge, match="hours of sound"):
                samples(part)


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "MP3"])
def test_parts_have_the_samples_of_the_whole_side_by_side(format_: str) -> None:
    noise = np.random.default_rng(7).normal(0, 0.1, (25 * RATE + 17, 2)).astype(np.float32)
    data = written(noise + tones(len(noise) / RATE), format_)
    whole = samples(data)
    ranges = [(0, 9 * RATE), (8 * RATE + 5, 20 * RATE), (20 * RATE, math.inf)]
    with open_audio(data) as sound, ThreadPoolExecutor(len(ranges)) as threads:
        parts = [part for each in ranges if (part := sound.part(*each))]
        assert [part.start for part in parts] == [start for start, _ in ranges]
        found = list(threads.map(samples, parts))
        assert np.array_equal(np.concatenate(list(sound)), whole)
    for (start, stop), each in zip(ranges, found, strict=True):
        expected = whole[start : int(min(stop, len(whole)))]
        assert len(each) == len(expected)
        assert np.abs(each - expected).max() <= 1e-6


def test_what_ffmpeg_decodes_has_no_parts() -> None:
    with open_audio(sound("m4a")) as whole:
        assert whole.part(0, 1000) is None
        assert sum(map(len, whole)) > 0


def promising(flac: bytes, frames: int) -> bytes:
    """Return a FLAC file that has another number of frames in its STREAMINFO (36 bits from byte 21 on, RFC 9639)."""
    described = int.from_bytes(flac[21:26]) >> 36 << 36 | frames
    return flac[:21] + described.to_bytes(5) + flac[26:]


def test_a_flac_that_does_not_tell_its_length_is_decoded_to_its_end() -> None:
    """As those are that were written to a pipe."""
    data = promising(written(tones(25), "FLAC"), 0)
    with open_audio(data) as decoded:
        assert sum(map(len, decoded)) == 25 * RATE
        assert not decoded.damaged


def test_a_part_that_cannot_be_reached_is_none() -> None:
    data = written(tones(40), "FLAC")
    lying = promising(data, 1600 * RATE)
    with open_audio(lying) as whole:
        assert whole.frames == 1600 * RATE
        assert whole.part(800 * RATE, math.inf) is None
        assert whole.part(39 * RATE, math.inf) is not None
        assert 0 <= 40 * RATE - sum(map(len, whole)) < soundfile_reader.STEP
        assert whole.damaged


def test_a_sound_of_one_sample_is_a_sound() -> None:
    for kind in ("WAV", "FLAC"):
        assert samples(written(tones(1 / RATE), kind)).shape == (1, 2)


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_a_sound_of_none_is_refused(kind: str) -> None:
    with pytest.raises(UnusableContent, match=r"no sound|empty"):
        samples(written(tones(0), kind))


def test_an_mp3_that_does_not_tell_its_length_is_decoded_to_its_end() -> None:
    """Libsndfile would take the first frame's bit rate for all; and the first file's length for two in a row."""
    loud = np.random.default_rng(3).normal(0, 0.2, (5 * RATE, 2)).astype(np.float32)
    quiet_first = np.concatenate([np.zeros((RATE, 2), np.float32), loud])
    data = written(quiet_first, "MP3", bitrate_mode="VARIABLE", compression_level=0.3)
    tag = max(data.find(b"Xing", 0, 100), data.find(b"Info", 0, 100))
    assert tag == 36
    untold = data.replace(data[tag : tag + 4], bytes(4), 1)
    for made, seconds in (
        (untold, 6),
        (data + data, 12),
        (data + bytes(128), 6),
        (b"ID3\4\0\0\0\0\1\0" + bytes(128) + data, 6),
    ):
        assert math.isclose(len(samples(made)) / RATE, seconds, abs_tol=0.1)

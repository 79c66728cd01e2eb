"""Files that lie, are broken, or want others opened: a reason or sound, and nothing else is touched."""

import ctypes
import io
import os
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import av
import numpy as np
import pytest

from analysis.audio import av_worker
from analysis.audio.decoding import open_audio
from analysis.audio.sources import Source
from fanfare.errors import FanfareError, UnsupportedMediaType, UnusableContent
from support.sounds import MADE, RATE, Silence, encrypted, mutated, muxed, referring, sound, tones, written
from support.speaking import children

IN_OPEN = 0x20
LIBC = ctypes.CDLL(None, use_errno=True)


class Canary:
    """A file and a server that nobody has a reason to touch; `touched` says whether somebody did."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "canary.aac"
        self.file.write_bytes(sound("aac"))
        self._watch = LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert LIBC.inotify_add_watch(self._watch, os.fsencode(self.file), IN_OPEN) > 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.setblocking(False)
        self.port: int = self._server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/canary.aac"

    def touched(self) -> set[str]:
        found = set()
        try:
            self._server.accept()[0].close()
            found.add("socket")
        except BlockingIOError:
            pass
        try:
            os.read(self._watch, 4096)
            found.add("file")
        except BlockingIOError:
            pass
        return found

    def close(self) -> None:
        self._server.close()
        os.close(self._watch)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    made = Canary(tmp_path)
    yield made
    made.close()


def frames(source: Source) -> int:
    with open_audio(source) as decoded:
        total = 0
        for block in decoded:
            assert np.isfinite(block).all()
            assert block.shape[1] == decoded.channels
            total += len(block)
        return total


def test_the_canary_sings(canary: Canary) -> None:
    assert canary.touched() == set()
    canary.file.read_bytes()
    socket.create_connection(("127.0.0.1", canary.port)).close()
    assert canary.touched() == {"file", "socket"}


HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
REFERRING = {
    "hls": ("a playlist", HLS),
    "m3u": ("a playlist", "#EXTM3U\n{}\n{}\n"),
    "pls": ("a playlist", "[playlist]\nFile1={}\nFile2={}\nNumberOfEntries=2\n"),
    "concat": ("a list of files", "ffconcat version 1.0\nfile '{}'\nfile '{}'\n"),
    "dash": ("XML", "<?xml version='1.0'?><MPD><Period><BaseURL>{}</BaseURL><BaseURL>{}</BaseURL></Period></MPD>"),
    "smil": ("SMIL", "<smil><body><audio src='{}'/><audio src='{}'/></body></smil>"),
    "sdp": ("a session description", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns={}{}\nt=0 0\nm=audio 9 RTP/AVP 0\n"),
}


@pytest.mark.parametrize("kind", REFERRING)
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n \n", b"ID3\4\0\0\0\0\0\4tags"], ids=repr)
def test_files_that_list_others_are_refused_by_name(kind: str, before: bytes, canary: Canary) -> None:
    name, text = REFERRING[kind]
    data = before + text.format(canary.url, canary.file).encode()
    with pytest.raises(UnsupportedMediaType, match=f"{name} is not read; send WAV, MP3"):
        open_audio(data)
    assert canary.touched() == set()


@pytest.mark.parametrize("demuxer", ["hls", "concat", "dash", "sdp"])
def test_were_they_taken_for_sounds_the_worker_would_not_have_them(
    demuxer: str, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(av_worker, "deny", lambda *about: asked.append(about))
    data = REFERRING[demuxer][1].format(canary.url, canary.file).encode()
    for name in (demuxer, *av_worker.OPTIONS["format_whitelist"].split(",")):
        with pytest.raises((av.FFmpegError, av_worker.Refused)):
            av_worker.Decoding(av, av_worker.Pieces(len(data), lambda start, stop: data[start:stop]), name)
    assert asked == []
    assert canary.touched() == set()


def test_a_movie_whose_sound_is_elsewhere_does_not_get_there(canary: Canary) -> None:
    data = referring(str(canary.file))
    with pytest.raises(UnusableContent):
        frames(data)
    assert canary.touched() == set()
    reached: list[str] = []

    def hook(url: str, *_: object) -> None:
        reached.append(url)
        raise PermissionError

    follow = {"enable_drefs": "1", "use_absolute_path": "1"}
    with pytest.raises(PermissionError), av.open(io.BytesIO(data), "r", io_open=hook, options=follow):
        pass
    assert reached == [str(canary.file)], "it does refer to the file"


@pytest.mark.parametrize("name", ["list.m3u8", "list.ffconcat", "a.sdp", "a.mpd", "concat:a|b", "subfile,,start,0,:a"])
def test_names_decide_nothing(name: str, tmp_path: Path, canary: Canary) -> None:
    for kind in ("wav", "m4a"):
        (tmp_path / name).write_bytes(sound(kind))
        assert frames(tmp_path / name) >= RATE
    (tmp_path / name).unlink()
    for way in ("concat:", "file:", "subfile,,start,0,end,0,,:", ""):
        with pytest.raises(FileNotFoundError):
            open_audio(Path(f"{way}{canary.file}{name}"))
    with pytest.raises(FileNotFoundError):
        open_audio(Path(canary.url))
    assert canary.touched() == set()


TEXT = b"These are words, and no sound at all. " * 50
WAV_SIZE = slice(40, 44)


def lying(seconds: float) -> bytes:
    """A second of WAV that says it has four gigabytes."""
    data = bytearray(written(tones(seconds)))
    data[4:8] = data[WAV_SIZE] = b"\xff\xff\xff\xf0"
    return bytes(data)


def wav_head(rate: int, channels: int) -> bytes:
    data = bytearray(written(tones(0.1)))
    data[22:28] = struct.pack("<HI", channels, rate)
    data[28:34] = struct.pack("<IH", min(rate * channels * 2, 2**32 - 1), channels * 2 % 2**16)
    return bytes(data)


REFUSED: dict[str, tuple[Callable[[], bytes], type[FanfareError], str]] = {
    "empty": (lambda: b"", UnusableContent, "the file is empty"),
    "text": (lambda: TEXT, UnsupportedMediaType, "what was sent is not read"),
    "text behind a tag": (lambda: b"ID3\4\0\0\0\0\0\0" + TEXT, UnsupportedMediaType, "what was sent"),
    "a tag and nothing": (lambda: b"ID3\4\0\0\0\0\0\0", UnusableContent, "damaged"),
    "a tag without end": (lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + TEXT, UnusableContent, "damaged"),
    "tags without end": (lambda: b"ID3\4\0\0\0\0\0\0" * 60, UnsupportedMediaType, "what was sent"),
    "AIFF": (lambda: written(tones(), "AIFF"), UnsupportedMediaType, "AIFF is not read"),
    "AU": (lambda: written(tones(), "AU"), UnsupportedMediaType, "AU is not read"),
    "AVI": (lambda: muxed("avi", "mp3", tones()), UnsupportedMediaType, "AVI or another RIFF"),
    "GSM": (lambda: written(tones(channels=1), "WAV", "GSM610"), UnusableContent, "coded in a way that is not read"),
    "Speex": (lambda: sound("ogg").replace(b"\x01vorbis", b"Speex  "), UnusableContent, "damaged|no sound|coded"),
    "encrypted": (encrypted, UnusableContent, "the sound is encrypted"),
    "a silent film": (lambda: muxed("mp4", None, tones(), picture="libx264"), UnusableContent, "there is no sound"),
    "too many channels": (lambda: wav_head(RATE, 900), UnusableContent, "900 channels; at most 8"),
    "too fast": (lambda: wav_head(4_000_000, 2), UnusableContent, "4000000 samples a second"),
    "too slow": (lambda: wav_head(1, 2), UnusableContent, "1 samples a second"),
    "no samples": (lambda: written(tones(0)), UnusableContent, "there is no sound in it"),
}


@pytest.mark.parametrize(("made", "error", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_refused_with_a_reason(
    made: Callable[[], bytes], error: type[FanfareError], reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(error, match=reason):
        frames(made())
    assert "".join(capfd.readouterr()) == ""


def test_a_header_that_promises_more_than_there_is_gets_what_there_is() -> None:
    assert frames(lying(1)) == RATE
    assert frames(Silence(1, told=20_000)) == RATE


def test_a_huge_tag_is_stepped_over() -> None:
    size = 20_000_000
    told = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    for kind in ("mp3", "flac", "aac"):
        plain, tagged = frames(sound(kind)), frames(b"ID3\4\0\0" + told + bytes(size) + sound(kind))
        assert tagged == plain


@pytest.mark.parametrize("kind", MADE)
def test_a_file_that_was_cut_gives_its_beginning_or_a_reason(kind: str) -> None:
    data = MADE[kind](tones(3))
    for kept in (8, len(data) * 2 // 3):
        try:
            assert 0 < frames(data[:kept]) < 4 * RATE
        except (UnusableContent, UnsupportedMediaType) as refusal:
            assert kept == 8 or kind in {"m4a", "alac", "mp4"}, refusal  # noqa: PT017  (their index is at the end)


def attempt(data: bytes) -> str:
    try:
        frames(data)
    except FanfareError as error:
        assert 400 <= error.status < 500  # noqa: PT017  (both outcomes are right)
        return type(error).__name__
    return "sound"


def test_three_hundred_mutated_files_give_sound_or_a_reason(capfd: pytest.CaptureFixture[str]) -> None:
    chance = Random(20)
    quick, slow = ("wav", "flac"), sorted(MADE.keys() - {"wav", "flac"})  # a damaged MP3 is mostly FFmpeg's, too
    seeds = {kind: MADE[kind](tones(0.2)) for kind in MADE}
    files = [mutated(seeds[kind], chance) for kind in (*quick * 130, *slow * 5)]
    before = children()
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(attempt, files))
    assert len(outcomes) > 300
    assert {"sound", "UnusableContent", "UnsupportedMediaType"} <= set(outcomes)
    assert outcomes.count("sound") > 60
    assert children() == before
    told = "".join(capfd.readouterr())  # libsndfile's MP3 decoder cannot be kept from telling what it met
    assert not any(word in told for word in ("Traceback", "cffi", "Error"))

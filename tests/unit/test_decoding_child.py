"""The child that decodes for others: what it may do, what it is believed, how it ends."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from analysis.audio import av_reader
from analysis.audio.decoding import open_audio
from analysis.audio.sources import Source
from fanfare.errors import ContentTooLarge, UnusableContent, UpstreamError
from support.sounds import MADE, RATE, muxed, sound, tones
from support.speaking import children, environment


def frames(source: Source) -> int:
    with open_audio(source) as decoded:
        return sum(map(len, decoded))


def test_the_worker_can_open_nothing_once_it_reads() -> None:
    program = (
        "import av_worker, socket, sys\n"
        "av_worker.renounce(3)\n"
        "for attempt in (lambda: open('/etc/passwd'), socket.socket, lambda: open('/tmp/x', 'w')):\n"
        "    try:\n"
        "        attempt()\n"
        "    except OSError as error:\n"
        "        print(error.errno)\n"
    )
    told = subprocess.check_output([sys.executable, "-c", program], text=True, cwd=av_reader.WORKER.parent)
    assert told.split() == ["24"] * 3  # EMFILE


def test_the_child_holds_no_credentials_and_ends_with_its_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-parent")
    before = children()
    with open_audio(muxed("ipod", "aac", tones(60))) as decoded:
        [child] = children() - before
        assert b"secret-of-the-parent" not in environment(child)
        assert len(next(iter(decoded))) == 10 * RATE
    assert children() == before
    with open_audio(sound("m4a")):
        pass
    with pytest.raises(UnusableContent):
        open_audio(sound("m4a")[:300])
    assert children() == before


PROGRAMS = {
    "ends": "",
    "fails": "raise SystemExit(1)",
    "crashes": "os.kill(os.getpid(), 11)",
    "talks": "print('rubbish' * 9, flush=True)",
    "promises too much": "tell(b'B', b'', 2**32 - 1)",
    "begins with a block": "tell(b'B', bytes(8))",
    "has no channels": "tell(b'H', MEASURES.pack(44100, 0, 0))",
    "has too many": "tell(b'H', MEASURES.pack(44100, 9, 0))",
    "tells halves of samples": "tell(b'H', MEASURES.pack(44100, 2, 0)); tell(b'B', bytes(12))",
    "stops midway": "tell(b'H', MEASURES.pack(44100, 2, 0)); tell(b'B', bytes(8))",
    "says nothing": "time.sleep(60)",
    "asks and does not listen": "[tell(b'R', PIECE.pack(0, 2**20)) for _ in range(50)]; time.sleep(60)",
    "asks for what is not there": "tell(b'R', PIECE.pack(2**60, 2**61)); tell(b'R', PIECE.pack(5, 1))",
}
PRELUDE = """
import os, sys, time
sys.path.insert(0, {!r})
from av_worker import HEAD, MEASURES, PIECE
def tell(kind, body, size=None):
    os.write(1, HEAD.pack(kind, len(body) if size is None else size) + body)
"""


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_child_that_was_taken_over_is_not_believed(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(PRELUDE.format(str(av_reader.WORKER.parent)) + program)
    monkeypatch.setattr(av_reader, "WORKER", worker)
    monkeypatch.setattr(av_reader, "PATIENCE", 0.5)
    before = children()
    data = MADE["alac"](tones(30))
    # One that never asked for the file was not brought down by it.
    with pytest.raises(UnusableContent if "tell(b'R'" in program else (UnusableContent, UpstreamError)):
        frames(data)
    assert children() == before


def test_a_child_that_cannot_begin_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(av_reader, "_folder", lambda: tmp_path)
    with pytest.raises(UpstreamError, match="never began"):
        frames(MADE["alac"](tones(30)))


def test_a_child_that_wants_too_much_memory_or_time_gets_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = av_reader.WORKER.read_text()
    monkeypatch.setattr(av_reader, "WORKER", tmp_path / "worker.py")
    worker = tmp_path / "worker.py"
    worker.write_text(
        text.replace("    def fetch(self", "    def fetch(self, *_):\n        bytes(1 << 30)\n    def _(self")
    )
    with pytest.raises(ContentTooLarge, match="more memory than it may"):
        frames(sound("m4a"))
    endless = "    def fetch(self, *_):\n        while True:\n            pass\n    def _(self"
    worker.write_text(text.replace("    def fetch(self", endless).replace("MOST_CPU: Final = 600", "MOST_CPU = 1"))
    with pytest.raises(UpstreamError, match="never began"):  # nothing was read by then
        frames(sound("m4a"))


def test_threads_may_decode_side_by_side() -> None:
    kinds = ["m4a", "wav", "mp3", "webm"] * 2
    expected = {kind: frames(sound(kind)) for kind in kinds}
    start = threading.Barrier(len(kinds))

    def one(kind: str) -> int:
        start.wait()
        return frames(sound(kind))

    with ThreadPoolExecutor(len(kinds)) as threads:
        assert list(threads.map(one, kinds)) == [expected[kind] for kind in kinds]

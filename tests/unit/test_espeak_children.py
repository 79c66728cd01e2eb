"""The embedded engine's processes: they may die, talk rubbish or be cancelled, and none outlives its loop."""

import ast
import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fanfare import aio
from fanfare.errors import UpstreamError, UpstreamRejected
from speech.engines import espeak_children
from speech.engines.espeak import Espeak
from speech.utterance import Utterance
from support.speaking import children, environment, run, spoken


def test_many_at_once_need_no_more_children_than_there_are_cores() -> None:
    async def scenario() -> int:
        before, engine = children(), Espeak()
        speeches = [engine.speak(Utterance(f"number {n}", "en"), "wav") for n in range(40)]
        spoken = await asyncio.gather(*speeches)
        assert [speech.timings[-1].word for speech in spoken if speech.timings] == [str(n) for n in range(40)]
        return len(children() - before)

    assert run(scenario()) == os.process_cpu_count()


def test_children_are_kept_and_replaced_when_they_die() -> None:
    async def scenario() -> None:
        before, engine = children(), Espeak()

        async def pids() -> set[int]:
            await engine.speak(Utterance("hello", "en"), "wav")
            return children() - before

        [first] = await pids()
        assert await pids() == {first}
        os.kill(first, signal.SIGKILL)
        [second] = await pids()
        assert second != first

    run(scenario())


def test_a_child_that_dies_over_its_work_is_an_upstream_error() -> None:
    async def scenario() -> None:
        before, engine = children(), Espeak()
        working = asyncio.create_task(engine.speak(Utterance("word " * 1000, "en"), "mp3"))
        while not (started := children() - before):  # noqa: ASYNC110  (a process is waited for, not a task)
            await asyncio.sleep(0.005)
        os.kill(started.pop(), signal.SIGKILL)
        with pytest.raises(UpstreamError) as raised:
            await working
        assert type(raised.value) is UpstreamError
        assert (await engine.speak(Utterance("hello", "en"), "wav")).duration > 0.1

    run(scenario())


@pytest.mark.parametrize(
    "program", ["print('rubbish' * 9)", "import sys; sys.exit(1)", "import os; os.write(1, b'\\xff' * 8)"]
)
def test_a_child_that_talks_rubbish_is_an_upstream_error(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(program)
    monkeypatch.setattr(espeak_children, "WORKER", worker)
    with pytest.raises(UpstreamError, match="the engine died"):
        spoken("hello")


def test_who_no_longer_waits_frees_the_child() -> None:
    async def scenario() -> None:
        before, engine = children(), Espeak()
        await engine.speak(Utterance("hello", "en"), "wav")
        idle = children() - before
        began = time.perf_counter()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await engine.speak(Utterance("word " * 1000, "en"), "mp3")
        stopped = time.perf_counter() - began
        assert not idle & children()
        began = time.perf_counter()
        await engine.speak(Utterance("word " * 1000, "en"), "mp3")
        assert stopped < time.perf_counter() - began

    run(scenario())


def test_a_new_loop_has_new_children() -> None:
    """As after a SnapStart restore, at which `aio.close` is called."""
    before, engine = children(), Espeak()

    async def pids() -> set[int]:
        await engine.speak(Utterance("hello", "en"), "wav")
        return children() - before

    try:
        first = aio.run(pids())
        assert aio.run(pids()) == first
        aio.close()
        assert children() == before
        second = aio.run(pids())
        assert not first & second
    finally:
        aio.close()
    assert children() == before


def test_a_process_that_ends_says_nothing_and_leaves_nothing() -> None:
    code = (
        "from fanfare import aio; from speech.engines.espeak import Espeak; from speech.utterance import Utterance;"
        "aio.run(Espeak().speak(Utterance('hello', 'en'), 'mp3'))"
    )
    ended = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, check=True)
    assert (ended.stdout, ended.stderr) == (b"", b"")


def test_a_child_ends_with_its_input_and_holds_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-parent")

    async def scenario() -> None:
        before = children()
        await Espeak().speak(Utterance("hello", "en"), "wav")
        [child] = children() - before
        assert b"secret-of-the-parent" not in environment(child)

    run(scenario())
    paths = map(str, (espeak_children.WORKER, espeak_children.LIBRARY, espeak_children.DATA, Path.cwd()))
    command = [sys.executable, "-I", "-S", *paths]
    ended = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (0, b"")


def test_the_library_is_loaded_by_children_only_and_nothing_needs_shared_memory() -> None:
    code = (
        "import asyncio, sys; from speech.engines.espeak import Espeak; from speech.utterance import Utterance;"
        "asyncio.run(Espeak().speak(Utterance('hello', 'en'), 'mp3'));"
        "print('multiprocessing.synchronize' in sys.modules, 'lameenc' in sys.modules,"
        " 'espeak' in open('/proc/self/maps').read())"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False"] * 3
    for module in ("espeak", "espeak_children", "espeak_worker"):
        tree = ast.parse(espeak_children.WORKER.with_name(f"{module}.py").read_text())
        names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)}
        assert not [name for name in names if "multiprocessing" in name or "concurrent" in name]
        ours = [name for name in names if "fanfare" in name or "speech" in name]
        assert bool(ours) == (module != "espeak_worker")


def test_no_text_is_told_to_the_log(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    spoken("a private sentence")
    with pytest.raises(UpstreamRejected) as raised:
        spoken("??", "de")
    told = caplog.text + "".join(capfd.readouterr()) + str(raised.value)
    assert "private" not in told
    assert "??" not in told

"""A sound's blocks, handed to all that measures them: in turn, or side by side on several cores."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from analysis.audio.frames import Samples

type Feed = Callable[[Samples], object]


def go_through(
    blocks: Iterable[Samples], feeds: tuple[Feed, ...], cores: int, heard: Callable[[int], object] | None = None
) -> int:
    """Hand every block to all feeds, and decode the next meanwhile if there are cores; return the frames.

    `heard` is called with the frames so far after each block that was handed over. What it raises, or a feed, ends it.
    """
    frames = 0
    with _side_by_side(min(cores, len(feeds))) as give:
        for block in blocks:
            frames += len(block)
            give(block, feeds)
            if heard is not None:
                heard(frames)
    return frames


@contextmanager
def _side_by_side(threads: int) -> Iterator[Callable[[Samples, tuple[Feed, ...]], None]]:
    """Yield what hands a block to feeds: at once with one thread, otherwise in several, a block behind the decoder."""
    if threads < 2:
        yield _in_turn
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="analysis") as pool:
        under_way: list[Future[object]] = []

        def give(block: Samples, feeds: tuple[Feed, ...]) -> None:
            wait()
            under_way.extend(pool.submit(feed, block) for feed in feeds)

        def wait() -> None:
            while under_way:
                under_way.pop().result()

        yield give
        wait()


def _in_turn(block: Samples, feeds: tuple[Feed, ...]) -> None:
    for feed in feeds:
        feed(block)

"""One contender of `fanfare bench audio` in a process of its own: JSON lines in, JSON lines out.

    {"source": PATH}   do the contender's work on a file: cpu and wall, seconds; or what went wrong

Nothing is imported that the contender does not need: its memory is compared.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

type Way = Callable[[Path], Any]


def decode() -> Way:
    """Decoding alone, in blocks: libsndfile where it can, FFmpeg for the rest. The bound."""

    def by_soundfile(source: Path) -> None:
        import soundfile

        for _ in soundfile.blocks(source, 1 << 18, dtype="float32", always_2d=True):
            pass

    def by_ffmpeg(source: Path) -> None:
        import av

        with av.open(str(source)) as container:
            for frame in container.decode(audio=0):
                frame.to_ndarray()

    return lambda source: by_ffmpeg(source) if source.suffix == ".m4a" else by_soundfile(source)


def librosa() -> Way:
    """As its documentation shows."""
    import librosa

    def work(source: Path) -> None:
        samples, rate = librosa.load(source)
        librosa.beat.beat_track(y=samples, sr=rate)
        librosa.feature.rms(y=samples)

    return work


def fanfare() -> Way:
    """The same work: beats, tempo, rms; on one core."""
    from bench import audio_fanfare

    return audio_fanfare.features


def fanfare_cores() -> Way:
    """The same on all cores."""
    from bench import audio_fanfare

    return audio_fanfare.features_on_all_cores


def whole() -> Way:
    """The whole analysis, on one core."""
    from bench import audio_fanfare

    return audio_fanfare.whole


def cpu() -> float:
    """Seconds of this process and of those children that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def timed(way: Way, source: Path) -> dict[str, float]:
    before, began = cpu(), time.perf_counter()
    way(source)
    return {"wall": time.perf_counter() - began, "cpu": cpu() - before}


if __name__ == "__main__":
    contender = {each.__name__: each for each in (decode, librosa, fanfare, fanfare_cores, whole)}[sys.argv[1]]()
    for line in sys.stdin:
        try:
            answer: dict[str, float] | dict[str, str] = timed(contender, Path(json.loads(line)["source"]))
        except Exception as error:  # noqa: BLE001 - a format that a contender does not know is a result
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

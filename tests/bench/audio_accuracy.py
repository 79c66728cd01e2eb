"""How right both sides are of `fanfare bench audio`: beats and tempo against what was synthesised, loudness, key."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import librosa
import mir_eval
import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from bench import audio_fanfare
from bench.audio_fanfare import Beats
from bench.report import Report
from support.tracks import KINDS, Track, make
from support.tracks_instruments import CHORDAL, RATE, bass
from support.tracks_score import PITCHES, PROGRESSIONS, Grid, Harmony, Score

NEAR: Final = 0.02
"""How far off a tempo may be."""
OCTAVES: Final = (0.5, 1.0, 2.0)

type Side = Callable[[NDArray[np.float32], int], Beats]
"""From samples of shape (frames, 2) and their rate."""


@dataclass(frozen=True)
class Mark:
    """How well one side did on one track.

    Attributes:
        f: F-measure of the beats, ± 70 ms, those of the first 5 s left out.
        amlt: share of the beats that are right at any allowed metrical level (Davies, Degara, Plumbley 2009).
        near: whether the overall tempo is within 2 % of the true beats' median one, or of half or twice that.
        exact: whether it is within 2 % itself.

    """

    kind: str
    f: float
    amlt: float
    near: bool
    exact: bool


def marked(track: Track, beats: Beats) -> Mark:
    """Hold estimated beats against a track's own."""
    reference, estimate = (mir_eval.beat.trim_beats(times) for times in (track.beats, beats.times))
    enough = estimate.size > 1
    off = [abs(beats.tempo / float(np.median(track.tempo) * octave) - 1) <= NEAR for octave in OCTAVES]
    return Mark(
        kind=track.kind,
        f=float(mir_eval.beat.f_measure(reference, estimate)) if enough else 0.0,
        amlt=float(mir_eval.beat.continuity(reference, estimate)[3]) if enough else 0.0,
        near=any(off),
        exact=off[1],
    )


def librosa_beats(samples: NDArray[np.float32], rate: int) -> Beats:
    """As `librosa.load` would have read the samples, of shape (frames, 2)."""
    mono = librosa.resample(samples.mean(axis=1), orig_sr=rate, target_sr=22050)
    tempo, times = librosa.beat.beat_track(y=mono, sr=22050, units="time")
    return Beats(np.asarray(times, np.float64), float(np.ravel(tempo)[0]))


class Marks:
    """The marks of every side on a set of tracks."""

    def __init__(self, sides: Mapping[str, Side]) -> None:
        self._sides = sides
        self._marks: dict[tuple[str, str], list[Mark]] = {}

    def add(self, track: Track) -> None:
        """Ask every side about a track."""
        for name, side in self._sides.items():
            mark = marked(track, side(track.samples, track.rate))
            self._marks.setdefault((track.kind, name), []).append(mark)

    def tell(self, report: Report) -> None:
        """Add a row for each kind and side: per cent."""
        for (kind, side), marks in self._marks.items():
            means = {name: _mean(marks, name) for name in ("f", "amlt", "near", "exact")}
            columns = {"beats_f": means["f"], "amlt": means["amlt"], "tempo_near": means["near"]}
            per_cent = {name: 100 * value for name, value in columns.items()}
            report.row(f"{kind}: {side}", **per_cent, tempo_exact=100 * means["exact"], worst_f=100 * worst(marks))

    def mean(self, side: str, name: str) -> float:
        """The mean over kinds of each kind's mean."""
        means = [_mean(marks, name) for (_, whose), marks in self._marks.items() if whose == side]
        return round(sum(means) / len(means), 4)

    def worst_lead(self, one: str, other: str) -> float:
        """F-measure of one side less that of the other, of the kind where that is least."""
        kinds = {kind for kind, _ in self._marks}
        return round(
            min(_mean(self._marks[kind, one], "f") - _mean(self._marks[kind, other], "f") for kind in kinds), 4
        )


def _mean(marks: Sequence[Mark], name: str) -> float:
    return float(np.mean([float(getattr(mark, name)) for mark in marks]))


def worst(marks: Sequence[Mark]) -> float:
    return min(mark.f for mark in marks)


def loudness_and_key(seed: int) -> dict[str, float]:
    """Hold Fanfare's loudness against FFmpeg's on one track of each kind, and its key on the cadences."""
    loud = [make(kind, seed, 30.0) for kind in KINDS]
    off = [abs(audio_fanfare.loudness(each.samples, each.rate) - ebur128(each.samples, each.rate)) for each in loud]
    right = [audio_fanfare.key(samples, RATE) == key for key, samples in cadences(seed)]
    return {"loudness_lu_worst": round(max(off), 3), "key_right": round(sum(right) / len(right), 3)}


def ebur128(samples: NDArray[np.float32], rate: int) -> float:
    """Integrated loudness in LUFS by FFmpeg's filter; samples of shape (frames, 2)."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="stereo", time_base=Fraction(1, rate))
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    loudness = -np.inf
    for frame in [*_frames(samples, rate), None]:
        graph.push(frame)
        for measured in _pulled(graph):
            loudness = float(measured.metadata["lavfi.r128.I"])
    return loudness


def _frames(samples: NDArray[np.float32], rate: int) -> Iterator[av.AudioFrame]:
    for at in range(0, len(samples), rate):
        interleaved = np.ascontiguousarray(samples[at : at + rate]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout="stereo")
        frame.sample_rate, frame.pts = rate, at
        yield frame


def _pulled(graph: av.filter.Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        if isinstance(frame, av.AudioFrame):
            yield frame


def cadences(seed: int, seconds: float = 12.0) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Chords and bass in each of the 24 keys, such as "F# minor", with samples of shape (frames, 2) at `RATE`.

    Up to 20 cents out of tune, by changing instruments, in changing voicings, without a tune to help.
    """
    for number, mode in enumerate(("major", "minor")):
        for tonic in range(len(PITCHES)):
            rng = default_rng([seed, number, tonic])
            degrees = (0, *PROGRESSIONS[mode][rng.integers(5)][1:], 4, 0)
            score = Score(rng, Grid.of(lambda time, beat: 120.0, 0.1, seconds), Harmony(tonic, mode, degrees), seconds)
            chords, low = CHORDAL[rng.integers(len(CHORDAL))](rng), bass(rng)
            for bar in range(score.count // 4):
                chord, bottom = score.harmony.chord(bar), int(rng.integers(50, 62))
                score.strum(chords, [bottom + (note - bottom) % 12 for note in chord], 4 * bar, 3.8, 0.5)
                score.note(low, 36 + chord[0] % 12, 4 * bar, 3.8, 0.4)
            yield score.harmony.key, score.finished()

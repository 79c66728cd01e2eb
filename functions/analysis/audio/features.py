"""Beats and energy alone: of a long sound, its spans side by side in threads, each with a decoder of its own."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from analysis.audio.beats import Beats, track
from analysis.audio.decoding import Decoded, open_audio
from analysis.audio.energy import Energy, EnergyFigures
from analysis.audio.feeding import go_through
from analysis.audio.frames import Samples
from analysis.audio.onsets import Flux, OnsetStream, Span, join, spans
from analysis.audio.sources import Source


def features(source: Source, *, cores: int = 1) -> tuple[Beats, EnergyFigures]:
    """Return beats and energy: with the same results, within rounding, on any number of cores.

    Raises what `analyse` raises.
    """
    with open_audio(source) as sound:
        flux, energy = _in_spans(sound, cores) or _in_one(sound, cores)
        return track(flux), energy.finish()


def _in_one(sound: Decoded, cores: int) -> tuple[Flux, Energy]:
    onsets, energy = OnsetStream(sound.rate, sound.channels), Energy(sound.rate, sound.channels)
    go_through(sound, (onsets.feed, energy.feed), cores)
    return onsets.finish(), energy


def _in_spans(sound: Decoded, cores: int) -> tuple[Flux, Energy] | None:
    """Leave `sound` as it is, and go through its spans; None if it has but one, or is not what its headers promise."""
    cut = spans(sound.rate, sound.frames or 0, cores)
    if len(cut) < 2:
        return None
    with ExitStack() as opened:
        measuring: list[_Part] = []
        for span, following in zip(cut, [*cut[1:], None], strict=True):
            part = sound.part(span.begin, math.inf if span.end is None else span.end)
            if part is None:
                return None
            measuring.append(_Part(opened.enter_context(part), span, following))
        with ThreadPoolExecutor(len(measuring), thread_name_prefix="span") as threads:
            whole = list(threads.map(_Part.measure, measuring))
    return _joined(measuring) if all(whole) else None


def _joined(parts: Sequence["_Part"]) -> tuple[Flux, Energy]:
    energy = parts[0].energy
    for part in parts[1:]:
        energy.go_on(part.energy)
    return join([part.flux for part in parts if part.flux is not None]), energy


class _Part:
    """A span being measured. Spans overlap; in the overlap, energy goes over to the next at a step of its own."""

    def __init__(self, sound: Decoded, span: Span, following: Span | None) -> None:
        self._sound, self._span = sound, span
        self.onsets = OnsetStream(sound.rate, sound.channels, span)
        self.energy = Energy(sound.rate, sound.channels)
        self.flux: Flux | None = None
        self._from = self.energy.next_step(span.begin)
        self._to = math.inf if following is None else self.energy.next_step(following.begin)

    def measure(self) -> bool:
        """Go through it. False if there is damage, or less than there should be: then it is no part of a whole."""
        at = self._span.begin
        for block in self._sound:
            self.onsets.feed(block)
            self.energy.feed(self._own(block, at))
            at += len(block)
        self.flux = self.onsets.finish()
        return not self._sound.damaged and (self._span.end is None or at == self._span.end)

    def _own(self, block: Samples, at: int) -> Samples:
        return block[max(0, self._from - at) : max(0, int(min(self._to - at, len(block))))]

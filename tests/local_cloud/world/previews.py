"""Real audio for the invented songs: thirty seconds whose tempo, energy, mode and valence are those of a character.

What a character asks for is made of what the literature says that listeners hear it in (Gabrielsson and Lindström,
2010): energy of loudness, density of notes, drums and brightness; valence of mode, tempo and brightness. A loop of four
bars is played once and laid end to end, so that a preview costs little.
"""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from local_cloud.world.character import Character

RATE: Final = 22_050
"""Samples a second, one channel."""
SECONDS: Final = 30
KILOBITS: Final = 64
QUALITY: Final = 7
"""Of LAME: 0 is the best and slowest, 9 the worst."""
LOUDNESS: Final = -22.0, -6.5
"""dB of full scale, root mean square, of a song without energy and of one that has all."""
CREST: Final = 3.2, 1.9
"""Peaks over the root mean square, for the same."""
TABLE: Final = 2048
FADE: Final = RATE // 20
"""Samples over which a note ends."""
PARTIALS: Final = (1, 2, 4, 8, 16, 32)
"""Octaves alone: a fifth harmonic is a major third, which would blur a minor chord."""
HIGHEST: Final = 9000
"""Hz, of a partial."""
SCALES: Final = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
PROGRESSIONS: Final = {"major": ((0, 3, 4, 0), (0, 4, 3, 0)), "minor": ((0, 3, 0, 4), (0, 5, 3, 0))}
"""Degrees of four bars, 0 the tonic; each begins or ends on it, so that the key is plain."""

TUNE: Final = (0, 0, 1, 2, 2, 2, 3, 4, 4, 7)
"""Degrees, as often as a tune has them."""

type Sound = NDArray[np.float32]


@lru_cache(maxsize=256)
def preview(character: Character, seed: int) -> bytes:
    """An MP3 of thirty seconds: the same for the same character and seed."""
    return encoded(play(character, seed))


def play(character: Character, seed: int) -> Sound:
    """The samples, within ± 1."""
    rng = np.random.default_rng(seed)
    loop = _Loop(character, rng)
    loop.chords()
    loop.tune()
    if not character.acoustic:
        loop.drums()
    times = math.ceil(SECONDS * RATE / loop.mix.size) + 1
    start = int(rng.integers(loop.mix.size))
    return _mastered(np.tile(loop.mix, times)[start : start + SECONDS * RATE], character.energy)


def encoded(samples: Sound) -> bytes:
    """The samples as MP3, a few frames longer, as every encoder makes it."""
    import lameenc  # type: ignore[import-not-found,import-untyped,unused-ignore]  # only who asks for MP3 waits

    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(RATE)
    encoder.set_bit_rate(KILOBITS)
    encoder.set_quality(QUALITY)
    return bytes(encoder.encode((samples * 32767).astype("<i2").tobytes()) + encoder.flush())


class _Loop:
    """Four bars of four beats that go over into themselves."""

    def __init__(self, character: Character, rng: Generator) -> None:
        self.rng, self.character = rng, character
        self.beat = 60 / character.tempo
        self.mix: Sound = np.zeros(round(16 * self.beat * RATE), np.float32)
        self.energy = character.energy
        self.bright = (0.45 * character.energy + 0.55 * character.valence) * (0.6 if character.acoustic else 1)
        self.degrees = PROGRESSIONS[character.mode][rng.integers(2)]

    def chords(self) -> None:
        """A chord and a bass note a bar, or, the more energy, on each half or each beat; a glad bass walks anyhow."""
        strokes = self._strokes((1, 2, 4, 8))
        for bar, degree in enumerate(self.degrees):
            for stroke in range(strokes):
                for third in (0, 2, 4):
                    self._note(self._pitch(degree + third, 52), 4 * bar + 4 * stroke / strokes, 4 / strokes, 0.28)
            steps = max(strokes, 4) if self.character.valence > 0.5 else strokes
            for step in range(steps):
                self._note(self._pitch(degree, 36), 4 * bar + 4 * step / steps, 4 / steps, 0.5)

    def tune(self) -> None:
        """Notes of the scale, its third and its fifth most: one a beat, or two or four."""
        notes = self._strokes((2, 2, 2, 4) if self.character.valence > 0.5 else (1, 1, 2, 4))
        tune = self.rng.choice(TUNE, 16 * notes)
        for step, degree in enumerate(tune):
            self._note(
                self._pitch(int(degree), 64 + 12 * (self.bright > 0.5)),
                step / notes,
                1.2 / notes,
                0.3 + 0.2 * (step % notes == 0),
            )

    def drums(self) -> None:
        """Kick and snare on the beats, hats between them: all softer and fewer with less energy."""
        gain = 0.25 + 0.75 * self.energy
        hats = self._strokes((1, 1, 2, 4))
        for beat in range(16):
            if beat % 2 == 0 or self.energy > 0.7:
                self._add(self._kick(), beat, 1.1 * gain)
            if beat % 2 == 1 and self.energy > 0.35:
                self._add(self._snare(), beat, 0.7 * gain)
            for hat in range(hats):
                self._add(self._hat(), beat + hat / hats, 0.9 * gain * self.bright * (1 if hat == 0 else 0.5))

    def _strokes(self, choices: Sequence[int]) -> int:
        return choices[min(int(self.energy * len(choices)), len(choices) - 1)]

    def _pitch(self, degree: int, base: int) -> float:
        """Semitones as in MIDI of a degree of the scale, not below `base` for the tonic."""
        octave, place = divmod(degree, 7)
        raised = place == 6 and self.character.mode == "minor"
        tonic = base + (self.character.tonic - base) % 12
        return tonic + 12 * octave + SCALES[self.character.mode][place] + raised

    def _note(self, pitch: float, at: float, beats: float, gain: float) -> None:
        frequency = 440 * 2 ** ((pitch - 69) / 12)
        time = np.arange(int(beats * self.beat * RATE) + FADE, dtype=np.float32) / RATE
        wave = _table(frequency, round(2.0 - 1.8 * self.bright, 2))
        sound = wave[(time * np.float32(frequency * TABLE)).astype(np.int32) % TABLE]
        decay = 0.5 if self.character.acoustic else 0.6 + 1.2 * (1 - self.energy)
        sound *= np.exp(time / np.float32(-decay)) * np.minimum(1, time / np.float32(0.004))
        sound[-FADE:] *= np.linspace(1, 0, FADE, dtype=np.float32)
        self._add(sound, at, gain)

    def _kick(self) -> Sound:
        time = np.arange(RATE // 4, dtype=np.float32) / RATE
        return np.asarray(np.sin(300 * time + 14 * (1 - np.exp(time / -0.03))) * np.exp(time / -0.09), np.float32)

    def _snare(self) -> Sound:
        noise = self.rng.standard_normal(RATE // 5, np.float32)
        time = np.arange(noise.size, dtype=np.float32) / RATE
        return np.asarray((0.5 * noise + 0.5 * np.sin(1200 * time)) * np.exp(time / -0.06), np.float32)

    def _hat(self) -> Sound:
        noise = np.diff(self.rng.standard_normal(RATE // 10 + 2, np.float32), 2)
        time = np.arange(noise.size, dtype=np.float32) / RATE
        return np.asarray(0.4 * noise * np.exp(time / (-0.015 - 0.03 * self.bright)), np.float32)

    def _add(self, sound: Sound, at: float, gain: float) -> None:
        """Into the mix from a beat on; what goes over its end begins it."""
        start = round(at * self.beat * RATE) % self.mix.size
        for begin, part in _wrapped(sound, start, self.mix.size):
            self.mix[begin : begin + part.size] += part * np.float32(gain)


def _wrapped(sound: Sound, start: int, size: int) -> Iterator[tuple[int, Sound]]:
    room = size - start
    yield start, sound[:room]
    if sound.size > room:
        yield 0, sound[room : room + size]


@lru_cache(maxsize=512)
def _table(frequency: float, slope: float) -> Sound:
    """One period of a tone whose partials fall by `slope` powers, none of them above `HIGHEST`."""
    partials = np.array([partial for partial in PARTIALS if partial * frequency < HIGHEST])
    spectrum = np.zeros(TABLE // 2 + 1, np.complex128)
    spectrum[partials] = -1j * np.power(partials, -slope) * np.exp(1j * partials**2)
    wave = np.fft.irfft(spectrum)
    return np.asarray(wave / np.sqrt(np.mean(wave**2)), np.float32)


def _mastered(mix: Sound, energy: float) -> Sound:
    """As loud as the energy asks for, the peaks pressed together as far as that needs."""
    crest = CREST[0] + (CREST[1] - CREST[0]) * energy
    mix = np.tanh(mix * np.float32(1 / (crest * np.sqrt(np.mean(mix**2)))))
    wanted = 10 ** ((LOUDNESS[0] + (LOUDNESS[1] - LOUDNESS[0]) * energy) / 20)
    mix *= np.float32(wanted / np.sqrt(np.mean(mix**2)))
    return np.asarray(np.clip(mix, -0.98, 0.98), np.float32)

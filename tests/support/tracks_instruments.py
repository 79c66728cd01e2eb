"""Drums and pitched instruments from numpy alone: mono float32 at 44.1 kHz, about 1 at most, the onset at sample 0.

Each maker draws its own character (pitch, decay, brightness) from the generator that it is given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

RATE: Final = 44100

type Sound = NDArray[np.float32]
"""Shape (frames,)."""


def seconds(length: float) -> NDArray[np.float64]:
    """The time of each sample, in seconds."""
    return np.arange(int(length * RATE)) / RATE


def noise(rng: Generator, length: float, low: float, high: float) -> NDArray[np.float64]:
    """White noise between two frequencies in Hz (second order slopes), root mean square 1."""
    white = rng.standard_normal(int(length * RATE))
    bins = np.fft.rfftfreq(white.size, 1 / RATE)
    shape = 1 / (1 + (low / np.maximum(bins, 1)) ** 4) / (1 + (bins / high) ** 4)
    band = np.fft.irfft(np.fft.rfft(white) * shape, white.size)
    return np.asarray(band / np.sqrt(np.mean(band**2)))


def sweep(length: float, start: float, end: float, fall: float) -> NDArray[np.float64]:
    """A sine that falls from one frequency to another, in Hz, `fall` seconds to 1/e."""
    time = seconds(length)
    return np.asarray(np.sin(2 * np.pi * (end * time + (start - end) * fall * (1 - np.exp(-time / fall)))))


def fading(sound: NDArray[np.float64], decay: float, attack: float = 0.0005) -> Sound:
    """`sound` under an exponential envelope, both times in seconds to 1/e."""
    time = np.arange(sound.size) / RATE
    envelope = np.exp(-time / decay) * (1 - np.exp(-(time + 1 / RATE) / attack))
    envelope[-200:] *= np.linspace(1, 0, 200)
    return np.asarray(sound * envelope, np.float32)


def kick(rng: Generator) -> Sound:
    body = sweep(0.5, rng.uniform(120, 320), rng.uniform(42, 62), rng.uniform(0.015, 0.05))
    click = noise(rng, 0.5, 1500, 6000) * np.exp(-seconds(0.5) / 0.003) * rng.uniform(0.02, 0.15)
    return fading(body + click, rng.uniform(0.07, 0.22))


def snare(rng: Generator) -> Sound:
    shell = sweep(0.4, rng.uniform(230, 330), rng.uniform(150, 220), 0.02) * np.exp(-seconds(0.4) / 0.05)
    wires = noise(rng, 0.4, rng.uniform(700, 2000), rng.uniform(6000, 12000)) * rng.uniform(0.2, 0.4)
    return fading(rng.uniform(0.3, 0.8) * shell + wires, rng.uniform(0.05, 0.14))


def clap(rng: Generator) -> Sound:
    hands = fading(noise(rng, 0.3, 800, 4000) * 0.35, rng.uniform(0.04, 0.1))
    for delay in (0.008, 0.017):
        later = hands[int(delay * RATE) :]
        later += fading(noise(rng, 0.3, 800, 4000) * 0.3, 0.02)[: later.size]
    return hands


def closed_hat(rng: Generator) -> Sound:
    return fading(noise(rng, 0.15, rng.uniform(5000, 8000), 16000) * 0.3, rng.uniform(0.012, 0.04))


def open_hat(rng: Generator) -> Sound:
    return fading(noise(rng, 0.7, rng.uniform(4500, 7500), 15000) * 0.3, rng.uniform(0.1, 0.25))


def cymbal(rng: Generator, decay: float, strike: float) -> Sound:
    """Inharmonic partials, noise and the strike of the stick."""
    time = seconds(1.6)
    pitches, phases = rng.uniform(2500, 9500, (9, 1)), rng.uniform(0, 6.3, (9, 1))
    metal = np.sin(2 * np.pi * pitches * time + phases).sum(axis=0)
    wash = noise(rng, 1.6, 3500, 14000)
    ping = noise(rng, 1.6, 2500, 9000) * np.exp(-time / 0.006) * strike
    return fading(0.04 * metal + 0.14 * wash + 0.3 * ping, decay)


def ride(rng: Generator) -> Sound:
    return cymbal(rng, rng.uniform(0.15, 0.4), rng.uniform(0.6, 1.2))


def crash(rng: Generator) -> Sound:
    return cymbal(rng, rng.uniform(0.4, 0.8), 0.3)


def tom(rng: Generator) -> Sound:
    end = rng.uniform(75, 160)
    return fading(sweep(0.5, end * rng.uniform(1.3, 1.8), end, 0.04), rng.uniform(0.08, 0.2))


def rim(rng: Generator) -> Sound:
    ring = sweep(0.12, rng.uniform(1500, 2200), rng.uniform(700, 1600), 0.004)
    return fading(0.6 * ring + 0.1 * noise(rng, 0.12, 1500, 7000), rng.uniform(0.008, 0.02))


def shaker(rng: Generator) -> Sound:
    return fading(noise(rng, 0.15, 4000, 13000) * 0.3, rng.uniform(0.02, 0.04), attack=rng.uniform(0.008, 0.02))


KIT: Final[Mapping[str, Callable[[Generator], Sound]]] = {
    "kick": kick,
    "snare": snare,
    "clap": clap,
    "hat": closed_hat,
    "open": open_hat,
    "ride": ride,
    "crash": crash,
    "tom": tom,
    "rim": rim,
    "shaker": shaker,
}


@dataclass(frozen=True)
class Timbre:
    """A pitched instrument: how its partials fall off, and how a note begins and dies.

    Attributes:
        slope: partial k has the amplitude k^−slope.
        partials: how many of them.
        odd: the even ones' share, 0 (a clarinet's) to 1.
        attack: seconds to 1 − 1/e; a piano's hammer .002, a pad .08.
        decay: seconds to 1/e for the fundamental at 220 Hz; higher notes and partials die sooner.
        damping: how much sooner the higher partials die.
        stretch: inharmonicity, a string's 3e-4.
        detune: a second voice beside the first, in cents; 0 for none.

    """

    slope: float
    partials: int = 8
    odd: float = 1.0
    attack: float = 0.004
    decay: float = 1.0
    damping: float = 0.3
    stretch: float = 0.0
    detune: float = 0.0

    def note(self, frequency: float, length: float) -> Sound:
        """One note in Hz and seconds, without its release."""
        sound = self._voice(frequency, length)
        if self.detune:
            sound = (sound + self._voice(frequency * 2 ** (self.detune / 1200), length)) / 2
        time = np.arange(sound.size, dtype=np.float32) / RATE
        return np.asarray(sound * (1 - np.exp(-time / self.attack)), np.float32)

    def _voice(self, frequency: float, length: float) -> NDArray[np.float64]:
        time = seconds(length)
        total: NDArray[np.float64] = np.zeros(time.size)
        loudness = 0.0
        for k in range(1, self.partials + 1):
            pitch = frequency * k * np.sqrt(1 + self.stretch * k * k)
            if pitch > 12000:
                break
            gain = k**-self.slope * (self.odd if k % 2 == 0 else 1.0)
            rate = (frequency / 220) ** 0.5 * (1 + self.damping * (k - 1)) / self.decay
            turns = pitch * time + k * 0.37
            turns = (turns - np.floor(turns)).astype(np.float32)
            total += gain * np.asarray(
                np.sin(turns * np.float32(2 * np.pi)) * np.exp((-rate * time).astype(np.float32))
            )
            loudness += gain * gain
        return np.asarray(total / (2.2 * np.sqrt(loudness)))


def bass(rng: Generator) -> Timbre:
    return Timbre(
        rng.uniform(1.1, 2.2),
        int(rng.integers(3, 9)),
        rng.uniform(0.2, 1),
        rng.uniform(0.003, 0.012),
        rng.uniform(0.3, 1.0),
    )


def upright(rng: Generator) -> Timbre:
    """A plucked double bass."""
    return Timbre(rng.uniform(1.4, 2), 6, 1, rng.uniform(0.006, 0.015), rng.uniform(0.25, 0.5), damping=0.6)


def pad(rng: Generator) -> Timbre:
    return Timbre(rng.uniform(1.2, 2), 7, 1, rng.uniform(0.03, 0.15), 8, 0.05, detune=rng.uniform(4, 12))


def organ(rng: Generator) -> Timbre:
    return Timbre(rng.uniform(0.6, 1.4), 6, rng.uniform(0.3, 1), rng.uniform(0.005, 0.02), 12, 0)


def electric_piano(rng: Generator) -> Timbre:
    return Timbre(rng.uniform(1.3, 2.2), 6, rng.uniform(0.3, 1), rng.uniform(0.002, 0.006), rng.uniform(0.5, 1.2), 0.5)


def guitar(rng: Generator) -> Timbre:
    return Timbre(rng.uniform(0.9, 1.4), 10, 1, rng.uniform(0.001, 0.004), rng.uniform(0.3, 0.9), 0.4, 1e-4)


def piano(rng: Generator, attack: tuple[float, float] = (0.002, 0.006)) -> Timbre:
    """A piano; with a long attack, in seconds, one that is played softly behind a curtain."""
    return Timbre(
        rng.uniform(1.2, 1.9), 8, 1, rng.uniform(*attack), rng.uniform(0.6, 1.4), 0.35, 3e-4, rng.uniform(0, 2)
    )


CHORDAL: Final[tuple[Callable[[Generator], Timbre], ...]] = (pad, organ, electric_piano, guitar, piano)

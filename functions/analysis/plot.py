"""An analysis as a picture: waveform and energy, sections, silences, beats and tempo over time, as SVG. Pure.

Nothing is said by colour alone: sections carry letters, lanes names. The hues of sections are those of P. Tol's scheme
"light" (Colour Schemes, SRON technical note 09-002, 2021), told apart by the colour-blind and light enough for black
letters; waveform and energy are blue and orange.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.audio.analyser import Analysis
from analysis.audio.beats import SURE, Beats
from analysis.audio.energy import EnergyFigures
from analysis.audio.sections import Section
from analysis.svg import Floats, Runs, area, box, element, extremes, path, plain, polyline, upright, worded

WIDTH: Final = 1200
LEFT: Final = 76
RIGHT: Final = 1168
"""Where second 0 and the last one stand."""
BAND: Final = 18
ENERGY: Final = 48
WAVE: Final = 180
TICKS: Final = 26
CURVE: Final = 56
"""Heights: of the bands of sections, the energy curve, the waveform, the beats and the tempo curve."""
COLUMNS: Final = 1000
"""Points of the waveform and of the tempo curve, at most."""
WAVES: Final = 250
"""Points of the energy curve, at most: more would be a thicket."""
APART: Final = 3.0
"""Between marks that can be told apart."""
LETTER: Final = 9.0
"""Width of a capital, about."""
TIMES_APART: Final = 72.0
"""Between times on the axis, at least."""
STEPS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
"""Seconds between these; longer ones are whole hours."""
FAINTEST: Final = 0.004
"""Magnitude that the waveform's height stands for at least (−48 dBFS): what is hardly heard should not look loud."""
TOLD: Final = 12
"""Sections that the description lists."""
HUES: Final = ("#7ad", "#ed8", "#4b9", "#fab", "#9df", "#e86", "#bc3", "#aa0")

STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.name{font-size:20px;font-weight:600}"
    ".scale{font-size:11px;fill:#57606a}.end{text-anchor:end}.mid{text-anchor:middle}.label{font-size:12px;fill:#000}"
    "path{fill:none;stroke-linejoin:round}.paper,.veil{fill:#fff}.veil{opacity:.82}.wave{fill:#8fb3d5}"
    ".rms{fill:#2f6ba3}.swing{fill:#d9600a;opacity:.3}.energy{stroke:#a84300;stroke-width:1.6}"
    ".silence{fill:#6e7781;opacity:.35}.beat{stroke:#57606a}.bar{stroke:#1f2328;stroke-width:1.5}"
    ".tempo{stroke:#1f2328;stroke-width:1.2}.grid{stroke:#d0d7de}"
    + "".join(f".s{nth}{{fill:{hue}}}" for nth, hue in enumerate(HUES))
    + "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.scale{fill:#9da7b3}.label{fill:#000}"
    ".paper,.veil{fill:#14171c}.wave{fill:#37597d}.rms{fill:#6ea8dc}.swing{fill:#ffb454}.energy{stroke:#ffb454}"
    ".silence{fill:#9da7b3}.beat{stroke:#9da7b3}.bar,.tempo{stroke:#e6edf3}.grid{stroke:#363c45}}"
)


def draw(analysis: Analysis, title: str = "") -> str:
    """Return an SVG document of at most 150 kB, however long the sound is; it stands alone and runs nothing."""
    axis = Axis(max(analysis.duration, 1e-3))
    name = plain(title, 80)
    head = 58 if name else 28
    sound = head + 20 + BAND
    ticks = sound + ENERGY + WAVE + 4
    marks = _beats(analysis.beats, axis, ticks)
    curve = ticks + (TICKS if marks else 0)
    tempo = _tempo(analysis.beats, axis, curve)
    bottom = curve + (CURVE + 6 if tempo else 0)
    return element(
        "svg",
        worded("title", name or "Sound analysis"),
        worded("desc", described(analysis)),
        element("style", STYLE),
        element("rect", width=WIDTH, height=bottom + 28, class_="paper"),
        worded("text", name, x=16, y=32, class_="name") if name else "",
        worded("text", " · ".join(figures(analysis)), x=16, y=head),
        _legend(head),
        _sections(analysis.sections, axis, sound - BAND),
        _times(axis, sound, bottom),
        _waveform(analysis, axis, sound + ENERGY),
        _energy(analysis.energy, axis, sound),
        marks,
        tempo,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {bottom + 28}",
        width="100%",
        role="img",
    )


def figures(analysis: Analysis) -> tuple[str, ...]:
    """Return duration, tempo, key, loudness and peak, as words."""
    beats, key, loudness = analysis.beats, analysis.key, analysis.loudness.integrated
    tempo = f"{beats.tempo:.1f} BPM" + (" (a guess)" if beats.confidence < SURE else "")
    peak = max((peak for peak in analysis.true_peaks if peak is not None), default=None)
    return (
        clock(analysis.duration, _decimals(analysis.duration)),
        tempo if len(beats.times) else "no tempo",
        f"{key.name} ({key.camelot})" if key else "no key",
        "no loudness" if loudness is None else f"{_signed(loudness)} LUFS",
        "no peak" if peak is None else f"peak {_signed(peak)} dBTP",
        *(("damaged",) if analysis.damaged else ()),
    )


def described(analysis: Analysis) -> str:
    """Return the picture in words, for those who do not see it."""
    beats, sections = analysis.beats, analysis.sections
    counts = (
        _counted(len(beats.times), "beat"),
        "bars not known" if beats.bars is None else _counted(len(beats.bars.downbeats), "bar"),
        _counted(len(analysis.energy.silences), "silence"),
    )
    to = _decimals(analysis.duration)
    told = [f"{plain(each.label, 40)} {clock(each.start, to)} to {clock(each.end, to)}" for each in sections[:TOLD]]
    told += [f"and {len(sections) - TOLD} more"] if len(sections) > TOLD else []
    return f"{', '.join(figures(analysis))}. {', '.join(counts)}. Sections: {', '.join(told) or 'none'}."


def clock(seconds: float, decimals: int = 0) -> str:
    """Return m:ss, or h:mm:ss from an hour on."""
    whole, part = divmod(round(seconds * 10**decimals), 10**decimals)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return (f"{hours}:{minute:02}" if hours else f"{minute}") + f":{second:02}" + (f".{part}" if decimals else "")


@dataclass(frozen=True, slots=True)
class Axis:
    """Time, from `LEFT` to `RIGHT`."""

    duration: float
    """Seconds, above 0."""

    def x(self, seconds: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(1.0, max(0.0, float(seconds) / self.duration))

    def along(self, seconds: Floats) -> list[float]:
        return [self.x(second) for second in seconds]

    def shown(self, seconds: Floats) -> NDArray[np.bool_]:
        return (seconds >= 0) & (seconds <= self.duration)

    def distinct(self, seconds: Floats) -> bool:
        """Whether marks there are far enough apart to be told apart, in the median."""
        apart = float(np.median(np.diff(seconds))) if len(seconds) > 1 else self.duration
        return apart / self.duration * (RIGHT - LEFT) >= APART


def _times(axis: Axis, top: float, bottom: float) -> str:
    """Times below, and a line up from each."""
    least = TIMES_APART / (RIGHT - LEFT) * axis.duration
    step = next((step for step in STEPS if step >= least), 3600 * np.ceil(least / 3600))
    seconds = np.arange(int(axis.duration / step + 1e-6) + 1) * step
    lines = path((upright(axis.x(second), top, bottom - top + 5) for second in seconds), "grid")
    return lines + "".join(
        worded("text", clock(second, 1 if step < 1 else 0), x=axis.x(second), y=bottom + 19, class_="scale mid")
        for second in seconds
    )


def _legend(y: float) -> str:
    """What the colours of the waveform mean, at the right."""
    kinds = ((980, "wave", "peaks"), (1046, "rms", "RMS"), (1104, "silence", "silence"))
    return "".join(
        path([box(x, y - 9, 12, 9)], kind) + worded("text", words, x=x + 17, y=y, class_="scale")
        for x, kind, words in kinds
    )


def _margin(words: str, y: float) -> str:
    """Words left of a lane."""
    return worded("text", words, x=LEFT - 8, y=y, class_="scale end")


def _sections(sections: Sequence[Section], axis: Axis, top: float) -> str:
    """Bands, labelled where labels fit, that go on behind the waveform as tints."""
    bands = _bands(sections, axis)
    kinds = {label: f"s{nth % len(HUES)}" for nth, label in enumerate(dict.fromkeys(each.label for each in sections))}
    boxes: dict[str, list[str]] = {}
    labels = []
    for start, end, label in bands:
        boxes.setdefault(kinds[label], []).append(box(start, top, end - start, BAND + ENERGY + WAVE))
        if fits := int((end - start - 2) / LETTER):
            words = plain(label, fits)
            labels.append(worded("text", words, x=(start + end) / 2, y=top + 13, class_="label mid"))
    paths = "".join(path(data, kind) for kind, data in boxes.items())
    veil = element("rect", x=LEFT, y=top + BAND, width=RIGHT - LEFT, height=ENERGY + WAVE, class_="veil")
    return paths + veil + "".join(labels) + (_margin("sections", top + 13) if bands else "")


def _bands(sections: Iterable[Section], axis: Axis) -> list[tuple[float, float, str]]:
    """Where sections begin and end, and their labels; what is narrower than a unit is lost in the one before."""
    bands: list[tuple[float, float, str]] = []
    for each in sections:
        start, end = axis.x(each.start), axis.x(each.end)
        if bands and start - bands[-1][0] < 1:
            bands[-1] = (bands[-1][0], end, bands[-1][2])
        else:
            bands.append((start, end, each.label))
    return bands


def _energy(energy: EnergyFigures, axis: Axis, top: float) -> str:
    """The mean as a line, from 0 at the bottom to 1 at the top, in an area from minimum to maximum; and silences."""
    if not len(energy.profile):
        return ""
    runs = Runs.of(energy.profile, energy.step, WAVES)
    at = axis.along(runs.seconds)
    low, mean, high = (top + 4 + (ENERGY - 4) * (1 - each) for each in (runs.lowest, runs.mean, runs.highest))
    return (
        path([area(at, high, low)], "swing")
        + path([polyline(at, mean)], "energy")
        + path(_greys(energy.silences, axis, top), "silence")
        + _margin("energy", top + ENERGY / 2 + 4)
    )


def _waveform(analysis: Analysis, axis: Axis, top: float) -> str:
    """From the lowest to the highest value, and RMS, mirrored, in front."""
    waveform, energy = analysis.waveform, analysis.energy
    if not len(waveform) or not len(energy.rms):
        return ""
    lows, highs = (Runs.of(end, axis.duration / len(waveform), COLUMNS) for end in waveform.T)
    powers = Runs.of(np.square(energy.rms), energy.step, COLUMNS)
    full = max(FAINTEST, float(np.abs(waveform).max()))
    middle, half = top + WAVE / 2, WAVE / 2 / full
    rms = half * np.sqrt(powers.mean)
    return (
        path([area(axis.along(highs.seconds), middle - half * highs.highest, middle - half * lows.lowest)], "wave")
        + path([area(axis.along(powers.seconds), middle - rms, middle + rms)], "rms")
        + _margin(f"{_signed(20 * float(np.log10(full)))} dBFS", top + 9)
        + _margin("waveform", middle + 4)
    )


def _greys(silences: Iterable[tuple[float, float]], axis: Axis, top: float) -> list[str]:
    """Boxes at least a unit wide; those that are no unit apart are one."""
    spans: list[tuple[float, float]] = []
    for start, end in ((axis.x(start), axis.x(end)) for start, end in silences):
        begun = spans.pop()[0] if spans and start - spans[-1][1] < 1 else start
        spans.append((begun, max(end, start + 1)))
    return [box(start, top, end - start, ENERGY + WAVE) for start, end in spans]


def _beats(beats: Beats, axis: Axis, top: float) -> str:
    """Ticks, the longer the stronger; bars longer still. Only bars where beats are too close, none where these are."""
    bars = np.empty(0) if beats.bars is None else beats.bars.downbeats[axis.shown(beats.bars.downbeats)]
    between = axis.shown(beats.times) & ~np.isin(beats.times, bars)
    lanes = ""
    if axis.distinct(beats.times):
        ticks = zip(beats.times[between], beats.strengths[between], strict=True)
        lanes += path((upright(axis.x(second), top, 3 + 8 * strength) for second, strength in ticks), "beat")
    if axis.distinct(bars):
        lanes += path((upright(axis.x(second), top, 18) for second in bars), "bar")
    return lanes and lanes + _margin("beats", top + 11)


def _tempo(beats: Beats, axis: Axis, top: float) -> str:
    """The curve, on a scale from a whole ten of beats a minute to another."""
    if len(beats.times) < 2:
        return ""
    low, high = 10 * np.floor(beats.tempos.min() / 10 - 0.2), 10 * np.ceil(beats.tempos.max() / 10 + 0.2)
    kept = extremes(beats.tempos, COLUMNS)
    heights = top + CURVE * (high - beats.tempos[kept]) / (high - low)
    return (
        path((polyline((LEFT, RIGHT), (y, y)) for y in (top, top + CURVE)), "grid")
        + path([polyline(axis.along(beats.times[kept]), heights)], "tempo")
        + _margin(f"{high:.0f} BPM", top + 9)
        + _margin("tempo", top + CURVE / 2 + 4)
        + _margin(f"{low:.0f} BPM", top + CURVE)
    )


def _decimals(duration: float) -> int:
    return 1 if duration < 10 else 0


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")

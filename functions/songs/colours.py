"""A mood from a picture's own colours, where no model looks at it. Pure.

What is measured are the lightness (CIE L*, near Munsell's value), the colourfulness (Hasler and Süsstrunk, 2003,
https://doi.org/10.1117/12.477378, fitted to how people rate photos), the contrast (deviation of L*), and how yellow
rather than blue, and how red rather than green, the colours are. Each is put on the scale of photos at large.

The rule takes its directions from experiments:
- Pleasure = .69 brightness + .22 saturation, arousal = -.31 brightness + .60 saturation, in deviations: Valdez and
  Mehrabian, 1994, https://doi.org/10.1037/0096-3445.123.4.394; of the hues yellow-red arouses least.
- Fast music in major goes with saturated, light and yellow colours, slow music in minor with dull, dark and blue ones:
  Palmer, Schloss, Xu and Prado-León, 2013, https://doi.org/10.1073/pnas.1212562110
- Loud, punchy, distorted music goes with darker, redder, more saturated colours: Whiteford, Schloss, Helwig and Palmer,
  2018, https://doi.org/10.1177/2041669518808535
- On screens red arouses more than blue, and bright colours more than dark ones: Wilms and Oberfeld, 2018,
  https://doi.org/10.1007/s00426-017-0880-8. Since the two disagree about brightness, half of -.31 is taken.
The weights of contrast and hue, the scale of photos, acousticness and danceability are set by hand. It is a rule about
colours: of what is to be seen in a picture it knows nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from songs import mood as moods
from songs.mood import Mood, kept

if TYPE_CHECKING:
    from PIL import Image

SIDE: Final = 48
"""Pixels to which a picture is made small before it is measured: colours stay, detail and noise go."""
LIGHTNESS: Final = (50.0, 20.0)
COLOURFULNESS: Final = (38.0, 22.0)
CONTRAST: Final = (20.0, 8.0)
WARMTH: Final = (8.0, 40.0)
REDNESS: Final = (4.0, 25.0)
"""Mean and deviation of photos at large, roughly; hues on the scales of 8-bit channels."""
MOST: Final = 2.5
"""Deviations that count at most: one colour alone does not make a mood."""


@dataclass(frozen=True, slots=True)
class Colours:
    """What is measured of a picture."""

    lightness: float
    """Mean of L*, 0 to 100."""
    colourfulness: float
    """0 is grey, 33 moderately, 59 quite, 109 extremely colourful."""
    contrast: float
    """Standard deviation of L*, 0 to 50."""
    warmth: float
    """Mean of yellow less blue, -255 to 255."""
    redness: float
    """Mean of red less green, -255 to 255."""
    hues: dict[str, float]
    """Shares of the picture that are of a colour, the largest first; what is grey has none."""


@dataclass(frozen=True, slots=True)
class Impression:
    mood: Mood
    word: str
    """The mood in one word."""
    description: str
    """A sentence about the colours."""
    themes: tuple[str, ...]
    keywords: tuple[str, ...]
    colours: Colours


def small(picture: "Image.Image") -> bytes:
    """Return a picture's pixels for `impression`: RGB, three bytes each, at most 48 × 48."""
    return picture.convert("RGB").resize((min(SIDE, picture.width), min(SIDE, picture.height))).tobytes()


def impression(pixels: bytes) -> Impression:
    """Return what colours alone make of a picture.

    `pixels` are RGB in sRGB, three bytes each, in any order; some thousand are enough. Raises `ValueError` for none, or
    for bytes that are no whole pixels.
    """
    colours = measured(pixels)
    themes = _themes(colours)
    mood = _mood(colours)
    said = _said(colours)
    return Impression(mood, moods.word(mood), f"A {', '.join(said)} picture{_mostly(colours)}.", themes, said, colours)


def measured(pixels: bytes) -> Colours:
    """Measure; raises as `impression` does."""
    if not pixels or len(pixels) % 3:
        raise ValueError(f"{len(pixels)} bytes are no pixels of three bytes")
    red, green, blue = pixels[::3], pixels[1::3], pixels[2::3]
    count = len(red)
    lights = [
        _lightness(0.2126 * _LINEAR[r] + 0.7152 * _LINEAR[g] + 0.0722 * _LINEAR[b])
        for r, g, b in zip(red, green, blue, strict=True)
    ]
    red_green = [r - g for r, g in zip(red, green, strict=True)]
    yellow_blue = [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)]
    (redness, across), (warmth, along) = _spread(red_green), _spread(yellow_blue)
    hues: dict[str, int] = {}
    for r, g, b, light in zip(red, green, blue, lights, strict=True):
        if name := _hue(r, g, b, light):
            hues[name] = hues.get(name, 0) + 1
    lightness, contrast = _spread(lights)
    return Colours(
        lightness=lightness,
        colourfulness=math.hypot(across, along) + 0.3 * math.hypot(redness, warmth),
        contrast=contrast,
        warmth=warmth,
        redness=redness,
        hues={name: share / count for name, share in sorted(hues.items(), key=lambda each: -each[1])},
    )


def _linear(channel: float) -> float:
    """Source: IEC 61966-2-1, sRGB."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


_LINEAR: Final = tuple(_linear(channel / 255) for channel in range(256))


def _lightness(luminance: float) -> float:
    """CIE 1976 L*."""
    return 116 * luminance ** (1 / 3) - 16 if luminance > 216 / 24389 else luminance * 24389 / 27


def _spread(values: Sequence[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    return mean, math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


_HUES: Final = (
    (18, "red"),
    (45, "orange"),
    (70, "yellow"),
    (165, "green"),
    (195, "cyan"),
    (255, "blue"),
    (290, "purple"),
    (340, "pink"),
    (360, "red"),
)
"""Up to which degree of the hue circle."""
_GREY: Final = 30
"""Difference of the largest and the smallest channel below which a pixel has no colour."""


def _hue(red: int, green: int, blue: int, light: float) -> str | None:
    most, least = max(red, green, blue), min(red, green, blue)
    if most - least < _GREY:
        return None
    if most == red:
        sixth = (green - blue) / (most - least) % 6
    elif most == green:
        sixth = (blue - red) / (most - least) + 2
    else:
        sixth = (red - green) / (most - least) + 4
    name = next(name for degree, name in _HUES if 60 * sixth <= degree)
    return "brown" if name == "orange" and light < 55 else name


def _scaled(value: float, photos: tuple[float, float]) -> float:
    """Return deviations from what photos have on average."""
    mean, deviation = photos
    return max(-MOST, min(MOST, (value - mean) / deviation))


def _share(deviations: float) -> float:
    """Return deviations as a figure from 0 to 1: none are .5, one is .73."""
    return 1 / (1 + math.exp(-deviations))


def _mood(colours: Colours) -> Mood:
    bright, colourful = _scaled(colours.lightness, LIGHTNESS), _scaled(colours.colourfulness, COLOURFULNESS)
    contrast = _scaled(colours.contrast, CONTRAST)
    warm, red = _scaled(colours.warmth, WARMTH), _scaled(colours.redness, REDNESS)
    earthen = colours.hues.get("orange", 0.0) + colours.hues.get("brown", 0.0)
    arousal = -0.15 * bright + 0.60 * colourful + 0.25 * contrast + 0.10 * red - 1.0 * earthen
    pleasure = 0.69 * bright + 0.22 * colourful + 0.12 * warm
    acoustic = -0.5 * colourful - 0.3 * contrast + 0.4 * warm + 1.0 * earthen
    return Mood(
        energy=round(_share(arousal + 0.25 * pleasure), 3),  # light and lively go together in music, see above
        valence=round(_share(pleasure), 3),
        danceability=round(_share(0.7 * arousal + 0.4 * pleasure), 3),
        acousticness=round(_share(acoustic), 3),
        tempo=round(kept("tempo", 105 + 18 * (0.7 * arousal + 0.5 * pleasure))),
    )


_COLOURFUL: Final = ((12, "grey"), (35, "muted"), (75, "colourful"), (math.inf, "very colourful"))


def _said(colours: Colours) -> tuple[str, ...]:
    words = []
    if colours.lightness < 35 or colours.lightness > 65:
        words.append("dark" if colours.lightness < 35 else "bright")
    words.append(next(word for most, word in _COLOURFUL if colours.colourfulness < most))
    if abs(colours.warmth) > 25:
        words.append("warm" if colours.warmth > 0 else "cool")
    if colours.contrast > 28 or colours.contrast < 10:
        words.append("contrasty" if colours.contrast > 28 else "soft")
    return tuple(words)


def _mostly(colours: Colours) -> str:
    names = [name for name, share in colours.hues.items() if share >= 0.15][:2]
    return f", mostly {' and '.join(names)}" if names else ""


def _themes(colours: Colours) -> tuple[str, ...]:
    """Return what such colours often are of; hints, for no more than one of them is known."""

    def share(*names: str) -> float:
        return sum(colours.hues.get(name, 0.0) for name in names)

    dark, light = colours.lightness < 35, colours.lightness > 62
    found = {
        "night": dark,
        "neon": dark and colours.colourfulness > 60 and share("pink", "purple", "cyan", "blue") > 0.25,
        "rain": not dark and not light and colours.colourfulness < 15,
        "winter": light and colours.colourfulness < 15,
        "summer": light and colours.colourfulness > 35 and share("yellow", "orange", "blue", "cyan") > 0.4,
        "autumn": not light and share("orange", "brown", "red") > 0.4 and colours.colourfulness < 75,
        "nature": share("green") > 0.4,
    }
    return tuple(theme for theme, holds in found.items() if holds)

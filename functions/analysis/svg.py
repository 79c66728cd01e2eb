"""SVG as text: elements, data of paths, any text made fit to stand in them; and curves thinned to be drawn. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, Self
from unicodedata import east_asian_width
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

_NOT_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

type Floats = NDArray[np.floating[Any]]


def element(name: str, *children: str, **attributes: str | float) -> str:
    """Return an element around `children`, which are XML; `class_` is written class, and numbers are rounded."""
    named = "".join(
        f" {key.rstrip('_')}={quoteattr(value if isinstance(value, str) else number(value))}"
        for key, value in attributes.items()
    )
    return f"<{name}{named}>{''.join(children)}</{name}>" if children else f"<{name}{named}/>"


def worded(name: str, words: str, **attributes: str | float) -> str:
    """Return an element around text that is not XML yet."""
    return element(name, escape(words), **attributes)


def plain(words: str, width: int) -> str:
    """Return one line of what XML can hold, cut to about `width` characters; wide ones, as Chinese, count twice."""
    line = " ".join(_NOT_XML.sub("", words[: 20 * width]).split())
    ends = list(accumulate(2 if east_asian_width(each) in "WF" else 1 for each in line))
    if not ends or ends[-1] <= width:
        return line
    return line[: sum(end <= width - 1 for end in ends)].rstrip() + "…"


def number(value: float) -> str:
    """Return it to a tenth, as short as can be."""
    return f"{round(float(value), 1) + 0:.7g}"


def polyline(xs: Iterable[float], ys: Iterable[float]) -> str:
    return "M" + " ".join(f"{number(x)},{number(y)}" for x, y in zip(xs, ys, strict=True))


def area(xs: Sequence[float], above: Floats, below: Floats) -> str:
    """Return what lies between two curves."""
    return polyline((*xs, *xs[::-1]), (*above, *below[::-1])) + "z"


def box(x: float, y: float, width: float, height: float) -> str:
    return f"M{number(x)},{number(y)}h{number(width)}v{number(height)}h{number(-width)}z"


def upright(x: float, y: float, height: float) -> str:
    return f"M{number(x)},{number(y)}v{number(height)}"


def path(data: Iterable[str], kind: str) -> str:
    """Return a path of that class; none without data."""
    joined = "".join(data)
    return element("path", d=joined, class_=kind) if joined else ""


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """A curve of even steps, thinned to runs of about one length; it goes on level to both ends of the sound."""

    seconds: Floats
    lowest: Floats
    mean: Floats
    highest: Floats

    @classmethod
    def of(cls, values: Floats, step: float, most: int) -> Self:
        """Take values, (n,) and at least one, their `step` in seconds, and how many runs there may be."""
        edges = np.linspace(0, len(values), min(len(values), most) + 1).astype(np.intp)
        starts = edges[:-1]
        sums = np.add.reduceat(values, starts, dtype=np.float64)
        curves = (np.minimum.reduceat(values, starts), sums / np.diff(edges), np.maximum.reduceat(values, starts))
        centres = (starts + edges[1:]) / 2
        return cls(step * np.array((0, *centres, len(values))), *(np.pad(curve, 1, "edge") for curve in curves))


def extremes(values: Floats, most: int) -> NDArray[np.intp]:
    """Indices of the points to draw of a curve, `most` at most: the minimum and the maximum of each run."""
    places = np.arange(len(values))
    if len(values) <= most:
        return places
    runs = np.array_split(places, most // 2)
    return np.array([run[nth] for run in runs for nth in sorted((values[run].argmin(), values[run].argmax()))])

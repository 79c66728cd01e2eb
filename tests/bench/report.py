"""What every bench prints: one table to read, or one JSON object on standard output."""

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.table import Table

WIDE: Final = 140
"""Columns, where nobody's terminal says how many there are."""


@dataclass
class Report:
    """Rows of figures by case, and the ratios that the bars are set on."""

    bench: str
    about: str
    rows: list[dict[str, str | float]] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)

    def row(self, case: str, **figures: float) -> None:
        self.rows.append({"case": case, **{name: round(value, 2) for name, value in figures.items()}})

    def show(self, *, as_json: bool) -> None:
        """Print to standard output."""
        if as_json:
            json.dump({"bench": self.bench, "rows": self.rows, "ratios": self.ratios}, sys.stdout)
            sys.stdout.write("\n")
            return
        console = Console(width=None if sys.stdout.isatty() else WIDE)
        console.print(self.about)
        table = Table(title=f"fanfare bench {self.bench}")
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        for name in columns:
            if name == "case":
                table.add_column(name, no_wrap=True)
            else:
                table.add_column(name.replace("_", " "), justify="right")
        for row in self.rows:
            table.add_row(*(_told(row.get(name, "–")) for name in columns))
        console.print(table)
        for name, value in self.ratios.items():
            console.print(f"  {name} = [bold]{value}[/bold]")


def _told(figure: str | float) -> str:
    """As many digits as can be told apart."""
    if isinstance(figure, str):
        return figure
    size = abs(figure)
    return f"{round(figure, 0 if size >= 1000 else 1 if size >= 100 else 2):g}" if size < 1e6 else f"{figure:.3g}"


def progress(text: str) -> None:
    """Say on standard error what is under way."""
    sys.stderr.write(f"\r\x1b[K{text}" if sys.stderr.isatty() else f"{text}\n")
    sys.stderr.flush()


def median(numbers: Sequence[float]) -> float:
    return statistics.median(numbers)


def ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """The median of the ratios pair by pair, so that a drift of the machine's speed cancels out."""
    return round(median([a / b for a, b in zip(one, other, strict=True)]), 3)


def spread(numbers: Sequence[float], unit: str = "ms") -> Mapping[str, float]:
    """Median, smallest and largest as columns."""
    return {f"median_{unit}": median(numbers), f"min_{unit}": min(numbers), f"max_{unit}": max(numbers)}

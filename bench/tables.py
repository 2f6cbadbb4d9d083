"""What a part of the bench hands back: tables of figures, and the targets they are held to.

A part is a module of this package with one function

    def run(*, quick: bool) -> Sequence[Table]

that measures, checks whatever it measured (a wrong answer is an AssertionError and no figure), and
cleans up after itself. `quick` takes seconds and proves that the part still works; its figures mean
nothing. A part whose tools are not on this machine raises Unavailable with one line.
`bench.__main__` names the parts, prints the tables and writes build/bench.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

Cell = str | float | int | None
"""A figure, or what it is about. None is printed as a dash: not measured, not applicable."""


class Unavailable(Exception):
    """What a part needs cannot be had here; the message is one line that says what."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure is held to: `limit` and no less, or (`most`) no more."""

    what: str
    measured: float
    limit: float
    most: bool = False

    @property
    def is_met(self) -> bool:
        return self.measured <= self.limit if self.most else self.measured >= self.limit

    def __str__(self) -> str:
        verdict = "met" if self.is_met else "MISSED"
        bound = "at most" if self.most else "at least"
        return f"{verdict}: {self.what} {figure(self.measured)}, {bound} {figure(self.limit)}"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under `columns`, which carry the units. `notes` are sentences below."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"{self.title}: every row has {len(self.columns)} cells")


class Part(Protocol):
    """A module that measures one thing."""

    def run(self, *, quick: bool) -> Sequence[Table]: ...


def figure(cell: Cell) -> str:
    """A cell as people read it: three digits that mean something, thousands apart."""
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.3g}" if abs(cell) < 10 else f"{cell:.1f}"


def plain(table: Table) -> str:
    """A table for a terminal."""
    cells = [list(table.columns), *([figure(cell) for cell in row] for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in cells]
    return "\n".join([table.title, *(f"  {line}" for line in [*lines, *_below(table)])])


def markdown(table: Table) -> str:
    """A table for docs/performance.md."""
    rows = ["| " + " | ".join(figure(cell) for cell in row) + " |" for row in table.rows]
    head = "| " + " | ".join(table.columns) + " |"
    rule = "|---|" + "---:|" * (len(table.columns) - 1)
    below = [f"- {line}" for line in _below(table)]
    return "\n".join([f"**{table.title}**", "", head, rule, *rows, "", *below])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Words to the left, figures to the right."""
    yield row[0].ljust(widths[0])
    yield from (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))


def _below(table: Table) -> list[str]:
    return [*map(str, table.targets), *table.notes]

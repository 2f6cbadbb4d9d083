"""Servers that take turns under the same load, so that what else the machine does hits them alike.

Figures are medians over the rounds. A ratio is the median of the ratios within each round: two
figures of one round were taken seconds apart, those of the first and the last round minutes.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.client import Load
from bench.servers import Server
from bench.tables import Cell

COLUMNS: Final = ("steps/s", "CPU µs/step", "p50 ms", "p99 ms", "errors")


@dataclass(frozen=True, slots=True)
class Side:
    """One that takes part: a server, and how it is called for some seconds."""

    name: str
    server: Server
    load: Callable[[float], Load]


@dataclass(frozen=True, slots=True)
class Round:
    """What one side did in one round. `cpu` in seconds a step, of all its processes."""

    load: Load
    cpu: float

    @property
    def cells(self) -> Sequence[float]:
        """The figures under COLUMNS."""
        took = (self.load.percentile(0.5) * 1e3, self.load.percentile(0.99) * 1e3)
        return (self.load.rate, self.cpu * 1e6, *took, self.load.errors)


Rounds = Mapping[str, Sequence[Round]]


def in_turn(sides: Sequence[Side], seconds: float, rounds: int) -> Rounds:
    """Each side for some seconds, again and again; a first round that warms up is not counted."""
    found: dict[str, list[Round]] = {side.name: [] for side in sides}
    for number in range(rounds + 1):
        for side in sides:
            one = _round(side, seconds if number else seconds / 2)
            if number:
                found[side.name].append(one)
    return found


def rows(rounds: Rounds) -> Sequence[Sequence[Cell]]:
    """A row for each side, with the medians under COLUMNS."""
    return [
        (name, *map(statistics.median, zip(*(one.cells for one in its), strict=True)))
        for name, its in rounds.items()
    ]


def ratio(rounds: Rounds, one: str, other: str, of: Callable[[Round], float]) -> float:
    """How many times the figure of the other side the figure of one side is."""
    pairs = zip(rounds[one], rounds[other], strict=True)
    return statistics.median(of(own) / of(its) for own, its in pairs)


def rate(one: Round) -> float:
    return one.load.rate


def cpu(one: Round) -> float:
    return one.cpu


def p99(one: Round) -> float:
    return one.load.percentile(0.99)


def calls(one: Round) -> float:
    return one.load.call_rate


def _round(side: Side, seconds: float) -> Round:
    before = side.server.cpu()
    load = side.load(seconds)
    while not load.steps:  # On a machine with other things to do a moment is too short.
        load = side.load(seconds)
    return Round(load, (side.server.cpu() - before) / load.steps)

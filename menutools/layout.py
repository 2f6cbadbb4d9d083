"""Where the boxes of a drawing go: rows from top to bottom, arrows downwards, few crossings.

The method of Sugiyama, Tagawa and Toda (1981) in its plainest form: a box stands one row below the
lowest that leads to it; an arrow that passes rows bends at a point in each of them; rows are sorted
by the middle of their neighbours, again and again, and the best order is kept. Arrows that lead
back up are not drawn here. Deterministic: the same dialogue always gives the same drawing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final

Edge = tuple[str, str]

SWEEPS: Final = 24
"""Times that rows are sorted, down and up in turn; more changes nothing in our drawings."""

BEND: Final = 24
"""Pixels kept free around an arrow that passes a row."""


@dataclass(frozen=True, slots=True)
class Size:
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bend:
    """Where an arrow passes a row of boxes, straight down."""

    x: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The top middle of every box, the bends of every arrow, and how large the whole is."""

    tops: Mapping[str, tuple[float, float]]
    bends: Mapping[Edge, Sequence[Bend]]
    size: Size

    def heading(self, edge: Edge) -> float:
        """Where an arrow first goes, from left to right."""
        bends = self.bends[edge]
        return bends[0].x if bends else self.tops[edge[1]][0]


def downward(nodes: Sequence[str], edges: Iterable[Edge]) -> list[Edge]:
    """The edges that close no circle when they are followed in the order of `nodes`."""
    onward: defaultdict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        onward[source].append(target)
    kept: list[Edge] = []
    done: set[str] = set()

    def follow(node: str, above: frozenset[str]) -> None:
        if node in done:
            return
        for target in onward[node]:
            if target not in above:
                kept.append((node, target))
                follow(target, above | {target})
        done.add(node)

    for node in nodes:
        follow(node, frozenset({node}))
    return kept


def lay_out(sizes: Mapping[str, Size], edges: Iterable[Edge], gap: Size) -> Layout:
    """Place boxes of these sizes, with `gap` between them. `edges` must close no circle."""
    ranks = _ranks(list(sizes), list(edges))
    chains = {edge: _chain(edge, ranks) for edge in edges}
    links = [link for chain in chains.values() for link in pairwise(chain)]
    rows = _sorted(_rows(ranks, chains.values()), links)
    widths = {node: sizes[node].width if node in sizes else BEND for row in rows for node in row}
    middles = _middles(rows, links, widths, gap.width)
    heights = [max(sizes[node].height for node in row if node in sizes) for row in rows]
    tops = [sum(heights[:rank]) + rank * gap.height for rank in range(len(rows))]
    left = min(middles[node] - widths[node] / 2 for node in middles)
    right = max(middles[node] + widths[node] / 2 for node in middles)
    return Layout(
        {node: (middles[node] - left, tops[rank]) for node, rank in ranks.items()},
        {
            edge: [
                Bend(middles[node] - left, tops[rank], tops[rank] + heights[rank])
                for rank, node in enumerate(chain[1:-1], ranks[edge[0]] + 1)
            ]
            for edge, chain in chains.items()
        },
        Size(right - left, tops[-1] + heights[-1]),
    )


def _ranks(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The row of each box: one below the lowest that leads to it."""
    ranks = dict.fromkeys(nodes, 0)
    while lower := [(source, target) for source, target in edges if ranks[target] <= ranks[source]]:
        for source, target in lower:
            ranks[target] = max(ranks[target], ranks[source] + 1)
    return ranks


def _chain(edge: Edge, ranks: Mapping[str, int]) -> list[str]:
    """An edge from row to row: its source, a bend in each row between, its target."""
    source, target = edge
    between = range(ranks[source] + 1, ranks[target])
    return [source, *(f"{source} > {target} in row {rank}" for rank in between), target]


def _rows(ranks: Mapping[str, int], chains: Iterable[Sequence[str]]) -> list[list[str]]:
    rows: list[list[str]] = [[] for _ in range(max(ranks.values()) + 1)]
    for node, rank in ranks.items():
        rows[rank].append(node)
    for chain in chains:
        for rank, bend in enumerate(chain[1:-1], ranks[chain[0]] + 1):
            rows[rank].append(bend)
    return rows


def _sorted(rows: Sequence[Sequence[str]], links: Sequence[Edge]) -> list[list[str]]:
    """The rows in the order that crosses the fewest arrows, of all that were tried."""
    best, current = [list(row) for row in rows], [list(row) for row in rows]
    fewest = _crossings(best, links)
    beside = _neighbours(links)
    for sweep in range(SWEEPS):
        places = {node: place for row in current for place, node in enumerate(row)}
        for row in current if sweep % 2 == 0 else reversed(current):
            row.sort(key=lambda node: _middle([places[one] for one in beside[node]], places[node]))
            places.update({node: place for place, node in enumerate(row)})
        if (crossings := _crossings(current, links)) < fewest:
            best, fewest = [list(row) for row in current], crossings
    return best


def _crossings(rows: Sequence[Sequence[str]], links: Sequence[Edge]) -> int:
    places = {
        node: (rank, place) for rank, row in enumerate(rows) for place, node in enumerate(row)
    }
    ends = [(places[source], places[target]) for source, target in links]
    return sum(
        one[0][0] == other[0][0] and (one[0] < other[0]) != (one[1] < other[1])
        for one, other in combinations(ends, 2)
        if one[0] != other[0] and one[1] != other[1]
    )


def _neighbours(links: Iterable[Edge]) -> Mapping[str, list[str]]:
    beside: defaultdict[str, list[str]] = defaultdict(list)
    for source, target in links:
        beside[source].append(target)
        beside[target].append(source)
    return beside


def _middle(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise


def _middles(
    rows: Sequence[Sequence[str]], links: Iterable[Edge], widths: Mapping[str, float], gap: float
) -> dict[str, float]:
    """Each box near the middle of its neighbours, none over another."""
    beside = _neighbours(links)
    middles = {node: 0.0 for row in rows for node in row}
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = [
                _middle([middles[one] for one in beside[node]], middles[node]) for node in row
            ]
            middles.update(_apart(row, wanted, widths, gap))
    return middles


def _apart(
    row: Sequence[str], wanted: Sequence[float], widths: Mapping[str, float], gap: float
) -> dict[str, float]:
    """The positions nearest to those wanted (least squares) that keep order and distance.

    Boxes that would overlap are pooled and stand together around the middle of what they want.
    """
    steps = [0.0, *((widths[one] + widths[next_]) / 2 + gap for one, next_ in pairwise(row))]
    offsets = [sum(steps[: place + 1]) for place in range(len(row))]
    pools: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        pools.append([want - offset])
        while len(pools) > 1 and _middle(pools[-2], 0) > _middle(pools[-1], 0):
            pools[-2:] = [pools[-2] + pools[-1]]
    settled = [_middle(pool, 0) for pool in pools for _ in pool]
    return {node: at + offset for node, at, offset in zip(row, settled, offsets, strict=True)}

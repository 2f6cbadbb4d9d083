"""The same callers elsewhere: every area and every centre, wherever one of its kin was shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from menus.engine import State
from menutools.walk import Visit, Walk

Kin = Mapping[str, Sequence[str]]
"""The id of an area or a centre that callers choose → all the ids that it stands for."""


def elsewhere(walk: Walk, kin: Kin) -> Iterator[tuple[Visit, str, State]]:
    """A visit, another place, and the state of who stands there having chosen that place.

    One visit of a kind is enough: the same screen, asking the same place of callers whose other
    answers are the same.
    """
    tried = set()
    for spot, visit in walk.visits.items():
        for query, told in visit.heard.items() if spot.page == 0 else ():
            if told is None or told not in kin:
                continue
            others = frozenset(pair for pair in visit.heard.items() if pair[0] != query)
            kind = (spot.node, query, kin[told][0], others)
            if kind not in tried:
                tried.add(kind)
                yield from ((visit, place, _moved(visit.state, told, place)) for place in kin[told])


def _moved(state: State, chosen: str, instead: str) -> State:
    trail = (
        replace(step, answer=instead) if step.answer == chosen else step for step in state.trail
    )
    return replace(state, trail=tuple(trail))

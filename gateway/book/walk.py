"""Every screen, for every caller who could see something else there, through the real engine.

Breadth first, so that the keys that lead to a visit are the shortest that do. Callers who can
see nothing different from here on are one (`readings.py`); what has to be known to tell them apart
is learnt on the way, so the walk is repeated until it learns nothing new.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Final

from gateway.book.country import Cast
from gateway.book.findings import found_out
from gateway.book.readings import Query, listen
from gateway.conversation import MOST_PARTS
from menus import navigation
from menus.engine import Engine, Page, State, Turn
from menus.pages import MOST_OPTIONS
from menus.script import SCREENS, Ask, Caller, View

Node = tuple[str, tuple[str, ...]]
"""A screen, and where the shared dialogues around it lead back to."""

Needs = Mapping[Node, frozenset[Query]]
"""What has to be known of a caller's way, to know all that she can see from a node on."""

Spot = Hashable
"""A visit's identity: node, page, and the answers to what has to be known."""

_OPTION_KEYS: Final = tuple(str(number) for number in range(1, MOST_OPTIONS + 1))


@dataclass(slots=True)
class Visit:
    """One caller on one page, and what came of each key she could press.

    `came_from` is where she stood before; None on the first screen and after a change of
    language. `fault` says what went wrong when the screen could not be shown or left.
    """

    keys: tuple[str, ...]
    state: State
    came_from: State | None = None
    view: View | None = None
    page: Page | None = None
    heard: Mapping[Query, str | None] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    leads: dict[str, list[Spot]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def screen(self) -> str:
        return self.state.trail[-1].screen

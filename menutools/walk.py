"""Every screen, for every caller who could see something else there, through the real engine.

Breadth first, so that the keys that lead to a visit are the shortest that do. Callers who can see
nothing different from here on are one (`readings.py`); what tells them apart is learnt on the way,
so the walk is repeated until it learns nothing new.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.conversation.cumulative import MOST_PARTS
from menus import navigation
from menus.engine import Engine, Page, State, Turn
from menus.pages import MOST_OPTIONS
from menus.script import SCREENS, Ask, Caller, Choose, End, Screen, View
from menutools.readings import Query, listen
from menutools.sample_callers import Cast
from menutools.service_answers import found_out

OPTION_KEYS: Final = tuple(str(number) for number in range(1, MOST_OPTIONS + 1))
LEAVING_KEYS: Final = (navigation.EXIT_KEY, navigation.BACK_KEY)


class Node(NamedTuple):
    """A screen, with the names of those that the shared dialogues around it lead back to."""

    screen: str
    returns: tuple[str, ...]


class Spot(NamedTuple):
    """What makes a visit: a page of a node, and all that has to be known of the way there."""

    node: Node
    page: int
    known: frozenset[tuple[Query, str]]


Needs = Mapping[Node, frozenset[Query]]
"""What has to be known of a caller's way, to know all that she can see from a node on."""


@dataclass(slots=True)
class Visit:
    """A caller on a page, and what comes of each key she may press.

    `before` is where she stood one key ago; None on the first screen. `leads` has the keys that
    were followed, each with where she may stand then, by what the service finds out; `passed` those
    that were not, because others stand for them. `faults` says what went wrong when the screen was
    shown or left.
    """

    keys: tuple[str, ...]
    state: State
    before: State | None
    made: bool = False
    view: View | None = None
    page: Page | None = None
    heard: Mapping[Query, str | None] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    leads: dict[str, list[State]] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @property
    def screen(self) -> str:
        return self.state.trail[-1].screen

    def onward(self) -> Iterator[State]:
        """Every state that one of her keys may bring her to."""
        return (state for states in self.leads.values() for state in states)


class Walk:
    """A walk through everything, in one language; `visits` is what it found.

    `doors` are screens where some callers begin; `knowing` is what may be known of a call when it
    does; `needs` known from another language save it from learning them again.
    """

    def __init__(
        self,
        engine: Engine,
        cast: Cast,
        language: str,
        needs: Needs | None = None,
        doors: Iterable[Screen] = (),
        knowing: Iterable[Mapping[str, str]] = (),
    ) -> None:
        self.language = language
        self.needs: Needs = needs or {}
        self.visits: dict[Spot, Visit] = {}
        self._engine, self._cast = engine, cast
        self._arrivals: list[Visit] = []
        self._waiting: deque[Visit] = deque()
        for start in (None, *doors):
            for facts in ({}, *knowing):
                self._arrive(engine.begin(language, start, facts), (), None)
        self._go_everywhere()

    @property
    def first(self) -> Visit:
        """Where everybody begins."""
        return next(iter(self.visits.values()))

    def at(self, state: State) -> Visit:
        """The visit that stands for all callers who are in this state."""
        return self.visits[self.spot(state)]

    def spot(self, state: State) -> Spot:
        """What a state has in common with all that no screen further on tells from it."""
        here = state.trail[-1]
        node = Node(here.screen, here.returns)
        caller = self._caller(state)
        told = ((query, query.ask(caller)) for query in self.needs.get(node, ()))
        known = frozenset((query, answer) for query, answer in told if answer is not None)
        return Spot(node, here.page, known)

    def _go_everywhere(self) -> None:
        while self._waiting:
            while self._waiting:
                self._visit(self._waiting.popleft())
            self._tell_apart(_learnt(self.visits, self.needs))

    def _tell_apart(self, needs: Needs) -> None:
        """Look at all who came with what is known by now: some were taken for one wrongly.

        Whoever was visited stays: of those that were taken for one, she was the first.
        """
        if needs == self.needs:
            return
        self.needs, self.visits = needs, {}
        for arrival in self._arrivals:
            self.visits.setdefault(self.spot(arrival.state), arrival)
        self._waiting.extend(visit for visit in self.visits.values() if not visit.made)

    def _arrive(self, state: State, keys: tuple[str, ...], before: State | None) -> None:
        arrival = Visit(keys, state, before)
        self._arrivals.append(arrival)
        if self.visits.setdefault(self.spot(state), arrival) is arrival:
            self._waiting.append(arrival)

    def _caller(self, state: State) -> Caller:
        return Caller(self._engine.country, state.language, state.trail)

    def _visit(self, visit: Visit) -> None:
        visit.made = True
        try:
            screen = SCREENS[visit.screen]
            visit.view, visit.heard = listen(screen, self._caller(visit.state))
            visit.page = self._engine.page(visit.state)
            for typed, turn in self._turns(visit):
                visit.turns[typed] = turn
                self._follow(visit, typed, turn)
        except Exception as error:  # noqa: BLE001 - whatever a screen raises is a finding
            visit.faults.append(f"raises {type(error).__name__}: {error}")

    def _turns(self, visit: Visit) -> Iterator[tuple[str, Turn]]:
        """Each key that does something here, and what it does."""
        if isinstance(visit.view, End):
            return
        for key in LEAVING_KEYS:
            yield key, self._engine.turn(visit.state, key)
        for key in OPTION_KEYS:
            turn = self._engine.turn(visit.state, key)
            if turn.note is not None:
                break
            yield key, turn
        for typed in self._cast.typed if isinstance(visit.view, Ask) else ():
            turn = self._engine.turn(visit.state, typed)
            if turn.note is None:
                yield typed, turn

    def _follow(self, visit: Visit, typed: str, turn: Turn) -> None:
        if typed in LEAVING_KEYS:
            return
        if self._passes_by(visit, turn):
            visit.passed.add(typed)
            return
        if len(visit.keys) == MOST_PARTS:
            visit.faults.append(f"is {MOST_PARTS} keys away, and no session takes more")
            return
        visit.leads[typed] = [
            state for state in self._outcomes(turn) if state.language == self.language
        ]
        for state in visit.leads[typed]:
            before = visit.state if _can_go_back(state) else None
            self._arrive(state, (*visit.keys, typed), before)

    def _outcomes(self, turn: Turn) -> list[State]:
        """Where she may stand next, by what the service finds out."""
        if turn.intent is None:
            return [turn.state]
        return [turn.state.learn(facts) for facts in found_out(turn.intent, self.language)]

    def _passes_by(self, visit: Visit, turn: Turn) -> bool:
        """Whether she chose an area or a centre for which another one stands.

        The first of a list is always followed, so that no list is a dead end.
        """
        trail = turn.state.trail
        if len(trail) <= len(visit.state.trail) or not isinstance(visit.view, Ask | Choose):
            return False
        chosen, others = trail[-2].answer, self._cast.passed_by
        first = next((one.keep for one in visit.view.options if one.keep in others), None)
        return chosen in others and chosen != first


def _can_go_back(state: State) -> bool:
    return len(state.trail) > 1 or state.trail[-1].page > 0


def _learnt(visits: Mapping[Spot, Visit], needs: Needs) -> Needs:
    """What each node asks, and what is asked further on that was decided before it."""
    asked = {node: set(queries) for node, queries in needs.items()}
    onward: dict[Node, set[Node]] = {}
    for spot, visit in visits.items():
        asked.setdefault(spot.node, set()).update(visit.heard)
        steps = (state.trail[-1] for state in visit.onward())
        further = {Node(step.screen, step.returns) for step in steps}
        onward.setdefault(spot.node, set()).update(further)
    while any(_inherit(asked, node, further) for node, further in onward.items()):
        pass
    return {node: frozenset(queries) for node, queries in asked.items()}


def _inherit(asked: dict[Node, set[Query]], node: Node, further: set[Node]) -> bool:
    """Let `node` ask what is asked `further` on; whether that was new to it."""
    before = len(asked[node])
    for query in (query for next_ in further for query in asked[next_]):
        if not query.settled_at(node.screen):
            asked[node].add(query)
    return len(asked[node]) > before

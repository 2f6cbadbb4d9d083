"""One turn of the dialogue without I/O, at its deepest screen; and the search for a place.

Limits: a turn at most 150 µs, a search over all sectors at most 1 ms (medians).
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial

from gateway.catalogues import loading
from gateway.country import Pack, load_country
from menus import welcome
from menus.engine import Engine, State
from menus.speech import Speech

TURN_LIMIT = 150e-6
SEARCH_LIMIT = 1e-3

TO_CONFIRM = (2, 1, 1, 4, 1, 1, 1, 3, 2, 1, 1, 1, 2, "2580")
"""From the first screen to the last question of a report: the longest way there is."""


def main() -> int:
    """Print the table; 1 when a limit is missed."""
    pack = load_country("rw")
    catalogues = loading.load(loading.LOCALES, tuple(pack.languages))
    engine = Engine(
        welcome.first,
        pack.menus_country(tuple(pack.languages), pack.ranking()),
        Speech(catalogues),
    )
    rows = [
        (f"turn at the deepest screen, {language}", _turn(engine, language), TURN_LIMIT)
        for language in pack.languages
    ]
    rows.append(("search for a sector", _search(pack), SEARCH_LIMIT))
    print(f"{'what':40} {'median':>10} {'limit':>10}")
    for what, median, limit in rows:
        print(f"{what:40} {median * 1e6:7.0f} µs {limit * 1e6:7.0f} µs")
    return int(any(median > limit for _, median, limit in rows))


def _turn(engine: Engine, language: str) -> float:
    """Median seconds to take an input that cannot be used and lay out the page with its note."""
    state = _deepest(engine, language)

    def turn() -> None:
        moved = engine.turn(state, "7")
        engine.page(moved.state, moved.note)

    return _median(turn for _ in range(2000))


def _deepest(engine: Engine, language: str) -> State:
    state = engine.begin(language)
    for key in TO_CONFIRM:
        turn = engine.turn(state, str(key))
        state = turn.state.learn({}) if turn.intent else turn.state
    assert state.trail[-1].screen == "report.confirm", state.trail[-1].screen
    return state


def _search(pack: Pack) -> float:
    names = [one.name for one in pack.places.all(pack.places.search_level)]
    letters = [name[:length] for name in random.Random(7).sample(names, 200) for length in (3, 5)]
    return _median(partial(pack.places.search, typed) for typed in letters)


def _median(works: Iterable[Callable[[], object]]) -> float:
    taken = []
    for work in works:
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())

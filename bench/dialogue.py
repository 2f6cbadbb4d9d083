"""One turn of the dialogue without I/O, at its deepest screen; and what a country costs."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from bench.tables import Table, Target
from gateway.country import translations
from gateway.country.pack import Pack, load_country
from menus.callers import welcome
from menus.engine import Engine, State
from menus.speech import Speech

TURN_LIMIT = 150
SEARCH_LIMIT = 1000
RANKING_LIMIT = 5000
CATALOGUES_LIMIT = 400_000
"""Microseconds. Every process reads the catalogues when it starts, several at once."""

TO_CONFIRM = (2, 1, 1, 4, 1, 1, 1, 3, 2, 1, 1, 1, 2, "2580")
"""From the first screen to the last question of a report: the longest way there is."""


def run(*, quick: bool) -> Sequence[Table]:
    """One table, whose limits are targets."""
    times = 50 if quick else 2000
    pack = load_country("rw")
    catalogues = translations.shipped(pack.languages)
    country = pack.menus_country(tuple(pack.languages), pack.ranking())
    engine = Engine(welcome.first, country, Speech(catalogues))
    taken = {f"a turn in {code}": _turn(engine, code, times) for code in pack.languages}
    country_costs = {
        "a search": (_search(pack), SEARCH_LIMIT),
        "a ranking of all centres": (_median([pack.ranking] * 10), RANKING_LIMIT),
        "reading the catalogues": (_median([partial(_read, pack)] * 3), CATALOGUES_LIMIT),
    }
    rows = [*taken.items(), *((what, seconds) for what, (seconds, _) in country_costs.items())]
    return [
        Table(
            "A turn at the deepest screen, and what a country costs",
            ("what", "median µs"),
            [(what, seconds * 1e6) for what, seconds in rows],
            [
                Target("µs of the slowest turn", max(taken.values()) * 1e6, TURN_LIMIT, most=True),
                *(
                    Target(f"µs of {what}", seconds * 1e6, limit, most=True)
                    for what, (seconds, limit) in country_costs.items()
                ),
            ],
        )
    ]


def _read(pack: Pack) -> None:
    translations.load(translations.LOCALES, tuple(pack.languages))


def _turn(engine: Engine, language: str, times: int) -> float:
    """Median seconds to take an input that cannot be used and lay out the page with its note."""
    state = _deepest(engine, language)

    def turn() -> None:
        moved = engine.turn(state, "7")
        engine.page(moved.state, moved.note)

    return _median(turn for _ in range(times))


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

"""The rules for all screens together: what leads where, what is met first, what stays behind."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence

from menus import navigation
from menus.script import Choose, End, Onward, Option
from menutools.books import Book
from menutools.catalogues.forbidden import betrays, names_violence
from menutools.walk import Spot, Visit, Walk


def goes_round_for_ever(walk: Walk) -> Iterator[tuple[Visit, str]]:
    """Each caller can go on to an end, or to a screen that has told her all it knows.

    A key that was passed by leads where the one does that stands for it.
    """
    before: defaultdict[Spot, set[Spot]] = defaultdict(set)
    for spot, visit in walk.visits.items():
        for state in visit.onward():
            before[walk.spot(state)].add(spot)
    waiting = deque(spot for spot, visit in walk.visits.items() if _has_told_all(visit))
    arrived = set(waiting)
    while waiting:
        further = before[waiting.popleft()] - arrived
        arrived |= further
        waiting.extend(further)
    for spot, visit in walk.visits.items():
        if spot not in arrived and not visit.faults:
            yield visit, "leads to no end"


def costs_a_key_more(book: Book, walk: Walk) -> Iterator[tuple[Visit, str]]:
    """A question has one page in every language: nobody looks for "No" behind "More"."""
    for spot, visit in walk.visits.items():
        if spot.page > 0 and visit.screen not in book.lists:
            yield visit, "does not fit one page"


def is_never_shown(walks: Iterable[Walk], screens: Iterable[str]) -> Iterator[str]:
    """No screen that nobody comes to: what it says was never looked at."""
    shown = {visit.screen for walk in walks for visit in walk.visits.values()}
    for name in sorted(set(screens) - shown):
        yield f"{name}: nobody comes to this screen"


def differs_by_language(walks: Sequence[Walk]) -> Iterator[tuple[Walk, Visit, str]]:
    """The same answers lead to the same screens, whatever the language."""
    first, *others = walks
    for walk in others:
        for spot in [spot for spot in {**first.visits, **walk.visits} if spot.page == 0]:
            one, other = first.visits.get(spot), walk.visits.get(spot)
            if one is None or other is None:
                there = one or walk.visits[spot]
                yield walk, there, f"is met in {first.language} or {walk.language}, not in both"
            elif _targets(one) != _targets(other):
                yield walk, other, f"does not lead where it does in {first.language}"


def hides_the_urgent(book: Book, walk: Walk) -> Iterator[str]:
    """Whoever is in danger presses one key."""
    ahead = {state.trail[-1].screen for state in walk.first.onward()}
    if book.urgent and book.urgent.name not in ahead:
        yield f"{book.urgent.name} is more than one key away"


def tells_before_a_choice(book: Book, walk: Walk) -> Iterator[str]:
    """Whoever picks up the phone sees a line about health, and a bland farewell."""
    pages = [visit.page.text for visit in walk.visits.values() if visit.page and not visit.keys]
    texts = [*pages, book.speech.say(navigation.FAREWELL, walk.language)]
    if book.neutral:
        yield from (f"says {word!r}" for text in texts if (word := names_violence(text)))


def visit_faults(book: Book, walk: Walk) -> Iterator[tuple[Visit, str]]:
    """What is wrong with a visit as one of many."""
    yield from goes_round_for_ever(walk)
    yield from costs_a_key_more(book, walk)


def first_faults(book: Book, walk: Walk) -> Iterator[str]:
    """What is wrong with the first screen."""
    yield from hides_the_urgent(book, walk)
    yield from tells_before_a_choice(book, walk)


def tells_by_sms(book: Book, language: str) -> Iterator[str]:
    """An SMS stays on the phone, for whoever reads it next."""
    titles = book.cast.country.titles.values()
    for text in book.sms:
        said = book.speech.say(text, language)
        if word := betrays(said, titles):
            yield f"an SMS to a caller says {word!r}: {said!r}"


def pages_differ(walks: Sequence[Walk]) -> Iterator[str]:
    """No fault, but good to know: screens that take a key more in one language than in another."""
    pages: dict[str, dict[str, int]] = defaultdict(dict)
    for walk in walks:
        for spot, visit in walk.visits.items():
            most = pages[visit.screen].get(walk.language, 0)
            pages[visit.screen][walk.language] = max(most, spot.page + 1)
    for screen, counts in sorted(pages.items()):
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{language} {count}" for language, count in counts.items())
            yield f"{screen}: {told}"


def _has_told_all(visit: Visit) -> bool:
    if isinstance(visit.view, Choose) and not visit.view.options:
        return True
    return isinstance(visit.view, End) or bool(visit.passed)


def _targets(visit: Visit) -> list[tuple[object, ...]]:
    options = () if visit.view is None or isinstance(visit.view, End) else visit.view.options
    return [_target(one) for one in options]


def _target(one: Option) -> tuple[object, ...]:
    goto = "onward" if isinstance(one.goto, Onward) else one.goto and one.goto.name
    then = one.then and one.then.name
    return goto, then, one.keep, type(one.intent), one.language

"""A dialogue as a script, for `isange menus show`: for translators and counsellors to read aloud.

Each screen with why it is there, every page as the phone shows it, and where each key leads. What
differs in nothing but names is printed once.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from gateway.country.po_files import SOURCE
from gateway.runtime.errors import OperatorError
from menus import gsm7
from menus.script import SCREENS, End, View
from menutools.books import BOOKS, Book, open_book
from menutools.dialogues import dialogues, label_of, template
from menutools.walk import OPTION_KEYS, Visit, Walk

WIDTH: Final = 44
"""Where the targets stand, right of the longest line that most phones show in one."""

PAPER: Final = 96


def show(name: str, language: str, country: str) -> str:
    """The script of a dialogue in a language. Raises OperatorError where there is none."""
    known = sorted({screen.partition(".")[0] for screen in SCREENS})
    unknown = OperatorError(f"{name} is no dialogue: choose one of {', '.join(known)}")
    for book in (open_book(book, country) for book in BOOKS):
        if language not in book.languages:
            spoken = ", ".join(book.languages)
            raise OperatorError(f"{language} is not spoken here: choose one of {spoken}")
        if name not in known:
            raise unknown  # Before the walk, which takes its time.
        walk = book.walk(language)
        found = {dialogue.name: dialogue for dialogue in dialogues(walk)}
        if name in found:
            head = f"{name}: {found[name].about}"
            screens = (_screen(book, walk, box.screen) for box in found[name].boxes)
            return "\n".join([head, *screens])
    raise unknown


def _screen(book: Book, walk: Walk, screen: str) -> str:
    why = " ".join(SCREENS[screen].why.split())
    lines = ["", "=" * PAPER, screen, *textwrap.wrap(why, PAPER)]
    for visit, view in _variants(walk, screen):
        lines += ["", f"Keys: {' '.join(visit.keys) or '(dial)'}"]
        for page in _pages(walk, visit):
            lines += ["", *_page(page)]
        if walk.language != SOURCE:
            lines += ["", *textwrap.wrap(f"English: {_in_english(book, view)}", PAPER)]
    return "\n".join(lines)


def _variants(walk: Walk, screen: str) -> list[tuple[Visit, View]]:
    """One visit for each text and each set of options that the screen may have."""
    found: dict[object, tuple[Visit, View]] = {}
    for spot, visit in walk.visits.items():
        if visit.screen == screen and spot.page == 0 and visit.view is not None:
            found.setdefault(_kind(visit.view), (visit, visit.view))
    return list(found.values())


def _kind(view: View) -> object:
    """What a screen is without its names: how many there are makes no difference."""
    options = () if isinstance(view, End) else view.options
    return template(view.text), frozenset((label_of(one), one.goto) for one in options)


def _pages(walk: Walk, visit: Visit) -> Iterator[Visit]:
    """The page itself and all behind More."""
    yield visit
    for state in visit.onward():
        if len(state.trail) == len(visit.state.trail) and state.trail[-1].page:
            yield from _pages(walk, walk.at(state))


def _page(visit: Visit) -> Iterator[str]:
    text = visit.page.text if visit.page else ""
    for line in text.split("\n"):
        key = line[0] if line[:2].strip() in OPTION_KEYS else ""
        first, *rest = textwrap.wrap(line, WIDTH, subsequent_indent="  ") or [""]
        yield f"    {first:{WIDTH}} {_target(visit, key)}".rstrip()
        yield from (f"    {more}" for more in rest)
    yield f"    {'':{WIDTH}} {gsm7.septets(text)} of {gsm7.PAGE} septets"


def _target(visit: Visit, key: str) -> str:
    if key not in visit.turns:
        return ""
    there = visit.turns[key].state
    if len(there.trail) == len(visit.state.trail):
        return "-> next page"
    return f"-> {there.trail[-1].screen}"


def _in_english(book: Book, view: View) -> str:
    options = () if isinstance(view, End) else view.options
    words = [view.text, *(one.label for one in options)]
    return " / ".join(book.speech.say(one, SOURCE).replace("\n", " / ") for one in words)

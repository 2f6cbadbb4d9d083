"""What leads where, as a reader of the code wants to see it: one drawing for each dialogue.

A dialogue is a module of screens. What is drawn was walked, so an arrow is a key that somebody can
press. A dialogue that others borrow (`then`) is a door in theirs: in, and out to where they said.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from menus.ports import Name
from menus.script import SCREENS, Ask, Choose, End, Onward, Option, Phrase, Words
from menutools.walk import Visit, Walk

TYPED: Final = "(what is typed)"
A_NAME: Final = "(a name)"
ASKER: Final = "(whoever asked)"


@dataclass(frozen=True, slots=True)
class Lead:
    """An option of a screen: its words, the screen it leads to, and what lies beyond a door.

    `always` is False for what only some callers are offered.
    """

    label: str
    target: str
    then: str | None = None
    always: bool = True


@dataclass(frozen=True, slots=True)
class Box:
    """A screen as it is drawn: each text it may show, in English, and where it leads."""

    screen: str
    texts: Sequence[str]
    leads: Sequence[Lead]
    ends: bool


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The screens of one module, in the order in which callers meet them."""

    name: str
    about: str
    boxes: Sequence[Box]


def dialogues(walk: Walk) -> list[Dialogue]:
    """Every dialogue of a walk in English, in the order in which callers meet them."""
    visits: dict[str, dict[str, list[Visit]]] = {}
    for spot, visit in walk.visits.items():
        if spot.page == 0 and visit.view is not None:
            name = visit.screen.partition(".")[0]
            visits.setdefault(name, {}).setdefault(visit.screen, []).append(visit)
    return [
        Dialogue(name, _about(next(iter(screens))), [_box(walk, *one) for one in screens.items()])
        for name, screens in visits.items()
    ]


def template(words: Words) -> str:
    """A text in English with its {placeholders}, but for those that are texts themselves."""
    if not isinstance(words, Phrase):
        return words
    values = words.values.items()
    filled = {
        name: template(value) if isinstance(value, Phrase) else f"{{{name}}}"
        for name, value in values
    }
    return words.text.format_map(filled)


def label_of(option: Option) -> str:
    """An option's words; all names are one."""
    return A_NAME if isinstance(option.label, Name) else template(option.label)


def _about(screen: str) -> str:
    """The first line of the docstring of a screen's module."""
    module = sys.modules[SCREENS[screen].show.__module__]
    return (module.__doc__ or "").strip().partition("\n")[0]


def _box(walk: Walk, screen: str, visits: Sequence[Visit]) -> Box:
    offered = [list(_leads(walk, visit)) for visit in visits]
    found = Counter(lead for leads in offered for lead in set(leads))
    in_order = dict.fromkeys(lead for leads in sorted(offered, key=len)[::-1] for lead in leads)
    leads = [replace(lead, always=found[lead] == len(visits)) for lead in in_order]
    texts = dict.fromkeys(template(visit.view.text) for visit in visits if visit.view)
    ends = all(isinstance(visit.view, End) for visit in visits)
    return Box(screen, list(texts), leads, ends)


def _leads(walk: Walk, visit: Visit) -> Iterator[Lead]:
    if isinstance(visit.view, Ask):
        then = visit.view.then.name if visit.view.then else None
        yield Lead(TYPED, visit.view.goto.name, then)
    if isinstance(visit.view, Ask | Choose):
        yield from (_lead(walk, option) for option in visit.view.options)


def _lead(walk: Walk, option: Option) -> Lead:
    label = label_of(option)
    then = option.then.name if option.then else None
    if option.goto is None:
        return Lead(label, walk.first.screen, then)
    if isinstance(option.goto, Onward):
        return Lead(label, ASKER, then)
    return Lead(label, option.goto.name, then)

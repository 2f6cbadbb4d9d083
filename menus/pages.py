"""How a screen is laid out on a phone that shows 160 septets at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from menus.gsm7 import PAGE, cut, septets

MOST_OPTIONS = 8
"""Lines numbered 1-8 on a page: 9 is Back and 0 is Exit."""

_REPEATED_HEAD = 40
"""A question of at most this many septets is shown again on the pages that follow."""

_LEAST_SPARE = 20
"""Septets beside More and the footer without which a page could not say anything."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of a screen: options `first` to `first + shown`, then More when `more`."""

    text: str
    first: int
    shown: int
    more: bool

    @property
    def last_key(self) -> int:
        """The highest number that means something on this page."""
        return self.shown + self.more


@lru_cache(maxsize=8192)
def lay_out(
    head: str,
    labels: tuple[str, ...],
    footer: tuple[str, ...],
    more: str,
    room: int = PAGE,
    least_head: int = 0,
) -> tuple[Leaf, ...]:
    """Spread a head and its numbered labels over as few pages as hold them.

    The same input always gives the same pages, so option numbers never move between the moment a
    page is shown and the moment its answer is read. A head too long for one page is spread too;
    a label too long for one is cut. `least_head` septets above the labels stay free for a note
    that takes the head's place. Raises ValueError when the footer leaves no room.
    """
    spare = room - septets(page("", [more], footer)) - len("\n")
    longest = spare - least_head - len("\n1 ")
    if longest < _LEAST_SPARE:
        raise ValueError("the footer leaves no room for a question")
    fitting = tuple(cut(label, longest) for label in labels)
    return tuple(_leaves(head.strip(), fitting, footer, more, _Room(room, spare, least_head)))


@dataclass(frozen=True, slots=True)
class _Room:
    """Septets of a page, those beside More and the footer, and those that a head has at least."""

    page: int
    spare: int
    least_head: int

    def holds(self, head: str, labels: Sequence[str], footer: Sequence[str]) -> bool:
        return septets(page(head.ljust(self.least_head), labels, footer)) <= self.page


def _leaves(
    head: str, labels: Sequence[str], footer: Sequence[str], more: str, room: _Room
) -> Iterator[Leaf]:
    first = 0
    while True:
        rest = labels[first:]
        if len(rest) <= MOST_OPTIONS and room.holds(head, rest, footer):
            yield Leaf(page(head, rest, footer), first, len(rest), more=False)
            return
        shown = _most_that_fit(head, rest, footer, more, room)
        if shown:
            yield Leaf(page(head, [*rest[:shown], more], footer), first, shown, more=True)
            first += shown
            head = head if septets(head) <= _REPEATED_HEAD else ""
        else:
            part = cut(head, room.spare)
            yield Leaf(page(part, [more], footer), first, 0, more=True)
            head = head[len(part) :].lstrip()


def page(head: str, labels: Sequence[str], footer: Sequence[str]) -> str:
    """The text of one page: head, numbered labels, footer, one a line."""
    numbered = [f"{number} {label}" for number, label in enumerate(labels, 1)]
    return "\n".join(line for line in (head, *numbered, *footer) if line)


def _most_that_fit(
    head: str, labels: Sequence[str], footer: Sequence[str], more: str, room: _Room
) -> int:
    for shown in range(min(len(labels), MOST_OPTIONS - 1), 0, -1):
        if room.holds(head, [*labels[:shown], more], footer):
            return shown
    return 0

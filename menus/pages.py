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
    head: str, labels: tuple[str, ...], footer: tuple[str, ...], more: str, room: int = PAGE
) -> tuple[Leaf, ...]:
    """Spread a head and its numbered labels over as few pages as hold them.

    The same input always gives the same pages, so option numbers never move between the moment a
    page is shown and the moment its answer is read. A head too long for one page is spread too.
    """
    return tuple(_leaves(head, labels, footer, more, room))


def _leaves(
    head: str, labels: Sequence[str], footer: Sequence[str], more: str, room: int
) -> Iterator[Leaf]:
    first = 0
    while True:
        rest = labels[first:]
        whole = page(head, rest, footer)
        if len(rest) <= MOST_OPTIONS and septets(whole) <= room:
            yield Leaf(whole, first, len(rest), more=False)
            return
        shown = _most_that_fit(head, rest, footer, more, room)
        if shown:
            yield Leaf(page(head, [*rest[:shown], more], footer), first, shown, more=True)
            first += shown
            head = head if septets(head) <= _REPEATED_HEAD else ""
            continue
        part, head = _split(head, room - septets(page("", [more], footer)) - 1)
        if not part:
            labels = [*labels[:first], *(cut(label, room // 3) for label in rest)]
            continue
        yield Leaf(page(part, [more], footer), first, 0, more=True)


def page(head: str, labels: Sequence[str], footer: Sequence[str]) -> str:
    """The text of one page: head, numbered labels, footer, one a line."""
    numbered = [f"{number} {label}" for number, label in enumerate(labels, 1)]
    return "\n".join(line for line in (head, *numbered, *footer) if line)


def _most_that_fit(
    head: str, labels: Sequence[str], footer: Sequence[str], more: str, room: int
) -> int:
    for shown in range(min(len(labels), MOST_OPTIONS - 1), 0, -1):
        if septets(page(head, [*labels[:shown], more], footer)) <= room:
            return shown
    return 0


def _split(text: str, room: int) -> tuple[str, str]:
    part = cut(text, room)
    if part == text and part:
        # The text fits but left no room for a single option: it gets a page of its own.
        return part, ""
    return part, text[len(part) :].lstrip()

"""Paging: whatever a screen says, each part of it can be read and each option chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menus import gsm7
from menus.pages import MOST_OPTIONS, Leaf, lay_out, page

MORE = "More"
FOOTER = ("9 Back", "0 Exit")

letters = st.sampled_from("abcdefgh €éß.?")
words = st.text(letters, max_size=60)
long_words = st.text("ab€", min_size=90, max_size=300)
heads = st.one_of(words, long_words, st.text(st.one_of(letters, st.just("\n")), max_size=500))
labels = st.lists(st.one_of(st.text(letters, max_size=14), words), max_size=40).map(tuple)


@dataclass(frozen=True)
class Screen:
    """What a screen wants to say, and the room it has."""

    head: str
    labels: tuple[str, ...]
    footer: tuple[str, ...]
    room: int
    least_head: int

    def pages(self) -> tuple[Leaf, ...]:
        return lay_out(self.head, self.labels, self.footer, MORE, self.room, self.least_head)

    def numbered(self, leaf: Leaf) -> list[str]:
        """The numbered lines of a page, More included."""
        lines = leaf.text.split("\n")
        return lines[len(lines) - len(self.footer) - leaf.last_key : -len(self.footer)]

    def bare(self, leaf: Leaf) -> list[str]:
        """The same lines without their numbers."""
        return [line[2:] for line in self.numbered(leaf)]

    def takes(self, head: str, labels: Sequence[str]) -> bool:
        """Whether one page holds these."""
        whole = page(head.strip().ljust(self.least_head), labels, self.footer)
        return gsm7.septets(whole) <= self.room

    def head_of(self, leaf: Leaf) -> str:
        return "\n".join(leaf.text.split("\n")[: -len(self.footer) - leaf.last_key])


screens = st.builds(
    Screen,
    heads,
    labels,
    st.sampled_from([FOOTER, FOOTER[1:], ("9 Subira inyuma", "0 Sohoka")]),
    st.sampled_from([gsm7.PAGE, 182, 90, 80]),
    st.sampled_from([0, 1, 16]),
)


@given(screens)
def test_every_page_fits(screen: Screen) -> None:
    assert all(gsm7.septets(leaf.text) <= screen.room for leaf in screen.pages())


@given(screens)
def test_every_option_can_be_reached_once_in_its_order(screen: Screen) -> None:
    reached: list[str] = []
    for leaf in screen.pages():
        assert leaf.first == len(reached)
        reached += screen.bare(leaf)[: leaf.shown]
    beside = page("." * screen.least_head or ".", [".", MORE], screen.footer)
    longest = screen.room - gsm7.septets(beside) + 1
    assert reached == [gsm7.cut(label, longest) for label in screen.labels]


@given(screens)
def test_lines_are_numbered_from_one_and_leave_the_keys_of_back_and_exit_free(
    screen: Screen,
) -> None:
    for leaf in screen.pages():
        numbers = [line[:2] for line in screen.numbered(leaf)]
        assert numbers == [f"{number} " for number in range(1, leaf.last_key + 1)]
        assert leaf.last_key <= MOST_OPTIONS < 9


@given(screens)
def test_more_leads_on_until_the_last_page(screen: Screen) -> None:
    *before, last = screen.pages()
    assert not last.more
    assert all(leaf.more for leaf in before)
    assert all(screen.bare(leaf)[-1] == MORE for leaf in before)


@given(screens)
def test_every_page_ends_with_the_way_out(screen: Screen) -> None:
    assert all(
        leaf.text.split("\n")[-len(screen.footer) :] == [*screen.footer] for leaf in screen.pages()
    )


@given(screens)
def test_the_whole_head_is_read_before_the_first_option(screen: Screen) -> None:
    read: list[str] = []
    for leaf in screen.pages():
        read.append(screen.head_of(leaf))
        if leaf.shown:
            break
    assert _words(read) == _words([screen.head])


@given(screens)
def test_a_page_that_shows_no_option_says_something(screen: Screen) -> None:
    *before, _ = screen.pages()
    assert all(leaf.shown or screen.head_of(leaf).strip() for leaf in before)


@given(screens)
def test_a_note_may_take_the_place_of_any_head(screen: Screen) -> None:
    for leaf in screen.pages():
        noted = page("!" * screen.least_head, screen.bare(leaf), screen.footer)
        assert gsm7.septets(noted) <= screen.room


@given(screens)
def test_one_page_is_enough_where_all_fits_on_one(screen: Screen) -> None:
    if len(screen.labels) <= MOST_OPTIONS and screen.takes(screen.head, screen.labels):
        (only,) = screen.pages()
        assert only.text == page(screen.head.strip(), screen.labels, screen.footer)


@given(screens)
def test_no_page_ends_early(screen: Screen) -> None:
    """One option more would not have fitted: every page costs a key."""
    for leaf, following in pairwise(screen.pages()):
        if leaf.shown and following.shown and leaf.last_key < MOST_OPTIONS:
            longer = [*screen.bare(leaf)[:-1], screen.bare(following)[0], MORE]
            assert not screen.takes(screen.head_of(leaf), longer)


def test_a_short_question_is_asked_again_on_the_next_page() -> None:
    first, second = lay_out("Which district?", tuple("abcdefghij"), FOOTER, MORE)
    assert first.text.split("\n") == [
        "Which district?",
        *("1 a", "2 b", "3 c", "4 d", "5 e", "6 f", "7 g", "8 More"),
        *FOOTER,
    ]
    assert second.text.split("\n") == ["Which district?", "1 h", "2 i", "3 j", *FOOTER]


def test_eight_options_need_no_more() -> None:
    (only,) = lay_out("Which?", tuple("abcdefgh"), FOOTER, MORE)
    assert only.text.split("\n")[-3:] == ["8 h", *FOOTER]


def test_a_long_question_is_not_repeated() -> None:
    question = "Which of all these many centres may help you today?"
    first, second = lay_out(question, tuple("abcdefghij"), FOOTER, MORE)
    assert first.text.startswith(question)
    assert second.text.startswith("1 h")


def test_a_question_too_long_for_a_page_goes_on_over_the_next() -> None:
    question = " ".join(f"word{number}" for number in range(60))
    leaves = lay_out(question, ("Continue",), FOOTER, MORE)
    assert [leaf.shown for leaf in leaves] == [0, 0, 1]
    assert leaves[0].text.split("\n")[1:] == ["1 More", *FOOTER]


def test_an_option_too_long_for_a_page_is_cut() -> None:
    first, second = lay_out("Which?", ("word " * 40, "b"), FOOTER, MORE)
    assert gsm7.septets(first.text) <= gsm7.PAGE
    assert (first.shown, second.shown) == (0, 2)


def test_a_footer_that_fills_the_page_is_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        lay_out("Which?", ("a",), ("0 " + "e" * 140,), MORE)


def _words(texts: Sequence[str]) -> str:
    """The letters alone: a long word may be broken anywhere."""
    return "".join("".join(texts).split())

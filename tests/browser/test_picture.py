"""The animated picture of the README, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.system

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURE = Path(__file__).parents[2] / "docs" / "story.svg"

SEEN = """
(words) => [...document.querySelectorAll('#s0 text, #s1 text')].some((one) => {
  const box = one.getBoundingClientRect();
  const glass = one.closest('[clip-path]').previousElementSibling.getBoundingClientRect();
  return one.textContent === words && box.top >= glass.top && box.bottom <= glass.bottom;
})
"""
"""Whether a phone shows these words now, and not somewhere on its strip behind the glass."""

AT = "(at) => document.getAnimations().forEach((one) => { one.currentTime = at * 1000; })"


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The picture, opened by itself."""
    context = browser.new_context(reduced_motion=getattr(request, "param", "no-preference"))
    opened = context.new_page()
    opened.goto(PICTURE.as_uri())
    yield opened
    context.close()


def sees(page: Page, words: str) -> bool:
    found: bool = page.evaluate(SEEN, words)
    return found


def test_it_plays_and_begins_again(page: Page) -> None:
    page.evaluate("document.getAnimations().forEach((one) => one.pause())")
    (seconds,) = page.evaluate(
        "[...new Set(document.getAnimations()"
        ".map((one) => one.effect.getComputedTiming().duration / 1000))]"
    )

    page.evaluate(AT, 0)
    assert not sees(page, "7 Call me")
    page.evaluate(AT, 5)
    assert sees(page, "7 Call me")
    assert not sees(page, "PIN:")
    page.evaluate(AT, seconds - 1)
    assert not sees(page, "7 Call me")
    page.evaluate(AT, seconds + 5)
    assert sees(page, "7 Call me")


@pytest.mark.parametrize("page", ["reduce"], indirect=True)
def test_who_wants_no_motion_sees_its_end(page: Page) -> None:
    assert page.evaluate("document.getAnimations().length") == 0
    assert sees(page, "2 Call her")
    assert not sees(page, "7 Call me")


def test_no_line_is_wider_than_its_glass(page: Page) -> None:
    wide = page.evaluate("""
      () => [...document.querySelectorAll('#s0 text, #s1 text')]
        .filter((one) => one.getBBox().width > 200).map((one) => one.textContent)
    """)
    assert wide == []

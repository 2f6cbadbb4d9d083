"""The page itself: by keyboard, by touch, readable, light, and silent towards everybody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import Sit
from tests.browser.desk import Desk, Size
from tests.faults.demos import Demo
from tests.services import wait_until

pytestmark = pytest.mark.system

LIGHT = 150_000
"""Bytes that the whole page may weigh."""

FINGER = 44.0
"""Pixels that a finger needs."""

READER = Path(__file__).with_name("reader.js").read_text("utf-8")
"""Three looks at the page, as JavaScript: `poor`, `small` and `nameless`."""


def look(desk: Desk, what: str) -> list[str]:
    """What is wrong with what can be seen now."""
    found: list[str] = desk.page.evaluate(f"{READER}.{what}")
    return found


def test_a_whole_report_by_keyboard_alone(sit: Sit, demo: Demo) -> None:
    desk = sit()
    survivor, duty = desk.phone("survivor"), desk.phone("duty")
    desk.hand_over("duty", "national")
    duty.sees("Dial")
    for _ in range(30):
        if desk.page.evaluate("document.activeElement.dataset.phone") == "survivor":
            break
        survivor.type("Tab")

    survivor.type("Enter", "Enter").sees("7 Call me").answer("7", "1 This number")
    survivor.answer("1", "OK, choose time").answer("1", "1 Now").answer("1", "Code")
    code = survivor.screen.split("Code ")[1][:6]
    survivor.type("Enter").sees("Dial *")
    duty.sees("1 new message")

    survivor.type("Tab", "Tab")
    assert desk.page.evaluate("document.activeElement.dataset.phone") == "duty"
    duty.type("Enter").sees(f"Reply 1 {code}")
    digits = duty.screen.split(f"Reply 1 {code} ")[1][:4]
    duty.type("Enter").sees("1 Reply").type("Enter").sees("0/160")
    duty.type(f"1 {code} {digits}").sees("13/160").type("Backspace", digits[-1], "Enter")

    wait_until(lambda: demo.records.reports()[code] == "accepted", "it is accepted")
    duty.sees("Messages").type("ArrowDown", "ArrowUp", "Escape").sees("new message")
    duty.type("Enter").sees(f"{code} is yours").type("Delete").sees("Messages")
    kept = [one["text"] for one in desk.state()["phones"][2]["messages"]]
    assert not any(f"{code} is yours" in text for text in kept)


def test_a_call_by_touch(sit: Sit) -> None:
    desk = sit(Size.TELEPHONE, has_touch=True, is_mobile=True)
    phone = desk.phone("survivor")

    phone.tap("call").sees("*384*3029#").tap("call").sees("2 I need help")
    phone.tap("4", "left").sees("Which province?").tap("6", "left").sees("first letters")
    phone.root.locator(".line .mode").tap()
    phone.tap("5", "5")  # k, by tapping twice
    phone.sees("k")
    desk.page.locator("[data-tab=lead]").tap()

    assert desk.phone("lead").root.is_visible()
    assert not phone.root.is_visible()


def test_letters_by_tapping_again(sit: Sit) -> None:
    phone = sit().phone("survivor").dial().answer("4", "Which province?")
    phone.answer("6", "first letters")
    phone.root.locator(".line .mode").click()

    phone.click("2", "2", "3", "left")

    request = phone.page.get_by_label("Request")
    wait_until(lambda: "text=4%2A6%2Abd" in request.inner_text(), "bd was sent")


def test_digits_are_dialled_and_taken_back(sit: Sit) -> None:
    phone = sit().phone("neighbour").take()

    phone.type("*", "1", "2", "Backspace").sees("*1").type("#", "Enter")

    phone.page.get_by_text("The network knows no such code.").wait_for()
    phone.sees("Dial *384*3029#")


@pytest.mark.parametrize("size", Size)
def test_it_is_light_and_asks_nobody_else(sit: Sit, size: Size) -> None:
    desk = sit(size)
    desk.tell("call-me")

    files = [one for one in desk.loaded if "/api/" not in one.url]
    assert len(files) > 10
    assert sum(len(one.body()) for one in files) < LIGHT
    assert [url for url in desk.asked if not url.startswith(desk.url)] == []


@pytest.mark.parametrize("size", Size)
def test_it_can_be_read_and_hit(sit: Sit, size: Size) -> None:
    desk = sit(size)
    assert look(desk, "poor()") == []
    desk.phone("survivor").dial()
    assert look(desk, "poor()") == []
    desk.tell("lead")

    assert look(desk, "poor()") == []
    assert look(desk, f"small({FINGER})") == []
    assert look(desk, "nameless()") == []


@pytest.mark.parametrize("size", Size)
def test_nothing_stands_beside_the_page(sit: Sit, size: Size) -> None:
    desk = sit(size)
    desk.tell("call-me")

    wide, window = desk.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= window
    phones = desk.page.locator(".phone:visible")
    assert phones.count() == (1 if size is Size.TELEPHONE else 4)


def test_on_a_projector_the_phones_stand_in_a_row(sit: Sit) -> None:
    desk = sit()
    boxes = [
        desk.phone(name).root.bounding_box() for name in ("survivor", "neighbour", "duty", "lead")
    ]

    assert all(box is not None for box in boxes)
    assert len({round(box["y"]) for box in boxes if box}) == 1
    assert all(box["y"] + box["height"] <= Size.PROJECTOR.value[1] for box in boxes if box)


def test_a_screen_reader_hears_what_arrives(sit: Sit) -> None:
    desk = sit()
    desk.phone("survivor").dial()

    announced = desk.page.locator("#announcements").text_content() or ""

    assert "Survivor: Health & Family Info" in announced
    assert desk.page.locator("#announcements [aria-live=polite]").count() == 4


def test_who_wants_no_motion_sees_none(sit: Sit) -> None:
    desk = sit(reduced_motion="reduce")
    desk.phone("survivor").dial()

    moving = desk.page.evaluate(
        "document.getAnimations().filter((one) => one.playState === 'running').length"
    )
    assert moving == 0


def test_where_the_keyboard_is_can_be_seen(sit: Sit) -> None:
    desk = sit()
    phone = desk.phone("survivor").take().type("ArrowUp")

    outline = phone.root.locator(".case").evaluate("(one) => getComputedStyle(one).outlineStyle")

    assert outline == "solid"


def test_two_pages_show_the_same(sit: Sit) -> None:
    here, there = sit(), sit()

    here.phone("survivor").dial()

    there.phone("survivor").sees("Health & Family Info")
    there.phone("survivor").take().answer("2", "safe to use this phone")
    here.phone("survivor").sees("safe to use this phone")

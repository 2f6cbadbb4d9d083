"""Each story is played to its end, on a telephone and on a projector, and the gateway agrees."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Sit
from tests.browser.desk import Desk, Size
from tests.faults.demos import Demo, run_isange
from tests.services import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.system

SIZES = pytest.mark.parametrize("size", Size)


def code_of(desk: Desk, caller: str) -> str:
    """The code on the last screen of a caller."""
    found = re.search(
        r"\b\d{6,10}\b", desk.phone(caller).root.locator(".display").text_content() or ""
    )
    assert found, "no code on the last screen"
    return found[0]


def text_of(desk: Desk, phone: str) -> str:
    """What a phone shows, also when another one stands before it."""
    return desk.phone(phone).root.locator(".display").text_content() or ""


@SIZES
def test_a_survivor_asks_to_be_called(sit: Sit, demo: Demo, size: Size) -> None:
    desk = sit(size)

    assert "as she asked" in desk.tell("call-me")

    code = code_of(desk, "survivor")
    assert demo.records.reports()[code] == "accepted"
    assert desk.phone("duty").root.locator(".name").text_content() == "National desk"
    assert "9 Back" in text_of(desk, "duty")
    number = desk.phone("survivor").root.locator(".number").text_content()
    assert demo.sent(to=number) == []


@SIZES
def test_a_neighbour_reports_a_child(sit: Sit, demo: Demo, size: Size) -> None:
    desk = sit(size)

    assert "look" in desk.tell("child")

    assert demo.records.reports()[code_of(desk, "neighbour")] == "accepted"
    assert "Worry: Beating, injury" in text_of(desk, "duty")


@SIZES
def test_nobody_accepts_and_the_lead_is_woken(sit: Sit, demo: Demo, size: Size) -> None:
    desk = sit(size)

    assert "taken care of" in desk.tell("lead")

    code = code_of(desk, "survivor")
    assert demo.records.reports()[code] == "accepted"
    assert "accepted by centre lead" in text_of(desk, "duty")
    assert f"{code} is yours" in text_of(desk, "lead")
    late = [sms.text for sms in demo.sent(about=code) if "NOT ACCEPTED in 5 min" in sms.text]
    assert len(late) == 1


def test_a_story_speaks_the_language_that_was_chosen(sit: Sit, demo: Demo) -> None:
    desk = sit()
    desk.page.locator("#language").select_option("fr")
    wait_until(lambda: desk.state()["phones"][1]["language"] == "fr", "the phones speak French")

    desk.tell("child")

    recording = desk.page.request.get(f"{desk.url}api/recording").json()
    screens = [entry["text"] for entry in recording["entries"] if entry["kind"] == "screen"]
    assert any("Info sante et famille" in screen for screen in screens)
    assert not any("Worried about a child" in screen for screen in screens[2:12])


def test_a_language_chosen_reaches_every_phone_when_older_news_comes_in_between(sit: Sit) -> None:
    desk = sit()
    held: list[Route] = []
    desk.page.route("**/api/phones/survivor", lambda route: held.append(route))
    chosen = desk.page.locator("#language")
    chosen.select_option("fr")
    wait_until(lambda: desk.page.title() and held, "the first phone is asked")

    desk.wish("PATCH", "phones/duty", {"late": True})
    wait_until(lambda: chosen.input_value() == "en", "the list shows what the older news said")
    held[0].continue_()

    wait_until(
        lambda: {p["language"] for p in desk.state()["phones"] if not p["staff"]} == {"fr"},
        "all phones of callers speak French",
    )


def test_a_trainer_holds_a_story_up(sit: Sit) -> None:
    desk = sit()
    desk.page.locator("[data-story=lead]").click()
    desk.press("Pause")
    desk.page.get_by_role("button", name="Go on", exact=True).wait_for()
    place = desk.page.locator("#place")
    before = place.inner_text()

    desk.press("Next step")
    wait_until(lambda: place.inner_text() != before, "the story goes on by a step")
    held = desk.state()["story"]
    assert held["state"] == "paused"

    desk.page.locator("#speed").select_option("fast")
    desk.press("Go on")
    wait_until(lambda: desk.state()["story"]["step"] > held["step"] + 3, "it goes on by itself")
    desk.press("End the story")
    desk.page.locator("#player").wait_for(state="hidden")
    assert desk.state()["story"] is None


def test_on_a_telephone_the_page_follows_the_story(sit: Sit) -> None:
    desk = sit(Size.TELEPHONE)

    desk.tell("lead")

    assert desk.phone("duty").root.is_visible()
    assert desk.page.locator("[data-tab=duty]").get_attribute("aria-selected") == "true"
    top = desk.phone("duty").root.locator(".glass").bounding_box()
    player = desk.page.locator("#player").bounding_box()
    assert top is not None
    assert player is not None
    assert top["y"] >= 0
    assert top["y"] + top["height"] <= player["y"]


def test_a_recording_is_saved(sit: Sit) -> None:
    desk = sit()
    desk.tell("call-me")

    with desk.page.expect_download() as saving:
        desk.page.get_by_role("link", name="Save the recording").click()

    assert saving.value.suggested_filename == "recording.json"
    kinds = {
        entry["kind"]
        for entry in desk.page.request.get(f"{desk.url}api/recording").json()["entries"]
    }
    assert {"caption", "dial", "press", "screen", "sms", "write"} <= kinds


def test_a_recording_is_saved_as_script_and_as_picture_by_keyboard(
    sit: Sit, demo: Demo, tmp_path: Path
) -> None:
    desk = sit()
    desk.phone("survivor").dial().answer("7", "1 This number").answer("9", "7 Call me")

    script = saved(desk, "Save as script", tmp_path / "story.yaml")
    picture = saved(desk, "Save as picture", tmp_path / "story.svg")

    assert "press: Call me" in script.read_text()
    again = run_isange("dial", "--data", demo.data, "--script", script)
    assert again.returncode == 0, again
    assert "1 This number" in picture.read_text()


def saved(desk: Desk, words: str, path: Path) -> Path:
    """The file behind a link, once Enter was pressed on it."""
    desk.page.get_by_role("link", name=words, exact=True).focus()
    with desk.page.expect_download() as saving:
        desk.page.keyboard.press("Enter")
    assert saving.value.suggested_filename == path.name
    saving.value.save_as(path)
    return path

"""Somebody who sits before the phone page: tests that use it say what she does and sees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Self

from sandbox.standin.client import StandIn
from tests.faults.demos import Demo
from tests.services import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Response

STORY_ENDS: Final = 60_000
"""Milliseconds: longer than the story waits for anything itself."""


USUAL: Final = {
    "survivor": "caller",
    "neighbour": "caller",
    "duty": "health",
    "lead": "lead",
}
"""Who holds which phone, unless a story has it otherwise."""


class Size(Enum):
    """Width and height of the window."""

    TELEPHONE = (360, 740)
    PROJECTOR = (1920, 1080)


@dataclass(frozen=True)
class Drawn:
    """One phone on the page."""

    page: Page
    name: str

    @property
    def root(self) -> Locator:
        return self.page.locator(f"[data-phone={self.name}]")

    @property
    def screen(self) -> str:
        return self.root.locator(".display").inner_text()

    @property
    def number(self) -> str:
        found = re.search(r"\+\d+", self.root.locator(".number").inner_text())
        assert found, "the phone shows no number"
        return found[0]

    def sees(self, *parts: str) -> Self:
        def all_there() -> bool:
            screen = self.screen
            return all(part in screen for part in parts)

        wait_until(all_there, f"the phone of {self.name} shows {parts}")
        return self

    def take(self) -> Self:
        self.root.focus()
        return self

    def type(self, *keys: str) -> Self:
        """Keys of the keyboard: their names, or letters to be typed."""
        for key in keys:
            if key in {"Enter", "Escape", "Backspace", "Delete", "ArrowUp", "ArrowDown", "Tab"}:
                self.page.keyboard.press(key)
            else:
                self.page.keyboard.type(key)
        return self

    def answer(self, typed: str, then: str) -> Self:
        """Type an answer, send it, and see the next screen."""
        return self.type(typed, "Enter").sees(then)

    def click(self, *keys: str) -> Self:
        """Keys of the drawing: `left`, `call`, `5`, ..."""
        for key in keys:
            self.root.locator(f'[data-key="{key}"]').click()
        return self

    def tap(self, *keys: str) -> Self:
        """The same with a finger."""
        for key in keys:
            self.root.locator(f'[data-key="{key}"]').tap()
        return self

    def dial(self) -> Self:
        """Dial the code that the phone proposes, and see the first screen."""
        return self.take().type("Enter").sees("*").type("Enter").sees("0 Exit")


class Desk:
    """A page in a browser, and the demo behind it to look at the other side."""

    def __init__(self, page: Page, demo: Demo) -> None:
        self.page, self.demo = page, demo
        self.url: str = demo.info["phone_url"]
        self.loaded: list[Response] = []
        self.asked: list[str] = []
        self.troubles: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("response", lambda response: self.loaded.append(response))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", self._hear)

    def begin(self) -> Self:
        """Open the page, with a new card in each caller's phone and nothing going wrong."""
        self.page.goto(self.url)
        self.page.locator("[data-phone=lead]").wait_for(state="attached")
        for name, holder in USUAL.items():
            self.hand_over(name, holder)
        for name in USUAL:
            self.wish("PATCH", f"phones/{name}", {"pace": "real", "late": False, "language": "en"})
        self.network.clear()
        return self

    def leave(self) -> None:
        self.wish("POST", "story/stop", {})
        self.page.context.close()

    @property
    def network(self) -> StandIn:
        return self.demo.network

    def phone(self, name: str) -> Drawn:
        return Drawn(self.page, name)

    def hand_over(self, name: str, holder: str) -> None:
        """Another person takes a phone: it has her number, or a new one for a caller."""
        self.wish("PATCH", f"phones/{name}", {"holder": holder})
        number = next(one["number"] for one in self.state()["phones"] if one["id"] == name)
        line = self.phone(name).root.locator(".number")
        wait_until(lambda: number in (line.text_content() or ""), f"{name} has another card")

    def press(self, words: str) -> Self:
        """A button beside the phones, by its words."""
        beside = self.page.locator("aside, #player")
        beside.get_by_role("button", name=words, exact=True).click()
        return self

    def choose(self, label: str, option: str) -> Self:
        beside = self.page.locator("aside")
        beside.get_by_role("combobox", name=label, exact=True).select_option(option)
        return self

    def wish(self, method: str, path: str, what: object) -> int:
        """Ask the server without a button, to set the scene."""
        answer = self.page.request.fetch(f"{self.url}api/{path}", method=method, data=what)
        return answer.status

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.request.get(f"{self.url}api/state").json()
        return found

    def call(self, name: str) -> dict[str, Any]:
        """The call of a phone, as the network has it."""
        phones: list[dict[str, Any]] = self.state()["phones"]
        call = next(phone["call"] for phone in phones if phone["id"] == name)
        assert call, f"{name} has no call"
        found: dict[str, Any] = self.network.ask("GET", f"/control/calls/{call['id']}")
        return found

    def ending(self, session: str) -> str | None:
        """What the gateway was told about the end of a session, once it took it."""
        for post in self.network.posts("events"):
            if session in post["body"] and post["taken"]:
                found = re.search(r"(?:^|&)status=(\w+)", post["body"])
                return found[1] if found else None
        return None

    def wait_for_ending(self, session: str, status: str) -> None:
        wait_until(lambda: self.ending(session) == status, f"the gateway hears {status}")

    def tell(self, story: str) -> str:
        """Play a story to its end; its last caption."""
        self.page.locator("#speed").select_option("fast", force=True)
        self.page.locator(f"[data-story={story}]").click()
        return self.hear_the_end()

    def hear_the_end(self) -> str:
        player = self.page.locator("#player:not([data-state=running]):not([data-state=paused])")
        player.wait_for(state="visible", timeout=STORY_ENDS)
        assert player.get_attribute("data-state") == "done", player.inner_text()
        return self.page.locator("#caption").inner_text()

    def _hear(self, message: Any) -> None:
        # A wish that cannot be done is an answer of the server, which Chromium takes for trouble.
        if message.type in {"error", "warning"} and "status of 409" not in message.text:
            self.troubles.append(message.text)

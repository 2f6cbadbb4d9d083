"""A thousand callers on a real line, while its processes fail at every point at which they can.

Each caller has a number and, where she writes, a word that occur nowhere else. What they and the
staff do touches everything that ever holds a number or an answer: reports with every kind of
contact, drafts that are cut, codes looked up, SMS in their own words, replies, the staff's line up
to the number itself, delivery reports and opt-outs.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sandbox.standin import wire
from sandbox.standin.outgoing import Limits, post
from tests.faults.callers import SECRET
from tests.faults.points import crash_points
from tests.leaks import canaries
from tests.leaks.stolen_service import StolenService
from tests.phone import MORE

PATIENT: Final = Limits(connect=5, answer=15)

ANOTHER: Final = 4000
"""What is added to a caller's index for the number of another phone that she gives."""

HURRY: Final = 20
"""Callers after which all timers run out."""

CHANGES_OF_MIND: Final = (
    ("Delete my report", "Yes, delete"),
    ("Change how", "Yes, by call", "Evening"),
    ("Stop all contact", "Yes"),
)
"""What she may do who has her code."""

COMMANDS: Final = (
    *("centres.", "keys.", "number.", "purge.", "rota.import", "sample.", "schema."),
    *("grants.", "staff.add", "staff.import", "staff.pin", "staff.remove"),
)
"""What only commands do, by the beginning of the names of their transactions."""

SELDOM: Final = (
    *("flood.", "heartbeat.", "audit.head", "provider.probe", "probe.", "balance."),
    "clock.end_shifts",
)
"""What happens once a day or a week, or when a provider fails for long. No number is near it."""

"""The four digits of every caller: too short to look for."""

_ids = itertools.count(1)


@dataclass
class Call:
    """A call that is posted step by step, without the pretend network in between."""

    stage: StolenService
    number: str
    staff: bool = False

    def __post_init__(self) -> None:
        self.session = f"leak-{next(_ids)}"
        self.typed: list[str] = []
        self.screen = ""
        self._step()

    def press(self, key: str) -> None:
        self.typed.append(key)
        self._step()

    def choose(self, *labels: str) -> None:
        """Press what stands before each label; a screen without it ends the call, as a caller."""
        for label in labels:
            self.press(self._key(label))

    def hang_up(self, status: str = "Incomplete") -> None:
        """Let the network tell that the session is over, and why."""
        body = wire.ussd_event(
            number=self.number,
            service_code=self.stage.info["service_code"],
            text="*".join(self.typed),
            session_id=self.session,
            network_code="63510",
            status=status,
            last_answer=self.screen,
            error="Session timed out",
            hops=len(self.typed),
            millis=1000 * len(self.typed),
            ended=datetime.now(UTC),
        )
        post(self.stage.info["events_url"], body, wire.USSD_AGENT, PATIENT)

    def _step(self) -> None:
        kind = "staff_service_code" if self.staff else "service_code"
        body = wire.ussd_step(
            number=self.number,
            service_code=self.stage.info[kind],
            text="*".join(self.typed),
            session_id=self.session,
            network_code="63510",
        )
        url = self.stage.info["staff_ussd_url" if self.staff else "ussd_url"]
        self.screen = post(url, body, wire.USSD_AGENT, PATIENT).body

    def _key(self, label: str) -> str:
        for _ in range(9):
            found: list[tuple[str, str]] = re.findall(r"^(\d) (.+)$", self.screen, re.MULTILINE)
            lines = {words: key for key, words in found}
            for words, key in lines.items():
                if words.startswith(label):
                    return key
            more = next((key for words, key in lines.items() if words in MORE), None)
            if more is None:
                break
            self.press(more)
        raise Interrupted(label)


class Interrupted(LookupError):
    """The screen is another one: the fault that was forced has ended this call."""


@dataclass(frozen=True)
class Campaign:
    """Callers and staff of one line."""

    stage: StolenService
    armed: Path
    """The folder with a file for each point that is still to fail."""

    @classmethod
    def arm(cls, folder: Path) -> dict[str, str]:
        """The environment of a line whose processes will fail once at every point."""
        folder.mkdir()
        return {"ISANGE_CRASH": "* ?", "ISANGE_CRASH_ONCE": str(folder)}

    def run(self, callers: int) -> None:
        """Each caller does one of the things there are to do, one after another."""
        for point in filter(is_of_the_service, crash_points()):
            (self.armed / point).touch()
        todo = itertools.cycle(self._ways())
        for index, way in zip(range(callers), todo, strict=False):
            if index % HURRY == HURRY - 1:
                self._let_time_pass()
            self.stage.tend()
            with suppress(Interrupted):
                way(index)

    def _let_time_pass(self) -> None:
        """Nobody accepts, drafts are overdue, and some phones can no longer be reached."""
        for person in self.stage.info["staff"]:
            if person["centre"] == "kabutare" and person["role"] in {"counsellor", "lead"}:
                self.stage.network.behave(number=person["phone"], status_code=403)
        self.stage.records.hurry()

    def left(self) -> set[str]:
        """The points of the service at which nothing has failed yet."""
        return {path.name for path in self.armed.iterdir()}

    def _ways(self) -> tuple[Callable[[int], None], ...]:
        return (
            self._reports_with_sms,
            self._writes_in_her_own_words,
            self._is_in_danger,
            self._is_cut_off,
            self._gives_another_number,
            self._looks_up_her_code,
            self._is_called_by_staff,
            self._wants_no_more_sms,
            self._tells_of_a_child_and_deletes_all,
        )

    def _call(self, index: int) -> Call:
        return Call(self.stage, canaries.number(index))

    def _until_contact(self, index: int) -> Call:
        call = self._call(index)
        call.choose("I need help", "Yes, continue", "Continue", "18 or more")
        call.choose("Beaten or hurt", "4-5 days ago", "South", "Huye", "Kabutare")
        return call

    def _finish(self, call: Call, *contact: str) -> str:
        call.choose(*contact, "No")
        call.press(SECRET)
        call.choose("Send: health")
        found = re.search(r"\b(\d{6,10})\b", call.screen)
        if found is None:
            raise Interrupted("a code")
        return found[1]

    def _reports_with_sms(self, index: int) -> None:
        self._finish(self._until_contact(index), "Yes, by SMS", "Yes", "Now")

    def _is_in_danger(self, index: int) -> None:
        call = self._call(index)
        for key in ("1", "1", "1"):
            call.press(key)
        self._staff_accept("national")

    def _is_cut_off(self, index: int) -> None:
        call = self._until_contact(index)
        call.choose("Yes, by call", "Evening", "Yes")
        call.hang_up("Success" if index // len(self._ways()) % 2 else "Incomplete")

    def _gives_another_number(self, index: int) -> None:
        """A number that she types stands in her report, and nowhere else."""
        call = self._call(index)
        call.choose("Call me", "Another number")
        call.press(canaries.number(index + ANOTHER).replace("+250", "0"))
        call.choose("OK, choose time", "Evening")

    def _looks_up_her_code(self, index: int) -> None:
        code = self._finish(self._until_contact(index), "Yes, by call", "Morning")
        call = self._call(index)
        call.choose("My code")
        call.press(code)
        call.press(SECRET)
        call.choose(*CHANGES_OF_MIND[index // len(self._ways()) % len(CHANGES_OF_MIND)])

    def _writes_in_her_own_words(self, index: int) -> None:
        self._sms(canaries.number(index), f"please call me {canaries.word(index)}")

    def _is_called_by_staff(self, index: int) -> None:
        code = self._finish(self._until_contact(index), "Yes, by call", "Now")
        people = {
            one["role"]: one for one in self.stage.info["staff"] if one["centre"] == "kabutare"
        }
        nurse = people["health"]
        call = Call(self.stage, nurse["phone"], staff=True)
        call.press(nurse["pin"])
        call.choose(code, "Accept", "What was answered")
        call = Call(self.stage, nurse["phone"], staff=True)
        call.press(nurse["pin"])
        call.choose(code, "Call her", "Number to call", "First call")

    def _wants_no_more_sms(self, index: int) -> None:
        self._finish(self._until_contact(index), "Yes, by SMS", "Yes", "Now")
        self._sms(canaries.number(index), "STOP")
        self.stage.network.opt_out(canaries.number(index))

    def _tells_of_a_child_and_deletes_all(self, index: int) -> None:
        """In danger, without place and number: nobody is alerted, and nothing of it may stay."""
        call = self._call(index)
        call.choose("Worried about a child", "Yes, now", "Alert centre, I stay unknown")
        for key in ("9", "9"):
            call.press(key)
        call.choose("No", "6-11", "Other", "Not sure", "I don't know", "No, stay unknown")
        call.choose("No, delete all")

    def _staff_accept(self, centre: str) -> None:
        people = {one["phone"] for one in self.stage.info["staff"] if one["centre"] == centre}
        for sms in self.stage.network.sent()[-6:]:
            found = re.search(r"Reply (1 \d+ \d{4}) accept", sms.text)
            if sms.to in people and found:
                self._sms(sms.to, found[1])

    def _sms(self, sender: str, text: str) -> None:
        self.stage.network.incoming(sender, text)


def is_of_the_service(point: str) -> bool:
    """Whether calls pass it within minutes: not what an operator types, or what is seldom due."""
    name = point.removeprefix("before ").removeprefix("after ")
    return not name.startswith((*COMMANDS, *SELDOM))

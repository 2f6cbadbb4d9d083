"""The four phones, what they stand beside, and the wishes of whoever sits before them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from gateway.store import database
from sandbox.film import drawing, film
from sandbox.handsets import cast
from sandbox.handsets.cast import TITLES, WHO, Holder, PhoneId
from sandbox.handsets.changes import Changes
from sandbox.handsets.errors import NetworkGone, Unable
from sandbox.handsets.handset import LIMITS, Handset, Surroundings
from sandbox.handsets.line import DialledLine
from sandbox.handsets.recording import Recording
from sandbox.page import mishaps
from sandbox.page.post_office import PostOffice
from sandbox.page.teller import READING, Speed, Teller
from sandbox.scripts import writing
from sandbox.scripts.script_phones import Demo
from sandbox.scripts.stories import stories
from sandbox.standin.client import Refused

PHONES: Final[tuple[PhoneId, ...]] = get_args(PhoneId)


class Room:
    """Everything that the page shows and does. Safe to use from many threads."""

    def __init__(self, line: DialledLine) -> None:
        self.line = line
        self.changes = Changes()
        self._demo = demo = Demo(line)
        self.network, self._pack = demo.network, demo.setting.pack
        self.recording = _Announced(line.country, self._minutes_have_passed)
        self.post_office = PostOffice(self.network, demo.engine)
        around = Surroundings(line, self.network, self.changes, self.recording)
        self.phones: Mapping[PhoneId, Handset] = {
            phone: Handset(phone, self._holders(phone), around, demo.network_code)
            for phone in PHONES
        }
        self._telling = threading.Lock()
        self._teller: Teller | None = None
        self._notice = {"n": 0, "text": ""}

    def phone(self, name: str) -> Handset:
        """A phone by its id. Raises Unable."""
        for phone, handset in self.phones.items():
            if phone == name:
                return handset
        raise Unable("There is no such phone.")

    def dial(self, name: str, dialled: str) -> None:
        self._demo.interpreter.dial(self.phone(name), dialled)

    def set_up(self, name: str, choices: Mapping[str, Any]) -> None:
        """Change what a phone is: its language, network, holder, pace or coverage."""
        phone = self.phone(name)
        for what, value in choices.items():
            match what:
                case "language" if value in self._pack.languages:
                    phone.language = value
                case "network" if value in self._pack.networks.names:
                    phone.network_code = value
                case "pace" if value in LIMITS:
                    phone.pace = value
                case "late" if isinstance(value, bool):
                    phone.late = value
                case "reachable" if isinstance(value, bool):
                    phone.set_coverage(reachable=value)
                case "holder":
                    self._hand_over(phone, value)
                case _:
                    raise Unable("The phone has no such setting.")
        self.changes.ring()

    def spoil(self, name: str, what: str, *, lasting: bool) -> None:
        """Let SMS to a phone go wrong."""
        mishaps.spoil(self.network, self.phone(name).number, what, lasting=lasting)
        self.changes.ring()

    def mend(self, name: str) -> None:
        """SMS to a phone go their ordinary way again, if the network reaches it."""
        phone = self.phone(name)
        self.network.clear(phone.number)
        phone.reachable = True
        self.changes.ring()

    def kill(self, process: str) -> None:
        """Kill a process of the demo; its supervisor starts it again."""
        mishaps.kill(self.line, process)
        self.tell(f"{process.capitalize()} was killed. The supervisor starts it again.")

    def skip(self) -> None:
        """Let time pass until the next timer of any report."""
        try:
            if not self._demo.pass_time(None, self.recording):
                self.tell("Nothing is waiting.")
        except database.DatabaseDown:
            raise Unable("The database does not answer.") from None

    def tell(self, text: str) -> None:
        """Say something to whoever looks at the page."""
        self._notice = {"n": self._notice["n"] + 1, "text": text}  # type: ignore[operator]
        self.changes.ring()

    def begin(self, story: str, speed: object) -> None:
        """Tell a story from its beginning; one that is being told breaks off. Raises Unable."""
        if story not in stories():
            raise Unable("There is no such story.")
        pace = _speed(speed)
        with self._telling:
            self._break_off()
            told = stories()[story]
            self.recording.begin(story)
            self._set_the_stage({name: holder.role for name, holder in told.phones.items()})
            self._teller = Teller(
                story, told, self._demo, self.phones, pace, self.changes, self.recording
            )
            self._teller.start()

    def conduct(self, what: str, speed: object = None) -> None:
        """Hold up the story, let it go on, take one step, change its speed, or break it off."""
        with self._telling:
            teller = self._teller
            if teller is None:
                raise Unable("No story is being told.")
            match what:
                case "pause":
                    teller.pause()
                case "go_on":
                    teller.go_on()
                case "step":
                    teller.step()
                case "speed":
                    teller.set_speed(_speed(speed))
                case "stop":
                    self._break_off()
                case _:
                    raise Unable("A story knows no such wish.")

    def view(self) -> dict[str, Any]:
        """All of it as JSON, for the page."""
        names = {phone.number: TITLES[name] for name, phone in self.phones.items()}
        return {
            "phones": [self._phone_view(name) for name in PHONES],
            "sms": self.post_office.view(names),
            "mishaps": self._mishaps(),
            "processes": self._processes(),
            "story": self._teller.view() if self._teller else None,
            "notice": self._notice,
        }

    def script(self) -> str:
        """What was recorded, as a script that `isange dial` plays again."""
        return writing.write(self.recording.view(), self._demo.setting)

    def picture(self) -> str:
        """What was recorded, as an animated SVG."""
        return drawing.draw(film.shoot(self.recording.view()))

    def facts(self) -> dict[str, Any]:
        """What does not change while the demo runs."""
        return {
            "country": self._pack.name,
            "service_code": self.line.service_code,
            "staff_code": self.line.staff_code,
            "console_url": self.line.console_url,
            "languages": {code: one.name for code, one in self._pack.languages.items()},
            "networks": dict(self._pack.networks.names),
            "stories": [
                {"id": id_, "title": one.title, "summary": one.about}
                for id_, one in stories().items()
            ],
        }

    def _holders(self, phone: str) -> tuple[Holder, ...]:
        return cast.holders(phone, self._demo.setting.scene, self._pack, self.line.staff)

    def _hand_over(self, phone: Handset, holder: object) -> None:
        """Staff take a phone; a caller gets a new SIM card, so that nobody knows her number."""
        among = phone.holders if phone.id in WHO else self._holders(phone.id)
        for one in among:
            if one.id == holder:
                phone.change_holder(one)
                if phone.holder.pin:
                    phone.take_in(self.network.inbox(phone.number), read=True)
                return
        raise Unable("Nobody like this can hold this phone.")

    def _set_the_stage(self, holders: Mapping[str, str]) -> None:
        for name, phone in self.phones.items():
            self._hand_over(phone, holders.get(name, phone.holders[0].id))
            self.network.clear(phone.number)

    def _minutes_have_passed(self, minutes: object) -> None:
        self.tell(f"{minutes} min have passed.")

    def _break_off(self) -> None:
        if self._teller is not None:
            self._teller.stop()
            self._teller = None
            self.changes.ring()

    def _phone_view(self, name: PhoneId) -> dict[str, Any]:
        phone = self.phones[name]
        ending = self.post_office.ending(phone.session.id) if phone.session else None
        return {**phone.view(), "title": TITLES[name], "ending": ending}

    def _mishaps(self) -> list[dict[str, Any]]:
        """The behaviours in force, by phone."""
        whose = {phone.number: name for name, phone in self.phones.items()}
        try:
            found = self.network.ask("GET", "/control/behaviours")
        except (OSError, Refused):
            return []
        return [{**one, "phone": whose.get(one.pop("number", ""))} for one in found]

    def _processes(self) -> dict[str, int | None]:
        pids = self.line.pids()
        return {name: pids.get(name) for name in mishaps.MAY_DIE}


class _Announced(Recording):
    """A recording that says how many minutes have passed in a moment."""

    def __init__(self, country: str, tell: Callable[[object], None]) -> None:
        super().__init__(country)
        self._tell = tell

    def add(self, phone: str | None, kind: str, **what: object) -> None:
        super().add(phone, kind, **what)
        if kind == "time":
            self._tell(what["minutes"])


def _speed(wished: object) -> Speed:
    for speed in READING:
        if speed == wished:
            return speed
    raise Unable("There is no such speed.")


def open_room(line: DialledLine) -> Room:
    """A room on a line that runs. Raises NetworkGone."""
    room = Room(line)
    try:
        for phone in room.phones.values():
            if phone.holder.pin:
                phone.take_in(room.network.inbox(phone.number), read=True)
    except OSError:
        raise NetworkGone from None
    return room

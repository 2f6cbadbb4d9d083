"""The phones of a script, on the pretend network of a running demo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.country.pack import load_country
from gateway.store import database
from sandbox.demo.plan import SENDER
from sandbox.handsets import timers
from sandbox.handsets.changes import Changes
from sandbox.handsets.errors import StillStarting
from sandbox.handsets.handset import Handset, Message, Surroundings
from sandbox.handsets.line import DialledLine
from sandbox.handsets.recording import Recording
from sandbox.handsets.words import Interpreter
from sandbox.scripts.script import Holder
from sandbox.scripts.setting import CannotPlay, Setting
from sandbox.standin.client import Sms, StandIn

Arrived = Sms | Message


@dataclass
class ScriptPhone:
    """A handset, and the SMS that reached it since the script began."""

    handset: Handset
    network: StandIn
    _before: frozenset[str] = frozenset()
    _taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._before = frozenset(sms.id for sms in self.arrived())

    @property
    def sender(self) -> str:
        """Whom an answer goes to."""
        return self.handset.messages[-1].other if self.handset.messages else SENDER

    def press(self, keys: str) -> None:
        self.handset.press(keys)

    def write(self, text: str) -> None:
        self.handset.write(text, self.sender)

    def arrived(self) -> Sequence[Arrived]:
        """All SMS that the network has brought to this number, oldest first."""
        return self.network.inbox(self.handset.number)

    def new_messages(self) -> list[Arrived]:
        """What has arrived and was not looked at yet, oldest first."""
        return [sms for sms in self.arrived() if sms.id not in self._before | self._taken]

    def take(self, sms: Arrived) -> None:
        """Open an SMS."""
        self._taken.add(sms.id)
        if isinstance(sms, Sms):
            self.handset.take_in([sms])
        self.handset.open(sms.id)


class Demo:
    """A running demo on which scripts are played, one after another."""

    def __init__(self, line: DialledLine) -> None:
        pack = load_country(line.country)
        self.line = line
        self.setting = Setting(line, pack)
        self.interpreter = Interpreter.of(pack)
        self.network = StandIn(line.stand_in_url)
        self.network_code = min(pack.networks.names)
        self.engine = database.connect(line.database_url)
        timers.check_is_a_demo(self.engine)

    @classmethod
    @contextmanager
    def at(cls, data: Path) -> Iterator[Demo]:
        """The demo that runs in a folder. Raises CannotPlay."""
        try:
            line = DialledLine.read(data.expanduser())
        except StillStarting:
            raise CannotPlay(
                f"no demo is running in {data}: start one with `isange demo`, "
                "or say with --data where it is"
            ) from None
        demo = cls(line)
        try:
            yield demo
        finally:
            demo.engine.dispose()

    def cast(
        self, holders: Mapping[str, Holder], language: str, recording: Recording
    ) -> dict[str, ScriptPhone]:
        """A phone for each name; callers have numbers that nobody knows. Raises CannotPlay."""
        people = {name: self.setting.person(holder) for name, holder in holders.items()}
        if len({person.number for person in people.values()}) < len(people):
            raise CannotPlay("two phones of the script have the same holder: write `national 2`")
        around = Surroundings(self.line, self.network, Changes(), recording)
        phones = {}
        for name, person in people.items():
            handset = Handset(name, [person], around, self.network_code)
            handset.pace = "off"
            handset.language = self.line.staff_language if person.pin else language
            handset.spoken = handset.language
            phones[name] = ScriptPhone(handset, self.network)
        return phones

    def pass_time(self, code: str | None, recording: Recording) -> bool:
        """Let time pass until the next timer, if anything waits for one. Raises DatabaseDown."""
        passed = timers.skip(self.engine, code)
        if passed is not None:
            minutes = max(1, round(passed.total_seconds() / 60))
            recording.add(None, "time", minutes=minutes, **({"code": code} if code else {}))
        return passed is not None

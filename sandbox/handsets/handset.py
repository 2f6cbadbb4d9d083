"""One phone: what its holder does goes to the pretend network, what she sees comes from there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, TypeVar

from sandbox.handsets.cast import Holder
from sandbox.handsets.changes import Changes
from sandbox.handsets.errors import NetworkGone, Unable
from sandbox.handsets.line import DialledLine
from sandbox.handsets.meter import fill
from sandbox.handsets.recording import Recording
from sandbox.handsets.session import HandsetSession, Limits
from sandbox.standin.client import Refused, Sms, StandIn
from sandbox.standin.store import moment

Answer = TypeVar("Answer")

Pace = Literal["real", "quick", "off"]

LIMITS: Final[Mapping[Pace, Limits]] = {
    "real": {"session_life": 180.0, "idle_limit": 30.0, "answer_limit": 15.0},
    "quick": {"session_life": 18.0, "idle_limit": 3.0, "answer_limit": 1.5},
    "off": {"session_life": 3_600.0, "idle_limit": None, "answer_limit": 15.0},
}
"""Seconds after which the network ends a session: as in life, ten times faster, and never."""

NO_COVERAGE: Final = {"reports": ["AbsentSubscriber"], "failure_reason": "UserNotReachable"}
"""What becomes of an SMS to a phone that the network cannot reach."""


@dataclass(slots=True)
class Message:
    """An SMS on a phone. `other` is who sent it or whom it went to."""

    id: str
    text: str = field(repr=False)
    other: str = field(repr=False)
    at: str
    mine: bool = False
    read: bool = False

    def view(self) -> dict[str, object]:
        shown = {
            name: getattr(self, name) for name in ("id", "text", "other", "at", "mine", "read")
        }
        return {**shown, "fill": fill(self.text, "sms")}


@dataclass(slots=True)
class Surroundings:
    """What a phone shares with the others."""

    line: DialledLine
    network: StandIn
    changes: Changes
    recording: Recording


class Handset:
    """A phone of the page. Its network calls hold no lock but its own: others go on meanwhile."""

    def __init__(
        self, id_: str, holders: Sequence[Holder], around: Surroundings, network_code: str
    ) -> None:
        self.id = id_
        self.holders = holders
        self.holder = holders[0]
        self.network_code = network_code
        self.language = around.line.language
        self.spoken = around.line.language
        """What the line speaks in this call."""
        self.pace: Pace = "real"
        self.reachable = True
        self.late = False
        """The answer to the next step will come too late."""
        self.session: HandsetSession | None = None
        """The one under way, or the last one until it is put away."""
        self.messages: list[Message] = []
        self.typing: dict[str, str] | None = None
        self.hint: dict[str, object] = {"n": 0, "what": "home"}
        """Which of its screens the phone should show; counted, because the same may come again."""
        self._around = around
        self._in_use = threading.Lock()
        self._asked_at: float | None = None

    @property
    def number(self) -> str:
        return self.holder.number

    @property
    def screen(self) -> str:
        return self.session.screen if self.session else ""

    @property
    def is_open(self) -> bool:
        return self.session is not None and not self.session.is_over

    @property
    def is_at_the_first_screen(self) -> bool:
        return self.session is not None and self.session.untouched and not self.session.is_over

    @property
    def is_waiting(self) -> bool:
        return self._asked_at is not None

    def dial(self, dialled: str) -> None:
        """Dial a code, with what stands beyond it, and wait for the first screen."""
        code, text = self._around.line.route(dialled)
        limits, line, network = LIMITS[self.pace], self._around.line, self._around.network
        self.spoken = line.staff_language if code == line.staff_code else line.language
        self._note("dial", dialled=dialled)

        def call() -> None:
            placed = network.dial(
                self.number, code, network_code=self.network_code, text=text, **limits
            )
            self.session = HandsetSession(network, placed, limits, at_start=not text)

        self._exchange(call)

    def press(self, typed: str) -> None:
        """Answer the screen; empty and `*` are allowed."""
        session = self._open_session()
        lag = (session.limits["answer_limit"] or 0.0) + 1.0 if self.late else 0.0
        self._note("press", typed=typed, **({"late": True} if self.late else {}))
        self.late = False
        self._exchange(lambda: session.press(typed, lag))

    def repeat(self) -> None:
        """The network sends the last step again."""
        session = self._open_session()
        self._note("repeat")
        self._exchange(session.repeat)

    def hang_up(self) -> None:
        """End the call, whatever it is waiting for."""
        if self.session is not None and self.is_open and self.reachable:
            self._note("hang_up")
            self._ask(self.session.hang_up)
        self._around.changes.ring()

    def put_away(self) -> None:
        """Back to the home screen, when a call is over and read."""
        if not self.is_open and not self.is_waiting:
            self.session = None
        self._around.changes.ring()

    def write(self, text: str, to: str) -> None:
        """Send an SMS to the line."""
        self._check_coverage()
        self._note("write", text=text, to=to)
        id_ = self._ask(lambda: self._around.network.incoming(self.number, text, to))
        now = moment(datetime.now(UTC))
        self.messages.append(Message(id_, text, to, now, mine=True, read=True))
        self._around.changes.ring()

    def take_in(self, arrived: Sequence[Sms], *, read: bool = False) -> None:
        """Messages that the network has brought."""
        for sms in arrived:
            self.messages.append(Message(sms.id, sms.text, sms.sender, sms.at, read=read))
            if not read:
                self._note("sms", text=sms.text, sender=sms.sender)
        if arrived:
            self._around.changes.ring()

    def open(self, message_id: str) -> None:
        self._message(message_id).read = True
        self._around.changes.ring()

    def delete(self, message_id: str) -> None:
        self.messages.remove(self._message(message_id))
        self._around.changes.ring()

    def change_holder(self, holder: Holder) -> None:
        """Another SIM card: nothing of the one before stays on the phone."""
        self._leave_call()
        self.holder, self.messages, self.late = holder, [], False
        self.show("home")

    def set_coverage(self, *, reachable: bool) -> None:
        """Lose the network or find it again. A call under way is left to run out of time."""
        if reachable == self.reachable:
            return
        if reachable:
            self._ask(lambda: self._around.network.clear(self.number))
        else:
            self._ask(lambda: self._around.network.behave(self.number, **NO_COVERAGE))
        self.reachable = reachable
        self._note("coverage", reachable=reachable)
        self._around.changes.ring()

    def look(self) -> None:
        """See whether the network has ended the call meanwhile."""
        session = self.session
        if session is None or session.is_over or self.is_waiting:
            return
        if self._ask(session.look):
            self._seen()

    def show(self, what: str, **more: object) -> None:
        """Turn the phone to one of its screens: `home`, `inbox` or `message` (with its `id`)."""
        count = self.hint["n"]
        self.hint = {"n": count + 1 if isinstance(count, int) else 1, "what": what, **more}
        self._around.changes.ring()

    def type(self, kind: str | None, text: str = "") -> None:
        """Show letters that are being typed, into a `screen` or an `sms`; None: no more."""
        self.typing = None if kind is None else {"kind": kind, "text": text}
        self._around.changes.ring()

    def view(self) -> dict[str, object]:
        """The phone as JSON, for the page."""
        return {
            "id": self.id,
            "holder": self.holder.id,
            "holders": [{"id": one.id, "name": one.name} for one in self.holders],
            "name": self.holder.name,
            "number": self.number,
            "pin": self.holder.pin,
            "staff": bool(self.holder.pin),
            "language": self.language,
            "network": self.network_code,
            "pace": self.pace,
            "reachable": self.reachable,
            "late": self.late,
            "waited": None if self._asked_at is None else time.monotonic() - self._asked_at,
            "call": self.session.view() if self.session else None,
            "messages": [message.view() for message in self.messages],
            "typing": self.typing,
            "hint": self.hint,
        }

    def _exchange(self, step: Callable[[], None]) -> None:
        """One step over the wire, and what comes back. Raises Unable."""
        self._check_coverage()
        with self._busy():
            self._ask(step)
        self._seen()

    @contextmanager
    def _busy(self) -> Iterator[None]:
        if not self._in_use.acquire(blocking=False):
            raise Unable("The phone is still waiting for the network.")
        self._asked_at = time.monotonic()
        self._around.changes.ring()
        try:
            yield
        finally:
            self._asked_at = None
            self._in_use.release()
            self._around.changes.ring()

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        try:
            return question()
        except OSError:
            raise NetworkGone from None
        except Refused as refused:
            raise Unable(f"The pretend network refuses: {refused}.") from None

    def _seen(self) -> None:
        if self.session is not None:
            self._note("screen", text=self.screen, state=self.session.state)
        self._around.changes.ring()

    def _open_session(self) -> HandsetSession:
        if self.session is None or self.session.is_over:
            raise Unable("There is no call.")
        return self.session

    def _leave_call(self) -> None:
        if self.reachable:
            self.hang_up()
        else:
            self.set_coverage(reachable=True)
        self.session = None

    def _check_coverage(self) -> None:
        if not self.reachable:
            raise Unable("This phone has no network.")

    def _message(self, message_id: str) -> Message:
        for message in self.messages:
            if message.id == message_id:
                return message
        raise Unable("This message is no longer on the phone.")

    def _note(self, kind: str, **what: object) -> None:
        recording = self._around.recording
        role = self.holder.id
        recording.meet(self.id, role=role, name=self.holder.name, number=self.number)
        recording.add(self.id, kind, **what)

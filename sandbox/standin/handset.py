"""Handsets that dial: USSD sessions placed on the application's callback, as the network would."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from sandbox.standin import wire
from sandbox.standin.config import Callbacks, Config, Kind
from sandbox.standin.courier import Callback, Courier
from sandbox.standin.outgoing import Limits, Reply, post
from sandbox.standin.schedule import Schedule

State = Literal["open", "ended", "cut", "hung_up", "expired"]
"""ended: the application said END. cut: its answer was no answer. expired: the session's time."""

EVENT_STATUS: dict[State, str] = {
    "ended": "Success",
    "cut": "Failed",
    "hung_up": "Incomplete",
    "expired": "Incomplete",
}


class UnknownCall(LookupError):
    """No call with that id was ever placed."""


class CallIsOver(RuntimeError):
    """Nothing can be typed into a session that has ended."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a network waits: for the whole session, for the next key, for an answer."""

    session: float
    idle: float | None
    """None: it does not mind how long a caller thinks."""
    answer: float


@dataclass(frozen=True, slots=True)
class Dialled:
    """What a person dialled. `text` is what followed the code (`*384*1*2#` on `*384#`: `1*2`)."""

    number: str = field(repr=False)
    service_code: str
    network_code: str
    patience: Patience
    text: str = field(default="", repr=False)


class Call:
    """One USSD session. Its HTTP calls hold no lock, so two copies of a step can be in flight."""

    def __init__(self, exchange: Exchange, dialled: Dialled, kind: Kind) -> None:
        self.id = wire.new_id("ATUid_")
        self.dialled = dialled
        self.state: State = "open"
        self.screen = ""
        self._exchange = exchange
        self._kind: Kind = kind
        self._typed = [dialled.text] if dialled.text else []
        self._hops = 0
        self._began = self._shown = time.monotonic()
        self._request = b""
        self._reply = Reply(status=None)
        self._error = ""
        self._lock = threading.Lock()

    def press(self, typed: str, lag: float = 0.0) -> None:
        """Answer the screen. Raises CallIsOver."""
        with self._lock:
            self._check_open()
            self._typed.append(typed)
        self.step(lag)

    def step(self, lag: float = 0.0) -> None:
        """Post what was typed so far; called again without `press`, it repeats the same step.

        `lag`: seconds that the answer is under way, on top of what the application takes.
        """
        with self._lock:
            self._check_open()
            self._hops += 1
            hop = self._hops
            request = self._request = self._body()
        limit = self.dialled.patience.answer
        reply = _delayed(self._exchange.post(self._kind, request, limit), lag, limit)
        with self._lock:
            if self.state == "open":
                self._show(reply)
        self._expect_a_key(hop)

    def hang_up(self) -> None:
        self.close("hung_up")

    def close(self, state: State) -> None:
        """End an open call from outside; one that is over stays as it ended."""
        with self._lock:
            if self.state == "open":
                self._finish(state)

    def view(self) -> dict[str, object]:
        """The call as JSON: what the caller sees, and what went over the wire for it."""
        with self._lock:
            return {
                "id": self.id,
                "number": self.dialled.number,
                "service_code": self.dialled.service_code,
                "network_code": self.dialled.network_code,
                "state": self.state,
                "screen": self.screen,
                "hops": self._hops,
                "age": round(time.monotonic() - self._began, 3),
                "idle": round(time.monotonic() - self._shown, 3),
                "request": self._request.decode("ascii"),
                "answer": {
                    "status": self._reply.status,
                    "body": self._reply.body,
                    "seconds": round(self._reply.seconds, 3),
                },
                "error": self._error,
            }

    def _check_open(self) -> None:
        if self.state != "open":
            raise CallIsOver

    def _body(self) -> bytes:
        return wire.ussd_step(
            number=self.dialled.number,
            service_code=self.dialled.service_code,
            text="*".join(self._typed),
            session_id=self.id,
            network_code=self.dialled.network_code,
        )

    def _expect_a_key(self, hop: int) -> None:
        """End the session when nothing more is typed at the step `hop` in time."""

        def give_up() -> None:
            if self._hops == hop:
                self.close("expired")

        idle = self.dialled.patience.idle
        if idle is not None:
            self._exchange.later(idle, give_up)

    def _show(self, reply: Reply) -> None:
        self._reply = reply
        self._shown = time.monotonic()
        if reply.status == 200 and reply.body.startswith(("CON ", "END ")):
            self.screen = reply.body[4:]
            if reply.body.startswith("END "):
                self._finish("ended")
            return
        self.screen = ""
        wrong = "neither CON nor END" if reply.status == 200 else f"HTTP {reply.status}"
        self._error = reply.error or wrong
        self._finish("cut")

    def _finish(self, state: State) -> None:
        self.state = state
        self._exchange.over(self, self._event(EVENT_STATUS[state]))

    def _event(self, status: str) -> Callback:
        body = wire.ussd_event(
            number=self.dialled.number,
            service_code=self.dialled.service_code,
            session_id=self.id,
            network_code=self.dialled.network_code,
            status=status,
            text="*".join(self._typed),
            last_answer=self._reply.body,
            error=self._error,
            hops=self._hops,
            millis=round((time.monotonic() - self._began) * 1000),
            ended=datetime.now(UTC),
        )
        return Callback("events", body)


class Exchange:
    """Places calls and keeps them, the finished ones too, so that they can be looked at."""

    def __init__(
        self,
        config: Config,
        schedule: Schedule,
        courier: Courier,
        callbacks: Callable[[], Callbacks],
    ) -> None:
        self._config = config
        self._schedule = schedule
        self._courier = courier
        self._callbacks = callbacks
        self._calls: dict[str, Call] = {}
        self._open: dict[str, Call] = {}
        self._lock = threading.Lock()

    def dial(self, dialled: Dialled) -> Call:
        """Place a call and wait for its first screen.

        A phone holds one session: an open one of the same number is given up as Incomplete.
        """
        staff = dialled.service_code == self._config.staff_service_code
        call = Call(self, dialled, "staff_ussd" if staff else "ussd")
        with self._lock:
            former = self._open.get(dialled.number)
            self._calls[call.id] = self._open[dialled.number] = call
        if former is not None:
            former.hang_up()
        self.later(dialled.patience.session, lambda: call.close("expired"))
        call.step()
        return call

    def get(self, call_id: str) -> Call:
        with self._lock:
            if call_id not in self._calls:
                raise UnknownCall
            return self._calls[call_id]

    def post(self, kind: Kind, body: bytes, answer_limit: float) -> Reply:
        limits = Limits(connect=self._config.connect_limit, answer=answer_limit)
        return post(self._callbacks().url(kind), body, wire.USSD_AGENT, limits)

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        self._schedule.after(seconds, work)

    def over(self, call: Call, event: Callback) -> None:
        """A call has ended: free its phone and tell the application."""
        with self._lock:
            if self._open.get(call.dialled.number) is call:
                del self._open[call.dialled.number]
        self._courier.send([event])


def _delayed(reply: Reply, lag: float, limit: float) -> Reply:
    """The reply after `lag` seconds more on its way; too late, it is none."""
    if not lag:
        return reply
    time.sleep(max(0.0, min(lag, limit - reply.seconds)))
    seconds = reply.seconds + lag
    if seconds > limit:
        return Reply(status=None, error="timeout", seconds=limit)
    return replace(reply, seconds=seconds)

"""Faults that can be switched on: for one number or for all, for good or for a few times."""

from __future__ import annotations

import http
import threading
from collections import deque
from dataclasses import asdict, dataclass, field, replace
from typing import Final, Literal, cast, get_args

from sandbox.standin.fields import Fields, Nonsense
from sandbox.standin.wire import E164

Fault = Literal["reset", "timeout", "malformed_json", "empty_recipients"]
"""reset: the connection breaks. timeout: no answer ever comes. malformed_json: half of one does."""

FAULTS: Final[tuple[str, ...]] = get_args(Fault)
CONTENT_TYPES: Final = ("application/json", "application/json; charset=utf-8")
LONGEST_WAIT: Final = 3_600.0
DEFAULT_HOLD: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What happens to a message. A field left at None keeps the ordinary way.

    `times` counts recipients, after which the behaviour has worn off; None is for good.
    `reports` are posted in the order given, so it can repeat one, reverse two, or be empty.
    """

    number: str | None = field(default=None, repr=False)
    times: int | None = None
    delay: float | None = None
    status_code: int | None = None
    http_status: int | None = None
    body: str | None = None
    fault: Fault | None = None
    hold: float | None = None
    message: str | None = None
    accepted: bool | None = None
    everywhere: bool | None = None
    """Strikes the call for the balance too: the whole API is down."""
    content_type: str | None = None
    reports: tuple[str, ...] | None = None
    report_delay: float | None = None
    failure_reason: str | None = None

    @property
    def spoils_the_call(self) -> bool:
        """Whether it takes the place of the answer to the whole call."""
        return self.http_status is not None or self.fault is not None

    @property
    def strikes_all(self) -> bool:
        """Whether it can strike a call that sends nothing."""
        return (self.spoils_the_call and self.fault != "empty_recipients") or bool(self.delay)

    @property
    def counts_as_accepted(self) -> bool:
        """Whether the provider keeps the messages of a call that this behaviour spoils."""
        if self.accepted is not None:
            return self.accepted
        return self.fault in ("timeout", "malformed_json")

    @property
    def error_body(self) -> str:
        """The plain text of an HTTP error."""
        if self.body is not None or self.http_status is None:
            return self.body or ""
        known = {status.value: status.phrase for status in http.HTTPStatus}
        return known.get(self.http_status, "Error")

    def view(self) -> dict[str, object]:
        """The behaviour as JSON, without the fields that were left alone."""
        return {name: value for name, value in asdict(self).items() if value is not None}


ORDINARY: Final = Behaviour()


def parse(data: object) -> Behaviour:
    """Read a behaviour from JSON. Raises Nonsense."""
    fields = Fields(data)
    behaviour = Behaviour(
        number=fields.matching("number", E164, "a number such as +254700000001"),
        times=fields.integer("times", 1, 1_000_000),
        delay=fields.seconds("delay", LONGEST_WAIT),
        status_code=fields.integer("status_code", 100, 502),
        http_status=fields.integer("http_status", 400, 599),
        body=fields.text("body"),
        fault=cast("Fault | None", fields.choice("fault", FAULTS)),
        hold=fields.seconds("hold", LONGEST_WAIT),
        message=fields.text("message"),
        accepted=fields.flag("accepted"),
        everywhere=fields.flag("everywhere"),
        content_type=fields.choice("content_type", CONTENT_TYPES),
        reports=fields.words("reports", 20),
        report_delay=fields.seconds("report_delay", LONGEST_WAIT),
        failure_reason=fields.text("failure_reason"),
    )
    fields.done()
    _check(behaviour)
    return behaviour


def _check(behaviour: Behaviour) -> None:
    """Refuse fields that would have no effect: a test must not pass because of a fault not set."""
    needs = (
        ("body", behaviour.body, behaviour.http_status is not None, "http_status"),
        ("hold", behaviour.hold, behaviour.fault == "timeout", 'fault "timeout"'),
        ("message", behaviour.message, behaviour.fault == "empty_recipients", '"empty_recipients"'),
        ("accepted", behaviour.accepted, behaviour.spoils_the_call, "http_status or fault"),
        ("everywhere", behaviour.everywhere, behaviour.strikes_all, "http_status, fault or delay"),
    )
    for name, value, useful, needed in needs:
        if value is not None and not useful:
            raise Nonsense(f"{name}: has no effect without {needed}")
    if behaviour.everywhere and (behaviour.number or behaviour.times):
        raise Nonsense("everywhere: excludes number and times")
    if behaviour.http_status is not None and behaviour.fault is not None:
        raise Nonsense("http_status and fault exclude each other")
    if replace(behaviour, number=None, times=None) == ORDINARY:
        raise Nonsense("a behaviour that changes nothing")


class Behaviours:
    """The behaviours in force. Safe to use from many threads.

    Those of a number go before those of everybody. Within each, the ones with `times` are used
    up first, in the order they were set; one without `times` replaces the one before it.
    """

    def __init__(self) -> None:
        self._passing: dict[str | None, deque[Behaviour]] = {}
        self._lasting: dict[str | None, Behaviour] = {}
        self._lock = threading.Lock()

    def add(self, behaviour: Behaviour) -> None:
        with self._lock:
            if behaviour.times is None:
                self._lasting[behaviour.number] = behaviour
            else:
                self._passing.setdefault(behaviour.number, deque()).append(behaviour)

    def take(self, number: str) -> Behaviour:
        """The behaviour for the next message to `number`, one time of it used up."""
        with self._lock:
            for owner in (number, None):
                if self._passing.get(owner):
                    return self._wear(self._passing[owner])
                if owner in self._lasting:
                    return self._lasting[owner]
        return ORDINARY

    def everywhere(self) -> Behaviour:
        """The behaviour of a call that is about no number."""
        with self._lock:
            lasting = self._lasting.get(None, ORDINARY)
        return lasting if lasting.everywhere else ORDINARY

    def clear(self, number: str | None = None) -> None:
        """Go back to the ordinary way, for one number or (None) altogether."""
        with self._lock:
            if number is None:
                self._passing.clear()
                self._lasting.clear()
            else:
                self._passing.pop(number, None)
                self._lasting.pop(number, None)

    def all(self) -> list[Behaviour]:
        with self._lock:
            passing = [each for queue in self._passing.values() for each in queue]
            return passing + list(self._lasting.values())

    @staticmethod
    def _wear(queue: deque[Behaviour]) -> Behaviour:
        behaviour = queue[0]
        left = (behaviour.times or 1) - 1
        if left:
            queue[0] = replace(behaviour, times=left)
        else:
            queue.popleft()
        return behaviour

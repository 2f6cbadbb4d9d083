"""Drain the outbox: claim rows, let go of the database, send many at once, note what came of it."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine

from gateway.cases import escalation
from gateway.runtime import alarms, crash_points, logs
from gateway.runtime.logs import log
from gateway.runtime.metrics import SENDS
from gateway.sms import outbox, receipts, routing
from gateway.sms.outbox import Claimed
from gateway.sms.providers.contract import Accepted, OperatorFault, Outcome, Refused, Unknown
from gateway.sms.routing import Fleet, Routes
from gateway.staff import operators
from gateway.store import database
from gateway.store.database import DatabaseFailed, Session
from gateway.store.models import Outbox, ProviderHealth
from gateway.wiring import Parts
from workers.compose import Composer, Drop, Sms

AT_ONCE: Final = 16
"""SMS under way at the same time. No more rows are claimed, so a lease has to cover one call."""

LONGEST: Final = 60.0
"""Seconds after which a drain claims nothing new and leaves the rest to the next one."""

NOTE_AGAIN: Final = (0.1, 0.5, 1.0, 2.0, 4.0)
"""Seconds between tries to note outcomes while the database is away: they are known only here."""

FAIR: Final = 8
"""Of so many claims one begins with what waits longest: worse things may never stop coming."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """An SMS to send, through which provider, and which others there would be."""

    claimed: Claimed
    audience: str
    sms: Sms
    provider: ProviderHealth
    others: Collection[str]


@dataclass(frozen=True, slots=True)
class _Sent:
    ready: _Ready
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends what is due. Many may run at once, in many processes."""

    engine: Engine
    composer: Composer
    fleet: Fleet
    note_again: Sequence[float] = NOTE_AGAIN
    _turns: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    @classmethod
    def of(cls, parts: Parts) -> Delivery:
        """With the parts of a worker, and all providers."""
        return cls(parts.database, Composer.of(parts), parts.fleet)

    def drain(self, seconds: float = LONGEST) -> int:
        """Send until nothing is due, or for so long; how many SMS the provider was given.

        Raises DatabaseFailed when nothing can be claimed. What was under way is noted all the same.
        """
        until, given = time.monotonic() + seconds, 0
        under_way: set[Future[_Sent]] = set()
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="send") as pool:
            try:
                while True:
                    room = AT_ONCE - len(under_way) if time.monotonic() < until else 0
                    begun = {pool.submit(self._send, ready) for ready in self._claim(room)}
                    under_way |= begun
                    given += len(begun)
                    if not under_way:
                        return given
                    done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    self._note(done)
            finally:
                self._note(wait(under_way).done)

    def _claim(self, room: int) -> Sequence[_Ready]:
        """Mark rows as being sent, and commit that before anything is sent."""
        ready: list[_Ready] = []
        while room and not ready:
            with database.writing(self.engine, "outbox.claim") as session:
                routes = routing.look(session, self.fleet)
                taken = _take(session, routes, room, fair=next(self._turns) % FAIR == 0)
                for row, risked_on in taken:
                    sms = self._write(session, row)
                    if isinstance(sms, Drop):
                        _drop(session, row, sms, risked_on)
                    else:
                        ready.append(_ready(row, sms, routes, risked_on))
            self.ask_others(row for row, _ in taken)
            if not taken:
                break
        return ready

    def _write(self, session: Session, row: Outbox) -> Sms | Drop:
        """The SMS of a row. One that breaks our code must not stop all the others."""
        try:
            return self.composer.write(session, row)
        except DatabaseFailed:
            raise
        except Exception as error:  # noqa: BLE001
            logs.failure("letter_not_written", error)
            return Drop("cannot be written", alarm=True)

    def _send(self, ready: _Ready) -> _Sent:
        """Hand one SMS to the provider; whatever it raises, nobody knows whether it was sent."""
        try:
            with crash_points.around("provider.send"):
                provider = self.fleet[ready.provider.name]
                outcome = provider.send(ready.sms.to, ready.sms.text)
        except Exception as error:  # noqa: BLE001
            logs.failure("provider_failed", error)
            outcome = Unknown("provider failed")
        return _Sent(ready, outcome)

    def _note(self, done: Iterable[Future[_Sent]]) -> None:
        """Note what came of some sends, all in one transaction."""
        sent = [future.result() for future in done]
        if not sent:
            return
        self.ask_others(self._settled(sent))
        for one in sent:
            SENDS.labels(one.ready.audience, type(one.outcome).__name__.lower()).inc()
            _log(one)

    def _settled(self, sent: Sequence[_Sent]) -> Sequence[Outbox]:
        """The rows after settling them. While the database is away, we wait for it for a while."""
        for pause in (*self.note_again, None):
            try:
                with database.writing(self.engine, "outbox.settle") as session:
                    settled = [_settle(session, one) for one in sent]
                    seen = ((one.ready.provider, one.outcome) for one in sent)
                    for provider in routing.note(session, seen):
                        operators.wake(session, "provider_failing", provider=provider)
                    _raise_alarms(session, sent)
                break
            except DatabaseFailed as error:
                if pause is None:
                    logs.failure("outcome_not_noted", error)
                    alarms.sound("outcome_not_noted", len(sent))
                    return []
                time.sleep(pause)
        if None in settled:
            log.warning("lease_lost", count=settled.count(None))
        return [row for row in settled if row is not None]

    def ask_others(self, rows: Iterable[Outbox]) -> None:
        """Alerts that cannot reach their people go on to the next ones at once."""
        for row in rows:
            try:
                self.ask_another(row)
            except Exception as error:  # noqa: BLE001  Nor may a fault in one alert hold up others.
                logs.failure("alert_not_given_up", error)  # The clock does it (delivery.stranded).

    def ask_another(self, row: Outbox) -> None:
        """The alert of an SMS, if it cannot reach its person, goes on to the next one."""
        if row.alert_id is None or not receipts.is_in_vain(row):
            return
        failed = row.delivery in receipts.FAILED
        give_up = escalation.not_delivered if failed else escalation.give_up
        with database.writing(self.engine, "alert.give_up") as session:
            give_up(session, row.alert_id)


def _take(
    session: Session, routes: Routes, room: int, *, fair: bool
) -> Sequence[tuple[Outbox, ProviderHealth | None]]:
    """Claim rows, each with the provider that it is risked on, if it is."""
    risked = routing.take_risks(session, routes)
    under_way = AT_ONCE - room + len(risked)
    most = min(AT_ONCE, routes.at_once(AT_ONCE)) - under_way
    rows = outbox.claim(session, routes.at, most, routes.leaves, fair=fair) if most > 0 else []
    return [*risked, *((row, None) for row in rows)]


def _ready(row: Outbox, sms: Sms, routes: Routes, risked_on: ProviderHealth | None) -> _Ready:
    provider = risked_on or routes.choose(row)
    row.provider = provider.name
    return _Ready(Claimed(row.id, row.attempt), row.audience, sms, provider, routes.open)


def _drop(session: Session, row: Outbox, drop: Drop, risked_on: ProviderHealth | None) -> None:
    """Give up a row. What was to be risked on a provider may be another one now."""
    outbox.drop(row, session.at, drop.reason)
    if risked_on is not None:
        risked_on.tried_at = None
    SENDS.labels(row.audience, "dropped").inc()
    if drop.alarm:
        operators.wake(
            session, "sms_dropped", audience=row.audience, template=row.template, reason=drop.reason
        )


def _settle(session: Session, sent: _Sent) -> Outbox | None:
    ready = sent.ready
    return outbox.settle(session, ready.claimed, sent.outcome, ready.provider.name, ready.others)


def _raise_alarms(session: Session, sent: Sequence[_Sent]) -> None:
    """Tell of what a person must look at: each kind to the operator once, all of them counted."""
    kinds = Counter(kind for one in sent if (kind := _alarm(one)) is not None)
    for kind, count in kinds.items():
        operators.wake(session, kind)
        if count > 1:
            alarms.sound(kind, count - 1)


def _alarm(sent: _Sent) -> alarms.Kind | None:
    match sent.outcome:
        case OperatorFault():
            return "operator_fault"
        case Refused(opted_out=True) if sent.ready.audience == "staff":
            return "staff_number_blocked"
        case Refused() if sent.ready.audience == "staff":
            return "staff_number_refused"
        case Unknown():
            return "send_unknown"
    return None


def _log(sent: _Sent) -> None:
    if not isinstance(sent.outcome, Accepted):
        log.warning(
            "sms_not_accepted",
            audience=sent.ready.audience,
            provider=sent.ready.provider.name,
            outcome=type(sent.outcome).__name__,
            reason=sent.outcome.reason,
        )

"""Drain the outbox: claim rows, let go of the database, send many at once, note what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gateway import alarms, crash, database, escalation, logs, outbox
from gateway.database import DatabaseDown
from gateway.letters import Drop, Letter, Letters
from gateway.logs import log
from gateway.metrics import SENDS
from gateway.models import Outbox, OutboxState
from gateway.outbox import Claimed
from gateway.providers import Accepted, OperatorFault, Outcome, Provider, Refused, Unknown

AT_ONCE: Final = 16
"""SMS under way at the same time. No more rows are claimed, so a lease has to cover one call."""

LONGEST: Final = 60.0
"""Seconds after which a drain claims nothing new and leaves the rest to the next one."""

NOTE_AGAIN: Final = (0.1, 0.5, 1.0, 2.0, 4.0)
"""Seconds between tries to note outcomes while the database is away: they are known only here."""

GIVEN_UP: Final = frozenset({OutboxState.DROPPED, OutboxState.REFUSED, OutboxState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class _Ready:
    claimed: Claimed
    audience: str
    letter: Letter


@dataclass(frozen=True, slots=True)
class _Sent:
    claimed: Claimed
    audience: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends what is due. Many may run at once, in many processes."""

    engine: Engine
    letters: Letters
    provider: Provider
    note_again: Sequence[float] = NOTE_AGAIN

    def drain(self, seconds: float = LONGEST) -> int:
        """Send until nothing is due, or for so long; how many SMS the provider was given.

        Raises DatabaseDown when nothing can be claimed. What was under way is noted all the same.
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
                at = database.now(session)
                rows = outbox.claim(session, at, room)
                for row in rows:
                    letter = self._write(session, row, at)
                    if isinstance(letter, Drop):
                        outbox.drop(row, at, letter.reason)
                        _tell_dropped(row, letter)
                    else:
                        ready.append(_Ready(Claimed(row.id, row.attempt), row.audience, letter))
            self._ask_others(rows)
            if not rows:
                break
        return ready

    def _write(self, session: Session, row: Outbox, at: datetime) -> Letter | Drop:
        """The letter of a row. One that breaks our code must not stop all the others."""
        try:
            return self.letters.write(session, row, at)
        except DatabaseDown:
            raise
        except Exception as error:  # noqa: BLE001
            logs.failure("letter_not_written", error)
            return Drop("cannot be written", alarm=True)

    def _send(self, ready: _Ready) -> _Sent:
        """Hand one SMS to the provider; whatever it raises, nobody knows whether it was sent."""
        try:
            with crash.around("provider.send"):
                outcome = self.provider.send(ready.letter.to, ready.letter.text)
        except Exception as error:  # noqa: BLE001
            logs.failure("provider_failed", error)
            outcome = Unknown("provider failed")
        return _Sent(ready.claimed, ready.audience, outcome)

    def _note(self, done: Iterable[Future[_Sent]]) -> None:
        """Note what came of some sends, all in one transaction."""
        sent = [future.result() for future in done]
        if not sent:
            return
        self._ask_others(self._settled(sent))
        for one in sent:
            SENDS.labels(one.audience, type(one.outcome).__name__.lower()).inc()
            _raise_alarms(one.outcome, one.audience)

    def _settled(self, sent: Sequence[_Sent]) -> Sequence[Outbox]:
        """The rows after settling them. While the database is away, we wait for it for a while."""
        for pause in (*self.note_again, None):
            try:
                with database.writing(self.engine, "outbox.settle") as session:
                    at, name = database.now(session), self.provider.name
                    settled = [
                        outbox.settle(session, one.claimed, one.outcome, name, at) for one in sent
                    ]
                break
            except DatabaseDown as error:
                if pause is None:
                    logs.failure("outcome_not_noted", error)
                    alarms.sound("outcome_not_noted", len(sent))
                    return []
                time.sleep(pause)
        if None in settled:
            log.warning("lease_lost", count=settled.count(None))
        return [row for row in settled if row is not None]

    def _ask_others(self, rows: Iterable[Outbox]) -> None:
        """An alert that cannot reach its person goes on to the next one at once."""
        for row in rows:
            if row.alert_id is None or row.state not in GIVEN_UP:
                continue
            try:
                with database.writing(self.engine, "alert.give_up") as session:
                    escalation.give_up(session, row.alert_id, database.now(session))
            except DatabaseDown as error:
                logs.failure("alert_not_given_up", error)  # Its timer does it, only later.


def _tell_dropped(row: Outbox, drop: Drop) -> None:
    SENDS.labels(row.audience, "dropped").inc()
    if drop.alarm:
        alarms.sound(
            "sms_dropped", audience=row.audience, template=row.template, reason=drop.reason
        )


def _raise_alarms(outcome: Outcome, audience: str) -> None:
    match outcome:
        case Accepted():
            return
        case OperatorFault():
            alarms.sound("operator_fault")
        case Refused(opted_out=True) if audience == "staff":
            alarms.sound("staff_number_blocked")
        case Refused() if audience == "staff":
            alarms.sound("staff_number_refused")
        case Unknown():
            alarms.sound("send_unknown")
    log.warning(
        "sms_not_accepted",
        audience=audience,
        outcome=type(outcome).__name__,
        reason=outcome.reason,
    )

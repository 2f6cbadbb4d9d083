"""Drain the outbox: claim rows, let go of the database, send many at once, note what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from gateway import database, outbox
from gateway.letters import Drop, Letter, Letters
from gateway.logs import log
from gateway.metrics import ALARMS, SENDS
from gateway.outbox import Claimed
from gateway.providers import Accepted, OperatorFault, Outcome, Provider, Refused, Unknown

BATCH: Final = 64
"""Rows claimed at once: few enough to be sent well within a lease."""

AT_ONCE: Final = 16
"""SMS under way at the same time."""

MOST_BATCHES: Final = 50
"""After so many a job ends and leaves the rest to the next one."""


@dataclass(frozen=True, slots=True)
class _Ready:
    claimed: Claimed
    audience: str
    letter: Letter


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends what is due. Many may run at once, in many processes."""

    engine: Engine
    letters: Letters
    provider: Provider

    def drain(self) -> int:
        """Send until nothing is due; how many SMS were handed to the provider."""
        sent = 0
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="send") as pool:
            for _ in range(MOST_BATCHES):
                claimed, batch = self._claim()
                list(pool.map(self._send, batch))
                sent += len(batch)
                if claimed < BATCH:
                    break
        return sent

    def _claim(self) -> tuple[int, Sequence[_Ready]]:
        """Mark rows as being sent, and commit that before anything is sent."""
        ready = []
        with database.writing(self.engine) as session:
            at = database.now(session)
            rows = outbox.claim(session, at, BATCH)
            for row in rows:
                letter = self.letters.write(session, row, at)
                if isinstance(letter, Drop):
                    outbox.drop(row, at, letter.reason)
                    SENDS.labels(row.audience, "dropped").inc()
                else:
                    ready.append(_Ready(Claimed(row.id, row.attempt), row.audience, letter))
        return len(rows), ready

    def _send(self, ready: _Ready) -> None:
        outcome = self.provider.send(ready.letter.to, ready.letter.text)
        with database.writing(self.engine) as session:
            row = outbox.settle(session, ready.claimed, outcome, self.provider.name)
        SENDS.labels(ready.audience, type(outcome).__name__.lower()).inc()
        if row is None:
            log.warning("lease_lost", audience=ready.audience)
        _raise_alarms(outcome, ready.audience)


def _raise_alarms(outcome: Outcome, audience: str) -> None:
    match outcome:
        case Accepted():
            return
        case OperatorFault(reason):
            ALARMS.labels("operator_fault").inc()
        case Refused(reason) if audience == "staff":
            ALARMS.labels("staff_number_refused").inc()
        case Unknown(reason):
            ALARMS.labels("send_unknown").inc()
        case _:
            reason = outcome.reason
    log.warning(
        "sms_not_accepted", audience=audience, outcome=type(outcome).__name__, reason=reason
    )

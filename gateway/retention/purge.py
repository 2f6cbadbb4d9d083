"""What is kept no longer than it may be: wrapped keys go first, then rows, and bare counts stay.

Keys go in transactions of their own that are committed before any row does, so that a purge that
dies in the middle has already made unreadable what it had yet to delete. Every batch looks again
for what is due, and leaves out what somebody works on: run it as often, and as many at once, as
you like. What an old backup still opens is a matter of keys, not of rows: see
gateway/retention/key_rotation.py.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, func, select

from gateway.audit import log as audit
from gateway.country.facts import Retention
from gateway.retention import expiry
from gateway.retention.expiry import ExpiryStep
from gateway.store import database, grants, liveness
from gateway.store.models import Audit

BATCH: Final = 200
"""Rows of one transaction."""

EVERY: Final = timedelta(days=1)
"""How often the clock purges,"""

AT_A_TIME: Final = 1.0
"""and for how many seconds before it looks after its timers again."""

AUDIT: Final = "audit rows"


@dataclass
class Purged:
    """What went, or would go: how much of what, and the keys that old backups open it with."""

    counts: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Purge:
    """Destroys what is older than `ages` allows, in the name of `actor`."""

    engine: Engine
    ages: Retention
    actor: str = audit.OPERATOR

    def run(self, seconds: float = float("inf")) -> Purged:
        """Destroy, for at most so long; what went. Raises database.DatabaseDown."""
        until, at, purged = time.monotonic() + seconds, self._now(), Purged()
        for step in self._steps(at, purged):
            gone = BATCH
            while gone == BATCH:
                if time.monotonic() > until:
                    purged.complete = False
                    return purged
                gone = self._batch(step, at)
                purged.counts[step.what] += gone
        with database.writing(self.engine, "purge.audit") as session:
            purged.counts[AUDIT] += audit.purge_before(session, self._audit_until(at))
        database.forget_deleted(self.engine)
        return purged

    def would_go(self) -> Purged:
        """What `run` would destroy now; changes nothing."""
        at, purged = self._now(), Purged()
        with database.reading(self.engine) as session:
            for step in self._steps(at, purged):
                due = select(func.count()).select_from(step.due.subquery())
                purged.counts[step.what] = session.scalar(due) or 0
            old = select(func.count()).where(Audit.at < self._audit_until(at))
            purged.counts[AUDIT] = session.scalar(old) or 0
        return purged

    def _steps(self, at: datetime, purged: Purged) -> list[ExpiryStep]:
        """What this database role may destroy."""
        return [
            step
            for step in expiry.steps(self.ages, at, purged.keys.update)
            if step.by_owner is None or grants.may(self.engine, step.by_owner, "DELETE")
        ]

    def keys_in_use(self) -> set[str]:
        """The keys that backups of what is left open with. It takes a look at each of them."""
        with database.reading(self.engine) as session:
            return expiry.keys_in_use(session)

    def _batch(self, step: ExpiryStep, at: datetime) -> int:
        name = "purge.keys" if step.keys else "purge.rows"
        with database.writing(self.engine, name) as session:
            due = step.due.order_by(*step.due.selected_columns).limit(BATCH)
            ids = session.scalars(due.with_for_update(skip_locked=True)).all()
            if ids:
                step.destroy(session, ids)
            if ids and step.about_reports:
                audit.record(session, self.actor, "purged", detail=f"{step.what}: {len(ids)}")
        return len(ids)

    def _audit_until(self, at: datetime) -> datetime:
        return at - timedelta(days=self.ages.audit)

    def _now(self) -> datetime:
        with database.reading(self.engine) as session:
            return database.now(session)


def daily(engine: Engine, ages: Retention, seconds: float = AT_A_TIME) -> None:
    """Purge if nobody has for a day; what is not done in time is left to the next tick."""
    with database.reading(engine) as session:
        at, last = database.now(session), liveness.last_alive(session).get("purge")
    if last is not None and at - last < EVERY:
        return
    if Purge(engine, ages, audit.SERVICE).run(seconds).complete:
        with database.writing(engine, "purge.done") as session:
            liveness.note(session, "purge")

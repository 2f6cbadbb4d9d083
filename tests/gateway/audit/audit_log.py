"""An audit log with a few rows in several lanes, its service, and who tampers with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

from sqlalchemy import Row, insert, select, text

from gateway.audit import heads, verification
from gateway.audit import log as audit
from gateway.audit.heads import Head
from gateway.audit.lanes import ROWS
from gateway.staff import witnesses
from gateway.store import database
from gateway.store.models import Audit, AuditHead, AuditLane, Base
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from tests.services import PATIENCE
from tests.staff_and_reports import StaffAndReports

Copy = Mapping[str, Sequence[Row[Any]]]

THE_LOG = (Audit, AuditLane, AuditHead)


class Log:
    """A log with a few rows in several lanes, its service, and its attacker."""

    def __init__(self, records: StaffAndReports, vaults: Callable[[Role], Vault]) -> None:
        self.records, self.engine = records, records.engine
        self.seal = audit.sealing(lambda: vaults("staff"))
        self.write(24)

    def write(self, count: int) -> None:
        """Acts of the service, always four at the same time, so that several lanes are used."""
        together = Barrier(4)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: self._act(together), range(count)))

    def _act(self, together: Barrier) -> None:
        together.wait(PATIENCE)
        with database.writing(self.engine, "test") as session:
            audit.record(session, audit.staff("somebody"), "opened", "a report", "first call")

    def publish(self) -> Head:
        """A head, each of the day after the last one."""
        with database.writing(self.engine, "test") as session:
            while not heads.is_due(session):
                session.at += timedelta(days=1)
            head = witnesses.publish(session)
        assert head is not None
        return head

    def faults(self, *letters: str) -> list[str]:
        found = verification.verify(self.engine, self.seal, letters)
        return [str(fault) for fault in found.faults]

    def sql(self, statement: str, **values: object) -> None:
        with self.engine.begin() as attacker:
            attacker.execute(text(statement), values)

    def copy(self) -> Copy:
        """The log as it is now, as it lies in a backup."""
        with self.engine.connect() as connection:
            return {
                one.__tablename__: connection.execute(select(*one.__table__.columns)).all()
                for one in THE_LOG
            }

    def put_back(self, old: Copy, *which: type[Base]) -> None:
        with self.engine.begin() as attacker:
            for one in which:
                attacker.execute(one.__table__.delete())  # type: ignore[attr-defined]
                rows = [dict(row._mapping) for row in old[one.__tablename__]]
                if rows:
                    attacker.execute(insert(one), rows)

    def longest(self) -> list[Row[Any]]:
        """The rows of the lane with the most."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(ROWS).order_by(ROWS.c.lane, ROWS.c.seq)).all()
        lanes = {row.lane: [one for one in rows if one.lane == row.lane] for row in rows}
        found = max(lanes.values(), key=len)
        assert len(found) >= 4
        return found


def named(row: Row[Any]) -> str:
    return f"lane {row.lane}, row {row.seq}, id {row.id}: "

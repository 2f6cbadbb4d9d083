"""A database as it is after a year of service: so many reports, most of them closed long ago.

Reports are spread evenly over the year and over the centres. Each has its alerts, wrapped keys and
audit rows; SMS, contacts and traces of sessions are as old as the retention lets them become. What
is encrypted is noise of the right length: nobody opens it here. The audit log has no chain.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Engine,
    Insert,
    LargeBinary,
    Select,
    String,
    and_,
    case,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from gateway.store import database
from gateway.store.database import UtcDateTime
from gateway.store.models import (
    Action,
    Alert,
    AlertState,
    Audit,
    Base,
    ContactRow,
    DataKeyRow,
    NumberUse,
    Outbox,
    OutboxState,
    Report,
    ReportState,
    Staff,
    Urgency,
)

YEAR: Final = timedelta(days=364)
"""One day less than what is purged."""

KEPT: Final = {"contact": timedelta(days=89), "sms": timedelta(days=29), "hours": timedelta(days=2)}

OPEN: Final = timedelta(hours=8)
"""Reports of the last hours are open, and in four of a thousand others something is still to do."""

NOISE: Final = bytes(100)
BATCH: Final = 10_000

KEYS: Final = (
    ("answers", "centre"),
    ("answers", "escrow"),
    ("contact", "centre"),
    ("contact", "escrow"),
    ("contact", "sender"),
)

PATIENT: Final = {
    "sqlite": "PRAGMA cache_size = -600000",
    "postgresql": "SET statement_timeout = 0",
}
"""For statements that write millions of rows: random keys fit into no ordinary cache."""

ACTS: Final = ("reported", "accepted", "answers read", "closed")


class random_id(FunctionElement[str]):  # noqa: N801  (reads as the SQL function it stands for)
    """Another one in every row."""

    type = String()
    inherit_cache = True


@compiles(random_id, "sqlite")
def _sqlite_id(element: random_id, compiler: Any, **kw: Any) -> str:
    return "lower(hex(randomblob(16)))"


@compiles(random_id, "postgresql")
def _postgresql_id(element: random_id, compiler: Any, **kw: Any) -> str:
    return "gen_random_uuid()::text"


class random_hash(FunctionElement[bytes]):  # noqa: N801
    """Another one in every row."""

    type = LargeBinary()
    inherit_cache = True


@compiles(random_hash, "sqlite")
def _sqlite_hash(element: random_hash, compiler: Any, **kw: Any) -> str:
    return "randomblob(16)"


@compiles(random_hash, "postgresql")
def _postgresql_hash(element: random_hash, compiler: Any, **kw: Any) -> str:
    return "uuid_send(gen_random_uuid())"


def fill(engine: Engine, rows: int) -> None:
    """Make so many reports and what belongs to them, and let PostgreSQL count what is there."""
    with database.reading(engine) as session:
        at = session.at
        centres = session.scalars(select(Staff.centre_id).distinct()).all()
    reports = _reports(rows, at, sorted(centres))
    with engine.connect() as connection:
        connection.exec_driver_sql(PATIENT[engine.dialect.name])
        connection.commit()
        while batch := list(islice(reports, BATCH)):
            connection.execute(insert(Report).inline(), batch)
        for statement in _others(at):
            connection.execute(statement)
            connection.commit()
        if engine.dialect.name == "postgresql":  # Its autovacuum does it in service.
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def _reports(rows: int, at: datetime, centres: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    dice = random.Random(7)
    for number in range(rows):
        age = YEAR * (rows - number) / rows
        created_at = at - age
        state = _state(age, dice)
        accepted = state in {ReportState.ACCEPTED, ReportState.CLOSED}
        closed = state == ReportState.CLOSED
        yield {
            "id": str(uuid.UUID(int=dice.getrandbits(128))),
            "code": f"{number:08}",
            "about": dice.choice(("myself", "myself", "child", "call_me", "danger")),
            "priority": dice.choice(("P1", "P2", "P2", "P3")),
            "state": state,
            "centre_id": centres[number % len(centres)],
            "avoid": [],
            "investigator": False,
            "partial": False,
            "level": 0,
            "waiting": None,
            "escalate_at": at + timedelta(hours=1) if state == ReportState.RECEIVED else None,
            "language": "rw",
            "network": "63510",
            "answers": NOISE,
            "secret_hash": None,
            "created_at": created_at,
            "accepted_at": created_at + timedelta(minutes=4) if accepted else None,
            "closed_at": min(at, created_at + timedelta(days=2)) if closed else None,
            "remind_at": at + timedelta(hours=1) if state == ReportState.ACCEPTED else None,
            "reminders": 0,
        }


def _state(age: timedelta, dice: random.Random) -> ReportState:
    if age < OPEN:
        return dice.choice((ReportState.RECEIVED, ReportState.ACCEPTED))
    if dice.random() < 0.004:
        return ReportState.ACCEPTED
    return ReportState.DELETED if dice.random() < 0.02 else ReportState.CLOSED


def _others(at: datetime) -> Iterator[Insert]:
    """What belongs to reports, made from them by the database itself."""
    yield _alerts()
    contacts = Report.created_at > at - KEPT["contact"]
    for purpose, recipient in KEYS:
        values = {"purpose": purpose, "recipient": recipient, "key_id": "k", "sealed": NOISE}
        old_enough = contacts if purpose == "contact" else true()
        yield _each(DataKeyRow, select(Report).where(old_enough), report_id=Report.id, **values)
    known = select(Report).where(contacts)
    row = {"report_id": Report.id, "number_hash": random_hash(), "sealed": NOISE}
    yield _each(ContactRow, known, **row, reported_at=Report.created_at)
    recent = select(Report).where(Report.created_at > at - KEPT["hours"])
    yield _each(Action, recent, request=random_hash(), report_id=Report.id)
    use = {"id": random_id(), "number_hash": random_hash(), "what": "reported"}
    yield _each(NumberUse, recent, **use, at=Report.created_at, report_id=Report.id)
    yield _sms(at)
    yield _check_ins(at)
    for number, act in enumerate(ACTS):
        yield _audit(number, act)


def _alerts() -> Insert:
    nurses = (Staff.centre_id == Report.centre_id, Staff.role.in_(("health", "counsellor")))
    return _each(
        Alert,
        select(Report).join(Staff, and_(*nurses)),
        id=random_id(),
        report_id=Report.id,
        staff_id=Staff.id,
        level=0,
        state=case((Report.state == ReportState.RECEIVED, AlertState.OPEN), else_="settled"),
        wrong=0,
        created_at=Report.created_at,
    )


def _sms(at: datetime) -> Insert:
    """One for each alert; the last one, a few hours old, has left as all others have."""
    recent = Report.created_at > at - KEPT["sms"]
    return _each(
        Outbox,
        select(Alert).join(Report, Report.id == Alert.report_id).where(recent),
        id=random_id(),
        dedupe_key="alert:" + Alert.id,
        report_id=Alert.report_id,
        staff_id=Alert.staff_id,
        alert_id=Alert.id,
        audience="staff",
        urgency=Urgency.P2,
        template="alert",
        values=literal({"minutes": 30}, JSON),
        state=OutboxState.ACCEPTED,
        created_at=Alert.created_at,
        due_at=Alert.created_at,
        expires_at=literal(at + timedelta(days=1), UtcDateTime()),
        attempt=1,
        maybe_sent=1,
        bounces=0,
        finished_at=Alert.created_at,
        tried=literal([], JSON),
        provider="africastalking",
        provider_message_id=random_id(),
        delivery="Success",
    )


def _check_ins(at: datetime) -> Insert:
    """What waits for days until it is due: an SMS to each who reported in the last week."""
    due_at = at + timedelta(days=3)
    return _each(
        Outbox,
        select(Report).where(Report.created_at > at - timedelta(days=7)),
        id=random_id(),
        dedupe_key="check_in:" + Report.id,
        report_id=Report.id,
        audience="caller",
        urgency=Urgency.COURTESY,
        template="check_in",
        values=literal({}, JSON),
        state=OutboxState.PENDING,
        created_at=Report.created_at,
        due_at=literal(due_at, UtcDateTime()),
        expires_at=literal(due_at + timedelta(hours=1), UtcDateTime()),
        attempt=0,
        maybe_sent=0,
        bounces=0,
        tried=literal([], JSON),
    )


def _audit(number: int, act: str) -> Insert:
    """In lanes of their own, beside that of the log which goes on."""
    return _each(
        Audit,
        select(Report),
        lane=1_000 + number,
        seq=func.row_number().over(order_by=Report.created_at),
        digest=NOISE[:32],
        at=Report.created_at,
        actor="caller" if act == "reported" else "staff:" + Report.centre_id,
        act=act,
        report_id=Report.id,
    )


def _each(table: type[Base], rows: Select[Any], **values: Any) -> Insert:
    """Insert a row for each of `rows`."""
    made = rows.with_only_columns(
        *(
            literal(value) if isinstance(value, str | int | bytes) else value
            for value in values.values()
        ),
        maintain_column_froms=True,
    )
    return insert(table).from_select(list(values), made, include_defaults=False)

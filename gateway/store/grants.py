"""What each process may do in PostgreSQL: its own work, and never change the audit log.

The owner of the tables makes the schema and purges. The processes connect as roles of their own,
which `isange db upgrade` gives exactly the rights listed here, again after every migration. Whoever
gets into a process, or finds a hole in its SQL, can add rows to the log and no more, and do with
other tables what the code of that process does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, get_args

from sqlalchemy import Connection, Engine, func, select, text

from gateway.runtime import crash_points
from gateway.runtime.errors import OperatorError
from gateway.store.models import Audit, AuditHead, AuditLane, Base

Process = Literal["web", "staff", "worker"]
"""The clock is a worker."""

Roles = Mapping[Process, str]
"""The database role of each process that has one."""

OF_A_REPORT: Final = (
    "priority, state, centre_id, avoid, investigator, partial, level, waiting, escalate_at, "
    "draft_ends_at, muted_until, check_fold_at, network, answers, secret_hash, accepted_at, "
    "accepted_by, folded_into, remind_at, reminders"
)
"""What of a report changes while its caller still speaks, completes or deletes it, and while an
SMS of staff answers an alert."""

WITHDRAWN: Final = "state, finished_at, outcome, delivery"
"""What of an SMS changes when it is withdrawn, or a delivery report comes."""

RIGHTS: Final[Mapping[str, Mapping[Process, str]]] = {
    "centres": {"web": "SELECT", "staff": "SELECT, INSERT, UPDATE, DELETE", "worker": "SELECT"},
    "staff": {
        "web": "SELECT, UPDATE (on_duty, opted_out_at, test_answered_at)",
        "staff": "SELECT, INSERT, UPDATE",
        "worker": "SELECT, UPDATE (tested_at, test_missed_at)",
    },
    "pin_tries": {"staff": "SELECT, INSERT"},
    "shifts": {
        "web": "SELECT, INSERT, UPDATE (ends_at, end_seen_at)",
        "staff": "SELECT, INSERT, UPDATE (ends_at, end_seen_at), DELETE",
        "worker": "SELECT, UPDATE (end_seen_at), DELETE",
    },
    "swaps": {
        "web": "SELECT, INSERT, UPDATE (answered_at)",
        "staff": "SELECT, INSERT, UPDATE (answered_at)",
        "worker": "SELECT, UPDATE (answered_at), DELETE",
    },
    "reports": {
        "web": f"SELECT, INSERT, UPDATE ({OF_A_REPORT}), DELETE",
        "staff": "SELECT, UPDATE",
        "worker": "SELECT, UPDATE, DELETE",
    },
    "call_attempts": {
        "web": "SELECT (id, report_id, at, outcome)",
        "staff": "SELECT, INSERT",
        "worker": "SELECT, DELETE",
    },
    "number_uses": {
        "web": "SELECT, INSERT, UPDATE (report_id), DELETE",
        "staff": "SELECT, INSERT, DELETE",
        "worker": "SELECT, UPDATE (report_id), DELETE",
    },
    "actions": {
        "web": "SELECT, INSERT, UPDATE (report_id), DELETE",
        "worker": "SELECT, UPDATE (report_id), DELETE",
    },
    "contacts": {
        "web": "SELECT, INSERT, UPDATE (sms_stopped_at), DELETE",
        "staff": "SELECT",
        "worker": "SELECT, UPDATE (sms_stopped_at), DELETE",
    },
    "data_keys": {
        "web": "SELECT, INSERT, DELETE",
        "staff": "SELECT",
        "worker": "SELECT, DELETE",
    },
    "alerts": {
        "web": "SELECT, INSERT, UPDATE (state, answered_at, wrong)",
        "staff": "SELECT, INSERT, UPDATE (state, answered_at)",
        "worker": "SELECT, INSERT, UPDATE (state, answered_at), DELETE",
    },
    "outbox": {
        "web": f"SELECT, INSERT, UPDATE ({WITHDRAWN})",
        "staff": f"SELECT, INSERT, UPDATE ({WITHDRAWN})",
        "worker": "SELECT, INSERT, UPDATE, DELETE",
    },
    "providers": {"web": "SELECT", "staff": "SELECT", "worker": "SELECT, INSERT, UPDATE"},
    "processes_seen": {"web": "SELECT", "staff": "SELECT", "worker": "SELECT, INSERT, UPDATE"},
    "delivery_reports": {
        "web": "SELECT, INSERT",
        "worker": "SELECT, UPDATE (reason), DELETE",
    },
    "incoming_sms": {
        "web": "SELECT, INSERT, UPDATE (wrong)",
        "worker": "SELECT, UPDATE (wrong), DELETE",
    },
    "code_tries": {
        "web": "SELECT, INSERT, DELETE",
        "worker": "SELECT, UPDATE (report_id), DELETE",
    },
    Audit.__tablename__: {"web": "INSERT", "staff": "SELECT, INSERT", "worker": "SELECT, INSERT"},
    AuditLane.__tablename__: dict.fromkeys(get_args(Process), "SELECT, INSERT, UPDATE"),
    AuditHead.__tablename__: {"staff": "SELECT", "worker": "SELECT, INSERT"},
    "alembic_version": dict.fromkeys(get_args(Process), "SELECT"),
}
"""What each process may do in each table, and nothing in one that is not here.

The callers' process faces the world: it writes the log and cannot read it, and registers nobody.
The PINs that were tried are counted by the staff app alone. PostgreSQL locks a row for nobody who
may not update it: where rows are only locked and deleted, one column may be updated for that.
"""


class BadRoles(OperatorError):
    """The roles cannot be given their rights; the message says which and what to do."""


def read_roles(setting: str) -> Roles:
    """`web:isange_web,staff:isange_staff,worker:isange_worker`; a process may be left out."""
    found: dict[Process, str] = {}
    for part in filter(None, (one.strip() for one in setting.split(","))):
        name, _, role = (word.strip() for word in part.partition(":"))
        process = next((one for one in get_args(Process) if one == name), None)
        if process is None or not role or process in found:
            raise BadRoles(
                "ISANGE_DATABASE_ROLES is a list such as web:isange_web,staff:isange_staff,"
                "worker:isange_worker, each process once"
            )
        found[process] = role
    if len(set(found.values())) < len(found):
        raise BadRoles("ISANGE_DATABASE_ROLES names one role for two processes: make one for each")
    return found


def give(engine: Engine, roles: Roles) -> None:
    """Give each role the rights of its process, and take all others in our tables from it."""
    if roles and engine.dialect.name != "postgresql":
        raise BadRoles("ISANGE_DATABASE_ROLES is for PostgreSQL: unset it with another database")
    with engine.begin() as connection:
        for process, role in roles.items():
            _refuse_useless(connection, role)
            for statement in _statements(connection, process, role):
                connection.execute(text(statement))
        crash_points.point("grants.give before commit")
    crash_points.point("grants.give after commit")


def may_change_log(engine: Engine) -> bool:
    """Whether the role of this engine can do more to the log than add to it."""
    return may(engine, Audit.__tablename__, "UPDATE, DELETE, TRUNCATE")


def may(engine: Engine, table: str, rights: str) -> bool:
    """Whether the role of this engine has one of these rights in a table."""
    if engine.dialect.name != "postgresql":
        return True
    query = select(func.has_table_privilege(func.current_user(), table, rights))
    with engine.connect() as connection:
        return bool(connection.execute(query).scalar_one())


def _refuse_useless(connection: Connection, role: str) -> None:
    """A role that is not there, or that no grant binds."""
    query = text(
        "SELECT rolsuper OR pg_has_role(rolname, current_user, 'USAGE') AS owner"
        " FROM pg_roles WHERE rolname = :role"
    )
    found = connection.execute(query, {"role": role}).first()
    if found is None:
        raise BadRoles(f"there is no database role {role}: make it first, see docs/running.md")
    if found.owner:
        raise BadRoles(f"the database role {role} owns the tables or may do everything: use others")


def _statements(connection: Connection, process: Process, role: str) -> Iterator[str]:
    quoted = connection.dialect.identifier_preparer.quote
    to, schema = (
        quoted(role),
        quoted(connection.execute(text("SELECT current_schema()")).scalar_one()),
    )
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {to}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {to}"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {to}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {to}"
    for table in (*Base.metadata.tables, "alembic_version"):
        rights = RIGHTS.get(table, {}).get(process)
        if rights:
            yield f"GRANT {rights} ON {schema}.{quoted(table)} TO {to}"

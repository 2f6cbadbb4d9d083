"""Under the roles of the processes nothing in the audit log can be changed, and all else works."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from gateway.audit import heads, verification
from gateway.audit import log as audit
from gateway.store import database, grants
from gateway.store.grants import BadRoles, Process
from tests.gateway.store.roles import PROCESSES, Database
from tests.one_process_line import Line, code, digits


@pytest.fixture
def line(guarded_line: Line) -> Line:
    return guarded_line


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET act = 'nothing'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DROP TABLE audit",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "DELETE FROM audit_lanes",
        "TRUNCATE audit_lanes",
        "UPDATE audit_heads SET rows = 0",
        "DELETE FROM audit_heads",
        "TRUNCATE audit_heads",
        "SELECT setval('audit_id_seq', 1)",
        "UPDATE alembic_version SET version_num = ''",
        "CREATE TABLE mine (id integer)",
    ],
)
def test_no_process_can_change_the_log(guarded: Database, process: Process, statement: str) -> None:
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
        guarded.run(process, statement)


def test_the_process_that_faces_the_world_cannot_even_read_it(guarded: Database) -> None:
    for statement in ("SELECT count(*) FROM audit", "SELECT letters FROM audit_heads"):
        with pytest.raises(DatabaseError, match="permission denied"):
            guarded.run("web", statement)
        guarded.run("staff", statement)


def test_a_report_goes_its_whole_way(line: Line, guarded: Database) -> None:
    """Sent, alerted, accepted by SMS, opened by telephone, and a head published of it all."""
    nurse = line.staff("kabutare")
    phone = line.phone().dial().press(2)
    phone.choose("Yes, continue", "Continue", "18 or more", "Sexual violence", "Last 3 days")
    phone.choose("Continue", "South", "Huye", "Kabutare (sample)", "Yes, by SMS", "Yes", "Now")
    phone.sees("If the line cuts").press(1).press("2580")
    phone.choose("Send: health").sees("Sent. Code: ")
    alert = next(sms for sms in line.deliver() if sms.to == nurse)
    line.text(nurse, f"1 {code(alert)} {digits(alert)}")
    desk = line.staff_phone(nurse).dial().press("4711").press("1")
    desk.press("1")
    line.clock.tick()
    acts = _acts(guarded.owner)
    assert {"completed", "accepted", "signed in", "opened", heads.PUBLISHED} <= acts
    assert _faults(line) == []


def test_a_caller_looks_after_her_report(line: Line, guarded: Database) -> None:
    line.staff("national", "national")
    phone = line.phone().dial().press(2)
    phone.choose("Yes, continue", "Continue", "18 or more", "Sexual violence", "Last 3 days")
    phone.choose("Continue", "South", "Huye", "Kabutare (sample)", "Yes, by SMS", "Yes", "Now")
    phone.sees("If the line cuts").press(1).press("2580")
    phone.choose("Send: health").sees("Sent. Code: ")
    line.phone().dial().choose("My code").press(line.code_of_only_report()).press("2580")
    assert {"completed", "looked"} <= _acts(guarded.owner)
    assert _faults(line) == []


def test_only_the_owner_purges(line: Line, guarded: Database) -> None:
    with database.writing(line.web.database, "test") as session:
        audit.record(session, audit.SERVICE, "old")
    for parts in (line.worker, line.staff_parts):
        with database.writing(parts.database, "test") as session:
            assert audit.purge_before(session, database.now(session)) == 0
    with database.writing(guarded.owner, "test") as session:
        assert audit.purge_before(session, database.now(session)) == 1
    assert _acts(guarded.owner) == {"audit purged"}
    assert _faults(line) == []


def test_it_can_be_told_who_may_change_the_log(guarded: Database) -> None:
    assert grants.may_change_log(guarded.owner)
    for url in guarded.urls.values():
        engine = database.connect(url)
        assert not grants.may_change_log(engine)
        engine.dispose()


def test_rights_are_taken_back_that_are_not_listed(guarded: Database) -> None:
    with guarded.owner.begin() as connection:
        role = guarded.roles["web"]
        connection.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}"))
    guarded.run("web", "UPDATE audit SET act = 'nothing'")
    grants.give(guarded.owner, guarded.roles)
    with pytest.raises(DatabaseError, match="permission denied"):
        guarded.run("web", "UPDATE audit SET act = 'nothing'")


def test_a_role_that_no_grant_binds_is_refused(guarded: Database) -> None:
    with pytest.raises(BadRoles, match="owns the tables or may do everything"):
        grants.give(guarded.owner, {"web": "isange"})
    with pytest.raises(BadRoles, match="there is no database role nobody_here"):
        grants.give(guarded.owner, {"web": "nobody_here"})


def test_another_database_has_no_roles(sqlite_url: str) -> None:
    engine = database.connect(sqlite_url)
    grants.give(engine, {})
    assert grants.may_change_log(engine), "whoever opens the file may"
    with pytest.raises(BadRoles, match="for PostgreSQL"):
        grants.give(engine, {"web": "isange_web"})


@pytest.mark.parametrize(
    "setting", ["web", "web:", ":role", "clock:a", "web:a,web:b", "web:a,staff:a"]
)
def test_a_list_of_roles_that_says_nothing_clear_is_refused(setting: str) -> None:
    with pytest.raises(BadRoles, match="ISANGE_DATABASE_ROLES"):
        grants.read_roles(setting)


def test_roles_are_read_as_people_write_them() -> None:
    assert grants.read_roles("") == {}
    assert grants.read_roles(" web: a , worker :b,") == {"web": "a", "worker": "b"}


def _acts(owner: Engine) -> set[str]:
    with owner.connect() as connection:
        return set(connection.execute(text("SELECT act FROM audit")).scalars())


def _faults(line: Line) -> list[str]:
    """What `isange audit verify` finds, under the role of the staff's process."""
    parts = line.staff_parts
    found = verification.verify(parts.database, audit.sealing(lambda: parts.vault))
    return [str(fault) for fault in found.faults]

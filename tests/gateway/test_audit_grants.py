"""Under the roles of the processes nothing in the audit log can be changed, and all else works."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from gateway import audit, database, grants
from gateway.auditing import heads, verification
from gateway.grants import BadRoles, Process, Roles
from gateway.models import Base
from gateway.settings import Settings
from gateway.vault import Role, Vault
from gateway.wiring import House
from tests.lines import Line, code, digits

PROCESSES: tuple[Process, ...] = ("web", "staff", "worker")


@dataclass(frozen=True)
class Database:
    """A database with a role for each process."""

    owner: Engine
    urls: Mapping[Process, str]
    roles: Roles

    def run(self, process: Process, statement: str) -> None:
        """Run SQL as the role of a process. Raises DatabaseError where it may not."""
        engine = database.connect(self.urls[process])
        try:
            with engine.begin() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()


@pytest.fixture
def guarded(postgres_url: str) -> Iterator[Database]:
    owner = database.connect(postgres_url)
    roles = {process: f"{process}_{secrets.token_hex(4)}" for process in PROCESSES}
    with owner.begin() as connection:
        for role in roles.values():
            connection.execute(text(f"CREATE ROLE {role} LOGIN"))
    grants.give(owner, roles)
    yield Database(owner, {one: _as(postgres_url, role) for one, role in roles.items()}, roles)
    with owner.begin() as connection:
        for role in roles.values():
            connection.execute(text(f"DROP OWNED BY {role}"))
            connection.execute(text(f"DROP ROLE {role}"))
    owner.dispose()


def _as(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


@pytest.fixture
def line(
    guarded: Database, settings: Callable[..., Settings], vaults: Callable[[Role], Vault]
) -> Iterator[Line]:
    """The whole line, each process under its own database role."""
    houses = (House(settings(one, DATABASE_URL=guarded.urls[one]), one) for one in PROCESSES)
    made = Line(*houses)
    audit.seal_with(guarded.owner, lambda: vaults("staff"))
    yield made
    made.close()


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


def test_every_table_can_be_used_by_every_process_but_the_log(guarded: Database) -> None:
    tables = set(Base.metadata.tables) - grants.RIGHTS.keys()
    assert len(tables) > 15
    for process in PROCESSES:
        for table in sorted(tables):
            guarded.run(process, f'DELETE FROM "{table}" WHERE 1 = 0')  # noqa: S608


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
        audit.record(session, database.now(session), audit.SERVICE, "old")
    for house in (line.worker, line.staff_house):
        with database.writing(house.database, "test") as session:
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
    house = line.staff_house
    found = verification.verify(house.database, audit.sealing(lambda: house.vault))
    return [str(fault) for fault in found.faults]

"""What is past its age goes, keys first; counts stay; and after a rotation no backup opens it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, event, select

from commands import keys
from gateway.audit import log as audit
from gateway.cases import contacts
from gateway.country.facts import Retention
from gateway.country.pack import Pack
from gateway.retention.key_rotation import Rotation
from gateway.retention.purge import Purge, daily
from gateway.runtime.errors import OperatorError
from gateway.sms import outbox
from gateway.store import database
from gateway.store.models import (
    Alert,
    Audit,
    Base,
    Beat,
    CallAttempt,
    CodeTry,
    ContactRow,
    DataKeyRow,
    Deed,
    DeliveryReport,
    IncomingSms,
    NumberUse,
    Outbox,
    PinTry,
    Report,
    ReportState,
    Shift,
    Staff,
    Swap,
)
from gateway.vault.create import create_escrow, create_keys
from gateway.vault.errors import CannotOpen
from gateway.vault.fields import WrappedKey
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.intents import DeleteReport, StopContact
from tests.services import PATIENCE, Postgres
from tests.staff_and_reports import CALLER, CENTRE, SMS_NOW, Office, on_sqlite

AGES = Retention(contact=90, answers=365, audit=1825, drafts=1, logs=30)
SECRET_ANSWER = "within_72h"

COUNTED = {"id", "code", "about", "priority", "state", "centre_id", "created_at", "purged_at"}
"""What stays of a report. Whoever adds a column says in gateway/retention/expiry.py what becomes
of it.
"""


def purge(office: Office, ages: Retention = AGES) -> Purge:
    return Purge(office.engine, ages)


def aged(office: Office, report_id: str, days: float) -> None:
    """Let a report, and all that is about it, be so many days older."""
    past = office.now() - timedelta(days=days)
    office.change(Report, Report.id == report_id, created_at=past)
    office.change(ContactRow, ContactRow.report_id == report_id, reported_at=past)


def a_report(office: Office, days: float = 0, **other: object) -> str:
    report_id = office.report(contact=SMS_NOW, **other)  # type: ignore[arg-type]
    aged(office, report_id, days)
    return report_id


def purposes(office: Office, report_id: str) -> set[str]:
    return {row.purpose for row in office.all(DataKeyRow, DataKeyRow.report_id == report_id)}


def count(office: Office, table: type[Base]) -> int:
    return len(office.all(table))


# What goes, and when


@pytest.mark.parametrize(
    ("days", "left", "is_bare"),
    [
        (89, {"contact", "answers"}, False),
        (91, {"answers"}, False),
        (364, {"answers"}, False),
        (366, set(), True),
    ],
)
def test_each_class_goes_at_its_own_age(
    office: Office, days: int, left: set[str], *, is_bare: bool
) -> None:
    report_id = a_report(office, days)
    purge(office).run()
    assert purposes(office, report_id) == left
    assert (office.report_now(report_id).purged_at is not None) == is_bare
    assert bool(office.all(ContactRow)) == ("contact" in left)


def test_age_counts_from_when_a_report_was_closed(office: Office) -> None:
    closed_late = a_report(office, 500)
    office.change(Report, closed_at=office.now() - timedelta(days=80), state=ReportState.CLOSED)
    purge(office).run()
    assert purposes(office, closed_late) == {"contact", "answers"}


def test_of_an_old_report_only_what_is_counted_stays(office: Office) -> None:
    """Walks every column: one that is new, and says something, fails here."""
    nurse = office.staff()
    report_id = a_report(office, 400, avoid=("kigeme",), investigator=True)
    office.deliver()
    when = office.now()
    office.change(
        Report,
        network="63510",
        secret_hash="x",
        accepted_by=nurse.id,
        accepted_at=when,
        climb_at=when,
        remind_at=when,
        reminders=3,
        rung=2,
        partial=True,
        state=ReportState.ACCEPTED,
        folded_into=report_id,
    )
    before = office.report_now(report_id)
    purge(office).run()
    after = office.report_now(report_id)
    assert (after.about, after.priority, after.centre_id) == (before.about, "P1", CENTRE)
    assert after.created_at == before.created_at.replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    assert (after.state, after.code) == (ReportState.CLOSED, report_id)
    left = {
        column.key: getattr(after, column.key)
        for column in Report.__table__.columns
        if column.key not in COUNTED
    }
    assert {value if value != [] else None for value in left.values()} <= {None, False, "und"}


def test_nothing_that_is_about_an_old_report_is_left(office: Office) -> None:
    nurse = office.staff()
    report_id = a_report(office, 400)
    with database.writing(office.engine, "test") as session:
        at = database.now(session)
        rows: list[Base] = [
            CallAttempt(id="1", report_id=report_id, staff_id=nurse.id, at=at, outcome="reached"),
            CodeTry(
                request=b"1", code_hash=b"2", number_hash=b"3", tried_at=at, report_id=report_id
            ),
            NumberUse(id="2", number_hash=b"3", what="reported", at=at, report_id=report_id),
        ]
        session.add_all(rows)
    purge(office).run()
    tables = (CallAttempt, CodeTry, NumberUse, Deed, Outbox, Alert, ContactRow, DataKeyRow)
    assert {table.__tablename__: count(office, table) for table in tables} == {
        table.__tablename__: 0 for table in tables
    }


def test_every_table_that_names_a_report_was_thought_of() -> None:
    """Whoever adds a table that leads to a report says in gateway/retention/expiry.py when it
    goes.
    """
    naming = {
        table.name
        for table in Base.metadata.sorted_tables
        if "report_id" in table.columns and table.name != "audit"
    }
    forgotten = (CallAttempt, CodeTry, NumberUse, Deed, Outbox, Alert, ContactRow, DataKeyRow)
    assert naming == {table.__tablename__ for table in forgotten}


def test_a_deleted_report_stays_counted_as_deleted(office: Office) -> None:
    a_report(office, 400)
    office.change(Report, state=ReportState.DELETED)
    purge(office).run()
    assert office.one(Report).state == ReportState.DELETED


def test_a_draft_that_was_forgotten_goes_without_a_trace(office: Office) -> None:
    old, new = a_report(office, 2), a_report(office, 0.5)
    office.change(Report, state=ReportState.DRAFT)
    for table in (Alert, Outbox):
        office.change(table, report_id=new)
    purge(office).run()
    assert [report.id for report in office.all(Report)] == [new]
    assert purposes(office, old) == set()


def test_what_work_left_behind_goes_at_its_own_age(office: Office) -> None:
    nurse, other = office.staff(), office.staff()
    report_id = a_report(office, 3)
    office.change(NumberUse, at=office.now() - timedelta(days=3))

    def rows(name: str, at: datetime) -> list[Base]:
        return [
            PinTry(request=name.encode(), staff_id=nurse.id, tried_at=at, right=True),
            CodeTry(request=name.encode(), code_hash=b"2", number_hash=b"3", tried_at=at),
            NumberUse(id=name, number_hash=b"3", what="x", at=at),
            IncomingSms(id=name, received_at=at),
            DeliveryReport(provider_message_id=name, status="Success", received_at=at),
            Shift(id=name, staff_id=nurse.id, starts_at=at, ends_at=at),
            Swap(id=name, from_staff=nurse.id, to_staff=other.id, asked_at=at, expires_at=at),
        ]

    with database.writing(office.engine, "test") as session:
        at = database.now(session)
        session.add_all([*rows("now", at), *rows("old", at - timedelta(days=31))])
    office.queue(nurse)
    past = at - timedelta(days=31)
    office.change(Outbox, due_at=past - timedelta(minutes=1), expires_at=past)
    purge(office).run()
    tables = (PinTry, CodeTry, NumberUse, IncomingSms, DeliveryReport, Shift, Swap)
    assert {table.__tablename__: count(office, table) for table in tables} == {
        table.__tablename__: 1 for table in tables
    }
    assert count(office, Deed) == count(office, Outbox) == 0
    assert purposes(office, report_id) == {"contact", "answers"}


def test_wrong_pins_are_kept_until_a_right_one_or_another_pin(office: Office) -> None:
    """Otherwise whoever has her phone would only have to be patient."""
    guessed, came_back, has_another, left = (office.staff() for _ in range(4))
    with database.writing(office.engine, "test") as session:
        at = database.now(session)
        old, older = at - timedelta(days=40), at - timedelta(days=41)
        for person in (guessed, came_back, has_another, left):
            name = person.id.encode()
            session.add(PinTry(request=name, staff_id=person.id, tried_at=older, right=False))
        session.add(PinTry(request=b"1", staff_id=came_back.id, tried_at=old, right=True))
    office.change(Staff, pin_set_at=at - timedelta(days=50))
    office.change(Staff, Staff.id == has_another.id, pin_set_at=old)
    office.change(Staff, Staff.id == left.id, left_at=old)
    purge(office).run()
    kept = {(row.staff_id, row.right) for row in office.all(PinTry)}
    assert kept == {(guessed.id, False), (came_back.id, True)}


def test_a_letter_that_came_too_late_is_destroyed(office: Office) -> None:
    """Given that no worker ran for long, number and text of an answer do not wait for one."""
    with database.writing(office.engine, "test") as session:
        outbox.add_sealed(
            session,
            office.web,
            json.dumps({"number": CALLER, "text": "hello"}).encode(),
            dedupe_key="screen:1",
            template="answer",
            at=database.now(session) - timedelta(minutes=10),
            lives=timedelta(minutes=5),
        )
    purge(office).run()
    assert office.one(Outbox).sealed is None


def test_a_purge_twice_takes_nothing_more(office: Office) -> None:
    a_report(office, 400)
    first, second = purge(office).run(), purge(office).run()
    assert first.counts["reports"] == 1
    assert not +second.counts


def test_a_dry_run_says_what_would_go_and_changes_nothing(office: Office) -> None:
    office.staff()
    for days in (0, 100, 400):
        a_report(office, days)
    before = snapshot(office.engine)
    would = purge(office).would_go()
    assert snapshot(office.engine) == before
    counts = {what: would.counts[what] for what in ("keys to contacts", "contacts", "reports")}
    assert counts == {"keys to contacts": 2, "contacts": 2, "reports": 1}
    gone = purge(office).run()
    assert {what: gone.counts[what] for what in counts} == counts


def test_the_audit_tells_of_a_purge_without_naming_a_report(office: Office) -> None:
    a_report(office, 400)
    purge(office).run()
    told = office.all(Audit, Audit.act == "purged")
    assert {row.detail for row in told} == {
        "keys to contacts: 1",
        "keys to answers: 1",
        "contacts: 1",
        "reports: 1",
    }
    assert {row.report_id for row in told} == {None}


def snapshot(engine: Engine) -> dict[str, object]:
    with engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in Base.metadata.sorted_tables
        }


# Killed, at once, and by the clock


@on_sqlite
def test_keys_are_gone_for_good_before_any_row_goes(office: Office) -> None:
    """Given that every statement is watched, no key is deleted after the first other row."""
    for _ in range(3):
        a_report(office, 400)
    seen: list[str] = []

    @event.listens_for(office.engine, "before_cursor_execute")
    def watch(connection: object, cursor: object, statement: str, *more: object) -> None:
        if statement.startswith(("DELETE", "UPDATE")):
            seen.append(statement.split()[2 if statement.startswith("DELETE") else 1])

    @event.listens_for(office.engine, "commit")
    def commit(connection: object) -> None:
        seen.append("commit")

    purge(office).run()
    event.remove(office.engine, "before_cursor_execute", watch)
    event.remove(office.engine, "commit", commit)
    keys = [at for at, one in enumerate(seen) if one == "data_keys"]
    rows = [at for at, one in enumerate(seen) if one in {"contacts", "reports"}]
    assert "commit" in seen[keys[0] : min(rows)]


def test_a_purge_that_died_after_the_keys_left_nothing_that_opens(office: Office) -> None:
    report_id = a_report(office, 400)
    killed = run_killed(office, "purge.keys after commit @2")
    assert killed == -9
    assert purposes(office, report_id) == set()
    assert office.report_now(report_id).answers is not None
    purge(office).run()
    assert office.report_now(report_id).answers is None
    assert not office.all(ContactRow)


@pytest.mark.parametrize("point", ["purge.keys before commit", "purge.rows after commit"])
def test_a_purge_that_was_killed_is_taken_up(office: Office, point: str) -> None:
    office.staff()
    for days in (0, 100, 400):
        a_report(office, days)
    assert run_killed(office, point) == -9
    purge(office).run()
    assert [report.purged_at is None for report in by_age(office)] == [False, True, True]
    assert count(office, ContactRow) == 1


def by_age(office: Office) -> list[Report]:
    return sorted(office.all(Report), key=lambda report: report.created_at)


def run_killed(office: Office, point: str) -> int:
    """Purge in a process of its own that kills itself at a point; how it ended."""
    url = office.engine.url.render_as_string(hide_password=False)
    program = (
        "from gateway.audit.log import log as audit; from gateway.store import database\n"
        "from gateway.country.pack.facts import Retention\n"
        "from gateway.retention.purge import Purge\n"
        "engine = database.connect(sys.argv[1])\n"
        "class Held:\n"
        "    def fingerprint(self, *parts): return bytes(16)\n"
        "audit.seal_with(engine, Held)\n"
        f"Purge(engine, {AGES!r}).run()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", "import sys\n" + program, url],
        env={"ISANGE_CRASH": point},
        check=False,
        timeout=PATIENCE,
    ).returncode


def test_many_purges_at_once_do_not_harm_each_other(office: Office) -> None:
    office.staff()
    for _ in range(30):
        a_report(office, 400)
    gate = threading.Barrier(4)

    def one() -> int:
        gate.wait(PATIENCE)
        return purge(office).run().counts["reports"]

    with ThreadPoolExecutor(4) as pool:
        counts = [running.result(60) for running in [pool.submit(one) for _ in range(4)]]
    assert sum(counts) == 30, "each report is counted by the one that purged it"
    assert all(report.purged_at for report in office.all(Report))


def test_the_clock_purges_once_a_day(office: Office) -> None:
    first = a_report(office, 400)
    daily(office.engine, AGES)
    second = a_report(office, 400)
    daily(office.engine, AGES)
    assert office.report_now(first).purged_at is not None
    assert office.report_now(second).purged_at is None
    office.change(Beat, Beat.name == "purge", at=office.now() - timedelta(days=1, minutes=1))
    daily(office.engine, AGES)
    assert office.report_now(second).purged_at is not None


def test_a_purge_that_takes_long_lets_the_clock_go_on(office: Office) -> None:
    for _ in range(3):
        a_report(office, 400)
    daily(office.engine, AGES, seconds=-1)
    assert not office.all(Beat, Beat.name == "purge"), "not done: the next tick goes on"
    daily(office.engine, AGES)
    assert all(report.purged_at for report in office.all(Report))


# What stays behind on disk


@on_sqlite
def test_nothing_that_went_can_be_found_in_the_files_of_sqlite(office: Office) -> None:
    """Given what was deleted, when every byte of database and log is searched, it is not there."""
    for _ in range(5):
        a_report(office, 400)
    ciphers = [row.sealed for row in office.all(DataKeyRow)]
    ciphers += [row.sealed for row in office.all(ContactRow)]
    ciphers += [report.answers or b"?" for report in office.all(Report)]
    parts = [cipher[at : at + 24] for cipher in ciphers for at in (0, 40, len(cipher) - 24)]
    assert all(part in on_disk(office) for part in parts[:3]), "this search finds what is there"
    purge(office).run()
    left = on_disk(office)
    assert not [part for part in parts if part in left]


def on_disk(office: Office) -> bytes:
    path = database.sqlite_file(office.engine.url.render_as_string())
    assert path is not None
    return b"".join(one.read_bytes() for one in sorted(path.parent.glob(f"{path.name}*")))


# Old backups


@dataclass
class Backed:
    """An office with keys of its own, and a copy of its database made before."""

    office: Office
    root: Path
    copy: Engine

    def opens(self) -> dict[str, set[str]]:
        """By report of the copy, which boxes open with any key file that is left."""
        folders: list[tuple[Role, Path]] = [
            (role, self.root / role)
            for role in ("staff", "worker", "escrow")
            if (self.root / role).exists()
        ]
        vaults = [Vault.open(folder, role) for role, folder in folders]
        found: dict[str, set[str]] = {}
        with database.reading(self.copy) as session:
            for row in session.scalars(select(DataKeyRow)):
                if any(opens(vault, row) for vault in vaults):
                    found.setdefault(row.report_id, set()).add(row.recipient)
        return found


def opens(vault: Vault, row: DataKeyRow) -> bool:
    recipient = next(one for one in ("sender", "centre", "escrow") if one == row.recipient)
    purpose = "contact" if row.purpose == "contact" else "answers"
    try:
        vault.unwrap(row.report_id, purpose, WrappedKey(recipient, row.key_id, row.sealed))  # type: ignore[arg-type]
    except CannotOpen:
        return False
    return True


@pytest.fixture
def own_keys(tmp_path: Path) -> Path:
    create_keys(tmp_path / "own keys", date(2026, 11, 24))
    return tmp_path / "own keys"


@pytest.fixture
def backed(
    engine: Engine,
    pack: Pack,
    own_keys: Path,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> Iterator[Callable[[], Backed]]:
    """Makes the copy when it is called."""
    web = Vault.open(own_keys / "web", "web")
    audit.seal_with(engine, lambda: web)
    worker = Vault.open(own_keys / "worker", "worker")
    office = Office(engine, pack, web, worker, Vault.open(own_keys / "staff", "staff"))
    copies: list[Engine] = []

    def make() -> Backed:
        copies.append(a_copy(engine, request, tmp_path / "backup.db"))
        return Backed(office, own_keys, copies[0])

    make.office = office  # type: ignore[attr-defined]
    yield make
    for copy in copies:
        copy.dispose()


def a_copy(engine: Engine, request: pytest.FixtureRequest, path: Path) -> Engine:
    """A real copy of the whole database, as a backup would be."""
    engine.dispose()
    if engine.dialect.name == "sqlite":
        source = database.sqlite_file(engine.url.render_as_string())
        assert source is not None
        shutil.copyfile(source, path)
        return database.connect(f"sqlite:///{path}")
    server: Postgres = request.getfixturevalue("postgres")
    assert engine.url.database is not None
    return database.connect(server.create(engine.url.database))


def test_an_old_backup_opens_nothing_after_purge_and_rotation(
    backed: Callable[[], Backed], tmp_path: Path
) -> None:
    """Given a copy of the database from before, what is left of the keys opens none of it."""
    office: Office = backed.office  # type: ignore[attr-defined]
    old, live = a_report(office, 400), a_report(office)
    backup = backed()
    assert backup.opens() == {one: {"sender", "centre", "escrow"} for one in (old, live)}

    gone = purge(office).run()
    assert gone.keys == {"sender-20261124a", "centre-20261124a", "escrow-20261124a"}
    assert old in backup.opens(), "a purge alone takes nothing from a backup"

    private, public = create_escrow(tmp_path / "ceremony", date(2027, 1, 1))
    Rotation(office.engine, backup.root, public, settle=0, grace=0).renew()
    assert backup.opens() == {old: {"escrow"}, live: {"escrow"}}, "until the old one is destroyed"
    shutil.rmtree(backup.root / "escrow")
    (backup.root / "escrow").mkdir(mode=0o700)
    private.rename(backup.root / "escrow" / private.name)
    assert backup.opens() == {}

    with database.reading(office.engine) as session:
        row = contacts.read(session, Vault.open(backup.root / "worker", "worker"), live)
    assert row is not None, "what lives goes on"
    assert row.number.reveal() == CALLER


# From the command line


def isange(root: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does, with the keys of the worker."""
    return subprocess.run(
        [sys.executable, "-m", "commands.cli", *words],
        env={
            "DATABASE_URL": url,
            "REDIS_URL": "unix:///nowhere",
            "ISANGE_KEYS": str(root / "worker"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@on_sqlite
def test_the_command_says_what_goes_and_what_backups_still_open(
    backed: Callable[[], Backed], database_url: str
) -> None:
    office: Office = backed.office  # type: ignore[attr-defined]
    a_report(office, 5000)
    root = backed().root
    dry = isange(root, database_url, "purge", "--dry-run")
    assert "1 reports would go" in dry.stdout, dry.stderr
    assert office.one(Report).purged_at is None
    gone = isange(root, database_url, "purge")
    assert "1 reports are gone" in gone.stdout, gone.stderr
    assert "open with centre-20261124a, escrow-20261124a, sender-20261124a." in gone.stdout


def test_a_new_escrow_key_alone_is_no_purge(own_keys: Path) -> None:
    public = next(own_keys.glob("web/escrow-*.public"))
    refused = CliRunner().invoke(keys.purge, ["--escrow-public", str(public)])
    assert isinstance(refused.exception, OperatorError)
    assert "--rotate FOLDER" in str(refused.exception)


# Withdrawal


class NotAgain:
    again = False


@pytest.mark.parametrize("intent", [DeleteReport, StopContact])
def test_withdrawal_destroys_keys_first_and_at_once(
    office: Office, intent: Callable[..., object]
) -> None:
    office.staff()
    report_id = office.report(contact=SMS_NOW)
    seen: list[str] = []

    @event.listens_for(office.engine, "before_cursor_execute")
    def watch(connection: object, cursor: object, statement: str, *more: object) -> None:
        if statement.startswith(("DELETE", "UPDATE")):
            seen.append(statement.split()[2 if statement.startswith("DELETE") else 1])

    with database.writing(office.engine, "test") as session:
        at = database.now(session)
        office.reports.cases.do(session, intent(report_id), NotAgain(), at)  # type: ignore[arg-type]
    event.remove(office.engine, "before_cursor_execute", watch)
    assert seen[0] == "data_keys"
    left = {"answers"} if intent is StopContact else set()
    assert purposes(office, report_id) == left
    assert not office.all(ContactRow)
    assert not office.all(NumberUse, NumberUse.report_id == report_id)
    assert not office.all(Outbox, Outbox.audience == "caller", Outbox.state == "pending")
    report = office.report_now(report_id)
    assert (report.answers is None, report.network) == (intent is DeleteReport, None)

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
    Action,
    Alert,
    Audit,
    Base,
    CallAttempt,
    CodeTry,
    ContactRow,
    DataKeyRow,
    DeliveryReport,
    IncomingSms,
    NumberUse,
    Outbox,
    PinTry,
    ProcessSeen,
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
from tests.moments import as_of
from tests.samples import CALLER, CENTRE
from tests.services import PATIENCE, Postgres
from tests.staff_and_reports import SMS_NOW, StaffAndReports, on_sqlite

AGES = Retention(contact=90, answers=365, audit=1825, drafts=1, logs=30)
SECRET_ANSWER = "within_72h"

COUNTED = {"id", "code", "about", "priority", "state", "centre_id", "created_at", "purged_at"}
"""What stays of a report. Whoever adds a column says in gateway/retention/expiry.py what becomes
of it.
"""


def purge(records: StaffAndReports, ages: Retention = AGES) -> Purge:
    return Purge(records.engine, ages)


def aged(records: StaffAndReports, report_id: str, days: float) -> None:
    """Let a report, and all that is about it, be so many days older."""
    past = records.now() - timedelta(days=days)
    records.change(Report, Report.id == report_id, created_at=past)
    records.change(ContactRow, ContactRow.report_id == report_id, reported_at=past)


def a_report(records: StaffAndReports, days: float = 0, **other: object) -> str:
    report_id = records.report(contact=SMS_NOW, **other)  # type: ignore[arg-type]
    aged(records, report_id, days)
    return report_id


def purposes(records: StaffAndReports, report_id: str) -> set[str]:
    return {row.purpose for row in records.all(DataKeyRow, DataKeyRow.report_id == report_id)}


def count(records: StaffAndReports, table: type[Base]) -> int:
    return len(records.all(table))


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
    records: StaffAndReports, days: int, left: set[str], *, is_bare: bool
) -> None:
    report_id = a_report(records, days)
    purge(records).run()
    assert purposes(records, report_id) == left
    assert (records.report_now(report_id).purged_at is not None) == is_bare
    assert bool(records.all(ContactRow)) == ("contact" in left)


def test_age_counts_from_when_a_report_was_closed(records: StaffAndReports) -> None:
    closed_late = a_report(records, 500)
    records.change(Report, closed_at=records.now() - timedelta(days=80), state=ReportState.CLOSED)
    purge(records).run()
    assert purposes(records, closed_late) == {"contact", "answers"}


def test_of_an_old_report_only_what_is_counted_stays(records: StaffAndReports) -> None:
    """Walks every column: one that is new, and says something, fails here."""
    nurse = records.staff()
    report_id = a_report(records, 400, avoid=("kigeme",), investigator=True)
    records.deliver()
    when = records.now()
    records.change(
        Report,
        network="63510",
        secret_hash="x",
        accepted_by=nurse.id,
        accepted_at=when,
        escalate_at=when,
        draft_ends_at=when,
        muted_until=when,
        check_fold_at=when,
        remind_at=when,
        reminders=3,
        level=2,
        waiting="muted",
        partial=True,
        state=ReportState.ACCEPTED,
        folded_into=report_id,
    )
    before = records.report_now(report_id)
    purge(records).run()
    after = records.report_now(report_id)
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


def test_nothing_that_is_about_an_old_report_is_left(records: StaffAndReports) -> None:
    nurse = records.staff()
    report_id = a_report(records, 400)
    with database.writing(records.engine, "test") as session:
        rows: list[Base] = [
            CallAttempt(
                id="1", report_id=report_id, staff_id=nurse.id, at=session.at, outcome="reached"
            ),
            CodeTry(
                request=b"1",
                code_hash=b"2",
                number_hash=b"3",
                tried_at=session.at,
                report_id=report_id,
            ),
            NumberUse(
                id="2", number_hash=b"3", what="reported", at=session.at, report_id=report_id
            ),
        ]
        session.add_all(rows)
    purge(records).run()
    tables = (CallAttempt, CodeTry, NumberUse, Action, Outbox, Alert, ContactRow, DataKeyRow)
    assert {table.__tablename__: count(records, table) for table in tables} == {
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
    forgotten = (CallAttempt, CodeTry, NumberUse, Action, Outbox, Alert, ContactRow, DataKeyRow)
    assert naming == {table.__tablename__ for table in forgotten}


def test_a_deleted_report_stays_counted_as_deleted(records: StaffAndReports) -> None:
    a_report(records, 400)
    records.change(Report, state=ReportState.DELETED)
    purge(records).run()
    assert records.one(Report).state == ReportState.DELETED


def test_a_draft_that_was_forgotten_goes_without_a_trace(records: StaffAndReports) -> None:
    old, new = a_report(records, 2), a_report(records, 0.5)
    records.change(Report, state=ReportState.DRAFT)
    for table in (Alert, Outbox):
        records.change(table, report_id=new)
    purge(records).run()
    assert [report.id for report in records.all(Report)] == [new]
    assert purposes(records, old) == set()


def test_what_work_left_behind_goes_at_its_own_age(records: StaffAndReports) -> None:
    nurse, other = records.staff(), records.staff()
    report_id = a_report(records, 3)
    records.change(NumberUse, at=records.now() - timedelta(days=3))

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

    with database.writing(records.engine, "test") as session:
        at = session.at
        session.add_all([*rows("now", at), *rows("old", at - timedelta(days=31))])
    records.queue(nurse)
    past = at - timedelta(days=31)
    records.change(Outbox, due_at=past - timedelta(minutes=1), expires_at=past)
    purge(records).run()
    tables = (PinTry, CodeTry, NumberUse, IncomingSms, DeliveryReport, Shift, Swap)
    assert {table.__tablename__: count(records, table) for table in tables} == {
        table.__tablename__: 1 for table in tables
    }
    assert count(records, Action) == count(records, Outbox) == 0
    assert purposes(records, report_id) == {"contact", "answers"}


def test_wrong_pins_are_kept_until_a_right_one_or_another_pin(records: StaffAndReports) -> None:
    """Otherwise whoever has her phone would only have to be patient."""
    guessed, came_back, has_another, left = (records.staff() for _ in range(4))
    with database.writing(records.engine, "test") as session:
        at = session.at
        old, older = at - timedelta(days=40), at - timedelta(days=41)
        for person in (guessed, came_back, has_another, left):
            name = person.id.encode()
            session.add(PinTry(request=name, staff_id=person.id, tried_at=older, right=False))
        session.add(PinTry(request=b"1", staff_id=came_back.id, tried_at=old, right=True))
    records.change(Staff, pin_set_at=at - timedelta(days=50))
    records.change(Staff, Staff.id == has_another.id, pin_set_at=old)
    records.change(Staff, Staff.id == left.id, left_at=old)
    purge(records).run()
    kept = {(row.staff_id, row.right) for row in records.all(PinTry)}
    assert kept == {(guessed.id, False), (came_back.id, True)}


def test_a_letter_that_came_too_late_is_destroyed(records: StaffAndReports) -> None:
    """Given that no worker ran for long, number and text of an answer do not wait for one."""
    with database.writing(records.engine, "test") as session:
        outbox.add_sealed(
            as_of(session, database.now(session) - timedelta(minutes=10)),
            records.web,
            json.dumps({"number": CALLER, "text": "hello"}).encode(),
            dedupe_key="screen:1",
            template="answer",
            lives=timedelta(minutes=5),
        )
    purge(records).run()
    assert records.one(Outbox).sealed is None


def test_a_purge_twice_takes_nothing_more(records: StaffAndReports) -> None:
    a_report(records, 400)
    first, second = purge(records).run(), purge(records).run()
    assert first.counts["reports"] == 1
    assert not +second.counts


def test_a_dry_run_says_what_would_go_and_changes_nothing(records: StaffAndReports) -> None:
    records.staff()
    for days in (0, 100, 400):
        a_report(records, days)
    before = snapshot(records.engine)
    would = purge(records).would_go()
    assert snapshot(records.engine) == before
    counts = {what: would.counts[what] for what in ("keys to contacts", "contacts", "reports")}
    assert counts == {"keys to contacts": 2, "contacts": 2, "reports": 1}
    gone = purge(records).run()
    assert {what: gone.counts[what] for what in counts} == counts


def test_the_audit_tells_of_a_purge_without_naming_a_report(records: StaffAndReports) -> None:
    a_report(records, 400)
    purge(records).run()
    told = records.all(Audit, Audit.act == "purged")
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
def test_keys_are_gone_for_good_before_any_row_goes(records: StaffAndReports) -> None:
    """Given that every statement is watched, no key is deleted after the first other row."""
    for _ in range(3):
        a_report(records, 400)
    seen: list[str] = []

    @event.listens_for(records.engine, "before_cursor_execute")
    def watch(connection: object, cursor: object, statement: str, *more: object) -> None:
        if statement.startswith(("DELETE", "UPDATE")):
            seen.append(statement.split()[2 if statement.startswith("DELETE") else 1])

    @event.listens_for(records.engine, "commit")
    def commit(connection: object) -> None:
        seen.append("commit")

    purge(records).run()
    event.remove(records.engine, "before_cursor_execute", watch)
    event.remove(records.engine, "commit", commit)
    keys = [at for at, one in enumerate(seen) if one == "data_keys"]
    rows = [at for at, one in enumerate(seen) if one in {"contacts", "reports"}]
    assert "commit" in seen[keys[0] : min(rows)]


def test_a_purge_that_died_after_the_keys_left_nothing_that_opens(records: StaffAndReports) -> None:
    report_id = a_report(records, 400)
    killed = run_killed(records, "purge.keys after commit @2")
    assert killed == -9
    assert purposes(records, report_id) == set()
    assert records.report_now(report_id).answers is not None
    purge(records).run()
    assert records.report_now(report_id).answers is None
    assert not records.all(ContactRow)


@pytest.mark.parametrize("point", ["purge.keys before commit", "purge.rows after commit"])
def test_a_purge_that_was_killed_is_taken_up(records: StaffAndReports, point: str) -> None:
    records.staff()
    for days in (0, 100, 400):
        a_report(records, days)
    assert run_killed(records, point) == -9
    purge(records).run()
    assert [report.purged_at is None for report in by_age(records)] == [False, True, True]
    assert count(records, ContactRow) == 1


def by_age(records: StaffAndReports) -> list[Report]:
    return sorted(records.all(Report), key=lambda report: report.created_at)


def run_killed(records: StaffAndReports, point: str) -> int:
    """Purge in a process of its own that kills itself at a point; how it ended."""
    url = records.engine.url.render_as_string(hide_password=False)
    program = (
        "from gateway.audit import log as audit; from gateway.store import database\n"
        "from gateway.country.facts import Retention\n"
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


def test_many_purges_at_once_do_not_harm_each_other(records: StaffAndReports) -> None:
    records.staff()
    for _ in range(30):
        a_report(records, 400)
    begin = threading.Barrier(4)

    def one() -> int:
        begin.wait(PATIENCE)
        return purge(records).run().counts["reports"]

    with ThreadPoolExecutor(4) as pool:
        counts = [running.result(60) for running in [pool.submit(one) for _ in range(4)]]
    assert sum(counts) == 30, "each report is counted by the one that purged it"
    assert all(report.purged_at for report in records.all(Report))


def test_the_clock_purges_once_a_day(records: StaffAndReports) -> None:
    first = a_report(records, 400)
    daily(records.engine, AGES)
    second = a_report(records, 400)
    daily(records.engine, AGES)
    assert records.report_now(first).purged_at is not None
    assert records.report_now(second).purged_at is None
    records.change(
        ProcessSeen, ProcessSeen.name == "purge", at=records.now() - timedelta(days=1, minutes=1)
    )
    daily(records.engine, AGES)
    assert records.report_now(second).purged_at is not None


def test_a_purge_that_takes_long_lets_the_clock_go_on(records: StaffAndReports) -> None:
    for _ in range(3):
        a_report(records, 400)
    daily(records.engine, AGES, seconds=-1)
    assert not records.all(ProcessSeen, ProcessSeen.name == "purge"), (
        "not done: the next tick goes on"
    )
    daily(records.engine, AGES)
    assert all(report.purged_at for report in records.all(Report))


# What stays behind on disk


@on_sqlite
def test_nothing_that_went_can_be_found_in_the_files_of_sqlite(records: StaffAndReports) -> None:
    """Given what was deleted, when every byte of database and log is searched, it is not there."""
    for _ in range(5):
        a_report(records, 400)
    ciphers = [row.sealed for row in records.all(DataKeyRow)]
    ciphers += [row.sealed for row in records.all(ContactRow)]
    ciphers += [report.answers or b"?" for report in records.all(Report)]
    parts = [cipher[at : at + 24] for cipher in ciphers for at in (0, 40, len(cipher) - 24)]
    assert all(part in on_disk(records) for part in parts[:3]), "this search finds what is there"
    purge(records).run()
    left = on_disk(records)
    assert not [part for part in parts if part in left]


def on_disk(records: StaffAndReports) -> bytes:
    path = database.sqlite_file(records.engine.url.render_as_string())
    assert path is not None
    return b"".join(one.read_bytes() for one in sorted(path.parent.glob(f"{path.name}*")))


# Old backups


@dataclass
class Backed:
    """Records with keys of their own, and a copy of its database made before."""

    records: StaffAndReports
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
    records = StaffAndReports(engine, pack, web, worker, Vault.open(own_keys / "staff", "staff"))
    copies: list[Engine] = []

    def make() -> Backed:
        copies.append(a_copy(engine, request, tmp_path / "backup.db"))
        return Backed(records, own_keys, copies[0])

    make.records = records  # type: ignore[attr-defined]
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
    records: StaffAndReports = backed.records  # type: ignore[attr-defined]
    old, live = a_report(records, 400), a_report(records)
    backup = backed()
    assert backup.opens() == {one: {"sender", "centre", "escrow"} for one in (old, live)}

    gone = purge(records).run()
    assert gone.keys == {"sender-20261124a", "centre-20261124a", "escrow-20261124a"}
    assert old in backup.opens(), "a purge alone takes nothing from a backup"

    private, public = create_escrow(tmp_path / "ceremony", date(2027, 1, 1))
    Rotation(records.engine, backup.root, public, settle=0, grace=0).renew()
    assert backup.opens() == {old: {"escrow"}, live: {"escrow"}}, "until the old one is destroyed"
    shutil.rmtree(backup.root / "escrow")
    (backup.root / "escrow").mkdir(mode=0o700)
    private.rename(backup.root / "escrow" / private.name)
    assert backup.opens() == {}

    with database.reading(records.engine) as session:
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
    records: StaffAndReports = backed.records  # type: ignore[attr-defined]
    a_report(records, 5000)
    root = backed().root
    dry = isange(root, database_url, "purge", "--dry-run")
    assert "1 reports would go" in dry.stdout, dry.stderr
    assert records.one(Report).purged_at is None
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
    records: StaffAndReports, intent: Callable[..., object]
) -> None:
    records.staff()
    report_id = records.report(contact=SMS_NOW)
    seen: list[str] = []

    @event.listens_for(records.engine, "before_cursor_execute")
    def watch(connection: object, cursor: object, statement: str, *more: object) -> None:
        if statement.startswith(("DELETE", "UPDATE")):
            seen.append(statement.split()[2 if statement.startswith("DELETE") else 1])

    with database.writing(records.engine, "test") as session:
        records.reports.cases.do(session, intent(report_id), NotAgain())  # type: ignore[arg-type]
    event.remove(records.engine, "before_cursor_execute", watch)
    assert seen[0] == "data_keys"
    left = {"answers"} if intent is StopContact else set()
    assert purposes(records, report_id) == left
    assert not records.all(ContactRow)
    assert not records.all(NumberUse, NumberUse.report_id == report_id)
    assert not records.all(Outbox, Outbox.audience == "caller", Outbox.state == "pending")
    report = records.report_now(report_id)
    assert (report.answers is None, report.network) == (intent is DeleteReport, None)

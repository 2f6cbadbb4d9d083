"""What an operator does about staff: list, take out, set a PIN; nothing of it shows a number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from commands.cli import isange
from gateway.cases import casework, leaving
from gateway.runtime import phones
from gateway.runtime.settings import Settings
from gateway.staff import roster
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Alert, Audit, Report, ReportState, Shift, Staff
from tests.moments import as_of
from tests.samples import CENTRE, PIN
from tests.staff_and_reports import Person, StaffAndReports, on_sqlite

WEAK = ["0000", "7777", "1234", "4321", "0123", "2345", "471", "47111", "471a", ""]

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, settings: Callable[..., Settings]) -> Run:
    """`isange` with these words; what is typed when it asks."""
    made = settings("staff")

    def run_it(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(
            isange,
            words,
            input=typed,
            env={
                "DATABASE_URL": database_url,
                "REDIS_URL": made.redis_url,
                "ISANGE_KEYS": str(made.keys),
            },
        )

    return run_it


def twice(pin: str) -> str:
    """A PIN as it is typed: once more to be sure."""
    return f"{pin}\n{pin}\n"


def acts(records: StaffAndReports) -> list[str]:
    with database.reading(records.engine) as session:
        return list(session.scalars(select(Audit.act).order_by(Audit.id)))


def person_now(records: StaffAndReports, person: Person) -> Staff:
    return records.one(Staff, Staff.id == person.id)


@pytest.mark.parametrize("named", ["by number", "as the country writes it", "by id"])
@on_sqlite
def test_a_person_is_taken_out(records: StaffAndReports, run: Run, named: str) -> None:
    person, other = records.staff(), records.staff()
    names = {
        "by number": person.number,
        "as the country writes it": "0" + person.number.removeprefix("+250"),
        "by id": person.id,
    }
    done = run("staff", "remove", names[named])
    assert (done.exit_code, done.output.count("\n")) == (0, 1)
    assert person.number[4:] not in done.output
    assert person_now(records, person).left_at is not None
    assert person_now(records, other).left_at is None
    assert acts(records) == ["removed"]


@pytest.mark.parametrize("who", ["+250788999999", "nobody", "", "9" * 50])
@pytest.mark.parametrize("command", ["remove", "pin"])
@on_sqlite
def test_nobody_is_found_who_is_not_registered(
    records: StaffAndReports, run: Run, command: str, who: str
) -> None:
    records.staff()
    done = run("staff", command, who, typed=twice(PIN))
    assert isinstance(done.exception, Exception)
    assert "isange staff list" in str(done.exception)
    assert "999" not in str(done.exception)
    assert acts(records) == []


@on_sqlite
def test_nobody_leaves_twice(records: StaffAndReports, run: Run) -> None:
    person = records.staff()
    run("staff", "remove", person.id)
    for command in ("remove", "pin"):
        done = run("staff", command, person.id, typed=twice(PIN))
        assert isinstance(done.exception, roster.HasLeft)
    assert acts(records) == ["removed"]


def test_her_shifts_end(records: StaffAndReports) -> None:
    person, other = records.staff(on_duty=False), records.staff(on_duty=False)
    at = records.now()
    hour = (at - at.replace(year=at.year - 1)) / 8760
    with database.writing(records.engine, "test") as session:
        for number, one in enumerate((person, other)):
            for begins in (-30, -1, 5):
                session.add(
                    Shift(
                        id=f"{number}{begins}",
                        staff_id=one.id,
                        starts_at=at + begins * hour,
                        ends_at=at + (begins + 2) * hour,
                    )
                )
    remove(records, person)
    left = records.all(Shift, Shift.staff_id == person.id)
    assert sorted(shift.id for shift in left) == ["0-1", "0-30"], "what has been stays"
    assert all(shift.ends_at <= records.now() for shift in left)
    assert len(records.all(Shift, Shift.staff_id == other.id)) == 3
    with database.reading(records.engine) as session:
        assert [one.id for one in roster.on_duty(session, CENTRE)] == [other.id]


def test_a_report_that_was_folded_into_hers_goes_back_with_it(records: StaffAndReports) -> None:
    person, other = records.staff(), records.staff()
    carrier, folded = records.report(), records.report()
    records.change(Report, Report.id == folded, folded_into=carrier)
    accept(records, carrier, person)
    assert remove(records, person) == 1
    for report in (carrier, folded):
        now = records.report_now(report)
        assert (now.state, now.accepted_by) == (ReportState.RECEIVED, None)
    accept(records, carrier, other)
    assert records.report_now(folded).accepted_by == other.id


def test_what_is_closed_stays_hers(records: StaffAndReports) -> None:
    person, report = records.staff(), records.report()
    records.change(Report, Report.id == report, state=ReportState.CLOSED, accepted_by=person.id)
    assert remove(records, person) == 0
    assert records.report_now(report).accepted_by == person.id


def test_who_accepts_while_she_is_taken_out_does_not_get_it(records: StaffAndReports) -> None:
    """Her SMS waits for the one who takes her out, and is then a stranger's."""
    person, report = records.staff(), ""
    report = records.report()
    reply = f"1 {records.code(report)} {records.digits(report, person)}"

    records.meanwhile(
        lambda session: leaving.remove(
            as_of(session, records.now()), records.policy, session.get_one(Staff, person.id)
        ),
        lambda: records.text(person, reply),
    )

    assert records.report_now(report).accepted_by is None


def test_who_was_quicker_to_accept_hands_over(records: StaffAndReports) -> None:
    person, other = records.staff(), records.staff()
    report = records.report()

    def accepts(session: Session) -> None:
        row = session.get_one(Staff, person.id)
        assert roster.is_still_here(session, row)
        found = casework.find(session, row, Report.id == report)
        assert found is not None
        casework.accept(as_of(session, records.now()), *found, row)

    records.meanwhile(accepts, lambda: remove(records, person))

    assert records.report_now(report).accepted_by is None
    assert {alert.state for alert in records.all(Alert, Alert.staff_id == other.id)} == {"open"}


@on_sqlite
def test_a_pin_is_set_anew(records: StaffAndReports, run: Run) -> None:
    person = records.staff()
    before = person_now(records, person)
    assert run("staff", "pin", person.id, typed=twice(PIN)).exit_code == 0
    now = person_now(records, person)
    assert now.pin_set_at > before.pin_set_at
    assert records.staff_vault.check_pin(now.pin_hash, PIN, roster.pin_of(person.id))
    assert acts(records) == ["PIN set"]


@pytest.mark.parametrize("command", ["add", "pin"])
@on_sqlite
def test_a_pin_is_never_an_argument(records: StaffAndReports, run: Run, command: str) -> None:
    """Every user of the machine sees the arguments of a process."""
    person = records.staff()
    done = run("staff", command, person.id, "--pin", PIN)
    assert "No such option" in done.output


@pytest.mark.parametrize("pin", WEAK)
@on_sqlite
def test_a_weak_pin_is_refused(
    records: StaffAndReports, run: Run, pin: str, tmp_path: Path
) -> None:
    person, file = records.staff(), tmp_path / "staff.csv"
    file.write_text(f"phone,role,centre,language,pin\n0788999001,health,{CENTRE},en,{pin}\n")
    adding = ("--phone", "0788999002", "--role", "health", "--centre", CENTRE)
    before = person_now(records, person)
    for words in (("import", str(file)), ("add", *adding), ("pin", person.id)):
        done = run("staff", *words, typed=twice(pin))
        if pin or words[0] == "import":  # Where nothing is typed it asks again.
            assert "easy to guess" in str(done.exception), words[0]
        assert done.exit_code != 0
    assert len(records.all(Staff)) == 1
    assert person_now(records, person).pin_hash == before.pin_hash
    assert acts(records) == []


@on_sqlite
def test_every_fault_of_a_file_is_told_with_its_line_and_nothing_of_what_it_holds(
    records: StaffAndReports, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "staff.csv"
    good, bad = f"0788999001,health,{CENTRE},,{PIN}", f"0788999002,doctor,{CENTRE},en,{PIN}"
    file.write_text(f"phone,role,centre,language,pin\n{good}\n\n{bad}\n{good}\n0788999003\n")
    assert str(run("staff", "import", str(file)).exception) == (
        f"staff.csv:4: line: the role must be one of {', '.join(roster.ROLES)}\n"
        "staff.csv:5: line: this number is registered already\n"
        "staff.csv:6: line: has 1 fields: give it 5"
    )
    assert records.all(Staff) == []
    file.write_text(f"phone,role,centre,language,pin\n{good}\n")
    assert run("staff", "import", str(file)).output.startswith("1 people")
    assert records.one(Staff).language == records.pack.staff_language


@on_sqlite
def test_the_list_shows_who_there_is_and_no_number(records: StaffAndReports, run: Run) -> None:
    nurse, away = records.staff(), records.staff(on_duty=False)
    lead, silent, gone = records.staff(role="lead"), records.staff("kigeme"), records.staff()
    records.change(Staff, Staff.id == lead.id, opted_out_at=records.now())
    records.change(Staff, Staff.id == silent.id, test_missed_at=records.now())
    remove(records, gone)
    lines = {line.split()[0]: line for line in run("staff", "list").output.splitlines()}
    assert lines.keys() == {nurse.id, away.id, lead.id, silent.id}
    assert lines[nurse.id].endswith(f"{CENTRE}  health  en  on duty")
    assert lines[away.id].endswith("off duty")
    assert lines[lead.id].endswith("blocks our SMS")
    assert lines[silent.id].endswith("did not answer the test")
    assert run("staff", "list", "kigeme").output.count("\n") == 1
    shown = "".join(lines.values())
    assert not any(one.number[4:] in shown for one in (nurse, away, lead, silent))


@on_sqlite
def test_a_list_of_nobody_says_so(records: StaffAndReports, run: Run) -> None:
    done = run("staff", "list", "nowhere")
    assert "isange staff add" in str(done.exception)


def remove(records: StaffAndReports, person: Person) -> int:
    with database.writing(records.engine, "test") as session:
        row = roster.by_number(session, records.web, phones.parse(person.number))
        assert row is not None
        return leaving.remove(session, records.policy, row)


def accept(records: StaffAndReports, report: str, person: Person) -> None:
    with database.writing(records.engine, "test") as session:
        row = session.get_one(Staff, person.id)
        found = casework.find(session, row, Report.id == report)
        assert found is not None
        assert casework.accept(session, *found, row)

"""Each process has in PostgreSQL what its own work takes, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, Interval, inspect, literal, select, text, update
from sqlalchemy.exc import DatabaseError
from structlog.testing import capture_logs

from gateway.audit import heads
from gateway.cases import leaving, muting
from gateway.country import centres
from gateway.operations import doctor
from gateway.retention import purge
from gateway.staff import phone_test, staff_list
from gateway.store import database, grants
from gateway.store.database import UtcDateTime
from gateway.store.grants import Process
from gateway.store.models import Audit, Base, Report
from tests.conversations import calls
from tests.conversations.interpreter import Interpreter
from tests.conversations.test_staff_line import signed_in
from tests.conversations.test_the_line_cuts import event, halfway
from tests.conversations.test_worried_about_a_child import alerted
from tests.gateway.store.roles import PROCESSES, Database
from tests.one_process_line import Line, digits
from tests.samples import CALLER, HER_SECRET

Right = tuple[str, str, str]
"""A table, what may be done there, and the column or * for all."""

WORDS = re.compile(r"(SELECT|INSERT|UPDATE|DELETE)(?: \(([a-z_, ]+)\))?")


def declared(process: Process) -> set[Right]:
    """What gateway.store.grants says of a process, a row for each column."""
    return {
        (table, verb, column.strip())
        for table, of in grants.RIGHTS.items()
        for verb, columns in WORDS.findall(of.get(process, ""))
        for column in (columns or "*").split(",")
    }


def in_force(owner: Engine, role: str) -> set[Right]:
    """What PostgreSQL lets a role do, whoever it was given to: to it, or to everybody."""
    of_role = text(
        "SELECT table_name, privilege_type, '*' FROM information_schema.table_privileges"
        " WHERE grantee IN (:role, 'PUBLIC') AND table_schema = current_schema()"
        " UNION ALL"
        " SELECT table_name, privilege_type, column_name FROM information_schema.column_privileges"
        " WHERE grantee IN (:role, 'PUBLIC') AND table_schema = current_schema()"
    )
    with owner.connect() as connection:
        found = {
            (one, verb, part) for one, verb, part in connection.execute(of_role, {"role": role})
        }
    # A right in the whole table is one in each of its columns too.
    return {one for one in found if one[2] == "*" or (*one[:2], "*") not in found}


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_may_do_what_is_declared_and_nothing_else(
    guarded: Database, process: Process
) -> None:
    assert in_force(guarded.owner, guarded.roles[process]) == declared(process)


def test_every_table_is_declared_and_no_other(guarded: Database) -> None:
    """One that somebody forgot is nobody's: the first test of its feature fails."""
    there = set(inspect(guarded.owner).get_table_names())
    assert grants.RIGHTS.keys() == there == {*Base.metadata.tables, "alembic_version"}


def test_a_table_that_nobody_declared_is_nobodys(guarded: Database) -> None:
    with guarded.owner.begin() as connection:
        connection.execute(text("CREATE TABLE forgotten (id integer)"))
    grants.give(guarded.owner, guarded.roles)
    for process in PROCESSES:
        with pytest.raises(DatabaseError, match="permission denied"):
            guarded.run(process, "SELECT * FROM forgotten")
    with guarded.owner.begin() as connection:
        connection.execute(text("DROP TABLE forgotten"))


def test_rights_of_before_are_taken_back_column_by_column(guarded: Database) -> None:
    with guarded.owner.begin() as connection:
        role = guarded.roles["web"]
        connection.execute(text(f"GRANT INSERT ON staff TO {role}"))
        connection.execute(text(f"GRANT UPDATE (pin_hash, number) ON staff TO {role}"))
    grants.give(guarded.owner, guarded.roles)
    assert in_force(guarded.owner, guarded.roles["web"]) == declared("web")


# All that the processes do is still done under these roles


@pytest.fixture
def line(guarded_line: Line) -> Iterator[Line]:
    """The whole line, and nothing of what its clock does may fail unseen."""
    parts = guarded_line.web
    guarded_line.reads = Interpreter.of("en", parts.pack, parts.speech)
    with capture_logs() as events:
        yield guarded_line
    assert [one for one in events if one["event"] in FAILURES] == []


FAILURES = {"clock_failed", "notice_not_kept", "intent_not_carried_out", "session_end_not_kept"}


def states(guarded: Database) -> list[str]:
    with database.reading(guarded.owner) as session:
        return sorted(session.scalars(select(Report.state)))


def test_what_callers_do(line: Line, guarded: Database) -> None:
    """They report, look after a report and delete it; they are folded, muted and asked again."""
    line.staff("kabutare")
    code = calls.reported(line, "Yes, by SMS", "Yes", "Now")
    again = calls.reported(line)
    for choice in ("Change how you contact me", "Stop all contact", "Delete my report"):
        phone = line.phone().dial().choose("My code").press(code, HER_SECRET).choose(choice)
        while not phone.ended:
            phone.press(1)
    assert states(guarded) == ["deleted", "received"]
    with database.writing(line.staff_parts.database, "test") as session:
        muting.mute(session, again)
    calls.reported(line)
    with database.writing(line.staff_parts.database, "test") as session:
        muting.lift(session, again)
    assert states(guarded) == ["deleted", "received", "received"]


def test_what_they_do_for_a_child_and_when_the_line_cuts(line: Line, guarded: Database) -> None:
    line.staff("national", "national")
    alerted(line).choose("6-11", "Beating, injury")
    for answer, left in (("Yes", ["draft", "received"]), ("No", ["draft", "received"])):
        phone = halfway(line, answer)
        assert states(guarded) == left
        if answer == "Yes":
            kept = event(phone)
    assert line.post("events", kept) == 200
    halfway(line, "Yes").press(0)
    assert states(guarded) == ["received", "received"]


def test_what_comes_by_sms(line: Line, guarded: Database) -> None:
    nurse, other = line.staff("kabutare"), line.staff("kabutare")
    lead = line.staff("kabutare", "lead")
    for words in ("INFO", "1", "1", "0", "please call me"):
        assert line.text(CALLER, words)
    code_ = calls.reported(line, "Yes, by SMS", "Yes", "Now")
    sent = {sms.to: sms for sms in line.deliver()}
    for words in ("OFF", "ON", "WHO", "OK", f"SWAP {other}", "what?", f"1 {code_} 0000"):
        assert line.text(nurse, words)
    assert line.text(other, "ON"), "she takes over"
    assert line.text(other, f"2 {code_} {digits(sent[other])}")
    assert line.text(nurse, f"1 {code_} {digits(sent[nurse])}")
    assert "accepted" in states(guarded)
    assert line.post("opt-out", {"senderId": "X", "phoneNumber": lead}) == 200
    assert line.post("opt-out", {"senderId": "X", "phoneNumber": CALLER}) == 200
    line.text(CALLER, "STOP")


def test_what_a_provider_reports(line: Line, guarded: Database) -> None:
    """Given an alert that never reached its phone, somebody else is asked."""
    line.staff("kabutare")
    lead = line.staff("kabutare", "lead")
    calls.reported(line)
    line.deliver()
    for status in ("Success", "Failed"):
        assert line.post("delivery", {"id": "id-1", "status": "Sent"}) == 200
        assert line.post("delivery", {"id": f"id-{status}", "status": status}) == 200
    assert line.post("delivery", {"id": "id-1", "status": "Failed"}) == 200
    line.clock.tick()
    assert lead in {sms.to for sms in [*line.sms_provider.taken, *line.deliver()]}


def test_what_staff_do_by_phone(line: Line, guarded: Database) -> None:
    nurse, other = line.staff("kabutare"), line.staff("kabutare")
    line.staff("kabutare", "lead")
    by_sms = calls.reported(line, "Yes, by SMS", "Yes", "Evening")
    first = calls.reported(line, number="+250788000012")
    line.staff_phone(nurse).dial().press("0001").hangs_up()
    phone = signed_in(line, nurse).choose("Go off duty", "Go on duty")
    phone.choose(first).choose("Accept", "What was answered").press(9)
    phone.choose("Call her", "Number to call", "First call").press(9, 9)
    phone.choose("Check her 4 numbers").press(HER_SECRET).press(9, 9)
    phone.choose("What came of the call?", "No answer", "Back to the report")
    phone.choose("Hand over", "Yes, hand over")
    phone = signed_in(line, other).choose(by_sms).choose("Accept")
    phone.choose("SMS", "Appointment", "In 5 days", "Evening", "Back to the report")
    signed_in(line, other).choose(first).choose("Accept", "Close", "Yes, close")
    assert states(guarded) == ["accepted", "closed"]
    parts = line.staff_parts
    staff_list.change_pin(parts, nurse, "7135")
    leaving.take_out(parts, nurse)
    with database.writing(parts.database, "test") as session:
        phone_test.send_now(session)
        centres.replace_all(session, parts.pack, parts.pack.centres[:3])
    for looking in (parts, line.web, line.worker):
        assert not [one for one in doctor.faults(looking) if "cannot be read" in one]


def test_what_the_clock_does(line: Line, guarded: Database) -> None:
    """It escalates, reminds, takes back, sends drafts, tests phones, publishes and purges."""
    nurse = line.staff("kabutare")
    for role in ("lead", "operator", "witness"):
        line.staff("kabutare" if role == "lead" else "national", role)
    code_ = calls.reported(line, number="+250788000010")
    alert = next(sms for sms in line.deliver() if sms.to == nurse)
    line.text(nurse, f"1 {code_} {digits(alert)}")
    calls.reported(line, number="+250788000011")
    halfway(line, "Yes")
    for ago in (timedelta(minutes=9), timedelta(hours=9), timedelta(days=9), timedelta(days=900)):
        passes(guarded, ago)
        line.clock.tick()
    assert {"escalated", "reminded", "line cut", "purged", heads.PUBLISHED} <= acts(guarded)


def passes(guarded: Database, by: timedelta) -> None:
    """So much time is over, for all that is kept but the log."""
    with guarded.owner.begin() as connection:
        for table in Base.metadata.sorted_tables:
            moments = [one for one in table.c if isinstance(one.type, UtcDateTime)]
            if moments and not table.name.startswith("audit"):
                earlier = {one: one - literal(by, Interval) for one in moments}
                connection.execute(update(table).values(earlier))


def acts(guarded: Database) -> set[str]:
    with database.reading(guarded.owner) as session:
        return set(session.scalars(select(Audit.act)))


def test_pins_that_were_tried_go_when_the_owner_purges(line: Line, guarded: Database) -> None:
    """The clock may not: who could remove them could guess without end."""
    nurse = line.staff("kabutare")
    line.staff_phone(nurse).dial().press("0001")
    signed_in(line, nurse)  # From now on the wrong one says nothing any more.
    passes(guarded, timedelta(days=3))
    ages = line.worker.pack.retention
    for engine, may in ((line.worker.database, False), (guarded.owner, True)):
        gone = purge.Purge(engine, ages).run().counts["tries of PINs"]
        assert bool(gone) is may

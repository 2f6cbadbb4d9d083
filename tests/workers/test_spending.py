"""A cap on SMS to callers: what it stops, what it never stops, and that somebody hears of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from gateway.sms import outbox
from gateway.store import database
from gateway.store.models import Outbox, OutboxState
from tests.alarm_counts import alarms
from tests.samples import CENTRE
from tests.staff_and_reports import A_DAY, SMS_NOW, Person, StaffAndReports

TO_CALLER = Outbox.audience == "caller"
CAP = 2


@pytest.fixture
def operator(records: StaffAndReports) -> Person:
    """Somebody to wake, and a service that may send two SMS to callers on a day."""
    limits = replace(records.pack.limits, caller_sms_per_day=CAP)
    records.composer = replace(records.composer, pack=replace(records.pack, limits=limits))
    return records.staff(CENTRE, "operator")


def reports(records: StaffAndReports, count: int) -> None:
    """So many callers, each of whom is to get a confirmation now."""
    for number in range(count):
        records.report(contact=SMS_NOW, number=f"+25078800100{number}")


def answers(records: StaffAndReports, count: int) -> None:
    """So many answers to callers who wrote to the line."""
    with database.writing(records.engine, "test") as session:
        for number in range(count):
            letter = {"number": f"+25078800200{number}", "text": "1 Yes"}
            outbox.add_sealed(
                session,
                records.web,
                json.dumps(letter).encode(),
                dedupe_key=f"test:{number}",
                template="answer",
                lives=A_DAY,
            )


def reasons(records: StaffAndReports) -> Counter[str | None]:
    return Counter(row.outcome for row in records.all(Outbox, TO_CALLER))


def told(records: StaffAndReports, operator: Person) -> int:
    """How many SMS about it the operator got."""
    return len(records.all(Outbox, Outbox.staff_id == operator.id, Outbox.template == "alarm"))


def test_above_the_cap_no_more_leave_and_the_operator_is_told_once(
    records: StaffAndReports, operator: Person
) -> None:
    nurse, before = records.staff(), alarms("spending_cap")
    reports(records, 4)
    sent = records.deliver().counted()
    assert reasons(records) == {"accepted": CAP, "spending cap": 2}
    assert sent[nurse.number] == 4, "an alert was not sent"
    assert told(records, operator) == 1
    reports(records, 2)
    records.deliver()
    assert reasons(records) == {"accepted": CAP, "spending cap": 4}
    assert told(records, operator) == 1
    assert alarms("spending_cap") - before == 1


def test_who_writes_to_the_line_is_answered_and_what_it_costs_is_counted(
    records: StaffAndReports, operator: Person
) -> None:
    records.staff()
    answers(records, CAP + 1)
    records.deliver()
    reports(records, 1)
    records.deliver()
    assert reasons(records) == {"accepted": CAP + 1, "spending cap": 1}


def test_another_day_has_a_cap_of_its_own(records: StaffAndReports, operator: Person) -> None:
    records.staff()
    reports(records, CAP)
    records.deliver()
    sent = records.all(Outbox, TO_CALLER)
    records.change(Outbox, TO_CALLER, due_at=min(row.due_at for row in sent) - A_DAY)
    reports(records, CAP)
    records.deliver()
    assert reasons(records) == {"accepted": 2 * CAP}


def test_what_may_have_left_counts_and_what_was_refused_does_not(
    records: StaffAndReports, operator: Person
) -> None:
    records.staff()
    reports(records, CAP)
    records.deliver()
    records.change(Outbox, TO_CALLER, state=OutboxState.UNKNOWN)
    reports(records, 1)
    records.deliver()
    assert reasons(records) == {"accepted": CAP, "spending cap": 1}
    records.change(Outbox, TO_CALLER, Outbox.outcome == "accepted", state=OutboxState.REFUSED)
    reports(records, 1)
    records.deliver()
    assert reasons(records)["accepted"] == CAP + 1


def test_without_a_cap_all_leave(records: StaffAndReports) -> None:
    limits = replace(records.pack.limits, caller_sms_per_day=0)
    records.composer = replace(records.composer, pack=replace(records.pack, limits=limits))
    records.staff()
    reports(records, CAP + 1)
    records.deliver()
    assert reasons(records) == {"accepted": CAP + 1}

"""A cap on SMS to callers: what it stops, what it never stops, and that somebody hears of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from gateway.runtime.metrics import ALARMS
from gateway.sms import outbox
from gateway.store import database
from gateway.store.models import Outbox, OutboxState
from tests.staff_and_reports import A_DAY, CENTRE, SMS_NOW, Office, Person

TO_CALLER = Outbox.audience == "caller"
CAP = 2


@pytest.fixture
def operator(office: Office) -> Person:
    """Somebody to wake, and a service that may send two SMS to callers on a day."""
    limits = replace(office.pack.limits, caller_sms_per_day=CAP)
    office.letters = replace(office.letters, pack=replace(office.pack, limits=limits))
    return office.staff(CENTRE, "operator")


def reports(office: Office, count: int) -> None:
    """So many callers, each of whom is to get a confirmation now."""
    for number in range(count):
        office.report(contact=SMS_NOW, number=f"+25078800100{number}")


def answers(office: Office, count: int) -> None:
    """So many answers to callers who wrote to the line."""
    with database.writing(office.engine, "test") as session:
        for number in range(count):
            letter = {"number": f"+25078800200{number}", "text": "1 Yes"}
            outbox.add_sealed(
                session,
                office.web,
                json.dumps(letter).encode(),
                dedupe_key=f"test:{number}",
                template="answer",
                at=database.now(session),
                lives=A_DAY,
            )


def reasons(office: Office) -> Counter[str | None]:
    return Counter(row.outcome for row in office.all(Outbox, TO_CALLER))


def told(office: Office, operator: Person) -> int:
    """How many SMS about it the operator got."""
    return len(office.all(Outbox, Outbox.staff_id == operator.id, Outbox.template == "alarm"))


def alarms() -> float:
    return float(ALARMS.labels("spending_cap")._value.get())


def test_above_the_cap_no_more_leave_and_the_operator_is_told_once(
    office: Office, operator: Person
) -> None:
    nurse, before = office.staff(), alarms()
    reports(office, 4)
    sent = office.deliver().counted()
    assert reasons(office) == {"accepted": CAP, "spending cap": 2}
    assert sent[nurse.number] == 4, "an alert was not sent"
    assert told(office, operator) == 1
    reports(office, 2)
    office.deliver()
    assert reasons(office) == {"accepted": CAP, "spending cap": 4}
    assert told(office, operator) == 1
    assert alarms() - before == 1


def test_who_writes_to_the_line_is_answered_and_what_it_costs_is_counted(
    office: Office, operator: Person
) -> None:
    office.staff()
    answers(office, CAP + 1)
    office.deliver()
    reports(office, 1)
    office.deliver()
    assert reasons(office) == {"accepted": CAP + 1, "spending cap": 1}


def test_another_day_has_a_cap_of_its_own(office: Office, operator: Person) -> None:
    office.staff()
    reports(office, CAP)
    office.deliver()
    sent = office.all(Outbox, TO_CALLER)
    office.change(Outbox, TO_CALLER, due_at=min(row.due_at for row in sent) - A_DAY)
    reports(office, CAP)
    office.deliver()
    assert reasons(office) == {"accepted": 2 * CAP}


def test_what_may_have_left_counts_and_what_was_refused_does_not(
    office: Office, operator: Person
) -> None:
    office.staff()
    reports(office, CAP)
    office.deliver()
    office.change(Outbox, TO_CALLER, state=OutboxState.UNKNOWN)
    reports(office, 1)
    office.deliver()
    assert reasons(office) == {"accepted": CAP, "spending cap": 1}
    office.change(Outbox, TO_CALLER, Outbox.outcome == "accepted", state=OutboxState.REFUSED)
    reports(office, 1)
    office.deliver()
    assert reasons(office)["accepted"] == CAP + 1


def test_without_a_cap_all_leave(office: Office) -> None:
    limits = replace(office.pack.limits, caller_sms_per_day=0)
    office.letters = replace(office.letters, pack=replace(office.pack, limits=limits))
    office.staff()
    reports(office, CAP + 1)
    office.deliver()
    assert reasons(office) == {"accepted": CAP + 1}

"""What the holder of a report may see of it, how often, and that each look is in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from gateway.cases import casework
from gateway.cases.case_file import MOST_REVEALS, MOST_SECRET_TRIES, CaseFile
from gateway.cases.my_code import secret_of
from gateway.store import database
from gateway.store.models import (
    Alert,
    Audit,
    CallAttempt,
    ContactRow,
    Outbox,
    OutboxState,
    Report,
    Staff,
)
from gateway.vault.errors import CannotOpen
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.intents import Contact
from tests.moments import as_of
from tests.samples import CALLER, HER_SECRET
from tests.staff_and_reports import CALL_NOW, P1, SMS_NOW, Person, StaffAndReports, on_sqlite

pytestmark = on_sqlite

Look = Callable[[CaseFile], Mapping[str, str]]
Seen = Callable[[Person, str, Look], Mapping[str, str]]
LookAt = Callable[[Person, str, datetime, Look], Mapping[str, str]]

AN_HOUR = timedelta(hours=1)


@pytest.fixture
def look_at(records: StaffAndReports, vaults: Callable[[Role], Vault]) -> LookAt:
    """What somebody sees who looks at a report in her hands at a moment, in one transaction."""

    def see(person: Person, report: str, at: datetime, look: Look) -> Mapping[str, str]:
        with database.writing(records.engine, "test") as session:
            holder, row = session.get_one(Staff, person.id), session.get_one(Report, report)
            return look(CaseFile(vaults("staff"), records.pack, as_of(session, at), holder, row))

    return see


@pytest.fixture
def seen(records: StaffAndReports, look_at: LookAt) -> Seen:
    """The same now."""
    return lambda person, report, look: look_at(person, report, records.now(), look)


@pytest.fixture
def nurse(records: StaffAndReports) -> Person:
    return records.staff()


@pytest.fixture
def report(records: StaffAndReports, nurse: Person) -> str:
    return taken(records, nurse)


def taken(records: StaffAndReports, person: Person, contact: Contact | None = SMS_NOW) -> str:
    """A report in her hands, with four numbers that its caller chose."""
    made = records.report(contact=contact, answers={**P1, "area": "south/huye/ngoma"})
    with database.writing(records.engine, "test") as session:
        staff, row = session.get_one(Staff, person.id), session.get_one(Report, made)
        row.secret_hash = records.web.hash_secret(HER_SECRET, secret_of(made))
        alert = session.query(Alert).where(Alert.report_id == made).first()
        assert alert is not None
        assert casework.accept(session, alert, row, staff)
    return made


def acts(records: StaffAndReports, report: str) -> list[tuple[str, str | None]]:
    rows = sorted(records.all(Audit, Audit.report_id == report), key=lambda row: row.id)
    return [(row.act, row.detail) for row in rows if row.act not in {"sent", "accepted"}]


def number(file: CaseFile) -> Mapping[str, str]:
    return file.number("first call")


def said(facts: Mapping[str, str]) -> Mapping[str, str]:
    """The facts of a look at a number that say something; the others are there and empty."""
    assert facts.keys() == {"contact", "not_now", "window", "limit", "number", "greeting"}
    return {name: fact for name, fact in facts.items() if fact}


def test_the_number_is_shown_with_her_hours_and_the_reason_is_kept(
    records: StaffAndReports, seen: Seen, nurse: Person
) -> None:
    report = taken(records, nurse, CALL_NOW)
    assert said(seen(nurse, report, number)) == {
        "contact": "call",
        "window": "now",
        "number": CALLER,
        "greeting": "en",
    }
    assert acts(records, report)[-1] == ("revealed", "first call")
    last = max(records.all(Audit), key=lambda row: row.id)
    assert last.actor == f"staff:{nurse.id}"


def test_the_number_is_the_one_that_she_gave_if_she_gave_one(
    records: StaffAndReports, seen: Seen, nurse: Person
) -> None:
    report = taken(records, nurse, replace(CALL_NOW, other_number="0788999888"))
    assert seen(nurse, report, number)["number"] == "0788999888"


@pytest.mark.parametrize(
    ("contact", "shown", "why"),
    [
        (None, {"contact": "none"}, "no contact allowed"),
        (SMS_NOW, {"contact": "sms", "window": "now"}, "SMS only"),
    ],
)
def test_nobody_sees_a_number_that_may_not_be_called(
    records: StaffAndReports,
    seen: Seen,
    nurse: Person,
    contact: Contact | None,
    shown: Mapping[str, str],
    why: str,
) -> None:
    report = taken(records, nurse, contact)
    assert said(seen(nurse, report, number)) == shown
    assert acts(records, report)[-1] == ("number kept back", why)


EVENING = Contact(by="call", window="evening")


@pytest.mark.parametrize(
    ("clock", "not_now"),
    [
        ("16:59:59", "today 17:00"),
        ("17:00:00", ""),
        ("19:59:59", ""),
        ("20:00:00", "tomorrow 17:00"),
    ],
)
def test_her_hours_begin_and_end_to_the_second(
    records: StaffAndReports, look_at: LookAt, nurse: Person, clock: str, not_now: str
) -> None:
    report = taken(records, nurse, EVENING)
    noon = records.now().astimezone(records.pack.timezone)
    at = datetime.combine(noon.date(), time.fromisoformat(clock), records.pack.timezone)
    for facts in (look_at(nurse, report, at, number), look_at(nurse, report, at, CaseFile.so_far)):
        assert (facts["contact"], facts["not_now"], facts["window"]) == (
            "call",
            not_now,
            "evening",
        )
    assert acts(records, report)[-1] == (
        ("number kept back", "not now") if not_now else ("revealed", "first call")
    )


@pytest.mark.parametrize(("minutes", "not_now"), [(0, ""), (59, ""), (61, "over"), (1440, "over")])
def test_now_is_over_after_an_hour_and_does_not_come_again(
    records: StaffAndReports, look_at: LookAt, nurse: Person, minutes: int, not_now: str
) -> None:
    report = taken(records, nurse, CALL_NOW)
    at = records.now() + timedelta(minutes=minutes)
    facts = look_at(nurse, report, at, number)
    assert (facts["not_now"], bool(facts["number"])) == (not_now, not not_now)


def test_a_number_that_is_kept_back_counts_as_none(
    records: StaffAndReports, look_at: LookAt, nurse: Person
) -> None:
    report = taken(records, nurse, CALL_NOW)
    later = records.now() + timedelta(hours=2)
    for _ in range(MOST_REVEALS + 1):
        assert look_at(nurse, report, later, number)["not_now"] == "over"
    assert look_at(nurse, report, records.now(), number)["number"] == CALLER


def test_ten_numbers_in_an_hour_are_enough_for_one_person(
    records: StaffAndReports, seen: Seen, nurse: Person
) -> None:
    """Of whatever reports; a colleague has ten of her own."""
    report, another = taken(records, nurse, CALL_NOW), taken(records, nurse, CALL_NOW)
    colleague = records.staff()
    for shown in range(MOST_REVEALS):
        assert seen(nurse, another if shown % 2 else report, number)["number"]
    refused = said(seen(nurse, report, number))
    assert refused == {"contact": "call", "window": "now", "limit": "reached"}
    assert acts(records, report)[-1] == ("reveal refused", None)
    assert seen(colleague, report, number)["number"]
    records.change(Audit, at=records.now() - AN_HOUR)
    assert seen(nurse, report, number)["number"]


def test_a_contact_that_opens_no_more_is_found_out_by_who_asks_for_the_number(
    records: StaffAndReports, seen: Seen, nurse: Person
) -> None:
    """The report itself still opens."""
    report = taken(records, nurse, CALL_NOW)
    records.change(ContactRow, sealed=b"\x01" + b"0" * 284)
    assert seen(nurse, report, CaseFile.so_far)["contact"] == "call"
    with pytest.raises(CannotOpen):
        seen(nurse, report, number)


def secret(typed: str) -> Look:
    return lambda file: file.secret(typed)


def test_the_numbers_that_she_chose_tell_that_it_is_she(
    records: StaffAndReports, seen: Seen, nurse: Person, report: str
) -> None:
    assert seen(nurse, report, secret(HER_SECRET)) == {"secret": "right"}
    assert seen(nurse, report, secret("2581")) == {"secret": "wrong"}
    records.change(Report, secret_hash=None)
    assert seen(nurse, report, secret(HER_SECRET)) == {"secret": "none"}
    noted = [act for act, _ in acts(records, report)][-3:]
    assert noted == ["secret right", "secret wrong", "no secret"]


def test_nobody_finds_her_numbers_by_trying(
    records: StaffAndReports, seen: Seen, nurse: Person, report: str
) -> None:
    """Five wrong ones within an hour, by whomever; other reports are not touched."""
    colleague, another = records.staff(), taken(records, nurse)
    for tries in range(MOST_SECRET_TRIES):
        assert seen(nurse, report, secret(HER_SECRET)) == {"secret": "right"}
        assert seen(colleague if tries % 2 else nurse, report, secret("0000"))["secret"] == "wrong"
    assert seen(nurse, report, secret(HER_SECRET)) == {"secret": "wrong"}
    assert seen(nurse, another, secret(HER_SECRET)) == {"secret": "right"}
    records.change(Audit, at=records.now() - AN_HOUR)
    assert seen(nurse, report, secret(HER_SECRET)) == {"secret": "right"}


def test_the_answers_name_the_place_as_people_do(
    records: StaffAndReports, seen: Seen, nurse: Person, report: str
) -> None:
    assert seen(nurse, report, CaseFile.answers) == {
        **{f"answer.{question}": answer for question, answer in P1.items()},
        "answer.area": "Ngoma, Huye",
    }
    assert acts(records, report)[-1] == ("read answers", None)


def test_a_place_that_is_no_more_keeps_its_old_name(records: StaffAndReports, seen: Seen) -> None:
    nurse = records.staff()
    made = records.report(answers={"area": "south/atlantis"})
    assert seen(nurse, made, CaseFile.answers) == {"answer.area": "south/atlantis"}


def test_a_report_that_was_broken_off_says_so_and_one_without_answers_says_nothing(
    records: StaffAndReports, seen: Seen, nurse: Person, report: str
) -> None:
    assert "partial" not in seen(nurse, report, CaseFile.answers)
    records.change(Report, partial=True)
    assert seen(nurse, report, CaseFile.answers)["partial"] == "yes"
    records.change(Report, answers=None)
    assert seen(nurse, report, CaseFile.answers) == {}


@pytest.mark.parametrize(
    ("contact", "handled"), [(CALL_NOW, False), (EVENING, False), (SMS_NOW, True), (None, True)]
)
def test_reading_is_all_there_is_to_do_where_nobody_may_call_her(
    records: StaffAndReports, seen: Seen, nurse: Person, contact: Contact | None, *, handled: bool
) -> None:
    made = taken(records, nurse, contact)
    seen(nurse, made, CaseFile.answers)
    assert (records.report_now(made).remind_at is None) == handled


@pytest.mark.parametrize(
    ("state", "delivery", "said"),
    [
        (OutboxState.PENDING, None, ""),
        (OutboxState.SENDING, None, "not known"),
        (OutboxState.UNKNOWN, None, "not known"),
        (OutboxState.REFUSED, None, "not sent"),
        (OutboxState.DROPPED, None, "not sent"),
        (OutboxState.ACCEPTED, None, "sent"),
        (OutboxState.ACCEPTED, "Success", "sent"),
        (OutboxState.ACCEPTED, "Failed", "not sent"),
        (OutboxState.ACCEPTED, "AbsentSubscriber", "not sent"),
    ],
)
def test_what_became_of_the_last_sms_to_her(
    records: StaffAndReports,
    seen: Seen,
    nurse: Person,
    report: str,
    state: OutboxState,
    delivery: str | None,
    said: str,
) -> None:
    hers = Outbox.audience == "caller"
    records.change(Outbox, hers, state=state, delivery=delivery)
    assert seen(nurse, report, CaseFile.so_far)["sms"] == said
    records.change(Outbox, hers, outcome="withdrawn")
    assert seen(nurse, report, CaseFile.so_far)["sms"] == "", "it was overtaken, and is no news"


def test_of_several_sms_to_her_the_last_one_counts_and_nobody_elses(
    records: StaffAndReports, seen: Seen, nurse: Person, report: str
) -> None:
    another = taken(records, nurse)
    hers = Outbox.audience == "caller"
    records.change(Outbox, hers, state=OutboxState.ACCEPTED)
    records.change(Outbox, hers, Outbox.report_id == another, state=OutboxState.REFUSED)
    records.change(Outbox, Outbox.audience == "staff", state=OutboxState.REFUSED)
    assert seen(nurse, report, CaseFile.so_far)["sms"] == "sent"
    assert seen(nurse, another, CaseFile.so_far)["sms"] == "not sent"


@pytest.mark.parametrize(
    ("days", "said"), [(0, "today"), (1, "tomorrow"), (2, "{:%d/%m}"), (-1, "{:%d/%m}")]
)
def test_a_moment_is_said_as_staff_say_it(
    records: StaffAndReports, seen: Seen, nurse: Person, report: str, days: int, said: str
) -> None:
    """In the country's time. Of a call today the hour is enough."""
    zone = records.pack.timezone
    noon = records.now().astimezone(zone).replace(hour=12, minute=5) + timedelta(days=days)
    with database.writing(records.engine, "test") as session:
        for ago, outcome in ((0, "no_answer"), (1, "reached")):
            session.add(
                CallAttempt(
                    id=f"{ago:032d}",
                    report_id=report,
                    staff_id=nurse.id,
                    at=noon - timedelta(minutes=ago),
                    outcome=outcome,
                )
            )
    hers = Outbox.audience == "caller"
    records.change(Outbox, hers, template="appointment_today", due_at=noon, state="pending")
    day = said.format(noon)
    so_far = seen(nurse, report, CaseFile.so_far)
    assert so_far["reminder"] == f"{day} 12:05"
    assert so_far["calls"] == f"2 no_answer {'' if days == 0 else day + ' '}12:05"


def test_before_anything_was_done_there_is_nothing_to_say(
    records: StaffAndReports, seen: Seen, nurse: Person
) -> None:
    made = taken(records, nurse, replace(SMS_NOW, by="call"))
    assert seen(nurse, made, CaseFile.so_far) == {
        "contact": "call",
        "not_now": "",
        "window": "now",
        "calls": "",
        "sms": "",
        "reminder": "",
        "may_remind": "",
    }

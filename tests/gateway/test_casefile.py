"""What the holder of a report may see of it, how often, and that each look is in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway import casework, database
from gateway.casefile import MOST_REVEALS, MOST_SECRET_TRIES, CaseFile
from gateway.cases import secret_of
from gateway.models import Alert, Audit, CallAttempt, Outbox, OutboxState, Report, Staff
from gateway.vault import Role, Vault
from menus.intents import Contact
from tests.office import CALLER, P1, SMS_NOW, Office, Person, on_sqlite

pytestmark = on_sqlite

Look = Callable[[CaseFile], Mapping[str, str]]
Seen = Callable[[Person, str, Look], Mapping[str, str]]

SECRET = "2580"
AN_HOUR = timedelta(hours=1)


@pytest.fixture
def seen(office: Office, vaults: Callable[[Role], Vault]) -> Seen:
    """What somebody sees who looks at a report in her hands, in a transaction of its own."""

    def see(person: Person, report: str, look: Look) -> Mapping[str, str]:
        with database.writing(office.engine, "test") as session:
            holder = session.get_one(Staff, person.id)
            row, now = session.get_one(Report, report), database.now(session)
            return look(CaseFile(vaults("staff"), office.pack, session, holder, row, now))

    return see


@pytest.fixture
def nurse(office: Office) -> Person:
    return office.staff()


@pytest.fixture
def report(office: Office, nurse: Person) -> str:
    return taken(office, nurse)


def taken(office: Office, person: Person, contact: Contact | None = SMS_NOW) -> str:
    """A report in her hands, with four numbers that its caller chose."""
    made = office.report(contact=contact, answers={**P1, "area": "south/huye/ngoma"})
    with database.writing(office.engine, "test") as session:
        staff, row = session.get_one(Staff, person.id), session.get_one(Report, made)
        row.secret_hash = office.web.hash_secret(SECRET, secret_of(made))
        alert = session.query(Alert).where(Alert.report_id == made).first()
        assert alert is not None
        assert casework.accept(session, alert, row, staff, database.now(session))
    return made


def acts(office: Office, report: str) -> list[tuple[str, str | None]]:
    rows = sorted(office.all(Audit, Audit.report_id == report), key=lambda row: row.id)
    return [(row.act, row.detail) for row in rows if row.act not in {"sent", "accepted"}]


def number(file: CaseFile) -> Mapping[str, str]:
    return file.number("first call")


def test_the_number_is_shown_with_her_hours_and_the_reason_is_kept(
    office: Office, seen: Seen, nurse: Person, report: str
) -> None:
    assert seen(nurse, report, number) == {"number": CALLER, "window": "now"}
    assert acts(office, report)[-1] == ("revealed", "first call")
    last = max(office.all(Audit), key=lambda row: row.id)
    assert last.actor == f"staff:{nurse.id}"


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        (None, {}),
        (
            Contact(by="call", window="evening", other_number="0788999888"),
            {"number": "0788999888", "window": "evening"},
        ),
    ],
)
def test_the_number_is_the_one_that_she_gave_if_she_gave_one(
    office: Office, seen: Seen, nurse: Person, contact: Contact | None, shown: Mapping[str, str]
) -> None:
    assert seen(nurse, taken(office, nurse, contact), number) == shown


def test_ten_numbers_in_an_hour_are_enough_for_one_person(
    office: Office, seen: Seen, nurse: Person, report: str
) -> None:
    """Of whatever reports; a colleague has ten of her own."""
    another, colleague = taken(office, nurse), office.staff()
    for shown in range(MOST_REVEALS):
        assert "number" in seen(nurse, another if shown % 2 else report, number)
    assert seen(nurse, report, number) == {"limit": "reached"}
    assert acts(office, report)[-1] == ("reveal refused", None)
    assert "number" in seen(colleague, report, number)
    office.change(Audit, at=office.now() - AN_HOUR)
    assert "number" in seen(nurse, report, number)


def secret(typed: str) -> Look:
    return lambda file: file.secret(typed)


def test_the_numbers_that_she_chose_tell_that_it_is_she(
    office: Office, seen: Seen, nurse: Person, report: str
) -> None:
    assert seen(nurse, report, secret(SECRET)) == {"secret": "right"}
    assert seen(nurse, report, secret("2581")) == {"secret": "wrong"}
    office.change(Report, secret_hash=None)
    assert seen(nurse, report, secret(SECRET)) == {"secret": "none"}
    said = [act for act, _ in acts(office, report)][-3:]
    assert said == ["secret right", "secret wrong", "no secret"]


def test_nobody_finds_her_numbers_by_trying(
    office: Office, seen: Seen, nurse: Person, report: str
) -> None:
    """Five wrong ones within an hour, by whomever; other reports are not touched."""
    colleague, another = office.staff(), taken(office, nurse)
    for tries in range(MOST_SECRET_TRIES):
        assert seen(nurse, report, secret(SECRET)) == {"secret": "right"}
        assert seen(colleague if tries % 2 else nurse, report, secret("0000"))["secret"] == "wrong"
    assert seen(nurse, report, secret(SECRET)) == {"secret": "wrong"}
    assert seen(nurse, another, secret(SECRET)) == {"secret": "right"}
    office.change(Audit, at=office.now() - AN_HOUR)
    assert seen(nurse, report, secret(SECRET)) == {"secret": "right"}


def test_the_answers_name_the_place_as_people_do(
    office: Office, seen: Seen, nurse: Person, report: str
) -> None:
    assert seen(nurse, report, CaseFile.answers) == {
        **{f"answer.{question}": answer for question, answer in P1.items()},
        "answer.area": "Ngoma, Huye",
    }
    assert acts(office, report)[-1] == ("read answers", None)


def test_a_place_that_is_no_more_keeps_its_old_name(office: Office, seen: Seen) -> None:
    nurse = office.staff()
    made = office.report(answers={"area": "south/atlantis"})
    assert seen(nurse, made, CaseFile.answers) == {"answer.area": "south/atlantis"}


def test_a_report_that_was_broken_off_says_so_and_one_without_answers_says_nothing(
    office: Office, seen: Seen, nurse: Person, report: str
) -> None:
    assert "partial" not in seen(nurse, report, CaseFile.answers)
    office.change(Report, partial=True)
    assert seen(nurse, report, CaseFile.answers)["partial"] == "yes"
    office.change(Report, answers=None)
    assert seen(nurse, report, CaseFile.answers) == {}


@pytest.mark.parametrize(("contact", "handled"), [(SMS_NOW, False), (None, True)])
def test_reading_is_all_there_is_to_do_where_nobody_may_call_her(
    office: Office, seen: Seen, nurse: Person, contact: Contact | None, *, handled: bool
) -> None:
    made = taken(office, nurse, contact)
    seen(nurse, made, CaseFile.answers)
    assert (office.report_now(made).remind_at is None) == handled


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
    office: Office,
    seen: Seen,
    nurse: Person,
    report: str,
    state: OutboxState,
    delivery: str | None,
    said: str,
) -> None:
    hers = Outbox.audience == "caller"
    office.change(Outbox, hers, state=state, delivery=delivery)
    assert seen(nurse, report, CaseFile.so_far)["sms"] == said
    office.change(Outbox, hers, outcome="withdrawn")
    assert seen(nurse, report, CaseFile.so_far)["sms"] == "", "it was overtaken, and is no news"


def test_of_several_sms_to_her_the_last_one_counts_and_nobody_elses(
    office: Office, seen: Seen, nurse: Person, report: str
) -> None:
    another = taken(office, nurse)
    hers = Outbox.audience == "caller"
    office.change(Outbox, hers, state=OutboxState.ACCEPTED)
    office.change(Outbox, hers, Outbox.report_id == another, state=OutboxState.REFUSED)
    office.change(Outbox, Outbox.audience == "staff", state=OutboxState.REFUSED)
    assert seen(nurse, report, CaseFile.so_far)["sms"] == "sent"
    assert seen(nurse, another, CaseFile.so_far)["sms"] == "not sent"


@pytest.mark.parametrize(
    ("days", "said"), [(0, "today"), (1, "tomorrow"), (2, "{:%d/%m}"), (-1, "{:%d/%m}")]
)
def test_a_moment_is_said_as_staff_say_it(
    office: Office, seen: Seen, nurse: Person, report: str, days: int, said: str
) -> None:
    """In the country's time. Of a call today the hour is enough."""
    zone = office.pack.timezone
    noon = office.now().astimezone(zone).replace(hour=12, minute=5) + timedelta(days=days)
    with database.writing(office.engine, "test") as session:
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
    office.change(Outbox, hers, template="appointment_today", due_at=noon, state="pending")
    day = said.format(noon)
    so_far = seen(nurse, report, CaseFile.so_far)
    assert so_far["reminder"] == f"{day} 12:05"
    assert so_far["calls"] == f"2 no_answer {'' if days == 0 else day + ' '}12:05"


def test_before_anything_was_done_there_is_nothing_to_say(
    office: Office, seen: Seen, nurse: Person
) -> None:
    made = taken(office, nurse, replace(SMS_NOW, by="call"))
    assert seen(nurse, made, CaseFile.so_far) == {
        "calls": "",
        "sms": "",
        "reminder": "",
        "may_remind": "",
    }

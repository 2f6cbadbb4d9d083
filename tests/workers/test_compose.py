"""What leaves for a phone, and what must not leave any more."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import get_args

import pytest
import smsutil

from gateway.cases import contacts
from gateway.runtime.phones import Msisdn
from gateway.sms import outbox
from gateway.staff.roster import ALERTED
from gateway.store import database
from gateway.store.models import Alert, ContactRow, Outbox, OutboxState, Report, ReportState
from gateway.store.models import Staff as StaffRow
from menus import messages
from menus.intents import Contact, Window
from menus.messages import COURTESIES
from menutools.catalogues import forbidden
from tests.moments import as_of
from tests.samples import CALLER, CENTRE
from tests.staff_and_reports import A_DAY, P1, SMS_NOW, Person, StaffAndReports
from workers.compose import (
    ONLY_WHILE_HERS,
    ONLY_WHILE_OPEN,
    ONLY_WHILE_STALLED,
    Drop,
    Sms,
)

LANGUAGES = ("en", "rw", "fr", "sw")
TO_CALLER = Outbox.audience == "caller"
TO_STAFF = Outbox.audience == "staff"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the kind of database."""
    return sqlite_url


def write(records: StaffAndReports, row: Outbox, at: datetime | None = None) -> Sms | Drop:
    """The letter of a row, as if now were `at`."""
    with database.reading(records.engine) as session:
        fresh = session.get_one(Outbox, row.id)
        return records.composer.write(as_of(session, at or database.now(session)), fresh)


def to_caller(records: StaffAndReports, at: datetime | None = None) -> Sms | Drop:
    return write(records, records.one(Outbox, TO_CALLER), at)


def test_the_neutral_line_goes_to_the_number_of_the_session(records: StaffAndReports) -> None:
    records.report(contact=Contact(by="sms", window="now", other_number="+250788999888"))
    assert to_caller(records) == Sms(
        Msisdn(CALLER), "Hello. Your appointment is confirmed. Thank you."
    )


def test_the_one_whose_case_is_accepted_still_gets_it(records: StaffAndReports) -> None:
    report = records.report(contact=SMS_NOW)
    records.change(Report, Report.id == report, state=ReportState.ACCEPTED)
    assert isinstance(to_caller(records), Sms)


def deletes(records: StaffAndReports, report: str) -> None:
    records.change(Report, Report.id == report, state=ReportState.DELETED)


def is_closed(records: StaffAndReports, report: str) -> None:
    records.change(Report, Report.id == report, state=ReportState.CLOSED)


def wants_no_contact(records: StaffAndReports, report: str) -> None:
    with database.writing(records.engine, "test") as session:
        contacts.forget(session, report)


def wants_a_call(records: StaffAndReports, report: str) -> None:
    with database.writing(records.engine, "test") as session:
        new = Contact(by="call", window="now")
        contacts.replace(session, records.web, report, Msisdn(CALLER), new)


def stops_our_sms(records: StaffAndReports, report: str) -> None:
    with database.writing(records.engine, "test") as session:
        contacts.stop_sms(session, records.web, Msisdn(CALLER))


def is_tampered_with(records: StaffAndReports, report: str) -> None:
    records.change(ContactRow, ContactRow.report_id == report, sealed=b"\x01" + b"0" * 284)


def waits_too_long(records: StaffAndReports, report: str) -> None:
    records.change(Outbox, TO_CALLER, expires_at=records.now())


NO_MORE: list[tuple[Callable[[StaffAndReports, str], None], Drop]] = [
    (deletes, Drop("deleted")),
    (is_closed, Drop("settled")),
    (wants_no_contact, Drop("no permission")),
    (wants_a_call, Drop("no permission")),
    (stops_our_sms, Drop("no permission")),
    (is_tampered_with, Drop("cannot be opened", alarm=True)),
    (waits_too_long, Drop("too late")),
]


@pytest.mark.parametrize(("happens", "drop"), NO_MORE)
def test_what_was_true_when_it_was_queued_is_looked_at_again(
    records: StaffAndReports, happens: Callable[[StaffAndReports, str], None], drop: Drop
) -> None:
    report = records.report(contact=SMS_NOW)
    assert isinstance(to_caller(records), Sms)
    happens(records, report)
    assert to_caller(records) == drop


HOURS: dict[Window, tuple[time, time]] = {
    "morning": (time(6), time(10)),
    "afternoon": (time(10), time(15)),
    "evening": (time(15), time(18)),
    "any": (time(6), time(18)),
}
"""By the clock of Greenwich."""


@pytest.mark.parametrize("window", get_args(Window))
def test_outside_her_hours_an_sms_is_dropped_and_not_delayed(
    records: StaffAndReports, window: Window
) -> None:
    records.report(contact=Contact(by="sms", window=window))
    records.change(Outbox, TO_CALLER, expires_at=records.now() + timedelta(days=3))
    if window == "now":
        begin, end = records.now(), records.now() + timedelta(minutes=61)
    else:
        tomorrow = records.now() + A_DAY
        begin, end = (datetime.combine(tomorrow, at, tomorrow.tzinfo) for at in HOURS[window])
        assert to_caller(records, begin - timedelta(seconds=1)) == Drop("not a safe hour")
    assert isinstance(to_caller(records, begin), Sms)
    assert to_caller(records, end) == Drop("not a safe hour")


def test_a_dropped_sms_is_never_sent_later(records: StaffAndReports) -> None:
    hours = records.pack.hours
    local = records.now().astimezone(records.pack.timezone).time()
    windows: dict[Window, bool] = {
        "morning": hours.morning.start <= local < hours.morning.end,
        "evening": hours.evening.start <= local < hours.evening.end,
    }
    unsafe: Window = next(window for window, safe in windows.items() if not safe)
    records.report(contact=Contact(by="sms", window=unsafe))
    assert records.deliver().taken == []
    assert records.one(Outbox, TO_CALLER).state == OutboxState.DROPPED
    records.make_due()
    assert records.deliver().taken == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", COURTESIES)
def test_an_sms_to_a_caller_tells_a_stranger_nothing(
    records: StaffAndReports, template: str, language: str
) -> None:
    text = records.composer.speech.say(COURTESIES[template], language)
    names = [one.title for one in records.pack.languages.values()]
    names += [centre.name for centre in records.pack.centres]
    assert forbidden.betrays(text, names) is None
    assert_one_segment(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_to_a_caller_is_in_her_language(records: StaffAndReports, language: str) -> None:
    records.report(contact=SMS_NOW, language=language)
    letter = to_caller(records)
    assert isinstance(letter, Sms)
    assert letter.text == records.composer.speech.say(COURTESIES["confirmed"], language)


def assert_one_segment(text: str) -> None:
    split = smsutil.split(text)
    assert split.encoding == "gsm0338", f"not in GSM-7: {text}"
    assert len(split.parts) == 1, f"{len(split.parts)} segments: {text}"


ABOUT_NO_REPORT = {
    *("not_understood", "alarm", "audit_head"),
    *("on_duty", "off_duty", "nobody_on_duty", "who", "swap_asked", "nothing_to_swap"),
    *("swap_request", "swapped", "phone_test", "phone_works"),
    *("last_on_duty", "pin_guessed", "pin_locked", "on_duty_until", "swap_request_until"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", messages.TO_STAFF)
def test_an_sms_to_staff_holds_what_they_need_and_nothing_of_her(
    records: StaffAndReports, template: str, language: str
) -> None:
    """The longest values that can come up, in every language and for every role."""
    nurse = records.staff(language=language)
    report = records.report(contact=SMS_NOW, answers={"age": "16_17", **P1, "need": "physical"})
    longest = "987654321"
    records.change(Report, Report.id == report, code=longest, priority="P2")
    (alert,) = records.all(Alert)
    if template in ONLY_WHILE_STALLED | ONLY_WHILE_HERS:
        held = {"state": ReportState.ACCEPTED, "accepted_by": nurse.id}
        records.change(Report, Report.id == report, **held)
    for role in ALERTED:
        row = queued(records, template, nurse, report, alert.id, role)
        letter = write(records, row)
        assert isinstance(letter, Sms)
        assert letter.to == nurse.msisdn
        assert_one_segment(letter.text)
        assert_says_nothing_of_her(records, letter.text)
        assert (longest in letter.text) is (template not in ABOUT_NO_REPORT)
        needs_digits = template in ONLY_WHILE_OPEN
        assert (f" {records.digits(report, nurse)} " in letter.text) is needs_digits


def queued(
    records: StaffAndReports, template: str, person: Person, report: str, alert: str, role: str
) -> Outbox:
    key, wanted = f"test:{template}:{role}", messages.TO_STAFF[template].text
    with database.writing(records.engine, "test") as session:
        outbox.add(
            session,
            dedupe_key=key,
            audience="staff",
            template=template,
            lives=A_DAY,
            report_id=report,
            staff_id=person.id,
            alert_id=alert,
            values={
                "minutes": 999,
                "role": role,
                "until": "2026-12-31T12:00:00+00:00" if "{until}" in wanted else None,
                "duty": [(one, "2026-12-31T12:00:00+00:00") for one in ALERTED],
            },
        )
    return records.one(Outbox, Outbox.dedupe_key == key)


def assert_says_nothing_of_her(records: StaffAndReports, text: str) -> None:
    assert CALLER[4:] not in text
    assert not re.search(r"\d{10}", text), "this may be a telephone number"
    assert forbidden.names_violence(text) is None
    places = [records.pack.places.get(f"south/huye{part}") for part in ("", "/ngoma")]
    centre = next(one for one in records.pack.centres if one.id == CENTRE)
    for name in (centre.name, centre.town, *(place.name for place in places if place)):
        assert name.casefold() not in text.casefold()
    assert not re.search(r"16.17|physical|72|female", re.sub(r"\d{4,}", "", text))


@pytest.fixture
def alert(records: StaffAndReports) -> tuple[Person, str]:
    """A nurse with an alert that waits."""
    nurse = records.staff()
    return nurse, records.report()


def to_staff(records: StaffAndReports) -> Sms | Drop:
    return write(records, records.one(Outbox, TO_STAFF))


def test_an_alert_says_how_to_answer_it(
    records: StaffAndReports, alert: tuple[Person, str]
) -> None:
    nurse, report = alert
    code, digits = records.code(report), records.digits(report, nurse)
    letter = to_staff(records)
    assert isinstance(letter, Sms)
    assert letter.text == (
        f"[ISANGE] {code} P1 new. Open within 5 min: dial *384*3030#. "
        f"Reply 1 {code} {digits} accept, 2 {code} {digits} cannot."
    )


@pytest.mark.parametrize("state", ["accepted", "closed", "deleted"])
def test_an_alert_about_a_report_that_somebody_has_does_not_leave(
    records: StaffAndReports, alert: tuple[Person, str], state: str
) -> None:
    records.change(Report, state=state)
    assert to_staff(records) == Drop("settled")


@pytest.mark.parametrize("state", ["declined", "settled", "unreachable"])
def test_an_alert_to_one_who_is_not_asked_any_more_does_not_leave(
    records: StaffAndReports, alert: tuple[Person, str], state: str
) -> None:
    records.change(Alert, state=state)
    assert to_staff(records) == Drop("settled")


def test_one_who_blocked_our_sms_gets_none(
    records: StaffAndReports, alert: tuple[Person, str]
) -> None:
    records.change(StaffRow, opted_out_at=records.now())
    assert to_staff(records) == Drop("opted out")


def test_staff_who_are_told_too_late_are_an_alarm(
    records: StaffAndReports, alert: tuple[Person, str]
) -> None:
    records.change(Outbox, expires_at=records.now())
    assert to_staff(records) == Drop("too late", alarm=True)


def test_a_letter_does_not_show_what_is_in_it(records: StaffAndReports) -> None:
    records.report(contact=SMS_NOW)
    shown = repr(to_caller(records)) + str(to_caller(records))
    assert CALLER[4:] not in shown
    assert "appointment" not in shown

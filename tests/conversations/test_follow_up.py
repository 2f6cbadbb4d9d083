"""After accepting: calls and what came of them, appointments, and a report that lies idle."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import ColumnElement, select, update

from gateway.store import database
from gateway.store.models import Audit, CallAttempt, Outbox, OutboxState, Report
from tests.conversations.calls import TO_HUYE, reported, until_need
from tests.conversations.interpreter import in_every_language
from tests.conversations.test_staff_line import acts, signed_in
from tests.moments import as_of
from tests.one_process_line import Line, code, digits
from tests.phone import Phone
from tests.samples import CALLER, HER_SECRET
from workers.compose import Composer, Drop, Sms

BY_SMS = ("Yes, by SMS", "Yes", "Evening")
TO_HER = Outbox.audience == "caller"


def accepted(line: Line, *contact: str, language: str = "en") -> tuple[str, str, Phone]:
    """A report of an adult, and the phone of the nurse who has it: number, code, phone."""
    nurse = line.staff("kabutare", language=language)
    ref = reported(line, *contact)
    line.deliver()
    return nurse, ref, signed_in(line, nurse).choose(ref, "Accept")


def rows(line: Line, *where: ColumnElement[bool]) -> list[Outbox]:
    with database.reading(line.web.database) as session:
        found = list(session.scalars(select(Outbox).where(*where).order_by(Outbox.created_at)))
        session.expunge_all()
    return found


def waiting(line: Line) -> list[str]:
    """The SMS to her that are to leave some day."""
    return [row.template for row in rows(line, TO_HER, Outbox.state == OutboxState.PENDING)]


def when_it_leaves(line: Line) -> tuple[Sms | Drop, datetime]:
    """What becomes of the SMS to her that waits, and when, by the clock of the country."""
    (row,) = rows(line, TO_HER, Outbox.state == OutboxState.PENDING)
    with database.reading(line.web.database) as session:
        fresh = session.get_one(Outbox, row.id)
        sms = Composer.of(line.worker).write(as_of(session, row.due_at), fresh)
    return sms, row.due_at.astimezone(line.web.pack.timezone)


def today(line: Line) -> date:
    with database.reading(line.web.database) as session:
        return database.now(session).astimezone(line.web.pack.timezone).date()


def pass_(line: Line, minutes: int) -> None:
    """So many minutes are over, and the clock ticks."""
    by = timedelta(minutes=minutes)
    with database.writing(line.web.database, "test") as session:
        for report in session.scalars(select(Report).where(Report.remind_at.is_not(None))):
            assert report.accepted_at is not None
            assert report.remind_at is not None
            report.accepted_at -= by
            report.remind_at -= by
    line.clock.tick()


@in_every_language
def test_a_nurse_sets_a_reminder_and_sees_when_it_leaves(line: Line, language: str) -> None:
    _, ref, phone = accepted(line, *BY_SMS, language=language)
    line.deliver()

    phone.choose("SMS").sees("No reminder is set.").choose("Appointment").sees("Which day?")
    phone.choose("In {days} days").choose("Morning")

    sms, at = when_it_leaves(line)
    assert (at.date() - today(line)).days == 1, "her hours are in the evening: the day before"
    assert isinstance(sms, Sms)
    assert sms.to.reveal() == CALLER
    phone.sees("Reminder: {day} {time}.", "tomorrow", f"{at:%H:%M}")
    phone.choose("Back to the report").sees(ref).choose("SMS").sees("Reminder: {day} {time}.")
    assert acts(line)[-2:] == ["reminder set", "opened"]


def test_another_day_takes_its_place_and_days_may_be_typed(line: Line) -> None:
    _, _, phone = accepted(line, *BY_SMS)
    phone.choose("SMS", "Appointment", "In 5 days", "Evening", "Back to the report")
    phone.choose("SMS", "Appointment").press("14").choose("Evening")
    sms, at = when_it_leaves(line)
    assert isinstance(sms, Sms)
    assert sms.text == "Hello. A reminder of your appointment tomorrow."
    assert (at.date() - today(line)).days == 13
    phone.sees(f"Reminder: {at:%d/%m} 19:30.")


def test_too_many_days_are_no_day(line: Line) -> None:
    _, _, phone = accepted(line, *BY_SMS)
    phone.choose("SMS", "Appointment").press("99").sees("Type 1 to 60 days.")
    assert "appointment" not in " ".join(waiting(line))


def test_when_none_of_her_hours_is_left_staff_must_tell_her(line: Line) -> None:
    _, _, phone = accepted(line, *BY_SMS)
    phone.choose("SMS", "Appointment", "Today", "Morning")
    phone.sees("No reminder will be sent. Tell her yourself.")


def test_an_appointment_that_is_off_is_taken_back(line: Line) -> None:
    _, _, phone = accepted(line, *BY_SMS)
    phone.choose("SMS", "Appointment", "In 2 days", "Morning", "Back to the report")
    phone.choose("SMS", "No reminder").sees("No reminder will be sent.")
    assert "appointment_tomorrow" not in waiting(line)


@pytest.mark.parametrize("contact", [("Yes, by call", "Evening"), ("Yes, by SMS", "Yes", "Now")])
def test_whoever_allowed_no_later_sms_is_offered_none(line: Line, contact: tuple[str, ...]) -> None:
    _, _, phone = accepted(line, *contact)
    if "Now" not in contact:
        phone.does_not_see("SMS")
        return
    phone.choose("SMS").does_not_see("Appointment")


@pytest.mark.parametrize(
    ("state", "words"), [("accepted", "sent"), ("refused", "not sent"), ("unknown", "not known")]
)
def test_what_became_of_the_last_sms_to_her_is_shown(line: Line, state: str, words: str) -> None:
    _, ref, phone = accepted(line, *BY_SMS)
    with database.writing(line.web.database, "test") as session:
        session.execute(update(Outbox).where(TO_HER).values(state=state, outcome="test"))
    phone.choose("My alerts", ref, "SMS").sees(f"Last SMS to her: {words}.")


def test_she_stops_contact_and_no_reminder_leaves(line: Line) -> None:
    _, ref, phone = accepted(line, *BY_SMS)
    phone.choose("SMS", "Appointment", "In 2 days", "Morning")
    caller = line.phone().dial().choose("My code").press(ref).press(HER_SECRET)
    caller.choose("Stop all contact", "Yes, stop")
    assert waiting(line) == []


def test_closing_leaves_one_check_in_some_days_later(line: Line) -> None:
    _, _, phone = accepted(line, *BY_SMS)
    phone.choose("SMS", "Appointment", "In 2 days", "Morning", "Back to the report")
    phone.choose("Close", "Yes, close").sees("closed")
    sms, at = when_it_leaves(line)
    assert isinstance(sms, Sms)
    assert sms.text == "Hello. We hope that you are well."
    assert (at.date() - today(line)).days == line.web.pack.limits.check_in_days


def test_who_wants_no_check_in_stops_it_after_closing_too(line: Line) -> None:
    _, ref, phone = accepted(line, *BY_SMS)
    phone.choose("Close", "Yes, close")
    assert waiting(line) == ["check_in"]
    caller = line.phone().dial().choose("My code").press(ref).press(HER_SECRET)
    caller.choose("Stop all contact", "Yes, stop")
    assert waiting(line) == []


@in_every_language
def test_what_came_of_a_call_is_seen_by_the_next_who_has_it(line: Line, language: str) -> None:
    other = line.staff("kabutare", language=language)
    _, ref, phone = accepted(line, "Yes, by call", "Evening", language=language)
    phone.choose("Call her", "Number to call", "First call", "What came of the call?")
    phone.choose("No answer").sees("Noted. Try again").choose("Back to the report")
    phone.choose("Call her", "What came of the call?", "Somebody else").sees("Noted. If asked")
    phone.choose("Back to the report").choose("Hand over", "Yes, hand over")

    colleague = signed_in(line, other).choose(ref).does_not_see("Calls: {count}")
    colleague.choose("Accept").sees("Calls: {count}, {outcome} {when}", "2", "somebody else")
    colleague.choose("Call her").sees("Calls: {count}, {outcome} {when}")


def test_a_call_is_noted_once_however_often_the_network_repeats_it(line: Line) -> None:
    _, _, phone = accepted(line, "Yes, by call", "Evening")
    phone.choose("Call her", "What came of the call?", "Not reachable")
    line.web.redis.flushall()
    phone.repeat().sees("Noted. Her phone is off")
    with database.reading(line.web.database) as session:
        assert list(session.scalars(select(CallAttempt.outcome))) == ["not_reachable"]
        audited = select(Audit.detail).where(Audit.act == "called")
        assert list(session.scalars(audited)) == ["not_reachable"]


def test_accepted_by_sms_and_forgotten_it_goes_to_somebody_else(line: Line) -> None:
    nurse, lead = line.staff("kabutare"), line.staff("kabutare", "lead")
    operator = line.staff("kabutare", "operator")
    caller = until_need(line).choose("Sexual violence", "Last 3 days", "Continue", *TO_HUYE)
    caller.choose("Kabutare", "Yes, by call", "Evening", "No").press(HER_SECRET).choose(
        "Send: health"
    )
    (alert,) = line.deliver()
    line.text(nurse, f"1 {code(alert)} {digits(alert)}")

    pass_(line, 10)
    assert [(sms.to, "still open" in sms.text) for sms in line.deliver()] == [(nurse, True)]
    pass_(line, 10)
    assert {sms.to for sms in line.deliver()} == {nurse, lead}
    pass_(line, 10)
    sent = {sms.to: sms.text for sms in line.deliver()}
    assert "ALARM: accepted but idle" in sent[operator]
    assert "passed on" in sent[nurse]
    assert "Reply 1" in sent[lead], "nobody else was asked"
    signed_in(line, nurse).choose(code(alert)).sees("passed on").choose("Accept").sees("yours")


def test_whoever_reads_what_cannot_be_answered_by_a_call_is_not_reminded(line: Line) -> None:
    _, _, phone = accepted(line, "No, I will come or call")
    phone.choose("What was answered")
    pass_(line, 2000)
    assert line.deliver() == []


def test_a_call_that_reached_her_ends_the_reminders(line: Line) -> None:
    _, _, phone = accepted(line, "Yes, by call", "Evening")
    phone.choose("Call her", "What came of the call?", "I reached her")
    pass_(line, 2000)
    assert line.deliver() == []


def test_a_report_that_was_taken_back_takes_no_note(line: Line) -> None:
    _, _, phone = accepted(line, "Yes, by call", "Evening")
    phone.choose("Call her", "What came of the call?")
    with database.writing(line.web.database, "test") as session:
        session.execute(update(Report).values(state="received", accepted_by=None))
    phone.choose("I reached her").sees("This report is not yours any more.")
    with database.reading(line.web.database) as session:
        assert list(session.scalars(select(CallAttempt.id))) == []

"""The line cuts in the middle of a report: what she allowed us to send is sent, nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from gateway.store import database
from gateway.store.models import Action, Alert, ContactRow, DataKeyRow, Outbox, Report
from tests.conversations.interpreter import in_every_language
from tests.one_process_line import Line
from tests.phone import Phone


def halfway(line: Line, answer: str) -> Phone:
    """A report as far as the question of what happens if the line cuts."""
    line.staff("kabutare")
    phone = line.phone().dial().choose("I need help", "Yes, continue", "Continue", "18 or more")
    phone.choose("Beaten or hurt", "Last 3 days", "South", "Huye", "Kabutare", "Yes, by call")
    return phone.choose("Now").sees("If the line cuts, may we send").choose(answer)


def event(phone: Phone, status: str = "Incomplete", **other: str) -> dict[str, str]:
    """What the network tells us at the end of a session."""
    return {
        "date": "2026-11-24 08:00:00",
        "sessionId": phone.session,
        "phoneNumber": phone.number,
        "status": status,
        "input": phone.text,
        "lastAppResponse": phone.screen,
        **other,
    }


def rows(line: Line) -> dict[str, int]:
    """How many rows each table about a caller holds."""
    tables = (Report, ContactRow, DataKeyRow, Action, Alert, Outbox)
    with database.reading(line.web.database) as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


def states(line: Line) -> list[tuple[str, bool]]:
    with database.reading(line.web.database) as session:
        return [(one.state, one.partial) for one in session.scalars(select(Report))]


@in_every_language
def test_with_her_yes_what_she_gave_is_sent_as_partial(line: Line) -> None:
    phone = halfway(line, "Yes")
    assert states(line) == [("draft", False)]
    assert line.deliver() == []

    assert line.post("events", event(phone)) == 200

    assert states(line) == [("received", True)]
    assert ["P3 new" in sms.text or "P2 new" in sms.text for sms in line.deliver()] == [True]


def test_a_centre_that_she_did_not_choose_hears_nothing_of_it(line: Line) -> None:
    phone = halfway(line, "Yes")
    line.staff("kibilizi")
    line.post("events", event(phone))
    with database.reading(line.web.database) as session:
        assert session.scalars(select(Report.avoid)).one() == ["kibilizi"]
    assert len(line.deliver()) == 1


@in_every_language
def test_without_her_yes_nothing_remains(line: Line) -> None:
    phone = halfway(line, "No")
    line.post("events", event(phone))
    assert set(rows(line).values()) == {0}


def test_the_event_twice_alerts_once(line: Line) -> None:
    phone = halfway(line, "Yes")
    line.post("events", event(phone))
    line.post("events", event(phone))
    assert len(line.deliver()) == 1


def test_a_finished_report_is_one_report_and_not_partial(line: Line) -> None:
    phone = halfway(line, "Yes").choose("Skip", "Send: health").sees("Sent. Code").hangs_up()
    line.post("events", event(phone, "Success"))
    assert states(line) == [("received", False)]
    assert len(line.deliver()) == 1


@pytest.mark.parametrize("leaving", ["0", "delete", "no after back", "call me"])
def test_whatever_ends_the_session_by_her_choice_destroys_the_draft(
    line: Line, leaving: str
) -> None:
    phone = halfway(line, "Yes")
    if leaving == "0":
        phone.press("0").sees("Thank you. Have a good day.")
    elif leaving == "delete":
        phone.choose("Skip", "Nobody - delete all")
    elif leaving == "no after back":
        phone.press("9").choose("No").press("0")
    else:
        phone.press(*"9" * 12).sees("Health & Family Info").press(1, 1, 2)
    phone.hangs_up()
    assert set(rows(line).values()) == {0}
    line.post("events", event(phone))
    assert set(rows(line).values()) == {0}


def test_a_redial_never_shows_that_a_report_was_begun(line: Line) -> None:
    first = line.phone().dial().screen
    halfway(line, "Yes")
    assert line.phone().dial().screen == first


def test_an_event_for_another_session_or_number_harms_nobody(line: Line) -> None:
    phone = halfway(line, "Yes")
    line.post("events", event(phone, sessionId="ATUid_another"))
    line.post("events", event(phone, phoneNumber="+250788999999"))
    line.post("events", event(phone, "Success", phoneNumber="+250788999999"))
    line.post("events", {"status": "Incomplete"})
    assert states(line) == [("draft", False)]
    phone.choose("Skip").choose("Send: health").sees("Sent. Code")


def test_without_any_event_the_clock_sends_it_once_the_session_must_be_over(line: Line) -> None:
    halfway(line, "Yes")
    line.clock.tick()
    assert states(line) == [("draft", False)]

    with database.writing(line.web.database, "test") as session:
        moment = database.now(session) - timedelta(seconds=1)
        session.execute(update(Report).values(draft_ends_at=moment))
    line.clock.tick()
    line.clock.tick()

    assert states(line) == [("received", True)]
    assert len(line.deliver()) == 1


def test_the_session_lost_after_her_yes_goes_on_with_the_same_draft(line: Line) -> None:
    phone = halfway(line, "Yes")
    line.web.redis.flushall()
    phone.choose("Skip", "Send: health").sees("Sent. Code")
    assert states(line) == [("received", False)]


def test_another_call_for_help_does_not_send_the_draft(line: Line) -> None:
    """She turned back and asked to be rung instead: that alone is what she sent."""
    phone = halfway(line, "Yes").press(*"9" * 12).sees("Health & Family Info")
    phone.press(1, 1, 1).sees("We have it, but nobody is on duty. Call {police} now.").hangs_up()
    line.post("events", event(phone))
    assert states(line) == [("received", False)]
    assert rows(line)["reports"] == 1

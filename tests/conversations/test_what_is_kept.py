"""What a call leaves on disk and in memory: nothing that a thief could read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from gateway.cases import data_keys
from gateway.cases.reports import answers_of
from gateway.store import database
from gateway.store.models import ContactRow, Report
from gateway.vault.errors import CannotOpen
from gateway.vault.fields import Where
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.script import Visited
from tests.conversations.calls import reported, until_confirm, until_contact
from tests.conversations.kept import Kept
from tests.one_process_line import Line
from tests.samples import HER_SECRET

NUMBER, OTHER_NUMBER = "+250788345671", "0788765123"

SAID = ("18 or more", "Sexual violence", "Last 3 days")
ANSWERS = (b"adult", b"sexual", b"within_72h", b"matyazo")


def everything_told(line: Line) -> list[str]:
    """A report, a call asked for on another number, and a child; the codes of all three."""
    line.staff("kabutare")
    phone = line.phone(NUMBER).dial().choose("I need help", "Yes, continue", "Continue", *SAID)
    phone.choose("Continue", "South", "Huye", "Kabutare", "Yes, by SMS", "Yes", "Now", "Yes")
    phone.press(HER_SECRET).choose("Send: health").hangs_up()
    asked = line.phone(NUMBER).dial().press(7, 2, OTHER_NUMBER, 1).choose("Now").hangs_up()
    child = line.phone(NUMBER).dial().press(3).choose("No", "0-5", "Sexual abuse", "Longer ago")
    child.choose("Continue").press("ngo").choose(
        "Ngoma, Huye", "No, stay unknown", "Matyazo", "Yes, send"
    ).hangs_up()
    line.deliver()
    return [phone.code, asked.code, child.code]


def test_no_number_and_no_answer_can_be_read_in_any_file_or_memory(line: Line, kept: Kept) -> None:
    codes = everything_told(line)
    line.phone(NUMBER).dial().choose("My code").press(codes[0], HER_SECRET)
    raw = kept.raw()
    assert codes[0].encode() in raw, "it looked into the database"
    assert b"session:" in raw, "it looked into Valkey"
    for told in (NUMBER[-9:], OTHER_NUMBER[-9:], *spelt(HER_SECRET)):
        assert told.encode() not in raw, told
    assert [answer for answer in ANSWERS if answer in raw] == []


def test_a_call_in_progress_is_unreadable_too(line: Line, kept: Kept) -> None:
    phone = line.phone(NUMBER).dial().choose("I need help", "Yes, continue", "Continue", *SAID)
    phone.choose("Continue", "South", "Huye", "Kabutare", "Yes, by call", "Evening", "Yes")
    phone.press(HER_SECRET)
    raw = kept.raw()
    session = kept.session(phone)
    assert session is not None
    assert "sexual" in {step.answer for step in session.state.trail}, "it is there, but sealed"
    assert phone.text.encode() not in raw
    for told in (NUMBER[-9:], *spelt(HER_SECRET), "report.need", "evening"):
        assert told.encode() not in raw, told
    assert [answer for answer in ANSWERS if answer in raw] == []


def spelt(secret: str) -> tuple[str, ...]:
    """Four digits as they would lie somewhere, since any four bytes turn up by chance."""
    return f'"{secret}"', f"*{secret}*", f"1*{secret}", f"secret{secret}"


def test_before_send_nothing_is_on_disk(line: Line, kept: Kept) -> None:
    until_confirm(line)
    assert kept.rows() == {}


def test_after_the_end_the_session_remembers_nothing(line: Line, kept: Kept) -> None:
    phone = until_confirm(line).choose("Send: health").hangs_up()
    session = kept.session(phone)
    assert session is not None
    assert session.state.ended
    assert session.state.trail == (Visited("welcome.first"),)


def test_the_number_lies_apart_under_a_key_of_its_own(
    line: Line, kept: Kept, vaults: Callable[[Role], Vault]
) -> None:
    reported(line)
    report, staff = kept.report(), vaults("staff")
    assert kept.data_keys() == {
        *(("contact", "sender"), ("contact", "centre"), ("contact", "escrow")),
        *(("answers", "centre"), ("answers", "escrow")),
    }
    with database.reading(line.web.database) as session:
        row = session.scalars(select(ContactRow)).one()
        key = data_keys.open_key(session, staff, report.id, "answers")
        with pytest.raises(CannotOpen):
            key.decrypt(row.sealed, Where("contacts", "sealed", report.id))
    assert report.answers is not None
    assert key.decrypt(report.answers, answers_of(report.id))


def test_staff_read_both_the_worker_the_number_alone_and_the_callers_line_nothing(
    line: Line, kept: Kept
) -> None:
    reported(line)
    assert kept.answers("staff")["need"] == "physical"
    assert kept.contact("staff") is not None
    assert kept.contact("worker") is not None
    with pytest.raises(CannotOpen):
        kept.answers("worker")
    with pytest.raises(CannotOpen):
        kept.answers("web")
    with pytest.raises(CannotOpen):
        kept.contact("web")


def test_two_reports_of_one_number_share_no_bytes(line: Line) -> None:
    """Whoever copies the tables cannot tell which answers are alike."""
    reported(line)
    reported(line)
    with database.reading(line.web.database) as session:
        sealed = list(session.scalars(select(Report.answers)))
        numbers = list(session.scalars(select(ContactRow.sealed)))
    assert len(set(sealed)) == len(set(numbers)) == 2
    assert len({len(one or b"") for one in sealed}) == 1, "their length tells nothing either"


def test_what_was_answered_on_the_way_and_taken_back_is_not_sent(line: Line, kept: Kept) -> None:
    phone = until_contact(line).press(*"9" * 5).sees("What happened?").choose("Threats, insults")
    phone.choose("More than 5 days", "South", "Huye", "Kabutare")
    phone.choose("No, I will come or call", "No", "Skip", "Send: health").hangs_up()
    assert kept.answers()["need"] == "psychological"
    assert kept.answers()["when"] == "older"

"""A report by somebody under 18, or who did not say: cared for as a child is."""

from __future__ import annotations

import pytest

from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.one_process_line import Line
from tests.phone import Phone
from tests.samples import CALLER

AGES = {"Under 12": "under_12", "12-15": "12_15", "16-17": "16_17", "Prefer not to say": None}

every_age = pytest.mark.parametrize("age", AGES)


def until_age(line: Line) -> Phone:
    phone = line.phone().dial().choose("I need help", "Yes, continue", "Continue")
    return phone.sees("Your age?")


def until_contact(line: Line, age: str) -> Phone:
    """Beaten more than five days ago, in Huye, and asked whether the centre may contact her."""
    phone = until_age(line).choose(age, "Continue", "Beaten or hurt", "More than 5 days")
    phone.choose("South", "Huye", "Kabutare")
    return phone.sees("May the centre call this number?")


@in_every_language
@every_age
def test_from_her_age_to_the_code(line: Line, kept: Kept, age: str) -> None:
    nurse = line.staff("kabutare")
    phone = until_contact(line, age).does_not_see("Yes, by SMS")
    phone.choose("Morning", "No").press("2580")
    phone.sees("Send to {centre}? Its lead and the national desk may read it too.")
    phone.choose("Yes, send")
    phone.sees("Sent. Code: {ref}. Remember it").sees(kept.report().code).hangs_up()

    assert kept.answers().get("age") == AGES[age]
    reachable = kept.contact()
    assert reachable is not None
    assert (reachable.by, reachable.window) == ("call", "morning")
    assert [sms.to for sms in line.deliver()] == [nurse]


@in_every_language
def test_what_the_law_may_ask_is_said_before_anything_is_told(line: Line, kept: Kept) -> None:
    for age in ("Under 12", "12-15", "16-17"):
        phone = until_age(line).choose(age)
        phone.sees("Because you are under 18, the law may require staff to act")
        phone.choose("Continue").sees("What happened?")
    phone = until_age(line).choose("Prefer not to say")
    phone.sees("If you are under 18, the law may require staff to act")
    phone.choose("Continue").sees("What happened?")
    assert kept.rows() == {}


@in_every_language
def test_a_child_may_ring_the_child_line_instead(line: Line, kept: Kept) -> None:
    phone = until_age(line).choose("12-15", "Call {child} instead")
    phone.sees("Call {police} (police, free). Child: {child}.", "116").hangs_up()
    assert kept.rows() == {}


@every_age
def test_no_sms_ever_goes_to_a_childs_phone(line: Line, kept: Kept, age: str) -> None:
    until_contact(line, age).choose("Now", "No", "Skip", "Yes, send").hangs_up()
    assert CALLER not in {sms.to for sms in line.deliver()}
    assert kept.sms_to_callers() == 0


@in_every_language
def test_nobody_asks_a_child_about_the_investigator(line: Line) -> None:
    phone = until_contact(line, "16-17").choose("No", "No", "Skip")
    phone.does_not_see("Send to {centre}? Who may see it?", "Send: also investigator")
    phone.sees("Yes, send", "No, delete all")


@in_every_language
def test_no_delete_all_leaves_nothing_in_any_table(line: Line, kept: Kept) -> None:
    phone = until_contact(line, "12-15").choose("Now", "No").press("2580")
    phone.choose("No, delete all").sees("Nothing was kept. Have a good day.").hangs_up()
    assert kept.rows() == {}
    assert line.deliver() == []


@pytest.mark.parametrize(
    ("age", "need", "when", "priority"),
    [
        ("Under 12", "Beaten or hurt", "More than 5 days", "P1"),
        ("Under 12", "Prefer not to say", "Prefer not to say", "P1"),
        ("12-15", "Sexual violence", "Last 3 days", "P1"),
        ("16-17", "Sexual violence", "It is happening often", "P1"),
        ("16-17", "Sexual violence", "Prefer not to say", "P1"),
        ("16-17", "Sexual violence", "More than 5 days", "P2"),
        ("Prefer not to say", "Beaten or hurt", "More than 5 days", "P2"),
        ("Prefer not to say", "Sexual violence", "Last 3 days", "P1"),
    ],
)
def test_a_child_never_waits_as_long_as_an_adult(
    line: Line, kept: Kept, age: str, need: str, when: str, priority: str
) -> None:
    phone = until_age(line).choose(age, "Continue", need, when)
    if "Continue" in phone.screen:
        phone.choose("Continue")
    phone.choose("South", "Huye", "Kabutare", "No", "No", "Skip", "Yes, send")
    assert kept.report().priority == priority


def test_a_child_changes_her_mind_about_her_age(line: Line) -> None:
    phone = until_age(line).choose("16-17", "Continue").press(9, 9).choose("18 or more")
    phone.choose("Beaten or hurt", "4-5 days ago", "South", "Huye", "Kabutare")
    phone.sees("Yes, by SMS")

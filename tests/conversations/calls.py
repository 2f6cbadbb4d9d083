"""The calls that many tests begin with."""

from __future__ import annotations

from tests.one_process_line import Line
from tests.phone import Phone
from tests.samples import CALLER, HER_SECRET

TO_HUYE = ("South", "Huye")


def until_need(line: Line, number: str = CALLER) -> Phone:
    """An adult who can use her phone, asked what happened."""
    phone = line.phone(number).dial()
    phone.choose("I need help", "Yes, continue", "Continue", "18 or more")
    return phone.sees("What happened?")


def until_contact(line: Line, *where: str, number: str = CALLER) -> Phone:
    """The same, asked whether the centre may contact her; she was beaten some days ago."""
    phone = until_need(line, number).choose("Beaten or hurt", "4-5 days ago")
    phone.choose(*(where or (*TO_HUYE, "Kabutare")))
    return phone.sees("May the centre contact you on this number?")


def until_confirm(line: Line, *where: str) -> Phone:
    """The same, at the last question; nobody may contact her."""
    phone = until_contact(line, *where).choose("No, I will come or call", "No", "Skip")
    return phone.sees("Send to {centre}? Who may see it?")


def reported(line: Line, *contact: str, number: str = CALLER) -> str:
    """The code of a report to Kabutare that is sent, with her secret; by call unless told."""
    phone = until_contact(line, number=number).choose(*(contact or ("Yes, by call", "Evening")))
    return phone.choose("No").press(HER_SECRET).choose("Send: health").hangs_up().code

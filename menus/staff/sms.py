"""SMS to her: what became of the last one, and a reminder of an appointment.

Staff choose the day; when the SMS leaves follows from the hours in which she can be reached, and
its words are always the same.
"""

from __future__ import annotations

from typing import Final

from menus import checks
from menus.hours import day_name, parts_of_day
from menus.intents import DropReminder, PartOfDay, SetReminder
from menus.ports import Name
from menus.script import (
    Ask,
    Caller,
    Choose,
    Phrase,
    ask,
    choose,
    option,
    phrase,
    screen,
)
from menus.staff.calls import back_to_the_report

NEXT_DAYS: Final = range(2, 8)
"""Days from today that are on the menu, beside today and tomorrow; others are typed."""


@screen
def sms_to_her(caller: Caller) -> Choose:
    """An SMS may be lost, and nobody sends it again: whoever helps must know."""
    handle = caller.fact("case") or ""
    last, reminder = caller.fact("sms"), _reminder(caller) or phrase("No reminder is set.")
    return choose(
        phrase("Last SMS to her: {sms}. {reminder}", sms=SENT[last], reminder=reminder)
        if last
        else reminder,
        option("Appointment", goto=day) if caller.fact("may_remind") else None,
        option("No reminder", intent=DropReminder(handle), goto=reminded)
        if caller.fact("reminder")
        else None,
    )


@screen
def day(caller: Caller) -> Ask:
    """The SMS names neither place nor hour, so a day is enough."""
    return ask(
        "Which day? Or type 10-60 days:",
        option("Today", keep="0", goto=part),
        option("Tomorrow", keep="1", goto=part),
        *(
            option(phrase("In {days} days", days=Name(str(days))), keep=str(days), goto=part)
            for days in NEXT_DAYS
        ),
        check=checks.days_ahead,
        goto=part,
    )


@screen
def part(caller: Caller) -> Choose:
    """It leaves some hours before; where she cannot be reached then, on the day before."""
    return choose(
        "In which part of the day?",
        *(option(label, intent=_remind(caller, one)) for label, one in parts_of_day(caller)),
        goto=reminded,
    )


@screen
def reminded(caller: Caller) -> Choose:
    """When the SMS leaves; where none of her hours is left, staff must tell her themselves."""
    none = phrase("No reminder will be sent. Tell her yourself.")
    return choose(_reminder(caller) or none, back_to_the_report(caller))


def _remind(caller: Caller, when: PartOfDay) -> SetReminder:
    return SetReminder(caller.fact("case") or "", int(caller.answer(day) or 0), when)


def _reminder(caller: Caller) -> Phrase | None:
    """When the next one leaves; None when none is to."""
    leaves = caller.fact("reminder")
    if not leaves:
        return None
    on, _, time = leaves.partition(" ")
    return phrase("Reminder: {day} {time}.", day=day_name(on), time=Name(time))


SENT: Final = {
    "sent": phrase("sent"),
    "not sent": phrase("not sent"),
    "not known": phrase("not known"),
}
"""What is known of an SMS to a caller."""

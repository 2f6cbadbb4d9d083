"""Every SMS we send, to callers and to staff. Each fits one segment of 160 septets.

To a caller: nothing that tells a stranger what it is about, in any language. To staff: reference,
priority, time and how to open; never a number, a name, a place, an act, an age or a sex.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from string import Formatter
from typing import Final

from menus.ports import Name
from menus.script import Phrase, phrase

CONFIRMED: Final = phrase("Hello. Your appointment is confirmed. Thank you.")
"""To a caller who allowed SMS, once, when her report was sent."""

APPOINTMENTS: Final = {
    "appointment_today": phrase("Hello. A reminder of your appointment today."),
    "appointment_tomorrow": phrase("Hello. A reminder of your appointment tomorrow."),
}
"""To a caller who allowed SMS, some hours before an appointment that staff agreed with her."""

CHECK_IN: Final = phrase("Hello. We hope that you are well.")
"""To a caller who allowed SMS, once, some days after her report was closed."""

COURTESIES: Final = {"confirmed": CONFIRMED, **APPOINTMENTS, "check_in": CHECK_IN}
"""All that is ever sent to a caller who did not write to us first."""

THANKS: Final = phrase("Hello. Thank you for your message.")
"""To whoever wrote instead of using the menu: that it arrived, and no more."""

ROLES: Final = {
    "health": phrase("health worker"),
    "counsellor": phrase("counsellor"),
    "investigator": phrase("investigator"),
    "lead": phrase("centre lead"),
    "national": phrase("national duty"),
}
"""What colleagues are called in a message to staff, by their role."""

NOBODY: Final = phrase("nobody")
"""In place of the roles on duty when there are none."""


@dataclass(frozen=True, slots=True)
class StaffSmsFacts:
    """All that a message to staff may say, by the placeholder that asks for it."""

    service: Name
    dial: Name
    ref: Name
    priority: str
    minutes: str
    role: Phrase
    kind: Name
    head: Name
    until: Name
    duty: Phrase
    own: Name
    digits: str = field(repr=False)


TO_STAFF: Final = {
    # The first SMS about a report. `digits` are good for this one person and report.
    "alert": phrase(
        "[{service}] {ref} {priority} new. Open within {minutes} min: dial {dial}. "
        "Reply 1 {ref} {digits} accept, 2 {ref} {digits} cannot."
    ),
    # In place of the first SMS, when the same number was in danger a moment ago as well.
    "alert_again": phrase(
        "[{service}] {ref} {priority} AGAIN, same caller. Open within {minutes} min: dial {dial}. "
        "Reply 1 {ref} {digits} accept, 2 {ref} {digits} cannot."
    ),
    # To the next person, when nobody accepted within `minutes`.
    "alert_not_accepted": phrase(
        "[{service}] {ref} {priority} NOT ACCEPTED in {minutes} min. You are next on duty. "
        "Reply 1 {ref} {digits} accept, 2 {ref} {digits} cannot."
    ),
    # To the one who has a report of a number that is in danger again.
    "again": phrase(
        "[{service}] {ref} {priority} AGAIN, same caller. It is yours. Open it now: dial {dial}."
    ),
    # To the one who accepted first.
    "yours": phrase("[{service}] {ref} is yours. Thank you. To open it dial {dial}."),
    # To the others who were alerted, and to whoever accepts too late.
    "accepted_by": phrase("[{service}] {ref} accepted by {role}. No action needed. Thank you."),
    # To the one who answered that she cannot.
    "passed_on": phrase("[{service}] {ref} is passed on. Thank you."),
    # To the one who answers when there is nothing left to accept.
    "closed": phrase("[{service}] {ref} is closed. No action needed."),
    # To the one who accepted, when she may be called, no call is noted and it is not closed.
    "still_open": phrase(
        "[{service}] {ref} {priority} is yours and still open. Note your call, hand over or close: "
        "dial {dial}."
    ),
    # The same where no call is allowed at that moment. It does not say so: phones are read.
    "still_open_no_call": phrase(
        "[{service}] {ref} {priority} is yours and still open. Read it, hand over or close: "
        "dial {dial}."
    ),
    # To the lead, when the one who accepted stays silent.
    "not_handled": phrase(
        "[{service}] {ref} {priority}: accepted by {role}, but nothing is noted since. "
        "Please see to it."
    ),
    # To a witness, each day: letters that prove later that nobody changed the audit log.
    "audit_head": phrase("[{service}] Please keep this message: {head}"),
    # To the operator: something that cannot wait. `kind` is a word of the manual.
    "alarm": phrase("[{service}] ALARM: {kind}. Look at it now."),
    # The answer to ON: she is asked from now on, without an end.
    "on_duty": phrase("[{service}] You are on duty now. Reply OFF when you stop."),
    # The answer to ON in a shift, her own or one that she took over.
    "on_duty_until": phrase("[{service}] You are on duty until {until}."),
    # The answer to OFF. A sender's number can be forged, so she must be able to undo it.
    "off_duty": phrase("[{service}] You are off duty now. If this was not you, reply ON."),
    # The answer to OFF from the last one on duty: anybody may have sent it in her name.
    "last_on_duty": phrase(
        "[{service}] You are the last one on duty, so you stay on. To go off dial {dial} with your "
        "PIN, or reply SWAP and a colleague's number."
    ),
    # To the lead, when the last one at her centre went off duty.
    "nobody_on_duty": phrase(
        "[{service}] Nobody is on duty at your centre now: alerts come to you. Call your staff."
    ),
    # The answer to WHO: roles with the end of their duty, and whether she is on herself.
    "who": phrase("[{service}] On duty: {duty}. You: {own}."),
    # The answer to SWAP, the same whosever number it was: it tells nothing about numbers.
    "swap_asked": phrase(
        "[{service}] If that is a colleague who can take over, she is asked now. "
        "You stay on duty until she replies ON."
    ),
    # The answer to SWAP from somebody who is off duty.
    "nothing_to_swap": phrase("[{service}] You are off duty: there is nothing to take over."),
    # To the colleague who is asked to take over a duty that has no end.
    "swap_request": phrase(
        "[{service}] A colleague asks you to take over her duty. "
        "If you can, reply ON within 2 hours."
    ),
    # To the colleague who is asked to take over the rest of a shift.
    "swap_request_until": phrase(
        "[{service}] A colleague asks you to take over her duty until {until}. "
        "If you can, reply ON within 2 hours."
    ),
    # To the one whose duty was taken over.
    "swapped": phrase(
        "[{service}] Your colleague has taken over. You are off duty now. "
        "If you did not want this, reply ON."
    ),
    # To the lead, when somebody types one wrong PIN after the other on a colleague's phone.
    "pin_guessed": phrase(
        "[{service}] Many wrong PINs from the phone of a colleague ({role}). Ask if it is she. "
        "If the phone is lost, tell the operator now."
    ),
    # To the lead, when so many were wrong that none counts any more.
    "pin_locked": phrase(
        "[{service}] The PIN of a colleague ({role}) is locked: too many wrong ones. If her phone "
        "is not lost, the operator gives her a new PIN."
    ),
    # The weekly test of every duty phone.
    "phone_test": phrase("[{service}] Weekly test of your phone. Please reply OK."),
    # The answer to OK.
    "phone_works": phrase("[{service}] Thank you. Your phone works."),
    # Once, when an alert got so many wrong answers that none is read any more.
    "not_by_sms": phrase(
        "[{service}] {ref} cannot be answered by SMS any more. To open it dial {dial}."
    ),
    # To a registered number whose reply could not be used; quotes nothing of it.
    "not_understood": phrase(
        "[{service}] Not understood. Reply 1, the reference and the 4 digits of your own SMS; "
        "or ON, OFF, WHO."
    ),
}
"""Every message to staff, by the name of its template in the outbox."""


def to_staff(template: str, facts: StaffSmsFacts) -> Phrase:
    """A message to staff, with the facts that its text asks for and no other."""
    text = TO_STAFF[template].text
    asked = {name for _, name, _, _ in Formatter().parse(text) if name}
    return Phrase(text, {name: getattr(facts, name) for name in asked})

"""Every SMS we send, to callers and to staff. Each fits one segment of 160 septets.

To a caller: nothing that tells a stranger what it is about, in any language. To staff: reference,
priority, time and how to open; never a number, a name, a place, an act, an age or a sex.
"""

from __future__ import annotations

from typing import Final

from menus.ports import Name
from menus.script import Phrase, Words, phrase

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


def alert(
    *, service: Name, ref: str, priority: str, minutes: int, digits: str, dial: Name
) -> Phrase:
    """The first SMS about a report. `digits` are good for this one person and report."""
    return phrase(
        "[{service}] {ref} {priority} new. Open within {minutes} min: dial {dial}. "
        "Reply 1 {ref} {digits} accept, 2 {ref} {digits} cannot.",
        service=service,
        ref=ref,
        priority=priority,
        minutes=str(minutes),
        digits=digits,
        dial=dial,
    )


def alert_again(
    *, service: Name, ref: str, priority: str, minutes: int, digits: str, dial: Name
) -> Phrase:
    """In place of the first SMS, when the same number was in danger a moment ago as well."""
    return phrase(
        "[{service}] {ref} {priority} AGAIN, same caller. Open within {minutes} min: dial {dial}. "
        "Reply 1 {ref} {digits} accept, 2 {ref} {digits} cannot.",
        service=service,
        ref=ref,
        priority=priority,
        minutes=str(minutes),
        digits=digits,
        dial=dial,
    )


def alert_not_accepted(
    *, service: Name, ref: str, priority: str, minutes: int, digits: str
) -> Phrase:
    """To the next person, when nobody accepted within `minutes`."""
    return phrase(
        "[{service}] {ref} {priority} NOT ACCEPTED in {minutes} min. You are next on duty. "
        "Reply 1 {ref} {digits} accept, 2 {ref} {digits} cannot.",
        service=service,
        ref=ref,
        priority=priority,
        minutes=str(minutes),
        digits=digits,
    )


def again(*, service: Name, ref: str, priority: str, dial: Name) -> Phrase:
    """To the one who has a report of a number that is in danger again."""
    return phrase(
        "[{service}] {ref} {priority} AGAIN, same caller. It is yours. Open it now: dial {dial}.",
        service=service,
        ref=ref,
        priority=priority,
        dial=dial,
    )


def yours(*, service: Name, ref: str, dial: Name) -> Phrase:
    """To the one who accepted first."""
    return phrase(
        "[{service}] {ref} is yours. Thank you. To open it dial {dial}.",
        service=service,
        ref=ref,
        dial=dial,
    )


def accepted_by(*, service: Name, ref: str, role: Phrase) -> Phrase:
    """To the others who were alerted, and to whoever accepts too late."""
    return phrase(
        "[{service}] {ref} accepted by {role}. No action needed. Thank you.",
        service=service,
        ref=ref,
        role=role,
    )


def passed_on(*, service: Name, ref: str) -> Phrase:
    """To the one who answered that she cannot."""
    return phrase("[{service}] {ref} is passed on. Thank you.", service=service, ref=ref)


def closed(*, service: Name, ref: str) -> Phrase:
    """To the one who answers when there is nothing left to accept."""
    return phrase("[{service}] {ref} is closed. No action needed.", service=service, ref=ref)


def still_open(*, service: Name, ref: str, priority: str, dial: Name) -> Phrase:
    """To the one who accepted, when she may be called, no call is noted and it is not closed."""
    return phrase(
        "[{service}] {ref} {priority} is yours and still open. Note your call, hand over or close: "
        "dial {dial}.",
        service=service,
        ref=ref,
        priority=priority,
        dial=dial,
    )


def still_open_no_call(*, service: Name, ref: str, priority: str, dial: Name) -> Phrase:
    """The same where no call is allowed at that moment. It does not say so: phones are read."""
    return phrase(
        "[{service}] {ref} {priority} is yours and still open. Read it, hand over or close: "
        "dial {dial}.",
        service=service,
        ref=ref,
        priority=priority,
        dial=dial,
    )


def not_handled(*, service: Name, ref: str, priority: str, role: Phrase) -> Phrase:
    """To the lead, when the one who accepted stays silent."""
    return phrase(
        "[{service}] {ref} {priority}: accepted by {role}, but nothing is noted since. "
        "Please see to it.",
        service=service,
        ref=ref,
        priority=priority,
        role=role,
    )


def audit_head(*, service: Name, head: Name) -> Phrase:
    """To a witness, each day: letters that prove later that nobody changed the audit log."""
    return phrase("[{service}] Please keep this message: {head}", service=service, head=head)


def alarm(*, service: Name, kind: Name) -> Phrase:
    """To the operator: something that cannot wait. `kind` is a word of the manual."""
    return phrase("[{service}] ALARM: {kind}. Look at it now.", service=service, kind=kind)


def on_duty(*, service: Name) -> Phrase:
    """The answer to ON: she is asked from now on, without an end."""
    return phrase("[{service}] You are on duty now. Reply OFF when you stop.", service=service)


def on_duty_until(*, service: Name, until: Name) -> Phrase:
    """The answer to ON in a shift, her own or one that she took over."""
    return phrase("[{service}] You are on duty until {until}.", service=service, until=until)


def off_duty(*, service: Name) -> Phrase:
    """The answer to OFF. A sender's number can be forged, so she must be able to undo it."""
    return phrase(
        "[{service}] You are off duty now. If this was not you, reply ON.", service=service
    )


def last_on_duty(*, service: Name, dial: Name) -> Phrase:
    """The answer to OFF from the last one on duty: anybody may have sent it in her name."""
    return phrase(
        "[{service}] You are the last one on duty, so you stay on. To go off dial {dial} with your "
        "PIN, or reply SWAP and a colleague's number.",
        service=service,
        dial=dial,
    )


def nobody_on_duty(*, service: Name) -> Phrase:
    """To the lead, when the last one at her centre went off duty."""
    return phrase(
        "[{service}] Nobody is on duty at your centre now: alerts come to you. Call your staff.",
        service=service,
    )


def who(*, service: Name, duty: Words, own: Name) -> Phrase:
    """The answer to WHO: roles with the end of their duty, and whether she is on herself."""
    return phrase("[{service}] On duty: {duty}. You: {own}.", service=service, duty=duty, own=own)


NOBODY: Final = phrase("nobody")
"""In place of the roles on duty when there are none."""


def swap_asked(*, service: Name) -> Phrase:
    """The answer to SWAP, the same whosever number it was: it tells nothing about numbers."""
    return phrase(
        "[{service}] If that is a colleague who can take over, she is asked now. "
        "You stay on duty until she replies ON.",
        service=service,
    )


def nothing_to_swap(*, service: Name) -> Phrase:
    """The answer to SWAP from somebody who is off duty."""
    return phrase("[{service}] You are off duty: there is nothing to take over.", service=service)


def swap_request(*, service: Name) -> Phrase:
    """To the colleague who is asked to take over a duty that has no end."""
    return phrase(
        "[{service}] A colleague asks you to take over her duty. "
        "If you can, reply ON within 2 hours.",
        service=service,
    )


def swap_request_until(*, service: Name, until: Name) -> Phrase:
    """To the colleague who is asked to take over the rest of a shift."""
    return phrase(
        "[{service}] A colleague asks you to take over her duty until {until}. "
        "If you can, reply ON within 2 hours.",
        service=service,
        until=until,
    )


def swapped(*, service: Name) -> Phrase:
    """To the one whose duty was taken over."""
    return phrase(
        "[{service}] Your colleague has taken over. You are off duty now. "
        "If you did not want this, reply ON.",
        service=service,
    )


def pin_guessed(*, service: Name, role: Phrase) -> Phrase:
    """To the lead, when somebody types one wrong PIN after the other on a colleague's phone."""
    return phrase(
        "[{service}] Many wrong PINs from the phone of a colleague ({role}). Ask if it is she. "
        "If the phone is lost, tell the operator now.",
        service=service,
        role=role,
    )


def pin_locked(*, service: Name, role: Phrase) -> Phrase:
    """To the lead, when so many were wrong that none counts any more."""
    return phrase(
        "[{service}] The PIN of a colleague ({role}) is locked: too many wrong ones. If her phone "
        "is not lost, the operator gives her a new PIN.",
        service=service,
        role=role,
    )


def phone_test(*, service: Name) -> Phrase:
    """The weekly test of every duty phone."""
    return phrase("[{service}] Weekly test of your phone. Please reply OK.", service=service)


def phone_works(*, service: Name) -> Phrase:
    """The answer to OK."""
    return phrase("[{service}] Thank you. Your phone works.", service=service)


def not_by_sms(*, service: Name, ref: str, dial: Name) -> Phrase:
    """Once, when an alert got so many wrong answers that none is read any more."""
    return phrase(
        "[{service}] {ref} cannot be answered by SMS any more. To open it dial {dial}.",
        service=service,
        ref=ref,
        dial=dial,
    )


def not_understood(*, service: Name) -> Phrase:
    """To a registered number whose reply could not be used; quotes nothing of it."""
    return phrase(
        "[{service}] Not understood. Reply 1, the reference and the 4 digits of your own SMS; "
        "or ON, OFF, WHO.",
        service=service,
    )

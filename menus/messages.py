"""Every SMS we send, to callers and to staff. Each fits one segment of 160 septets.

To a caller: nothing that tells a stranger what it is about, in any language. To staff: reference,
priority, time and how to open; never a number, a name, a place, an act, an age or a sex.
"""

from __future__ import annotations

from typing import Final

from menus.ports import Name
from menus.script import Phrase, phrase

CONFIRMED: Final = phrase("Hello. Your appointment is confirmed. Thank you.")
"""To a caller who allowed SMS, once, when her report was sent."""

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


def alarm(*, service: Name, kind: Name) -> Phrase:
    """To the operator: something that cannot wait. `kind` is a word of the manual."""
    return phrase("[{service}] ALARM: {kind}. Look at it now.", service=service, kind=kind)


def not_understood(*, service: Name) -> Phrase:
    """To a registered number whose reply could not be used; quotes nothing of it."""
    return phrase(
        "[{service}] Not understood. Reply 1, the reference and the 4 digits of your own SMS.",
        service=service,
    )

"""From a row of the outbox to a text and a number, looked at again at the moment of sending.

What was true when the row was written may not be any more: the report is accepted, contact was
stopped, her safe hour is over. Then the row is dropped, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from gateway import contacts, outbox, roster
from gateway.country import Pack
from gateway.models import Alert, AlertState, Outbox, Report, ReportState, Staff
from gateway.phones import Msisdn
from gateway.vault import CannotOpen, Vault
from menus import messages
from menus.ports import Name
from menus.script import Phrase
from menus.speech import Speech


@dataclass(frozen=True, slots=True)
class Letter:
    """An SMS ready to leave."""

    to: Msisdn
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Drop:
    """An SMS that must not leave any more, and why (a word for the row).

    `alarm`: something is wrong with the row, the keys or the service, and a person must look.
    """

    reason: str
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Letters:
    """Writes SMS. Holds the sender's private key: the one that reads telephone numbers."""

    pack: Pack
    speech: Speech
    vault: Vault

    def write(self, session: Session, row: Outbox, at: datetime) -> Letter | Drop:
        """The SMS for a row, or why it must not leave."""
        if row.expires_at <= at:
            return Drop("too late", alarm=row.audience == "staff")
        report = session.get(Report, row.report_id) if row.report_id else None
        try:
            if row.sealed is not None:
                return self._answer(row, row.sealed)
            if row.audience == "caller":
                return self._to_caller(session, report, at)
            return self._to_staff(session, row, report)
        except CannotOpen:
            return Drop("cannot be opened", alarm=True)

    def _answer(self, row: Outbox, sealed: bytes) -> Letter:
        """An answer to an SMS, to the number that wrote it."""
        plain = json.loads(self.vault.open_sealed("sender", sealed, outbox.sealed_in(row.id)))
        return Letter(Msisdn(plain["number"]), plain["text"])

    def _to_caller(self, session: Session, report: Report | None, at: datetime) -> Letter | Drop:
        if report is None or report.state == ReportState.DELETED:
            return Drop("deleted")
        if report.state == ReportState.CLOSED:
            return Drop("settled")
        reachable = contacts.read(session, self.vault, report.id)
        if reachable is None or reachable.by != "sms" or reachable.sms_stopped:
            return Drop("no permission")
        hours, zone = self.pack.hours, self.pack.timezone
        if not contacts.is_safe_now(reachable.window, reachable.since, at, hours, zone):
            return Drop("not a safe hour")
        return Letter(reachable.number, self.speech.say(messages.CONFIRMED, report.language))

    def _to_staff(self, session: Session, row: Outbox, report: Report | None) -> Letter | Drop:
        person = session.get(Staff, row.staff_id) if row.staff_id else None
        if person is None:
            return Drop("nobody to send to", alarm=True)
        if person.opted_out_at is not None:
            return Drop("opted out")
        if row.template in ONLY_WHILE_OPEN and not _is_open(session, row, report):
            return Drop("settled")
        number = self.vault.open_sealed("sender", person.number, roster.number_of(person.id))
        text = self.speech.say(self._words(row, report), person.language)
        return Letter(Msisdn(number.decode()), text)

    def _words(self, row: Outbox, report: Report | None) -> Phrase:
        occasion = Occasion(
            service=self.pack.service,
            dial=Name(self.pack.codes.staff),
            ref=Name(report.code) if report else Name(""),
            priority=report.priority if report else "",
            minutes=int(row.values.get("minutes", 0)),
            role=messages.ROLES[row.values.get("role", "lead")],
            kind=Name(str(row.values.get("kind", "")).replace("_", " ")),
            digits=self.vault.alert_digits(row.alert_id) if row.alert_id else "",
        )
        return TEMPLATES[row.template](occasion)


def _is_open(session: Session, row: Outbox, report: Report | None) -> bool:
    """Whether the one whom an alert is for may still take the report."""
    alert = session.get(Alert, row.alert_id) if row.alert_id else None
    return (
        report is not None
        and report.state == ReportState.RECEIVED
        and alert is not None
        and alert.state == AlertState.OPEN
    )


@dataclass(frozen=True, slots=True)
class Occasion:
    """All that a message to staff may say."""

    service: Name
    dial: Name
    ref: Name
    priority: str
    minutes: int
    role: Phrase
    kind: Name
    digits: str = field(repr=False)


ONLY_WHILE_OPEN: Final = frozenset({"alert", "alert_not_accepted"})
"""Templates that make no sense once somebody has accepted, or she has said that she cannot."""

TEMPLATES: Final[Mapping[str, Callable[[Occasion], Phrase]]] = {
    "alert": lambda o: messages.alert(
        service=o.service,
        ref=o.ref,
        priority=o.priority,
        minutes=o.minutes,
        digits=o.digits,
        dial=o.dial,
    ),
    "alert_not_accepted": lambda o: messages.alert_not_accepted(
        service=o.service, ref=o.ref, priority=o.priority, minutes=o.minutes, digits=o.digits
    ),
    "yours": lambda o: messages.yours(service=o.service, ref=o.ref, dial=o.dial),
    "accepted_by": lambda o: messages.accepted_by(service=o.service, ref=o.ref, role=o.role),
    "passed_on": lambda o: messages.passed_on(service=o.service, ref=o.ref),
    "closed": lambda o: messages.closed(service=o.service, ref=o.ref),
    "alarm": lambda o: messages.alarm(service=o.service, kind=o.kind),
    "not_understood": lambda o: messages.not_understood(service=o.service),
}
"""The outbox's template names for messages to staff."""

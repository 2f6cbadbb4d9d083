"""From a row of the outbox to a text and a number, looked at again at the moment of sending.

What was true when the row was written may not be any more: the report is accepted, contact was
stopped, her safe hour is over. Then the row is dropped, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.cases import contacts, safe_hours
from gateway.country.pack import Pack
from gateway.runtime.phones import Msisdn
from gateway.sms import outbox
from gateway.staff import roster
from gateway.store.database import Session
from gateway.store.models import Alert, AlertState, Outbox, Report, ReportState, Staff
from gateway.vault.errors import CannotOpen
from gateway.vault.vault import Vault
from gateway.wiring import Parts
from menus import messages
from menus.messages import StaffSmsFacts
from menus.ports import Name
from menus.script import Phrase
from menus.speech import Speech
from workers import spending


@dataclass(frozen=True, slots=True)
class Sms:
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
class Composer:
    """Writes SMS. Holds the sender's private key: the one that reads telephone numbers."""

    pack: Pack
    speech: Speech
    vault: Vault

    @classmethod
    def of(cls, parts: Parts) -> Composer:
        """With the parts of a worker."""
        return cls(parts.pack, parts.speech, parts.vault)

    def write(self, session: Session, row: Outbox) -> Sms | Drop:
        """The SMS for a row, or why it must not leave."""
        if row.expires_at <= session.at:
            return Drop("too late", alarm=row.audience == "staff")
        report = session.get(Report, row.report_id) if row.report_id else None
        try:
            if row.sealed is not None:
                return self._answer(row, row.sealed)
            if row.audience == "caller":
                return self._to_caller(session, row, report)
            return self._to_staff(session, row, report)
        except CannotOpen:
            return Drop("cannot be opened", alarm=True)

    def _answer(self, row: Outbox, sealed: bytes) -> Sms:
        """An answer to an SMS, to the number that wrote it."""
        plain = json.loads(self.vault.open_sealed("sender", sealed, outbox.sealed_in(row.id)))
        return Sms(Msisdn(plain["number"]), plain["text"])

    def _to_caller(self, session: Session, row: Outbox, report: Report | None) -> Sms | Drop:
        if report is None or report.state == ReportState.DELETED:
            return Drop("deleted")
        if not _still_fits(row, report):
            return Drop("settled")
        reachable = contacts.read(session, self.vault, report.id)
        if reachable is None or reachable.by != "sms" or reachable.sms_stopped:
            return Drop("no permission")
        if row.created_at < reachable.since:
            return Drop("contact changed")
        hours, zone = self.pack.hours, self.pack.timezone
        if not safe_hours.is_safe_now(reachable.window, reachable.since, session.at, hours, zone):
            return Drop("not a safe hour")
        if spending.is_above(session, self.pack.limits.caller_sms_per_day, zone):
            return Drop(spending.REASON)
        words = messages.COURTESIES[row.template]
        return Sms(reachable.number, self.speech.say(words, report.language))

    def _to_staff(self, session: Session, row: Outbox, report: Report | None) -> Sms | Drop:
        person = session.get(Staff, row.staff_id) if row.staff_id else None
        if person is None:
            return Drop("nobody to send to", alarm=True)
        if person.opted_out_at is not None or person.number is None:
            return Drop("opted out")
        if row.template in ONLY_WHILE_OPEN and not _is_open(session, row, report):
            return Drop("settled")
        if row.template in ONLY_WHILE_HERS and not _is_hers(row, report):
            return Drop("settled")
        if row.template in ONLY_WHILE_STALLED and not _is_stalled(row, report):
            return Drop("settled")
        number = self.vault.open_sealed("sender", person.number, roster.number_of(person.id))
        template = self._still_fitting(session, row)
        text = self.speech.say(self._words(row, report, template), person.language)
        return Sms(Msisdn(number.decode()), text)

    def _still_fitting(self, session: Session, row: Outbox) -> str:
        """Nobody is told to note a call that the caller does not allow at this moment."""
        if row.values.get("until"):
            return WITH_AN_END.get(row.template, row.template)
        if row.template != "still_open" or row.report_id is None:
            return row.template
        hours = contacts.CallHours(self.vault, self.pack.hours, self.pack.timezone)
        call = hours.next(session, row.report_id, session.at)
        return row.template if call and call.at == session.at else "still_open_no_call"

    def _words(self, row: Outbox, report: Report | None, template: str) -> Phrase:
        facts = StaffSmsFacts(
            service=self.pack.service,
            dial=Name(self.pack.codes.staff),
            ref=Name(report.code) if report else Name(""),
            priority=report.priority if report else "",
            minutes=str(int(row.values.get("minutes", 0))),
            role=messages.ROLES[row.values.get("role", "lead")],
            kind=Name(str(row.values.get("kind", "")).replace("_", " ")),
            head=Name(str(row.values.get("head", ""))),
            digits=self.vault.alert_digits(row.alert_id) if row.alert_id else "",
            until=self._until(row, row.values.get("until")),
            duty=self._duty(row, row.values.get("duty", [])),
            own=Name("ON" if row.values.get("own") else "OFF"),
        )
        return messages.to_staff(template, facts)

    def _duty(self, row: Outbox, roles: Sequence[tuple[str, str | None]]) -> Phrase:
        """Roles on duty, each with the end of its duty if there is one."""
        if not roles:
            return messages.NOBODY
        pieces = {role: (messages.ROLES[role], self._until(row, until)) for role, until in roles}
        text = ", ".join(f"{{{role}}} {until}".strip() for role, (_, until) in pieces.items())
        return Phrase(text, {role: words for role, (words, _) in pieces.items()})

    def _until(self, row: Outbox, until: str | None) -> Name:
        """A moment in the country's time: the hour if it comes within a day, else the date."""
        if until is None:
            return Name("")
        end = datetime.fromisoformat(until)
        local = end.astimezone(self.pack.timezone)
        soon = end - row.created_at < timedelta(days=1)
        return Name(f"{local:%H:%M}" if soon else f"{local:%d/%m}")


def _is_open(session: Session, row: Outbox, report: Report | None) -> bool:
    """Whether the one whom an alert is for may still take the report."""
    alert = session.get(Alert, row.alert_id) if row.alert_id else None
    return (
        report is not None
        and report.state == ReportState.RECEIVED
        and alert is not None
        and alert.state == AlertState.OPEN
    )


def _is_hers(row: Outbox, report: Report | None) -> bool:
    """Whether the one whom it is for still has the report."""
    return (
        report is not None
        and report.state == ReportState.ACCEPTED
        and report.accepted_by == row.staff_id
    )


def _is_stalled(row: Outbox, report: Report | None) -> bool:
    """Whether nothing was done since: whatever is done has the reminders counted anew."""
    told = int(row.values.get("reminder", 0))
    return report is not None and report.state == ReportState.ACCEPTED and report.reminders >= told


def _still_fits(row: Outbox, report: Report) -> bool:
    """Whether an SMS to a caller fits what became of her report since it was queued."""
    match row.template:
        case "confirmed":
            return report.state != ReportState.CLOSED
        case "check_in":
            return report.state == ReportState.CLOSED
        case _:
            return report.state == ReportState.ACCEPTED and report.accepted_by == row.staff_id


ONLY_WHILE_OPEN: Final = frozenset({"alert", "alert_again", "alert_not_accepted"})
"""Templates that make no sense once somebody has accepted, or she has said that she cannot."""

ONLY_WHILE_HERS: Final = frozenset({"again"})
"""Templates that make no sense once she has given the report back, or closed it."""

ONLY_WHILE_STALLED: Final = frozenset({"still_open", "not_handled"})
"""Templates that make no sense once the report is handed over or closed, or a call is noted."""

WITH_AN_END: Final = {"on_duty": "on_duty_until", "swap_request": "swap_request_until"}
"""Templates that have other words for a duty that ends."""

"""What the SMS provider tells us: delivery reports, SMS written to us, opt-outs. Each once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from gateway.audit import log as audit
from gateway.cases import contacts, escalation
from gateway.cases.reports import Reports
from gateway.conversation.sessions import LineName, session_key
from gateway.inbox.caller_sms import CallerSms
from gateway.inbox.staff_sms import StaffSms
from gateway.runtime.phones import Msisdn
from gateway.sms import receipts
from gateway.staff import duty, operators, roster, rota
from gateway.store import database
from gateway.vault.vault import Vault

LONGEST_ID: Final = 120


@dataclass(frozen=True, slots=True)
class Inbox:
    """Takes in what the provider posts. Raises database.DatabaseDown; then nothing was kept."""

    engine: Engine
    vault: Vault
    replies: StaffSms
    reports: Reports
    sms_line: CallerSms

    def session_ended(
        self, line: LineName, session_id: str, number: Msisdn, *, by_us: bool
    ) -> bool:
        """A USSD session is over; whether an SMS is now waiting.

        When the line cut, a draft that its caller allowed us to send is sent. When we ended the
        session nothing of a draft may be left. The event touches only the session of its own id
        and number, and only a draft.
        """
        key = session_key(self.vault, line, session_id, number)
        if by_us:
            self.reports.forget_draft(key)
            return False
        return self.reports.line_cut(key)

    def incoming(self, message_id: str, sender: Msisdn, text: str) -> bool:
        """An SMS to our number; whether an answer is now waiting."""
        with database.reading(self.engine) as session:
            is_staff = roster.by_number(session, self.vault, sender) is not None
        line = self.replies if is_staff else self.sms_line
        return line.receive(message_id[:LONGEST_ID], sender, text)

    def delivered(self, message_id: str, status: str, reason: str | None) -> None:
        """What became of an SMS of ours. Unknown words are kept as they are."""
        with database.writing(self.engine, "delivery.take_in") as session:
            new = receipts.take_in(session, message_id, status, reason)
            row = receipts.about(session, message_id) if new else None
            if row is not None and row.alert_id and row.delivery in receipts.FAILED:
                escalation.not_delivered(session, row.alert_id)

    def opted_out(self, number: Msisdn) -> None:
        """The owner of a number wants no more SMS from us. For staff that is an alarm."""
        with database.writing(self.engine, "opt_out.note") as session:
            person = roster.by_number(session, self.vault, number)
            if person is not None:
                duty.one_after_another(session, person)
            if person is not None and person.opted_out_at is None:
                was_on = rota.duty_of(session, person).on
                person.opted_out_at = session.at
                operators.wake(session, "staff_opted_out", centre=person.centre_id)
                audit.record(session, audit.staff(person.id), "opted out")
                if was_on:
                    duty.see_that_somebody_is_left(session, person)
            contacts.stop_sms(session, self.vault, number)

"""The tables. What of them is public, and what is not, is declared in gateway/store/inventory.py.

A report, the number it came from and the keys to both lie in three tables, so that each can be
destroyed alone. Rows of `reports` stay as bare counts after everything else about them is gone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.audit_tables import Audit as Audit
from gateway.store.audit_tables import AuditHead as AuditHead
from gateway.store.audit_tables import AuditLane as AuditLane
from gateway.store.base import Base as Base
from gateway.store.states import AlertState as AlertState
from gateway.store.states import OutboxState as OutboxState
from gateway.store.states import ReportState as ReportState
from gateway.store.states import Urgency as Urgency
from gateway.store.states import Waiting as Waiting


class Centre(Base):
    """A place of care, or the national duty desk (kind "national", never shown to callers)."""

    __tablename__ = "centres"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    town: Mapped[str]
    area: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str]
    always_open: Mapped[bool]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    source: Mapped[str] = mapped_column(String(200))
    verified_on: Mapped[str | None]
    verified_by: Mapped[str | None]


class Staff(Base):
    """A person who is alerted. The number is found by its hash and read by the worker alone.

    Of one who has left there are neither number nor PIN: the row stays, because the audit log and
    the reports name it.
    """

    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(primary_key=True)
    centre_id: Mapped[str] = mapped_column(ForeignKey("centres.id"), index=True)
    role: Mapped[str]
    language: Mapped[str]
    number_hash: Mapped[bytes | None] = mapped_column(unique=True)
    number: Mapped[bytes | None]
    pin_hash: Mapped[str | None] = mapped_column(String(200))
    pin_set_at: Mapped[datetime]
    """A call that she signed in to before this is over."""
    on_duty: Mapped[bool] = mapped_column(default=False)
    """Switched by herself, beside the shifts that she has in the rota."""
    opted_out_at: Mapped[datetime | None]
    """Since when no SMS of ours goes to her: she blocked them, or has left."""
    left_at: Mapped[datetime | None]
    tested_at: Mapped[datetime | None]
    """When the last weekly test was sent to her phone,"""
    test_answered_at: Mapped[datetime | None]
    """when she last answered one,"""
    test_missed_at: Mapped[datetime | None]
    """and when the operator was told that she had not."""


class Shift(Base):
    """A time for which a member of staff is on duty, as the rota has it."""

    __tablename__ = "shifts"
    __table_args__ = (
        Index("shifts_of_staff", "staff_id", "ends_at"),
        Index("shifts_to_end", "end_seen_at", "ends_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    end_seen_at: Mapped[datetime | None]
    """When it was looked at whether anybody follows."""


class Swap(Base):
    """That a member of staff asked a colleague to take over her duty."""

    __tablename__ = "swaps"

    id: Mapped[str] = mapped_column(primary_key=True)
    from_staff: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    to_staff: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Report(Base):
    """One call for help. `answers` is encrypted.

    `partial`: the line cut before she sent it. `level` is whom it was put to last (the centre's
    duty, its lead, the national duty), and `waiting` why nobody was asked. It waits for one moment
    at a time: one of four timers is set at most, by gateway.cases.transitions.
    """

    __tablename__ = "reports"
    __table_args__ = (
        Index("reports_waiting", "state", "created_at"),
        Index("reports_of_centre", "centre_id", "state", "created_at"),
        Index("reports_unpurged", "purged_at", "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    """Her code; once the report is purged its own row id, which nobody can type."""
    about: Mapped[str]
    priority: Mapped[str]
    state: Mapped[str] = mapped_column(default=ReportState.RECEIVED)
    centre_id: Mapped[str] = mapped_column(ForeignKey("centres.id"))
    avoid: Mapped[list[str]] = mapped_column(JSON, default=list)
    investigator: Mapped[bool]
    partial: Mapped[bool] = mapped_column(default=False)
    level: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[str | None]
    escalate_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the next level is asked, unless somebody accepts."""
    draft_ends_at: Mapped[datetime | None] = mapped_column(index=True)
    """When a draft is sent: the call must be over."""
    muted_until: Mapped[datetime | None] = mapped_column(index=True)
    check_fold_at: Mapped[datetime | None] = mapped_column(index=True)
    """When it is looked at whether the report that it is folded into still stands for it."""
    language: Mapped[str]
    network: Mapped[str | None]
    answers: Mapped[bytes | None]
    secret_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None]
    folded_into: Mapped[str | None] = mapped_column(ForeignKey("reports.id"), index=True)
    """The report whose alert this one shares: the same number sent both within minutes."""
    remind_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the one who accepted it is reminded that it is still open,"""
    reminders: Mapped[int] = mapped_column(default=0)
    """and how often she was."""
    purged_at: Mapped[datetime | None]

    @property
    def due_at(self) -> datetime | None:
        """When the clock looks at it next, whatever for, while nobody has it."""
        return self.escalate_at or self.draft_ends_at or self.muted_until or self.check_fold_at


class CallAttempt(Base):
    """That a member of staff rang a caller, and what came of it."""

    __tablename__ = "call_attempts"

    id: Mapped[str] = mapped_column(primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"), index=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]
    outcome: Mapped[str]


class NumberUse(Base):
    """What a number did, or what was done to it, a moment ago; by its hash. Rows live for days."""

    __tablename__ = "number_uses"
    __table_args__ = (Index("number_uses_of", "number_hash", "at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    number_hash: Mapped[bytes]
    what: Mapped[str]
    at: Mapped[datetime]
    report_id: Mapped[str | None] = mapped_column(ForeignKey("reports.id"), index=True)


class Action(Base):
    """That a session did a thing, by a hash of both, so that doing it again changes nothing."""

    __tablename__ = "actions"

    request: Mapped[bytes] = mapped_column(primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"), index=True)


class ContactRow(Base):
    """How a caller may be reached: number, channel and hours in one encrypted field."""

    __tablename__ = "contacts"

    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    number_hash: Mapped[bytes] = mapped_column(index=True)
    sealed: Mapped[bytes]
    reported_at: Mapped[datetime] = mapped_column(index=True)
    """When its report was made: what is purged is found by it."""
    sms_stopped_at: Mapped[datetime | None]
    """When the number's owner told the network to stop our SMS; calls are another matter."""


class DataKeyRow(Base):
    """A data key of one report, wrapped for one recipient. Destroying these destroys the data."""

    __tablename__ = "data_keys"

    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str]
    sealed: Mapped[bytes]


class Alert(Base):
    """One report put to one member of staff. Its one-time digits are derived from its id."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("report_id", "staff_id"),
        Index("alerts_of_staff", "staff_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"))
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    level: Mapped[int]
    state: Mapped[str] = mapped_column(default=AlertState.OPEN)
    wrong: Mapped[int] = mapped_column(default=0)
    """How often it was answered with digits that are not its own: they must not be guessed."""
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Outbox(Base):
    """One SMS to send. SQL is the truth about it; the queue only rings the bell."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_due", "state", "due_at"),
        Index("outbox_next", "state", "urgency", "due_at"),
        Index("outbox_provider_message", "provider_message_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    report_id: Mapped[str | None] = mapped_column(ForeignKey("reports.id"), index=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    alert_id: Mapped[str | None] = mapped_column(ForeignKey("alerts.id"))
    audience: Mapped[str]
    urgency: Mapped[int]
    template: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sealed: Mapped[bytes | None]
    """Number and text of an answer by SMS, which stand nowhere else; for the sender alone."""
    state: Mapped[str] = mapped_column(default=OutboxState.PENDING)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    attempt: Mapped[int] = mapped_column(default=0)
    maybe_sent: Mapped[int] = mapped_column(default=0)
    """How often it was handed to a provider that may have sent it."""
    bounces: Mapped[int] = mapped_column(default=0)
    """How often a provider sent it back with an answer that may be its last word."""
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    provider: Mapped[str | None]
    tried: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Providers that it was handed to in vain, until all of them were tried."""
    provider_message_id: Mapped[str | None] = mapped_column(String(120))
    delivery: Mapped[str | None]
    missed_at: Mapped[datetime | None]
    """When somebody was told that no delivery report had come in time."""


class ProviderHealth(Base):
    """How a provider does, as all workers together see it; gateway/sms/routing.py tells."""

    __tablename__ = "providers"

    name: Mapped[str] = mapped_column(primary_key=True)
    points: Mapped[int]
    """How much of its share it gets at present, in per cent."""
    failures: Mapped[int] = mapped_column(default=0)
    """How often in a row it failed."""
    failing_since: Mapped[datetime | None]
    doubted_at: Mapped[datetime | None]
    """When nobody knew what became of an SMS; None again once a probe has seen it come back."""
    tried_at: Mapped[datetime | None]
    """When the last SMS was risked on it while it was in trouble."""
    accepted_at: Mapped[datetime | None]
    alive: Mapped[bool] = mapped_column(default=True)
    """What the last probe said."""
    probed_at: Mapped[datetime | None]
    balance_low_at: Mapped[datetime | None]
    """When an operator was last told that its credit is low."""


class ProcessSeen(Base):
    """When a part of the service was last alive: it says so every five seconds at most."""

    __tablename__ = "processes_seen"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class DeliveryReport(Base):
    """What a provider said became of an SMS; kept even when we do not know the SMS (yet)."""

    __tablename__ = "delivery_reports"
    __table_args__ = (UniqueConstraint("provider_message_id", "status"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    provider_message_id: Mapped[str] = mapped_column(String(120), index=True)
    status: Mapped[str]
    reason: Mapped[str | None]
    received_at: Mapped[datetime]


class IncomingSms(Base):
    """That an SMS was taken care of, by the provider's id; its text is never kept.

    `staff_id` is None for an SMS from a number that is nobody's. `wrong` is True when it quoted
    digits that are not those of an alert of hers: tries are counted.
    """

    __tablename__ = "incoming_sms"
    __table_args__ = (Index("incoming_sms_of_staff", "staff_id", "received_at"),)

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    received_at: Mapped[datetime]
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    wrong: Mapped[bool] = mapped_column(default=False)


class CodeTry(Base):
    """One try to open a report by its code, so that four digits cannot be guessed."""

    __tablename__ = "code_tries"

    request: Mapped[bytes] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(index=True)
    number_hash: Mapped[bytes] = mapped_column(index=True)
    tried_at: Mapped[datetime]
    report_id: Mapped[str | None] = mapped_column(ForeignKey("reports.id"))
    """The report it opened; None for a try that failed."""


class PinTry(Base):
    """One try of a member of staff to sign in by phone, so that a PIN cannot be guessed."""

    __tablename__ = "pin_tries"

    request: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    tried_at: Mapped[datetime]
    right: Mapped[bool]

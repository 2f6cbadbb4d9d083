"""How a caller may be reached: kept apart from her report, encrypted, and easy to destroy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from gateway.audit import log as audit
from gateway.cases.data_keys import _forget_keys, keep_keys, open_key
from gateway.cases.safe_hours import hours_of, is_safe_now
from gateway.country.facts import SafeHours
from gateway.runtime.phones import Msisdn
from gateway.sms import outbox
from gateway.store.database import Session
from gateway.store.models import ContactRow, Report
from gateway.vault.errors import CannotOpen
from gateway.vault.fields import Where
from gateway.vault.vault import Vault
from menus.intents import Channel, Contact, Window


@dataclass(frozen=True, slots=True)
class Reachable:
    """What a contact row says, once opened. `since` is when she said so."""

    number: Msisdn
    by: Channel
    window: Window
    since: datetime
    other_number: str | None = field(default=None, repr=False)
    sms_stopped: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """When a caller may be called next, and which of her hours that is in."""

    at: datetime
    window: Window


def replace(
    session: Session, vault: Vault, report_id: str, msisdn: Msisdn, contact: Contact
) -> None:
    """Write the contact of a report in place of the one it may have."""
    forget(session, report_id)
    keep(session, vault, report_id, msisdn, contact)


def keep(session: Session, vault: Vault, report_id: str, msisdn: Msisdn, contact: Contact) -> None:
    """Write the contact of a report that has none, under a data key of its own."""
    key = vault.new_key(report_id, "contact")
    plain = {
        "number": msisdn.reveal(),
        "by": contact.by,
        "window": contact.window,
        "other": contact.other_number,
        "since": session.at.isoformat(),
    }
    session.add(
        ContactRow(
            report_id=report_id,
            number_hash=vault.fingerprint("contact", msisdn.reveal()),
            sealed=key.encrypt(json.dumps(plain).encode(), _where(report_id)),
            reported_at=session.get_one(Report, report_id).created_at,
        )
    )
    keep_keys(session, report_id, "contact", key)


def read(session: Session, vault: Vault, report_id: str) -> Reachable | None:
    """Open the contact of a report; None when she allowed none, or no longer.

    Only for a role that holds a private half. Raises CannotOpen when the row was tampered with.
    """
    row = session.get(ContactRow, report_id)
    if row is None:
        return None
    key = open_key(session, vault, report_id, "contact")
    plain = json.loads(key.decrypt(row.sealed, _where(report_id)))
    return Reachable(
        number=Msisdn(plain["number"]),
        by=cast(Channel, plain["by"]),
        window=cast(Window, plain["window"]),
        since=datetime.fromisoformat(plain["since"]),
        other_number=plain["other"],
        sms_stopped=row.sms_stopped_at is not None,
    )


def may_get_sms(answers: Mapping[str, str]) -> bool:
    """No SMS ever goes to a child's phone, whatever a menu offered; an unknown age is a child's."""
    return answers.get("age") == "adult"


def stop_sms(session: Session, vault: Vault, msisdn: Msisdn) -> None:
    """Never write to this number again about what is known, not even what waits to leave."""
    query = select(ContactRow).where(
        ContactRow.number_hash == vault.fingerprint("contact", msisdn.reveal())
    )
    rows = session.scalars(query).all()
    for row in rows:
        row.sms_stopped_at = session.at
    for report_id in [row.report_id for row in rows]:
        outbox.withdraw(session, report_id, "caller")
        audit.record(session, audit.CALLER, "sms stopped", report_id)


def forget(session: Session, report_id: str) -> None:
    """Destroy the wrapped keys first, then the row: what a backup holds then opens nothing."""
    _forget_keys(session, report_id, ("contact",))
    session.execute(delete(ContactRow).where(ContactRow.report_id == report_id))


def next_safe(
    window: Window, since: datetime, at: datetime, hours: SafeHours, zone: ZoneInfo
) -> datetime | None:
    """`at` itself inside the hours she gave, else when they begin again: "now" never does."""
    if is_safe_now(window, since, at, hours, zone):
        return at
    if window == "now":
        return None
    start, today = hours_of(window, hours).start, at.astimezone(zone).date()
    # Where clocks are put forward over her hours, that day has none of them.
    days = (today + timedelta(days=ahead) for ahead in range(3))
    begins = (datetime.combine(day, start, zone).astimezone(UTC) for day in days)
    safe = (one for one in begins if one > at and is_safe_now(window, since, one, hours, zone))
    return next(safe, None)


def next_call(
    reachable: Reachable | None, at: datetime, hours: SafeHours, zone: ZoneInfo
) -> Opening | None:
    """When a person may call her: at `at`, later, or (None) never, or never again.

    Who named no hours has the phone in her hand when she writes, and is called by day after that.
    """
    if reachable is None or reachable.by != "call":
        return None
    named = reachable.window
    windows: tuple[Window, ...] = ("any", "now") if named == "any" else (named,)
    found = ((next_safe(one, reachable.since, at, hours, zone), one) for one in windows)
    openings = [Opening(moment, window) for moment, window in found if moment is not None]
    return min(openings, key=lambda opening: opening.at, default=None)


@dataclass(frozen=True, slots=True)
class CallHours:
    """When callers may be called, for a role that may read how they are reached."""

    vault: Vault
    hours: SafeHours
    zone: ZoneInfo

    def next(self, session: Session, report_id: str, at: datetime) -> Opening | None:
        """As `next_call`; nobody may be called where nothing can be opened."""
        try:
            reachable = read(session, self.vault, report_id)
        except CannotOpen:
            return None
        return next_call(reachable, at, self.hours, self.zone)


def _where(report_id: str) -> Where:
    return Where("contacts", "sealed", report_id)

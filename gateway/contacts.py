"""How a caller may be reached: kept apart from her report, encrypted, and easy to destroy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gateway.countries.facts import Hours, SafeHours
from gateway.models import ContactRow, DataKeyRow, Report
from gateway.phones import Msisdn
from gateway.vault import CannotOpen, DataKey, KeyPurpose, Recipient, Vault, Where, WrappedKey
from menus.intents import Channel, Contact, PartOfDay, Window


@dataclass(frozen=True, slots=True)
class Reachable:
    """What a contact row says, once opened. `since` is when she said so."""

    number: Msisdn
    by: Channel
    window: Window
    since: datetime
    other_number: str | None = field(default=None, repr=False)
    sms_stopped: bool = False


def replace(
    session: Session,
    vault: Vault,
    report_id: str,
    msisdn: Msisdn,
    contact: Contact,
    at: datetime,
) -> None:
    """Write the contact of a report in place of the one it may have."""
    forget(session, report_id)
    keep(session, vault, report_id, msisdn, contact, at)


def keep(
    session: Session,
    vault: Vault,
    report_id: str,
    msisdn: Msisdn,
    contact: Contact,
    at: datetime,
) -> None:
    """Write the contact of a report that has none, under a data key of its own."""
    key = vault.new_key(report_id, "contact")
    plain = {
        "number": msisdn.reveal(),
        "by": contact.by,
        "window": contact.window,
        "other": contact.other_number,
        "since": at.isoformat(),
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


def stop_sms(session: Session, vault: Vault, msisdn: Msisdn, at: datetime) -> list[str]:
    """Never write to this number again about what is known; the reports it concerns."""
    query = select(ContactRow).where(
        ContactRow.number_hash == vault.fingerprint("contact", msisdn.reveal())
    )
    rows = session.scalars(query).all()
    for row in rows:
        row.sms_stopped_at = at
    return [row.report_id for row in rows]


def forget(session: Session, report_id: str) -> None:
    """Destroy the wrapped keys first, then the row: what a backup holds then opens nothing."""
    _forget_keys(session, report_id, ("contact",))
    session.execute(delete(ContactRow).where(ContactRow.report_id == report_id))


def forget_all_keys(session: Session, report_id: str) -> None:
    """Destroy every wrapped key of a report."""
    _forget_keys(session, report_id, ("contact", "answers"))


def keep_keys(session: Session, report_id: str, purpose: KeyPurpose, key: DataKey) -> None:
    """Store a data key, wrapped for each who may open it."""
    for wrapped in key.wrapped:
        session.add(
            DataKeyRow(
                report_id=report_id,
                purpose=purpose,
                recipient=wrapped.recipient,
                key_id=wrapped.key_id,
                sealed=wrapped.sealed,
            )
        )


def open_key(session: Session, vault: Vault, report_id: str, purpose: KeyPurpose) -> DataKey:
    """The data key of a report, for whoever holds one of the private halves. Else CannotOpen."""
    query = select(DataKeyRow).where(
        DataKeyRow.report_id == report_id, DataKeyRow.purpose == purpose
    )
    for row in session.scalars(query):
        wrapped = WrappedKey(cast(Recipient, row.recipient), row.key_id, row.sealed)
        try:
            return vault.unwrap(report_id, purpose, wrapped)
        except CannotOpen:
            continue
    raise CannotOpen("no data key of this report opens for this role")


def is_safe_now(
    window: Window, since: datetime, at: datetime, hours: SafeHours, zone: ZoneInfo
) -> bool:
    """Whether `at` lies inside the hours she gave; "now" lasts some minutes from `since`."""
    if window == "now":
        return 0 <= (at - since).total_seconds() <= hours.now_minutes * 60
    part = hours_of(window, hours)
    return part.start <= at.astimezone(zone).time() < part.end


def hours_of(window: PartOfDay | Literal["any"], hours: SafeHours) -> Hours:
    """The part of each day that a window means; "any" is from the first hour to the last."""
    if window == "any":
        return Hours(hours.morning.start, hours.evening.end)
    named = {"morning": hours.morning, "afternoon": hours.afternoon, "evening": hours.evening}
    return named[window]


def _forget_keys(session: Session, report_id: str, purposes: Iterable[str]) -> None:
    session.execute(
        delete(DataKeyRow).where(
            DataKeyRow.report_id == report_id, DataKeyRow.purpose.in_(tuple(purposes))
        )
    )


def _where(report_id: str) -> Where:
    return Where("contacts", "sealed", report_id)

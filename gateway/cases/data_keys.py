"""The data keys of a report, wrapped for each who may open it: kept, opened, destroyed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from sqlalchemy import delete, select

from gateway.store.database import Session
from gateway.store.models import DataKeyRow
from gateway.vault.errors import CannotOpen
from gateway.vault.fields import DataKey, WrappedKey
from gateway.vault.roles import Recipient
from gateway.vault.vault import KeyPurpose, Vault


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


def _forget_keys(session: Session, report_id: str, purposes: Iterable[str]) -> None:
    session.execute(
        delete(DataKeyRow).where(
            DataKeyRow.report_id == report_id, DataKeyRow.purpose.in_(tuple(purposes))
        )
    )

"""Who did what to which report, written in the transaction of the act itself.

Rows are chained and sealed (gateway.audit), at the end of the transaction that they are part of.
docs/audit.md says what that proves and what it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, event
from sqlalchemy.orm import SessionTransaction

from gateway.audit import lanes, purging
from gateway.audit.chain import Entry, Seal
from gateway.store.database import Session
from gateway.vault.vault import Vault

CALLER: Final = "caller"
SERVICE: Final = "service"
OPERATOR: Final = "operator"

_SEAL: Final = "audit_seal"
_PENDING: Final = "audit_pending"


class NoSeal(RuntimeError):
    """An act over a connection that has no key for the log: a bug of ours. Nothing is kept."""


def staff(staff_id: str) -> str:
    """A member of staff as an actor."""
    return f"staff:{staff_id}"


def seal_with(engine: Engine, vault: Callable[[], Vault]) -> Engine:
    """Let what is recorded over this engine be sealed; the engine itself.

    The key comes to a transaction this way, and not through all that have something to record.
    Each role but the escrow's has it. The vault is asked for when the first row is written.
    """
    engine.update_execution_options(**{_SEAL: sealing(vault)})
    return engine


def sealing(vault: Callable[[], Vault]) -> Seal:
    """The keyed hash of the log."""
    return lambda content: vault().fingerprint("audit", content)


def seal_of(session: Session) -> Seal:
    """The keyed hash that came with the engine of this session. Raises NoSeal."""
    seal: Seal | None = session.connection().get_execution_options().get(_SEAL)
    if seal is None:
        raise NoSeal("this engine has no key for the audit log: see gateway.audit.log.seal_with")
    return seal


def record(
    session: Session, actor: str, act: str, report_id: str | None = None, detail: str | None = None
) -> None:
    """Add a row. `detail` is a word from the code, never anything that was typed.

    It is written last of all, just before the commit: nobody can read it in this transaction.
    Raises NoSeal.
    """
    seal_of(session)
    if session.in_nested_transaction():
        raise RuntimeError("record an act outside the savepoint: it would outlive its rollback")
    session.info.setdefault(_PENDING, []).append(Entry(session.at, actor, act, report_id, detail))


def purge_before(session: Session, moment: datetime) -> int:
    """Remove rows older than `moment`, and note it in the log; how many.

    Whole beginnings of lanes go, so a few rows may stay that are a little older. What is left can
    be verified as before. Nothing goes where the database role has no right to it: processes have
    none (gateway.store.grants), so that it takes `isange purge` by the owner of the database.
    """
    if not purging.is_allowed(session):
        return 0
    removed = purging.remove_before(session, seal_of(session), moment)
    if removed:
        record(session, OPERATOR, "audit purged", detail=f"{removed} rows")
    return removed


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.get(_PENDING):
        return
    session.flush()
    lanes.append(session.connection(), seal_of(session), session.info.pop(_PENDING))


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if not transaction.nested:
        session.info.pop(_PENDING, None)

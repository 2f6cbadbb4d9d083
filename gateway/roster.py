"""Who is woken: staff, their duty, and the order in which they are asked."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import models
from gateway.phones import Msisdn
from gateway.vault import Vault, Where

Role = Literal["health", "counsellor", "investigator", "lead", "national", "operator"]
ROLES: Final = get_args(Role)

ALERTED: Final = tuple(role for role in ROLES if role != "operator")
"""Who is asked to take a report. The operator keeps the service running and sees no report."""

FIRST_ASKED: Final = ("health", "counsellor")
"""A health worker first: care does not wait for a case."""


@dataclass(frozen=True, slots=True)
class NewStaff:
    """A person to be alerted. `pin_hash` comes from `Vault.hash_secret`."""

    phone: Msisdn
    role: Role
    centre: str
    language: str
    pin_hash: str = field(repr=False)
    on_duty: bool = True


class AlreadyRegistered(ValueError):
    """This telephone number belongs to a member of staff already."""


class NoSuchCentre(ValueError):
    """The centre of a new member of staff is not in service."""


def add(session: Session, vault: Vault, new: NewStaff) -> models.Staff:
    """Register a member of staff. The number is sealed: only the worker can read it again."""
    if session.get(models.Centre, new.centre) is None:
        raise NoSuchCentre(f"there is no centre {new.centre}: see `isange centres import`")
    if by_number(session, vault, new.phone) is not None:
        raise AlreadyRegistered("this number is registered already")
    staff_id = str(uuid.uuid4())
    sealed = vault.seal_for("sender", new.phone.reveal().encode(), number_of(staff_id))
    row = models.Staff(
        id=staff_id,
        centre_id=new.centre,
        role=new.role,
        language=new.language,
        number_hash=_hash(vault, new.phone),
        number=sealed,
        pin_hash=new.pin_hash,
        on_duty=new.on_duty,
    )
    session.add(row)
    return row


def by_number(session: Session, vault: Vault, phone: Msisdn) -> models.Staff | None:
    """The member of staff who is registered with this number."""
    query = select(models.Staff).where(models.Staff.number_hash == _hash(vault, phone))
    return session.scalars(query).first()


def number_of(staff_id: str) -> Where:
    """Where the number of a member of staff lies."""
    return Where("staff", "number", staff_id)


def on_duty(session: Session, centre_id: str, *, investigator: bool) -> Sequence[models.Staff]:
    """Who is asked first at a centre: those on duty, the investigator only where allowed."""
    roles = (*FIRST_ASKED, "investigator") if investigator else FIRST_ASKED
    return _reachable(session, centre_id, roles, only_on_duty=True)


def leads(session: Session, centre_id: str) -> Sequence[models.Staff]:
    """Who answers for a centre, on duty or not."""
    return _reachable(session, centre_id, ("lead",), only_on_duty=False)


def national_duty(session: Session, desk_id: str) -> Sequence[models.Staff]:
    """Who answers for the country."""
    return _reachable(session, desk_id, ALERTED, only_on_duty=True)


def operators(session: Session) -> Sequence[models.Staff]:
    """Who is told when the service itself needs a person."""
    query = select(models.Staff).where(
        models.Staff.role == "operator", models.Staff.opted_out_at.is_(None)
    )
    return session.scalars(query.order_by(models.Staff.id)).all()


def _reachable(
    session: Session, centre_id: str, roles: Sequence[str], *, only_on_duty: bool
) -> Sequence[models.Staff]:
    query = (
        select(models.Staff)
        .where(models.Staff.centre_id == centre_id, models.Staff.role.in_(roles))
        .where(models.Staff.opted_out_at.is_(None))
        .order_by(models.Staff.id)
    )
    if only_on_duty:
        query = query.where(models.Staff.on_duty.is_(True))
    return session.scalars(query).all()


def _hash(vault: Vault, phone: Msisdn) -> bytes:
    return vault.fingerprint("staff", phone.reveal())

"""Who is woken: staff, their duty, and the order in which they are asked."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final, Literal, get_args

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import aliased

from gateway.country.centres import DESK
from gateway.runtime.errors import OperatorError
from gateway.runtime.phones import Msisdn
from gateway.staff import rota
from gateway.store import models
from gateway.store.database import Session
from gateway.vault.fields import Where
from gateway.vault.vault import Vault

Role = Literal["health", "counsellor", "investigator", "lead", "national", "operator", "witness"]
ROLES: Final = get_args(Role)

ALERTED: Final = tuple(role for role in ROLES if role not in {"operator", "witness"})
"""Who is asked to take a report. The operator keeps the service running and sees no report; a
witness is somebody outside who keeps the heads of the audit log."""

FIRST_ASKED: Final = ("health", "counsellor")
"""A health worker first: care does not wait for a case."""

INVESTIGATOR: Final = "investigator"
"""Is asked as early where the caller agreed to it, and then only (gateway.cases.escalation)."""


@dataclass(frozen=True, slots=True)
class NewStaff:
    """A person to be alerted."""

    phone: Msisdn
    role: Role
    centre: str
    language: str
    pin: str = field(repr=False)
    on_duty: bool = True


class AlreadyRegistered(ValueError):
    """This telephone number belongs to a member of staff already."""


class NoSuchCentre(ValueError):
    """The centre of a new member of staff is not in service."""


def add(session: Session, vault: Vault, new: NewStaff) -> models.Staff:
    """Register a member of staff. The number is sealed: only the worker can read it again.

    `vault` is that of the staff's role, which alone can make the hash of a PIN.

    Her phone counts as tested today: the weekly test comes in a week for the first time.
    """
    if session.get(models.Centre, new.centre) is None:
        raise NoSuchCentre(f"there is no centre {new.centre}: see `isange centres import`")
    if by_number(session, vault, new.phone) is not None:
        raise AlreadyRegistered("this number is registered already")
    staff_id, at = str(uuid.uuid4()), session.at
    sealed = vault.seal_for("sender", new.phone.reveal().encode(), number_of(staff_id))
    row = models.Staff(
        id=staff_id,
        centre_id=new.centre,
        role=new.role,
        language=new.language,
        number_hash=_hash(vault, new.phone),
        number=sealed,
        pin_hash=vault.hash_pin(new.pin, pin_of(staff_id)),
        pin_set_at=at,
        on_duty=new.on_duty,
        tested_at=at,
        test_answered_at=at,
    )
    session.add(row)
    return row


def by_number(session: Session, vault: Vault, phone: Msisdn) -> models.Staff | None:
    """The member of staff who is registered with this number."""
    query = select(models.Staff).where(models.Staff.number_hash == _hash(vault, phone))
    return session.scalars(query).first()


def set_pin(
    hash_of: Callable[[str, Where], str], person: models.Staff, pin: str, at: datetime
) -> None:
    """From now on this PIN opens her line; the old one does not, nor a call that it opened."""
    person.pin_hash, person.pin_set_at = hash_of(pin, pin_of(person.id)), at


def is_still_here(session: Session, person: models.Staff) -> bool:
    """Whether she has not left. Who takes her out waits for us now, or has been quicker.

    Called before any report is locked. The lock leaves room for rows that refer to her: a report's
    holder adds some.
    """
    session.refresh(person, with_for_update={"key_share": True})
    return person.left_at is None


def number_of(staff_id: str) -> Where:
    """Where the number of a member of staff lies."""
    return Where("staff", "number", staff_id)


def pin_of(staff_id: str) -> Where:
    """Where the PIN of a member of staff lies."""
    return Where("staff", "pin_hash", staff_id)


def on_duty(session: Session, centre_id: str) -> Sequence[models.Staff]:
    """Who is asked first at a centre, the investigator among them: those on duty."""
    return _reachable(session, centre_id, (*FIRST_ASKED, INVESTIGATOR), only_on_duty=True)


def leads(session: Session, centre_id: str) -> Sequence[models.Staff]:
    """Who answers for a centre, on duty or not."""
    return _reachable(session, centre_id, ("lead",), only_on_duty=False)


def national_duty(session: Session, desk_id: str) -> Sequence[models.Staff]:
    """Who answers for the country."""
    return _reachable(session, desk_id, ALERTED, only_on_duty=True)


def everybody(session: Session, *places: str) -> Sequence[models.Staff]:
    """All who can be alerted at these places, on duty or not."""
    found = {
        person.id: person
        for place in places
        for person in _reachable(session, place, ALERTED, only_on_duty=False)
    }
    return list(found.values())


def asked_first() -> ColumnElement[bool]:
    """In a query about staff: those to whom alerts of their place go first, on duty or not."""
    desk = aliased(models.Centre)
    desks = select(desk.id).where(desk.kind == DESK)
    at_a_desk = and_(models.Staff.role.in_(ALERTED), models.Staff.centre_id.in_(desks))
    return or_(models.Staff.role.in_(FIRST_ASKED), at_a_desk)


def is_asked_first(session: Session, person: models.Staff) -> bool:
    """Whether alerts of her place go to her first while she is on duty."""
    query = select(models.Staff.id).where(models.Staff.id == person.id, asked_first())
    return session.scalar(query) is not None


def is_covered(session: Session, centre_id: str, without: models.Staff | None = None) -> bool:
    """Whether somebody on duty, other than `without`, is asked first at this centre or desk."""
    query = select(models.Staff.id).where(models.Staff.centre_id == centre_id, *_covering())
    others = query.where(models.Staff.id != without.id) if without else query
    return session.scalar(others.limit(1)) is not None


def uncovered(session: Session) -> Sequence[str]:
    """The centres, without the desk, where nobody on duty is asked first, by their ids."""
    covered = exists().where(models.Staff.centre_id == models.Centre.id, *_covering())
    query = select(models.Centre.id).where(models.Centre.kind != DESK, ~covered)
    return session.scalars(query.order_by(models.Centre.id)).all()


def _covering() -> tuple[ColumnElement[bool], ...]:
    return models.Staff.opted_out_at.is_(None), asked_first(), rota.on_duty_now()


def may_stand_in(session: Session, person: models.Staff, other: models.Staff) -> bool:
    """Whether `person` may take over the duty of `other`: alerts still find somebody then."""
    same_place = person.centre_id == other.centre_id and person.id != other.id
    can_be_asked = person.role in ALERTED and person.opted_out_at is None
    if not (same_place and can_be_asked):
        return False
    return is_asked_first(session, person) or not is_asked_first(session, other)


def operators(session: Session) -> Sequence[models.Staff]:
    """Who is told when the service itself needs a person."""
    return _of_role(session, "operator")


def witnesses(session: Session) -> Sequence[models.Staff]:
    """Who is sent the head of the audit log each day."""
    return _of_role(session, "witness")


def _of_role(session: Session, role: Role) -> Sequence[models.Staff]:
    query = select(models.Staff).where(
        models.Staff.role == role, models.Staff.opted_out_at.is_(None)
    )
    return session.scalars(query.order_by(models.Staff.id)).all()


def _reachable(
    session: Session, centre_id: str, roles: Sequence[str], *, only_on_duty: bool
) -> Sequence[models.Staff]:
    return session.scalars(
        _of_centre(tuple(roles), only_on_duty=only_on_duty), {"centre": centre_id}
    ).all()


@cache
def _of_centre(roles: tuple[str, ...], *, only_on_duty: bool) -> Select[models.Staff]:
    """Made once for each kind of question: to make it costs more than to ask it."""
    query = (
        select(models.Staff)
        .where(models.Staff.centre_id == bindparam("centre"), models.Staff.role.in_(roles))
        .where(models.Staff.opted_out_at.is_(None))
        .order_by(models.Staff.id)
    )
    return query.where(rota.on_duty_now()) if only_on_duty else query


def _hash(vault: Vault, phone: Msisdn) -> bytes:
    return vault.fingerprint("staff", phone.reveal())


class HasLeft(OperatorError):
    """She was taken out before."""

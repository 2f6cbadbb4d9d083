"""What a member of staff does about her own duty, by SMS or by phone: come on, go off, swap.

Each function works inside the caller's transaction and leaves its audit row in it. Changes at one
centre go one after another, so that of two who leave at the same moment the second is seen to be
the last: by SMS, whose sender can be forged, she cannot go off then. A swap is a question until the
colleague answers: the asker stays on duty, whatever becomes of the SMS in between.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update

from gateway.audit import log as audit
from gateway.sms import to_staff
from gateway.staff import operators, roster, rota
from gateway.staff.rota import Duty, Span
from gateway.store.database import Session
from gateway.store.insert_once import in_turn
from gateway.store.models import Staff, Swap

SWAP_LIVES: Final = timedelta(hours=2)
"""How long a colleague may take to answer that she takes over."""


def one_after_another_at(session: Session, centre_id: str) -> None:
    """Let changes of duty at one centre go in turn.

    Called before any row of staff is locked: a swap changes two.
    """
    in_turn(session, f"duty {centre_id}")


def one_after_another(session: Session, person: Staff) -> None:
    """The same at her centre, and see her as the change before has left her."""
    one_after_another_at(session, person.centre_id)
    session.flush()
    session.refresh(person)


def come_on(session: Session, person: Staff) -> Duty:
    """She is on duty from now on, for a colleague who asked her to take over if there is one.

    With several who asked, it is the one who has waited longest: each of them must be able to rely
    on an answer of her own. A shift that runs already stays as it is.
    """
    one_after_another(session, person)
    if not _take_over(session, person) and not rota.duty_of(session, person).on:
        person.on_duty = True
        audit.record(session, audit.staff(person.id), "on duty")
    session.flush()
    return rota.duty_of(session, person)


def is_last(session: Session, person: Staff) -> bool:
    """Whether alerts of her place would find nobody on duty any more if she went off."""
    one_after_another(session, person)
    on_duty = rota.duty_of(session, person).on
    return (
        on_duty
        and roster.is_asked_first(session, person)
        and not roster.is_covered(session, person.centre_id, without=person)
    )


def go_off(session: Session, person: Staff) -> bool:
    """She is off duty from now on, until her next shift; False when she was off anyway.

    A shift that runs now is over for good.
    """
    one_after_another(session, person)
    if not rota.duty_of(session, person).on:
        return False
    _end(session, person)
    audit.record(session, audit.staff(person.id), "off duty")
    see_that_somebody_is_left(session, person)
    return True


def leave(session: Session, person: Staff) -> None:
    """She has left: no duty of hers runs any more, and none will."""
    was_on = rota.duty_of(session, person).on
    person.on_duty = False
    rota.strike(session, person)
    if was_on:
        see_that_somebody_is_left(session, person)


def ask_to_take_over(session: Session, person: Staff, colleague: Staff | None) -> bool:
    """Ask a colleague by SMS to take over; whether she was asked.

    Somebody else's number, a stranger's and her own ask nobody.
    """
    if colleague is None or not roster.may_stand_in(session, colleague, person):
        return False
    duty = rota.duty_of(session, person)
    if not duty.on or _is_asked(session, person, colleague):
        return False
    swap = Swap(
        id=str(uuid.uuid4()),
        from_staff=person.id,
        to_staff=colleague.id,
        asked_at=session.at,
        expires_at=session.at + SWAP_LIVES,
    )
    session.add(swap)
    audit.record(session, audit.staff(person.id), "asked to swap", detail=colleague.id)
    until = {"until": duty.until.isoformat()} if duty.until else {}
    to_staff.tell(session, colleague.id, "swap_request", key=f"swap:{swap.id}", values=until)
    return True


def _is_asked(session: Session, person: Staff, colleague: Staff) -> bool:
    query = select(Swap.id).where(
        Swap.from_staff == person.id,
        Swap.to_staff == colleague.id,
        Swap.answered_at.is_(None),
        Swap.expires_at > session.at,
    )
    return session.scalars(query).first() is not None


def _take_over(session: Session, person: Staff) -> bool:
    """Take the duty of a colleague who asked and is still on duty; False when there is none."""
    query = (
        select(Swap)
        .where(Swap.to_staff == person.id, Swap.answered_at.is_(None), Swap.expires_at > session.at)
        .order_by(Swap.asked_at, Swap.id)
    )
    for swap in session.scalars(query).all():
        asker = session.get_one(Staff, swap.from_staff)
        if rota.duty_of(session, asker).on and roster.may_stand_in(session, person, asker):
            _hand_over(session, swap, asker, person)
            return True
    return False


def _hand_over(session: Session, swap: Swap, asker: Staff, person: Staff) -> None:
    """The whole of it: what is left of the shift, and a switch that has no end."""
    person.on_duty |= asker.on_duty
    until = _end(session, asker)
    if until is not None:
        rota.add_shift(session, person, Span(session.at, until))
    # The first answer settles it; whoever else was asked is not needed any more.
    open_ones = (Swap.from_staff == asker.id, Swap.answered_at.is_(None))
    session.execute(update(Swap).where(*open_ones).values(answered_at=session.at))
    audit.record(session, audit.staff(person.id), "took over", detail=asker.id)
    to_staff.tell(session, asker.id, "swapped", key=f"swapped:{swap.id}")
    see_that_somebody_is_left(session, asker)


def _end(session: Session, person: Staff) -> datetime | None:
    """No duty of hers runs any more; when her shift would have ended, if she was in one."""
    person.on_duty = False
    return rota.end_shifts(session, person)


def see_shifts_end(session: Session) -> None:
    """A shift that runs out may be the last one of its centre."""
    ended = [shift.staff_id for shift in rota.see_end(session)]
    query = select(Staff).where(Staff.id.in_(ended), roster.asked_first()).order_by(Staff.id)
    for person in {one.centre_id: one for one in session.scalars(query)}.values():
        see_that_somebody_is_left(session, person)


def see_that_somebody_is_left(session: Session, person: Staff) -> None:
    """Alerts of a centre without anybody on duty go to its lead: she must know that now."""
    session.flush()
    if not roster.is_asked_first(session, person) or roster.is_covered(session, person.centre_id):
        return
    operators.wake(session, "nobody_on_duty", centre=person.centre_id)
    for lead in roster.leads(session, person.centre_id):
        key = f"nobody:{lead.id}:{session.at.isoformat()}"
        to_staff.tell(session, lead.id, "nobody_on_duty", key=key)

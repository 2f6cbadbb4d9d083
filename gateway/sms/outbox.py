"""Every SMS that is to leave, as rows: written with what causes them, claimed by lease, sent once.

A row is claimed (`sending`, committed) before the provider is called and settled after. If the
process dies in between nobody knows whether the SMS went out. For staff it is sent again, at most
three times: a second alert wakes somebody twice, a lost one wakes nobody. For a caller it is never
sent again by itself: a second SMS can expose her, a lost courtesy cannot.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, case, false, func, or_, select, true, update

from gateway.sms import receipts
from gateway.sms.providers.contract import (
    Accepted,
    OperatorFault,
    Outcome,
    Refused,
    TryLater,
    Unknown,
)
from gateway.store.database import Session
from gateway.store.insert_once import add_once
from gateway.store.models import Outbox, OutboxState, Urgency
from gateway.vault.fields import Where
from gateway.vault.vault import Vault

Audience = Literal["staff", "caller"]

Leaves = Literal["all", "spare", "nothing"]
"""What of all that is due may leave; "spare" is all but the last send of an SMS to staff."""

WITHDRAWN: Final = "withdrawn"
"""The outcome of an SMS that was overtaken before it left."""

LONGEST_KEY: Final = 120
"""Characters of a dedupe key."""

LEASE: Final = timedelta(seconds=25)
"""Longer than the slowest provider call (13 s), so that nobody sends what is being sent."""

MOST_SENDS: Final = 3
"""How often a message to staff may be handed to a provider that might have sent it."""

BACKOFF: Final = tuple(timedelta(seconds=s) for s in (2, 5, 15, 30, 45))
"""Waits after a passing fault, by attempt; the last one repeats until the row expires."""

AFTER_DOUBT: Final = (timedelta(seconds=10), timedelta(seconds=45))
"""Waits after a send that may have arrived: no hurry, and long enough to outlast an outage."""

AFTER_OPERATORS_FAULT: Final = timedelta(seconds=20)
"""Credit or credentials: a person must act first, and then it should leave at once."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that this process, and no other, may hand to a provider until the lease ends."""

    id: str
    attempt: int


def add(
    session: Session,
    *,
    dedupe_key: str,
    audience: Audience,
    template: str,
    lives: timedelta,
    report_id: str | None = None,
    staff_id: str | None = None,
    alert_id: str | None = None,
    values: Mapping[str, Any] | None = None,
    sent: int = 0,
    due_at: datetime | None = None,
    urgency: Urgency = Urgency.NEWS,
) -> bool:
    """Queue one SMS, unless `dedupe_key` already did; whether it was added.

    It leaves `at` once, or later at `due_at`, and after `lives` more it is dropped rather than sent
    late. `values` are for the template and hold nothing personal. `sent` is how often earlier SMS
    of the same alert may have gone out. `urgency` is for staff: a caller's is a courtesy.
    """
    return add_once(
        session,
        Outbox,
        id=str(uuid.uuid4()),
        dedupe_key=dedupe_key,
        report_id=report_id,
        staff_id=staff_id,
        alert_id=alert_id,
        audience=audience,
        urgency=Urgency.COURTESY if audience == "caller" else urgency,
        template=template,
        values=dict(values or {}),
        maybe_sent=sent,
        **_times(session.at, due_at or session.at, lives),
    )


def add_sealed(
    session: Session,
    vault: Vault,
    content: bytes,
    *,
    dedupe_key: str,
    template: str,
    lives: timedelta,
) -> bool:
    """Queue an SMS to a caller whose number and text only the sender can read (JSON)."""
    row_id = str(uuid.uuid4())
    return add_once(
        session,
        Outbox,
        id=row_id,
        dedupe_key=dedupe_key,
        audience="caller",
        urgency=Urgency.ANSWER,
        template=template,
        sealed=vault.seal_for("sender", content, sealed_in(row_id)),
        **_times(session.at, session.at, lives),
    )


def sealed_in(row_id: str) -> Where:
    """Where a sealed SMS lies."""
    return Where("outbox", "sealed", row_id)


def _times(at: datetime, due_at: datetime, lives: timedelta) -> dict[str, datetime]:
    return {"created_at": at, "due_at": due_at, "expires_at": due_at + lives}


def claim(
    session: Session, at: datetime, most: int, leaves: Leaves = "all", *, fair: bool = False
) -> Sequence[Outbox]:
    """Take up to `most` due rows for sending, the most urgent first. Commit before you send.

    What has expired is among them whatever else may leave, for it is to be dropped. A `fair` claim
    begins with the SMS to staff that waits longest, however little urgent it is.
    """
    may = or_(Outbox.expires_at <= at, _LEAVES[leaves])
    query = select(Outbox).where(*_is_due(at), may).with_for_update(skip_locked=True)
    longest = query.where(Outbox.urgency <= Urgency.NEWS).order_by(Outbox.due_at)
    first = _taken(session, longest.limit(min(most, 1))) if fair else []
    urgent = query.order_by(Outbox.urgency, Outbox.due_at)
    return [*first, *_taken(session, urgent.limit(most - len(first)))]


def _taken(session: Session, query: Select[Outbox]) -> Sequence[Outbox]:
    rows = session.scalars(query).all()
    for row in rows:
        take(row, session.at)
    session.flush()
    return rows


def to_risk(session: Session, at: datetime, kind: Literal["spare", "last"]) -> Outbox | None:
    """The due SMS that is best risked on a failing provider: to staff, and sent least often.

    One that was tried less often goes first, so that no single SMS decides about a provider.
    """
    spare = (Outbox.audience == "staff", Outbox.maybe_sent < MOST_SENDS - 1)
    tried = (Outbox.maybe_sent, Outbox.attempt)
    query = (
        select(Outbox)
        .where(*_is_due(at), Outbox.expires_at > at, *(spare if kind == "spare" else ()))
        .order_by(Outbox.audience.desc(), *tried, Outbox.urgency, Outbox.due_at)
        .limit(1)
    )
    return session.scalars(query.with_for_update(skip_locked=True)).first()


def take(row: Outbox, at: datetime) -> None:
    """Claim a row: until its lease ends it is ours to send."""
    row.state = OutboxState.SENDING
    row.lease_until = at + LEASE
    row.attempt += 1
    row.maybe_sent += 1


def is_last_send(row: Outbox) -> bool:
    """Whether a claimed row may not be sent again if nobody knows what became of it.

    An SMS to a caller never may. But it is a courtesy, and waits for no provider to be well.
    """
    return row.audience == "staff" and row.maybe_sent >= MOST_SENDS


def hurry(session: Session) -> None:
    """Let everything that waits for another try be due: there is a provider again."""
    session.flush()
    waiting = select(Outbox.id).where(
        Outbox.state == OutboxState.PENDING, Outbox.due_at > session.at, Outbox.attempt > 0
    )
    session.execute(
        update(Outbox)
        .where(Outbox.id.in_(waiting.with_for_update(skip_locked=True)))
        .values(due_at=session.at)
        .execution_options(synchronize_session=False)
    )


def _is_due(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return Outbox.state == OutboxState.PENDING, Outbox.due_at <= at


_LEAVES: Final[Mapping[Leaves, ColumnElement[bool]]] = {
    "all": true(),
    "spare": or_(Outbox.audience != "staff", Outbox.maybe_sent < MOST_SENDS - 1),
    "nothing": false(),
}


def drop(row: Outbox, at: datetime, reason: str) -> None:
    """Give up a claimed row that was not sent."""
    row.maybe_sent -= 1
    _finish(row, at, OutboxState.DROPPED, reason)


def settle(
    session: Session,
    claimed: Claimed,
    outcome: Outcome,
    provider: str,
    others: Collection[str] = (),
) -> Outbox | None:
    """Note what the provider said; None when that came too late to matter.

    What was certainly not sent goes to one of the `others` at once, as long as there is one that it
    was not handed to in vain; what may have been sent goes to one of them next time.

    A row whose lease ran out meanwhile, and that nobody claimed since, still learns whether the
    SMS was taken: then it need not be sent again.
    """
    if isinstance(outcome, Accepted):
        receipts.lock(session, outcome.message_id)
    query = select(Outbox).where(Outbox.id == claimed.id, Outbox.attempt == claimed.attempt)
    row = session.scalars(query.with_for_update()).first()
    if row is None or not _may_learn(row, outcome):
        return None
    row.provider = provider
    _note(session, row, outcome, others)
    return row


def _may_learn(row: Outbox, outcome: Outcome) -> bool:
    if row.state == OutboxState.SENDING:
        return True
    recovered = row.state in {OutboxState.PENDING, OutboxState.UNKNOWN}
    return recovered and isinstance(outcome, Accepted | Refused)


def _note(session: Session, row: Outbox, outcome: Outcome, others: Collection[str]) -> None:
    match outcome:
        case Accepted(message_id):
            _finish(row, session.at, OutboxState.ACCEPTED, "accepted")
            receipts.sent_as(session, row, message_id)
        case Refused(reason):
            row.maybe_sent -= 1
            _finish(row, session.at, OutboxState.REFUSED, reason)
        case TryLater(reason, most):
            row.maybe_sent -= 1
            row.bounces += most is not None
            if most is not None and row.bounces > most:
                _finish(row, session.at, OutboxState.REFUSED, reason)
            else:
                _elsewhere(row, session.at, _step(BACKOFF, row.attempt), reason, others)
        case OperatorFault(reason):
            row.maybe_sent -= 1
            _elsewhere(row, session.at, AFTER_OPERATORS_FAULT, reason, others)
        case Unknown(reason):
            _doubt(row, session.at, reason)


def _elsewhere(
    row: Outbox, at: datetime, pause: timedelta, reason: str, others: Collection[str]
) -> None:
    """Try the next provider at once; when all were tried, all of them again after a pause."""
    tried = {*row.tried, str(row.provider)}
    left = set(others) - tried
    row.tried = sorted(tried) if left else []
    _again(row, at if left else at + pause, reason)


def _doubt(row: Outbox, at: datetime, reason: str) -> None:
    if row.audience == "staff" and row.maybe_sent < MOST_SENDS:
        row.tried = [row.provider] if row.provider else []
        _again(row, at + _step(AFTER_DOUBT, row.maybe_sent), reason)
    else:
        _finish(row, at, OutboxState.UNKNOWN, reason)


def _step(waits: Sequence[timedelta], count: int) -> timedelta:
    return waits[min(count, len(waits)) - 1]


def _again(row: Outbox, due_at: datetime, reason: str) -> None:
    row.state, row.lease_until, row.outcome, row.due_at = OutboxState.PENDING, None, reason, due_at


def _finish(row: Outbox, at: datetime, state: OutboxState, reason: str) -> None:
    row.state, row.lease_until, row.finished_at, row.outcome = state, None, at, reason
    row.sealed = None


def recover(session: Session) -> int:
    """Take up what died while sending; how many rows that were."""
    query = select(Outbox).where(
        Outbox.state == OutboxState.SENDING, Outbox.lease_until < session.at
    )
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        _doubt(row, session.at, "died while sending")
        if row.state == OutboxState.PENDING:
            row.due_at = session.at  # The lease was the wait.
    return len(rows)


def withdraw(
    session: Session, report_id: str, audience: Audience, templates: Collection[str] | None = None
) -> None:
    """Drop what has not left yet to this audience about a report; of these templates, if given."""
    of_template = () if templates is None else (Outbox.template.in_(templates),)
    session.execute(
        update(Outbox)
        .where(
            Outbox.report_id == report_id,
            Outbox.audience == audience,
            Outbox.state == OutboxState.PENDING,
            *of_template,
        )
        .values(state=OutboxState.DROPPED, finished_at=session.at, outcome=WITHDRAWN)
    )


@dataclass(frozen=True, slots=True)
class Told:
    """The SMS about one alert so far."""

    sent: int
    """How many of them may have gone out."""
    last_at: datetime
    waiting: bool

    def may_be_told(self, before: datetime) -> bool:
        """Whether one more may follow, when the last one is from `before`."""
        return not self.waiting and self.sent < MOST_SENDS and self.last_at <= before


def alerts_told(session: Session, report_id: str) -> Mapping[str, Told]:
    """By alert, the SMS about it so far."""
    waiting = Outbox.state.in_((OutboxState.PENDING, OutboxState.SENDING))
    query = (
        select(
            Outbox.alert_id,
            func.max(Outbox.maybe_sent),
            func.max(Outbox.created_at),
            func.max(case((waiting, 1), else_=0)),
        )
        .where(Outbox.report_id == report_id, Outbox.alert_id.is_not(None))
        .group_by(Outbox.alert_id)
    )
    return {
        alert_id: Told(sent, last_at, bool(unsent))
        for alert_id, sent, last_at, unsent in session.execute(query)
    }


def due_since(session: Session) -> datetime | None:
    """Since when the oldest row waits that is due and that nobody has claimed; None when none."""
    return session.scalar(select(func.min(Outbox.due_at)).where(*_is_due(session.at)))

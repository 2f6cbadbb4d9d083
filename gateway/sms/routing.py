"""Which provider takes an SMS: a weighted choice among those that do well, by their health in SQL.

All workers and clocks see the same health and add to it. It is written only when there is something
to note, so that an SMS costs no more than one look at it for each batch.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import func, select

from gateway.runtime.alarms import Kind
from gateway.sms import outbox
from gateway.sms.outbox import Leaves
from gateway.sms.providers import health
from gateway.sms.providers.contract import Outcome, Provider, Pulse
from gateway.store.database import Session
from gateway.store.insert_once import add_once
from gateway.store.models import Outbox, ProviderHealth

TELL_AGAIN: Final = timedelta(days=1)
"""How long an operator who was told of a low balance is left in peace."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The providers that are set up, and the weight of each in the choice between them."""

    shares: Sequence[tuple[Provider, int]]
    chance: Callable[[], float] = field(default=random.random, repr=False)
    """A number from 0 to below 1."""

    def __getitem__(self, name: str) -> Provider:
        return next(provider for provider, _ in self.shares if provider.name == name)

    @property
    def weights(self) -> Mapping[str, int]:
        return {provider.name: weight for provider, weight in self.shares}


def only(provider: Provider) -> Fleet:
    """A fleet of one."""
    return Fleet(((provider, 1),))


@dataclass(frozen=True, slots=True)
class Routes:
    """What is known of the providers of a fleet at one moment."""

    fleet: Fleet
    known: Mapping[str, ProviderHealth]
    at: datetime

    @property
    def open(self) -> Collection[str]:
        """The providers that take any SMS."""
        return [name for name, one in self.known.items() if not health.is_failing(one)]

    @property
    def sure(self) -> Collection[str]:
        """Those of them that may have the last send of an SMS to staff."""
        return [name for name in self.open if health.is_sure(self.known[name], self.at)]

    @property
    def leaves(self) -> Leaves:
        """What of all that is due may leave."""
        if self.sure:
            return "all"
        return "spare" if self.open else "nothing"

    def at_once(self, most: int) -> int:
        """How many SMS may be under way: after an outage few at first, then more and more."""
        points = max((self.known[name].points for name in self.open), default=health.FULL)
        return math.ceil(most * points / health.FULL)

    def choose(self, row: Outbox) -> ProviderHealth:
        """The provider for a claimed row, another one than those that it was tried on."""
        may = list(self.sure if outbox.is_last_send(row) else self.open)
        fresh = [name for name in may if name not in row.tried] or may
        weights = [self.fleet.weights[name] * self.known[name].points for name in fresh]
        left = self.fleet.chance() * sum(weights)
        for name, weight in zip(fresh, weights, strict=True):
            left -= weight
            if left < 0:
                return self.known[name]
        return self.known[fresh[-1]]


def look(session: Session, fleet: Fleet) -> Routes:
    """The health of every provider of the fleet, as it is now. A new one gets its row."""
    known = _known(session, fleet)
    new = {name: health.newcomer(name) for name in fleet.weights if name not in known}
    for name, one in new.items():
        add_once(session, ProviderHealth, name=name, points=one.points)
    return Routes(fleet, {name: {**known, **new}[name] for name in fleet.weights}, session.at)


def _known(session: Session, fleet: Fleet) -> Mapping[str, ProviderHealth]:
    query = select(ProviderHealth).where(ProviderHealth.name.in_(fleet.weights))
    return {one.name: one for one in session.scalars(query)}


def any_open(session: Session) -> bool:
    """Whether there is a provider that SMS may leave by, as far as is known."""
    failing = select(func.count(), func.count(ProviderHealth.failing_since))
    known, down = session.execute(failing.select_from(ProviderHealth)).one()
    return known == 0 or down < known


def take_risks(session: Session, routes: Routes) -> Sequence[tuple[Outbox, ProviderHealth]]:
    """Claim one SMS for each failing provider that it is time to risk one on."""
    risked = []
    for one in routes.known.values():
        row = _risked_on(session, one, routes)
        if row is not None:
            outbox.take(row, routes.at)
            risked.append((row, one))
            session.flush()
    return risked


def _risked_on(session: Session, one: ProviderHealth, routes: Routes) -> Outbox | None:
    """The row to risk on a provider, unless another worker risks one just now.

    Nobody waits for a lock here, so that nobody who waits for us can wait for ever.
    """
    kind = health.risk(one, routes.at, alone=not routes.open)
    row = outbox.to_risk(session, routes.at, kind) if kind else None
    if row is None or _locked(session, one.name, wait=False) is None:
        return None
    if health.risk(one, routes.at, alone=not routes.open) != kind:  # As it is now.
        return None
    one.tried_at = routes.at
    return row


def note(session: Session, answers: Iterable[tuple[ProviderHealth, Outcome]]) -> Sequence[str]:
    """Note what the answers to some SMS teach about their providers; which fail from now on.

    Each comes with its provider's health when it was chosen. What waits for another try does so no
    longer once a provider is back.
    """
    taught = [
        (seen.name, said)
        for seen, said in answers
        if not health.need_not_note(seen, said, session.at)
    ]
    failing = []
    for name in sorted({name for name, _ in taught}):  # In one order, so that nobody deadlocks.
        one = _locked(session, name)
        turns = [
            one and health.learn(one, said, session.at) for told, said in taught if told == name
        ]
        if one is None or not any(turns):
            continue
        if health.is_failing(one):
            failing.append(name)
        else:
            outbox.hurry(session)
    return failing


def _locked(session: Session, name: str, *, wait: bool = True) -> ProviderHealth | None:
    """The health of a provider as it is now, ours to change."""
    query = select(ProviderHealth).where(ProviderHealth.name == name)
    query = query.with_for_update(skip_locked=not wait)
    return session.scalars(query.execution_options(populate_existing=True)).first()


def to_probe(session: Session, fleet: Fleet) -> Sequence[str]:
    """The providers that it is time to probe."""
    known = _known(session, fleet)
    return [
        name
        for name in fleet.weights
        if name not in known or health.probe_is_due(known[name], session.at)
    ]


def begin_probe(session: Session, name: str) -> bool:
    """Take a probe upon us; False when somebody else did."""
    one = _locked(session, name)
    if one is None or not health.probe_is_due(one, session.at):
        return False
    one.probed_at = session.at
    return True


def note_pulse(session: Session, name: str, pulse: Pulse, low: Decimal | None) -> Iterator[Kind]:
    """Note the answer to a probe; what a person must look at now.

    A balance below `low` is such a thing once a day.
    """
    one = _locked(session, name)
    if one is None:
        return
    failed_before = health.is_failing(one)
    if health.feel(one, pulse, session.at):
        outbox.hurry(session)
    if health.is_failing(one) and not failed_before:
        yield "provider_failing"
    if low is None or pulse.balance is None:
        return
    if pulse.balance >= low:
        one.balance_low_at = None
    elif one.balance_low_at is None or session.at >= one.balance_low_at + TELL_AGAIN:
        one.balance_low_at = session.at
        yield "balance_low"

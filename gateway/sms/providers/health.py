"""How a provider does: what its answers teach us, and when it is worth risking an SMS on it.

A provider is *well* while its last word was a clear one, *doubtful* after a failure, *failing*
after three in a row. A message to staff may go out three times at most, so a long outage must not
use these up: a failing provider gets nothing but one SMS at a time that is *risked* on it, and
probes, which cost nothing. One clear answer makes it well again, and all that waited leaves.

What cannot be seen from here is a provider that answers probes and loses every SMS. Then each alert
spends two of its three sends, and the last ones go out singly, one in LAST_RESORT, while newer
alerts, the next level's among them, are risked every RISK_EVERY.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from gateway.sms.providers.contract import Accepted, Outcome, Pulse, Refused, Unknown
from gateway.store.models import ProviderHealth

FULL: Final = 100
LEAST: Final = 10
"""Bounds of a provider's points, in per cent of its share."""

REGAINED: Final = 10
"""Points that a clear answer gives back; a failure takes half of what there is."""

FAILING_AFTER: Final = 3
"""Failures in a row, of SMS or of probes in between."""

RISK_EVERY: Final = timedelta(seconds=15)
"""Between two SMS that are risked on a failing provider whose probe is answered,"""

RISK_BLINDLY_EVERY: Final = timedelta(seconds=60)
"""and while its probe fails and there is no other provider: it may be the probe that is broken."""

LAST_RESORT: Final = timedelta(minutes=5)
"""After nobody knew what became of an SMS, how long one that has one send left is kept back from
a provider that has not given a clear answer since."""

PROBE_EVERY: Final = timedelta(minutes=5)
PROBE_IN_TROUBLE_EVERY: Final = timedelta(seconds=5)

NOTED_FOR: Final = timedelta(minutes=1)
"""How old the note of the last acceptance may be, so that not every SMS has to write one."""

Risk = Literal["spare", "last"]
"""What may be risked: an SMS to staff with sends to spare; or its last send as well, and where
nothing waits for staff the one send of an SMS to a caller."""


def newcomer(name: str) -> ProviderHealth:
    """A provider of which nothing is known: well, until it shows otherwise."""
    return ProviderHealth(name=name, points=FULL, failures=0, alive=True)


def is_well(health: ProviderHealth) -> bool:
    return health.failures == 0


def is_failing(health: ProviderHealth) -> bool:
    return health.failing_since is not None


def is_clear(outcome: Outcome) -> bool:
    """Whether a provider that says this works, whatever it says of the one SMS."""
    return isinstance(outcome, Accepted | Refused)


def learn(health: ProviderHealth, outcome: Outcome, at: datetime) -> bool:
    """Take in an answer to an SMS; whether the provider has begun or ceased to fail."""
    failed_before = is_failing(health)
    if is_clear(outcome):
        health.points = min(FULL, health.points + REGAINED)
        health.failures, health.failing_since = 0, None
        health.doubted_at = health.tried_at = None
        health.accepted_at = at if isinstance(outcome, Accepted) else health.accepted_at
    else:
        health.points = max(LEAST, health.points // 2)
        health.doubted_at = at if isinstance(outcome, Unknown) else health.doubted_at
        _fail(health, at)
    return failed_before != is_failing(health)


def feel(health: ProviderHealth, pulse: Pulse, at: datetime) -> bool:
    """Take in the answer to a probe; whether the provider has come back to life.

    A probe that fails says nothing against a provider that takes our SMS. One that is answered
    says little of whether SMS leave, unless the one before it failed.
    """
    if not pulse.alive:
        health.alive = False
        if not is_well(health):
            _fail(health, at)
        return False
    came_back, health.alive = not health.alive and not is_well(health), True
    if came_back:
        health.doubted_at = health.tried_at = None
    return came_back


def _fail(health: ProviderHealth, at: datetime) -> None:
    health.failures += 1
    if health.failures >= FAILING_AFTER:
        health.failing_since = health.failing_since or at


def is_sure(health: ProviderHealth, at: datetime) -> bool:
    """Whether the last send of an SMS is in good hands.

    It is unless it was not known lately what became of another one: a clear no costs no send.
    """
    lately = health.doubted_at is not None and at < health.doubted_at + LAST_RESORT
    return is_well(health) or (health.alive and not lately)


def risk(health: ProviderHealth, at: datetime, *, alone: bool) -> Risk | None:
    """What may be risked on a failing provider now. `alone`: no other provider is to be had."""
    every = RISK_EVERY if health.alive else RISK_BLINDLY_EVERY
    too_soon = health.tried_at is not None and at < health.tried_at + every
    if not is_failing(health) or too_soon or not (health.alive or alone):
        return None
    return "last" if is_sure(health, at) else "spare"


def probe_is_due(health: ProviderHealth, at: datetime) -> bool:
    every = PROBE_EVERY if is_well(health) else PROBE_IN_TROUBLE_EVERY
    return health.probed_at is None or at >= health.probed_at + every


def need_not_note(health: ProviderHealth, outcome: Outcome, at: datetime) -> bool:
    """Whether an answer teaches nothing about a provider that was in this health."""
    fresh = health.accepted_at is not None and at < health.accepted_at + NOTED_FOR
    return is_well(health) and health.points == FULL and fresh and is_clear(outcome)

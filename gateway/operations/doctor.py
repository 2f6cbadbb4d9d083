"""What is wrong with this installation, and how to mend it. Looks only; changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import Engine, func, select

from gateway.cases import muting
from gateway.country.centres import DESK
from gateway.country.pack import Pack
from gateway.operations import status
from gateway.runtime.errors import OperatorError
from gateway.runtime.settings import Settings
from gateway.staff import phone_test, roster, rota
from gateway.staff.rota import SHOWN, Span
from gateway.store import database, grants, schema
from gateway.store.models import Centre, ProviderHealth
from gateway.vault.roles import Role
from gateway.vault.vault import Vault

LONG_UNACCEPTED: Final = 15
"""Minutes: by then every level of the most urgent reports was asked."""

MOST_APART: Final = timedelta(seconds=2)
"""Clocks that are set by a network agree to some milliseconds; asking takes no second."""

LOOK_AHEAD: Final = timedelta(days=7)
"""How far a rota should reach."""


class Examined(Protocol):
    """What the checks need of a process."""

    @property
    def role(self) -> Role: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def pack(self) -> Pack: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def database(self) -> Engine: ...
    def redis_answers(self) -> bool: ...


Check = Callable[[Examined], Iterator[str]]
"""Names each fault in one line that ends in what to do."""


def faults(parts: Examined) -> Iterator[str]:
    """Every fault there is. A check that cannot run is a fault of its own and hides no other."""
    for check in CHECKS:
        try:
            yield from check(parts)
        except OperatorError as error:
            yield str(error)
        except database.DatabaseFailed as error:
            yield f"the database cannot be read ({type(error).__name__}): look at DATABASE_URL"


def _keys(parts: Examined) -> Iterator[str]:
    """The key folder is whole and private: opening it is the check."""
    _ = parts.vault
    yield from ()


def _addresses(parts: Examined) -> Iterator[str]:
    """An app has the secret of its addresses; who sends by Kannel, that of the receipts."""
    by_kannel = any(one.provider == "kannel" for one in parts.settings.providers)
    if parts.role == "staff":
        parts.settings.addressed_by("staff")
    elif parts.role == "web" or by_kannel:
        parts.settings.addressed_by("callers")
    yield from ()


def _facts(parts: Examined) -> Iterator[str]:
    unverified = parts.pack.unverified(centres=())
    if unverified:
        yield (
            f"{len(unverified)} facts of the country are not verified, {unverified[0]} first: "
            "look at each, sign it in the country's folder"
        )


def _schema(parts: Examined) -> Iterator[str]:
    if not schema.is_current(parts.database):
        yield "the database has another schema than this release: run `isange db upgrade`"


def _clock(parts: Examined) -> Iterator[str]:
    """What happens when goes by the database's clock; the lines of the log by this machine's."""
    with database.reading(parts.database) as session:
        theirs = database.now(session)
    yield from clock_faults(datetime.now(UTC) - theirs)


def clock_faults(ahead: timedelta) -> Iterator[str]:
    """`ahead`: how far this machine's clock is before the database's."""
    if abs(ahead) > MOST_APART:
        yield (
            f"the clock of this machine is {ahead.total_seconds():+.0f} s off the database's: have "
            "chrony or systemd-timesyncd set both"
        )


def _redis(parts: Examined) -> Iterator[str]:
    if not parts.redis_answers():
        yield "Redis cannot be reached: look at REDIS_URL (the line goes on without, more slowly)"


def _centres(parts: Examined) -> Iterator[str]:
    with database.reading(parts.database) as session:
        real = select(Centre).where(Centre.kind != DESK)
        count = session.scalar(select(func.count()).select_from(real.subquery())) or 0
        unverified = real.where(Centre.verified_on.is_(None)).subquery()
        samples = session.scalar(select(func.count()).select_from(unverified)) or 0
    if count == 0:
        yield "no centre is in service: run `isange centres import FILE`"
    if samples:
        yield f"{samples} of {count} centres are not verified: sign them in the file, import again"


def _duty(parts: Examined) -> Iterator[str]:
    with database.reading(parts.database) as session:
        empty = roster.uncovered(session)
        national = roster.is_covered(session, parts.pack.duty_desk.id)
        no_lead = not roster.leads(session, parts.pack.duty_desk.id)
        nobody_to_tell = not roster.operators(session)
    if not national:
        yield "nobody is on duty at the national desk: run `isange staff add`, or call them"
    if no_lead:
        yield (
            "the national desk has no lead: nobody answers for it when its duty is empty, run "
            "`isange staff add`"
        )
    if empty:
        yield f"nobody is on duty now at {', '.join(empty)}: call their leads"
    if nobody_to_tell:
        yield "nobody has the role operator: alarms wake nobody, run `isange staff add`"


def _rota(parts: Examined) -> Iterator[str]:
    """The rota must not run out unseen: each gap of the next days, by centre."""
    with database.reading(parts.database) as session:
        found = rota.gaps(session, Span(session.at, session.at + LOOK_AHEAD), roster.asked_first())
    for centre, gaps in found.items():
        first, more = gaps[0], f" (and {len(gaps) - 1} times more)" if gaps[1:] else ""
        zone = parts.pack.timezone
        begins, ends = (f"{one.astimezone(zone):{SHOWN}}" for one in (first.begins, first.ends))
        yield f"the rota of {centre} names nobody from {begins} to {ends}{more}: import another"


def _phones(parts: Examined) -> Iterator[str]:
    with database.reading(parts.database) as session:
        silent = len(phone_test.silent(session))
    if silent:
        yield f"{silent} duty phones did not answer their test: `isange heartbeat` lists them"


def _mutes(parts: Examined) -> Iterator[str]:
    with database.reading(parts.database) as session:
        found = muting.in_force(session)
    if found:
        codes = ", ".join(one.code or "a report that was withdrawn" for one in found)
        yield f"{len(found)} numbers are muted, by {codes}: `isange mute CODE --lift` ends it"


def _providers(parts: Examined) -> Iterator[str]:
    with database.reading(parts.database) as session:
        failing = select(ProviderHealth).where(ProviderHealth.failing_since.is_not(None))
        for one in session.scalars(failing):
            yield (
                f"{one.name} has taken no SMS since {one.failing_since:%Y-%m-%d %H:%M} UTC: "
                "ask the provider; what waits leaves when it is back"
            )


def _status(parts: Examined) -> Iterator[str]:
    now = status.read(parts.database, parts.pack.duty_desk.id)
    unsent, waiting = now.oldest_unsent or 0, (now.oldest_unaccepted or 0) / 60
    if now.clock_silent is None:
        yield "no clock has run yet: start `isange clock`"
    elif now.clock_silent > status.LONGEST_SILENCE:
        yield f"the clock last ticked {now.clock_silent:.0f} s ago: start `isange clock`"
    if unsent > status.LONGEST_UNSENT:
        yield f"an SMS waits for {unsent:.0f} s: look at worker, clock and the provider"
    if now.unknown_sends:
        yield (
            f"of {now.unknown_sends} SMS of the last day nobody knows whether they left: ask the "
            "provider"
        )
    if waiting > LONG_UNACCEPTED:
        yield f"a report is accepted by nobody after {waiting:.0f} minutes: call the centres"


def _audit(parts: Examined) -> Iterator[str]:
    if parts.settings.production and grants.may_change_log(parts.database):
        yield (
            "this process may change the audit log: give it a database role of its own with "
            "ISANGE_DATABASE_ROLES, see docs/running.md"
        )


CHECKS: Final[tuple[Check, ...]] = (
    _keys,
    _addresses,
    _facts,
    _schema,
    _clock,
    _audit,
    _redis,
    _centres,
    _duty,
    _rota,
    _phones,
    _mutes,
    _providers,
    _status,
)

"""What was promised, held against what callers were told, the database, and what really left.

The stand-in's record is the witness of what left, the callers' screens of what was said, and the
database of what is kept. Neither of the three is asked about the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Final

from sqlalchemy import Engine, func, select

from gateway.store import database
from gateway.store.models import Alert, AlertState, Audit, Report, ReportState
from sandbox.standin.client import Sms, StandIn

IN_TIME: Final = 60.0
"""Seconds after recovery within which every alert has left."""

MOST: Final = 3
"""Possible sends of one alert to one person."""

OUT_OF_REACH: Final = frozenset({AlertState.SETTLED, AlertState.UNREACHABLE, AlertState.DECLINED})
"""Nobody need have got an alert that is in one of these states."""


@dataclass(frozen=True, slots=True)
class Story:
    """What a run did, as far as the promises ask. None is where a number does not matter.

    `begun_after` is the last SMS that had left before it, `known` the reports that there were.
    """

    told: Sequence[str]
    callers: Sequence[str]
    recovered: datetime
    reports: int | None = None
    caller_sms: int = 1
    escalations: int | None = None
    begun_after: str | None = None
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who is asked: the network for what left, the database for what is kept.

    `numbers` are those of the staff, by their ids; `skipped` the seconds by report that a test was
    spared.
    """

    network: StandIn
    engine: Engine
    numbers: Mapping[str, str]
    skipped: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Account:
    """How the promises were kept at one point: a row of the table."""

    point: str
    runs: int = 0
    told: int = 0
    durable: int = 0
    alerts: list[int] = field(default_factory=list)
    caller_twice: int = 0
    late: int = 0
    missed: int = 0
    doubled: int = 0
    broken: list[str] = field(default_factory=list)
    """What else is not as it should be, in words."""

    @property
    def lost(self) -> int:
        return self.told - self.durable

    @property
    def is_kept(self) -> bool:
        counts = (self.lost, self.caller_twice, self.late, self.missed, self.doubled)
        in_bounds = not self.alerts or (min(self.alerts) >= 1 and max(self.alerts) <= MOST)
        return not any(counts) and in_bounds and not self.broken

    def add(self, other: Account) -> None:
        for name in ("runs", "told", "durable", "caller_twice", "late", "missed", "doubled"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.alerts += other.alerts
        self.broken += other.broken

    @property
    def cells(self) -> list[str]:
        sent = self.alerts
        spread = f"{min(sent)} / {median(sent):g} / {max(sent)}" if sent else "-"
        counts = (self.told, self.durable, self.lost)
        bad = (self.caller_twice, self.late, self.missed + self.doubled)
        return [self.point, str(self.runs), *map(str, counts), spread, *map(str, bad)]


HEADINGS: Final = (
    "died at",
    "runs",
    "told sent",
    "durable",
    "lost",
    "alerts min/med/max",
    "caller SMS > 1",
    "late > 60 s",
    "escalations missed or doubled",
)


def table(accounts: Sequence[Account]) -> Iterator[str]:
    """The rows of the table and their sum, as Markdown."""
    total = Account(f"all {len(accounts)} points")
    for account in accounts:
        total.add(account)
    rows = [list(HEADINGS), *(one.cells for one in accounts), total.cells]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for place, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "| " + " | ".join(cells) + " |"
        if not place:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def account(asked: Witnesses, point: str, story: Story) -> Account:
    """Hold one run against the promises."""
    kept = _Kept.read(asked.engine, story)
    sent = asked.network.sent(after=story.begun_after)
    found = Account(point, runs=1, told=len(story.told))
    codes = {report.code for report in kept.reports}
    found.durable = sum(code in codes or code in kept.earlier for code in story.told)
    alerts = [_Sent.of(alert, kept, asked.numbers, sent) for alert in kept.alerts]
    expected = [one for one in alerts if one.times or one.is_expected]
    found.alerts = [len(one.times) for one in expected]
    found.late = sum(one.is_late(story.recovered, asked.skipped) for one in expected)
    to_callers = Counter(sms.to for sms in sent if sms.to in story.callers)
    found.caller_twice = sum(count > story.caller_sms for count in to_callers.values())
    if story.escalations is not None:
        found.missed = max(0, story.escalations - kept.escalated)
        found.doubled = max(0, kept.escalated - story.escalations)
    found.broken = list(kept.oddities(story))
    return found


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the database has of a run."""

    reports: Sequence[Report]
    alerts: Sequence[Alert]
    escalated: int
    earlier: frozenset[str]

    @classmethod
    def read(cls, engine: Engine, story: Story) -> _Kept:
        with database.reading(engine) as session:
            everything = session.scalars(select(Report)).all()
            reports = [report for report in everything if report.id not in story.known]
            ids = [report.id for report in reports]
            alerts = session.scalars(select(Alert).where(Alert.report_id.in_(ids))).all()
            count = select(func.count()).where(Audit.act == "escalated", Audit.report_id.in_(ids))
            escalated = session.scalar(count) or 0
            earlier = frozenset(one.code for one in everything if one.id in story.known)
        return cls(reports, alerts, escalated, earlier)

    def oddities(self, story: Story) -> Iterator[str]:
        sent = [one for one in self.reports if one.state != ReportState.DRAFT]
        alerted = {alert.report_id for alert in self.alerts}
        if story.reports is not None and len(sent) != story.reports:
            yield f"{len(sent)} reports instead of {story.reports}"
        if len(sent) != len(self.reports):
            yield "a draft is left"
        for report in sent:
            if report.state == ReportState.RECEIVED and report.due_at is None:
                yield "an open report without a timer"
            untold = not alerted & {report.id, report.folded_into}
            if untold and report.state != ReportState.DELETED:
                yield "a report that nobody was asked about"


@dataclass(frozen=True, slots=True)
class _Sent:
    """One alert and the times at which it left."""

    alert: Alert
    times: Sequence[datetime]

    @classmethod
    def of(
        cls, alert: Alert, kept: _Kept, numbers: Mapping[str, str], sent: Sequence[Sms]
    ) -> _Sent:
        code = next(one.code for one in kept.reports if one.id == alert.report_id)
        mark, number = f"Reply 1 {code} ", numbers.get(alert.staff_id, "")
        times = [_moment(sms.at) for sms in sent if sms.to == number and mark in sms.text]
        return cls(alert, times)

    @property
    def is_expected(self) -> bool:
        return self.alert.state not in OUT_OF_REACH

    def is_late(self, recovered: datetime, skipped: Mapping[str, float]) -> bool:
        """Whether it left too late after it could. Waits that the test was spared count."""
        due = max(recovered, self.alert.created_at)
        waited = (min(self.times) - due).total_seconds() if self.times else IN_TIME + 1
        return waited + skipped.get(self.alert.report_id, 0.0) > IN_TIME


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at).astimezone(UTC)

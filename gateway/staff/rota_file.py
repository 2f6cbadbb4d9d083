"""The rota as a CSV file of an operator: `phone,from,to`, a shift a line, in the country's time.

    phone,from,to
    0788000501,2026-02-02 06:00,2026-02-02 14:00

A file is the whole rota of the centres of its people for its own time, from its first `from` to its
last `to`: what else was to begin within that time is taken off, what lies before and after stays.
So next month's file can be imported while this month's runs, and a corrected one in its place.

From then on the rota says who is on duty, so the switches of these centres' people are turned off:
somebody who once sent ON would be woken every night. Who is on by her switch stays on duty until
the file begins. All of it is done or nothing, and nothing when it would leave a centre without
anybody on duty now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from gateway.audit import log as audit
from gateway.country.reading import Blame, Page, Row, csv_rows, refuse
from gateway.runtime import phones
from gateway.runtime.errors import OperatorError
from gateway.runtime.phones import NotANumber
from gateway.staff import duty, roster, rota
from gateway.staff.parts import StaffParts
from gateway.staff.rota import Span
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Staff
from gateway.vault.vault import Vault

COLUMNS: Final = ("phone", "from", "to")

LONGEST_SHIFT: Final = timedelta(days=7)
"""A longer one is a slip of the pen: a wrong month would keep somebody on duty for weeks."""

YEARS: Final = range(2020, 2100)

EXAMPLE: Final = "2026-02-02 06:00"


class LeavesNobody(OperatorError):
    """The rota would leave centres without anybody on duty now."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was done: by centre, the shifts on the rota and the switches that were turned off."""

    shifts: Mapping[str, int]
    switched_off: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the file in one of the weeks."""

    blame: Blame
    person: Staff
    when: Span


def import_file(parts: StaffParts, file: Path, *, weeks: int = 1, force: bool = False) -> Imported:
    """Put a file on the rota, each line again in each of so many weeks.

    Raises BadFile with every fault, LeavesNobody unless forced. Neither quotes a number.
    """
    page = Page(file)
    with database.writing(parts.database, "rota.import") as session:
        reader = _Reader(session, parts.vault, parts.pack.region, parts.pack.timezone, page)
        entries, at = list(reader.entries(weeks)), session.at
        _blame_overlaps(entries)
        if not page.problems and all(entry.when.ends <= at for entry in entries):
            page.blame(1, "to", "is over in every line: write a rota for days to come")
        refuse(page)
        done = _put_on(session, entries)
        empty = [centre for centre in done.shifts if not roster.is_covered(session, centre)]
        if empty and not force:
            raise LeavesNobody(
                f"nobody would be on duty now at {', '.join(sorted(empty))}: add a shift that has "
                "begun, or say --force"
            )
    return done


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads lines as shifts; faults are left on the page."""

    session: Session
    vault: Vault
    region: str
    zone: ZoneInfo
    page: Page

    def entries(self, weeks: int) -> Iterator[_Entry]:
        for row in csv_rows(self.page, COLUMNS):
            person, begins, ends = self._person(row), self._time(row, "from"), self._time(row, "to")
            if begins is None or ends is None:
                continue
            if not begins < ends <= begins + LONGEST_SHIFT:
                row.blame("to", f"must come after from, by {LONGEST_SHIFT.days} days at most")
            elif person is not None:
                for later in (timedelta(weeks=week) for week in range(weeks)):
                    when = Span(self._utc(begins + later), self._utc(ends + later))
                    yield _Entry(row.blame, person, when)

    def _person(self, row: Row) -> Staff | None:
        typed = row.text("phone")
        found = self._registered(typed) if typed else None
        if typed and found is None:
            row.blame("phone", "is of nobody who is registered: see `isange staff add`")
        elif found is not None and found.role not in roster.ALERTED:
            row.blame("phone", "is an operator's, who is called at any time: leave it out")
            return None
        return found

    def _registered(self, typed: str) -> Staff | None:
        try:
            return roster.by_number(self.session, self.vault, phones.parse(typed, self.region))
        except NotANumber:
            return None

    def _time(self, row: Row, field: str) -> datetime | None:
        """A time as the clocks of the country show it."""
        typed = row.text(field)
        if not typed:
            return None
        try:
            time = datetime.fromisoformat(typed)
        except ValueError:
            time = None
        if time is None or time.tzinfo or time.year not in YEARS or len(typed) < len(EXAMPLE):
            row.blame(field, f"must be day and hour, as in {EXAMPLE}")
        elif self._utc(time).astimezone(self.zone).replace(tzinfo=None) != time:
            row.blame(field, "does not exist: clocks are put forward over it")
        else:
            return time
        return None

    def _utc(self, time: datetime) -> datetime:
        return time.replace(tzinfo=self.zone).astimezone(UTC)


def _blame_overlaps(entries: Sequence[_Entry]) -> None:
    of_each = sorted(entries, key=lambda entry: (entry.person.id, entry.when.begins))
    for first, then in pairwise(of_each):
        if first.person.id == then.person.id and then.when.begins < first.when.ends:
            then.blame("from", "lies within another shift of the same person: join the two")


def _put_on(session: Session, entries: Sequence[_Entry]) -> Imported:
    span = Span(min(e.when.begins for e in entries), max(e.when.ends for e in entries))
    centres = sorted({entry.person.centre_id for entry in entries})
    for centre in centres:
        duty.one_after_another_at(session, centre)
    query = select(Staff).where(Staff.centre_id.in_(centres), Staff.role.in_(roster.ALERTED))
    people = session.scalars(query.execution_options(populate_existing=True)).all()
    rota.clear(session, people, span)
    switched_off = _follow_rota(session, people, span)
    coming = [entry for entry in entries if entry.when.ends > session.at]
    for entry in coming:
        rota.add_shift(session, entry.person, entry.when)
    for centre in centres:
        audit.record(session, audit.OPERATOR, "rota imported", detail=centre)
    session.flush()
    counted = Counter(entry.person.centre_id for entry in coming)
    return Imported({centre: counted[centre] for centre in centres}, switched_off)


def _follow_rota(session: Session, people: Sequence[Staff], span: Span) -> Mapping[str, int]:
    """Turn switches off; whoever was on by hers stays so until the rota begins."""
    switched_on = [person for person in people if person.on_duty]
    for person in switched_on:
        if session.at < span.begins:
            rota.add_shift(session, person, Span(session.at, span.begins))
        person.on_duty = False
    return Counter(person.centre_id for person in switched_on)

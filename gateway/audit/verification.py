"""Reading the whole log and saying what in it is not as the service wrote it.

The rows are read once, in the order of their lanes, in one snapshot while others go on writing; the
memory this takes depends on the number of lanes and published heads alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, select

from gateway.audit import chain, heads, lanes
from gateway.audit.chain import Entry, Seal
from gateway.audit.heads import Head
from gateway.audit.lanes import LANES, ROWS, Lane
from gateway.store import database
from gateway.store.models import Report

CHUNK: Final = 2_000
"""Rows held in memory at a time."""

SLACK: Final = timedelta(hours=1)
"""How much older than the log a report may be: a draft stands there before anything is done."""

Progress = Callable[[int], None]
"""Told how many rows were read since it was told last."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong in a lane, or with the log as a whole."""

    what: str
    lane: int | None = None
    seq: int | None = None
    id: int | None = None

    def __str__(self) -> str:
        places = (("lane", self.lane), ("row", self.seq), ("id", self.id))
        place = ", ".join(f"{name} {at}" for name, at in places if at is not None)
        return f"{place}: {self.what}" if place else self.what


@dataclass(slots=True)
class Verdict:
    """What was found. `rows` are those that were read; `head` is the newest one published."""

    rows: int = 0
    lanes: int = 0
    heads: int = 0
    head: Head | None = None
    faults: list[Fault] = field(default_factory=list)


def verify(
    engine: Engine, seal: Seal, letters: Sequence[str] = (), progress: Progress = lambda count: None
) -> Verdict:
    """Read everything. `letters` are heads that somebody kept outside: they must be known here."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with database.reading(engine) as session:
        return _Verification(session.connection(), seal, progress).run(letters)


def count(engine: Engine) -> int:
    """How many rows there are to read."""
    with database.reading(engine) as session:
        return session.scalar(select(func.count()).select_from(ROWS)) or 0


class _Verification:
    """One reading of the log."""

    def __init__(self, connection: Connection, seal: Seal, progress: Progress) -> None:
        self._connection, self._seal, self._progress = connection, seal, progress
        self._named: dict[str, Row[Any]] = {}

    def run(self, letters: Sequence[str]) -> Verdict:
        kept = heads.published(self._connection)
        found = {one.extent.lane: one for one in lanes.read(self._connection, self._seal)}
        verdict = Verdict(lanes=len(found), heads=len(kept), head=kept[-1] if kept else None)
        true = [head for head in kept if head.is_true(self._seal)]
        verdict.faults += self._of_lanes(found)
        verdict.faults += self._of_rows(found, true, verdict)
        verdict.faults += self._of_heads(kept, true, letters)
        return verdict

    def _of_lanes(self, found: Mapping[int, Lane]) -> Iterator[Fault]:
        if not found:
            yield Fault("there is no lane: nothing was ever done, or the whole log was removed")
            return
        for number in sorted(set(range(LANES[self._connection.dialect.name])) - found.keys()):
            yield Fault("missing: the lane itself was removed", number)
        for number, lane in found.items():
            if not lane.intact:
                what = "its end was not written by the service: cut off, set back or rewritten"
                yield Fault(what, number)
        begun = min(lane.extent.begun_at for lane in found.values())
        first = self._connection.execute(select(func.min(Report.created_at))).scalar()
        if first is not None and first < begun - SLACK:
            yield Fault(
                f"the log begins on {begun:%Y-%m-%d %H:%M}, and there are reports from before: "
                "an older log was removed"
            )

    def _of_rows(
        self, found: Mapping[int, Lane], true: Sequence[Head], verdict: Verdict
    ) -> Iterator[Fault]:
        marks = _marks(true)
        unseen = set(found)
        for number, rows in groupby(self._rows(verdict), lambda row: int(row.lane)):
            unseen.discard(number)
            if number in found:
                yield from self._of_lane(found[number], rows, marks[number])
            else:
                row = next(rows)
                yield Fault("written by nobody: there is no such lane", number, row.seq, row.id)
        for number in sorted(unseen):
            yield from self._of_lane(found[number], (), marks[number])

    def _rows(self, verdict: Verdict) -> Iterator[Row[Any]]:
        query = select(ROWS).order_by(ROWS.c.lane, ROWS.c.seq)
        read = self._connection.execute(query, execution_options={"yield_per": CHUNK})
        for part in read.partitions():
            yield from part
            verdict.rows += len(part)
            self._progress(len(part))

    def _of_lane(
        self, lane: Lane, rows: Iterable[Row[Any]], marks: Mapping[int, Mark]
    ) -> Iterator[Fault]:
        """At most one: behind the first fault of a lane nothing can be said."""
        extent = lane.extent
        seq, before = extent.kept_after, extent.kept_digest
        for row, following in _with_next(rows):
            seq += 1
            what = self._of_row(lane, seq, before, row, following)
            what = what or _against(marks.get(seq), row.digest)
            if what:
                yield Fault(what, extent.lane, min(seq, row.seq), row.id)
                return
            before = row.digest
            if row.act == heads.PUBLISHED:
                self._named[row.detail] = row
        end = max((seq, *marks)) if not lane.intact else max((extent.seq, *marks))
        if seq < end:
            yield Fault(f"cut off at the end: there were {end} rows", extent.lane, seq + 1)

    def _of_row(
        self, lane: Lane, seq: int, before: bytes, row: Row[Any], following: Row[Any] | None
    ) -> str | None:
        number = lane.extent.lane
        if row.seq > seq:
            return f"missing: the next one there is row {row.seq}"
        if row.seq < seq:
            return "put back: rows up to here were purged"
        if row.digest == chain.of_row(self._seal, number, seq, before, _entry(row)):
            return None
        if lane.intact and seq > lane.extent.seq:
            return "without a valid digest: added behind the end"
        if following is not None and following.id < row.id:
            return "out of order"
        return self._how_changed(lane, row, following)

    def _how_changed(self, lane: Lane, row: Row[Any], following: Row[Any] | None) -> str:
        """Altered alone, its digest left as it was, or the digests after it made anew as well."""
        if following is None:
            stands = lane.intact and row.digest == lane.extent.digest
        else:
            number, seq = lane.extent.lane, row.seq + 1
            wanted = chain.of_row(self._seal, number, seq, row.digest, _entry(following))
            stands = following.digest == wanted
        return "altered" if stands else "rewritten, from here on or here alone: no valid digest"

    def _of_heads(
        self, kept: Sequence[Head], true: Sequence[Head], letters: Sequence[str]
    ) -> Iterator[Fault]:
        for head in kept:
            if head not in true:
                yield Fault(f"the head of {head.day} was altered in the database")
        known = {head.letters for head in kept}
        for named, row in self._named.items():
            if named not in known:
                what = f"the head {named} of {row.at:%Y-%m-%d} was removed from the database"
                yield Fault(what, row.lane, row.seq, row.id)
        for given in letters:
            if given not in known:
                yield Fault(
                    f"the head {given} is not known here: the database was set back to before it, "
                    "or it is a head of another service"
                )


@dataclass(frozen=True, slots=True)
class Mark:
    """What a published head saw as the last row of a lane."""

    day: str
    digest: bytes


def _marks(true: Iterable[Head]) -> defaultdict[int, dict[int, Mark]]:
    """By lane and row. Of two heads that saw the same row last the older one is kept."""
    found: defaultdict[int, dict[int, Mark]] = defaultdict(dict)
    for head in true:
        for end in head.ends:
            found[end.lane].setdefault(end.seq, Mark(head.day, end.digest))
    return found


def _against(mark: Mark | None, digest: bytes) -> str | None:
    if mark is None or mark.digest == digest:
        return None
    return f"rewritten: the head of {mark.day} saw another row here"


def _entry(row: Row[Any]) -> Entry:
    at: datetime = row.at
    return Entry(at, row.actor, row.act, row.report_id, row.detail)


def _with_next(rows: Iterable[Row[Any]]) -> Iterator[tuple[Row[Any], Row[Any] | None]]:
    """Each row with the one that follows it."""
    iterator = iter(rows)
    row = next(iterator, None)
    while row is not None:
        following = next(iterator, None)
        yield row, following
        row = following

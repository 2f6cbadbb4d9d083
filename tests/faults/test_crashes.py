"""A few of the points at which processes are killed; `make faults` takes all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.standin.client import StandIn
from sandbox.standin.config import Config
from sandbox.standin.server import background
from tests.faults.crashes import run
from tests.faults.points import crash_points
from tests.faults.promises import Account, Story, Witnesses, account, table
from tests.faults.running_service import Database
from tests.staff_and_reports import SMS_NOW, StaffAndReports, on_sqlite

SAMPLE = {
    "sqlite": ("report.send after commit", "outbox.settle before commit"),
    "postgresql": ("draft.line_cut before commit", "clock.climb after commit"),
}


@pytest.mark.system
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_process_dies_and_every_promise_is_kept(kind: Database) -> None:
    points = SAMPLE[kind]
    assert set(points) <= set(crash_points())
    for found in run(points, 1, kind, loud=False):
        assert found.runs == 1
        assert found.is_kept, "\n".join([*table([found]), *found.broken])


@on_sqlite
def test_a_promise_that_is_broken_is_seen(records: StaffAndReports, tmp_path: Path) -> None:
    """A report that was told and is not there, an alert that never left, a caller's second SMS."""
    nurse = records.staff()
    report = records.report(contact=SMS_NOW)
    with background(Config(tmp_path / "stand-in", "clinic", "key")) as url:
        asked = Witnesses(StandIn(url), records.engine, {nurse.id: nurse.number})
        told = [records.code(report), "000000"]

        found = account(asked, "here", Story(told, [], datetime.now(UTC), reports=2))

    assert (found.told, found.durable, found.lost) == (2, 1, 1)
    assert found.alerts == [0]
    assert found.late == 1
    assert found.broken == ["1 reports instead of 2"]
    assert not found.is_kept


def test_the_table_sums_up() -> None:
    first = Account("one", runs=2, told=2, durable=2, alerts=[1, 1, 2])
    second = Account("two", runs=1, told=1, durable=0, alerts=[3])
    *_, total = table([first, second])
    cells = [cell.strip() for cell in total.strip("|").split("|")]
    assert cells == ["all 2 points", "3", "3", "2", "1", "1 / 1.5 / 3", "0", "0", "0"]

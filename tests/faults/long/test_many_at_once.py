"""Two clocks and four workers race over two hundred reports: each alert leaves once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select, update

from gateway.store import database
from gateway.store.models import Audit, Report, ReportState
from tests.faults.crowd import Crowd
from tests.faults.running_service import laid
from tests.services import wait_until

CALLERS = 200


def test_two_clocks_and_four_workers(database_url: str, tmp_path: Path) -> None:
    with laid(tmp_path / "running", database_url) as running:
        running.start()
        others = [*running.more("worker", 3), *running.more("clock", 1)]
        try:
            with Crowd(running.url("ussd"), CALLERS, at_once=6) as crowd:
                pass
            running.settle()
            found = crowd.account(running.witnesses, "a race")
            assert found.is_kept, found
            assert (min(found.alerts), max(found.alerts)) == (1, 1)

            with database.writing(running.engine, "test") as session:
                past = running.long_ago()
                session.execute(update(Report).values(escalate_at=past))

            def escalated() -> int:
                with running.reading() as session:
                    return session.scalar(select(func.count()).where(Audit.act == "escalated")) or 0

            def all_have_escalated() -> bool:
                waiting = select(func.count()).where(
                    Report.state == ReportState.RECEIVED, Report.escalate_at <= past
                )
                with running.reading() as session:
                    return not session.scalar(waiting)

            wait_until(all_have_escalated, "every report has escalated", 60)
            running.settle()
            assert escalated() <= CALLERS, "a report has escalated twice"
            assert max(crowd.account(running.witnesses, "a race").alerts) == 1
        finally:
            for service in others:
                service.kill()

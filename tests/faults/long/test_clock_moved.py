"""A machine's clock is wrong by two hours: with PostgreSQL the database's time alone counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.store.models import Report
from tests.faults.running_service import NAMES, NURSES, Name, RunningService, laid
from tests.services import wait_until

LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")


@pytest.fixture
def faketime() -> str:
    found = [str(path) for name in LIBRARIES for path in Path("/").glob(name[1:])]
    assert found, "this test moves the clock of a process: install libfaketime (apt)"
    return found[0]


def _moved(running: RunningService, name: Name, library: str, by: str) -> None:
    """Start a process again that believes in another time."""
    running.services[name].kill()
    service = running.services[name].twin(
        name, LD_PRELOAD=library, FAKETIME=by, DONT_FAKE_MONOTONIC="1"
    )
    running.services = {**running.services, name: service}
    service.start()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("by", ["+2h", "-2h"])
def test_one_process_lives_in_another_hour(
    postgres_url: str, tmp_path: Path, faketime: str, name: Name, by: str
) -> None:
    with laid(tmp_path / "running", postgres_url) as running:
        running.start()
        _moved(running, name, faketime, by)
        try:
            _everything_is_in_time(running)
        finally:
            running.services[name].kill()


def _everything_is_in_time(running: RunningService) -> None:
    caller = running.caller()
    code = caller.report()
    for role in NURSES:
        assert "within 5 min" in running.wait_for_alert(role, code)
    wait_until(lambda: running.network.sent(caller.number), "her SMS has left")
    running.settle()
    nurse = running.staff_phone(running.number("health")).dial()
    nurse.press(running.pin("health")).choose(code).sees("new")

    escalates_at = running.report(code).due_at
    with running.reading() as session:
        assert session.get_one(Report, running.report(code).id).level == 0, (
            "it has escalated too early"
        )
    assert escalates_at is not None
    left = (escalates_at - running.now()).total_seconds()
    assert 200 < left < 300, f"it escalates in {left:.0f} s"

    running.change(Report, running.report(code).id, escalate_at=running.long_ago())
    running.wait_for_alert("lead", code)
    for role in NURSES:
        alerts = [sms for sms in running.network.sent(running.number(role)) if code in sms.text]
        assert len(alerts) == 1

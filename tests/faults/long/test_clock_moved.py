"""A machine's clock is wrong by two hours: with PostgreSQL the database's time alone counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.store.models import Report
from tests.faults.running_service import NAMES, NURSES, Ground, Name, laid
from tests.services import wait_until

LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")


@pytest.fixture
def faketime() -> str:
    found = [str(path) for name in LIBRARIES for path in Path("/").glob(name[1:])]
    assert found, "this test moves the clock of a process: install libfaketime (apt)"
    return found[0]


def _moved(ground: Ground, name: Name, library: str, by: str) -> None:
    """Start a process again that believes in another time."""
    ground.services[name].kill()
    service = ground.services[name].twin(
        name, LD_PRELOAD=library, FAKETIME=by, DONT_FAKE_MONOTONIC="1"
    )
    ground.services = {**ground.services, name: service}
    service.start()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("by", ["+2h", "-2h"])
def test_one_process_lives_in_another_hour(
    postgres_url: str, tmp_path: Path, faketime: str, name: Name, by: str
) -> None:
    with laid(tmp_path / "ground", postgres_url) as ground:
        ground.start()
        _moved(ground, name, faketime, by)
        try:
            _everything_is_in_time(ground)
        finally:
            ground.services[name].kill()


def _everything_is_in_time(ground: Ground) -> None:
    caller = ground.caller()
    code = caller.report()
    for role in NURSES:
        assert "within 5 min" in ground.wait_for_alert(role, code)
    wait_until(lambda: ground.network.sent(caller.number), "her SMS has left")
    ground.settle()
    nurse = ground.staff_phone(ground.number("health")).dial()
    nurse.press(ground.pin("health")).choose(code).sees("new")

    climbs_at = ground.report(code).climb_at
    with ground.reading() as session:
        assert session.get_one(Report, ground.report(code).id).rung == 0, "it has climbed too early"
    assert climbs_at is not None
    left = (climbs_at - ground.now()).total_seconds()
    assert 200 < left < 300, f"it climbs in {left:.0f} s"

    ground.change(Report, ground.report(code).id, climb_at=ground.long_ago())
    ground.wait_for_alert("lead", code)
    for role in NURSES:
        alerts = [sms for sms in ground.network.sent(ground.number(role)) if code in sms.text]
        assert len(alerts) == 1

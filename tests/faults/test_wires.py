"""What stands between us and our servers goes wrong: no caller is told "sent" for nothing."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select

from gateway.store import liveness
from gateway.store.models import Report
from tests.faults.callers import Caller
from tests.faults.conftest import Lay
from tests.faults.proxy import Wires
from tests.faults.running_service import NURSES, RunningService
from tests.services import wait_until

pytestmark = pytest.mark.system


def reports(running: RunningService) -> int:
    with running.reading() as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def alerts(running: RunningService, code: str) -> list[int]:
    """How many alerts each nurse got about a report."""
    mark = f"Reply 1 {code} "
    return [
        sum(mark in sms.text for sms in running.network.sent(running.number(role)))
        for role in NURSES
    ]


def is_helped(caller: Caller) -> bool:
    """Whether she sees the emergency numbers and no word of a report."""
    return caller.ended and "112" in caller.screen and not caller.told


def test_valkey_falls_silent_in_the_middle_of_a_call(
    lay: Lay, wires: Wires, sqlite_url: str
) -> None:
    running = lay(sqlite_url)
    caller = running.caller().until_draft()
    for one in wires.to("redis"):
        one.black_hole()

    caller.choose("No")
    caller.press("0852").choose("Send: health").sees("Sent. Code: ")

    for role in NURSES:
        running.wait_for_alert(role, caller.code)
    for one in wires.to("redis"):
        one.mend()
    running.settle()
    assert alerts(running, caller.code) == [1, 1]
    assert reports(running) == 1


@pytest.mark.parametrize("after", [False, True], ids=["not committed", "committed"])
def test_the_database_is_gone_at_the_commit(
    lay: Lay, wires: Wires, postgres_url: str, after: bool
) -> None:
    """Nobody can tell whether it was committed. She is told nothing, and sends once more."""
    running = lay(postgres_url)
    caller = running.caller().until_last_word()
    for one in wires.to("database", "web"):
        one.reset_when(b"COMMIT", b"INSERT INTO reports", after=after)

    caller.choose("Send: health")

    assert any(one.struck.is_set() for one in wires.to("database", "web"))
    assert is_helped(caller), caller.screen
    assert reports(running) == int(after)

    caller.repeat().sees("Sent. Code: ")

    assert reports(running) == 1
    for role in NURSES:
        running.wait_for_alert(role, caller.code)
    running.settle()
    assert alerts(running, caller.code) == [1, 1]
    assert len(running.network.sent(caller.number)) <= 1


def test_the_database_falls_silent_and_comes_back(
    lay: Lay, wires: Wires, postgres_url: str
) -> None:
    """The connections there are stay silent for ever; every process makes new ones by itself."""
    running = lay(postgres_url)
    caller = running.caller().until_last_word()
    for one in wires.to("database"):
        one.black_hole()

    caller.choose("Send: health")

    assert is_helped(caller), caller.screen
    since = running.now()
    for one in wires.to("database"):
        one.lose()
    wait_until(lambda: caller.repeat().told, "her report is sent")
    for role in NURSES:
        running.wait_for_alert(role, caller.code)
    wait_until(lambda: ticked(running) > since, "the clock ticks again")
    assert reports(running) == 1


def ticked(running: RunningService) -> datetime:
    """When a clock last ticked."""
    with running.reading() as session:
        return liveness.last_alive(session)["clock"]

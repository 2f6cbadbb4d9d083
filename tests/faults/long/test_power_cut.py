"""The power goes in a run of two hundred reports: every process dies at the same moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Engine, func, select

from gateway.store import database
from gateway.store.models import Outbox, OutboxState
from sandbox.demo import reaper
from tests.faults.crowd import Crowd
from tests.faults.demos import Demo
from tests.faults.promises import Witnesses
from tests.faults.running_service import numbers_by_id
from tests.services import wait_until

CALLERS = 200
CUTS = 3


def cut_the_power(demo: Demo) -> None:
    """SIGKILL for all of it at once, the pretend network too: its record is on disk."""
    sessions = {*demo.sessions, os.getsid(demo.process.pid)}
    reaper.signal_sessions(dict.fromkeys(sessions, signal.SIGKILL))
    demo.process.wait()
    wait_until(lambda: not demo.left_behind(sessions), "all of it is dead")


def test_the_power_is_cut(new_demo: Callable[[str], Demo]) -> None:
    demo = new_demo("data").start()
    with Crowd(demo.info["ussd_url"], CALLERS, at_once=4) as crowd:
        for cut in range(1, CUTS + 1):
            wait_until(partial(_is_done, crowd, cut / (CUTS + 1)), "they report", 120)
            cut_the_power(demo)
            demo.start()
    recovered = datetime.now(UTC)
    engine = database.connect(demo.info["database_url"])
    try:
        wait_until(lambda: _is_settled(engine), "all SMS are settled", 90)
        numbers = numbers_by_id(
            engine, demo.data / "keys", [one["phone"] for one in demo.info["staff"]]
        )
        asked = Witnesses(demo.network, engine, numbers)
        found = crowd.account(asked, "power cut", recovered)
    finally:
        engine.dispose()
    assert found.told == CALLERS
    assert found.is_kept, found


def _is_done(crowd: Crowd, part: float) -> bool:
    return len(crowd.told) >= part * CALLERS


def _is_settled(engine: Engine) -> bool:
    waiting = Outbox.state.in_((OutboxState.PENDING, OutboxState.SENDING))
    with database.reading(engine) as session:
        return not session.scalar(
            select(func.count()).where(waiting, Outbox.due_at < database.now(session))
        )

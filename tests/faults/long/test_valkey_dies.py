"""Valkey is emptied and killed at any moment under callers who report: nobody notices."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.faults.crowd import Crowd, a_report
from tests.faults.running_service import RunningService, laid
from tests.services import Valkey

CALLERS = 40
SEEDS = (1, 2)


@contextmanager
def tormented(valkey: Valkey, seed: int) -> Iterator[list[str]]:
    """While the block lasts, Valkey is emptied, or killed and started again; what was done."""
    chance = random.Random(seed)  # noqa: S311
    over, done = threading.Event(), list[str]()

    def torment() -> None:
        while not over.wait(chance.uniform(0.05, 0.6)):
            done.append(chance.choice(["emptied", "killed"]))
            if done[-1] == "killed":
                valkey.kill()
                over.wait(chance.uniform(0, 0.5))
                valkey.start()
            else:
                try:
                    Redis.from_url(valkey.url, socket_timeout=1).flushall()
                except RedisError:
                    continue

    thread = threading.Thread(target=torment)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("seed", SEEDS)
def test_callers_report_while_valkey_dies(database_url: str, tmp_path: Path, seed: int) -> None:
    with laid(tmp_path / "running", database_url) as running:
        running.start()
        crowd = Crowd(running.url("ussd"), CALLERS, dials=a_report)
        with tormented(running.valkey, seed) as done, crowd:
            pass
        _revive_what_died(running)
        assert len(done) > 3, "Valkey was left in peace"
        assert crowd.shown == [], "somebody was cut, or shown the emergency numbers"
        running.settle()
        found = crowd.account(running.witnesses, "Valkey dies")
        assert found.is_kept, found
        assert len(crowd.told) == CALLERS


def _revive_what_died(running: RunningService) -> None:
    """A worker ends when Redis dies under a job, and its supervisor starts it again."""
    if running.services["worker"].process.poll() is not None:
        running.services["worker"].revive()

"""Kills a process at every point there is, and holds what comes of it against the promises.

    python -m tests.faults.crashes --runs 25 --database postgresql

Each point in each run: a story leads up to it, the process that passes it is killed there by
SIGKILL, it is started again, the story goes on, and the callers' screens, the database and the
record of what really left are compared. The exit status is 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from threading import Lock
from types import FrameType

from sqlalchemy import select

from gateway.store.models import Report
from tests.faults import promises
from tests.faults.commands import COMMANDS
from tests.faults.points import crash_points, named
from tests.faults.promises import Account
from tests.faults.running_service import NAMES, Database, Databases, RunningService, laid
from tests.faults.stories import STORIES
from tests.faults.stories.story import Story
from tests.services import wait_until

ALL = {**STORIES, **COMMANDS}

LONGEST_END = 90.0
"""Seconds for a story to end after its process is back: longer than any promise."""

UNPLAYED = {
    "keys.rewrap": "it waits half a minute: tests/faults/test_rotation_kills.py kills it",
    "keys.rotated": "the same",
    "flood.tell": "an alarm that stands alone, about calls that are answered anyway",
    "number.mute": "a command that a person types: she sees that it ended, and types it again",
    "rota.import": "the same",
    "staff.pin": "the same",
    "heartbeat.look": "the same",
    "keys.unreadable": "an alarm that stands alone, about key files that a hand has spoilt",
}
"""Points at which no process is killed here, and why."""


def story_of(point: str) -> type[Story] | None:
    """The story that passes a point."""
    return ALL.get(named(point))


def played() -> list[str]:
    """The points at which processes are killed."""
    return [point for point in crash_points() if named(point) not in UNPLAYED]


class Kills:
    """Plays stories on one service, one after another."""

    def __init__(self, running: RunningService) -> None:
        self._ground = running
        running.start()

    def at(self, point: str, runs: int) -> Account:
        """Kill so often at a point; how the promises were kept."""
        found = Account(point)
        for run in range(runs):
            found.add(self._run(point, run))
        return found

    def _run(self, point: str, run: int) -> Account:
        make = story_of(point)
        if make is None:
            return Account(point, broken=["no story passes it: see tests/faults/stories/"])
        self._ground.forget_incoming()
        story, begun, known = make(self._ground, run), self._last_sms(), self._known()
        try:
            recovered = story.play(point)
            wait_until(lambda: self._is_over(story), "the story is over", LONGEST_END)
            self._ground.settle()
            more = list(story.broken())
        except AssertionError as error:
            self._clear_away()
            return Account(point, runs=1, broken=[f"run {run}: {error}"])
        told = promises.Story(
            told=story.caller.told,
            callers=[story.caller.number],
            reports=story.reports,
            caller_sms=story.caller_sms,
            escalations=story.escalations,
            begun_after=begun,
            known=known,
            recovered=recovered,
        )
        found = promises.account(self._ground.witnesses, point, told)
        found.broken = [f"run {run}: {words}" for words in (*found.broken, *more)]
        return found

    def _is_over(self, story: Story) -> bool:
        self._ground.end_leases()
        return story.is_over()

    def _last_sms(self) -> str | None:
        sent = self._ground.network.sent()
        return sent[-1].id if sent else None

    def _known(self) -> frozenset[str]:
        with self._ground.reading() as session:
            return frozenset(session.scalars(select(Report.id)))

    def _clear_away(self) -> None:
        """Begin anew after a run that failed half-way."""
        self._ground.network.clear()
        for name in NAMES:
            self._ground.services[name].revive()


def run(
    points: Sequence[str], runs: int, kind: Database, grounds: int = 1, *, loud: bool = True
) -> list[Account]:
    """Kill `runs` times at each point, on so many grounds side by side."""
    waiting: SimpleQueue[str] = SimpleQueue()
    for point in points:
        waiting.put(point)
    accounts: list[Account] = []
    lock = Lock()
    with ExitStack() as stack:
        databases = Databases(kind, stack)
        homes = [
            Path(stack.enter_context(TemporaryDirectory(prefix="fault-"))) for _ in range(grounds)
        ]
        laid_out = [
            stack.enter_context(laid(home, databases.empty(home), databases=databases))
            for home in homes
        ]

        def work(running: RunningService) -> None:
            kills = Kills(running)
            for point in _each(waiting):
                began = time.monotonic()
                found = kills.at(point, runs)
                with lock:
                    accounts.append(found)
                    if loud:
                        _tell(found, time.monotonic() - began, len(accounts), len(points))

        with ThreadPoolExecutor(grounds) as pool:
            list(pool.map(work, laid_out))
    return sorted(accounts, key=lambda one: points.index(one.point))


def _leave_nothing_behind(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _each(waiting: SimpleQueue[str]) -> Iterator[str]:
    while True:
        try:
            yield waiting.get_nowait()
        except Empty:
            return


def _tell(found: Account, took: float, done: int, all_of_them: int) -> None:
    kept = "kept" if found.is_kept else "BROKEN"
    print(f"{done}/{all_of_them} {found.point}: {kept}, {took:.1f} s", file=sys.stderr, flush=True)
    for words in found.broken:
        print(f"    {words}", file=sys.stderr, flush=True)


def _shares(points: Sequence[str], kind: str) -> Iterator[tuple[Database, Sequence[str]]]:
    """Which points are taken on which database. Of the two sides of a commit each gets one."""
    if kind != "postgresql":
        yield "sqlite", points[::2] if kind == "both" else points
    if kind != "sqlite":
        yield "postgresql", points[1::2] if kind == "both" else points


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill as told, print the table, and give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.crashes")
    parser.add_argument("--runs", type=int, default=1, help="kills at each point")
    kinds = ("sqlite", "postgresql", "both")
    parser.add_argument("--database", choices=kinds, default="sqlite", help="both: half on each")
    parser.add_argument("--at", default="", help="only the points that contain this")
    parser.add_argument("--grounds", type=int, default=2, help="how many services side by side")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave_nothing_behind)
    points = [point for point in played() if given.at in point]
    began = time.monotonic()
    accounts = []
    for kind, share in _shares(points, given.database):
        accounts += run(share, given.runs, kind, given.grounds)
    accounts.sort(key=lambda one: points.index(one.point))
    kills = sum(one.runs for one in accounts)
    print("\n".join(promises.table(accounts)))
    print(f"{given.database}, {kills} kills in {time.monotonic() - began:.0f} s")
    broken = [one for one in accounts if not one.is_kept]
    for one in broken:
        print(f"BROKEN at {one.point}: {'; '.join(one.broken) or 'see the table'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

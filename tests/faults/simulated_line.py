"""The whole line in one process, whose clock a test moves and whose death it calls for.

The database's clock is moved where it is asked: SQLite lets a connection bring a function of its
own, so `strftime(..., 'now')` tells the time of the test and nothing else of the service is
touched. A death is a `Crash` raised at a named point; what comes after is made of fresh objects.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import event, select

from gateway.country import translations
from gateway.country.pack import Pack, load_country
from gateway.runtime import callbacks, crash_points
from gateway.runtime.callbacks import Kind
from gateway.runtime.settings import Settings
from gateway.sms.routing import only
from gateway.store import database
from gateway.store.models import Alert, Outbox, Report
from gateway.vault.roles import Role
from gateway.web import callers
from gateway.wiring import Parts
from menus.speech import Speech
from tests.phone import Phone
from tests.samples import SECRET
from tests.shared_parts import delivery
from tests.sms_provider import Provider
from workers.clock import Clock
from workers.probe import Probing

MakeSettings = Callable[[Role, str], Settings]
"""From a role and the URL of a database to the settings of a process."""


@dataclass(frozen=True)
class Reborn(Parts):
    """Parts after a death. What they read of files that no death changes is read only once."""

    before: Parts | None = None

    @cached_property
    def pack(self) -> Pack:
        return self.before.pack if self.before else load_country(self.settings.country)

    @cached_property
    def speech(self) -> Speech:
        if self.before:
            return self.before.speech
        return Speech(translations.shipped(self.pack.languages))


class SimulatedLine:
    """One line on one SQLite file, from the handset to the provider."""

    def __init__(self, file: Path, make: MakeSettings) -> None:
        self.file = file
        self.ahead = timedelta()
        """How far the database's clock is ahead."""
        self.provider = Provider()
        self._make = make
        self.web, self.worker = self._processes()
        self.client: FlaskClient = callers.create_app(self.web).test_client()
        self._build()

    def die(self) -> None:
        """Whatever was in memory is gone; what comes after is made anew."""
        self.close()
        self.web, self.worker = self._processes(self.web)
        self._build()

    def close(self) -> None:
        for parts in (self.web, self.worker):
            parts.database.dispose()
            parts.redis.close()

    def begin_again(self, template: Path) -> None:
        """A fresh database, a fresh provider and the right time."""
        self.close()
        for end in ("", "-wal", "-shm"):
            Path(f"{self.file}{end}").unlink(missing_ok=True)
        shutil.copyfile(template, self.file)
        self.ahead, self.provider = timedelta(), Provider()
        self.die()

    def _processes(self, before: Parts | None = None) -> tuple[Parts, Parts]:
        url = f"sqlite:///{self.file}"
        web = Reborn(self._make("web", url), "web", before)
        worker = Reborn(self._make("worker", url), "worker", before or web)
        for parts in (web, worker):
            event.listen(parts.database, "connect", self._bring_clock)
        return web, worker

    def _build(self) -> None:
        self.client.application = callers.create_app(self.web)
        self.delivery = delivery(self.worker, self.provider, note_again=())
        self.clock = Clock(self.worker, self.delivery)
        self.probing = Probing(self.worker.database, only(self.provider))

    def _bring_clock(self, connection: sqlite3.Connection, record: object) -> None:
        connection.create_function("strftime", 2, self._strftime)

    def _strftime(self, form: str, moment: str) -> str:
        assert moment == "now", "the database is asked for the time and for nothing else"
        return (datetime.now(UTC) + self.ahead).strftime("%Y-%m-%d %H:%M:%S.%f")

    def phone(self, number: str) -> Phone:
        return Phone(self.client, self.url("ussd"), number)

    def post(self, kind: Kind, **form: str) -> int:
        """A notice of the network's; the HTTP status."""
        return self.client.post(self.url(kind), data=form).status_code

    @staticmethod
    def url(kind: Kind) -> str:
        return callbacks.url("", SECRET, kind)

    def tick(self) -> None:
        self.clock.tick()
        self.probing.look()

    def survives(self, point: str | None, act: Callable[[], object]) -> bool:
        """Do something, dying at a point if it is passed; whether nobody died."""
        if point is None:
            act()
            return True
        try:
            with crash_points.armed(f"{point} !"):
                act()
        except crash_points.Crash:
            self.die()
            return False
        return True

    @contextmanager
    def looking(self) -> Iterator[Look]:
        with database.reading(self.web.database) as session:
            yield Look(
                reports={one.code: one for one in session.scalars(select(Report))},
                alerts=list(session.scalars(select(Alert))),
                outbox=list(session.scalars(select(Outbox))),
            )

    def bytes_of_database(self) -> bytes:
        """All that a thief of the files would have."""
        ends = ("", "-wal")
        files = (Path(f"{self.file}{end}") for end in ends)
        return b"".join(file.read_bytes() for file in files if file.exists())

    def sent(self, number: str, words: str = "") -> int:
        """How many SMS with these words the provider took for a number."""
        return sum(
            to == number and re.search(words, text) is not None for to, text in self.provider.left
        )


@dataclass(frozen=True, slots=True)
class Look:
    """The tables at one moment."""

    reports: dict[str, Report]
    alerts: list[Alert]
    outbox: list[Outbox]

    def possible_sends(self) -> Counter[str]:
        """By alert, how often it may have gone out: later SMS of an alert count on from earlier."""
        most: Counter[str] = Counter()
        for row in self.outbox:
            if row.alert_id is not None:
                most[row.alert_id] = max(most[row.alert_id], row.maybe_sent)
        return most

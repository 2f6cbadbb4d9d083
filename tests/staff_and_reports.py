"""What stands between a report and a phone, on a database: staff, reports, SMS, and a provider."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar, cast

import pytest
from sqlalchemy import ColumnElement, Engine, select, text, update

from gateway.conversation.contract import Occasion
from gateway.country import translations
from gateway.country.pack import Pack
from gateway.inbox.caller_sms import CallerSms
from gateway.inbox.notices import Inbox
from gateway.inbox.staff_sms import StaffSms
from gateway.runtime import phones
from gateway.runtime.phones import Msisdn
from gateway.sms import outbox
from gateway.sms.routing import only
from gateway.staff import roster
from gateway.staff.roster import NewStaff, Role
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Alert, Base, Outbox, OutboxState, Report, Urgency
from gateway.vault.vault import Vault
from menus.intents import About, Contact, Send
from menus.speech import Speech
from tests import shared_parts
from tests.samples import CALLER, CENTRE
from tests.services import PATIENCE, wait_until
from tests.sms_provider import Provider
from workers.compose import Composer
from workers.deliver import Delivery

SMS_NOW = Contact(by="sms", window="now")
CALL_NOW = Contact(by="call", window="now")
P1: Mapping[str, str] = {"age": "adult", "need": "sexual", "when": "within_72h"}
A_DAY = timedelta(days=1)

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For tests in which nothing depends on the kind of database."""

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True)
class Person:
    """A member of staff."""

    id: str
    number: str

    @property
    def msisdn(self) -> Msisdn:
        return Msisdn(self.number)


class StaffAndReports:
    """Makes what a test needs in the database, with the keys of web, worker and staff."""

    def __init__(
        self, engine: Engine, pack: Pack, web: Vault, worker: Vault, staff_vault: Vault
    ) -> None:
        self.engine, self.pack, self.web, self.worker = engine, pack, web, worker
        self.staff_vault = staff_vault
        self.reports = shared_parts.reports(engine, pack, web)
        self.policy = self.reports.policy
        self.replies = StaffSms(engine, web, pack.region)
        speech = Speech(translations.shipped(pack.languages))
        self.composer = Composer(pack, speech, worker)
        self._numbers = itertools.count(788_000_500)
        self._ids = itertools.count(1)
        shared_parts.open_centres(engine, pack)

    def fold(self, within: timedelta) -> None:
        """Let reports from one number within this time share one alert."""
        self.policy = replace(self.policy, fold=within)
        self.reports = replace(self.reports, policy=self.policy)

    def staff(
        self,
        centre: str = CENTRE,
        role: Role = "health",
        *,
        on_duty: bool = True,
        language: str = "en",
    ) -> Person:
        number = f"+250{next(self._numbers)}"
        new = NewStaff(phones.parse(number), role, centre, language, "no PIN", on_duty)
        with database.writing(self.engine, "test") as session:
            return Person(roster.add(session, self.staff_vault, new).id, number)

    def report(
        self,
        about: About = "myself",
        *,
        answers: Mapping[str, str] = P1,
        centre: str | None = CENTRE,
        avoid: tuple[str, ...] = (),
        contact: Contact | None = None,
        investigator: bool = False,
        completes: str | None = None,
        call: bytes | None = None,
        number: str = CALLER,
        language: str = "en",
    ) -> str:
        """A report as the menus send it; its id. `call` is the session, a new one unless given.

        Where it names no centre it has a number, or nobody could act on it.
        """
        if centre is None and contact is None:
            contact = Contact(by="call", window="now")
        send = Send(
            about=about,
            answers=answers,
            centre=centre,
            avoid=avoid,
            contact=contact,
            investigator=investigator,
            completes=completes,
        )
        session = call or secrets.token_bytes(16)
        done = self.reports.do(send, Occasion(session, session, Msisdn(number), language, None))
        return self.one(Report, Report.code == done.facts["ref"]).id

    def queue(
        self,
        person: Person,
        count: int = 1,
        *,
        lives: timedelta = A_DAY,
        urgency: Urgency = Urgency.NEWS,
    ) -> None:
        """SMS to a member of staff that are about no report."""
        with database.writing(self.engine, "test") as session:
            for _ in range(count):
                outbox.add(
                    session,
                    dedupe_key=f"test:{next(self._ids)}",
                    audience="staff",
                    template="not_understood",
                    lives=lives,
                    staff_id=person.id,
                    urgency=urgency,
                )

    def delivery(self, provider: Provider) -> Delivery:
        return Delivery(self.engine, self.composer, only(provider))

    def deliver(self) -> Provider:
        """Send what is due, all of it accepted."""
        provider = Provider()
        self.delivery(provider).drain()
        return provider

    def post(self) -> Inbox:
        """What takes in the provider's notices; there is no line for callers' SMS behind it."""
        return Inbox(self.engine, self.web, self.replies, self.reports, cast(CallerSms, None))

    def text(self, person: Person, words: str, message_id: str | None = None) -> bool:
        """An SMS of hers to the line; whether an answer is waiting."""
        return self.replies.receive(message_id or f"in-{next(self._ids)}", person.msisdn, words)

    def digits(self, report_id: str, person: Person) -> str:
        """The digits of her alert."""
        alert = self.one(Alert, Alert.report_id == report_id, Alert.staff_id == person.id)
        return self.worker.alert_digits(alert.id)

    def code(self, report_id: str) -> str:
        return self.one(Report, Report.id == report_id).code

    def report_now(self, report_id: str) -> Report:
        return self.one(Report, Report.id == report_id)

    def asked(self, report_id: str) -> set[str]:
        """Who was alerted about a report."""
        return {alert.staff_id for alert in self.all(Alert, Alert.report_id == report_id)}

    def all(self, table: type[Row], *where: ColumnElement[bool]) -> Sequence[Row]:
        with database.reading(self.engine) as session:
            rows = session.scalars(select(table).where(*where)).all()
            session.expunge_all()
        return rows

    def one(self, table: type[Row], *where: ColumnElement[bool]) -> Row:
        (row,) = self.all(table, *where)
        return row

    def change(self, table: type[Base], *where: ColumnElement[bool], **values: object) -> None:
        """Change rows behind everybody's back: time that has passed, or a hand that tampers."""
        with database.writing(self.engine, "test") as session:
            session.execute(update(table).where(*where).values(**values))

    def outcomes(self, *where: ColumnElement[bool]) -> Counter[str]:
        """How many SMS are in which state."""
        return Counter(row.state for row in self.all(Outbox, *where))

    def make_due(self, *where: ColumnElement[bool]) -> None:
        """Let the wait before the next try be over."""
        self.change(Outbox, Outbox.state == OutboxState.PENDING, *where, due_at=self.now())

    def end_leases(self) -> None:
        """Let the leases of whoever died be over."""
        past = self.now() - timedelta(seconds=1)
        self.change(Outbox, Outbox.state == OutboxState.SENDING, lease_until=past)

    def recover(self) -> int:
        with database.writing(self.engine, "test") as session:
            return outbox.recover(session)

    def at_once(
        self,
        first: Callable[[Session], object],
        second: Callable[[Session], object],
        *,
        first_commits: bool = True,
    ) -> None:
        """Begin a second transaction before the first one is committed (or rolled back)."""
        self.meanwhile(first, lambda: self._write(second), commits=first_commits)

    def together(self, *works: Callable[[], object]) -> None:
        """Do several things at the same time, each on a thread of its own."""
        gate = threading.Barrier(len(works))

        def begin(work: Callable[[], object]) -> None:
            gate.wait(PATIENCE)
            work()

        with ThreadPoolExecutor(len(works)) as pool:
            for running in [pool.submit(begin, work) for work in works]:
                running.result(PATIENCE)

    def meanwhile(
        self,
        begins: Callable[[Session], object],
        other: Callable[[], object],
        ends: Callable[[Session], object] = lambda session: None,
        *,
        commits: bool = True,
    ) -> None:
        """Begin a transaction, let something else run into it on a thread, and end it."""
        with ThreadPoolExecutor(1) as pool:
            with Session(self.engine, autoflush=False) as session:
                begins(session)
                session.flush()
                running = pool.submit(other)
                wait_until(lambda: running.done() or self._waits(), "the other one waits")
                ends(session)
                if commits:
                    session.commit()
            running.result(PATIENCE)

    def _write(self, work: Callable[[Session], object]) -> None:
        with database.writing(self.engine, "test") as session:
            work(session)

    def _waits(self) -> bool:
        """Whether a transaction waits for another; SQLite does not tell, and has one writer."""
        if self.engine.dialect.name == "sqlite":
            return True
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        with self.engine.connect() as connection:
            return bool(connection.execute(waiting).scalar_one())

    def now(self) -> datetime:
        with database.reading(self.engine) as session:
            return database.now(session)

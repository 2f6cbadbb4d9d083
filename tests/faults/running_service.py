"""A whole service that a test may hurt: real processes, servers and database, a pretend network.

The stand-in runs in the test's own process, which nobody kills: it is the witness of what was
really accepted. Everything else is a process of its own, as in production.
"""

from __future__ import annotations

import secrets
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Final, Literal

from redis import Redis
from sqlalchemy import Engine, select, update

from gateway.country.pack import Pack, load_country
from gateway.runtime import callbacks, phones
from gateway.runtime.callbacks import Kind
from gateway.staff import roster
from gateway.store import database, schema
from gateway.store.database import Session
from gateway.store.models import Alert, IncomingSms, Outbox, OutboxState, Report
from gateway.vault.create import create_keys
from gateway.vault.roles import Role
from gateway.vault.secrets import quick_hasher
from gateway.vault.vault import Vault
from sandbox.demo import sample
from sandbox.demo.folder import free_port
from sandbox.demo.reaper import Reaper
from sandbox.standin.client import StandIn
from sandbox.standin.config import Callbacks, Config
from sandbox.standin.outgoing import Reply, post
from sandbox.standin.server import background
from sandbox.standin.wire import OTHER_AGENT
from tests.faults.callers import LIMITS, Caller
from tests.faults.promises import Witnesses
from tests.faults.service import Service, environment
from tests.machine import home_for_postgres
from tests.samples import CENTRE
from tests.services import Postgres, Valkey, running, wait_until

Database = Literal["sqlite", "postgresql"]
Name = Literal["web", "staff", "worker", "clock"]
NAMES: Final[tuple[Name, ...]] = ("web", "staff", "worker", "clock")

Between = Callable[[Name, Literal["database", "redis", "provider"], str], str]
"""The URL by which a process reaches a server, from its own."""

NURSES: Final = ("health", "counsellor")
"""Who is asked first about a report to the centre."""

ROLES: Final[Mapping[Name, Role]] = {
    "web": "web",
    "staff": "staff",
    "worker": "worker",
    "clock": "worker",
}

LONGEST_SEND: Final = 1.0
"""Seconds. The stand-in answers in thousandths; a row that is being sent for longer was left."""

SOON: Final = timedelta(seconds=70)
"""What is due later than that is a reminder or a follow-up, and nobody waits for it here."""


@dataclass
class RunningService:
    """The service as a test sees it."""

    home: Path
    database_url: str
    valkey: Valkey
    network: StandIn
    services: Mapping[Name, Service]
    ports: Mapping[Name, int]
    secret: str
    staff_secret: str
    settings: Mapping[str, str]
    pack: Pack
    staff: Sequence[Mapping[str, str]]
    engine: Engine
    databases: Databases | None = None
    skipped: dict[str, float] = field(default_factory=dict)
    """By report, the seconds of waiting that `end_leases` spared the test."""
    _sending: dict[tuple[str, int], datetime] = field(default_factory=dict)

    def start(self, *names: Name) -> None:
        """Start these, or all that do not run."""
        for name in names or NAMES:
            self.services[name].start()

    def armed(self, name: Name, point: str) -> Service:
        """The process in its next life, told where to die once it is armed."""
        service = self.services[name]
        if service.point != point:
            service.kill()
            service.start(point)
        return service

    def url(self, kind: Kind) -> str:
        of_staff = kind in callbacks.OF_STAFF
        port = self.ports["staff" if of_staff else "web"]
        secret = self.staff_secret if of_staff else self.secret
        return callbacks.url(f"http://127.0.0.1:{port}", secret, kind)

    def caller(self) -> Caller:
        return Caller(self.url("ussd"), service_code=self.pack.codes.callers)

    def staff_phone(self, number: str) -> Caller:
        return Caller(self.url("staff"), number, self.pack.codes.staff)

    def post(self, kind: Kind, body: bytes) -> Reply:
        """A notice that the network sends once, and does not repeat."""
        return post(self.url(kind), body, OTHER_AGENT, LIMITS)

    def number(self, role: str, centre: str = CENTRE) -> str:
        found = (one for one in self.staff if (one["centre"], one["role"]) == (centre, role))
        return next(found)["phone"]

    def pin(self, role: str) -> str:
        return next(one for one in self.staff if one["role"] == role)["pin"]

    def wait_for_alert(self, role: str, code: str) -> str:
        """What the alert about a report says on the phone of a role."""
        number, mark = self.number(role), f" {code} "

        def alerts() -> list[str]:
            texts = (sms.text for sms in self.network.sent(number))
            return [text for text in texts if mark in text and f"1 {code} " in text]

        wait_until(alerts, f"the {role} has an alert", 60)
        return alerts()[0]

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with database.reading(self.engine) as session:
            yield session

    def change(self, row: type[Outbox] | type[Report], key: str, **values: object) -> None:
        """Change a row behind everybody's back."""
        with database.writing(self.engine, "test") as session:
            session.execute(update(row).where(row.id == key).values(**values))

    def forget_incoming(self) -> None:
        """What came by SMS so far came long ago. A nurse who writes too often is not answered."""
        long_ago = datetime.now(UTC) - timedelta(hours=2)
        with database.writing(self.engine, "test") as session:
            session.execute(update(IncomingSms).values(received_at=long_ago))

    @cached_property
    def witnesses(self) -> Witnesses:
        """Who is asked how the promises were kept."""
        numbers = [one["phone"] for one in self.staff]
        by_id = numbers_by_id(self.engine, self.home / "keys", numbers)
        return Witnesses(self.network, self.engine, by_id, self.skipped)

    def more(self, name: Name, count: int) -> Iterator[Service]:
        """Start more processes of a kind, beside the one there is."""
        for number in range(2, count + 2):
            service = self.services[name].twin(f"{name}-{number}")
            service.start()
            yield service

    def empty_database(self) -> str:
        """The URL of another database, without anything in it."""
        assert self.databases is not None, "this service was laid on a database alone"
        return self.databases.empty(self.home)

    def now(self) -> datetime:
        """The database's time."""
        with self.reading() as session:
            return database.now(session)

    def report(self, code: str) -> Report:
        with self.reading() as session:
            return session.scalars(select(Report).where(Report.code == code)).one()

    def alerts(self, code: str) -> Counter[str]:
        """How many alerts about a report are in which state."""
        query = select(Alert.state).join(Report, Report.id == Alert.report_id)
        with self.reading() as session:
            return Counter(session.scalars(query.where(Report.code == code)))

    def long_ago(self) -> datetime:
        return self.now() - timedelta(seconds=1)

    def settle(self, *, seconds: float = 90.0) -> None:
        """Until nothing is being sent or due, not counting what is due much later."""
        wait_until(self.is_settled, "all SMS are settled", seconds)

    def is_settled(self) -> bool:
        self.end_leases()
        with self.reading() as session:
            query = select(Outbox.id).where(
                (Outbox.state == OutboxState.SENDING)
                | ((Outbox.state == OutboxState.PENDING) & (Outbox.due_at < session.at + SOON))
            )
            return session.scalars(query).first() is None

    def end_leases(self) -> None:
        """Spare the test the rest of a lease of which nobody is left. It is counted as waited."""
        with self.reading() as session:
            at = session.at
            query = select(Outbox).where(Outbox.state == OutboxState.SENDING)
            rows = session.scalars(query).all()
        for row in rows:
            seen = self._sending.setdefault((row.id, row.attempt), datetime.now(UTC))
            if (datetime.now(UTC) - seen).total_seconds() < LONGEST_SEND:
                continue
            if row.lease_until is not None and row.lease_until > at:
                left = (row.lease_until - at).total_seconds()
                report = row.report_id or ""
                self.skipped[report] = max(self.skipped.get(report, 0.0), left)
                self.change(Outbox, row.id, lease_until=at - timedelta(seconds=1))


class Databases:
    """Makes databases with the schema and the sample country in them."""

    def __init__(self, kind: Database, stack: ExitStack, *, durable: bool = False) -> None:
        """`durable`: a commit on PostgreSQL waits for the disk."""
        self._kind = kind
        self._server: Postgres | None = None
        self._template: str | None = None
        if kind == "postgresql":
            home = stack.enter_context(home_for_postgres())
            self._server = Postgres(home, durable=durable)
            stack.enter_context(running(self._server))

    def empty(self, folder: Path) -> str:
        """The URL of one without anything in it."""
        if self._server is not None:
            return self._server.create()
        return f"sqlite:///{folder / secrets.token_hex(4)}.db"


def keys_in(folder: Path) -> Path:
    """A key folder for each role."""
    if not folder.exists():
        create_keys(folder)
    return folder


@contextmanager
def laid(
    home: Path,
    database_url: str,
    *,
    databases: Databases | None = None,
    between: Between = lambda name, what, url: url,
    **settings: str,
) -> Iterator[RunningService]:
    """Lay a service in the folder `home`; no process of the service runs on it yet.

    `between` gives the URLs that a process is told, for a test that stands in the way. `settings`
    are more of the environment.
    """
    with ExitStack() as stack:
        valkey = Valkey(home / "valkey")
        stack.enter_context(running(valkey))
        pack = load_country("rw")
        keys = keys_in(home / "keys")
        engine = database.connect(database_url)
        stack.callback(engine.dispose)
        schema.upgrade(engine)
        people = sample.load(
            engine, Vault.open(keys / "staff", "staff", hasher=quick_hasher()), pack
        )
        secret, staff_secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        ports: dict[Name, int] = {"web": free_port(), "staff": free_port()}
        config = Config(
            home / "stand-in",
            "clinic",
            "key",
            _callbacks(ports, secret, staff_secret),
            retry_every=0.3,
            report_delay=0.1,
        )
        network = stack.enter_context(background(config))
        common = environment(
            DATABASE_URL=database_url,
            ISANGE_LANGUAGE="en",
            ISANGE_COUNTRY="rw",
            AT_USERNAME="clinic",
            AT_API_KEY="key",
            **settings,
        )

        def told(name: Name) -> dict[str, str]:
            return {
                **common,
                "ISANGE_KEYS": str(keys / ROLES[name]),
                "ISANGE_CALLBACK_SECRETS": secret if name != "staff" else "",
                "ISANGE_STAFF_SECRETS": staff_secret if name == "staff" else "",
                "DATABASE_URL": between(name, "database", database_url),
                "REDIS_URL": between(name, "redis", valkey.url),
                "ISANGE_AT_URL": between(name, "provider", network),
            }

        held = Reaper()
        stack.callback(held.close)
        services = {name: _service(name, home, ports, told(name), held, valkey) for name in NAMES}
        for service in services.values():
            stack.callback(service.kill)
        yield RunningService(
            home=home,
            database_url=database_url,
            valkey=valkey,
            network=StandIn(network),
            services=services,
            ports=ports,
            secret=secret,
            staff_secret=staff_secret,
            settings={**common, "REDIS_URL": valkey.url},
            pack=pack,
            staff=people,
            engine=engine,
            databases=databases,
        )


def _callbacks(ports: Mapping[Name, int], secret: str, staff_secret: str) -> Callbacks:
    def url(kind: Kind) -> str:
        return callbacks.url(f"http://127.0.0.1:{ports['web']}", secret, kind)

    return Callbacks(
        ussd=url("ussd"),
        events=url("events"),
        sms=url("sms"),
        delivery=url("delivery"),
        opt_out=url("opt-out"),
        staff_ussd=callbacks.url(f"http://127.0.0.1:{ports['staff']}", staff_secret, "staff"),
    )


def _service(
    name: Name,
    home: Path,
    ports: Mapping[Name, int],
    env: Mapping[str, str],
    held: Reaper,
    valkey: Valkey,
) -> Service:
    port = ports.get(name)
    if port is None:
        argv = [sys.executable, "-m", "workers", name]
        ready = partial(_somebody_waits_for_work, valkey) if name == "worker" else None
        return Service(name, argv, env, home, held, ready=ready)
    command = {"web": "web", "staff": "staff-web"}[name]
    argv = [sys.executable, "-m", "commands.cli", command, "--port", str(port)]
    return Service(name, argv, env, home, held, f"http://127.0.0.1:{port}")


def _somebody_waits_for_work(valkey: Valkey) -> bool:
    with Redis.from_url(valkey.url) as redis:
        return any(client["cmd"] == "blmove" for client in redis.client_list())


def numbers_by_id(engine: Engine, keys: Path, numbers: Iterable[str]) -> Mapping[str, str]:
    """The number of each member of staff by her id, which the database alone does not tell."""
    vault = Vault.open(keys / "web", "web")
    with database.reading(engine) as session:
        people = {n: roster.by_number(session, vault, phones.parse(n)) for n in numbers}
        return {person.id: number for number, person in people.items() if person is not None}

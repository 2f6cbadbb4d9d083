"""The wire between the phone network and us, field by field, and what a test may ask about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from redis import ConnectionPool, Redis, UnixDomainSocketConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import Engine, event, func, select

from gateway.country.pack import Pack
from gateway.runtime import callbacks, phones
from gateway.staff import roster
from gateway.staff.roster import NewStaff
from gateway.store import database
from gateway.store.models import Alert, Base, Report
from gateway.vault.vault import Vault
from gateway.web import callers
from gateway.wiring import Parts
from menus import gsm7
from tests.phone import Phone
from tests.samples import CALLER, SECRET
from tests.shared_parts import SharedParts, open_centres

FIRST = "CON Health & Family Info"
HELP = "END Not available right now. In danger call 112. Child 116. Please dial again later."

DANGER = "1*1"
"""The keys from the first screen to "Is it safe for us to call THIS number now?"."""

SESSION = "ATUid_e9d0662dea3f3db658e79d9b62f7900c"


ON_DUTY = "+250788000400"


def form(text: str = "", /, **other: str | None) -> dict[str, str]:
    """A step as captured from the network; a field given as None is left out."""
    fields = {
        "phoneNumber": CALLER,
        "serviceCode": "*384*3029#",
        "text": text,
        "sessionId": SESSION,
        "networkCode": "63510",
        **other,
    }
    return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class UssdWire:
    """Sends steps to one callers' app."""

    client: FlaskClient
    url: str = callbacks.url("", SECRET, "ussd")

    def step(self, text: str, **other: str | None) -> str:
        """The body that answers a step; the network would cut anything but these."""
        return self.post(form(text, **other))

    def post(self, data: dict[str, str] | bytes, content_type: str | None = None) -> str:
        answer = self.client.post(self.url, data=data, content_type=content_type)
        return usable(answer.status_code, answer.get_data())

    def walk(self, text: str, **other: str | None) -> str:
        """Type `text` key by key, from the first screen; the last body."""
        body, typed = self.step("", **other), ""
        for key in text.split("*"):
            typed = f"{typed}*{key}" if typed else key
            body = self.step(typed, **other)
        return body


def usable(status: int, raw: bytes) -> str:
    """Check that a phone can show an answer; the answer as text."""
    body = raw.decode()
    kind, _, screen = body.partition(" ")
    assert status == 200, f"the network cuts the call: HTTP {status}"
    assert kind in {"CON", "END"}, f"the network cuts the call: {body!r}"
    assert screen, "the phone shows nothing"
    assert gsm7.septets(screen) <= gsm7.PAGE, f"too long for a phone:\n{screen}"
    return body


def wire(parts: Parts) -> UssdWire:
    """A callers' app of its own on the parts of a process."""
    return UssdWire(callers.create_app(parts).test_client())


def handset(calls: UssdWire, number: str = CALLER) -> Phone:
    """A phone in somebody's hand, on this network."""
    return Phone(calls.client, calls.url, number)


def opened(engine: Engine, pack: Pack, vault: Vault) -> None:
    """Put the sample centres into a database, and somebody on duty at the desk."""
    duty = NewStaff(phones.parse(ON_DUTY), "national", pack.duty_desk.id, "en", "no PIN")
    open_centres(engine, pack)
    with database.writing(engine, "test") as session:
        roster.add(session, vault, duty)


def reports(parts: Parts) -> int:
    with database.reading(parts.database) as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def alerts(parts: Parts) -> int:
    with database.reading(parts.database) as session:
        return session.scalar(select(func.count()).select_from(Alert)) or 0


def rows(parts: Parts) -> int:
    """All rows of all tables: what a step that must do nothing leaves as it was."""
    with database.reading(parts.database) as session:
        tables = Base.metadata.sorted_tables
        return sum(session.scalar(select(func.count()).select_from(one)) or 0 for one in tables)


def counted(happened: str) -> float:
    """How many steps this process has understood so."""
    return REGISTRY.get_sample_value("isange_steps_total", {"event": happened}) or 0.0


@contextmanager
def statements(parts: Parts) -> Iterator[list[str]]:
    """The SQL statements that reach the database meanwhile."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    event.listen(parts.database, "before_cursor_execute", note)
    yield seen
    event.remove(parts.database, "before_cursor_execute", note)


class RedisSwitch:
    """A way to a Redis server that can be shut for one process alone; counts the round trips."""

    def __init__(self, url: str) -> None:
        self.shut = False
        self.trips = 0
        redis_switch = self

        class Through(UnixDomainSocketConnection):
            def send_packed_command(self, command: Any, check_health: bool = True) -> None:
                if redis_switch.shut:
                    raise RedisConnectionError("the gate is shut")
                redis_switch.trips += 1
                super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]

        self.redis = Redis(connection_pool=ConnectionPool.from_url(url, connection_class=Through))


@dataclass(frozen=True)
class SwitchedProcess(SharedParts):
    """A process whose way to Redis leads through a gate of its own."""

    redis_switch: RedisSwitch

    @cached_property
    def redis(self) -> Redis:
        return self.redis_switch.redis

"""The same calls over a network that sends the newest input alone (Hubtel's shape, Oltranz's)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from gateway.runtime import callbacks
from gateway.runtime.settings import Settings
from gateway.store import database
from gateway.store.models import Report
from gateway.vault.roles import Role
from gateway.wiring import Parts
from menus import gsm7
from tests.one_process_line import Line
from tests.samples import CALLER, SECRET


@pytest.fixture
def line(settings: Callable[..., Settings]) -> Iterator[Line]:
    """The line of an operator who has a contract with both networks."""
    roles: tuple[Role, ...] = ("web", "staff", "worker")
    networks = {"ISANGE_NETWORKS": "africastalking, hubtel"}
    made = Line(*(Parts(settings(role, **networks), role) for role in roles))
    yield made
    made.close()


class Handset:
    """A phone on that network."""

    def __init__(self, line: Line, session: str = "abc") -> None:
        self._client, self._session = line.client, session
        self._url = callbacks.url("", SECRET, "hubtel")
        self._sequence = 0
        self.screen, self.ended = "", False

    def dial(self) -> str:
        return self.send("Initiation", "*713#")

    def press(self, *keys: str) -> str:
        for key in keys:
            self.send("Response", key)
        return self.screen

    def send(self, kind: str, message: str, *, again: bool = False) -> str:
        self._sequence += not again
        answer = self._client.post(
            self._url,
            json={
                "SessionId": self._session,
                "Mobile": CALLER.removeprefix("+"),
                "Type": kind,
                "Message": message,
                "Operator": "mtn",
                "Sequence": self._sequence,
            },
        )
        assert answer.status_code == 200
        said = json.loads(answer.data)
        self.screen, self.ended = said["Message"], said["Type"] == "Release"
        assert gsm7.septets(self.screen) <= gsm7.PAGE
        return self.screen


def reports(line: Line) -> list[tuple[str, str]]:
    with database.reading(line.web.database) as session:
        return [(one.about, one.state) for one in session.scalars(select(Report))]


def test_a_caller_asks_to_be_called(line: Line) -> None:
    duty = line.staff("national", "national")
    phone = Handset(line)
    assert "Health & Family Info" in phone.dial()
    assert "A counsellor will call you" in phone.press("7", "1", "1", "1")
    assert phone.ended
    assert [sms.to for sms in line.deliver()] == [duty]


def test_a_step_that_arrives_twice_is_one(line: Line) -> None:
    phone = Handset(line)
    phone.dial()
    first = phone.press("2")
    assert phone.send("Response", "2", again=True) == first


def test_a_star_and_an_empty_answer_are_answers(line: Line) -> None:
    phone = Handset(line)
    phone.dial()
    assert "Please type 1-8" in phone.press("*")
    assert "You typed nothing" in phone.press("")


def test_the_line_cuts_and_what_she_allowed_is_sent(line: Line) -> None:
    line.staff("national", "national")
    phone = Handset(line)
    phone.dial()
    assert "If the line cuts" in phone.press(*"21141117211")
    phone.press("1")
    assert reports(line) == [("myself", "draft")]

    phone.send("Timeout", "")

    assert reports(line) == [("myself", "received")]


def test_a_session_that_redis_lost_begins_again(line: Line) -> None:
    phone = Handset(line)
    phone.dial()
    phone.press("2")
    line.web.redis.flushall()
    assert "Health & Family Info" in phone.press("1")


def test_what_is_no_step_is_answered_with_the_emergency_numbers(line: Line) -> None:
    url = callbacks.url("", SECRET, "hubtel")
    said = json.loads(line.client.post(url, data=b"nonsense").data)
    assert said["Type"] == "Release"
    assert "112" in said["Message"]


def test_an_operator_without_that_contract_has_no_such_address(
    settings: Callable[..., Settings],
) -> None:
    roles: tuple[Role, ...] = ("web", "staff", "worker")
    line = Line(*(Parts(settings(role), role) for role in roles))
    unknown = line.client.post("/nothing/here")
    closed = line.client.post(callbacks.url("", SECRET, "hubtel"))
    line.close()
    assert (closed.status_code, closed.data) == (unknown.status_code, unknown.data) == (404, b"")

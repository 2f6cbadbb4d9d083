"""What a step costs, in counts that do not depend on the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gateway.runtime import phones
from gateway.staff import roster
from gateway.staff.roster import NewStaff
from gateway.store import database
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from tests.gateway.conftest import Process
from tests.gateway.web.ussd_wire import RedisSwitch, UssdWire, alerts, statements, wire
from tests.services import Valkey
from tests.shared_parts import SharedParts, open_centres

Vaults = Callable[[Role], Vault]

SENDING_SQL = 20
"""Statements of the transaction that keeps a report and alerts one person, BEGIN among them."""

SENDING_TRIPS = 5
"""Two for the session, one to see whether the bell rings already, two to ring it."""


@pytest.fixture
def counting(process: Process, redis_switch: RedisSwitch, valkey: Valkey) -> SharedParts:
    """A callers' process whose round trips to Redis are counted; scripts and pools are warm."""
    made = process(redis_switch)
    open_centres(made.database, made.pack)
    calls = wire(made)
    calls.walk("1*1*1", sessionId="warm", phoneNumber="+250788123499")
    return made


PLAIN = ["2", "2*1", "2*x", "2*0", "1*1", "4*1*1"]


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_step_is_one_round_trip_and_no_sql(
    counting: SharedParts, redis_switch: RedisSwitch, text: str
) -> None:
    """In the process that answered the step before."""
    calls = wire(counting)
    _until(calls, text)
    redis_switch.trips = 0
    with statements(counting) as sql:
        calls.step(text)
    assert (redis_switch.trips, sql) == (1, [])


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_step_is_two_round_trips_in_any_other_process(
    process: Process, counting: SharedParts, redis_switch: RedisSwitch, text: str
) -> None:
    _until(wire(process()), text)
    calls = wire(counting)
    redis_switch.trips = 0
    with statements(counting) as sql:
        calls.step(text)
    assert (redis_switch.trips, sql) == (2, [])


def test_a_call_begins_with_two_round_trips_and_no_sql(
    counting: SharedParts, redis_switch: RedisSwitch
) -> None:
    calls = wire(counting)
    redis_switch.trips = 0
    with statements(counting) as sql:
        calls.step("")
    assert (redis_switch.trips, sql) == (2, [])


def _until(calls: UssdWire, text: str) -> None:
    """Everything typed before the last key of `text`."""
    before = text.rpartition("*")[0]
    calls.walk(before) if before else calls.step("")


def test_a_repeat_is_one_round_trip(counting: SharedParts, redis_switch: RedisSwitch) -> None:
    calls = wire(counting)
    calls.walk("2*1")
    redis_switch.trips = 0
    with statements(counting) as sql:
        calls.step("2*1")
    assert (redis_switch.trips, sql) == (1, [])


def test_dialling_through_is_two_round_trips(
    counting: SharedParts, redis_switch: RedisSwitch
) -> None:
    calls = wire(counting)
    redis_switch.trips = 0
    with statements(counting) as sql:
        calls.step("2*1*1*4")
    assert (redis_switch.trips, sql) == (2, [])


def test_sending_costs_one_transaction_and_a_ring(
    counting: SharedParts, redis_switch: RedisSwitch, vaults: Vaults
) -> None:
    on_duty = NewStaff(phones.parse("+250788000500"), "national", "national", "en", "no PIN", True)
    with database.writing(counting.database, "test") as session:
        roster.add(session, vaults("staff"), on_duty)
    calls = wire(counting)
    calls.walk("1*1")
    counting.redis.delete("rq:queue:alerts")  # Nobody rang lately.
    redis_switch.trips = 0
    with statements(counting) as sql:
        assert calls.step("1*1*1").startswith("END Your request is sent.")
    assert alerts(counting) == 1
    assert redis_switch.trips <= SENDING_TRIPS
    assert sum(one.startswith("BEGIN") for one in sql) == 1
    assert len(sql) <= SENDING_SQL, "\n".join(sql)


def test_each_more_who_is_alerted_costs_her_sms_alone(
    counting: SharedParts, vaults: Vaults
) -> None:
    calls = wire(counting)
    costs = []
    for last in range(3):
        number = phones.parse(f"+25078800050{last}")
        on_duty = NewStaff(number, "national", "national", "en", "no PIN", True)
        with database.writing(counting.database, "test") as session:
            roster.add(session, vaults("staff"), on_duty)
        caller = {"phoneNumber": f"+25078812340{last}", "sessionId": f"alerts {last}"}
        calls.walk("1*1", **caller)
        with statements(counting) as sql:
            assert calls.step("1*1*1", **caller).startswith("END Your request is sent.")
        assert alerts(counting) == sum(range(1, last + 2))
        costs.append(len(sql))
    assert costs == [costs[0], costs[0] + 1, costs[0] + 2]


REPORTING = "2*1*1*4*2*2*3*2*1*3*2*2580*1"
"""A whole report of an adult's, with a secret; nobody may contact her."""

REPORT_SQL = 20
"""Statements of its one transaction: the report, its wrapped keys, its alerts and their SMS."""


NO_DRAFT = "2*1*1*4*2*2*3*2*1*3*2"
"""She does not allow a draft: one look whether there was one, for it has to go."""

NO_DRAFT_SQL = 3


def test_a_whole_report_asks_the_database_at_two_of_its_steps(
    counting: SharedParts, redis_switch: RedisSwitch, vaults: Vaults
) -> None:
    on_duty = NewStaff(phones.parse("+250788000500"), "health", "kabutare", "en", "no PIN", True)
    with database.writing(counting.database, "test") as session:
        roster.add(session, vaults("staff"), on_duty)
    calls = wire(counting)
    keys = REPORTING.split("*")
    for text in ("*".join(keys[:number]) for number in range(len(keys))):
        redis_switch.trips = 0
        with statements(counting) as sql:
            calls.step(text)
        assert redis_switch.trips <= 2
        assert len(sql) <= (NO_DRAFT_SQL if text == NO_DRAFT else 0), "\n".join(sql)
    redis_switch.trips = 0
    with statements(counting) as sql:
        assert calls.step(REPORTING).startswith("END Sent. Code: ")
    assert redis_switch.trips <= SENDING_TRIPS
    assert sum(one.startswith("BEGIN") for one in sql) == 1
    assert len(sql) <= REPORT_SQL, "\n".join(sql)


def test_no_step_opens_a_connection(parts: SharedParts, calls: UssdWire) -> None:
    calls.walk("1*1*1", sessionId="warm")
    before = _connections(parts)
    for number in range(5):
        calls.walk("1*1*1", sessionId=f"call {number}")
    assert _connections(parts) == before


def _connections(parts: SharedParts) -> int:
    """How often anybody ever connected to this Redis."""
    return int(parts.redis.info("stats")["total_connections_received"])


def test_no_step_opens_a_file(parts: SharedParts, calls: UssdWire) -> None:
    """Catalogues, places and keys are read at the start, and never again."""
    calls.walk("2*1*1*4*2", sessionId="warm")
    with _opened() as files:
        for keys in ("2*1*1*4*2", "4*1*1*1", "8*2*1", "5*1", "7*1*1"):
            calls.walk(keys, sessionId=keys)
    assert files == []


_watching: list[list[str]] = []


def _note(event: str, args: tuple[object, ...]) -> None:
    if event == "open" and _watching:
        _watching[-1].append(str(args[0]))


sys.addaudithook(_note)


@contextmanager
def _opened() -> Iterator[list[str]]:
    """The files that this process opens meanwhile."""
    _watching.append([])
    yield _watching[-1]
    _watching.pop()


def test_an_opened_file_would_be_seen(parts: SharedParts) -> None:
    with _opened() as files, open(__file__, "rb"):  # noqa: PTH123
        pass
    assert files == [__file__]

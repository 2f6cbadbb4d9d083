"""Every duty phone is asked once a week to answer, by day, and who does not is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from commands.cli import isange
from gateway.country.pack import Pack, load_country
from gateway.runtime.metrics import ALARMS
from gateway.runtime.settings import Settings
from gateway.sms.routing import only
from gateway.staff import phone_test, rota
from gateway.staff.phone_test import ANSWER_WITHIN, MOST_A_MINUTE
from gateway.staff.rota import Span
from gateway.store import database
from gateway.store.models import Outbox, Staff
from gateway.wiring import House
from tests.staff_and_reports import CENTRE, Office, Person, Provider, on_sqlite
from workers.clock import Clock
from workers.compose import Letters
from workers.deliver import Delivery

A_WEEK = timedelta(days=7)
A_DAY = timedelta(days=1)
A_MINUTE = timedelta(minutes=1)


def at_local(office: Office, hour: int, minute: int = 0, days: int = 0) -> datetime:
    """A time of that day by the clock of the country."""
    local = office.now().astimezone(office.pack.timezone) + timedelta(days=days)
    return local.replace(hour=hour, minute=minute, second=0, microsecond=0)


def noon(office: Office, days: int = 0) -> datetime:
    return at_local(office, 12, days=days)


def send_due(office: Office, at: datetime) -> int:
    with database.writing(office.engine, "test") as session:
        return phone_test.send_due(session, at, office.pack.timezone, A_WEEK)


def never_tested(office: Office) -> None:
    office.change(Staff, tested_at=None, test_answered_at=None)


def was_tested(
    office: Office, person: Person, at: datetime, answered: datetime | None = None
) -> None:
    office.change(Staff, Staff.id == person.id, tested_at=at, test_answered_at=answered)


def waiting(office: Office) -> set[str | None]:
    return {row.staff_id for row in office.all(Outbox, Outbox.template == "phone_test")}


def silent(office: Office, at: datetime) -> set[str]:
    with database.reading(office.engine) as session:
        return {person.id for person in phone_test.silent(session, at)}


def alarms() -> float:
    return float(ALARMS.labels("phone_silent")._value.get())


def tell(office: Office, at: datetime) -> int:
    with database.writing(office.engine, "test") as session:
        return phone_test.tell_silent(session, at)


def shift(office: Office, person: Person, begins: timedelta) -> None:
    with database.writing(office.engine, "test") as session:
        at = noon(office)
        row = session.get_one(Staff, person.id)
        rota.add_shift(session, row, Span(at + begins, at + begins + timedelta(hours=8)))


def test_whose_phone_is_tested(office: Office) -> None:
    on_duty = office.staff()
    last_week, next_week = office.staff(on_duty=False), office.staff(on_duty=False)
    long_ago, far_off = office.staff(on_duty=False), office.staff(on_duty=False)
    for person, days in ((last_week, -6), (next_week, 6), (long_ago, -9), (far_off, 9)):
        shift(office, person, timedelta(days=days))
    lead, operator = (
        office.staff(role="lead", on_duty=False),
        office.staff("national", "operator", on_duty=False),
    )
    national = office.staff("national", "national")
    office.staff("national", "witness")
    blocked = office.staff()
    office.change(Staff, Staff.id == blocked.id, opted_out_at=office.now())
    never_tested(office)
    with database.writing(office.engine, "test") as session:
        phone_test.send_now(session, noon(office))
    called = {on_duty, last_week, next_week, lead, operator, national}
    assert waiting(office) == {person.id for person in called}


def test_the_sms_asks_for_ok(office: Office) -> None:
    nurse = office.staff()
    never_tested(office)
    send_due(office, noon(office))
    office.change(Outbox, due_at=office.now(), expires_at=office.now() + A_DAY)
    assert office.deliver().taken == [
        (nurse.number, "[ISANGE] Weekly test of your phone. Please reply OK.")
    ]


@pytest.mark.parametrize(
    ("hour", "minute", "sent"), [(8, 59, 0), (9, 0, 1), (15, 59, 1), (16, 0, 0), (2, 0, 0)]
)
def test_tests_leave_by_day(office: Office, hour: int, minute: int, sent: int) -> None:
    office.staff()
    never_tested(office)
    assert send_due(office, at_local(office, hour, minute)) == sent


def test_a_few_a_minute_and_each_once(office: Office) -> None:
    people = {office.staff().id for _ in range(5)}
    never_tested(office)
    at = noon(office)
    assert [send_due(office, at) for _ in range(3)] == [MOST_A_MINUTE, 0, 0]
    assert [send_due(office, at + A_MINUTE * minute) for minute in (1, 2, 3)] == [2, 1, 0]
    assert waiting(office) == people
    assert len(office.all(Outbox)) == len(people)


def test_two_clocks_at_the_same_time_test_no_phone_twice(office: Office) -> None:
    for _ in range(4):
        office.staff()
    never_tested(office)
    at = noon(office)
    office.together(*[lambda: send_due(office, at)] * 4)
    assert len(office.all(Outbox)) == MOST_A_MINUTE


def test_after_a_week_it_is_her_turn_again(office: Office) -> None:
    nurse = office.staff()
    at = noon(office)
    was_tested(office, nurse, at, at)
    assert send_due(office, at + A_DAY * 6) == 0
    assert send_due(office, at + A_WEEK) == 1


def test_those_who_waited_longest_are_first(office: Office) -> None:
    new, long, short = office.staff(), office.staff(), office.staff()
    at = noon(office)
    office.change(Staff, Staff.id == new.id, tested_at=None)
    was_tested(office, long, at - A_DAY * 30, at)
    was_tested(office, short, at - A_DAY * 8, at)
    send_due(office, at)
    assert waiting(office) == {new.id, long.id}


def test_who_was_just_registered_is_tested_in_a_week(office: Office) -> None:
    nurse = office.staff()
    assert send_due(office, noon(office, days=1)) == 0
    assert silent(office, noon(office, days=6)) == set()
    assert send_due(office, noon(office, days=8)) == 1
    assert waiting(office) == {nurse.id}


def test_who_says_nothing_for_two_days_is_silent(office: Office) -> None:
    nurse = office.staff()
    at = office.now() - ANSWER_WITHIN
    was_tested(office, nurse, at + A_MINUTE)
    assert silent(office, office.now()) == set()
    was_tested(office, nurse, at)
    assert silent(office, office.now()) == {nurse.id}


def test_who_answers_is_not(office: Office) -> None:
    nurse = office.staff()
    at = office.now() - ANSWER_WITHIN - A_MINUTE
    was_tested(office, nurse, at, at - A_WEEK)
    assert silent(office, office.now()) == {nurse.id}
    office.text(nurse, "hm?")
    assert silent(office, office.now()) == set()


def test_a_forged_number_of_nobody_answers_for_nobody(office: Office) -> None:
    nurse, other = office.staff(), office.staff()
    at = office.now() - ANSWER_WITHIN
    was_tested(office, nurse, at)
    office.text(other, "OK")
    assert silent(office, office.now()) == {nurse.id}


def test_the_first_sms_after_a_test_is_its_answer(office: Office) -> None:
    nurse = office.staff()
    was_tested(office, nurse, office.now() - A_DAY)
    office.text(nurse, "OK")
    first = office.one(Staff).test_answered_at
    office.text(nurse, "OK")
    assert office.one(Staff).test_answered_at == first


def test_a_missed_test_is_one_alarm(office: Office) -> None:
    nurse, operator = office.staff(), office.staff("national", "operator")
    at = office.now()
    was_tested(office, nurse, at - ANSWER_WITHIN)
    before = alarms()
    assert [tell(office, at) for _ in range(3)] == [1, 0, 0]
    assert alarms() == before + 1
    assert office.one(Outbox, Outbox.template == "alarm").staff_id == operator.id

    was_tested(office, nurse, at + A_WEEK)
    assert tell(office, at + A_WEEK + A_DAY) == 0
    assert tell(office, at + A_WEEK + ANSWER_WITHIN) == 1


def test_a_silent_phone_stays_on_the_list_while_it_is_tested_again(office: Office) -> None:
    nurse = office.staff()
    at = office.now()
    was_tested(office, nurse, at - ANSWER_WITHIN)
    tell(office, at)
    office.change(Staff, tested_at=at + A_MINUTE)
    assert silent(office, at + A_DAY) == {nurse.id}
    office.change(Staff, test_answered_at=at + A_DAY)
    assert silent(office, at + A_DAY) == set()


def test_who_gave_back_the_duty_phone_is_not_silent(office: Office) -> None:
    nurse = office.staff()
    was_tested(office, nurse, office.now() - A_WEEK)
    office.change(Staff, on_duty=False)
    assert silent(office, office.now()) == set()
    assert tell(office, office.now()) == 0


class Elsewhere(House):
    """A house in a country where it is so many o'clock now."""

    hour: ClassVar[int]

    @cached_property
    def pack(self) -> Pack:
        with database.reading(self.database) as session:
            ahead = self.hour - database.now(session).hour
        zone = f"Etc/GMT{-(ahead if ahead >= -12 else ahead + 24):+d}"
        return replace(load_country("rw"), timezone=ZoneInfo(zone))


@pytest.fixture
def tick(
    settings: Callable[..., Settings], database_url: str, office: Office
) -> Iterator[Callable[[int], None]]:
    """Let the clock tick when it is so many o'clock in the country."""
    with ExitStack() as stack:

        def tick(hour: int) -> None:
            there = type("There", (Elsewhere,), {"hour": hour})
            house = there(settings("worker", DATABASE_URL=database_url), "worker")
            stack.callback(house.database.dispose)
            stack.callback(house.redis.close)
            Clock(house, Delivery(house.database, Letters.of(house), only(Provider()))).tick()

        yield tick


def test_the_clock_tells_who_is_silent(office: Office, tick: Callable[[int], None]) -> None:
    nurse = office.staff()
    was_tested(office, nurse, office.now() - ANSWER_WITHIN)
    before = alarms()
    for _ in range(2):
        tick(3)
    assert alarms() == before + 1


@pytest.mark.parametrize("hour", [2, 12])
def test_the_clock_sends_tests_by_day(
    office: Office, tick: Callable[[int], None], hour: int
) -> None:
    nurse = office.staff()
    never_tested(office)
    tick(hour)
    assert waiting(office) == ({nurse.id} if hour == 12 else set())


@pytest.fixture
def run(
    settings: Callable[..., Settings], office: Office, keys: object
) -> Callable[..., tuple[int, str]]:
    """`isange heartbeat`; its exit status and what it prints."""
    given = settings("staff")
    environment = {
        "DATABASE_URL": given.database_url,
        "REDIS_URL": given.redis_url,
        "ISANGE_KEYS": str(given.keys),
    }

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(isange, ["heartbeat", *words], env=environment)
        return result.exit_code, result.output

    return run


@on_sqlite
def test_the_command_lists_who_is_silent(
    office: Office, run: Callable[..., tuple[int, str]]
) -> None:
    nurse = office.staff()
    assert run() == (0, "Every phone answered.\n")
    was_tested(office, nurse, office.now() - A_WEEK)
    status, said = run()
    assert status == 1
    assert f"{nurse.id} {CENTRE} health, tested " in said
    assert nurse.number[4:] not in said
    assert waiting(office) == set()


@on_sqlite
def test_the_command_sends_tests_at_once(
    office: Office, run: Callable[..., tuple[int, str]]
) -> None:
    nurse, silent_one = office.staff(), office.staff()
    was_tested(office, silent_one, office.now() - A_WEEK)
    status, said = run("--send")
    assert (status, waiting(office)) == (1, {nurse.id, silent_one.id})
    assert "2 phones are tested now" in said
    assert silent_one.id in said

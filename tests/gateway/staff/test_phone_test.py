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
from gateway.runtime.settings import Settings
from gateway.staff import phone_test, rota
from gateway.staff.phone_test import ANSWER_WITHIN, MOST_A_MINUTE
from gateway.staff.rota import Span
from gateway.store import database
from gateway.store.models import Outbox, Staff
from gateway.wiring import Parts
from tests.alarm_counts import alarms
from tests.moments import as_of
from tests.samples import CENTRE
from tests.shared_parts import delivery
from tests.sms_provider import Provider
from tests.staff_and_reports import Person, StaffAndReports, on_sqlite
from workers.clock import Clock

A_WEEK = timedelta(days=7)
A_DAY = timedelta(days=1)
A_MINUTE = timedelta(minutes=1)


def at_local(records: StaffAndReports, hour: int, minute: int = 0, days: int = 0) -> datetime:
    """A time of that day by the clock of the country."""
    local = records.now().astimezone(records.pack.timezone) + timedelta(days=days)
    return local.replace(hour=hour, minute=minute, second=0, microsecond=0)


def noon(records: StaffAndReports, days: int = 0) -> datetime:
    return at_local(records, 12, days=days)


def send_due(records: StaffAndReports, at: datetime) -> int:
    with database.writing(records.engine, "test") as session:
        return phone_test.send_due(as_of(session, at), records.pack.timezone, A_WEEK)


def never_tested(records: StaffAndReports) -> None:
    records.change(Staff, tested_at=None, test_answered_at=None)


def was_tested(
    records: StaffAndReports, person: Person, at: datetime, answered: datetime | None = None
) -> None:
    records.change(Staff, Staff.id == person.id, tested_at=at, test_answered_at=answered)


def waiting(records: StaffAndReports) -> set[str | None]:
    return {row.staff_id for row in records.all(Outbox, Outbox.template == "phone_test")}


def silent(records: StaffAndReports, at: datetime) -> set[str]:
    with database.reading(records.engine) as session:
        return {person.id for person in phone_test.silent(as_of(session, at))}


def tell(records: StaffAndReports, at: datetime) -> int:
    with database.writing(records.engine, "test") as session:
        return phone_test.tell_silent(as_of(session, at))


def shift(records: StaffAndReports, person: Person, begins: timedelta) -> None:
    with database.writing(records.engine, "test") as session:
        at = noon(records)
        row = session.get_one(Staff, person.id)
        rota.add_shift(session, row, Span(at + begins, at + begins + timedelta(hours=8)))


def test_whose_phone_is_tested(records: StaffAndReports) -> None:
    on_duty = records.staff()
    last_week, next_week = records.staff(on_duty=False), records.staff(on_duty=False)
    long_ago, far_off = records.staff(on_duty=False), records.staff(on_duty=False)
    for person, days in ((last_week, -6), (next_week, 6), (long_ago, -9), (far_off, 9)):
        shift(records, person, timedelta(days=days))
    lead, operator = (
        records.staff(role="lead", on_duty=False),
        records.staff("national", "operator", on_duty=False),
    )
    national = records.staff("national", "national")
    records.staff("national", "witness")
    blocked = records.staff()
    records.change(Staff, Staff.id == blocked.id, opted_out_at=records.now())
    never_tested(records)
    with database.writing(records.engine, "test") as session:
        phone_test.send_now(as_of(session, noon(records)))
    called = {on_duty, last_week, next_week, lead, operator, national}
    assert waiting(records) == {person.id for person in called}


def test_the_sms_asks_for_ok(records: StaffAndReports) -> None:
    nurse = records.staff()
    never_tested(records)
    send_due(records, noon(records))
    records.change(Outbox, due_at=records.now(), expires_at=records.now() + A_DAY)
    assert records.deliver().taken == [
        (nurse.number, "[ISANGE] Weekly test of your phone. Please reply OK.")
    ]


@pytest.mark.parametrize(
    ("hour", "minute", "sent"), [(8, 59, 0), (9, 0, 1), (15, 59, 1), (16, 0, 0), (2, 0, 0)]
)
def test_tests_leave_by_day(records: StaffAndReports, hour: int, minute: int, sent: int) -> None:
    records.staff()
    never_tested(records)
    assert send_due(records, at_local(records, hour, minute)) == sent


def test_a_few_a_minute_and_each_once(records: StaffAndReports) -> None:
    people = {records.staff().id for _ in range(5)}
    never_tested(records)
    at = noon(records)
    assert [send_due(records, at) for _ in range(3)] == [MOST_A_MINUTE, 0, 0]
    assert [send_due(records, at + A_MINUTE * minute) for minute in (1, 2, 3)] == [2, 1, 0]
    assert waiting(records) == people
    assert len(records.all(Outbox)) == len(people)


def test_two_clocks_at_the_same_time_test_no_phone_twice(records: StaffAndReports) -> None:
    for _ in range(4):
        records.staff()
    never_tested(records)
    at = noon(records)
    records.together(*[lambda: send_due(records, at)] * 4)
    assert len(records.all(Outbox)) == MOST_A_MINUTE


def test_after_a_week_it_is_her_turn_again(records: StaffAndReports) -> None:
    nurse = records.staff()
    at = noon(records)
    was_tested(records, nurse, at, at)
    assert send_due(records, at + A_DAY * 6) == 0
    assert send_due(records, at + A_WEEK) == 1


def test_those_who_waited_longest_are_first(records: StaffAndReports) -> None:
    new, long, short = records.staff(), records.staff(), records.staff()
    at = noon(records)
    records.change(Staff, Staff.id == new.id, tested_at=None)
    was_tested(records, long, at - A_DAY * 30, at)
    was_tested(records, short, at - A_DAY * 8, at)
    send_due(records, at)
    assert waiting(records) == {new.id, long.id}


def test_who_was_just_registered_is_tested_in_a_week(records: StaffAndReports) -> None:
    nurse = records.staff()
    assert send_due(records, noon(records, days=1)) == 0
    assert silent(records, noon(records, days=6)) == set()
    assert send_due(records, noon(records, days=8)) == 1
    assert waiting(records) == {nurse.id}


def test_who_says_nothing_for_two_days_is_silent(records: StaffAndReports) -> None:
    nurse = records.staff()
    at = records.now() - ANSWER_WITHIN
    was_tested(records, nurse, at + A_MINUTE)
    assert silent(records, records.now()) == set()
    was_tested(records, nurse, at)
    assert silent(records, records.now()) == {nurse.id}


def test_who_answers_is_not(records: StaffAndReports) -> None:
    nurse = records.staff()
    at = records.now() - ANSWER_WITHIN - A_MINUTE
    was_tested(records, nurse, at, at - A_WEEK)
    assert silent(records, records.now()) == {nurse.id}
    records.text(nurse, "hm?")
    assert silent(records, records.now()) == set()


def test_a_forged_number_of_nobody_answers_for_nobody(records: StaffAndReports) -> None:
    nurse, other = records.staff(), records.staff()
    at = records.now() - ANSWER_WITHIN
    was_tested(records, nurse, at)
    records.text(other, "OK")
    assert silent(records, records.now()) == {nurse.id}


def test_the_first_sms_after_a_test_is_its_answer(records: StaffAndReports) -> None:
    nurse = records.staff()
    was_tested(records, nurse, records.now() - A_DAY)
    records.text(nurse, "OK")
    first = records.one(Staff).test_answered_at
    records.text(nurse, "OK")
    assert records.one(Staff).test_answered_at == first


def test_a_missed_test_is_one_alarm(records: StaffAndReports) -> None:
    nurse, operator = records.staff(), records.staff("national", "operator")
    at = records.now()
    was_tested(records, nurse, at - ANSWER_WITHIN)
    before = alarms("phone_silent")
    assert [tell(records, at) for _ in range(3)] == [1, 0, 0]
    assert alarms("phone_silent") == before + 1
    assert records.one(Outbox, Outbox.template == "alarm").staff_id == operator.id

    was_tested(records, nurse, at + A_WEEK)
    assert tell(records, at + A_WEEK + A_DAY) == 0
    assert tell(records, at + A_WEEK + ANSWER_WITHIN) == 1


def test_a_silent_phone_stays_on_the_list_while_it_is_tested_again(
    records: StaffAndReports,
) -> None:
    nurse = records.staff()
    at = records.now()
    was_tested(records, nurse, at - ANSWER_WITHIN)
    tell(records, at)
    records.change(Staff, tested_at=at + A_MINUTE)
    assert silent(records, at + A_DAY) == {nurse.id}
    records.change(Staff, test_answered_at=at + A_DAY)
    assert silent(records, at + A_DAY) == set()


def test_who_gave_back_the_duty_phone_is_not_silent(records: StaffAndReports) -> None:
    nurse = records.staff()
    was_tested(records, nurse, records.now() - A_WEEK)
    records.change(Staff, on_duty=False)
    assert silent(records, records.now()) == set()
    assert tell(records, records.now()) == 0


class Elsewhere(Parts):
    """The parts of a process in a country where it is so many o'clock now."""

    hour: ClassVar[int]

    @cached_property
    def pack(self) -> Pack:
        with database.reading(self.database) as session:
            ahead = self.hour - database.now(session).hour
        zone = f"Etc/GMT{-(ahead if ahead >= -12 else ahead + 24):+d}"
        return replace(load_country("rw"), timezone=ZoneInfo(zone))


@pytest.fixture
def tick(
    settings: Callable[..., Settings], database_url: str, records: StaffAndReports
) -> Iterator[Callable[[int], None]]:
    """Let the clock tick when it is so many o'clock in the country."""
    with ExitStack() as stack:

        def tick(hour: int) -> None:
            there = type("There", (Elsewhere,), {"hour": hour})
            parts = there(settings("worker", DATABASE_URL=database_url), "worker")
            stack.callback(parts.database.dispose)
            stack.callback(parts.redis.close)
            Clock(parts, delivery(parts, Provider())).tick()

        yield tick


def test_the_clock_tells_who_is_silent(
    records: StaffAndReports, tick: Callable[[int], None]
) -> None:
    nurse = records.staff()
    was_tested(records, nurse, records.now() - ANSWER_WITHIN)
    before = alarms("phone_silent")
    for _ in range(2):
        tick(3)
    assert alarms("phone_silent") == before + 1


@pytest.mark.parametrize("hour", [2, 12])
def test_the_clock_sends_tests_by_day(
    records: StaffAndReports, tick: Callable[[int], None], hour: int
) -> None:
    nurse = records.staff()
    never_tested(records)
    tick(hour)
    assert waiting(records) == ({nurse.id} if hour == 12 else set())


@pytest.fixture
def run(
    settings: Callable[..., Settings], records: StaffAndReports, keys: object
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
    records: StaffAndReports, run: Callable[..., tuple[int, str]]
) -> None:
    nurse = records.staff()
    assert run() == (0, "Every phone answered.\n")
    was_tested(records, nurse, records.now() - A_WEEK)
    status, said = run()
    assert status == 1
    assert f"{nurse.id} {CENTRE} health, tested " in said
    assert nurse.number[4:] not in said
    assert waiting(records) == set()


@on_sqlite
def test_the_command_sends_tests_at_once(
    records: StaffAndReports, run: Callable[..., tuple[int, str]]
) -> None:
    nurse, silent_one = records.staff(), records.staff()
    was_tested(records, silent_one, records.now() - A_WEEK)
    status, said = run("--send")
    assert (status, waiting(records)) == (1, {nurse.id, silent_one.id})
    assert "2 phones are tested now" in said
    assert silent_one.id in said

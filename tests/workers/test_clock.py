"""The clock: what is due gets done, once, by whichever clock is there, whatever else is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from redis import Redis
from rq import Queue
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from gateway.cases import escalation
from gateway.runtime import crash_points, doorbell
from gateway.runtime.settings import Settings
from gateway.sms.providers.contract import Refused
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Alert, Outbox, OutboxState, Report, ReportState
from gateway.wiring import Parts
from tests.alarm_counts import alarms
from tests.shared_parts import delivery
from tests.sms_provider import Provider
from tests.staff_and_reports import StaffAndReports
from workers.clock import EVERY, PATIENCE, Clock
from workers.deliver import Delivery

A_WHILE = timedelta(seconds=PATIENCE + 1)

MakeClock = Callable[..., Clock]


@pytest.fixture
def make_clock(
    settings: Callable[..., Settings], database_url: str, records: StaffAndReports
) -> Iterator[MakeClock]:
    """Clocks on the database of the records, each with connections of its own."""
    with ExitStack() as stack:

        def make(provider: Provider, **other: str) -> Clock:
            parts = Parts(settings("worker", DATABASE_URL=database_url, **other), "worker")
            stack.callback(parts.database.dispose)
            stack.callback(parts.redis.close)
            return Clock(parts, delivery(parts, provider))

        yield make


def waiting_jobs(redis: Redis) -> int:
    return Queue(doorbell.ALERTS, connection=redis).count


def passes(records: StaffAndReports, time: timedelta) -> None:
    """Everything that waits has waited so much longer."""
    for row in records.all(Outbox, Outbox.state == OutboxState.PENDING):
        records.change(Outbox, Outbox.id == row.id, due_at=row.due_at - time)
    for report in records.all(Report, Report.escalate_at.is_not(None)):
        assert report.due_at is not None
        records.change(Report, Report.id == report.id, escalate_at=report.due_at - time)


def test_what_is_due_is_rung_for_once(
    records: StaffAndReports, make_clock: MakeClock, redis: Redis
) -> None:
    provider = Provider()
    clock = make_clock(provider)
    clock.tick()
    assert waiting_jobs(redis) == 0, "there is nothing to ring for"

    records.queue(records.staff(), 3)
    for _ in range(3):
        clock.tick()

    assert waiting_jobs(redis) == 1
    assert provider.taken == [], "a worker has time to come"


def test_when_no_worker_comes_the_clock_sends(
    records: StaffAndReports, make_clock: MakeClock
) -> None:
    provider = Provider()
    person = records.staff()
    records.queue(person, 3)
    passes(records, A_WHILE)
    make_clock(provider).tick()
    assert provider.counted() == {person.number: 3}


def test_without_redis_the_clock_sends(records: StaffAndReports, make_clock: MakeClock) -> None:
    provider = Provider()
    clock = make_clock(provider, REDIS_URL="unix:///nowhere/valkey.sock")
    person = records.staff()
    records.queue(person)
    clock.tick()
    assert provider.taken == []
    passes(records, A_WHILE)
    clock.tick()
    assert provider.counted() == {person.number: 1}


def test_new_work_all_the_time_does_not_make_the_old_wait(
    records: StaffAndReports, make_clock: MakeClock
) -> None:
    provider = Provider()
    clock = make_clock(provider)
    old, new = records.staff(), records.staff()
    records.queue(old)
    passes(records, A_WHILE)
    records.queue(new)
    clock.tick()
    assert provider.counted()[old.number] == 1


def test_what_died_is_taken_up(records: StaffAndReports, make_clock: MakeClock) -> None:
    records.queue(records.staff())
    records.change(Outbox, state=OutboxState.SENDING, attempt=1, maybe_sent=1)
    records.end_leases()
    before = alarms("died_while_sending")
    make_clock(Provider()).tick()
    assert records.one(Outbox).state == OutboxState.PENDING
    assert alarms("died_while_sending") == before + 1


def test_a_report_escalates_when_it_is_due(records: StaffAndReports, make_clock: MakeClock) -> None:
    nurse, lead = records.staff(), records.staff(role="lead")
    report = records.report()
    clock = make_clock(Provider())
    clock.tick()
    assert records.asked(report) == {nurse.id}
    passes(records, timedelta(minutes=5))
    for _ in range(3):
        clock.tick()
    assert records.asked(report) == {nurse.id, lead.id}


@pytest.mark.parametrize("side", ["before", "after"])
def test_an_alert_that_reached_nobody_is_passed_on_although_the_worker_died(
    records: StaffAndReports, make_clock: MakeClock, side: str
) -> None:
    nurse, lead = records.staff(), records.staff(role="lead")
    report = records.report()
    refusing = Provider(
        does=lambda number: Refused("invalid number") if number == nurse.number else None
    )
    with crash_points.armed(f"alert.give_up {side} commit !"), pytest.raises(crash_points.Crash):
        records.delivery(refusing).drain()
    make_clock(refusing).tick()
    assert records.asked(report) == {nurse.id, lead.id}


def test_an_alert_that_is_sent_anew_is_not_given_up_for_the_sms_before(
    records: StaffAndReports, make_clock: MakeClock
) -> None:
    nurse, _lead = records.staff(), records.staff(role="lead")
    report = records.report()
    with crash_points.armed("alert.give_up before commit !"), pytest.raises(crash_points.Crash):
        records.delivery(Provider(does=lambda number: Refused("invalid number"))).drain()
    with database.writing(records.engine, "test") as session:
        row = session.get_one(Report, report)
        escalation.ask_again(session, records.policy, row)
    make_clock(Provider()).tick()
    assert records.asked(report) == {nurse.id}


def test_a_timer_that_fires_late_is_an_alarm(
    records: StaffAndReports, make_clock: MakeClock
) -> None:
    records.staff()
    records.staff(role="lead")
    clock = make_clock(Provider())
    before = alarms("timer_late")
    records.report()
    passes(records, timedelta(minutes=5))
    clock.tick()
    assert alarms("timer_late") == before
    passes(records, timedelta(minutes=15))
    clock.tick()
    assert alarms("timer_late") == before + 1


def test_a_report_that_cannot_escalate_holds_up_nothing(
    records: StaffAndReports, make_clock: MakeClock
) -> None:
    nurse, lead = records.staff(), records.staff(role="lead")
    bad, good = records.report(), records.report()
    records.change(Report, Report.id == bad, priority="P9")
    records.deliver()
    passes(records, timedelta(minutes=6))
    records.queue(nurse)
    passes(records, A_WHILE)
    provider = Provider()
    before = alarms("clock_failed")

    make_clock(provider).tick()

    assert records.asked(good) == {nurse.id, lead.id}
    assert provider.counted()[nurse.number] == 1
    assert alarms("clock_failed") == before + 1


def test_an_alert_that_cannot_go_on_is_an_alarm_and_holds_up_no_other(
    records: StaffAndReports, make_clock: MakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.staff()
    records.staff(role="lead")
    bad, good = records.report(), records.report()
    records.change(Outbox, state=OutboxState.REFUSED)
    broken = records.one(Alert, Alert.report_id == bad).id
    give_up, before = escalation.give_up, alarms("clock_failed")

    def give_up_all_but_one(session: Session, alert_id: str) -> None:
        if alert_id == broken:
            raise ValueError("a fault of ours")
        give_up(session, alert_id)

    monkeypatch.setattr(escalation, "give_up", give_up_all_but_one)
    make_clock(Provider()).tick()

    assert len(records.asked(good)) == 2
    assert len(records.asked(bad)) == 1
    assert alarms("clock_failed") == before + 1


def test_the_clock_goes_on_when_the_database_is_back(
    records: StaffAndReports, make_clock: MakeClock
) -> None:
    provider = Provider()
    clock = make_clock(provider)
    person = records.staff()
    records.queue(person)
    passes(records, A_WHILE)
    gone = clock.parts.database
    event.listen(gone, "begin", refuse)
    clock.tick()
    assert provider.taken == []
    event.remove(gone, "begin", refuse)
    clock.tick()
    assert provider.counted() == {person.number: 1}


def refuse(connection: object) -> None:
    raise OperationalError("away", None, ConnectionError())


def test_connections_that_the_database_cut_are_replaced(
    records: StaffAndReports, make_clock: MakeClock
) -> None:
    """A restart of PostgreSQL ends every connection; a SQLite file has none to end."""
    provider = Provider()
    clock = make_clock(provider)
    person = records.staff()
    clock.tick()
    cut_all(records.engine)
    records.queue(person)
    passes(records, A_WHILE)
    clock.tick()
    assert provider.counted() == {person.number: 1}


def cut_all(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    engine.dispose()


def test_a_clock_ticks_until_it_is_told_to_stop(
    records: StaffAndReports, make_clock: MakeClock
) -> None:
    provider = Provider()
    clock = make_clock(provider)
    stop = threading.Event()

    def last(number: str) -> None:
        stop.set()

    provider.does = last
    records.queue(records.staff())
    passes(records, A_WHILE)
    thread = threading.Thread(target=clock.run, args=(stop,))
    thread.start()
    in_time = stop.wait(EVERY * 5)
    stop.set()
    thread.join(EVERY * 5)
    assert in_time
    assert not thread.is_alive()
    assert len(provider.taken) == 1


def test_two_clocks_and_four_workers_over_two_hundred_sms(
    records: StaffAndReports, make_clock: MakeClock
) -> None:
    """Each SMS is sent once and each report escalates once, whoever gets there first."""
    nurse, lead = records.staff(), records.staff(role="lead")
    reports = [records.report() for _ in range(40)]
    records.queue(nurse, 120)
    passes(records, timedelta(minutes=5, seconds=1))
    provider = Provider()
    clocks = [make_clock(provider) for _ in range(2)]
    workers = [make_clock(provider).delivery for _ in range(4)]
    together = threading.Barrier(6)

    def ticks(clock: Clock) -> None:
        together.wait(PATIENCE)
        for _ in range(3):
            clock.tick()

    def drains(worker: Delivery) -> None:
        together.wait(PATIENCE)
        for _ in range(3):
            worker.drain()

    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(ticks, clock) for clock in clocks]
        running += [pool.submit(drains, worker) for worker in workers]
        for one in running:
            one.result(60)
    workers[0].drain()

    assert provider.counted() == {nurse.number: 160, lead.number: 40}
    assert records.outcomes() == {"accepted": 200}
    assert len(records.all(Alert)) == 80
    for report in reports:
        assert records.asked(report) == {nurse.id, lead.id}
        assert records.report_now(report).level == 1
        assert records.report_now(report).state == ReportState.RECEIVED

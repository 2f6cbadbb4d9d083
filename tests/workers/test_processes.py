"""The worker and the clock as programs: killed, stopped, and cut off from Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from gateway.runtime import doorbell
from gateway.runtime.doorbell import RqDoorbell
from gateway.store.models import Outbox, OutboxState
from gateway.wiring import connect_redis
from sandbox.standin.client import StandIn
from sandbox.standin.config import Config
from sandbox.standin.server import background
from tests.samples import CALLER
from tests.services import PATIENCE, Valkey, running, wait_until
from tests.sms_provider import Provider
from tests.staff_and_reports import SMS_NOW, StaffAndReports, on_sqlite

pytestmark = pytest.mark.system

Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    with background(Config(tmp_path / "stand-in", "clinic", "key")) as url:
        yield StandIn(url)


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey that only this test uses, and may kill."""
    server = Valkey(tmp_path / "valkey")
    with running(server):
        yield server


@pytest.fixture
def start(
    records: StaffAndReports, stand_in: StandIn, own_valkey: Valkey, keys: Path, database_url: str
) -> Iterator[Start]:
    """Starts `worker` or `clock` on the database of the records."""
    with ExitStack() as stack:

        def starting(program: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-m", "workers", program],
                env={
                    **os.environ,
                    "DATABASE_URL": database_url,
                    "REDIS_URL": own_valkey.url,
                    "ISANGE_KEYS": str(keys / "worker"),
                    "AT_USERNAME": "clinic",
                    "AT_API_KEY": "key",
                    "ISANGE_AT_URL": stand_in.base_url,
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            stack.callback(end, process)
            return process

        yield starting


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(PATIENCE)
    if process.stdout:
        process.stdout.close()


def said(process: subprocess.Popen[str]) -> str:
    """All that a program which has ended said."""
    assert process.stdout is not None
    return process.stdout.read()


def ring(valkey: Valkey) -> None:
    redis = connect_redis(valkey.url)
    RqDoorbell(redis).ring()
    redis.close()


def listens(valkey: Valkey) -> None:
    """Wait until a worker waits for work."""
    with Redis.from_url(valkey.url) as redis:
        wait_until(
            lambda: any(client["cmd"] == "blmove" for client in redis.client_list()),
            "a worker waits for work",
        )


def received(stand_in: StandIn) -> Counter[str]:
    """How many SMS the provider really took, by number."""
    return Counter(sms.to for sms in stand_in.sent())


@contextmanager
def during_a_send(records: StaffAndReports, stand_in: StandIn, valkey: Valkey) -> Iterator[None]:
    """The provider has taken an SMS to staff and one to a caller, and has answered neither."""
    records.report(contact=SMS_NOW)
    records.queue(records.staff())
    stand_in.behave(delay=1.0)
    ring(valkey)
    wait_until(lambda: len(stand_in.sent()) == 2, "both were taken")
    yield
    stand_in.clear()


@on_sqlite
def test_a_worker_sends_when_the_doorbell_rings_and_ends_when_told(
    records: StaffAndReports, stand_in: StandIn, own_valkey: Valkey, start: Start
) -> None:
    worker = start("worker")
    listens(own_valkey)
    person = records.staff()
    records.queue(person, 3)
    ring(own_valkey)
    stand_in.wait_for_sms(person.number, 3, timeout=PATIENCE)

    worker.terminate()

    assert worker.wait(PATIENCE) == 0
    assert said(worker) == ""


@on_sqlite
def test_a_worker_that_is_told_to_end_finishes_what_is_under_way(
    records: StaffAndReports, stand_in: StandIn, own_valkey: Valkey, start: Start
) -> None:
    worker = start("worker")
    with during_a_send(records, stand_in, own_valkey):
        worker.terminate()
        assert worker.wait(PATIENCE) == 0
    assert records.outcomes() == {"accepted": 2}
    assert received(stand_in).total() == 2


def test_kill_nine_in_the_middle_of_a_send(
    records: StaffAndReports, stand_in: StandIn, own_valkey: Valkey, start: Start
) -> None:
    """The provider's own record is the witness."""
    worker = start("worker")
    with during_a_send(records, stand_in, own_valkey):
        worker.kill()
        worker.wait(PATIENCE)
    assert records.outcomes() == {"sending": 2}
    staff = next(sms.to for sms in stand_in.sent() if sms.to != CALLER)

    assert records.recover() == 0, "the lease is not over yet"
    records.end_leases()
    assert records.recover() == 2
    start("worker")
    listens(own_valkey)
    ring(own_valkey)

    wait_until(lambda: records.outcomes() == {"accepted": 1, "unknown": 1}, "all is settled")
    assert received(stand_in) == {staff: 2, CALLER: 1}


@on_sqlite
def test_a_worker_outlives_a_redis_that_dies_while_it_waits(
    records: StaffAndReports, stand_in: StandIn, own_valkey: Valkey, start: Start
) -> None:
    worker = start("worker")
    listens(own_valkey)
    own_valkey.kill()
    own_valkey.start()
    person = records.staff()
    records.queue(person)
    ring(own_valkey)
    stand_in.wait_for_sms(person.number, timeout=PATIENCE)
    assert worker.poll() is None


@on_sqlite
def test_a_worker_ends_when_redis_dies_under_a_job_and_can_be_started_again(
    records: StaffAndReports, stand_in: StandIn, own_valkey: Valkey, start: Start
) -> None:
    """Nothing is lost by it: what was under way is settled, for that is in SQL."""
    worker = start("worker")
    with during_a_send(records, stand_in, own_valkey):
        own_valkey.kill()
        assert worker.wait(PATIENCE) == 1
    assert records.outcomes() == {"accepted": 2}
    heard = said(worker)
    assert "redis_gone" in heard or "library_warning" in heard
    assert "Traceback" not in heard
    assert CALLER[1:] not in heard

    own_valkey.start()
    start("worker")
    listens(own_valkey)
    person = records.staff()
    records.queue(person)
    ring(own_valkey)
    stand_in.wait_for_sms(person.number, timeout=PATIENCE)


@on_sqlite
def test_a_worker_refuses_a_job_that_is_not_ours(
    records: StaffAndReports, own_valkey: Valkey, start: Start, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    worker = start("worker")
    listens(own_valkey)
    with Redis.from_url(own_valkey.url) as redis:
        queue = Queue(doorbell.ALERTS, connection=redis, serializer=JSONSerializer)
        queue.enqueue_call("os.system", args=(f"touch {mark}",))
        wait_until(lambda: queue.failed_job_registry.get_job_ids(), "the job was refused")
    worker.terminate()
    assert worker.wait(PATIENCE) == 0
    assert not mark.exists()
    heard = said(worker)
    assert "NotOurJob" in heard
    assert str(mark) not in heard


@on_sqlite
def test_a_clock_sends_when_there_is_no_worker_and_no_redis(
    records: StaffAndReports, stand_in: StandIn, own_valkey: Valkey, start: Start
) -> None:
    own_valkey.kill()
    person = records.staff()
    records.queue(person)
    clock = start("clock")
    stand_in.wait_for_sms(person.number, timeout=PATIENCE)
    wait_until(lambda: records.outcomes() == {"accepted": 1}, "it is noted")
    clock.send_signal(signal.SIGTERM)
    assert clock.wait(PATIENCE) == 0
    assert received(stand_in) == {person.number: 1}


def test_clocks_and_workers_as_processes_over_two_hundred_sms(
    records: StaffAndReports, stand_in: StandIn, own_valkey: Valkey, start: Start
) -> None:
    person = records.staff()
    records.queue(person, 200)
    records.change(Outbox, due_at=records.now())
    for program in ("worker", "worker", "clock", "clock"):
        start(program)
    listens(own_valkey)
    wait_until(
        lambda: not records.all(Outbox, Outbox.state != OutboxState.ACCEPTED), "all have left"
    )
    assert received(stand_in) == {person.number: 200}
    assert records.delivery(Provider()).drain() == 0

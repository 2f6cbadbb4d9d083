"""The queue: a bell that says nothing, and a worker that does nothing but its own jobs."""

from __future__ import annotations

import base64
import itertools
import json
import pickle
import signal
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis, UnixDomainSocketConnection
from rq import Callback, Queue
from rq.job import Job
from rq.registry import FailedJobRegistry
from rq.serializers import DefaultSerializer, JSONSerializer
from rq.webhook import Webhook

from gateway.runtime import doorbell
from gateway.runtime.doorbell import DRAIN, RqDoorbell
from gateway.runtime.settings import Settings
from gateway.store.models import Outbox, Report
from gateway.wiring import Parts, connect_redis
from tests.one_process_line import Line
from tests.samples import CALLER
from tests.sandbox.receiver import listening
from tests.shared_parts import delivery
from tests.sms_provider import Provider
from tests.staff_and_reports import P1, SMS_NOW, StaffAndReports
from workers import jobs
from workers.jobs import JobTable, OwnJob, OwnWorker


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """RQ's worker takes these over."""
    taken = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = {signum: signal.getsignal(signum) for signum in taken}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


@pytest.fixture
def queue(redis: Redis) -> Queue:
    """The queue as somebody else sees it who can write to our Redis."""
    return Queue(doorbell.ALERTS, connection=redis, serializer=JSONSerializer)


@pytest.fixture
def parts(settings: Callable[..., Settings], database_url: str) -> Iterator[Parts]:
    made = Parts(settings("worker", DATABASE_URL=database_url), "worker")
    yield made
    made.database.dispose()


def works(redis: Redis, table: JobTable) -> OwnWorker:
    """A worker with these jobs that has done all that was queued."""
    job_class = type("TestJob", (OwnJob,), {"table": table})
    queue = Queue(doorbell.ALERTS, connection=redis, serializer=JSONSerializer, job_class=job_class)
    worker = OwnWorker(
        [queue],
        connection=redis,
        serializer=JSONSerializer,
        job_class=job_class,
        worker_ttl=jobs.WORKER_TTL,
        log_job_description=False,
    )
    worker.work(burst=True, logging_level="WARNING")
    return worker


class Counting:
    """A job that counts, and would take anything."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, *args: object, **values: object) -> int:
        self.runs += 1
        return self.runs


def test_ringing_wakes_a_worker_that_sends(
    records: StaffAndReports, redis: Redis, parts: Parts
) -> None:
    person = records.staff()
    records.queue(person, 5)
    provider = Provider()
    RqDoorbell(redis).ring()

    works(redis, {DRAIN: delivery(parts, provider).drain})

    assert provider.counted() == {person.number: 5}


def test_the_service_starts_with_a_job_that_drains(parts: Parts, redis: Redis) -> None:
    worker = jobs.worker(parts, redis)
    assert set(jobs.table(parts)) == {DRAIN}
    assert worker.queue_names() == list(doorbell.QUEUES)
    assert worker.serializer is JSONSerializer


def test_a_doorbell_that_nobody_heard_is_not_rung_again(queue: Queue, redis: Redis) -> None:
    for _ in range(50):
        RqDoorbell(redis).ring()
    assert queue.count == 1
    counting = Counting()
    works(redis, {DRAIN: counting})
    assert (queue.count, counting.runs) == (0, 1)
    RqDoorbell(redis).ring()
    assert queue.count == 1


class Tried(UnixDomainSocketConnection):
    """A connection that counts how often it was tried to make."""

    times = 0

    def connect(self) -> None:
        Tried.times += 1
        super().connect()  # type: ignore[no-untyped-call]


def test_a_doorbell_without_redis_is_silent_and_tries_once_more_at_most() -> None:
    nowhere = connect_redis("unix:///nowhere/valkey.sock")
    nowhere.connection_pool.connection_class = Tried
    RqDoorbell(nowhere).ring()
    assert 1 <= Tried.times <= 2


def test_a_job_says_nothing_and_leaves_nothing(queue: Queue, redis: Redis) -> None:
    RqDoorbell(redis).ring()
    (job,) = queue.jobs
    assert json.loads(job.data) == [DRAIN, None, [], {}]
    assert job.description == DRAIN
    assert job.result_ttl == 0
    assert job.failure_ttl == 4 * 3600
    assert 0 < redis.ttl(job.key) <= 120

    works(redis, {DRAIN: Counting()})

    assert redis.keys("rq:job:*") == []
    assert redis.keys("rq:results:*") == []
    assert redis.keys("rq:executions:*") == []


def test_a_job_that_fails_is_forgotten_and_quotes_nothing(queue: Queue, redis: Redis) -> None:
    def fails() -> None:
        raise ValueError(f"cannot write to {CALLER}")

    RqDoorbell(redis).ring()
    works(redis, {DRAIN: fails})

    failed = FailedJobRegistry(queue=queue).get_job_ids()
    assert len(failed) == 1
    assert 0 < redis.ttl(f"rq:job:{failed[0]}") <= 4 * 3600
    assert "JobFailed" in everything(redis), "the failure itself must be seen"
    assert CALLER[1:] not in everything(redis)


def everything(redis: Any) -> str:
    """Every key and value of every kind: as it is, and unpacked as RQ packs."""
    read: dict[bytes, Callable[[bytes], Iterable[bytes]]] = {
        b"string": lambda key: [redis.get(key)],
        b"hash": lambda key: itertools.chain(*redis.hgetall(key).items()),
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": lambda key: redis.smembers(key),
        b"zset": lambda key: redis.zrange(key, 0, -1),
        b"stream": lambda key: [
            part for _, fields in redis.xrange(key) for pair in fields.items() for part in pair
        ],
    }
    found: list[bytes] = []
    for key in redis.scan_iter("*"):
        found.append(key)
        for value in read[redis.type(key)](key):
            found += [value, inflated(value), inflated(unarmoured(value))]
    return b"\n".join(found).decode("utf-8", "replace")


def inflated(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error:
        return b""


def unarmoured(value: bytes) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return b""


def test_nothing_about_a_person_is_ever_in_redis(line: Line, redis: Redis) -> None:
    """A whole report, with a look into Redis at every step of it."""
    nurse = line.staff("kabutare")
    seen: list[str] = []
    phone = line.phone(CALLER).dial().press(2)
    for label in (
        "Yes, continue",
        "Continue",
        "18 or more",
        "Sexual violence",
        "Last 3 days",
        "Continue",
    ):
        phone.choose(label)
        seen.append(everything(redis))
    line.phone(CALLER).dial().press(1).choose("Ask centre to call me", "Yes, call now")
    seen.append(everything(redis))
    works(redis, {DRAIN: line.delivery.drain})
    line.text(nurse, "1 123456 0000")
    seen.append(everything(redis))

    assert "rq:queue:alerts" in seen[-2]
    personal = (CALLER[1:], CALLER[4:], nurse[1:], "sexual", "within_72h", "adult", "ISANGE")
    for step, content in enumerate(seen):
        found = [word for word in personal if word in content]
        assert not found, f"at step {step} Redis holds {found}"


def test_only_own_jobs_run(queue: Queue, redis: Redis, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    counting = Counting()
    hostile = [
        ("os.system", (f"touch {mark}",), {}),
        ("subprocess.check_call", (["touch", str(mark)],), {}),
        ("builtins.exec", (f"open({str(mark)!r}, 'w')",), {}),
        ("workers.deliver.Delivery.drain", (), {}),
        ("workers.__main__.clock", (), {}),
        (DRAIN, (str(mark),), {}),
        (DRAIN, (), {"seconds": 10**9}),
        (f"{DRAIN} ", (), {}),
        ("", (), {}),
    ]
    for name, args, kwargs in hostile:
        queue.enqueue_call(name or "x", args=args, kwargs=kwargs)

    works(redis, {DRAIN: counting})

    assert not mark.exists()
    assert counting.runs == 0
    assert len(FailedJobRegistry(queue=queue).get_job_ids()) == len(hostile)


def test_a_pickled_job_is_not_even_read(queue: Queue, redis: Redis, tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    class Touches:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (mark,))

    assert pickle.loads(pickle.dumps(Touches())) is None, "unpickling it does touch the file"  # noqa: S301
    mark.unlink()
    pickling = Queue(doorbell.ALERTS, connection=redis, serializer=DefaultSerializer)
    pickling.enqueue_call(DRAIN, args=(Touches(),))
    works(redis, {DRAIN: Counting()})
    assert not mark.exists()
    assert len(FailedJobRegistry(queue=queue).get_job_ids()) == 1


@pytest.mark.parametrize("job", [lambda: None, lambda: 1 / 0], ids=["succeeds", "fails"])
def test_a_job_cannot_bring_a_callback_along(
    queue: Queue, redis: Redis, job: Callable[[], object]
) -> None:
    """RQ imports the callbacks that a job names and calls them, and posts to its webhooks."""
    called = Callback("tests.workers.test_jobs.leaves_a_mark")
    with listening() as listener:
        hooks = [
            Webhook(f"{listener.url}/hook", "finished", method="POST"),
            Webhook(f"{listener.url}/hook", "failed", method="POST"),
        ]
        queue.enqueue_call(
            DRAIN, on_success=called, on_failure=called, on_stopped=called, webhooks=hooks
        )
        works(redis, {DRAIN: job})
        assert listener.heard("/hook") == []
    assert MARKS == []


MARKS: list[str] = []


def leaves_a_mark(job: Job, *what: object) -> None:
    MARKS.append(job.id)


def test_a_worker_waits_for_work_no_longer_than_a_cut_cable_may_cost(
    parts: Parts, redis: Redis
) -> None:
    worker = jobs.worker(parts, redis)
    assert worker.dequeue_timeout < worker.connection_timeout <= 60
    assert worker.max_connection_wait_time <= 2
    longest = worker.get_heartbeat_ttl(Job(connection=redis))
    assert longest > doorbell.LONGEST_JOB


def test_a_report_and_its_answers_are_not_in_the_jobs_of_a_burst(
    records: StaffAndReports, redis: Redis, parts: Parts
) -> None:
    records.staff()
    for _ in range(5):
        records.report(contact=SMS_NOW, answers=P1)
        RqDoorbell(redis).ring()
    ids = {row.id for row in records.all(Outbox)} | {row.id for row in records.all(Report)}
    assert not [one for one in ids if one in everything(redis)]
    provider = Provider()
    works(redis, {DRAIN: delivery(parts, provider).drain})
    assert len(provider.taken) == 10, "one job drains all"

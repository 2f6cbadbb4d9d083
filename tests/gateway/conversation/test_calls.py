"""What tells a call from another of the same name, at several processes and when Redis forgets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import select

from gateway.conversation.incremental import IncrementalConversation
from gateway.conversation.sessions import Sessions
from gateway.store import database
from gateway.store.models import Report
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.callers import welcome
from menus.engine import Engine
from menus.speech import Speech
from tests.gateway.conftest import Process
from tests.gateway.conversation.test_cumulative import ALERTED, Diary, a_conversation, request
from tests.gateway.conversation.test_incremental import ALERT, message
from tests.gateway.conversation.test_incremental import Diary as Occasions
from tests.gateway.web.ussd_wire import counted, opened, reports, wire
from tests.menus.fakes import few
from tests.shared_parts import SharedParts

SENT = "END Your request is sent."


class Clock:
    """The world's clock, as a test moves it."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def forget_calls(parts: SharedParts) -> None:
    """All calls were over for so long that Redis has forgotten them."""
    for key in parts.redis.scan_iter("session:*"):
        parts.redis.delete(key)


def age_reports(parts: SharedParts, seconds: int) -> None:
    with database.writing(parts.database, "test") as session:
        for one in session.scalars(select(Report)):
            one.created_at -= timedelta(seconds=seconds)


@pytest.fixture
def pair(process: Process, vaults: Callable[[Role], Vault]) -> tuple[SharedParts, SharedParts]:
    """Two of several callers' processes."""
    first, second = (process(ISANGE_WEB_PROCESSES="2") for _ in range(2))
    opened(first.database, first.pack, vaults("staff"))
    return first, second


def test_a_call_with_the_name_of_one_that_is_forgotten_is_a_new_one(
    pair: tuple[SharedParts, SharedParts],
) -> None:
    one, other = (wire(parts) for parts in pair)
    first = one.walk("1*1*1")
    age_reports(pair[0], 311)
    forget_calls(pair[0])
    second = other.walk("1*1*1")
    assert first.startswith(SENT)
    assert second.startswith(SENT)
    assert second != first
    assert reports(pair[0]) == 2


@pytest.mark.parametrize(("seconds", "made"), [(200, 1), (241, 2)])
def test_a_call_that_was_lost_finds_what_was_done_in_as_long_as_a_call_lasts(
    pair: tuple[SharedParts, SharedParts], seconds: int, made: int
) -> None:
    """Redis lost its memory, and the last step comes once more, to the other process."""
    one, other = (wire(parts) for parts in pair)
    first = one.walk("1*1*1")
    age_reports(pair[0], seconds)
    pair[0].redis.flushall()
    before = counted("rebuilt")
    again = other.step("1*1*1")
    assert counted("rebuilt") == before + 1
    assert (again == first) is (made == 1)
    assert reports(pair[0]) == made


def test_twins_of_a_lost_call_do_once_what_another_call_did_long_ago(
    pair: tuple[SharedParts, SharedParts],
) -> None:
    one, other = (wire(parts) for parts in pair)
    one.walk("1*1*1")
    age_reports(pair[0], 1_000)
    pair[0].redis.flushall()
    told = other.step("1*1*1")
    pair[0].redis.flushall()
    assert wire(pair[1]).step("1*1*1") == told
    assert reports(pair[0]) == 2


def test_a_process_that_remembers_the_last_call_does_not_go_on_with_it(
    redis: Redis, vaults: Callable[[Role], Vault], clock: Clock
) -> None:
    """Another one answered the first keys of the new call; they are the same keys."""
    diary = Diary()
    one, other = (a_conversation(redis, vaults("web"), diary, clock, alone=False) for _ in range(2))
    for text in ("", "3", "3*1", ALERTED, f"{ALERTED}*2"):
        one.answer(request(text))
        clock.now += 3
    clock.now += 20
    began = clock.now
    for text in ("", "3"):
        other.answer(request(text))
    one.answer(request("3*1"))
    clock.now += 5
    one.answer(request(ALERTED))
    assert [step.age() for step in diary.steps] == [clock.now - 1_000_000.0, clock.now - began]


def test_a_call_goes_on_whatever_the_clocks_of_its_machines_say(
    redis: Redis, vaults: Callable[[Role], Vault], clock: Clock
) -> None:
    late = Clock()
    late.now -= 90
    diary = Diary()
    one = a_conversation(redis, vaults("web"), diary, clock, alone=False)
    other = a_conversation(redis, vaults("web"), diary, late, alone=False)
    one.answer(request(""))
    one.answer(request("0"))
    assert other.answer(request("")).event == "begin"
    assert one.answer(request("3")).event == "step"
    assert other.answer(request("3*1")).event == "step"


def test_the_next_conversation_of_one_name_has_an_age_of_its_own(
    redis: Redis, vaults: Callable[[Role], Vault], clock: Clock
) -> None:
    """On networks that send the newest input alone."""
    diary = Occasions()
    line = IncrementalConversation(
        Engine(welcome.first, few(), Speech({})),
        Sessions(redis, vaults("web"), "newest"),
        diary,
        "en",
        welcome.first,
        clock=clock,
    )
    for _ in range(2):
        line.answer(message(None))
        for key in ALERT:
            clock.now += 5
            line.answer(message(key))
        clock.now += 100
    clock.now -= 100
    assert [step.age() for _, step in diary.done] == [130.0, 15.0]

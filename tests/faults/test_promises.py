"""The account of a run knows what callers do when an answer is lost, and overlooks nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete

from gateway.store import database
from gateway.store.models import Alert, Outbox
from tests.faults.callers import Caller
from tests.faults.conftest import Lay
from tests.faults.crowd import for_help
from tests.faults.promises import Account, Story, account
from tests.faults.running_service import RunningService

pytestmark = pytest.mark.system


def test_a_caller_whose_answer_was_lost_asks_again(lay: Lay, sqlite_url: str) -> None:
    """Her second report is folded into the first: who comes for the one has the other with it."""
    running = lay(sqlite_url)
    caller = asks_twice(running)
    running.settle()
    found = accounted(running, caller)
    assert found.is_kept, found
    assert (found.told, found.durable, len(found.alerts)) == (1, 1, 2)


def test_nobody_was_asked_about_either(lay: Lay, sqlite_url: str) -> None:
    running = lay(sqlite_url)
    caller = asks_twice(running)
    running.settle()
    with database.writing(running.engine, "test.nobody") as session:
        session.execute(delete(Outbox))
        session.execute(delete(Alert))
    assert accounted(running, caller).broken == ["a report that nobody was asked about"] * 2


def asks_twice(running: RunningService) -> Caller:
    """She is told once only: what the line said to her the first time never reached her."""
    unheard = running.caller()
    for_help(unheard)
    caller = Caller(unheard.url, unheard.number)
    for_help(caller)
    return caller


def accounted(running: RunningService, caller: Caller) -> Account:
    story = Story(told=caller.told, callers=[caller.number], recovered=datetime.now(UTC))
    return account(running.witnesses, "an answer lost", story)

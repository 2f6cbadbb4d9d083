"""The provider goes wrong in every known way: alerts leave within a minute after it ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest

from gateway.store.models import AlertState
from tests.faults.conftest import Lay
from tests.faults.crowd import Crowd, a_report
from tests.faults.proxy import Wires
from tests.faults.running_service import NURSES, RunningService
from tests.services import wait_until

CALLERS = 6

FAILURES: Mapping[str, Mapping[str, Any]] = {
    "answers 500": {"http_status": 500},
    "answers 502 and takes it": {"http_status": 502, "accepted": True},
    "hangs for 15 s": {"delay": 15},
    "resets the connection": {"fault": "reset"},
    "takes it and falls silent": {"fault": "timeout"},
    "answers half": {"fault": "malformed_json"},
    "has no credit": {"status_code": 405},
    "is busy": {"status_code": 500},
}
"""How the stand-in is told to behave (docs/stand-in.md)."""

OUTAGES = (25.0, 70.0)
"""Seconds: shorter and longer than all that a message to staff is tried for at once."""


def _lasts(seconds: float) -> None:
    Event().wait(seconds)


def _comes_back(running: RunningService, crowd: Crowd, how: str) -> None:
    """From now on the provider does well: see what was promised kept."""
    recovered = datetime.now(UTC)
    wait_until(
        lambda: crowd.account(running.witnesses, how, recovered).late == 0,
        "every alert has left",
        75,
    )
    running.settle(seconds=120)
    found = crowd.account(running.witnesses, how, recovered)
    assert found.is_kept, found


@pytest.mark.parametrize("how", sorted(FAILURES))
@pytest.mark.parametrize("seconds", OUTAGES)
def test_the_provider_fails_for_a_while(
    lay: Lay, sqlite_url: str, how: str, seconds: float
) -> None:
    running = lay(sqlite_url)
    running.network.behave(**FAILURES[how])
    with Crowd(running.url("ussd"), CALLERS, dials=a_report) as crowd:
        pass
    assert crowd.shown == [], "the provider is none of a caller's business"
    _lasts(seconds)
    running.network.clear()
    _comes_back(running, crowd, how)


@pytest.mark.parametrize("how", ["black hole", "refuses"])
@pytest.mark.parametrize("seconds", OUTAGES)
def test_the_provider_cannot_be_reached(
    lay: Lay, wires: Wires, sqlite_url: str, how: str, seconds: float
) -> None:
    running = lay(sqlite_url)
    for one in wires.to("provider"):
        one.black_hole() if how == "black hole" else one.refuse()
    with Crowd(running.url("ussd"), CALLERS, dials=a_report) as crowd:
        pass
    assert crowd.shown == []
    _lasts(seconds)
    for one in wires.to("provider"):
        one.mend()
    _comes_back(running, crowd, how)


def test_a_nurse_has_blocked_us(lay: Lay, sqlite_url: str) -> None:
    """The others are asked; she is not asked again and again."""
    running = lay(sqlite_url)
    running.network.behave(running.number("health"), status_code=406)
    code = running.caller().report()
    running.wait_for_alert("counsellor", code)
    running.settle()
    assert not running.network.sent(running.number("health"))


def test_both_nurses_have_blocked_us(lay: Lay, sqlite_url: str) -> None:
    """The lead is asked at once, and not when their time is up."""
    running = lay(sqlite_url)
    for role in NURSES:
        running.network.behave(running.number(role), status_code=406)
    code = running.caller().report()
    running.wait_for_alert("lead", code)
    running.settle()
    states = running.alerts(code)
    assert states[AlertState.UNREACHABLE] == len(NURSES), states

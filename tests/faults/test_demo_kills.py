"""Whatever dies is back in seconds, the call goes on and nothing is lost."""

from __future__ import annotations

import pytest

from tests.faults.demos import CHILDREN, Demo
from tests.faults.handsets import code_on
from tests.services import wait_until

pytestmark = pytest.mark.system


@pytest.mark.parametrize("name", CHILDREN)
def test_a_killed_process_is_back_and_the_call_goes_on(demo: Demo, name: str) -> None:
    earlier = demo.phone().report()
    demo.wait_for_settled(earlier.code)
    before = demo.sent(about=earlier.code)
    phone = demo.phone().begin_report()

    demo.wait_for_another(name, than=demo.kill_child(name))

    if name == "stand-in":
        phone = demo.phone().begin_report()  # The calls of a network die with it.
    report = phone.finish_report()
    demo.wait_for_sms(demo.staff("kabutare")["health"], report.code)
    assert demo.sent(about=earlier.code) == before
    assert {earlier.code, report.code} <= set(demo.records.reports())


def test_a_call_goes_on_while_valkey_is_dead(demo: Demo) -> None:
    phone = demo.phone().begin_report()

    with demo.frozen():  # Nobody starts it again.
        dead = demo.kill_child("valkey")
        report = phone.finish_report()

    demo.wait_for_another("valkey", than=dead)
    demo.wait_for_sms(demo.staff("kabutare")["health"], report.code)


def test_a_call_goes_on_after_everything_in_valkey_is_gone(demo: Demo) -> None:
    phone = demo.phone().begin_report()

    demo.flush()

    report = phone.finish_report()
    demo.wait_for_sms(demo.staff("kabutare")["health"], report.code)


def test_a_doorbell_that_was_lost_is_rung_again(demo: Demo) -> None:
    with demo.frozen():
        worker = demo.kill_child("worker")
        report = demo.phone().report()
        demo.flush()

    demo.wait_for_another("worker", than=worker)
    demo.wait_for_settled(report.code)
    assert len(demo.sent(about=report.code)) == 2
    assert len(demo.sent(to=report.caller)) == 1


def test_without_worker_and_valkey_the_clock_delivers(demo: Demo) -> None:
    with demo.frozen():
        valkey, worker = demo.kill_child("valkey"), demo.kill_child("worker")
        report = demo.phone().report()
        demo.wait_for_sms(demo.staff("kabutare")["health"], report.code)
        demo.wait_for_settled(report.code)

    demo.wait_for_another("valkey", than=valkey)
    demo.wait_for_another("worker", than=worker)
    assert len(demo.sent(about=report.code)) == 2
    assert len(demo.sent(to=report.caller)) == 1


@pytest.mark.parametrize("accepted", [True, False], ids=["accepted", "not accepted"])
def test_a_worker_is_killed_while_it_sends(demo: Demo, accepted: bool) -> None:
    """Nobody knows whether those SMS left: staff get them again, a caller never does."""
    staff = demo.staff("kabutare", "health", "counsellor")
    demo.network.behave(delay=30, http_status=None if accepted else 500)
    report = demo.phone().report()
    wait_until(lambda: set(demo.states(report.code)) == {"sending"}, "all are being sent")
    if accepted:
        wait_until(lambda: demo.sent(to=report.caller), "the network has the caller's")
        for number in staff.values():
            demo.wait_for_sms(number, report.code)

    demo.wait_for_another("worker", than=demo.kill_child("worker"))
    demo.network.clear()
    demo.records.end_leases(report.code)
    demo.wait_for_settled(report.code)

    already = 1 if accepted else 0
    for number in staff.values():
        assert len(demo.sent(to=number, about=report.code)) == already + 1
    assert len(demo.sent(to=report.caller)) == already
    assert demo.states(report.code) == ["accepted", "accepted", "unknown"]


def is_tried(demo: Demo, code: str) -> bool:
    return any(row.outcome == "no connection" for row in demo.records.outbox(code))


def test_while_the_provider_is_away_messages_wait(demo: Demo) -> None:
    with demo.frozen():
        dead = demo.kill_child("stand-in")
        code = code_on(demo.urgent_call())
        wait_until(lambda: is_tried(demo, code), "a send has failed")

    demo.wait_for_another("stand-in", than=dead)
    demo.wait_for_sms(demo.staff("national")["national"], code)

"""However a demo ends, nothing of it is left, and the next start goes on where it stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.faults.demos import Demo
from tests.faults.handsets import code_on
from tests.services import wait_until

pytestmark = pytest.mark.system

NewDemo = Callable[..., Demo]


def test_after_kill_9_nothing_is_left_and_the_next_start_goes_on(new_demo: NewDemo) -> None:
    demo = new_demo().start()
    nurse = demo.staff("kabutare")["health"]
    demo.network.behave(status_code=501)
    phone = demo.phone().begin_report().go_on_to_the_last_word()
    waiting = demo.phone().report()
    wait_until(lambda: has_failed(demo, waiting.code), "no SMS could leave")

    sessions = demo.kill()
    wait_until(lambda: not demo.left_behind(sessions), "nothing is left")
    demo.start()

    send = f"{phone.history}*{phone.key('Send: health')}"
    code = code_on(demo.step(phone.number, send, phone.call.id))
    assert set(demo.records.reports()) == {waiting.code, code}
    for report in (waiting.code, code):
        demo.wait_for_sms(nurse, report)
        demo.wait_for_settled(report)
        assert demo.states(report) == ["accepted"] * 3
    assert len(demo.sent(to=waiting.caller)) == len(demo.sent(to=phone.number)) == 1


def has_failed(demo: Demo, code: str) -> bool:
    """Whether all SMS about a report were tried and are waiting for their next time."""
    return all(row.state == "pending" and row.outcome for row in demo.records.outbox(code))


def test_ctrl_c_stops_all_of_it_and_the_next_start_goes_on(new_demo: NewDemo) -> None:
    demo = new_demo().start()
    before, sessions = demo.info, demo.sessions
    nurse = demo.staff("kabutare")["health"]
    demo.network.behave(delay=1)
    report = demo.phone().report()
    wait_until(lambda: demo.sent(to=report.caller), "an SMS is just being sent")

    assert demo.stop(signal.SIGINT) == 0
    assert not demo.left_behind(sessions)
    assert not demo.is_described
    demo.start()

    assert {**demo.info, "pids": None} == {**before, "pids": None}
    demo.wait_for_settled(report.code)
    assert demo.states(report.code) == ["accepted"] * 3
    demo.answer(demo.wait_for_sms(nurse, report.code))
    wait_until(
        lambda: demo.records.reports()[report.code] == "accepted", "the alert can be accepted"
    )


def test_sigterm_stops_all_of_it_and_fresh_forgets(new_demo: NewDemo) -> None:
    demo = new_demo().start()
    before, sessions = demo.info, demo.sessions
    demo.phone().report()

    assert demo.stop(signal.SIGTERM) == 0
    assert not demo.left_behind(sessions)
    demo.start("--fresh")

    assert demo.records.reports() == {}
    assert demo.sent() == []
    assert demo.info["ussd_url"] != before["ussd_url"]
    demo.phone().report()

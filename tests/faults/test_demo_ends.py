"""However a demo ends, nothing of it is left, and the next start goes on where it stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable

from tests.faults.demos import Demo, code_on
from tests.services import wait_until

NewDemo = Callable[..., Demo]

GONE = 5.0
"""Seconds after `kill -9` of the parent, when no process of the demo may be left."""

WARM_START = 5.0
"""Seconds from the command to the first answer on the phone, in a folder that was used before."""


def test_after_kill_9_nothing_is_left_and_the_next_start_goes_on(new_demo: NewDemo) -> None:
    demo = new_demo().start()
    nurse = demo.staff("kabutare")["health"]
    demo.network.behave(http_status=500)
    waiting = demo.phone().report()
    wait_until(lambda: demo.states(waiting.code) == ["pending"] * 3, "no SMS has left")
    phone = demo.phone().begin_report().go_on_to_the_last_word()

    sessions = demo.kill()
    wait_until(lambda: not demo.left_behind(sessions), "nothing is left", GONE)
    demo.start()

    send = f"{phone.history}*{phone.key('Send: health')}"
    code = code_on(demo.step(phone.number, send, phone.call.id))
    assert set(demo.reports()) == {waiting.code, code}
    for report in (waiting.code, code):
        demo.wait_for_sms(nurse, report)
        demo.wait_for_settled(report)
        assert demo.states(report) == ["accepted"] * 3
    assert len(demo.sent(to=waiting.caller)) == len(demo.sent(to=phone.number)) == 1


def test_ctrl_c_stops_all_of_it_and_a_warm_start_is_quick(new_demo: NewDemo) -> None:
    demo = new_demo().start()
    before, sessions = demo.info, demo.sessions
    report = demo.phone().report()
    alert = demo.wait_for_sms(demo.staff("kabutare")["health"], report.code)
    demo.wait_for_settled(report.code)

    assert demo.stop(signal.SIGINT) == 0
    assert not demo.left_behind(sessions)
    assert not demo.is_described
    demo.start()

    print(f"first answer after {demo.started_in:.2f} s")
    assert demo.started_in < WARM_START
    assert {**demo.info, "pids": None} == {**before, "pids": None}
    demo.answer(alert)
    wait_until(lambda: demo.reports()[report.code] == "accepted", "the alert can be accepted")


def test_sigterm_stops_all_of_it_and_fresh_forgets(new_demo: NewDemo) -> None:
    demo = new_demo().start()
    before, sessions = demo.info, demo.sessions
    demo.phone().report()

    assert demo.stop(signal.SIGTERM) == 0
    assert not demo.left_behind(sessions)
    demo.start("--fresh")

    assert demo.reports() == {}
    assert demo.sent() == []
    assert demo.info["ussd_url"] != before["ussd_url"]
    demo.phone().report()


def test_a_start_that_was_killed_half_way_is_taken_up(new_demo: NewDemo) -> None:
    demo = new_demo().start()
    staff = demo.info["staff"]
    demo.stop()
    (demo.data / "staff.json").unlink()  # The last thing that is written before the processes.

    demo.start()

    assert demo.info["staff"] == staff
    demo.wait_for_settled(demo.phone().report().code)

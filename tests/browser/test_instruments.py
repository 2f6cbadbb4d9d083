"""Each button beside the phones does something that the gateway or the network can tell of."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import pytest

from sandbox.standin.client import Sms
from tests.browser.conftest import Sit
from tests.browser.desk import Desk, Drawn
from tests.browser.gateway import Gateway, Row
from tests.faults.demos import Demo
from tests.services import wait_until

pytestmark = pytest.mark.system


@pytest.fixture
def desk(sit: Sit) -> Desk:
    return sit()


@pytest.fixture
def gateway(demo: Demo) -> Gateway:
    return Gateway(demo.info["database_url"])


def text_sent(desk: Desk, phone: str = "survivor") -> str:
    """Everything typed in a call, as the network last sent it."""
    fields = parse_qs(str(desk.call(phone)["request"]), keep_blank_values=True)
    return fields["text"][0]


def quickly(desk: Desk) -> Drawn:
    """The survivor's phone in a call whose limits are ten times shorter than in life."""
    phone = desk.phone("survivor").take()
    desk.choose("Time limits of the next call", "quick")
    wait_until(lambda: desk.state()["phones"][0]["pace"] == "quick", "the limits are changed")
    return phone.dial()


def test_hang_up(desk: Desk) -> None:
    desk.phone("survivor").dial()
    call = desk.call("survivor")

    desk.press("Hang up")

    desk.wait_for_ending(call["id"], "Incomplete")
    assert desk.network.ask("GET", f"/control/calls/{call['id']}")["state"] == "hung_up"


def test_lose_network(desk: Desk) -> None:
    quickly(desk)
    call = desk.call("survivor")

    desk.press("Lose network")

    desk.phone("survivor").sees("The network has ended the session")
    desk.wait_for_ending(call["id"], "Incomplete")
    assert desk.phone("survivor").root.locator(".net").inner_text() == "No network"
    desk.press("Lose network")
    wait_until(lambda: desk.state()["phones"][0]["reachable"], "the network is back")
    desk.phone("survivor").take().type("Enter").sees("Dial *").dial()


def test_an_sms_to_a_phone_without_network_comes_back(desk: Desk, gateway: Gateway) -> None:
    desk.phone("duty").take()
    desk.press("Lose network")
    wait_until(lambda: not desk.state()["phones"][2]["reachable"], "the network is lost")

    row = provoke(desk, gateway)

    assert settled(gateway, row).delivery == "AbsentSubscriber"


def test_send_the_step_again(desk: Desk) -> None:
    desk.phone("survivor").dial().answer("2", "safe to use this phone")
    before = desk.call("survivor")

    desk.press("Send the step again")
    wait_until(lambda: desk.call("survivor")["hops"] == before["hops"] + 1, "it is sent again")

    again = desk.call("survivor")
    assert again["request"] == before["request"]
    assert again["answer"]["body"] == before["answer"]["body"]


def test_answer_slowly(desk: Desk) -> None:
    phone = quickly(desk)
    call = desk.call("survivor")["id"]
    desk.press("Answer slowly")
    wait_until(lambda: desk.state()["phones"][0]["late"], "the next answer will be late")

    phone.take().type("2", "Enter").sees("Connection problem")

    desk.wait_for_ending(call, "Failed")
    assert desk.call("survivor")["error"] == "timeout"


def test_empty_answer(desk: Desk) -> None:
    desk.phone("survivor").dial().answer("2", "safe to use this phone")

    desk.press("Empty answer")

    wait_until(lambda: text_sent(desk) == "2*", "nothing was sent as an answer")
    desk.phone("survivor").sees("You typed nothing.")
    assert desk.call("survivor")["state"] == "open"


def test_type_a_star(desk: Desk) -> None:
    desk.phone("survivor").dial().answer("2", "safe to use this phone")

    desk.press("Type *")

    wait_until(lambda: text_sent(desk) == "2**", "a star was sent as an answer")
    desk.phone("survivor").sees("Please type 1-4.")
    assert desk.call("survivor")["state"] == "open"


def test_dial_through(desk: Desk) -> None:
    desk.phone("survivor").take()
    desk.page.get_by_label("Dial through, beyond the code").fill("2*1")

    desk.press("Dial through")

    desk.phone("survivor").sees("We do not ask your name")
    assert text_sent(desk) == "2*1"


def test_whoever_types_nothing_is_cut_off(desk: Desk) -> None:
    quickly(desk)
    call = desk.call("survivor")["id"]

    desk.phone("survivor").sees("The network has ended the session")

    desk.wait_for_ending(call, "Incomplete")
    clock = desk.page.locator("[data-clock=idle]")
    assert clock.inner_text().startswith("Next key")


def test_the_countdowns_are_those_of_the_network(desk: Desk) -> None:
    desk.phone("survivor").dial()
    call = desk.call("survivor")

    for clock, words, limit in (("session", "Session", 180), ("idle", "Next key", 30)):
        shown = desk.page.locator(f"[data-clock={clock}]").inner_text()
        left = [int(number) for number in re.findall(r"\d+", shown)]
        assert shown.startswith(words)
        assert left
        assert limit - 15 < left[0] <= limit
    assert desk.page.locator("[data-clock=answer]").inner_text().startswith("Answer")
    assert call["age"] < 15


def test_the_meter_and_the_wire_are_those_of_the_call(desk: Desk) -> None:
    desk.phone("survivor").dial()
    call = desk.call("survivor")

    meter = desk.page.get_by_role("group", name="Room on the screen").inner_text()
    assert f"{len(call['screen'])} of 160 (at most 182), GSM-7" in meter
    assert desk.page.get_by_label("Request").inner_text().replace("\n", "") == call["request"]
    assert "CON Health & Family Info" in desk.page.get_by_label("Answer", exact=True).inner_text()


def test_network_and_language_of_a_phone(desk: Desk) -> None:
    desk.phone("survivor").take()
    desk.choose("Network", "63514")
    desk.choose("Language", "sw")
    wait_until(lambda: desk.state()["phones"][0]["language"] == "sw", "it is chosen")

    desk.phone("survivor").take().type("Enter", "Enter").sees("Habari za afya na familia")

    assert "networkCode=63514" in desk.call("survivor")["request"]


def test_a_new_sim_card(desk: Desk) -> None:
    before = desk.phone("survivor").take().number

    desk.press("New SIM card")

    wait_until(lambda: desk.phone("survivor").number != before, "there is a new card")
    desk.phone("survivor").dial()
    assert desk.call("survivor")["number"] == desk.phone("survivor").number


ANSWER = "not_understood"
"""What the line writes to staff whose SMS it cannot read."""


def provoke(desk: Desk, gateway: Gateway) -> Row:
    """Have the line write to the phone on duty; its SMS."""
    before = set(gateway.all(ANSWER))
    desk.network.incoming(desk.phone("duty").number, "what?")
    wait_until(lambda: set(gateway.all(ANSWER)) - before, "the line answers")
    (written,) = set(gateway.all(ANSWER)) - before
    return gateway.all(ANSWER)[written]


def settled(gateway: Gateway, sms: Row) -> Row:
    """An SMS once the provider has refused it, or the network has reported on it."""

    def now() -> Row:
        return gateway.all(ANSWER)[sms.id]

    def known() -> bool:
        return bool(now().delivery or (now().outcome and now().state != "accepted"))

    wait_until(known, "the line knows what became of it")
    return now()


def sent_to_duty(desk: Desk) -> list[Sms]:
    return desk.network.sent(desk.phone("duty").number)


@pytest.mark.parametrize(
    ("button", "state"),
    [("Refuse", "refused"), ("No credit", "pending"), ("Blacklisted", "refused")],
)
def test_an_sms_that_is_not_taken(desk: Desk, gateway: Gateway, button: str, state: str) -> None:
    # Each time the phone of another person, because the line remembers who cannot be reached.
    holder = {"Refuse": "health", "No credit": "national", "Blacklisted": "counsellor"}[button]
    desk.hand_over("duty", holder)
    desk.phone("duty").take()
    before = sent_to_duty(desk)
    desk.press(button)
    wait_until(lambda: desk.state()["mishaps"], "the mishap is in force")

    row = settled(gateway, provoke(desk, gateway))

    assert row.state == state
    assert row.outcome
    assert sent_to_duty(desk) == before
    table = desk.page.get_by_role("region", name="SMS on their way")
    wait_until(lambda: state in table.inner_text(), "the page shows what the line says")


@pytest.mark.parametrize(
    ("button", "posts"),
    [("Duplicate", ["Success", "Success"]), ("Reorder", ["Success", "Sent"])],
)
def test_delivery_reports_that_are_odd(
    desk: Desk, gateway: Gateway, button: str, posts: list[str]
) -> None:
    desk.phone("duty").take()
    desk.press(button)
    wait_until(lambda: desk.state()["mishaps"], "the mishap is in force")

    row = settled(gateway, provoke(desk, gateway))
    came = [
        parse_qs(post["body"])["status"][0]
        for post in wait_for_posts(desk, row.message or "", len(posts))
    ]

    assert came == posts
    assert settled(gateway, row).delivery == "Success"
    assert set(gateway.reports(row.message)) == set(posts)


def wait_for_posts(desk: Desk, message: str, count: int) -> list[dict[str, str]]:
    """The delivery reports of an SMS, as the gateway took them."""

    def taken() -> list[dict[str, str]]:
        posts = desk.network.posts("delivery")
        return [post for post in posts if message in post["body"] and post["taken"]]

    wait_until(lambda: len(taken()) == count, "the gateway has taken all reports")
    return taken()


def test_delay(desk: Desk, gateway: Gateway) -> None:
    desk.phone("duty").take()
    desk.press("Delay")
    wait_until(lambda: desk.state()["mishaps"], "the mishap is in force")

    row = provoke(desk, gateway)

    wait_until(lambda: gateway.all(ANSWER)[row.id].state == "accepted", "the network has taken it")
    number = desk.phone("duty").number
    sent = desk.network.sent(number)[-1]
    assert sent.id not in {sms.id for sms in desk.network.inbox(number)}
    assert gateway.reports(sent.id) == []


def test_every_sms_until_it_is_cleared(desk: Desk) -> None:
    desk.phone("duty").take()
    desk.page.get_by_label("every SMS, until it is cleared").check()
    desk.press("Delay")
    wait_until(lambda: desk.state()["mishaps"], "the mishap is in force")
    (mishap,) = desk.network.ask("GET", "/control/behaviours")
    assert "times" not in mishap

    desk.press("Clear")

    wait_until(lambda: desk.network.ask("GET", "/control/behaviours") == [], "it is cleared")


@pytest.mark.parametrize("name", ["worker", "valkey"])
def test_a_machine_is_killed_and_started_again(desk: Desk, demo: Demo, name: str) -> None:
    before = demo.pids[name]

    desk.page.locator(f"[data-kill={name}]").click()

    demo.wait_for_another(name, than=before)
    desk.phone("survivor").dial()
    shown = f"process {demo.pids[name]}"
    button = desk.page.locator(f"[data-kill={name}]")
    wait_until(lambda: shown in button.inner_text(), "the page shows the new process")


def test_skip_to_the_next_timer(desk: Desk, demo: Demo) -> None:
    code = demo.phone().report().code
    demo.wait_for_settled(code)
    lead = demo.staff("kabutare", "lead")["lead"]

    # Reports of other tests may wait as well: each press lets time pass to the nearest timer.
    def woken() -> bool:
        if demo.sent(to=lead, about=code):
            return True
        desk.press("Skip to the next timer")
        return False

    wait_until(woken, "the lead is woken")
    assert "NOT ACCEPTED" in demo.sent(to=lead, about=code)[0].text

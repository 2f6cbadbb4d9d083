"""What the buttons of the phone page do on the pretend network, beside a small application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.country.pack import Pack
from sandbox.standin.client import StandIn
from tests.sandbox.conftest import SmsAt, Start
from tests.sandbox.phones import Page, describe
from tests.sandbox.receiver import Heard, Receiver
from tests.services import PATIENCE

Opened = Callable[[], Page]


def menu(heard: Heard) -> tuple[int, str]:
    """Shows what it was sent; a 0 ends the call."""
    text = heard["text"] if heard.path in ("/ussd", "/staff") else ""
    return 200, f"{'END' if text.endswith('0') else 'CON'} <{text}>"


@pytest.fixture
def network(start: Start, app: Receiver, pack: Pack) -> StandIn:
    app.speak = menu
    return start(staff_service_code=pack.codes.staff)


@pytest.fixture
def page(network: StandIn, tmp_path: Path, pack: Pack, sqlite_url: str) -> Page:
    describe(tmp_path, pack, network.base_url, sqlite_url)
    return Page.open(tmp_path, network)


@pytest.fixture
def code(pack: Pack) -> str:
    return pack.codes.callers


def texts(app: Receiver) -> list[str]:
    return [step["text"] for step in app.heard("/ussd")]


def test_a_call(page: Page, app: Receiver, code: str) -> None:
    call = page.dial("survivor", code)
    assert (call["screen"], call["state"]) == ("<>", "open")
    assert call["fill"] == {
        "alphabet": "GSM-7",
        "used": 2,
        "budget": 160,
        "room": 182,
        "parts": 1,
    }

    assert page.press("survivor", "10")["state"] == "ended"
    assert texts(app) == ["", "10"]
    assert page.phone("survivor")["call"]["answer"]["body"] == "END <10>"


def test_what_stands_beyond_the_code_is_sent_at_once(page: Page, app: Receiver, code: str) -> None:
    page.dial("survivor", code.replace("#", "*1*2#"))

    assert texts(app) == ["1*2"]


def test_staff_dial_a_code_of_their_own(page: Page, app: Receiver, pack: Pack) -> None:
    page.dial("duty", pack.codes.staff)

    (step,) = app.heard("/staff")
    assert step["phoneNumber"] == page.phone("duty")["number"]


@pytest.mark.parametrize("dialled", ["", "384", "*999#", "*384*3029", "hello"])
def test_an_unknown_code_is_not_sent_anywhere(page: Page, app: Receiver, dialled: str) -> None:
    answer = page.ask("POST", "phones/survivor/dial", {"dialled": dialled})

    assert (answer.status_code, answer.get_json()["error"][:11]) == (409, "The network")
    assert texts(app) == []


@pytest.mark.parametrize("typed", ["", "*", "1*2", "#"])
def test_odd_answers_go_out_as_they_are(page: Page, app: Receiver, code: str, typed: str) -> None:
    page.dial("survivor", code)
    page.press("survivor", "1")
    page.press("survivor", typed)

    assert texts(app)[-1] == f"1*{typed}"


def test_a_step_is_sent_again_byte_for_byte(page: Page, app: Receiver, code: str) -> None:
    page.dial("survivor", code)
    page.press("survivor", "1")

    page.do("POST", "phones/survivor/repeat")

    steps = app.heard("/ussd")
    assert steps[-1].body == steps[-2].body
    assert page.phone("survivor")["call"]["hops"] == 3


def test_hanging_up_is_told_to_the_application(page: Page, app: Receiver, code: str) -> None:
    page.dial("survivor", code)

    page.do("POST", "phones/survivor/hang-up")

    (event,) = app.wait("/events")
    assert event["status"] == "Incomplete"
    page.do("POST", "phones/survivor/put-away")
    assert page.phone("survivor")["call"] is None


def test_an_answer_can_come_too_late(page: Page, app: Receiver, code: str) -> None:
    page.do("PATCH", "phones/survivor", {"pace": "quick"})
    page.dial("survivor", code)
    page.do("PATCH", "phones/survivor", {"late": True})

    call = page.press("survivor", "1")

    assert (call["state"], call["error"]) == ("cut", "timeout")
    assert app.wait("/events")[0]["status"] == "Failed"
    assert page.dial("survivor", code)["state"] == "open"


def test_a_new_sim_card_is_another_caller(page: Page, app: Receiver, code: str) -> None:
    page.dial("survivor", code)
    before = page.phone("survivor")["number"]

    page.do("PATCH", "phones/survivor", {"holder": "caller"})

    after = page.phone("survivor")
    assert after["number"] != before
    assert after["call"] is None
    assert app.wait("/events")[0]["status"] == "Incomplete"


def test_another_person_takes_the_phone(page: Page) -> None:
    nurse = page.phone("duty")

    page.do("PATCH", "phones/duty", {"holder": "national"})

    assert page.phone("duty")["name"] == "National desk"
    assert page.phone("duty")["number"] not in {nurse["number"], page.phone("lead")["number"]}


def test_network_and_language_are_chosen(page: Page, app: Receiver, code: str) -> None:
    page.do("PATCH", "phones/survivor", {"network": "63514", "language": "fr"})

    assert page.phone("survivor")["language"] == "fr"
    answer = page.ask("POST", "phones/survivor/dial", {"dialled": code})
    # This application has no line for languages, so that choosing one cannot go on.
    assert (answer.status_code, app.heard("/ussd")[0]["networkCode"]) == (409, "63514")


@pytest.mark.parametrize(
    "nonsense",
    [{"language": "xx"}, {"network": "1"}, {"pace": "late"}, {"holder": "lead"}, {"colour": 1}],
)
def test_settings_that_a_phone_does_not_have(page: Page, nonsense: dict[str, object]) -> None:
    assert page.ask("PATCH", "phones/survivor", nonsense).status_code == 409


def test_an_sms_is_written_and_read_and_deleted(
    page: Page, app: Receiver, network: StandIn
) -> None:
    page.do("POST", "phones/duty/messages", {"text": "1 234567 0000", "to": "INFO"})
    (heard,) = app.wait("/sms")
    assert (heard["text"], heard["to"]) == ("1 234567 0000", "INFO")

    (mine,) = page.phone("duty")["messages"]
    assert (mine["mine"], mine["read"], mine["fill"]["parts"]) == (True, True, 1)
    page.do("DELETE", f"phones/duty/messages/{mine['id']}")
    assert page.phone("duty")["messages"] == []


def test_an_sms_arrives_while_somebody_watches(page: Page, network: StandIn) -> None:
    number = page.phone("survivor")["number"]
    SmsAt(network.base_url).send("Hello", [number])

    message = page.wait_for_message("survivor")

    assert (message["text"], message["read"]) == ("Hello", False)
    page.do("POST", f"phones/survivor/messages/{message['id']}/read")
    assert page.phone("survivor")["messages"][0]["read"]


def test_a_phone_without_network_gets_and_sends_nothing(
    page: Page, app: Receiver, network: StandIn, code: str
) -> None:
    page.do("PATCH", "phones/survivor", {"reachable": False})
    SmsAt(network.base_url).send("Hello", [page.phone("survivor")["number"]])

    (report,) = app.wait("/delivery")
    assert report["status"] == "AbsentSubscriber"
    assert page.ask("POST", "phones/survivor/dial", {"dialled": code}).status_code == 409
    assert texts(app) == []

    page.do("PATCH", "phones/survivor", {"reachable": True})
    assert page.dial("survivor", code)["state"] == "open"


def test_without_network_a_call_runs_out_of_time(page: Page, app: Receiver, code: str) -> None:
    page.do("PATCH", "phones/survivor", {"pace": "quick"})
    page.dial("survivor", code)

    page.do("PATCH", "phones/survivor", {"reachable": False})

    assert page.ask("POST", "phones/survivor/press", {"typed": "1"}).status_code == 409
    assert page.ask("POST", "phones/survivor/hang-up").status_code == 204
    assert page.phone("survivor")["call"]["state"] == "open"
    assert app.wait("/events", timeout=PATIENCE)[0]["status"] == "Incomplete"


@pytest.mark.parametrize(
    ("what", "field", "value"),
    [
        ("refuse", "status_code", 407),
        ("delay", "report_delay", 10.0),
        ("duplicate", "reports", ["Success", "Success"]),
        ("reorder", "reports", ["Success", "Sent"]),
        ("no_credit", "status_code", 405),
        ("blacklisted", "status_code", 406),
    ],
)
def test_a_mishap_is_in_force_until_it_has_happened_or_is_cleared(
    page: Page, network: StandIn, what: str, field: str, value: object
) -> None:
    page.do("POST", "phones/duty/mishaps", {"what": what})
    (mishap,) = page.state()["mishaps"]
    assert (mishap["phone"], mishap["times"], mishap[field]) == ("duty", 1, value)

    page.do("DELETE", "phones/duty/mishaps")
    page.do("POST", "phones/duty/mishaps", {"what": what, "lasting": True})
    (mishap,) = network.ask("GET", "/control/behaviours")
    assert (mishap["number"], "times" in mishap) == (page.phone("duty")["number"], False)


@pytest.mark.parametrize("name", ["worker", "web", "demo", "init"])
def test_no_process_is_killed_but_those_with_a_button(page: Page, name: str) -> None:
    answer = page.ask("POST", f"processes/{name}/kill")

    assert answer.status_code == 409
    assert "no process" in answer.get_json()["error"]


def test_what_happens_is_recorded(page: Page, code: str) -> None:
    page.do("DELETE", "recording")
    page.dial("neighbour", code)
    page.press("neighbour", "0")

    recording = page.ask("GET", "recording").get_json()

    assert (recording["format"], recording["country"], recording["story"]) == (1, "rw", None)
    assert recording["phones"]["neighbour"] == {
        "role": "caller",
        "name": "Caller",
        "number": page.phone("neighbour")["number"],
    }
    seen = [
        (entry["kind"], entry.get("dialled", entry.get("typed", entry.get("text"))))
        for entry in recording["entries"]
    ]
    assert seen == [("dial", code), ("screen", "<>"), ("press", "0"), ("screen", "<0>")]
    assert recording["entries"][-1]["state"] == "ended"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "phones/nobody/dial", {"dialled": "*1#"}),
        ("POST", "phones/survivor/press", {"typed": "1"}),
        ("POST", "phones/survivor/repeat", {}),
        ("POST", "phones/survivor/dial", {"dialled": 7}),
        ("POST", "phones/survivor/dial", {"dialled": "1" * 200}),
        ("POST", "phones/survivor/messages/none/read", {}),
        ("POST", "phones/survivor/mishaps", {"what": "fire"}),
        ("POST", "story", {"id": "none", "speed": "fast"}),
        ("POST", "story", {"id": "lead", "speed": "light"}),
        ("POST", "story/pause", {}),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    page: Page, method: str, path: str, body: dict[str, object]
) -> None:
    answer = page.ask(method, path, body)

    assert answer.status_code == 409
    assert answer.get_json()["error"].endswith(".")

"""The real Kannel between us and a pretend network: out, back, and when one of its parts dies."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from sqlalchemy import func, select
from werkzeug.serving import make_server

from gateway.runtime.phones import Msisdn
from gateway.runtime.settings import Settings
from gateway.sms.providers.contract import (
    Accepted,
    OperatorFault,
    Outcome,
    Pulse,
    Refused,
    TryLater,
    Unknown,
)
from gateway.sms.providers.kannel import Kannel as Provider
from gateway.store import database
from gateway.store.models import Outbox, Report
from gateway.vault.roles import Role
from gateway.web import callers
from gateway.wiring import Parts
from sandbox.demo.folder import free_port
from tests.faults.kannels import PASSWORD, Kannel
from tests.one_process_line import Line
from tests.samples import CALLER, SECRET
from tests.services import wait_until
from workers.deliver import Delivery

pytestmark = pytest.mark.system

PARTS = {
    "text": lambda data: data,
    "ucs-2": lambda data: unquote_to_bytes(data).decode("utf-16-be"),
}


@pytest.fixture
def port() -> int:
    """Where our app is reached, once it is."""
    return free_port()


@pytest.fixture
def kannel(tmp_path: Path, port: int) -> Iterator[Kannel]:
    made = Kannel(tmp_path, f"http://127.0.0.1:{port}", SECRET)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def provider(kannel: Kannel) -> Provider:
    return Provider(kannel.url, "isange", PASSWORD, "3029")


def send(kannel: Kannel, text: str = "Hello", to: str = CALLER) -> Outcome:
    return provider(kannel).send(Msisdn(to), text)


def from_ucs2(data: str) -> str:
    return unquote_to_bytes(data.replace("+", " ")).decode("utf-16-be")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Your appointment is confirmed. Thank you.", "text"),
        ("[A] é è à ù € {~} @_$ 1 2", "text"),
        ("Ça va ? œuf – 🙏", "ucs-2"),
        ("Umuntu ’ ashobora", "ucs-2"),
    ],
)
def test_an_sms_arrives_letter_by_letter(kannel: Kannel, text: str, kind: str) -> None:
    assert isinstance(send(kannel, text), Accepted)
    wait_until(kannel.got, "the SMS has arrived")
    ((sender, to, arrived_as, data),) = kannel.got()
    assert (sender, to, arrived_as) == ("3029", CALLER, kind)
    assert (data if kind == "text" else from_ucs2(data)) == text


def test_what_kannel_answers_when_something_is_wrong(kannel: Kannel) -> None:
    ours = provider(kannel)
    wrong = {
        replace(ours, password="old"): OperatorFault("not authenticated"),
        replace(ours, url=kannel.url + "x"): OperatorFault("wrong address"),
        replace(ours, sender=""): OperatorFault("request not understood"),
        replace(ours, reports_to="ftp://x"): OperatorFault("request not understood"),
    }
    assert {one: one.send(Msisdn(CALLER), "x") for one in wrong} == wrong
    assert ours.send(Msisdn("+1234"), "x") == Refused("invalid number")

    kannel.kill("network")
    wait_until(lambda: send(kannel) == Unknown("queued without a link"), "the link is down")
    kannel.command("stop-smsc?smsc=link")
    wait_until(lambda: send(kannel) == OperatorFault("not routable"), "there is no link")
    kannel.kill("bearerbox")
    wait_until(lambda: send(kannel) == TryLater("no connection"), "smsbox has closed its port")
    assert not any(CALLER[1:] in said for said in (repr(list(wrong.values())), repr(ours)))


def test_the_pulse_of_kannel(kannel: Kannel) -> None:
    blind = provider(kannel)
    seeing = replace(blind, status_url=kannel.status_url)
    assert blind.probe() == seeing.probe() == Pulse(alive=True)
    assert replace(blind, password="old").probe() == Pulse(alive=False)
    kannel.kill("network")
    wait_until(lambda: seeing.probe() == Pulse(alive=False), "the link is seen to be down")
    assert blind.probe() == Pulse(alive=True), "which only the status page tells"
    kannel.start_network()
    assert seeing.probe() == Pulse(alive=True)
    kannel.kill("bearerbox")
    wait_until(lambda: blind.probe() == Pulse(alive=False), "smsbox is seen to be down")
    assert seeing.probe() == Pulse(alive=False)


def test_kannel_logs_neither_number_nor_text(kannel: Kannel) -> None:
    send(kannel, "Your appointment")
    kannel.write(CALLER, "3029", "my secret")
    wait_until(kannel.got, "the SMS has arrived")
    kannel.command("stop-smsc?smsc=link")
    wait_until(lambda: send(kannel) == OperatorFault("not routable"), "there is no link")
    for word in (CALLER[1:], "appointment", "secret"):
        assert word not in kannel.logs()


@pytest.fixture
def line(settings: Callable[..., Settings], kannel: Kannel, port: int) -> Iterator[Line]:
    """The whole line with Kannel as its only provider, and its callers' app on a socket."""
    other = {
        "ISANGE_PROVIDERS": "kannel",
        "KANNEL_URL": kannel.url,
        "KANNEL_USERNAME": "isange",
        "KANNEL_PASSWORD": PASSWORD,
        "KANNEL_SENDER": "3029",
        "KANNEL_CALLBACK": f"http://127.0.0.1:{port}",
    }
    roles: tuple[Role, ...] = ("web", "staff", "worker")
    receipts = {"ISANGE_CALLBACK_SECRETS": SECRET}  # Kannel brings them to the callers' app.
    given = {"web": other, "staff": other, "worker": {**other, **receipts}}
    made = Line(*(Parts(settings(role, **given[role]), role) for role in roles))
    made.delivery = Delivery.of(made.worker)
    yield made
    made.close()


@pytest.fixture
def open_app(line: Line, port: int) -> Iterator[Callable[[], None]]:
    """Lets our app be reached."""
    opened = []

    def opens() -> None:
        server = make_server("127.0.0.1", port, callers.create_app(line.web), threaded=True)
        opened.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    yield opens
    for server in opened:
        server.shutdown()


def only_sms(line: Line) -> Outbox:
    with database.reading(line.web.database) as session:
        return session.scalars(select(Outbox).where(Outbox.template == "alert")).one()


def state_of_report(line: Line) -> str:
    with database.reading(line.web.database) as session:
        return session.scalars(select(Report.state)).one()


def not_understood(line: Line) -> int:
    with database.reading(line.web.database) as session:
        query = select(func.count()).where(Outbox.template == "not_understood")
        return session.scalar(query) or 0


def alert(line: Line) -> str:
    """Somebody is in danger, and one nurse on duty; her number. The alert is sent."""
    nurse = line.staff("national", "national")
    line.phone().dial().press(1, 1, 1)
    line.delivery.drain()
    return nurse


def test_an_alert_goes_out_its_report_comes_back_and_the_reply_is_read(
    line: Line, kannel: Kannel, open_app: Callable[[], None]
) -> None:
    open_app()
    nurse = alert(line)
    wait_until(kannel.got, "the alert has arrived")
    (_, to, _, text), *_ = kannel.got()
    assert to == nurse
    wait_until(lambda: only_sms(line).delivery == "Success", "its delivery is reported")

    reply = re.search(r"Reply (1 \d+ \d{4})", text)
    assert reply, text
    kannel.write(nurse, "3029", reply[1])
    wait_until(lambda: state_of_report(line) == "accepted", "the reply is read")
    assert len(kannel.got()) == 1, "Kannel answers nobody by itself"


def test_what_our_app_did_not_take_is_brought_again(
    line: Line, kannel: Kannel, open_app: Callable[[], None]
) -> None:
    nurse = alert(line)
    wait_until(kannel.got, "the alert has arrived")
    kannel.write(nurse, "3029", "Ça va")
    assert only_sms(line).delivery is None

    open_app()

    wait_until(lambda: only_sms(line).delivery == "Success", "its delivery is reported")
    wait_until(lambda: not_understood(line) == 1, "her SMS is answered, once")

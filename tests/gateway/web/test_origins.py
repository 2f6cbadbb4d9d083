"""A callback from elsewhere is served all the same, counted, and an alarm once a minute."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from gateway.runtime import callbacks
from gateway.runtime.memory import Throttle
from gateway.runtime.settings import Settings, SettingsError
from gateway.web import callers
from gateway.web.origins import TELL_AGAIN
from tests.gateway.conftest import Process
from tests.gateway.web.ussd_wire import FIRST, form
from tests.samples import SECRET

THEIRS = "192.0.2.0/24, 2001:db8::/32"
STRANGER = "203.0.113.9"
USSD = callbacks.url("", SECRET, "ussd")


def elsewhere() -> float:
    """How many steps of this process came from elsewhere."""
    name = "isange_callbacks_from_elsewhere_total"
    return REGISTRY.get_sample_value(name, {"kind": "ussd"}) or 0.0


def client(process: Process, **settings: str) -> FlaskClient:
    given = {"ISANGE_CALLBACK_NETWORKS": THEIRS, **settings}
    return callers.create_app(process(**given)).test_client()


def counted(line: FlaskClient, address: str, forwarded: str | None = None) -> bool:
    """Whether a step from an address, which is answered in any case, is counted."""
    before = elsewhere()
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    answer = line.post(
        USSD, data=form(), headers=headers, environ_overrides={"REMOTE_ADDR": address}
    )
    assert answer.get_data(as_text=True).startswith(FIRST)
    return elsewhere() - before == 1


@pytest.mark.parametrize(
    ("address", "from_elsewhere"),
    [
        ("192.0.2.77", False),
        ("2001:db8::1", False),
        ("::ffff:192.0.2.77", False),
        (STRANGER, True),
        ("2001:db9::1", True),
        ("", True),
        ("unix:", True),
    ],
)
def test_a_callback_from_elsewhere_is_served_and_counted(
    process: Process, address: str, *, from_elsewhere: bool
) -> None:
    assert counted(client(process), address) == from_elsewhere


def test_without_a_list_nowhere_is_elsewhere(process: Process) -> None:
    assert not counted(client(process, ISANGE_CALLBACK_NETWORKS=""), STRANGER)


def test_what_anybody_can_write_is_not_believed(process: Process) -> None:
    assert counted(client(process), STRANGER, forwarded="192.0.2.77")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "from_elsewhere"),
    [
        ("1", "192.0.2.77", False),
        ("1", f"{STRANGER}, 192.0.2.77", False),
        ("1", f"192.0.2.77, {STRANGER}", True),
        ("2", f"192.0.2.77, {STRANGER}", False),
        ("2", "192.0.2.77", True),
        ("1", None, True),
        ("1", "nonsense", True),
    ],
)
def test_behind_proxies_the_address_is_what_the_outermost_of_ours_saw(
    process: Process, proxies: str, forwarded: str | None, *, from_elsewhere: bool
) -> None:
    line = client(process, ISANGE_PROXIES=proxies)
    assert counted(line, "10.0.0.1", forwarded) == from_elsewhere


def test_a_stranger_without_the_secret_raises_no_alarm(process: Process) -> None:
    line, before = client(process), elsewhere()
    answer = line.post(f"/at/{'x' * 32}/ussd", environ_overrides={"REMOTE_ADDR": STRANGER})
    assert answer.status_code == 404
    assert elsewhere() == before


def test_the_log_tells_it_once_a_minute_and_never_the_address(process: Process) -> None:
    line = client(process)
    with capture_logs() as events:
        for _ in range(5):
            counted(line, STRANGER)
    told = [one for one in events if one.get("kind") == "callback_from_elsewhere"]
    assert [(one["count"], one["where"]) for one in told] == [(1, "ussd")]
    assert STRANGER not in str(events)


def test_what_was_not_told_is_added_to_what_is_told_next() -> None:
    clock = iter((0.0, 0.0, 1.0, 2.0, TELL_AGAIN, TELL_AGAIN))
    throttle = Throttle(TELL_AGAIN, clock=lambda: next(clock))
    assert [throttle.add() for _ in range(4)] == [1, 0, 0, 3]


@pytest.mark.parametrize("given", ["192.0.2.1/24", "all", "192.0.2.0/24 10.0.0.0/8", "10.0.0.0/33"])
def test_a_list_that_cannot_be_read_is_refused_at_the_start(process: Process, given: str) -> None:
    with pytest.raises(SettingsError, match="ISANGE_CALLBACK_NETWORKS is a list of networks"):
        process(ISANGE_CALLBACK_NETWORKS=given)


def test_no_proxies_is_the_default(process: Process) -> None:
    settings: Settings = process().settings
    assert (settings.callback_networks, settings.proxies) == ((), 0)

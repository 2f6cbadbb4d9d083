"""Which SMS providers there are, as the operator says it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from gateway.runtime.settings import Settings, SettingsError, Share
from gateway.sms.providers.africastalking import AfricasTalking
from gateway.sms.providers.kannel import Kannel
from gateway.wiring import Parts
from tests.samples import SECRET

Make = Callable[..., Settings]

KANNEL = {
    "KANNEL_URL": "http://127.0.0.1:13013/cgi-bin/sendsms",
    "KANNEL_USERNAME": "isange",
    "KANNEL_PASSWORD": "hidden",
    "KANNEL_SENDER": "3029",
    "KANNEL_CALLBACK": "https://line.example/",
}


def test_one_provider_unless_told_otherwise(settings: Make) -> None:
    assert settings("worker").providers == (Share("africastalking", 1),)


@pytest.mark.parametrize(
    ("given", "shares"),
    [
        ("kannel", (Share("kannel", 1),)),
        ("africastalking:10,kannel:5", (Share("africastalking", 10), Share("kannel", 5))),
        (" kannel : 100 , africastalking", (Share("kannel", 100), Share("africastalking", 1))),
    ],
)
def test_shares(settings: Make, given: str, shares: tuple[Share, ...]) -> None:
    assert settings("worker", ISANGE_PROVIDERS=given).providers == shares


NO_WEIGHTS = (0, 101, -1, "x")
NO_SHARES = ["twilio", "kannel,", ":5", "kannel,kannel:2", *(f"kannel:{n}" for n in NO_WEIGHTS)]


@pytest.mark.parametrize("given", NO_SHARES)
def test_what_is_no_list_of_shares_stops_the_start(settings: Make, given: str) -> None:
    with pytest.raises(SettingsError, match="ISANGE_PROVIDERS"):
        settings("worker", ISANGE_PROVIDERS=given)


@pytest.mark.parametrize(
    ("given", "amount"), [("", None), ("500", Decimal(500)), ("0.5", Decimal("0.5"))]
)
def test_a_low_balance(settings: Make, given: str, amount: Decimal | None) -> None:
    assert settings("worker", ISANGE_LOW_BALANCE=given).low_balance == amount


@pytest.mark.parametrize("given", ["lots", "-1", "NaN", "Infinity", "1,5"])
def test_what_is_no_amount_stops_the_start(settings: Make, given: str) -> None:
    with pytest.raises(SettingsError, match="ISANGE_LOW_BALANCE"):
        settings("worker", ISANGE_LOW_BALANCE=given)


def test_a_fleet_of_two(settings: Make) -> None:
    shares = "africastalking:2,kannel:3"
    given = settings("worker", ISANGE_PROVIDERS=shares, ISANGE_CALLBACK_SECRETS=SECRET, **KANNEL)
    fleet = Parts(given, "worker").fleet
    assert fleet.weights == {"africastalking": 2, "kannel": 3}
    assert isinstance(fleet["africastalking"], AfricasTalking)
    kannel = fleet["kannel"]
    assert isinstance(kannel, Kannel)
    assert kannel.reports_to is not None
    assert kannel.reports_to.startswith("https://line.example/kannel/")
    assert not any(secret in repr(kannel) + repr(given) for secret in ("hidden", SECRET))


@pytest.mark.parametrize("missing", KANNEL)
def test_a_half_set_kannel_sends_nothing(settings: Make, missing: str) -> None:
    given = settings("worker", ISANGE_PROVIDERS="kannel", **{**KANNEL, missing: ""})
    with pytest.raises(SettingsError, match="KANNEL_"):
        _ = Parts(given, "worker").fleet


def test_africas_talking_needs_its_account(settings: Make) -> None:
    with pytest.raises(SettingsError, match="AT_USERNAME"):
        _ = Parts(settings("worker", AT_API_KEY=""), "worker").fleet

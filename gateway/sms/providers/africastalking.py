"""SMS through Africa's Talking, by its own Python package.

Facts this file leans on, measured on version 2.0.3 of the package: a refused recipient is HTTP 201
and no exception; every HTTP failure is one exception that carries only the body's text; an answer
whose content type has parameters comes back as a string; its errors quote numbers; it follows
redirects, which is why requests are made here. There is no idempotency key, so after a lost answer
nobody knows whether the SMS went out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import requests
from africastalking.Application import ApplicationService
from africastalking.Service import AfricasTalkingException, Service
from africastalking.SMS import SMSService

from gateway.runtime.phones import Msisdn
from gateway.sms.providers import failures
from gateway.sms.providers.contract import (
    Accepted,
    OperatorFault,
    Outcome,
    Pulse,
    Refused,
    TryLater,
    Unknown,
    is_whole,
)

TIMEOUTS: Final = (3.05, 9.05)
"""Seconds to connect, and to wait for the answer; those of the package itself."""

PROBE_TIMEOUTS: Final = (3.05, 3.05)

STATUSES: Final[Mapping[int, Outcome]] = {
    100: Accepted("processed"),
    101: Accepted("sent"),
    102: Accepted("queued"),
    401: Refused("risk hold"),
    402: OperatorFault("invalid sender id"),
    403: Refused("invalid number"),
    404: Refused("unsupported number type"),
    405: OperatorFault("insufficient balance"),
    406: Refused("user in blacklist", opted_out=True),
    407: Refused("could not route"),
    409: Refused("do not disturb"),
    500: TryLater("internal server error"),
    501: TryLater("gateway error"),
    502: TryLater("rejected by gateway", most=2),
}
"""Per-recipient status codes (Africa's Talking, Bulk SMS reference) and what they mean for us.

Users of 502 disagree whether another try can help.
"""

HTTP_ERRORS: Final[Mapping[str, Outcome]] = {
    "authentication": OperatorFault("not authenticated"),
    "unauthorized": OperatorFault("not authenticated"),
    "forbidden": OperatorFault("not allowed"),
    "missing required": OperatorFault("request not understood"),
    "bad request": OperatorFault("request not understood"),
    "not found": OperatorFault("wrong address"),
    "too many requests": TryLater("too many at once"),
    "service unavailable": TryLater("not available"),
    "temporarily unavailable": TryLater("not available"),
}
"""Words in the body of an HTTP error after which the SMS was certainly not sent.

The package keeps nothing but that body. Any other error may have come from behind a gateway that
had passed the SMS on, so it proves nothing.
"""

NOT_JSON: Final = (ValueError, RecursionError)
"""What reading an answer may raise, a number of 5,000 digits and brackets without end included."""

BALANCE: Final = re.compile(r"[A-Z]{3} (-?\d{1,15}(?:\.\d{1,8})?)")
"""As in "XXX 1785.5000", in the currency of the account."""

WHOLE_CALL: Final[Mapping[str, Outcome]] = {
    "sender": OperatorFault("invalid sender id"),
    "balance": OperatorFault("insufficient balance"),
}
"""Words in the message of an answer without recipients: the call failed as a whole."""


class Redirected(Exception):
    """We were sent elsewhere, and did not go."""


class _Direct(Service):  # type: ignore[misc]  # The package has no types.
    """Requests of the package that go to its own address and nowhere else.

    A redirect would take telephone number, text and API key to whatever address it names.
    """

    def _make_request(
        self,
        url: str,
        method: str,
        headers: Mapping[str, str],
        data: Any,
        params: Any,
        callback: None = None,
        timeout: tuple[float, float] = TIMEOUTS,
    ) -> object:
        answer = requests.request(
            method,
            url,
            headers=dict(headers),
            params=params,
            data=data,
            timeout=timeout,
            allow_redirects=False,
        )
        if 300 <= answer.status_code < 400:
            raise Redirected
        if not answer.ok:
            raise AfricasTalkingException(answer.text)
        is_json = answer.headers.get("content-type") == "application/json"
        return answer.json() if is_json else answer.text


class _Sms(_Direct, SMSService):  # type: ignore[misc]
    """Bulk SMS."""


class _Account(_Direct, ApplicationService):  # type: ignore[misc]
    """Who we are there, and our credit."""


class AfricasTalking:
    """The provider protocol over `africastalking.SMSService`."""

    name = "africastalking"

    def __init__(
        self,
        username: str,
        api_key: str,
        sender_id: str | None,
        base_url: str | None = None,
        timeouts: tuple[float, float] = TIMEOUTS,
        probe_timeouts: tuple[float, float] = PROBE_TIMEOUTS,
    ) -> None:
        """`base_url` points to a stand-in; None is the real service."""
        self._sender_id = sender_id
        self._timeouts, self._probe_timeouts = timeouts, probe_timeouts
        self._sms: Any = _Sms(username, api_key)
        self._account: Any = _Account(username, api_key)
        if base_url:
            _move(self._sms, base_url)
            _move(self._account, base_url)

    def send(self, to: Msisdn, text: str) -> Outcome:
        """Send one SMS. With the usual timeouts it takes at most 3 s to connect and 9 s more."""
        if not is_whole(to):
            return Refused("invalid number")
        try:
            answer = self._sms.send(text, [to.reveal()], self._sender_id, timeout=self._timeouts)
        except requests.RequestException as error:
            return failures.outcome_of(error)
        except AfricasTalkingException as error:
            return _told(str(error), HTTP_ERRORS) or Unknown("provider error")
        except Redirected:
            return Unknown("redirected")
        except NOT_JSON:
            return Unknown("unreadable answer")
        return _read(answer, to)

    def probe(self) -> Pulse:
        """Ask for the balance of the account."""
        try:
            answer = self._account.fetch_application_data(timeout=self._probe_timeouts)
        except (requests.RequestException, AfricasTalkingException, Redirected, *NOT_JSON):
            return Pulse(alive=False)
        told = BALANCE.search(str(answer))
        return Pulse(alive=told is not None, balance=Decimal(told[1]) if told else None)


def _move(service: Any, base_url: str) -> None:
    """The same service at another address; the package has no setting for it."""
    service._baseUrl = service._contentUrl = f"{base_url.rstrip('/')}/version1"


def _told(text: str, meanings: Mapping[str, Outcome]) -> Outcome | None:
    said = text.casefold()
    return next((outcome for words, outcome in meanings.items() if words in said), None)


def _read(answer: object, to: Msisdn) -> Outcome:
    if isinstance(answer, str):
        try:
            answer = json.loads(answer)
        except NOT_JSON:
            return Unknown("unreadable answer")
    data = answer.get("SMSMessageData") if isinstance(answer, dict) else None
    recipients = data.get("Recipients") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(recipients, list):
        return Unknown("unreadable answer")
    if not recipients:
        return _told(str(data.get("Message")), WHOLE_CALL) or TryLater("nothing sent")
    ours = [one for one in recipients if isinstance(one, dict) and _is_to(one, to)]
    return _recipient(ours[0]) if ours else Unknown("unreadable answer")


def _is_to(recipient: Mapping[str, object], to: Msisdn) -> bool:
    return str(recipient.get("number")).strip().lstrip("+") == to.reveal().lstrip("+")


def _recipient(recipient: Mapping[str, object]) -> Outcome:
    told = str(recipient.get("statusCode"))
    known = next((outcome for code, outcome in STATUSES.items() if str(code) == told), None)
    if isinstance(known, Accepted):
        message_id = str(recipient.get("messageId"))
        return Accepted("" if message_id == "None" else message_id)
    return known or Unknown("unknown status")

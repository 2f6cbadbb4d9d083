"""SMS through Africa's Talking, by its own Python package.

Facts this file leans on, measured on version 2.0.3 of the package: a refused recipient is HTTP 201
and no exception; every HTTP failure is one exception that carries only the body's text; an answer
whose content type has parameters comes back as a string; its errors quote numbers. There is no
idempotency key, so after a read timeout nobody knows whether the SMS went out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import requests
from africastalking.Service import AfricasTalkingException
from africastalking.SMS import SMSService

from gateway.phones import Msisdn
from gateway.providers import Accepted, OperatorFault, Outcome, Refused, TryLater, Unknown

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
    502: TryLater("rejected by gateway"),
}
"""Per-recipient status codes (Africa's Talking, Bulk SMS reference) and what they mean for us.

502 is disputed among its users: it is tried again like a passing fault, within the same bounds.
"""


class AfricasTalking:
    """The provider protocol over `africastalking.SMSService`."""

    name = "africastalking"

    def __init__(
        self, username: str, api_key: str, sender_id: str | None, base_url: str | None = None
    ) -> None:
        """`base_url` points to a stand-in; None is the real service."""
        self._sender_id = sender_id
        self._service: Any = (
            _Elsewhere(username, api_key, base_url) if base_url else SMSService(username, api_key)
        )

    def send(self, to: Msisdn, text: str) -> Outcome:
        """Send one SMS. Takes at most 3 s to connect and 9 s for the answer."""
        try:
            answer = self._service.send(text, [to.reveal()], self._sender_id)
        except requests.ConnectTimeout:
            return TryLater("no connection")
        except requests.ReadTimeout:
            return Unknown("no answer")
        except requests.ConnectionError as error:
            return _connection_failed(error)
        except requests.RequestException:
            return Unknown("broken answer")
        except AfricasTalkingException as error:
            return _failed(str(error))
        except ValueError:
            return Refused("invalid number")
        return _read(answer)


class _Elsewhere(SMSService):  # type: ignore[misc]
    """The same service at another address; the package has no setting for it."""

    def __init__(self, username: str, api_key: str, base_url: str) -> None:
        self._elsewhere = base_url.rstrip("/")
        super().__init__(username, api_key)

    def _init_service(self) -> None:
        self._baseUrl = f"{self._elsewhere}/version1"
        self._contentUrl = self._baseUrl


def _connection_failed(error: requests.ConnectionError) -> Outcome:
    """Refused before anything was sent, or cut off after: only the first is certain."""
    cause = error.args[0] if error.args else None
    refused = "NewConnectionError" in type(getattr(cause, "reason", None)).__name__
    return TryLater("no connection") if refused else Unknown("connection lost")


def _failed(body: str) -> Outcome:
    """An HTTP error, of which the package keeps only the body's text."""
    said = body.lower()
    if "authentication" in said or "invalid" in said:
        return OperatorFault("not authenticated")
    return TryLater("provider error")


def _read(answer: object) -> Outcome:
    if isinstance(answer, str):
        try:
            answer = json.loads(answer)
        except ValueError:
            return Unknown("unreadable answer")
    data = answer.get("SMSMessageData") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        return Unknown("unreadable answer")
    recipients = data.get("Recipients")
    if not isinstance(recipients, list) or not recipients:
        return _whole_call_refused(str(data.get("Message", "")))
    first = recipients[0]
    return _recipient(first) if isinstance(first, dict) else Unknown("unreadable answer")


def _whole_call_refused(message: str) -> Outcome:
    if "sender" in message.lower():
        return OperatorFault("invalid sender id")
    if "balance" in message.lower():
        return OperatorFault("insufficient balance")
    return TryLater("nothing sent")


def _recipient(recipient: Mapping[str, object]) -> Outcome:
    code = recipient.get("statusCode")
    known = STATUSES.get(code) if isinstance(code, int) else None
    if known is None:
        return Unknown("unknown status")
    if isinstance(known, Accepted):
        return Accepted(str(recipient.get("messageId", "")))
    return known

"""The bytes themselves: every body that the stand-in puts on the wire, built by pure functions.

The order of fields and their encoding are those of captured traffic where there is a capture (USSD
step and end-of-session event), and of the provider's documentation elsewhere. `docs/stand-in.md`
says which is which.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

FORM: Final = "application/x-www-form-urlencoded"
USSD_AGENT: Final = "at-ussd-api/1.0"
OTHER_AGENT: Final = "at-stand-in/1.0"
"""What the provider calls itself in SMS callbacks is not known, so this is our own name."""

BAD_CREDENTIALS: Final = "The supplied authentication is invalid"

STATUSES: Final = {
    100: "Processed",
    101: "Sent",
    102: "Queued",
    401: "RiskHold",
    402: "InvalidSenderId",
    403: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    405: "InsufficientBalance",
    406: "UserInBlacklist",
    407: "CouldNotRoute",
    409: "DoNotDisturbRejection",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}
ACCEPTED: Final = frozenset({100, 101, 102})
INVALID_NUMBER: Final = 403
NO_CREDIT: Final = 405
UNDELIVERED: Final = frozenset({"Failed", "Rejected", "AbsentSubscriber", "Expired"})

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


def new_id(prefix: str) -> str:
    """An identifier as the provider writes them: `ATUid_` for sessions, `ATXid_` for messages."""
    return f"{prefix}{uuid.uuid4().hex}"


def timestamp(moment: datetime) -> str:
    """A moment as callbacks write it, in UTC (`2026-10-09 12:17:37`)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def missing_field(name: str) -> str:
    return f"Request is missing required form field '{name}'"


@dataclass(frozen=True, slots=True)
class Recipient:
    """What became of a message for one number. `message_id` is None when it was refused."""

    number: str = field(repr=False)
    status_code: int
    message_id: str | None


def send_answer(recipients: Sequence[Recipient], currency: str, price: Decimal) -> str:
    """The JSON answer to a sending call whose recipients were looked at one by one."""
    accepted = sum(each.message_id is not None for each in recipients)
    total = f"{currency} {price * accepted:.4f}" if accepted else "0"
    return _messages(
        f"Sent to {accepted}/{len(recipients)} Total Cost: {total}",
        [_recipient(each, currency, price) for each in recipients],
    )


def call_failed(message: str) -> str:
    """The JSON answer to a sending call that failed as a whole ("InvalidSenderId")."""
    return _messages(message, [])


def account(currency: str, balance: Decimal) -> str:
    """The JSON answer to a question for the account's balance."""
    data = {"UserData": {"balance": f"{currency} {balance:.4f}"}}
    return json.dumps(data, separators=(",", ":"))


def _recipient(recipient: Recipient, currency: str, price: Decimal) -> dict[str, object]:
    accepted = recipient.message_id is not None
    return {
        "statusCode": recipient.status_code,
        "number": recipient.number,
        "status": "Success" if accepted else STATUSES.get(recipient.status_code, "Unknown"),
        "cost": f"{currency} {price:.4f}" if accepted else "0",
        "messageId": recipient.message_id or "None",
    }


def _messages(message: str, recipients: list[dict[str, object]]) -> str:
    data = {"SMSMessageData": {"Message": message, "Recipients": recipients}}
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def ussd_step(
    *, number: str, service_code: str, text: str, session_id: str, network_code: str
) -> bytes:
    """One step of a USSD session: `text` is everything typed so far, joined by `*`."""
    return _form(
        ("phoneNumber", number),
        ("serviceCode", service_code),
        ("text", text),
        ("sessionId", session_id),
        ("networkCode", network_code),
    )


def ussd_event(
    *,
    number: str,
    service_code: str,
    session_id: str,
    network_code: str,
    status: str,
    text: str,
    last_answer: str,
    error: str,
    hops: int,
    millis: int,
    ended: datetime,
) -> bytes:
    """The end of a USSD session; `last_answer` is the application's last body, with CON or END."""
    return _form(
        ("durationInMillis", str(millis)),
        ("phoneNumber", number),
        ("errorMessage", error),
        ("serviceCode", service_code),
        ("lastAppResponse", last_answer),
        ("hopsMetadata", ""),
        ("hopsCount", str(hops)),
        ("status", status),
        ("sessionId", session_id),
        ("cost", "0.00"),
        ("date", timestamp(ended)),
        ("networkCode", network_code),
        ("input", text),
    )


def delivery_report(
    *, message_id: str, status: str, number: str, network_code: str, failure_reason: str
) -> bytes:
    """What became of a message; `failure_reason` is empty unless it was not delivered."""
    return _form(
        ("id", message_id),
        ("status", status),
        ("phoneNumber", number),
        ("networkCode", network_code),
        ("failureReason", failure_reason),
        ("retryCount", "0"),
    )


def incoming_sms(
    *, message_id: str, sender: str, text: str, to: str, network_code: str, date: datetime
) -> bytes:
    """An SMS from a handset; `to` is the short code or sender it was written to."""
    return _form(
        ("date", timestamp(date)),
        ("from", sender),
        ("id", message_id),
        ("linkId", ""),
        ("text", text),
        ("to", to),
        ("cost", "0"),
        ("networkCode", network_code),
    )


def opt_out(*, sender: str, number: str) -> bytes:
    """A handset wants no more messages from `sender`."""
    return _form(("senderId", sender), ("phoneNumber", number))


def _form(*fields: tuple[str, str]) -> bytes:
    """A space becomes `+`, and all but letters, digits and `-._~` is escaped, `*` and `#` too."""
    return urlencode(fields).encode("ascii")

"""SMS through Kannel, the free gateway that operators run on their own link to a network.

Facts this file leans on, measured on Kannel 1.4.5 (its user's guide and gw/smsbox.c say the same):
sendsms takes a POST whose body is the text and whose headers say the rest, so that no number stands
in an address, which proxies log. It answers only when the bearerbox has taken the message or
refused it. It gives no message id: ours travels in the address of the delivery reports. A smsbox
that loses its bearerbox closes its port.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import requests

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
from menus import gsm7

TIMEOUTS: Final = (3.05, 9.05)
"""Seconds to connect, and to wait for the answer: those of the other provider."""

PROBE_TIMEOUTS: Final = (3.05, 3.05)

STATUSES: Final[Mapping[tuple[int, str], Outcome]] = {
    (202, "0: accepted for delivery"): Accepted("accepted"),
    (202, "sent."): Accepted("sent"),
    (202, "3: queued for later delivery"): Unknown("queued without a link"),
    (400, "number(s) has/have been denied"): Refused("number denied"),
    (400, ""): OperatorFault("request not understood"),
    (401, ""): OperatorFault("not authenticated"),
    (403, "authorization failed"): OperatorFault("not authenticated"),
    (403, "not routable"): OperatorFault("not routable"),
    (403, ""): OperatorFault("not allowed"),
    (404, ""): OperatorFault("wrong address"),
    (415, ""): OperatorFault("request not understood"),
    (429, ""): TryLater("too many at once"),
    (503, ""): TryLater("not available"),
}
"""HTTP status and how the answer begins, in lower case; the first that fits counts.

"Sent." comes instead of "0:" where `immediate-sendsms-reply` is on. "3:" is kept by Kannel until a
link to the network is up again, which may be soon or never: for staff another way is tried, for a
caller it was the one try. "Not routable" says that no link takes the number, or that the link was
stopped, so it must not end an alert for good. Anything else may come from a proxy behind which the
SMS went out.
"""

VALIDITY: Final = 30
"""Minutes after which Kannel and the network give an SMS up: nothing leaves long after its time."""

EVERY_REPORT: Final = 1 + 2 + 4 + 8 + 16
"""dlr-mask: delivered, not delivered, buffered, handed to the network, refused by the network."""

CODING: Final = {True: "0", False: "2"}
"""Kannel's number for GSM-7, and for UCS-2 where the text has no place in that."""

NO_RECEIVER: Final = "missing receiver"
"""How the answer to a request without a receiver begins: the password was right."""

LINK_UP: Final = re.compile(r"\(online \d")
"""A line of the bearerbox's status page about a link to a network that works."""


@dataclass(frozen=True, slots=True)
class Kannel:
    """The provider protocol over Kannel's sendsms.

    `url` is the whole address of sendsms, `reports_to` that of our delivery callback (None: no
    reports come), `status_url` the bearerbox's status page, password included.
    """

    url: str
    username: str
    password: str = field(repr=False)
    sender: str
    reports_to: str | None = field(default=None, repr=False)
    status_url: str | None = field(default=None, repr=False)
    timeouts: tuple[float, float] = TIMEOUTS

    name = "kannel"

    def send(self, to: Msisdn, text: str) -> Outcome:
        """Send one SMS. With the usual timeouts it takes at most 3 s to connect and 9 s more."""
        if not is_whole(to):
            return Refused("invalid number")
        message_id = str(uuid.uuid4())
        try:
            answer = self._post(text, self._sms(to, text, message_id), self.timeouts)
        except requests.RequestException as error:
            return failures.outcome_of(error)
        outcome = _read(answer)
        return Accepted(message_id) if isinstance(outcome, Accepted) else outcome

    def probe(self) -> Pulse:
        """Whether Kannel takes SMS: it has a link, or at least knows our password.

        The status page knows of the link. Without its address a request that names no receiver is
        made, which only shows that smsbox and bearerbox are up.
        """
        try:
            if self.status_url is None:
                answer = self._post("", {}, PROBE_TIMEOUTS)
                return Pulse(alive=answer.status_code == 400 and _said(answer, NO_RECEIVER))
            page = requests.get(self.status_url, timeout=PROBE_TIMEOUTS, allow_redirects=False)
            return Pulse(alive=page.status_code == 200 and bool(LINK_UP.search(page.text)))
        except requests.RequestException:
            return Pulse(alive=False)

    def _sms(self, to: Msisdn, text: str, message_id: str) -> Mapping[str, str]:
        headers = {
            "X-Kannel-From": self.sender,
            "X-Kannel-To": to.reveal(),
            "X-Kannel-Coding": CODING[gsm7.fits_alphabet(text)],
            "X-Kannel-Validity": str(VALIDITY),
        }
        if self.reports_to is not None:
            headers["X-Kannel-DLR-Mask"] = str(EVERY_REPORT)
            headers["X-Kannel-DLR-Url"] = f"{self.reports_to}?id={message_id}&status=%d&answer=%A"
        return headers

    def _post(
        self, text: str, headers: Mapping[str, str], timeouts: tuple[float, float]
    ) -> requests.Response:
        known = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": self.username,
            "X-Kannel-Password": self.password,
        }
        return requests.post(
            self.url,
            text.encode(),
            headers={name: value.encode() for name, value in {**known, **headers}.items()},
            timeout=timeouts,
            allow_redirects=False,
        )


def _read(answer: requests.Response) -> Outcome:
    for (status, words), outcome in STATUSES.items():
        if status == answer.status_code and _said(answer, words):
            return outcome
    return Unknown("unknown answer")


def _said(answer: requests.Response, words: str) -> bool:
    return answer.content[:200].decode("utf-8", "replace").strip().casefold().startswith(words)

"""What Kannel tells us: delivery reports as GETs with our own id, incoming SMS as POSTs of a text.

The text and the number of an SMS come in body and headers (post-url and send-sender of Kannel's
sms-service), never in an address that a proxy may log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Request

from gateway.inbox.notices import Inbox
from gateway.runtime.callbacks import Kind
from gateway.web import bodies
from gateway.web.forms import NotAForm, fields
from gateway.web.notices import Form, Notice, needed, number_in

STATUSES: Final[Mapping[str, str]] = {
    "1": "Success",
    "2": "Failed",
    "4": "Buffered",
    "8": "Submitted",
    "16": "Rejected",
    "34": "Expired",
    "66": "Failed",
}
"""Kannel's dlr-mask bits (34 and 66 are "not delivered" with its reason) as gateway.sms.receipts
has them; 8 is "handed to the network", 4 "the network keeps it"."""

LONGEST_QUERY: Final = 2_048

REASON: Final = re.compile(
    r"stat:(?P<stat>[A-Z]{1,10})(?: err:(?P<err>\w{1,8}))?"
    r"|NACK/(?P<nack>0x[0-9a-fA-F]{1,8}|[A-Za-z ]{1,20})"
)
"""All that is kept of a network's answer: an SMPP receipt also quotes how the SMS begins."""


@dataclass(frozen=True, slots=True)
class KannelNotices:
    """Reads Kannel's notices. `region` tells how numbers are written in this country.

    Nothing is answered but an empty page: Kannel would send any word of it to whoever wrote.
    """

    post: Inbox
    region: str

    def notices(self) -> Mapping[Kind, Notice]:
        return {
            "kannel-delivery": Notice("GET", _asked, self._delivery, answer=""),
            "kannel-sms": Notice("POST", _written, self._sms, answer=""),
        }

    def _delivery(self, form: Form) -> bool:
        status = needed(form, "status")
        word = STATUSES.get(status, f"Kannel {status}")
        self.post.delivered(needed(form, "id"), word, _reason(form.get("answer", "")))
        return False

    def _sms(self, form: Form) -> bool:
        sender = number_in(form, "from", self.region)
        if sender is None:
            return False
        return self.post.incoming(needed(form, "id"), sender, form.get("text", ""))


def _asked(request: Request) -> Form:
    if len(request.query_string) > LONGEST_QUERY:
        raise NotAForm("the query is too long")
    return fields(request.query_string)


def _written(request: Request) -> Form:
    """The text is UTF-8, or UTF-16 as it came over the air unless Kannel's mo-recode is on."""
    charset = request.mimetype_params.get("charset", "").casefold()
    body = bodies.read(request.environ, bodies.LARGEST_NOTICE)
    text = body.decode("utf-16-be" if charset == "utf-16be" else "utf-8", "replace")
    sender = request.headers.get("X-Kannel-From", "")
    return {**_asked(request), "from": sender, "text": text.replace("\0", "\ufffd")}


def _reason(answer: str) -> str | None:
    found = REASON.search(answer)
    return " ".join(filter(None, found.groups())) if found else None

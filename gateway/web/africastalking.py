"""What Africa's Talking tells us: forms in, facts for `gateway.inbox` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Request

from gateway.inbox.notices import Inbox
from gateway.runtime.callbacks import Kind
from gateway.web import bodies
from gateway.web.forms import fields
from gateway.web.notices import Form, Incomplete, Notice, Taker, needed, number_in

ENDED_BY_US: Final = "Success"
"""The event's status when our END closed the session; otherwise the line cut."""


@dataclass(frozen=True, slots=True)
class AfricasTalkingNotices:
    """Reads Africa's Talking's. `region` tells how numbers are written in this country."""

    post: Inbox
    region: str

    def notices(self) -> Mapping[Kind, Notice]:
        takers: Mapping[Kind, Taker] = {
            "sms": self._sms,
            "delivery": self._delivery,
            "opt-out": self._opt_out,
            "events": self._event,
        }
        return {kind: Notice("POST", _posted, take) for kind, take in takers.items()}

    def _sms(self, form: Form) -> bool:
        sender = number_in(form, "from", self.region)
        if sender is None:
            return False  # A short code or a word: a network's own message, not a person's.
        return self.post.incoming(needed(form, "id"), sender, form.get("text", ""))

    def _delivery(self, form: Form) -> bool:
        self.post.delivered(
            needed(form, "id"), needed(form, "status"), form.get("failureReason") or None
        )
        return False

    def _opt_out(self, form: Form) -> bool:
        number = number_in(form, "phoneNumber", self.region)
        if number is not None:
            self.post.opted_out(number)
        return False

    def _event(self, form: Form) -> bool:
        """The end of a USSD session. Its `input` and `lastAppResponse` are read by nobody.

        An event that names no session is taken in all the same: sent again it would name none.
        """
        try:
            session_id = needed(form, "sessionId")
            number = number_in(form, "phoneNumber", self.region)
        except Incomplete:
            return False
        if number is None:
            return False
        by_us = form.get("status", "").strip() == ENDED_BY_US
        return self.post.session_ended("callers", session_id, number, by_us=by_us)


def _posted(request: Request) -> Form:
    return fields(bodies.read(request.environ, bodies.LARGEST_NOTICE))

"""The provider's notices: forms in, facts for `gateway.post` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway import phones
from gateway.callbacks import Kind
from gateway.phones import Msisdn, NotANumber
from gateway.post import Post

ENDED_BY_US: Final = "Success"
"""The event's status when our END closed the session; otherwise the line cut."""

Form = Mapping[str, str]
Taker = Callable[[Form], bool]
"""Takes in a form; True when an SMS is now waiting to be sent."""


class Incomplete(ValueError):
    """A notice without a field that we cannot do without."""


@dataclass(frozen=True, slots=True)
class Notices:
    """Reads each kind of notice. `region` tells how numbers are written in this country."""

    post: Post
    region: str

    def takers(self) -> Mapping[Kind, Taker]:
        """What takes in each kind of notice."""
        return {
            "sms": self._sms,
            "delivery": self._delivery,
            "opt-out": self._opt_out,
            "events": self._event,
        }

    def _sms(self, form: Form) -> bool:
        sender = self._number(form, "from")
        if sender is None:
            return False  # A short code or a word: a network's own message, not a person's.
        return self.post.incoming(_field(form, "id"), sender, form.get("text", ""))

    def _delivery(self, form: Form) -> bool:
        self.post.delivered(
            _field(form, "id"), _field(form, "status"), form.get("failureReason") or None
        )
        return False

    def _opt_out(self, form: Form) -> bool:
        number = self._number(form, "phoneNumber")
        if number is not None:
            self.post.opted_out(number)
        return False

    def _event(self, form: Form) -> bool:
        """The end of a USSD session. Its `input` and `lastAppResponse` are read by nobody.

        An event that names no session is taken in all the same: sent again it would name none.
        """
        try:
            session_id, number = _field(form, "sessionId"), self._number(form, "phoneNumber")
        except Incomplete:
            return False
        if number is None:
            return False
        by_us = form.get("status", "").strip() == ENDED_BY_US
        return self.post.session_ended("callers", session_id, number, by_us=by_us)

    def _number(self, form: Form, name: str) -> Msisdn | None:
        try:
            return phones.parse(_field(form, name), self.region)
        except NotANumber:
            return None


def _field(form: Form, name: str) -> str:
    value = form.get(name, "").strip()
    if not value:
        raise Incomplete(f"the field {name} is missing")
    return value

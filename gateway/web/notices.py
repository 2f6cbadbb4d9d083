"""The provider's notices: forms in, facts for `gateway.inbox.notices` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Request

from gateway.runtime import phones
from gateway.runtime.phones import Msisdn, NotANumber

Form = Mapping[str, str]
Taker = Callable[[Form], bool]
"""Takes in a form; True when an SMS is now waiting to be sent."""


class Incomplete(ValueError):
    """A notice without a field that we cannot do without."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One kind of notice: by which method it comes, how it is read, what takes it in."""

    method: str
    read: Callable[[Request], Form]
    take: Taker
    answer: str = "ok"


def number_in(form: Form, name: str, region: str) -> Msisdn | None:
    """The number in a field; None where a network or a word stands. Raises Incomplete."""
    try:
        return phones.parse(needed(form, name), region)
    except NotANumber:
        return None


def needed(form: Form, name: str) -> str:
    """The value of a field. Raises Incomplete."""
    value = form.get(name, "").strip()
    if not value:
        raise Incomplete(f"the field {name} is missing")
    return value

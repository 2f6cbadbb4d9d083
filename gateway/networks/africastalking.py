"""Africa's Talking: a form whose `text` is the whole history; `CON` or `END` and a screen back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl

from gateway.networks import Rendered, Step, Unusable, network_code, session_and_number

MOST_FIELDS: Final = 40


@dataclass(frozen=True, slots=True)
class AfricasTalking:
    """Fields (captured): phoneNumber, serviceCode, text, sessionId, networkCode.

    `region` tells how a number without a country code is meant.
    """

    region: str
    name: str = "africastalking"
    kind: Literal["cumulative"] = "cumulative"

    def parse(self, body: bytes) -> Step:
        form = parse_form(body)
        session_id, msisdn = session_and_number(
            form.get("sessionId", "").strip(), form.get("phoneNumber", ""), self.region
        )
        network = network_code(form.get("networkCode", ""))
        return Step(session_id, msisdn, form.get("text", ""), network)

    def render(self, text: str, *, ends: bool, body: bytes) -> Rendered:
        return Rendered(f"{'END' if ends else 'CON'} {text}", "text/plain; charset=utf-8")


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of a form body, empty ones kept; the last of a field given twice counts."""
    try:
        pairs = parse_qsl(
            body.decode("ascii", "replace"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="replace",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise Unusable from None
    return dict(pairs)

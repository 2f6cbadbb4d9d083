"""Africa's Talking: a form whose `text` is the whole history; `CON` or `END` and a screen back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.web import forms
from gateway.web.networks.contract import (
    NetworkStep,
    Rendered,
    Unusable,
    network_code,
    session_and_number,
)


@dataclass(frozen=True, slots=True)
class AfricasTalking:
    """Fields (captured): phoneNumber, serviceCode, text, sessionId, networkCode.

    `region` tells how a number without a country code is meant.
    """

    region: str
    name: str = "africastalking"
    kind: Literal["cumulative"] = "cumulative"

    def parse(self, body: bytes) -> NetworkStep:
        try:
            form = forms.fields(body)
        except forms.NotAForm:
            raise Unusable from None
        session_id, msisdn = session_and_number(
            form.get("sessionId", "").strip(), form.get("phoneNumber", ""), self.region
        )
        network = network_code(form.get("networkCode", ""))
        return NetworkStep(session_id, msisdn, form.get("text", ""), network)

    def render(self, text: str, *, ends: bool, body: bytes) -> Rendered:
        return Rendered(f"{'END' if ends else 'CON'} {text}", "text/plain; charset=utf-8")

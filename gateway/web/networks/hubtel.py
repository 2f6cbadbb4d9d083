"""Hubtel's programmable USSD, and gateways of its shape (Oltranz in Rwanda among them).

JSON with the newest input alone: `Type` is Initiation, Response, Release or Timeout; the answer
names `Response` to go on and `Release` to end. Field names in any capitalisation are understood,
because the gateways of this shape differ in nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from gateway.web.networks.contract import (
    NetworkStep,
    Rendered,
    SessionOver,
    Unusable,
    network_code,
    session_and_number,
)

Meaning = Literal["opens", "continues", "cut", "over"]

TYPES: Final[Mapping[str, Meaning]] = {
    "initiation": "opens",
    "response": "continues",
    "release": "over",
    "timeout": "cut",
    "hijacksession": "cut",
}
"""What each `Type` means. An unknown one continues: a caller is never turned away for a word."""


@dataclass(frozen=True, slots=True)
class Hubtel:
    """Fields: SessionId, Mobile, ServiceCode, Type, Message, Operator, Sequence.

    `region` tells how a number without a country code is meant; Hubtel writes it without "+".
    """

    region: str
    name: str = "hubtel"
    kind: Literal["incremental"] = "incremental"

    def parse(self, body: bytes) -> NetworkStep:
        fields = _fields(body)
        session_id, msisdn = session_and_number(
            fields.get("sessionid", ""), _international(fields.get("mobile", "")), self.region
        )
        meaning = TYPES.get(fields.get("type", "").lower(), "continues")
        if meaning in {"cut", "over"}:
            raise SessionOver(session_id, msisdn, by_us=meaning == "over")
        return NetworkStep(
            session_id,
            msisdn,
            None if meaning == "opens" else fields.get("message", ""),
            network_code(fields.get("operator", "")),
            _step_id(fields),
        )

    def render(self, text: str, *, ends: bool, body: bytes) -> Rendered:
        answer = {"Type": "Release" if ends else "Response", "Message": text}
        session_id = _fields(body, strict=False).get("sessionid")
        if session_id:
            answer["SessionId"] = session_id
        return Rendered(json.dumps(answer), "application/json")


def _fields(body: bytes, *, strict: bool = True) -> dict[str, str]:
    """The fields by lower-case name, each as text."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        if strict:
            raise Unusable
        return {}
    return {
        str(name).lower(): str(value).strip() if isinstance(value, str | int) else ""
        for name, value in given.items()
    }


def _international(number: str) -> str:
    return f"+{number}" if number.isascii() and number.isdecimal() and number[0] != "0" else number


def _step_id(fields: Mapping[str, str]) -> str | None:
    sequence = fields.get("sequence", "")
    return f"{sequence}*{fields.get('message', '')}" if sequence else None

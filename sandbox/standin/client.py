"""Drives a stand-in from Python: tests, the terminal phone and the phone page use this.

It stands on urllib alone, which logs nothing: other clients write addresses, and so numbers, into
the debug log.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

POLL_SECONDS = 0.02
LONGEST_STEP = 60.0
"""Longer than the stand-in waits for an application that is slow to answer a USSD step."""


class Refused(RuntimeError):
    """The stand-in would not do it, and said why."""


class NotSent(TimeoutError):
    """The messages that were waited for did not come."""


@dataclass(frozen=True, slots=True)
class Sms:
    """A message that the stand-in accepted. `at` is ISO 8601 in UTC."""

    id: str
    to: str = field(repr=False)
    sender: str
    text: str = field(repr=False)
    at: str


class StandIn:
    """A stand-in at `base_url`. Safe to use from many threads."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._opener = build_opener(ProxyHandler({}))

    def sent(self, to: str | None = None, after: str | None = None) -> list[Sms]:
        """Accepted messages, oldest first; `after` is the id of the last one already seen."""
        return _messages(self.ask("GET", "/sent", query={"to": to, "after": after}))

    def inbox(self, number: str) -> list[Sms]:
        """What the handset of `number` shows by now."""
        return _messages(self.ask("GET", "/control/inbox", query={"number": number}))

    def wait_for_sms(self, to: str, count: int = 1, timeout: float = 60.0) -> list[Sms]:
        """The messages accepted for `to`, as soon as there are `count` of them. Raises NotSent."""
        deadline = time.monotonic() + timeout
        while len(found := self.sent(to)) < count:
            if time.monotonic() > deadline:
                raise NotSent(f"{len(found)} of {count} messages after {timeout:g} s")
            time.sleep(POLL_SECONDS)
        return found

    def behave(self, number: str | None = None, **behaviour: object) -> None:
        """Switch a behaviour on, for one number or (None) for all; `docs/stand-in.md` has them."""
        self.ask("POST", "/control/behaviours", {"number": number, **behaviour})

    def clear(self, number: str | None = None) -> None:
        """Go back to the ordinary way, for one number or (None) altogether."""
        self.ask("DELETE", "/control/behaviours", query={"number": number})

    def top_up(self, balance: str) -> None:
        """Let the account hold so much ("0": every SMS is refused for want of credit)."""
        self.ask("PATCH", "/control/account", {"balance": balance})

    def call_back(self, **urls: str | None) -> None:
        """Point kinds of callback (`ussd`, `events`, `sms`, ...) at other URLs; None is off."""
        self.ask("PATCH", "/control/callbacks", urls)

    def posts(self, kind: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """The latest callbacks (`place`, `kind`, `body`, `status`, ...), without USSD steps.

        `after` is the place of the last one already seen.
        """
        query = {"after": str(after)}
        found: list[dict[str, Any]] = self.ask("GET", "/control/posts", query=query)
        return [each for each in found if kind is None or each["kind"] == kind]

    def incoming(self, from_: str, text: str, to: str | None = None) -> str:
        """A handset writes to the application; gives the id that the callback will carry."""
        answer = self.ask("POST", "/control/incoming", {"from": from_, "text": text, "to": to})
        return str(answer["id"])

    def opt_out(self, number: str, sender: str | None = None) -> None:
        """A handset blocks the application, which is told; sending to it is refused from now on."""
        self.ask("POST", "/control/opt-out", {"number": number, "sender": sender})

    def dial(
        self,
        number: str,
        service_code: str,
        *,
        network_code: str | None = None,
        text: str = "",
        **limits: float | None,
    ) -> Call:
        """Dial, and wait for the first screen; `text` is what was dialled beyond the code.

        `limits`: session_life, idle_limit and answer_limit of this call, in seconds.
        """
        dialled = {"number": number, "service_code": service_code, "text": text, **limits}
        if network_code is not None:
            dialled["network_code"] = network_code
        return Call(self, self.ask("POST", "/control/calls", dialled))

    def ask(
        self,
        method: str,
        path: str,
        data: object = None,
        *,
        query: Mapping[str, str | None] | None = None,
    ) -> Any:
        """One request of the control API: its JSON, or None. Raises Refused, or OSError."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        request = Request(  # noqa: S310 - the address is the caller's own
            f"{self.base_url}{path}?{urlencode(given)}",
            data=None if data is None else json.dumps(data).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with self._opener.open(request, timeout=LONGEST_STEP) as answer:
                content = answer.read()
        except HTTPError as error:
            raise Refused(_reason(error)) from None
        return json.loads(content) if content else None


class Call:
    """A USSD call as the person who placed it sees it."""

    def __init__(self, stand_in: StandIn, view: dict[str, Any]) -> None:
        self._stand_in = stand_in
        self.view = view
        """All that the stand-in knows of the call, with the raw request and answer."""

    @property
    def id(self) -> str:
        return str(self.view["id"])

    @property
    def text(self) -> str:
        """The screen, without CON or END; empty when the network cut the call."""
        return str(self.view["screen"])

    @property
    def state(self) -> str:
        """`open`, `ended`, `cut`, `hung_up` or `expired`."""
        return str(self.view["state"])

    @property
    def ended(self) -> bool:
        return self.state != "open"

    def press(self, typed: str, lag: float = 0.0) -> Self:
        """Type an answer (empty and `*` are allowed) and wait for the next screen.

        `lag`: seconds that the application's answer is under way.
        """
        return self._do("press", {"typed": typed, "lag": lag})

    def repeat(self) -> Self:
        """Send the last step again, as a network does that missed the answer."""
        return self._do("repeat")

    def hang_up(self) -> Self:
        return self._do("hang-up")

    def look(self) -> Self:
        """See the call again, which may have expired meanwhile."""
        self.view = self._stand_in.ask("GET", f"/control/calls/{self.id}")
        return self

    def _do(self, what: str, data: object = None) -> Self:
        self.view = self._stand_in.ask("POST", f"/control/calls/{self.id}/{what}", data)
        return self


def _messages(rows: list[dict[str, str]]) -> list[Sms]:
    return [Sms(row["id"], row["to"], row["from"], row["message"], row["at"]) for row in rows]


def _reason(error: HTTPError) -> str:
    with error:
        content = error.read()
    try:
        return str(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.code}"

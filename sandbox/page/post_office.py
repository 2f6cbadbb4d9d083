"""Follows each SMS from the gateway's outbox to the phone: what the network said of it on the way.

It reads the record and the journal of the stand-in, and the states in the gateway's database, which
hold no number and no text.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from sqlalchemy import Engine, select

from gateway.store import database
from gateway.store.models import Outbox
from sandbox.standin.client import Sms, StandIn

SHOWN: Final = 14
"""The latest SMS that the page lists."""

GONE: Final = frozenset({"Failed", "Rejected", "AbsentSubscriber", "Expired"})
"""Reports after which an SMS will not arrive any more."""


class PostOffice:
    """Knows what has left, what was reported, and what is still on its way."""

    def __init__(self, network: StandIn, engine: Engine) -> None:
        self._network, self._engine = network, engine
        self._lock = threading.Lock()
        self._sent: dict[str, Sms] = {}
        self._latest: str | None = None
        self._seen = 0
        self._reports: dict[str, list[str]] = {}
        self._endings: dict[str, str] = {}
        self._rows: list[dict[str, Any]] = []

    def look(self) -> tuple[list[Sms], bool]:
        """What has left since the last look, and whether anything else is new. Raises OSError."""
        left = self._network.sent(after=self._latest)
        posts = self._network.posts(after=self._seen)
        rows = self._outbox()
        with self._lock:
            for sms in left:
                self._sent[sms.id] = sms
                self._latest = sms.id
            for post in posts:
                self._seen = max(self._seen, post["place"])
                self._read(post)
            changed = bool(posts) or rows != self._rows
            self._rows = rows
        return left, changed

    def will_not_arrive(self, message_id: str) -> bool:
        with self._lock:
            return not GONE.isdisjoint(self._reports.get(message_id, ()))

    def ending(self, session_id: str) -> str | None:
        """The status of the end-of-session event, once the gateway has taken it."""
        with self._lock:
            return self._endings.get(session_id)

    def view(self, names: Mapping[str, str]) -> list[dict[str, Any]]:
        """The latest SMS, newest first; `names` tells whose phone a number is."""
        with self._lock:
            return [self._row(row, names) for row in self._rows]

    def _row(self, row: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
        sms = self._sent.get(row["message"] or "")
        return {
            **row,
            "to": names.get(sms.to, "another phone") if sms else None,
            "reports": list(self._reports.get(row["message"] or "", ())),
        }

    def _read(self, post: Mapping[str, Any]) -> None:
        """A delivery report or the end of a session, as it was posted to the gateway."""
        if not post["taken"]:
            return
        fields = parse_qs(post["body"])
        if post["kind"] == "delivery":
            self._reports.setdefault(fields["id"][0], []).append(fields["status"][0])
        elif post["kind"] == "events":
            self._endings[fields["sessionId"][0]] = fields["status"][0]

    def _outbox(self) -> list[dict[str, Any]]:
        columns = (
            Outbox.id,
            Outbox.template,
            Outbox.audience,
            Outbox.state,
            Outbox.outcome,
            Outbox.attempt,
            Outbox.delivery,
            Outbox.provider_message_id.label("message"),
        )
        newest_first = (Outbox.created_at.desc(), Outbox.id)
        try:
            with database.reading(self._engine) as session:
                found = session.execute(select(*columns).order_by(*newest_first).limit(SHOWN))
                return [dict(row) for row in found.mappings()]
        except database.DatabaseFailed:
            return self._rows

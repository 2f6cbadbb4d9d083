"""The phone page beside an application of a few lines: what it asks, and what it was told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.country.pack import Pack
from sandbox.demo import sample
from sandbox.demo.plan import DESCRIPTION
from sandbox.page.app import create_app
from sandbox.standin.client import StandIn
from tests.services import wait_until

TOKEN = "a-token-for-tests"


def describe(folder: Path, pack: Pack, stand_in: str, database: str) -> None:
    """Write what a demo writes when it is ready."""
    people = [
        {"phone": one.phone, "role": one.role, "centre": one.centre, "pin": one.pin}
        for one in sample.staff(pack)
    ]
    demo = {
        "country": pack.code,
        "language": "en",
        "staff_language": pack.staff_language,
        "service_code": pack.codes.callers,
        "staff_service_code": pack.codes.staff,
        "stand_in_url": stand_in,
        "database_url": database,
        "console_url": None,
        "staff": people,
        "pids": {"demo": 1, "worker": 0},
    }
    (folder / DESCRIPTION).write_text(json.dumps(demo))


@dataclass(frozen=True)
class Page:
    """The page as its own JavaScript uses it."""

    client: FlaskClient
    network: StandIn

    @classmethod
    def open(cls, folder: Path, network: StandIn) -> Page:
        return cls(create_app(folder, TOKEN).test_client(), network)

    def ask(self, method: str, path: str, json: object = None) -> TestResponse:
        body = {} if json is None and method != "GET" else json
        return self.client.open(f"/{TOKEN}/api/{path}", method=method, json=body)

    def do(self, method: str, path: str, json: object = None) -> None:
        """Ask for something that has to work."""
        answer = self.ask(method, path, json)
        assert answer.status_code == 204, answer.get_data(as_text=True)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", "state").get_json()
        return found

    def phone(self, name: str) -> dict[str, Any]:
        found: Sequence[dict[str, Any]] = self.state()["phones"]
        return next(phone for phone in found if phone["id"] == name)

    def dial(self, name: str, dialled: str) -> dict[str, Any]:
        """Dial; the call as the page shows it."""
        self.do("POST", f"phones/{name}/dial", {"dialled": dialled})
        call: dict[str, Any] = self.phone(name)["call"]
        return call

    def press(self, name: str, typed: str) -> dict[str, Any]:
        self.do("POST", f"phones/{name}/press", {"typed": typed})
        call: dict[str, Any] = self.phone(name)["call"]
        return call

    def wait_for_message(self, name: str) -> dict[str, Any]:
        """The latest message on a phone, as soon as there is one, while somebody watches."""
        events = self.ask("GET", "events")
        try:
            next(events.iter_encoded())
            wait_until(lambda: self.phone(name)["messages"], "a message has arrived")
        finally:
            events.close()
        latest: dict[str, Any] = self.phone(name)["messages"][-1]
        return latest

"""Every answer of both apps says what it is, is nothing else, and is kept by nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

import pytest
from flask import Flask

from gateway.runtime import callbacks
from gateway.runtime.callbacks import KINDS
from gateway.runtime.settings import NetworkName, ProviderName, Settings
from gateway.vault.roles import Role
from gateway.web import callers, staff
from gateway.wiring import Parts
from tests.gateway.web.ussd_wire import form
from tests.samples import SECRET, STAFF_SECRET

APPS: dict[str, tuple[Role, Callable[[Parts], Flask]]] = {
    "callers": ("web", callers.create_app),
    "staff": ("staff", staff.create_app),
}

EVERY = {
    "ISANGE_NETWORKS": ",".join(get_args(NetworkName)),
    "ISANGE_PROVIDERS": ",".join(get_args(ProviderName)),
}

PATHS = ("/healthz", "/readyz", "/metrics", "/no/such/page", "//", "/at/x/ussd")
CALLBACKS = tuple(callbacks.url("", one, kind) for one in (SECRET, STAFF_SECRET) for kind in KINDS)

TYPES = {"text/plain; charset=utf-8", "application/json"}
"""JSON has no charset: it is UTF-8 (RFC 8259)."""


@pytest.fixture(params=APPS)
def app(request: pytest.FixtureRequest, settings: Callable[..., Settings]) -> Iterator[Flask]:
    role, create = APPS[request.param]
    parts = Parts(settings(role, **EVERY), role)
    yield create(parts)
    parts.database.dispose()
    parts.redis.close()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("path", [*PATHS, *CALLBACKS])
def test_every_answer_is_what_it_says_and_is_not_kept(app: Flask, path: str, method: str) -> None:
    """Whoever asks, whatever for; with a form and without."""
    client = app.test_client()
    for data in (None, form("")):
        answer = client.open(path, method=method, data=data)
        assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]
        assert answer.headers.getlist("Cache-Control") == ["no-store"]
        kind = answer.headers["Content-Type"]
        assert kind in TYPES or (path == "/metrics" and kind.endswith("charset=utf-8")), kind


def test_a_bug_is_answered_in_the_same_way(app: Flask) -> None:
    def view() -> str:
        raise RuntimeError

    app.view_functions["healthz"] = view
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 500
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (answer.headers["Content-Type"], answer.get_data()) == ("text/plain; charset=utf-8", b"")

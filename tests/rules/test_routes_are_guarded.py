"""No route of either app answers a stranger, but the few that are listed here.

Both apps stand behind an entrance that shuts whatever is not listed, so that a forgotten route is
no open one; here every route is tried all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from gateway.runtime.callbacks import KINDS, OF_STAFF, PATHS, Kind, segment
from gateway.runtime.settings import NetworkName, ProviderName, Settings
from gateway.vault.roles import Role
from gateway.web import callers, staff
from gateway.wiring import Parts
from tests.samples import SECRET, STAFF_SECRET

OPEN = {"/healthz", "/readyz"}
"""Whether a process is alive and may serve: a load balancer asks, and learns nothing else."""

TOKEN = "a-token-that-only-monitoring-has"

METHODS = ["GET", "POST"]
"""By which callbacks come."""

KIND_AT = {path: kind for kind, path in PATHS.items()}

FACES = {"callers": callers.create_app, "staff": staff.create_app}
EVERY = {
    "ISANGE_NETWORKS": ",".join(get_args(NetworkName)),
    "ISANGE_PROVIDERS": ",".join(get_args(ProviderName)),
}
"""All that an operator may have a contract with."""
ROLES: dict[str, Role] = {"callers": "web", "staff": "staff"}


@pytest.fixture(params=FACES)
def app(request: pytest.FixtureRequest, settings: Callable[..., Settings]) -> Iterator[Flask]:
    """Each of the two apps, with all networks and providers, and a token for its metrics."""
    role = ROLES[request.param]
    given = settings(role, ISANGE_METRICS_TOKEN=TOKEN, **EVERY)
    parts = Parts(given, role)
    yield FACES[request.param](parts)
    parts.database.dispose()
    parts.redis.close()


def test_no_route_answers_a_stranger(app: Flask) -> None:
    found = set(open_to_strangers(app))
    assert found == OPEN, (
        f"ask for a secret, a session or a token in these routes, or list them in OPEN and say "
        f"why nobody can be hurt by them: {sorted(found ^ OPEN)}"
    )


def test_a_route_that_nobody_listed_is_shut(app: Flask) -> None:
    forgotten = {"/reports", "/at/<secret>/reports"}
    app.add_url_rule("/reports", "forgot", lambda: "everything")
    app.add_url_rule("/at/<secret>/reports", "ignored", lambda secret: "everything")
    assert forgotten.isdisjoint(open_to_strangers(app))


def test_without_its_entrance_an_open_route_is_found(app: Flask) -> None:
    app.add_url_rule("/reports", "forgot", lambda: "everything")
    app.wsgi_app = Flask.wsgi_app.__get__(app)  # type: ignore[method-assign]
    assert "/reports" in set(open_to_strangers(app))


def test_a_guarded_route_opens_for_whom_it_is_meant(app: Flask) -> None:
    """Otherwise the rule above would be kept by an app that answers nobody."""
    client = app.test_client()
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    opened = served(app)
    assert opened
    for rule in app.url_map.iter_rules():
        if "<secret>" in rule.rule:
            assert rule.rule in opened, f"{rule.rule} does not open to its own secret"


def test_every_callback_is_served(settings: Callable[..., Settings]) -> None:
    """An address that `isange callbacks` prints has to lead somewhere."""
    opened: set[str] = set()
    for face, role in ROLES.items():
        parts = Parts(settings(role, **EVERY), role)
        opened |= served(FACES[face](parts))
        parts.database.dispose()
        parts.redis.close()
    assert opened == set(PATHS.values())


def served(app: Flask) -> set[str]:
    """The callbacks that this app answers to whoever knows their own secret."""
    client = app.test_client()
    own = {path.replace("<secret>", live(kind)): path for kind, path in PATHS.items()}
    return {
        path
        for address, path in own.items()
        if {client.open(address, method=one).status_code for one in METHODS} != {404}
    }


def open_to_strangers(app: Flask) -> Iterator[str]:
    """Routes that tell somebody without their own secret more than an unknown URL tells."""
    client = app.test_client()
    unknown = _seen(client.get("/no-such-page"))
    # The lines of callers and staff are no routes of Flask's: they stand at the entrance.
    routes = {rule.rule: sorted(rule.methods or ()) for rule in app.url_map.iter_rules()}
    for route, methods in {**dict.fromkeys(PATHS.values(), METHODS), **routes}.items():
        for path in _guesses(route):
            answers = [_seen(client.open(path, method=one)) for one in methods]
            if any(answer != unknown for answer in answers):
                yield route


def live(kind: Kind) -> str:
    """The segment of a kind under the secret of its own app."""
    return segment(STAFF_SECRET if kind in OF_STAFF else SECRET, kind)


def _guesses(rule: str) -> list[str]:
    """What a stranger may try: anything at all, and what the secrets make for anything else."""
    secrets = (SECRET, STAFF_SECRET)
    made = {segment(secret, kind) for secret in secrets for kind in KINDS}
    others = made - {live(KIND_AT[rule])} if rule in KIND_AT else made
    return [rule.replace("<secret>", guess) for guess in ("", "x" * 32, *secrets, *others)]


def _seen(answer: TestResponse) -> tuple[object, ...]:
    """All of an answer by which two answers could be told apart."""
    return answer.status_code, answer.data, sorted(answer.headers.items())

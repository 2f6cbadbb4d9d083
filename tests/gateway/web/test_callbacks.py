"""Who may call us: an address nobody can guess for each kind, and one answer for everybody else."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from commands.cli import isange
from gateway.runtime import callbacks
from gateway.runtime.callbacks import KINDS, PATHS, Doors, Kind, segment
from gateway.runtime.settings import SettingsError
from gateway.vault.roles import Role
from gateway.web import callers
from tests.gateway.conftest import Process
from tests.gateway.web.ussd_wire import FIRST, form
from tests.samples import SECRET, SECRETS, STAFF_SECRET
from tests.shared_parts import SharedParts

NEW = "the-next-secret-while-they-are-rotated"
OLD = "a-secret-that-was-retired-last-year"

BASE = "https://line.example"
NEEDED = {"DATABASE_URL": "sqlite://", "REDIS_URL": "redis://", "ISANGE_KEYS": "keys"}

OURS: tuple[Kind, ...] = ("ussd", "events", "sms", "delivery", "opt-out")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.fixture
def client(parts: SharedParts) -> FlaskClient:
    return callers.create_app(parts).test_client()


def seen(answer: TestResponse) -> tuple[str, list[tuple[str, str]], bytes]:
    """All of an answer by which two could be told apart."""
    return answer.status, sorted(answer.headers.items()), answer.get_data()


def test_every_kind_has_a_segment_of_its_own_for_every_secret() -> None:
    segments = {segment(secret, kind) for secret in (SECRET, NEW) for kind in KINDS}
    assert len(segments) == 2 * len(KINDS)
    assert all(len(one) == 32 and one.isalnum() and one.islower() for one in segments)


def test_a_segment_never_changes() -> None:
    """It is entered by hand at the provider's, so an upgrade must not move it."""
    assert (
        segment("a-secret-for-tests-only-long-enough", "ussd") == "ao76olqkycgtwbcebjtpwunrjenuciey"
    )


def test_an_address_is_base_segment_and_kind() -> None:
    expected = f"https://line.example/at/{segment(SECRET, 'sms')}/sms"
    assert callbacks.url("https://line.example/", SECRET, "sms") == expected
    assert callbacks.url("https://line.example", SECRET, "sms") == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_door_opens_to_its_own_segments_alone(kind: Kind) -> None:
    doors = Doors((SECRET, NEW), KINDS)
    assert doors.kind_at(callbacks.url("", SECRET, kind)) == kind
    assert doors.kind_at(callbacks.url("", NEW, kind)) == kind
    others = [segment(SECRET, one) for one in KINDS if one != kind]
    forged = ["", "x", SECRET, segment(OLD, kind), segment(SECRET, kind).upper(), "é", "\ud800"]
    forged += [segment(SECRET, kind)[:-1], segment(SECRET, kind) + "a"]
    paths = [PATHS[kind].replace("<secret>", one) for one in [*others, *forged]]
    assert not any(map(doors.kind_at, paths))


def test_a_door_of_the_other_app_does_not_open() -> None:
    doors = Doors((SECRET,), callbacks.OF_CALLERS)
    assert doors.kind_at(callbacks.url("", SECRET, "staff")) is None
    assert set(callbacks.OF_CALLERS) | set(callbacks.OF_STAFF) == set(KINDS)


@pytest.mark.parametrize("kind", OURS)
def test_both_secrets_are_live_while_they_are_rotated(process: Process, kind: Kind) -> None:
    both = callers.create_app(process(ISANGE_CALLBACK_SECRETS=f"{NEW},{SECRET}")).test_client()
    after = callers.create_app(process(ISANGE_CALLBACK_SECRETS=NEW)).test_client()
    old, new = callbacks.url("", SECRET, kind), callbacks.url("", NEW, kind)
    assert [both.post(path, data=form()).status_code for path in (old, new)] != [404, 404]
    assert both.post(old, data=form()).status_code == both.post(new, data=form()).status_code
    assert after.post(new, data=form()).status_code != 404
    assert after.post(old, data=form()).status_code == 404


def _strangers_paths(kind: Kind) -> dict[str, str]:
    live = segment(SECRET, kind)
    return {
        "forged": f"/at/{'x' * 32}/{kind}",
        "missing": f"/at//{kind}",
        "the secret itself": f"/at/{SECRET}/{kind}",
        "retired": f"/at/{segment(OLD, kind)}/{kind}",
        "of another kind": f"/at/{segment(SECRET, 'staff')}/{kind}",
        "cut": f"/at/{live[:-1]}/{kind}",
        "in capitals": f"/at/{live.upper()}/{kind}",
        "no text": f"/at/%FF%00%2F/{kind}",
        "with a slash too many": f"/at/{'x' * 32}//{kind}",
        "with a slash at the end": f"/at/{'x' * 32}/{kind}/",
        "unheard of": f"/at/{live}/reports",
        "very long": f"/at/{'x' * 4000}/{kind}",
    }


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", OURS)
def test_a_stranger_sees_what_an_unknown_url_shows(
    client: FlaskClient, kind: Kind, method: str
) -> None:
    unknown = seen(client.open("/no/such/page", method=method, data=form()))
    assert unknown[0] == "404 NOT FOUND"
    assert unknown[2] == b""
    for what, path in _strangers_paths(kind).items():
        assert seen(client.open(path, method=method, data=form())) == unknown, what


@pytest.mark.parametrize("kind", ["events", "sms", "delivery", "opt-out"])
@pytest.mark.parametrize("method", [one for one in METHODS if one != "POST"])
def test_a_notice_is_posted_or_it_is_nothing(client: FlaskClient, kind: Kind, method: str) -> None:
    unknown = seen(client.open("/no/such/page", method=method))
    assert seen(client.open(callbacks.url("", SECRET, kind), method=method)) == unknown


def test_a_forged_step_does_nothing(client: FlaskClient) -> None:
    for path in _strangers_paths("ussd").values():
        client.post(path, data=form("1"))
    answer = client.post(callbacks.url("", SECRET, "ussd"), data=form(""))
    assert answer.get_data(as_text=True).startswith(FIRST)


@pytest.mark.parametrize(
    ("role", "kinds"), [("web", callbacks.OF_CALLERS), ("staff", callbacks.OF_STAFF)]
)
def test_the_addresses_of_an_app_are_printed_where_its_secret_is(
    role: Role, kinds: tuple[Kind, ...]
) -> None:
    done = CliRunner().invoke(isange, ["callbacks", BASE], env={**NEEDED, **SECRETS[role]})
    secret = STAFF_SECRET if role == "staff" else SECRET
    printed = [line.split() for line in done.output.splitlines()]
    assert printed == [[kind, callbacks.url(BASE, secret, kind)] for kind in kinds]


def test_without_a_secret_there_is_no_address() -> None:
    done = CliRunner().invoke(isange, ["callbacks", BASE], env=NEEDED)
    assert isinstance(done.exception, SettingsError)

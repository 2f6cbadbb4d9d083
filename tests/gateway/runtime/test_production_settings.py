"""Production refuses to start half-safe: one line says which setting, and what to write."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace

import pytest

from gateway.runtime.settings import App, Settings, SettingsError
from gateway.vault.roles import Role
from gateway.wiring import Parts
from tests.samples import SECRET, STAFF_SECRET

LIVE: Mapping[str, str] = {
    "ISANGE_ENV": "production",
    "ISANGE_COUNTRY": "rw",
    "DATABASE_URL": "postgresql://isange@db.example/isange?sslmode=verify-full",
    "REDIS_URL": "rediss://line@redis.example:6379/0",
    "ISANGE_KEYS": "/etc/isange/keys/web",
    "ISANGE_CALLBACK_SECRETS": SECRET,
    "ISANGE_METRICS_TOKEN": "a token",
    "AT_USERNAME": "clinic",
    "AT_API_KEY": "hidden",
}

PG, ELSEWHERE = "postgresql://isange@", "postgresql://isange@db.example/isange"

SAFE: Mapping[str, list[str]] = {
    "DATABASE_URL": [
        f"{ELSEWHERE}?sslmode=verify-full&sslrootcert=system",
        "postgresql+psycopg://db.example/isange?sslmode=verify-full",
        "postgresql:///isange",
        "postgresql:///isange?host=/run/postgresql",
        f"{PG}localhost/isange",
        f"{PG}127.0.0.1:5433/isange?sslmode=disable",
        f"{PG}[::1]/isange",
    ],
    "REDIS_URL": [
        "rediss://redis.example:6380/0",
        "redis://localhost:6379/0",
        "redis://127.0.0.1",
        "redis://:hidden@[::1]:6379/0",
        "redis:///1",
        "unix:///run/valkey.sock?db=0",
    ],
    "KANNEL_URL": ["http://127.0.0.1:13013/cgi-bin/sendsms", "https://kannel.example/sendsms"],
    "KANNEL_STATUS_URL": ["http://localhost:13000/status.txt?password=x", "https://k.example/s"],
    "KANNEL_CALLBACK": ["http://[::1]:8000", "https://line.example"],
    "SENTRY_DSN": ["https://key@sentry.example/1", "http://key@127.0.0.1:9000/1"],
}

REFUSED: list[tuple[str, str, str]] = [
    *(
        ("DATABASE_URL", url, "sslmode=verify-full")
        for url in (
            ELSEWHERE,
            f"{ELSEWHERE}?sslmode=require",
            f"{ELSEWHERE}?sslmode=verify-ca",
            f"{ELSEWHERE}?sslmode=verify-full&sslmode=disable",
            f"{PG}localhost/isange?host=db.example",
            f"{PG}localhost/isange?hostaddr=192.0.2.1",
            "postgresql://localhost,db.example/isange",
            "postgresql://127.0.0.1.example/isange",
            "mysql://localhost/isange",
            "no address",
        )
    ),
    ("DATABASE_URL", "sqlite:////var/lib/isange.db", "postgresql://"),
    *(
        ("REDIS_URL", url, "rediss://")
        for url in (
            "redis://redis.example:6379/0",
            "redis://10.0.0.5",
            "redis://localhost.example",
            "rediss://redis.example?ssl_cert_reqs=none",
            "rediss://redis.example?ssl_check_hostname=false",
            "redis://[::1",
        )
    ),
    ("KANNEL_URL", "http://10.0.0.5:13013/cgi-bin/sendsms", "https://"),
    ("KANNEL_STATUS_URL", "http://kannel.example/status.txt?password=hidden", "https://"),
    ("KANNEL_CALLBACK", "http://line.example", "https://"),
    ("SENTRY_DSN", "http://hidden@sentry.example/1", "https://"),
    ("AT_USERNAME", "sandbox", "live application"),
    ("ISANGE_AT_URL", "http://127.0.0.1:8100", "unset it"),
    ("ISANGE_METRICS_TOKEN", "", "open to all"),
    ("ISANGE_COUNTRY", "", "is not set"),
    ("ISANGE_KEYS", "", "is not set"),
    ("ISANGE_CALLBACK_SECRETS", "changeme", "24 characters"),
    ("ISANGE_CALLBACK_SECRETS", f"{SECRET},{STAFF_SECRET},{'x' * 24}", "two while rotating"),
    ("ISANGE_STAFF_SECRETS", "changeme", "24 characters"),
    ("ISANGE_STAFF_SECRETS", SECRET, "make another for the staff"),
    ("ISANGE_STAFF_SECRETS", f"{STAFF_SECRET},{SECRET}", "make another for the staff"),
    ("DATABASE_URL", "", "is not set"),
    ("REDIS_URL", "", "is not set"),
]
"""The setting, a value of it, and what the line that refuses it says to do."""


def test_what_is_safe_starts() -> None:
    assert Settings.read(LIVE).production


@pytest.mark.parametrize(("name", "value"), [(name, one) for name in SAFE for one in SAFE[name]])
def test_a_connection_that_nobody_can_read_is_accepted(name: str, value: str) -> None:
    assert Settings.read({**LIVE, name: value}).production


@pytest.mark.parametrize(("name", "value", "says"), REFUSED)
def test_production_refuses(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.read({**LIVE, name: value})
    said = str(refused.value)
    assert said.startswith(name)
    assert says in said
    assert "\n" not in said
    assert "hidden" not in said, "a password stands in the address"


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, value, says in REFUSED if "://" in value and "://" in says],
)
def test_development_does_not_mind(name: str, value: str) -> None:
    assert not Settings.read({**LIVE, "ISANGE_ENV": "development", name: value}).production


def test_nothing_that_opens_something_has_a_default() -> None:
    """What nobody has set is refused or absent: there is no password that everybody knows."""
    bare = {name: LIVE[name] for name in LIVE if not name.startswith("AT_")}
    read = Settings.read(bare)
    assert (read.at_username, read.at_api_key, read.kannel_password) == (None, None, None)


@pytest.mark.parametrize("command", ["web", "staff-web", "worker", "clock"])
def test_every_process_refuses(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "commands.cli", command],
        env={**LIVE, "PATH": "", "REDIS_URL": "redis://redis.example"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("REDIS_URL ")


@pytest.mark.parametrize("role", ["web", "worker"])
def test_no_process_but_the_staff_app_may_know_where_staff_call(role: Role) -> None:
    """In one environment file for all, who gets into web could speak as any member of staff."""
    both = Settings.read({**LIVE, "ISANGE_STAFF_SECRETS": STAFF_SECRET})
    with pytest.raises(SettingsError, match="ISANGE_STAFF_SECRETS is for the staff app alone"):
        Parts(both, role)
    Parts(both, "staff")
    Parts(replace(both, environment="development"), role)


@pytest.mark.parametrize(
    ("app", "named"), [("callers", "ISANGE_CALLBACK_SECRETS"), ("staff", "ISANGE_STAFF_SECRETS")]
)
def test_an_app_without_a_secret_of_its_own_does_not_start(app: App, named: str) -> None:
    """That of the other app is none: it would open its addresses."""
    given = {"ISANGE_CALLBACK_SECRETS": SECRET, "ISANGE_STAFF_SECRETS": STAFF_SECRET, named: ""}
    with pytest.raises(SettingsError, match=f"{named} is not set"):
        Settings.read({**LIVE, **given}).addressed_by(app)


def test_who_only_sends_needs_no_secret() -> None:
    told = Settings.read({**LIVE, "ISANGE_CALLBACK_SECRETS": ""})
    assert (told.callback_secrets, told.staff_secrets) == ((), ())
    assert Parts(told, "worker").fleet


def test_who_sends_by_kannel_needs_to_tell_it_where_receipts_go() -> None:
    kannel = {
        "ISANGE_PROVIDERS": "kannel",
        "KANNEL_URL": "https://kannel.example/sendsms",
        "KANNEL_USERNAME": "isange",
        "KANNEL_PASSWORD": "hidden",
        "KANNEL_SENDER": "3029",
        "KANNEL_CALLBACK": "https://line.example",
    }
    assert Parts(Settings.read({**LIVE, **kannel}), "worker").fleet
    without = Settings.read({**LIVE, **kannel, "ISANGE_CALLBACK_SECRETS": ""})
    with pytest.raises(SettingsError, match="ISANGE_CALLBACK_SECRETS is not set"):
        _ = Parts(without, "worker").fleet

"""`isange demo`: the whole line on this machine, with a pretend network, in one command.

Prepares a data folder (keys, database, sample country, staff on duty), then keeps the processes
running: Valkey, a stand-in for Africa's Talking, the callers' and the staff app, a worker and a
clock. What it made stays in the folder, and the next start goes on from there.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway import callbacks, database, schema
from gateway.country import Pack, load_country
from gateway.sandbox import sample, valkey
from gateway.sandbox.children import Child, answers
from gateway.sandbox.folder import CannotStart, DataFolder, check_port_free, free_port
from gateway.sandbox.supervisor import NotReady, Pids, Supervisor, print_line
from gateway.vault import Vault, create_keys

HOST: Final = "127.0.0.1"
USERNAME: Final = "demo"
COUNTRY: Final = "rw"
SENDER: Final = "INFO"
"""The sender of every SMS stands on the caller's phone, so it must say nothing either."""
ISANGE: Final = (sys.executable, "-m", "gateway.cli")


class NoRedis(CannotStart):
    """Neither an embedded server nor one on the PATH nor REDIS_URL."""

    def __init__(self) -> None:
        super().__init__(
            "no Valkey for this machine: install valkey-server or redis-server, or set REDIS_URL"
        )


class NoSuchLanguage(CannotStart):
    """The language asked for is not one of the country's."""

    def __init__(self, pack: Pack) -> None:
        super().__init__(f"--language must be one of {', '.join(pack.languages)}")


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything is. Ports other than the first are free ones, kept between starts."""

    folder: DataFolder
    pack: Pack
    language: str
    port: int
    staff_port: int
    stand_in_port: int
    secret: str
    api_key: str
    metrics_token: str
    redis_url: str

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder.path / 'database' / 'isange.db'}"

    @property
    def web(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def staff(self) -> str:
        return f"http://{HOST}:{self.staff_port}"

    @property
    def stand_in(self) -> str:
        return f"http://{HOST}:{self.stand_in_port}"

    def callback(self, kind: callbacks.Kind) -> str:
        return callbacks.url(self.web, self.secret, kind)


def run(data: Path, port: int, language: str | None, *, fresh: bool = False) -> int:
    """Start everything and watch over it. The exit status; 2 with one line when it cannot start."""
    try:
        with DataFolder.open(data) as folder:
            check_port_free(HOST, port)
            if fresh:
                folder.forget()
            plan, binary = _plan(folder, port, language)
            return _watch(plan, _prepare(plan), _stages(plan, binary))
    except (CannotStart, NotReady) as reason:
        print(reason, file=sys.stderr)
        return 2


def _plan(folder: DataFolder, port: int, language: str | None) -> tuple[Plan, Path | None]:
    pack = load_country(COUNTRY)
    if language is not None and language not in pack.languages:
        raise NoSuchLanguage(pack)
    path = folder.claim("settings.json")
    kept: Mapping[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    binary = valkey.find_server()
    staff_port = _free_port(kept.get("staff_port"), {port})
    plan = Plan(
        folder=folder,
        pack=pack,
        language=language or pack.default_language,
        port=port,
        staff_port=staff_port,
        stand_in_port=_free_port(kept.get("stand_in_port"), {port, staff_port}),
        secret=kept.get("secret") or secrets.token_urlsafe(32),
        api_key=kept.get("api_key") or secrets.token_hex(32),
        metrics_token=kept.get("metrics_token") or secrets.token_urlsafe(24),
        redis_url=_redis_url(folder, binary),
    )
    names = ("staff_port", "stand_in_port", "secret", "api_key", "metrics_token")
    folder.write("settings.json", json.dumps({name: getattr(plan, name) for name in names}))
    return plan, binary


def _redis_url(folder: DataFolder, binary: Path | None) -> str:
    if binary is not None:
        return valkey.redis_url(folder.subfolder("valkey"))
    if "REDIS_URL" not in os.environ:
        raise NoRedis
    return os.environ["REDIS_URL"]


def _free_port(kept: int | None, taken: set[int]) -> int:
    """The port of the last start, so that bookmarks stay good, or another if that is in use."""
    if kept is not None and kept not in taken:
        try:
            check_port_free(HOST, kept)
        except CannotStart:
            pass
        else:
            return kept
    return next(port for port in iter(free_port, 0) if port not in taken)


def _prepare(plan: Plan) -> list[dict[str, str]]:
    """Keys, schema, centres and staff, each only where the folder has none yet; the staff."""
    folder = plan.folder
    keys = folder.claim("keys")
    if not keys.exists():
        create_keys(keys)
    folder.subfolder("database")
    engine = database.connect(plan.database_url)
    schema.upgrade(engine)
    roll = folder.claim("staff.json")
    if not roll.exists():
        people = sample.load(engine, Vault.open(keys / "staff", "staff"), plan.pack)
        folder.write("staff.json", json.dumps(people))
    engine.dispose()
    staff: list[dict[str, str]] = json.loads(roll.read_text())
    return staff


def _stages(plan: Plan, binary: Path | None) -> list[list[Child]]:
    """What runs, in the order in which it starts; it stops in the reverse order."""
    metrics = plan.folder.subfolder("metrics")
    for old in metrics.iterdir():
        old.unlink()
    embedded = [valkey.valkey_child(plan.folder.subfolder("valkey"), binary)] if binary else []
    services = [
        _child(
            "stand-in", ["stand-in", "--port", plan.stand_in_port], _pretend(plan), plan.stand_in
        ),
        _child("web", ["web", "--port", plan.port], _environment(plan, "web"), plan.web),
        _child(
            "staff",
            ["staff-web", "--port", plan.staff_port],
            _environment(plan, "staff"),
            plan.staff,
        ),
        _child("worker", ["worker"], _environment(plan, "worker")),
        _child("clock", ["clock"], _environment(plan, "worker")),
    ]
    return [embedded, services]


def _child(
    name: str, command: list[object], environment: dict[str, str], url: str | None = None
) -> Child:
    argv = [*ISANGE, *map(str, command)]
    if url is None:
        return Child(name, argv, env=environment, grace=15.0)
    return Child(name, argv, env=environment, ready=answers(f"{url}/healthz"))


def _environment(plan: Plan, role: str) -> dict[str, str]:
    """The settings of a service process: those of production, with a key folder by role."""
    return {
        **os.environ,
        "ISANGE_ENV": "development",
        "DATABASE_URL": plan.database_url,
        "REDIS_URL": plan.redis_url,
        "ISANGE_COUNTRY": COUNTRY,
        "ISANGE_LANGUAGE": plan.language,
        "ISANGE_KEYS": str(plan.folder.path / "keys" / role),
        "ISANGE_CALLBACK_SECRETS": plan.secret,
        "ISANGE_METRICS_TOKEN": plan.metrics_token,
        "PROMETHEUS_MULTIPROC_DIR": str(plan.folder.path / "metrics"),
        "AT_USERNAME": USERNAME,
        "AT_API_KEY": plan.api_key,
        "ISANGE_AT_URL": plan.stand_in,
    }


def _pretend(plan: Plan) -> dict[str, str]:
    """The settings of the stand-in: the account, and where the network calls us."""
    return {
        **os.environ,
        "STAND_IN_FOLDER": str(plan.folder.subfolder("stand-in")),
        "STAND_IN_USERNAME": USERNAME,
        "STAND_IN_SENDER": SENDER,
        "STAND_IN_CURRENCY": "RWF",
        "STAND_IN_NETWORK_CODE": min(plan.pack.networks.names, default="99999"),
        "STAND_IN_API_KEY": plan.api_key,
        "STAND_IN_USSD_URL": plan.callback("ussd"),
        "STAND_IN_EVENTS_URL": plan.callback("events"),
        "STAND_IN_SMS_URL": plan.callback("sms"),
        "STAND_IN_DELIVERY_URL": plan.callback("delivery"),
        "STAND_IN_OPT_OUT_URL": plan.callback("opt-out"),
    }


def _watch(plan: Plan, staff: list[dict[str, str]], stages: list[list[Child]]) -> int:
    """Run until told to stop, keeping demo.json true."""

    def write(pids: Pids) -> None:
        plan.folder.write("demo.json", json.dumps(_description(plan, staff, pids), indent=1))

    def announce(pids: Pids) -> None:
        write(pids)
        print_line(_welcome(plan))

    logs = plan.folder.subfolder("logs")
    supervisor = Supervisor(stages, logs, inherit=(plan.folder.lock,), on_change=write)
    return supervisor.run(on_ready=announce)


def _description(plan: Plan, staff: list[dict[str, str]], pids: Pids) -> dict[str, Any]:
    """demo.json: where everything is, secrets included, for tests and tools on this machine."""
    return {
        "ussd_url": plan.callback("ussd"),
        "events_url": plan.callback("events"),
        "sms_url": plan.callback("sms"),
        "delivery_url": plan.callback("delivery"),
        "opt_out_url": plan.callback("opt-out"),
        "staff_ussd_url": None,
        "phone_url": None,
        "console_url": None,
        "metrics_url": f"{plan.web}/metrics?token={plan.metrics_token}",
        "health_url": f"{plan.web}/healthz",
        "stand_in_url": plan.stand_in,
        "sent_url": f"{plan.stand_in}/sent",
        "database_url": plan.database_url,
        "redis_url": plan.redis_url,
        "log_dir": str(plan.folder.path / "logs"),
        "service_code": plan.pack.codes.callers,
        "staff": staff,
        "pids": {"demo": os.getpid(), **pids},
    }


def _welcome(plan: Plan) -> str:
    data = plan.folder.path
    return "\n".join(
        (
            f"The line is open on {plan.web}. All centres and hotlines are samples, not live data.",
            f"  dial it:          isange dial --data {data}",
            f"  SMS that left:    {plan.stand_in}/sent",
            f"  addresses, staff: {data / 'demo.json'}",
            "Ctrl-C stops it; the same command goes on from here.",
        )
    )

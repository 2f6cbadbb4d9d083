"""`isange demo`: the whole line on this machine, with a pretend network, in one command.

Prepares a data folder (keys, database, sample country, staff on duty), then keeps the processes
running: Valkey, a stand-in for Africa's Talking, the callers' and the staff app, a worker and a
clock. What it made stays in the folder, and the next start goes on from there.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.util import CommandError

from gateway.country.pack import Pack, load_country
from gateway.store import database, schema
from gateway.vault.create import create_keys
from gateway.vault.errors import VaultError
from gateway.vault.roles import Role
from gateway.vault.secrets import quick_hasher
from gateway.vault.vault import Vault
from sandbox.demo import sample, valkey
from sandbox.demo.children import Child, answers
from sandbox.demo.folder import (
    LOCK,
    MARKER,
    CannotStart,
    DataFolder,
    FolderNotOurs,
    check_port_free,
    free_port,
)
from sandbox.demo.plan import DESCRIPTION, HOST, Plan
from sandbox.demo.supervisor import NotReady, Pids, Supervisor, print_line

ISANGE: Final = (sys.executable, "-m", "commands.cli")

KEPT: Final = (
    *("country", "staff_port", "stand_in_port", "phone_port"),
    *("secret", "staff_secret", "api_key", "phone_token"),
)
"""What a plan takes over from the start before: all addresses stay as they were."""


SERVED: Final[tuple[Role, ...]] = ("web", "staff", "worker")


class NotInProduction(CannotStart):
    """Sample centres and a pretend network must never face real callers."""

    def __init__(self) -> None:
        super().__init__("the demo does not run where ISANGE_ENV=production")


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


class OtherCountry(CannotStart):
    """The folder holds the centres and staff of another country than the one asked for."""

    def __init__(self, path: Path, country: str) -> None:
        super().__init__(
            f"{path} holds a demo with --country {country}: name another folder with --data, "
            "or forget it all with --fresh"
        )


class Spoilt(CannotStart):
    """A file of an earlier demo cannot be used any more."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} cannot be used: put it right, or forget it all with --fresh")


def run(
    data: Path,
    port: int,
    country: str,
    language: str | None,
    *,
    fresh: bool = False,
    phone_host: str = HOST,
) -> int:
    """Start everything and watch over it. The exit status; 2 with one line when it cannot start.

    Port 0 takes a free one. `phone_host` is where the phone page listens, and nothing else.
    """
    os.umask(0o077)  # For all that is made here and by the children, SQLite and Valkey included.
    try:
        wanted = _Wanted(port, country, language, phone_host)
        return _run(data.expanduser(), wanted, fresh=fresh)
    except (CannotStart, NotReady) as reason:
        print(reason, file=sys.stderr)
        return 2


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the command line asked for."""

    port: int
    country: str
    language: str | None
    phone_host: str


def _run(data: Path, wanted: _Wanted, *, fresh: bool) -> int:
    """Whatever can be seen to be wrong is said before anything is made or forgotten."""
    if os.environ.get("ISANGE_ENV") == "production":
        raise NotInProduction
    pack = load_country(wanted.country)
    if wanted.language is not None and wanted.language not in pack.languages:
        raise NoSuchLanguage(pack)
    binary = valkey.find_server()
    elsewhere = os.environ.get("REDIS_URL", "")
    if binary is None and not elsewhere:
        raise NoRedis
    _refuse_strangers(data)
    with DataFolder.open(data) as folder:
        check_port_free(HOST, wanted.port)
        if fresh:
            folder.forget()
        redis_url = valkey.redis_url(folder.subfolder("valkey")) if binary else elsewhere
        folder.claim(DESCRIPTION).unlink(missing_ok=True)
        plan = _plan(folder, pack, wanted, redis_url)
        staff = _prepare(folder, plan)
        return _watch(folder, plan, staff, _stages(folder, plan, binary), _welcome(plan, data))


def _refuse_strangers(data: Path) -> None:
    """Raise FolderNotOurs for a folder that holds things, none of them a demo's."""
    if not data.is_dir() or (data / MARKER).exists():
        return
    with contextlib.suppress(PermissionError):  # DataFolder says it better.
        if any(entry.name != LOCK for entry in data.iterdir()):
            raise FolderNotOurs(data)


def _plan(folder: DataFolder, pack: Pack, wanted: _Wanted, redis_url: str) -> Plan:
    path = folder.claim("settings.json")
    kept: Mapping[str, Any] = _read(path) if path.exists() else {}
    if kept.get("country", pack.code) != pack.code:
        raise OtherCountry(folder.path, kept["country"])
    port = wanted.port or free_port()
    staff_port = _free_port(kept.get("staff_port"), {port})
    stand_in_port = _free_port(kept.get("stand_in_port"), {port, staff_port})
    plan = Plan(
        folder=folder.path,
        country=pack.code,
        pack=pack,
        language=wanted.language or pack.default_language,
        port=port,
        staff_port=staff_port,
        stand_in_port=stand_in_port,
        phone_port=_free_port(kept.get("phone_port"), {port, staff_port, stand_in_port}),
        phone_host=wanted.phone_host,
        redis_url=redis_url,
        secret=kept.get("secret") or secrets.token_urlsafe(32),
        staff_secret=kept.get("staff_secret") or secrets.token_urlsafe(32),
        api_key=kept.get("api_key") or secrets.token_hex(32),
        phone_token=kept.get("phone_token") or secrets.token_urlsafe(16),
    )
    folder.write("settings.json", json.dumps({name: getattr(plan, name) for name in KEPT}))
    return plan


def _read(path: Path) -> Any:
    """The JSON of a file that an earlier start wrote. Raises Spoilt."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        raise Spoilt(path) from None


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


def _prepare(folder: DataFolder, plan: Plan) -> list[dict[str, str]]:
    """Keys, schema, centres and staff, each only where the folder has none yet; the staff.

    A start that is killed in here is taken up by the next one, wherever it stopped.
    """
    keys = folder.claim("keys")
    if not keys.exists():
        create_keys(keys)
    _refuse_old_keys(keys)
    folder.subfolder("database")
    roll = folder.claim("staff.json")
    engine = database.connect(plan.database_url)
    try:
        schema.upgrade(engine)
        if not roll.exists():
            # Their PINs are printed: a hundred of them need no hashing that takes its time.
            vault = Vault.open(keys / "staff", "staff", hasher=quick_hasher())
            people = sample.load(engine, vault, plan.pack)
            folder.write("staff.json", json.dumps(people))
    except (database.DatabaseFailed, CommandError):
        raise Spoilt(plan.database) from None
    finally:
        engine.dispose()
    staff: list[dict[str, str]] = _read(roll)
    return staff


def _refuse_old_keys(keys: Path) -> None:
    """Raise CannotStart for keys that no process could start with: those of an older release."""
    for role in SERVED:
        try:
            Vault.open(keys / role, role, hasher=quick_hasher())
        except VaultError as fault:
            raise CannotStart(f"{fault}; or forget it all with --fresh") from None


def _stages(folder: DataFolder, plan: Plan, binary: Path | None) -> list[list[Child]]:
    """What runs, in the order in which it starts: all of a list side by side.

    What happens after a call waits until calls are answered. It stops in the reverse order, so
    that a worker which is sending can finish.
    """
    for old in folder.subfolder("metrics").iterdir():
        old.unlink()
    folder.subfolder("stand-in")
    pretend = ["stand-in", "--port", plan.stand_in_port]
    answering = [
        _child("web", ["web", "--port", plan.port], plan.service("web"), plan.web),
        _child("stand-in", pretend, plan.pretend(), plan.stand_in),
        _child(
            "staff", ["staff-web", "--port", plan.staff_port], plan.service("staff"), plan.staff
        ),
        _child("phones", _phone_page(folder, plan), plan.phone_page(), plan.phones),
    ]
    if binary:
        answering.insert(0, valkey.valkey_child(folder.subfolder("valkey"), binary))
    following = [
        _child("worker", ["worker"], plan.service("worker")),
        _child("clock", ["clock"], plan.service("worker")),
    ]
    return [answering, following]


def _phone_page(folder: DataFolder, plan: Plan) -> list[object]:
    where = ["--host", plan.phone_host, "--port", plan.phone_port]
    return ["phones", "--data", folder.path, *where]


def _child(
    name: str, command: list[object], environment: dict[str, str], url: str | None = None
) -> Child:
    argv = [*ISANGE, *map(str, command)]
    if url is None:
        return Child(name, argv, env=environment, grace=15.0)
    return Child(name, argv, env=environment, ready=answers(f"{url}/healthz"))


def _watch(
    folder: DataFolder,
    plan: Plan,
    staff: list[dict[str, str]],
    stages: list[list[Child]],
    welcome: str,
) -> int:
    """Run until told to stop, keeping the description true, which goes when the demo does."""

    def write(pids: Pids) -> None:
        description = plan.describe(staff, {"demo": os.getpid(), **pids})
        folder.write(DESCRIPTION, json.dumps(description, indent=1))

    def announce(pids: Pids) -> None:
        write(pids)
        print_line(welcome)

    logs = folder.subfolder("logs")
    supervisor = Supervisor(stages, logs, inherit=(folder.lock,), on_change=write)
    try:
        return supervisor.run(on_ready=announce)
    finally:
        folder.claim(DESCRIPTION).unlink(missing_ok=True)


def _welcome(plan: Plan, data: Path) -> str:
    """`data` as it was given: what is printed can be pasted into the same shell."""
    program = sys.argv[0] if Path(sys.argv[0]).name == "isange" else "isange"
    return "\n".join(
        (
            f"The line is open on {plan.web}. All centres and hotlines are samples, not live data.",
            f"  dial it:          {shlex.join([program, 'dial', '--data', str(data)])}",
            f"  phones to try it: {plan.phone_url}",
            f"  SMS that left:    {plan.stand_in}/sent",
            f"  addresses, staff: {data / DESCRIPTION}",
            "Ctrl-C stops it; the same command goes on from here.",
        )
    )

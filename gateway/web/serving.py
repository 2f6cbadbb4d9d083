"""The web server around the apps: granian, whose worker processes call these factories."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from flask import Flask
from granian import Granian
from granian.constants import Interfaces

from gateway.runtime import logs, sentry
from gateway.runtime.parent_process import die_with_parent
from gateway.runtime.settings import App, Settings
from gateway.vault.roles import Role
from gateway.web import callers, staff
from gateway.wiring import PhoneParts

ROLES: Final[Mapping[App, Role]] = {"callers": "web", "staff": "staff"}
"""Whose keys each app holds."""

BACKLOG: Final = 2048

LONGEST_STEP: Final = 2
"""Seconds that a request under way may hold up a stop."""


def serve(face: App, host: str, port: int) -> None:
    """Serve one app until a signal ends it."""
    settings = Settings.read(os.environ)
    # Wrong keys and secrets end this process with one line, not its workers with a traceback each.
    settings.addressed_by(face)
    _ = PhoneParts(settings, ROLES[face]).vault
    processes = settings.web_processes if face == "callers" else 1
    run(f"{__name__}:{face}_app", host, port, processes, settings.web_threads)


def run(factory: str, host: str, port: int, processes: int, threads: int) -> None:
    """Serve the app that `factory` ("module:function") makes, once in each process."""
    Granian(
        factory,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=processes,
        blocking_threads=threads,
        backlog=BACKLOG,
        log_access=False,
        log_level="error",  # type: ignore[arg-type]
        respawn_failed_workers=True,
        workers_kill_timeout=LONGEST_STEP,
    ).serve()


def callers_app() -> Flask:
    """The callers' app of one worker process."""
    parts = _parts("web")
    app = callers.create_app(parts)
    parts.centres.keep_fresh()
    return app


def staff_app() -> Flask:
    """The staff app of one worker process."""
    return staff.create_app(_parts("staff"))


def _parts(role: Role) -> PhoneParts:
    die_with_parent()
    logs.configure(role)
    settings = Settings.read(os.environ)
    sentry.start(settings.sentry_dsn, role)
    return PhoneParts(settings, role)

"""The phone page as a WSGI application: its files, its events, and the wishes of its buttons."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, jsonify, send_from_directory
from werkzeug.exceptions import HTTPException

from sandbox.handsets.errors import NetworkGone, StillStarting, Unable
from sandbox.handsets.line import DialledLine
from sandbox.page import guard
from sandbox.page.room import Room, open_room
from sandbox.page.watch import Watcher
from sandbox.page.wishes import install as install_wishes
from sandbox.standin.client import Refused
from sandbox.standin.schedule import report

STATIC: Final = Path(__file__).with_name("static")

HEARTBEAT: Final = 5.0
"""Seconds of silence after which a stream of events shows that it lives, or finds that it does not.
"""


class Lobby:
    """Opens the room when the first visitor comes: the demo is not described before it runs."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._lock = threading.Lock()
        self._room: Room | None = None

    def room(self) -> Room:
        """The room. Raises StillStarting and NetworkGone."""
        with self._lock:
            if self._room is None:
                self._room = open_room(DialledLine.read(self._data))
                Watcher(self._room).start()
            return self._room


def create_app(data: Path, token: str, *, loopback_only: bool = True) -> Flask:
    """The page for the demo in the folder `data`; every address begins with `token`."""
    app = Flask("phone", static_folder=None)
    lobby = Lobby(data)
    guard.install(app, token, loopback_only=loopback_only)
    app.register_error_handler(Unable, _unable)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(OSError, _gone)
    app.register_error_handler(Exception, _broken)
    _install_files(app)
    _install_events(app, lobby)
    install_wishes(app, lobby.room)
    return app


def _install_files(app: Flask) -> None:
    @app.get("/healthz", endpoint=guard.ALIVE)
    def healthz() -> Response:
        return Response("ok", content_type="text/plain; charset=utf-8")

    @app.get("/<token>/")
    def page() -> Response:
        return send_from_directory(STATIC, "index.html")

    @app.get("/<token>/<path:name>")
    def file(name: str) -> Response:
        return send_from_directory(STATIC, name)


def _install_events(app: Flask, lobby: Lobby) -> None:
    @app.get("/<token>/api/facts")
    def facts() -> Response:
        return jsonify(lobby.room().facts())

    @app.get("/<token>/api/state")
    def state() -> Response:
        return jsonify(lobby.room().view())

    @app.get("/<token>/api/recording")
    def recording() -> Response:
        return jsonify(lobby.room().recording.view())

    @app.get("/<token>/api/script")
    def script() -> Response:
        return _saved(lobby.room().script(), "text/yaml", "story.yaml")

    @app.get("/<token>/api/picture")
    def picture() -> Response:
        return _saved(lobby.room().picture(), "image/svg+xml", "story.svg")

    @app.get("/<token>/api/events")
    def events() -> Response:
        stream = Response(_events(lobby.room()), content_type="text/event-stream")
        stream.headers["X-Accel-Buffering"] = "no"
        return stream


def _saved(text: str, kind: str, name: str) -> Response:
    """A file that a browser keeps and does not show."""
    answer = Response(text, content_type=f"{kind}; charset=utf-8")
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer


def _events(room: Room) -> Iterator[str]:
    """The state of the room whenever it has changed, as Server-Sent Events."""
    seen, shown = 0, ""
    with room.changes.watching():
        while True:
            now = room.changes.after(seen, HEARTBEAT)
            if now == seen:
                yield ":\n\n"
                continue
            seen = now
            state = json.dumps(room.view(), separators=(",", ":"))
            if state != shown:
                shown = state
                yield f"data: {state}\n\n"


def _unable(error: Unable) -> tuple[Response, int]:
    return jsonify(error=str(error)), 503 if isinstance(error, StillStarting) else 409


def _refused(error: Refused) -> tuple[Response, int]:
    return jsonify(error=f"The pretend network refuses: {error}."), 409


def _gone(_error: OSError) -> tuple[Response, int]:
    return jsonify(error=str(NetworkGone())), 409


def _broken(error: Exception) -> Any:
    """Our own bug: say so without quoting what was being worked on."""
    if isinstance(error, HTTPException):
        return Response("", error.code or 500, content_type="text/plain; charset=utf-8")
    report(error)
    return jsonify(error=f"The phone page itself is broken: {type(error).__name__}."), 500

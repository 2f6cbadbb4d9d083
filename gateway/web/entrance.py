"""What stands before both apps: one answer for everybody who does not know an address of ours.

A wrong secret and an unknown URL are the same case here, looked at in the same way before any
routing, so that neither the answer nor the time it takes tells them apart. And a route that nobody
thought of protecting is shut until it is listed. A USSD step goes from here straight to its line,
and all else to the Flask app.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from flask import Flask

from gateway.runtime.callbacks import OF_CALLERS, OF_STAFF, Doors, Kind
from gateway.runtime.settings import App, Settings
from gateway.web import monitoring
from gateway.web.origins import Origins

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


Lines = Mapping[Kind, "WSGIApplication"]


def guard(
    app: Flask,
    settings: Settings,
    face: App,
    lines: Lines,
    public: Collection[str] = monitoring.PATHS,
) -> None:
    """Let nobody in but by a live callback address, or to an app at one of the `public` paths.

    Raises SettingsError when the app has no secret.
    """
    origins = Origins(settings.callback_networks, settings.proxies)
    kinds = OF_STAFF if face == "staff" else OF_CALLERS
    doors = Doors(settings.addressed_by(face), kinds)
    entrance = Entrance(app.wsgi_app, lines, doors, origins, public)
    app.wsgi_app = entrance  # type: ignore[method-assign, assignment]


GUARDS: Final = (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"))
"""Headers of every answer: it is what it says it is, and nothing on the way may keep it."""


class Entrance:
    """A WSGI application that lets through to others."""

    def __init__(
        self,
        inside: WSGIApplication,
        lines: Lines,
        doors: Doors,
        origins: Origins,
        public: Collection[str],
    ) -> None:
        self._inside, self._lines, self._doors = inside, lines, doors
        self._origins, self._public = origins, tuple(public)
        self._nowhere = monitoring.plain("", 404)

    def __call__(self, request: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = request.get("PATH_INFO", "")
        start_response = _guarded(start_response)
        kind = self._doors.kind_at(path)
        if kind is not None:
            self._origins.look(kind, request)
            return self._lines.get(kind, self._inside)(request, start_response)
        if path not in self._public:
            return self._nowhere(request, start_response)
        return self._inside(request, start_response)


def _guarded(start_response: StartResponse) -> StartResponse:
    """`start_response` with the headers that every answer has."""

    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[..., object]:
        return start_response(status, [*headers, *GUARDS], *error)

    return start

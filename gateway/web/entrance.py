"""What stands before both apps: one answer for everybody who does not know an address of ours.

A wrong secret and an unknown URL are the same case here, looked at in the same way before any
routing, so that neither the answer nor the time it takes tells them apart. And a route that nobody
thought of protecting is shut until it is listed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from flask import Flask

from gateway.callbacks import Doors
from gateway.settings import Settings
from gateway.web import operations
from gateway.web.origins import Origins

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def guard(app: Flask, settings: Settings, public: Collection[str] = operations.PATHS) -> None:
    """Let nobody into an app but by a live callback address, or at one of the `public` paths."""
    origins = Origins(settings.callback_networks, settings.proxies)
    doors = Doors(settings.callback_secrets)
    entrance = Entrance(app.wsgi_app, doors, origins, public)
    app.wsgi_app = entrance  # type: ignore[method-assign, assignment]


class Entrance:
    """A WSGI application that lets through to another."""

    def __init__(
        self, inside: WSGIApplication, doors: Doors, origins: Origins, public: Collection[str]
    ) -> None:
        self._inside, self._doors = inside, doors
        self._origins, self._public = origins, tuple(public)
        self._nowhere = operations.plain("", 404)

    def __call__(self, request: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = request.get("PATH_INFO", "")
        kind = self._doors.kind_at(path)
        if kind is not None:
            self._origins.look(kind, request)
        elif path not in self._public:
            return self._nowhere(request, start_response)
        return self._inside(request, start_response)

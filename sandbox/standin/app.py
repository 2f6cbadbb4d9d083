"""The stand-in as one WSGI application."""

from __future__ import annotations

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from sandbox.standin.config import Config, refuse_production
from sandbox.standin.control import control
from sandbox.standin.current import EXTENSION
from sandbox.standin.messaging import messaging
from sandbox.standin.network import PretendNetwork
from sandbox.standin.schedule import report


def create_app(config: Config) -> Flask:
    """The whole stand-in. Raises RefusedInProduction, UnreadableRecord, OSError.

    Breaking a connection needs the socket, so faults of that kind work only under `server`.
    """
    refuse_production()
    app = Flask("standin", static_folder=None)
    app.extensions[EXTENSION] = PretendNetwork(config)
    app.register_blueprint(messaging)
    app.register_blueprint(control)
    app.register_error_handler(Exception, _broken)
    return app


def _broken(error: Exception) -> Response | HTTPException:
    """Our own bug: say so without quoting what was being worked on."""
    if isinstance(error, HTTPException):
        return error
    report(error)
    body = f"the stand-in itself is broken: {type(error).__name__}"
    return Response(body, status=500, content_type="text/plain; charset=utf-8")

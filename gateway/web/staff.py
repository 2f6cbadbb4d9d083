"""The staff app: holds the private keys of its role, and answers nothing to strangers."""

from __future__ import annotations

from flask import Flask

from gateway.web import operations
from gateway.wiring import House


def create_app(house: House) -> Flask:
    """The app with all its routes."""
    app = Flask("gateway.web.staff", static_folder=None)
    operations.install(app, house)
    return app

"""The staff app: holds the private keys of its role, and answers nothing to strangers."""

from __future__ import annotations

from flask import Flask

from gateway.web import entrance, monitoring
from gateway.web.line import Help, Line, with_history
from gateway.web.networks.africastalking import AfricasTalking
from gateway.wiring import House


def create_app(house: House) -> Flask:
    """The app with all its routes."""
    app = Flask("gateway.web.staff", static_folder=None)
    monitoring.install(app, house)
    help_ = Help(house.pack, house.speech, house.pack.staff_language)
    line = Line(AfricasTalking(house.pack.region), with_history(house.staff_conversation), help_)
    entrance.guard(app, house.settings, "staff", {"staff": line})
    return app

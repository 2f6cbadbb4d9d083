"""The staff app: holds the private keys of its role, and answers nothing to strangers."""

from __future__ import annotations

from flask import Flask

from gateway.callbacks import PATHS, Doors
from gateway.networks.africastalking import AfricasTalking
from gateway.web import operations
from gateway.web.line import EVERY_METHOD, Help, Line, admitted, with_history
from gateway.wiring import House


def create_app(house: House) -> Flask:
    """The app with all its routes."""
    app = Flask("gateway.web.staff", static_folder=None)
    operations.install(app, house)
    doors = Doors(house.settings.callback_secrets)
    help_ = Help(house.pack, house.speech, house.pack.staff_language)
    line = Line(AfricasTalking(house.pack.region), with_history(house.staff_conversation), help_)
    app.add_url_rule(
        PATHS["staff"],
        "staff",
        admitted(doors, "staff", line),
        methods=EVERY_METHOD,
        provide_automatic_options=False,
    )
    return app

"""The staff app: holds the private keys of its role, and answers nothing to strangers."""

from __future__ import annotations

from flask import Flask, Response, abort, request

from gateway.callbacks import Doors
from gateway.web import operations
from gateway.web.line import EVERY_METHOD, Line
from gateway.wiring import House


def create_app(house: House) -> Flask:
    """The app with all its routes."""
    app = Flask("gateway.web.staff", static_folder=None)
    operations.install(app, house)
    doors = Doors(house.settings.callback_secrets)
    language = house.pack.staff_language
    line = Line(house.staff_conversation, house.pack, house.speech, language)

    @app.route("/at/<secret>/staff", methods=EVERY_METHOD, provide_automatic_options=False)
    def staff(secret: str) -> Response:
        if not doors.open("staff", secret):
            abort(404)
        return line.respond(request)

    return app

"""The callers' app: what the phone network and the SMS provider call. Can write, cannot read back.

Whatever fails, a caller gets 200 and something that helps: anything else makes the network cut the
session with an error of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, abort, request

from gateway import logs
from gateway.callbacks import Doors, Kind
from gateway.conversation import CannotDo
from gateway.database import DatabaseDown
from gateway.metrics import CALLBACKS
from gateway.post import Post
from gateway.web import forms, operations
from gateway.web.line import EVERY_METHOD, Line
from gateway.web.notices import Incomplete, Notices, Taker
from gateway.wiring import House


def create_app(house: House) -> Flask:
    """The app with all its routes. Every route asks for its secret first."""
    app = Flask("gateway.web.callers", static_folder=None)
    operations.install(app, house)
    doors = Doors(house.settings.callback_secrets)
    line = Line(house.conversation, house.pack, house.speech, house.language)

    @app.route("/at/<secret>/ussd", methods=EVERY_METHOD, provide_automatic_options=False)
    def ussd(secret: str) -> Response:
        if not doors.open("ussd", secret):
            abort(404)
        return line.respond(request)

    post = Post(house.database, house.vault, house.replies, house.reports, house.sms_line)
    for kind, take in Notices(post, house.pack.region).takers().items():
        view = _taking(house, doors, kind, take)
        app.add_url_rule(f"/at/<secret>/{kind}", kind, view, methods=["POST"])
    return app


def _taking(house: House, doors: Doors, kind: Kind, take: Taker) -> Callable[[str], Response]:
    """A view that admits a notice, takes it in, and answers what the provider expects.

    A 5xx makes the provider send it again later, which is right when the database is gone.
    """

    def view(secret: str) -> Response:
        if not doors.open(kind, secret):
            abort(404)
        CALLBACKS.labels(kind).inc()
        try:
            waiting = take(forms.read(request, forms.LARGEST_NOTICE))
        except (forms.NotAForm, Incomplete) as error:
            return operations.plain(str(error), 400)
        except (DatabaseDown, CannotDo) as error:
            logs.failure("notice_not_kept", error)
            return operations.plain("try again later", 503)
        if waiting:
            house.bell.ring()
        return operations.plain("ok")

    return view

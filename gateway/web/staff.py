"""The staff app: holds the private keys of its role, and answers nothing to strangers."""

from __future__ import annotations

from flask import Flask

from gateway.web import entrance, monitoring
from gateway.web.line import Help, UssdEndpoint, with_history
from gateway.web.networks.africastalking import AfricasTalking
from gateway.wiring import Parts


def create_app(parts: Parts) -> Flask:
    """The app with all its routes."""
    app = Flask("gateway.web.staff", static_folder=None)
    monitoring.install(app, parts)
    help_ = Help(parts.pack, parts.speech, parts.pack.staff_language)
    line = UssdEndpoint(
        AfricasTalking(parts.pack.region), with_history(parts.staff_conversation), help_
    )
    entrance.guard(app, parts.settings, "staff", {"staff": line})
    return app

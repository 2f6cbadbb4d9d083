"""The callers' app: what the phone network and the SMS provider call. Can write, cannot read back.

Whatever fails, a caller gets 200 and something that helps: anything else makes the network cut the
session with an error of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Flask, Response, request

from gateway.conversation.contract import CannotDo
from gateway.inbox.notices import Inbox
from gateway.runtime import logs
from gateway.runtime.callbacks import PATHS, Kind
from gateway.runtime.metrics import CALLBACKS
from gateway.store.database import DatabaseDown
from gateway.web import entrance, monitoring
from gateway.web.africastalking import AfricasTalkingNotices
from gateway.web.forms import NotAForm
from gateway.web.kannel import KannelNotices
from gateway.web.line import Help, UssdEndpoint, with_history, with_incremental
from gateway.web.networks.africastalking import AfricasTalking
from gateway.web.networks.contract import SessionOver
from gateway.web.networks.hubtel import Hubtel
from gateway.web.notices import Incomplete, Notice
from gateway.wiring import Parts


def create_app(parts: Parts) -> Flask:
    """The app with all its routes, behind an entrance that asks for the secret of each first."""
    app = Flask("gateway.web.callers", static_folder=None)
    monitoring.install(app, parts)
    post = Inbox(parts.database, parts.vault, parts.replies, parts.reports, parts.sms_line)
    for kind, notice in _notices(parts, post).items():
        view = _taking(parts, kind, notice)
        app.add_url_rule(PATHS[kind], kind, view, methods=[notice.method])
    entrance.guard(app, parts.settings, "callers", _lines(parts, post))
    return app


def _lines(parts: Parts, post: Inbox) -> Mapping[Kind, UssdEndpoint]:
    """A line for each network the operator has a contract with."""
    help_ = Help(parts.pack, parts.speech, parts.language)
    region = parts.pack.region

    def ended(over: SessionOver) -> None:
        if post.session_ended("newest", over.session_id, over.msisdn, by_us=over.by_us):
            parts.doorbell.ring()

    lines: dict[Kind, UssdEndpoint] = {}
    if "africastalking" in parts.settings.networks:
        lines["ussd"] = UssdEndpoint(
            AfricasTalking(region), with_history(parts.conversation), help_
        )
    if "hubtel" in parts.settings.networks:
        talk = with_incremental(parts.incremental_conversation, parts.doorbell)
        lines["hubtel"] = UssdEndpoint(Hubtel(region), talk, help_, ended)
    return lines


def _notices(parts: Parts, post: Inbox) -> Mapping[Kind, Notice]:
    """What each provider of the operator's tells us."""
    region = parts.pack.region
    notices = dict(AfricasTalkingNotices(post, region).notices())
    if any(share.provider == "kannel" for share in parts.settings.providers):
        notices |= KannelNotices(post, region).notices()
    return notices


def _taking(parts: Parts, kind: Kind, notice: Notice) -> Callable[[str], Response]:
    """A view that takes a notice in, and answers what the provider expects.

    A 5xx makes the provider send it again later, which is right when the database is gone.
    """

    def view(secret: str) -> Response:
        CALLBACKS.labels(kind).inc()
        try:
            waiting = notice.take(notice.read(request))
        except (NotAForm, Incomplete) as error:
            return monitoring.plain(str(error), 400)
        except (*DatabaseDown, CannotDo) as error:
            logs.failure("notice_not_kept", error)
            return monitoring.plain("try again later", 503)
        if waiting:
            parts.doorbell.ring()
        return monitoring.plain(notice.answer)

    return view

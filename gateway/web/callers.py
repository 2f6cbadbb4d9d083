"""The callers' app: what the phone network and the SMS provider call. Can write, cannot read back.

Whatever fails, a caller gets 200 and something that helps: anything else makes the network cut the
session with an error of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Flask, Response, request

from gateway.conversation.contract import CannotDo
from gateway.inbox.notices import Post
from gateway.runtime import logs
from gateway.runtime.callbacks import PATHS, Kind
from gateway.runtime.metrics import CALLBACKS
from gateway.store.database import DatabaseDown
from gateway.web import entrance, monitoring
from gateway.web.africastalking import Notices
from gateway.web.forms import NotAForm
from gateway.web.kannel import Kannel
from gateway.web.line import Help, Line, with_history, with_newest
from gateway.web.networks.africastalking import AfricasTalking
from gateway.web.networks.contract import SessionOver
from gateway.web.networks.hubtel import Hubtel
from gateway.web.notices import Incomplete, Notice
from gateway.wiring import House


def create_app(house: House) -> Flask:
    """The app with all its routes, behind an entrance that asks for the secret of each first."""
    app = Flask("gateway.web.callers", static_folder=None)
    monitoring.install(app, house)
    post = Post(house.database, house.vault, house.replies, house.reports, house.sms_line)
    for kind, notice in _notices(house, post).items():
        view = _taking(house, kind, notice)
        app.add_url_rule(PATHS[kind], kind, view, methods=[notice.method])
    entrance.guard(app, house.settings, "callers", _lines(house, post))
    return app


def _lines(house: House, post: Post) -> Mapping[Kind, Line]:
    """A line for each network the operator has a contract with."""
    help_ = Help(house.pack, house.speech, house.language)
    region = house.pack.region

    def ended(over: SessionOver) -> None:
        if post.session_ended("newest", over.session_id, over.msisdn, by_us=over.by_us):
            house.bell.ring()

    lines: dict[Kind, Line] = {}
    if "africastalking" in house.settings.networks:
        lines["ussd"] = Line(AfricasTalking(region), with_history(house.conversation), help_)
    if "hubtel" in house.settings.networks:
        talk = with_newest(house.newest_conversation, house.bell)
        lines["hubtel"] = Line(Hubtel(region), talk, help_, ended)
    return lines


def _notices(house: House, post: Post) -> Mapping[Kind, Notice]:
    """What each provider of the operator's tells us."""
    region = house.pack.region
    notices = dict(Notices(post, region).notices())
    if any(share.provider == "kannel" for share in house.settings.providers):
        notices |= Kannel(post, region).notices()
    return notices


def _taking(house: House, kind: Kind, notice: Notice) -> Callable[[str], Response]:
    """A view that takes a notice in, and answers what the provider expects.

    A 5xx makes the provider send it again later, which is right when the database is gone.
    """

    def view(secret: str) -> Response:
        CALLBACKS.labels(kind).inc()
        try:
            waiting = notice.take(notice.read(request))
        except (NotAForm, Incomplete) as error:
            return monitoring.plain(str(error), 400)
        except (DatabaseDown, CannotDo) as error:
            logs.failure("notice_not_kept", error)
            return monitoring.plain("try again later", 503)
        if waiting:
            house.bell.ring()
        return monitoring.plain(notice.answer)

    return view

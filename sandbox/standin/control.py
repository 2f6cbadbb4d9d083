"""The control API: faults, handsets and the record, for tests and for people with `curl`.

It asks for no password, so the server listens on loopback alone unless told otherwise.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from decimal import Decimal
from typing import Final

from flask import Blueprint, Response, jsonify, request

from sandbox.standin import behaviours
from sandbox.standin.behaviours import LONGEST_WAIT
from sandbox.standin.config import Callbacks, Config
from sandbox.standin.current import this_network
from sandbox.standin.fields import Fields, Nonsense
from sandbox.standin.handset import Call, CallIsOver, Dialled, Patience, UnknownCall
from sandbox.standin.store import Message, UnknownMessage
from sandbox.standin.wire import E164

NUMBER_SHAPE: Final = "a number such as +254700000001"
SERVICE_CODE: Final = re.compile(r"\*[0-9]+(\*[0-9]+)*#")
NETWORK_CODE: Final = re.compile(r"[0-9A-Za-z]{1,16}")
AMOUNT: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")
WEB_ADDRESS: Final = re.compile(r"https?://[^\s/?#]+[^\s#]*")

control = Blueprint("control", __name__)


@control.errorhandler(Nonsense)
def _nonsense(error: Nonsense) -> tuple[Response, int]:
    return jsonify(error=str(error)), 400


@control.errorhandler(UnknownMessage)
def _unknown_message(error: UnknownMessage) -> tuple[Response, int]:
    return jsonify(error="after: no such message"), 400


@control.errorhandler(UnknownCall)
def _unknown_call(error: UnknownCall) -> tuple[Response, int]:
    return jsonify(error="no such call"), 404


@control.errorhandler(CallIsOver)
def _call_is_over(error: CallIsOver) -> tuple[Response, int]:
    return jsonify(error="the call is over"), 409


@control.get("/healthz")
def health() -> Response:
    return jsonify(ok=True)


@control.get("/sent")
def sent() -> Response:
    """Every SMS accepted since the folder was made, in order."""
    to, after = request.args.get("to"), request.args.get("after")
    return jsonify([each.view() for each in this_network().store.sent(to, after)])


@control.get("/control/behaviours")
def list_behaviours() -> Response:
    return jsonify([each.view() for each in this_network().behaviours.all()])


@control.post("/control/behaviours")
def add_behaviour() -> tuple[Response, int]:
    behaviour = behaviours.parse(_json())
    this_network().behaviours.add(behaviour)
    return jsonify(behaviour.view()), 201


@control.delete("/control/behaviours")
def clear_behaviours() -> tuple[str, int]:
    number = request.args.get("number")
    if number is not None and not E164.fullmatch(number):
        raise Nonsense(f"number: {NUMBER_SHAPE} is needed")
    this_network().behaviours.clear(number)
    return "", 204


@control.get("/control/callbacks")
def show_callbacks() -> Response:
    return jsonify(asdict(this_network().callbacks))


@control.patch("/control/callbacks")
def change_callbacks() -> Response:
    """Change the URLs that are named; null turns a kind of callback off."""
    fields = Fields(_json())
    urls = {
        name: fields.matching(name, WEB_ADDRESS, "an http or https address")
        for name in asdict(Callbacks())
        if fields.has(name)
    }
    fields.done()
    return jsonify(asdict(this_network().change_callbacks(urls)))


@control.patch("/control/account")
def change_account() -> Response:
    """Change the credit that is left."""
    fields = Fields(_json())
    balance = _matching(fields, "balance", AMOUNT, 'an amount such as "12.50"')
    fields.done()
    this_network().top_up(Decimal(balance))
    return jsonify(balance=balance)


@control.get("/control/posts")
def posts() -> Response:
    """The latest callbacks made, each attempt by itself; the steps of a call are not among them.

    `?after=` is the `place` of the last one already seen.
    """
    after = request.args.get("after", 0, type=int)
    return jsonify([asdict(each) for each in this_network().courier.posts(after)])


@control.post("/control/calls")
def dial() -> tuple[Response, int]:
    """A phone dials. Answers with the call, once the first screen has come or it was cut."""
    fields = Fields(_json())
    network = this_network()
    network_code = fields.matching("network_code", NETWORK_CODE, "up to 16 letters and digits")
    dialled = Dialled(
        number=_number(fields, "number"),
        service_code=_matching(fields, "service_code", SERVICE_CODE, "a code such as *384*123#"),
        network_code=network_code or network.config.network_code,
        patience=_patience(fields, network.config),
        text=fields.text("text", ""),
    )
    fields.done()
    return _shown(network.exchange.dial(dialled)), 201


@control.get("/control/calls/<call_id>")
def look(call_id: str) -> Response:
    return _shown(_call(call_id))


@control.post("/control/calls/<call_id>/press")
def press(call_id: str) -> Response:
    fields = Fields(_json())
    typed, lag = fields.needed("typed"), fields.seconds("lag", LONGEST_WAIT)
    fields.done()
    call = _call(call_id)
    call.press(typed, lag or 0.0)
    return _shown(call)


@control.post("/control/calls/<call_id>/repeat")
def repeat(call_id: str) -> Response:
    call = _call(call_id)
    call.step()
    return _shown(call)


@control.post("/control/calls/<call_id>/hang-up")
def hang_up(call_id: str) -> Response:
    call = _call(call_id)
    call.hang_up()
    return _shown(call)


@control.post("/control/incoming")
def incoming() -> tuple[Response, int]:
    fields = Fields(_json())
    sender, text, to = _number(fields, "from"), fields.needed("text"), fields.text("to")
    fields.done()
    return jsonify(id=this_network().incoming(sender, text, to)), 201


@control.post("/control/opt-out")
def opt_out() -> tuple[str, int]:
    fields = Fields(_json())
    number, sender = _number(fields, "number"), fields.text("sender")
    fields.done()
    this_network().opt_out(number, sender)
    return "", 204


@control.get("/control/inbox")
def inbox() -> Response:
    """What the handset of `?number=` shows by now, oldest first."""
    number = _number(Fields(request.args), "number")
    messages: list[Message] = this_network().inbox(number)
    return jsonify([each.view() for each in messages])


def _json() -> object:
    """The JSON of the request; the content type is asked for because no web page can forge it."""
    if not request.is_json:
        raise Nonsense("content type application/json is needed")
    return request.get_json(silent=True)


def _patience(fields: Fields, config: Config) -> Patience:
    session = fields.seconds("session_life", LONGEST_WAIT)
    idle = fields.seconds("idle_limit", LONGEST_WAIT)
    answer = fields.seconds("answer_limit", LONGEST_WAIT)
    return Patience(
        session=config.session_life if session is None else session,
        idle=idle,
        answer=config.answer_limit if answer is None else answer,
    )


def _number(fields: Fields, name: str) -> str:
    return _matching(fields, name, E164, NUMBER_SHAPE)


def _matching(fields: Fields, name: str, pattern: re.Pattern[str], shape: str) -> str:
    value = fields.matching(name, pattern, shape)
    if value is None:
        raise Nonsense(f"{name}: is missing")
    return value


def _call(call_id: str) -> Call:
    return this_network().exchange.get(call_id)


def _shown(call: Call) -> Response:
    return jsonify(call.view())

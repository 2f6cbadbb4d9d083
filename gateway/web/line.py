"""One USSD step over HTTP as Africa's Talking sends it: a form in, `CON`/`END` and a screen out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from flask import Request, Response

from gateway import conversation, logs, phones
from gateway.conversation import Answer, CannotDo, Conversation, TooMuch
from gateway.country import Pack
from gateway.metrics import STEP_SECONDS, STEPS
from gateway.phones import NotANumber
from gateway.web import forms
from menus import emergency, gsm7
from menus.ports import Hotlines
from menus.speech import Speech

EVERY_METHOD: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""A caller is answered whatever the network's method; the provider's notices are POST alone."""

LONGEST_SESSION_ID: Final = 120
LONGEST_NETWORK: Final = 16


class Unusable(ValueError):
    """A step without a session or a number: there is nobody to hold a conversation with."""


class Line:
    """Answers steps. Nothing that goes wrong reaches the phone as anything but help."""

    def __init__(
        self, conversation: Conversation, pack: Pack, speech: Speech, language: str
    ) -> None:
        self._conversation = conversation
        self._region = pack.region
        self._language = language
        lines = Hotlines(**{use: line.number for use, line in pack.hotlines.items()})
        said = emergency.unavailable(lines)
        self._help = {code: gsm7.cut(speech.say(said, code), gsm7.PAGE) for code in pack.languages}

    def respond(self, request: Request) -> Response:
        """The answer to one step, whatever it is."""
        begun = time.perf_counter()
        answer = self._answer(request)
        STEPS.labels(answer.event).inc()
        STEP_SECONDS.observe(time.perf_counter() - begun)
        return Response(answer.body, 200, content_type="text/plain; charset=utf-8")

    def _answer(self, request: Request) -> Answer:
        try:
            return self._conversation.answer(self._read(forms.read(request, forms.LARGEST_STEP)))
        except (forms.NotAForm, Unusable, TooMuch):
            return self._helping("unusable")
        except CannotDo as error:
            return self._helping("not_done", error.language)
        except Exception as error:  # noqa: BLE001  A bug of ours must not cut her off either.
            logs.failure("step_failed", error)
            return self._helping("failed")

    def _read(self, form: Mapping[str, str]) -> conversation.Request:
        session_id = form.get("sessionId", "").strip()
        if not session_id or len(session_id) > LONGEST_SESSION_ID:
            raise Unusable
        try:
            msisdn = phones.parse(form.get("phoneNumber", ""), self._region)
        except NotANumber:
            raise Unusable from None
        network = form.get("networkCode", "")[:LONGEST_NETWORK]
        return conversation.Request(
            session_id=session_id,
            msisdn=msisdn,
            text=form.get("text", ""),
            network=network if network.isalnum() else None,
        )

    def _helping(self, event: str, language: str | None = None) -> Answer:
        return Answer(self._help[language or self._language], ends=True, event=event)

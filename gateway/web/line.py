"""USSD steps over HTTP: a network's request in, a screen in that network's words out.

A line is a WSGI application of its own, without Flask: a campaign has thousands call at once, and
what a framework does for each request would cost as much again as the whole step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from prometheus_client import Counter

from gateway.conversation import cumulative
from gateway.conversation.contract import Answer, CannotDo, Doorbell, TooMuch
from gateway.conversation.cumulative import CumulativeConversation
from gateway.conversation.incremental import IncrementalConversation, Message
from gateway.country.pack import Pack
from gateway.runtime import logs
from gateway.runtime.metrics import STEP_SECONDS, STEPS
from gateway.web import bodies
from gateway.web.forms import NotAForm
from gateway.web.networks.contract import Network, NetworkStep, SessionOver, Unusable
from menus import gsm7
from menus.callers import emergency
from menus.ports import Hotlines
from menus.speech import Speech

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Talk = Callable[[NetworkStep], Answer]
"""Holds the conversation. Raises TooMuch and CannotDo."""


class Help:
    """What a caller sees when we can do nothing for her, in each language."""

    def __init__(self, pack: Pack, speech: Speech, language: str) -> None:
        self._language = language
        lines = Hotlines(**{use: line.number for use, line in pack.hotlines.items()})
        said = emergency.unavailable(lines)
        self._texts = {code: gsm7.cut(speech.say(said, code), gsm7.PAGE) for code in pack.languages}

    def answer(self, event: str, language: str | None = None) -> Answer:
        """The emergency numbers, in her language if it is known."""
        return Answer(self._texts[language or self._language], ends=True, event=event)


@dataclass(frozen=True, slots=True)
class UssdEndpoint:
    """Answers steps of one network, to whoever knew the secret (gateway.web.entrance).

    A caller is answered whatever the method, and nothing that goes wrong reaches the phone but as
    help.
    """

    network: Network
    talk: Talk
    help: Help
    ended: Callable[[SessionOver], None] | None = None
    """Told that a session is over, by networks that say so in the stream of steps."""

    def __call__(self, request: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        begun = time.perf_counter()
        body, answer = self._answer(request)
        _steps(answer.event).inc()
        STEP_SECONDS.observe(time.perf_counter() - begun)
        rendered = self.network.render(answer.text, ends=answer.ends, body=body)
        shown = rendered.body.encode()
        length = ("Content-Length", str(len(shown)))
        start_response("200 OK", [("Content-Type", rendered.content_type), length])
        return [] if request["REQUEST_METHOD"] == "HEAD" else [shown]

    def _answer(self, request: WSGIEnvironment) -> tuple[bytes, Answer]:
        body = b""
        try:
            body = bodies.read(request, bodies.LARGEST_STEP)
            return body, self.talk(self.network.parse(body))
        except (NotAForm, Unusable, TooMuch):
            return body, self.help.answer("unusable")
        except CannotDo as error:
            return body, self.help.answer("not_done", error.language)
        except SessionOver as over:
            return body, self._over(over)
        except Exception as error:  # noqa: BLE001  A bug of ours must not cut her off either.
            logs.failure("step_failed", error)
            return body, self.help.answer("failed")

    def _over(self, over: SessionOver) -> Answer:
        try:
            if self.ended is not None:
                self.ended(over)
        except Exception as error:  # noqa: BLE001  Nobody reads this answer; the clock goes on.
            logs.failure("session_end_not_kept", error)
        return Answer("", ends=True, event="over")


@cache
def _steps(event: str) -> Counter:
    """The counter of one word for a step. To look it up by its label costs more than to count."""
    return STEPS.labels(event)


def with_history(talk: CumulativeConversation) -> Talk:
    """For networks that send everything typed so far."""

    def answer(step: NetworkStep) -> Answer:
        return talk.answer(
            cumulative.Request(step.session_id, step.msisdn, step.text or "", step.network)
        )

    return answer


def with_incremental(talk: IncrementalConversation, doorbell: Doorbell) -> Talk:
    """For networks that send the newest input alone."""

    def answer(step: NetworkStep) -> Answer:
        message = Message(step.session_id, step.msisdn, step.text, step.id, step.network)
        said, waiting = talk.answer(message)
        if waiting:
            doorbell.ring()
        return said

    return answer

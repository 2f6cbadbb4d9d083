"""USSD steps over HTTP: a network's request in, a screen in that network's words out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import Request, Response, request

from gateway import conversation, logs
from gateway.conversation import Answer, Bell, CannotDo, Conversation, TooMuch
from gateway.country import Pack
from gateway.forms import NotAForm
from gateway.metrics import STEP_SECONDS, STEPS
from gateway.networks import Network, SessionOver, Step, Unusable
from gateway.newest import Message, NewestInput
from gateway.web import bodies
from menus import emergency, gsm7
from menus.ports import Hotlines
from menus.speech import Speech

EVERY_METHOD: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""A caller is answered whatever the network's method; the provider's notices are POST alone."""

Talk = Callable[[Step], Answer]
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
class Line:
    """Answers steps of one network. Nothing that goes wrong reaches the phone but as help."""

    network: Network
    talk: Talk
    help: Help
    ended: Callable[[SessionOver], None] | None = None
    """Told that a session is over, by networks that say so in the stream of steps."""

    def respond(self, request: Request) -> Response:
        """The answer to one step, whatever it is."""
        begun = time.perf_counter()
        body, answer = self._answer(request)
        STEPS.labels(answer.event).inc()
        STEP_SECONDS.observe(time.perf_counter() - begun)
        rendered = self.network.render(answer.text, ends=answer.ends, body=body)
        return Response(rendered.body, 200, content_type=rendered.content_type)

    def _answer(self, request: Request) -> tuple[bytes, Answer]:
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


def answering(line: Line) -> Callable[[str], Response]:
    """The view of a line. Whoever comes so far knew the secret (gateway.web.entrance)."""

    def view(secret: str) -> Response:
        return line.respond(request)

    return view


def with_history(talk: Conversation) -> Talk:
    """For networks that send everything typed so far."""

    def answer(step: Step) -> Answer:
        return talk.answer(
            conversation.Request(step.session_id, step.msisdn, step.text or "", step.network)
        )

    return answer


def with_newest(talk: NewestInput, bell: Bell) -> Talk:
    """For networks that send the newest input alone."""

    def answer(step: Step) -> Answer:
        message = Message(step.session_id, step.msisdn, step.text, step.id, step.network)
        said, waiting = talk.answer(message)
        if waiting:
            bell.ring()
        return said

    return answer

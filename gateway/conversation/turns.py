"""What a turn is in every conversation: an intent carried out, and what is kept of a session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gateway.conversation.contract import Actions, Answer, CannotDo, Done, Occasion
from gateway.conversation.limits import Use
from gateway.conversation.sessions import CallSession
from gateway.runtime import logs
from gateway.store.database import DatabaseDown
from menus.engine import Page, State, Turn
from menus.intents import Intent


class Walk(NamedTuple):
    """Where the inputs so far led; `ring` when the last one left something waiting.

    `uses` is what it counts as.
    """

    turn: Turn
    ring: bool = False
    uses: Sequence[Use] = ()


def carry_out(actions: Actions, intent: Intent, step: Occasion) -> Done:
    """Do what she asks for. Raises CannotDo, and NotDone as Actions does."""
    try:
        return actions.do(intent, step)
    except DatabaseDown as error:
        logs.failure("intent_not_carried_out", error)
        raise CannotDo(step.language) from None


def kept(
    state: State,
    page: Page,
    length: int,
    digest: bytes,
    *,
    begun: float | None,
    now: float,
    origin: bytes = b"",
) -> CallSession:
    """What is kept of a call at a page, after so much was sent."""
    shown = Answer(page.text, page.ends, "").body
    left = forget(state) if page.ends else state
    return CallSession(left, length, digest, shown, origin, begun, now)


def forget(state: State) -> State:
    """After the end nothing of the way there is kept, only the answer for a repeat."""
    return State(state.language, state.trail[:1], ended=True)


def repeated(known: CallSession) -> Answer:
    """The kept answer once more, byte for byte."""
    return Answer(known.answer[4:], known.answer.startswith("END"), "repeat")

"""The conversation between a session and the actions: what is done, when, and what never is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis import Redis
from sqlalchemy.exc import OperationalError

from gateway.conversation.calls import Clock
from gateway.conversation.contract import CannotDo, Done, NotDone, Occasion, TooMuch
from gateway.conversation.cumulative import CumulativeConversation, Request
from gateway.conversation.sessions import Sessions
from gateway.runtime import phones
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.callers import welcome
from menus.engine import Engine, State
from menus.intents import Intent, Send
from menus.speech import Speech
from tests.menus.fakes import few
from tests.samples import CALLER

ALERTED = "3*1*1"
"""Worried about a child, in danger now, alert the centre: an intent in the middle of a call."""


@dataclass
class Diary:
    """Does nothing but write down what was asked, and remembers what it did on which occasion."""

    ref: str = "123451"
    broken: bool = False
    asked: list[tuple[str, bool]] = field(default_factory=list)
    steps: list[Occasion] = field(default_factory=list)
    done: set[tuple[bytes, str]] = field(default_factory=set)
    rung: int = 0
    at_ring: Callable[[], object] = lambda: None
    meanwhile: Callable[[], object] = lambda: None

    def do(self, intent: Intent, step: Occasion) -> Done:
        what = intent.about if isinstance(intent, Send) else type(intent).__name__
        self.asked.append((what, step.again))
        self.steps.append(step)
        if self.broken:
            raise OperationalError("nothing of this is shown", None, Exception())
        if step.again and (step.session, what) not in self.done:
            raise NotDone
        self.done.add((step.session, what))
        self.meanwhile()
        return Done({"ref": self.ref}, ring=True)

    def ring(self) -> None:
        self.rung += 1
        self.at_ring()


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def conversation(
    redis: Redis, vaults: Callable[[Role], Vault], diary: Diary
) -> CumulativeConversation:
    return a_conversation(redis, vaults("web"), diary)


def a_conversation(
    redis: Redis, vault: Vault, diary: Diary, clock: Clock = time.time, **other: Any
) -> CumulativeConversation:
    """The callers' dialogue in a country of the size of a sentence."""
    return CumulativeConversation(
        engine=Engine(welcome.first, few(), Speech({})),
        sessions=Sessions(redis, vault, **other),
        actions=diary,
        doorbell=diary,
        language="en",
        clock=clock,
    )


def request(text: str, session_id: str = "ATUid_1") -> Request:
    return Request(session_id, phones.parse(CALLER), text)


def walk(conversation: CumulativeConversation, text: str) -> str:
    """Type `text` key by key; what the phone shows at the end."""
    shown, typed = conversation.answer(request("")), ""
    for key in text.split("*"):
        typed = f"{typed}*{key}" if typed else key
        shown = conversation.answer(request(typed))
    return shown.body


def test_a_step_is_done_when_it_is_typed(
    conversation: CumulativeConversation, diary: Diary
) -> None:
    assert walk(conversation, ALERTED).startswith("CON The centre is alerted.")
    assert diary.asked == [("child_danger", False)]
    assert diary.rung == 1
    walk(conversation, ALERTED)
    assert (diary.asked, diary.rung) == ([("child_danger", False)], 1)


def test_the_session_is_kept_before_the_doorbell_rings(
    redis: Redis, conversation: CumulativeConversation, diary: Diary
) -> None:
    """A worker may be quick, and its SMS must not reach a caller who is taken back a step."""
    stored: list[int] = []
    diary.at_ring = lambda: stored.append(len(redis.keys("session:*")))
    conversation.answer(request(ALERTED, "dialled"))
    redis.flushall()
    conversation.answer(request(f"{ALERTED}*1", "dialled"))
    assert (stored, diary.rung) == ([1], 1)


def test_a_lost_session_is_typed_again_and_only_the_newest_input_is_new(
    redis: Redis, vaults: Callable[[Role], Vault], diary: Diary
) -> None:
    walk(a_conversation(redis, vaults("web"), diary, alone=False), ALERTED)
    another = a_conversation(redis, vaults("web"), diary, alone=False)
    diary.asked.clear()
    redis.flushall()
    answer = another.answer(request(f"{ALERTED}*1*2"))
    assert (answer.event, diary.asked) == ("rebuilt", [("child_danger", True)])
    assert answer.text.startswith("What worries you?")
    assert diary.rung == 1


def test_what_was_never_done_is_not_done_by_typing_it_again(
    redis: Redis, vaults: Callable[[Role], Vault], diary: Diary
) -> None:
    """It was dialled through, where it stopped before the alert; then Redis was emptied."""
    another = a_conversation(redis, vaults("web"), diary, alone=False)
    redis.flushall()
    answer = another.answer(request(f"{ALERTED}*9"))
    assert (answer.event, diary.asked) == ("rebuilt", [("child_danger", True)])
    assert "Alert centre, it may call me" in answer.text
    assert (diary.done, diary.rung) == (set(), 0)


def test_the_newest_input_of_a_lost_session_is_done(
    redis: Redis, vaults: Callable[[Role], Vault], diary: Diary
) -> None:
    another = a_conversation(redis, vaults("web"), diary, alone=False)
    redis.flushall()
    assert another.answer(request(ALERTED)).text.startswith("The centre is alerted.")
    assert (diary.asked, diary.rung) == ([("child_danger", False)], 1)


def test_a_late_copy_asks_nobody_for_anything(
    conversation: CumulativeConversation, diary: Diary
) -> None:
    walk(conversation, f"{ALERTED}*2*3")
    diary.asked.clear()
    answer = conversation.answer(request(f"{ALERTED}*2"))
    assert (answer.event, diary.asked) == ("late", [])
    assert conversation.answer(request(f"{ALERTED}*2*3")).event == "repeat"


def test_a_copy_that_was_quicker_is_repeated_word_for_word(
    redis: Redis,
    vaults: Callable[[Role], Vault],
    conversation: CumulativeConversation,
    diary: Diary,
) -> None:
    twin = a_conversation(redis, vaults("web"), Diary(ref="987651"))
    walk(conversation, "1*1")
    said: list[str] = []
    diary.meanwhile = lambda: said.append(twin.answer(request("1*1*1")).body)
    answer = conversation.answer(request("1*1*1"))
    assert (answer.event, [answer.body]) == ("repeat", said)
    assert "Code 987651" in answer.text
    assert conversation.answer(request("1*1*1")).body == answer.body


def test_an_action_that_cannot_be_done_leaves_the_session_where_it_was(
    conversation: CumulativeConversation, diary: Diary
) -> None:
    walk(conversation, "3*1")
    diary.broken = True
    for _ in range(2):
        with pytest.raises(CannotDo) as told:
            conversation.answer(request(ALERTED))
        assert told.value.language == "en"
        assert told.value.__cause__ is None
    diary.broken = False
    answer = conversation.answer(request(ALERTED))
    assert (answer.event, answer.text[:23]) == ("step", "The centre is alerted. ")
    assert diary.rung == 1


def test_more_than_a_phone_can_type_is_refused(conversation: CumulativeConversation) -> None:
    for text in ("1" * 1001, "*" * 64):
        with pytest.raises(TooMuch):
            conversation.answer(request(text))
    for text in ("1" * 1000, "*" * 63):
        conversation.answer(request(text, session_id=text[:40]))


def test_nothing_of_a_call_is_printed_with_it() -> None:
    assert CALLER not in repr(request("2*1*2580"))
    assert "2580" not in repr(request("2*1*2580"))
    assert "ATUid" not in repr(request("2*1*2580"))


def test_what_is_done_is_done_on_the_occasion_of_its_own_input_however_it_came(
    redis: Redis, vaults: Callable[[Role], Vault], diary: Diary
) -> None:
    """Live, typed again after a loss, or caught up with: it is the same occasion, so done once."""
    conversation = a_conversation(redis, vaults("web"), diary, alone=False)
    walk(conversation, ALERTED)
    again, late = (a_conversation(redis, vaults("web"), diary, alone=False) for _ in range(2))
    redis.flushall()
    again.answer(request(f"{ALERTED}*1"))
    redis.flushall()
    for text in ("", "3", ALERTED):
        late.answer(request(text))
    sessions = Sessions(redis, vaults("web"))
    key = sessions.key("ATUid_1", phones.parse(CALLER))
    assert {(one.session, one.history) for one in diary.steps} == {
        (key, sessions.digest(key, ALERTED))
    }
    assert [one.again for one in diary.steps] == [False, True, False]


@pytest.mark.parametrize("known", ["", "3", "3*1"])
def test_steps_that_another_process_answered_are_caught_up_with(
    redis: Redis, vaults: Callable[[Role], Vault], diary: Diary, known: str
) -> None:
    """Redis may have been away, so what came between is in the history alone."""
    conversation = a_conversation(redis, vaults("web"), diary, alone=False)
    redis.flushall()
    walk(conversation, known) if known else conversation.answer(request(""))
    answer = conversation.answer(request(f"{ALERTED}*2"))
    assert answer.event == "caught_up"
    assert diary.asked == [("child_danger", True)], "what was done by the other is not done anew"
    assert "Alert centre, it may call me" in answer.text, "by the other it was not done either"


def test_stars_that_she_typed_are_one_input_where_nothing_can_be_missing(
    conversation: CumulativeConversation, diary: Diary
) -> None:
    conversation.answer(request(""))
    answer = conversation.answer(request(ALERTED))
    assert (answer.event, diary.asked) == ("step", [])
    assert answer.text.startswith("Please type 1-")


def test_a_history_that_goes_on_with_anything_but_a_star_is_another_one(
    redis: Redis, vaults: Callable[[Role], Vault], diary: Diary
) -> None:
    conversation = a_conversation(redis, vaults("web"), diary)
    conversation.answer(request(""))
    conversation.answer(request("3"))
    assert conversation.answer(request("31")).event == "rebuilt"


def test_a_call_that_may_not_go_on_is_over_at_its_next_step(
    redis: Redis, vaults: Callable[[Role], Vault], diary: Diary
) -> None:
    """She has left, or changed her PIN; what is asked about is where the call stands."""
    asked: list[str] = []

    def may_go_on(state: State) -> bool:
        asked.append(state.trail[-1].screen)
        return len(asked) < 3

    conversation = CumulativeConversation(
        engine=Engine(welcome.first, few(), Speech({})),
        sessions=Sessions(redis, vaults("web")),
        actions=diary,
        doorbell=diary,
        language="en",
        may_go_on=may_go_on,
    )
    answers = [conversation.answer(request(text)) for text in ("", "3", "3*1", "3*1*1")]
    assert [(one.event, one.ends) for one in answers[1:]] == [
        ("step", False),
        ("step", False),
        ("signed_out", True),
    ]
    assert answers[-1].text == "Thank you. Have a good day."
    assert diary.asked == []
    assert asked[0] == "welcome.first"
    assert conversation.answer(request("3*1*1*1")).ends

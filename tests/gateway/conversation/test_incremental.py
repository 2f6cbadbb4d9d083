"""A conversation message by message: what is told, what is done once, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from redis import Redis
from sqlalchemy.exc import OperationalError

from gateway.conversation.contract import CannotDo, Done, Occasion
from gateway.conversation.incremental import IncrementalConversation, Message
from gateway.conversation.limits import HOUR, LIMITED, Bound, Limits
from gateway.conversation.sessions import Sessions
from gateway.runtime import phones
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.callers import welcome
from menus.engine import Engine
from menus.intents import DiscardDraft, Intent, Send
from menus.speech import Speech
from tests.menus.fakes import few
from tests.samples import CALLER

ALERT = ("3", "1", "1")
"""Worried about a child, in danger now, alert the centre: an intent in the middle of a call."""

Vaults = Callable[[Role], Vault]


@dataclass
class Diary:
    """Does nothing but write down what was asked on which occasion."""

    facts: dict[str, str] = field(default_factory=lambda: {"ref": "123451"})
    broken: bool = False
    done: list[tuple[Intent, Occasion]] = field(default_factory=list)

    def do(self, intent: Intent, step: Occasion) -> Done:
        if self.broken:
            raise OperationalError("nothing of this is shown", None, Exception())
        self.done.append((intent, step))
        return Done(self.facts, ring=True)


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def line(redis: Redis, vaults: Vaults, diary: Diary) -> IncrementalConversation:
    """Two calls in an hour are nothing special."""
    return IncrementalConversation(
        engine=Engine(welcome.first, few(), Speech({})),
        sessions=Sessions(redis, vaults("web")),
        actions=diary,
        language="en",
        start=welcome.first,
        limits=Limits([Bound("call", HOUR, 2), Bound("report", HOUR, 1)], lambda number: b"hers"),
    )


def message(typed: str | None, name: str | None = None, session: str = "s1") -> Message:
    return Message(session, phones.parse(CALLER), typed, id=name, network="mtn")


def walk(line: IncrementalConversation, *keys: str, session: str = "s1") -> str:
    """Open a session and type; what the phone shows at the end."""
    shown, _ = line.answer(message(None, session=session))
    for key in keys:
        shown, _ = line.answer(message(key, session=session))
    return shown.body


def test_the_same_key_twice_is_two_answers_where_nothing_tells_a_repeat(
    line: IncrementalConversation,
) -> None:
    first = walk(line)
    assert walk(line, "3", "9") == first
    assert walk(line, "3", "1", "1").startswith("CON The centre is alerted.")
    assert walk(line, "3", "9", "3", "9") == first


def test_a_message_that_comes_twice_is_answered_twice_and_done_once(
    line: IncrementalConversation, diary: Diary
) -> None:
    walk(line, *ALERT[:-1])
    once = line.answer(message(ALERT[-1], name="m-1"))
    again, ring = line.answer(message(ALERT[-1], name="m-1"))
    assert (once[0].body, once[0].event, once[1]) == (again.body, "step", True)
    assert (again.event, ring) == ("repeat", True), "it may be the bell that was not heard"
    assert len(diary.done) == 1


def test_what_a_message_led_to_is_told_for_the_metrics(line: IncrementalConversation) -> None:
    opened, ring = line.answer(message(None))
    assert (opened.event, opened.ends, ring) == ("begin", False, False)
    went_on, ring = line.answer(message("3"))
    assert (went_on.event, went_on.ends, ring) == ("step", False, False)


def test_each_intent_is_done_on_an_occasion_of_its_own(
    line: IncrementalConversation, diary: Diary
) -> None:
    walk(line, *ALERT)
    walk(line, *ALERT, session="s2")
    (_, one), (intent, other) = diary.done
    assert isinstance(intent, Send)
    assert (other.language, other.network, other.again) == ("en", "mtn", False)
    assert other.msisdn == phones.parse(CALLER)
    assert len({one.history, other.history, one.session, other.session}) == 4
    assert other.session == line.sessions.key("s2", phones.parse(CALLER))


def test_what_one_name_begins_again_is_another_conversation(
    redis: Redis, vaults: Vaults, line: IncrementalConversation, diary: Diary
) -> None:
    """By SMS every conversation of a number has the same name: doing it again is doing it again."""
    named_again = IncrementalConversation(
        line.engine, line.sessions, diary, "en", welcome.first, names_again=True
    )
    for n in range(2):
        named_again.answer(message(None, name=f"opens {n}"))
        for place, key in enumerate(ALERT):
            named_again.answer(message(key, name=f"{place} of {n}"))
    (_, one), (_, other) = diary.done
    assert one.session != other.session


def test_an_end_of_her_choosing_takes_the_draft_with_it(
    line: IncrementalConversation, diary: Diary
) -> None:
    diary.facts = {"ref": "123451", "draft": "543216"}
    walk(line, *ALERT)
    line.answer(message("0"))
    (_, first), (intent, last) = diary.done
    assert intent == DiscardDraft()
    assert (last.session, last.language, last.network) == (first.session, "en", "mtn")
    assert last.history != first.history


@pytest.mark.parametrize("discard", [False, True])
def test_what_is_closed_leaves_a_draft_to_be_sent_unless_told_otherwise(
    line: IncrementalConversation, diary: Diary, *, discard: bool
) -> None:
    diary.facts = {"ref": "123451", "draft": "543216"}
    walk(line, *ALERT)
    line.close(message("hello"), discard=discard)
    line.close(message("hello"), discard=discard)
    assert [intent for intent, _ in diary.done[1:]] == ([DiscardDraft()] if discard else [])
    assert not line.waits_for(message("1"))


def test_after_the_end_nothing_of_the_way_there_is_kept(line: IncrementalConversation) -> None:
    walk(line, "3", "1")
    assert line.waits_for(message("1"))
    line.answer(message("0"))
    assert not line.waits_for(message("1"))
    stored = line.sessions.load(line.sessions.key("s1", phones.parse(CALLER)))
    assert stored is not None
    assert [step.screen for step in stored.state.trail] == ["welcome.first"]


def test_what_is_typed_after_the_end_begins_anew(line: IncrementalConversation) -> None:
    first = walk(line)
    line.answer(message("0"))
    shown, _ = line.answer(message("3"))
    assert shown.body == first


def test_calls_and_reports_are_counted_and_the_third_call_is_a_short_one(
    redis: Redis, line: IncrementalConversation
) -> None:
    long = walk(line, "2")
    walk(line, *ALERT, session="s2")
    names = line.limits.counters(phones.parse(CALLER)).names
    assert redis.mget(names[:2]) == [b"2", b"1"]
    assert walk(line, "2", session="s3") != long
    assert redis.get(LIMITED) == b"1"


def test_what_cannot_be_done_is_not_kept(line: IncrementalConversation, diary: Diary) -> None:
    walk(line, *ALERT[:-1])
    diary.broken = True
    with pytest.raises(CannotDo) as cannot:
        line.answer(message(ALERT[-1]))
    assert cannot.value.language == "en"
    diary.broken = False
    shown, ring = line.answer(message(ALERT[-1]))
    assert shown.body.startswith("CON The centre is alerted.")
    assert ring

"""An event of the log is a fixed word with keys of the allow-list: nothing else gets through.

What does not get through is dropped at run time, silently as far as its author can see; so the
author is told here. That values are harmless is checked where they are written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from gateway.runtime.logs import ALLOWED
from tests.rules.sources import SHIPPED, modules, none_of

LEVELS = frozenset({"debug", "info", "warning", "error", "critical", "exception"})
HANDS_ON = "gateway/runtime/logs.py:"
"""`failure` gives on the word that it was called with."""

FAILURES = frozenset({"failure", "logs.failure"})
SOUNDED = frozenset({"alarms.sound", "sound", "operators.wake"})

ALARMS = ("gateway/runtime/alarms.py:", "gateway/staff/operators.py:")
"""`sound` and `wake` hand on the keys that they were called with: those calls are events too."""

WORD = re.compile(r"[a-z]+(_[a-z]+)*")


def test_every_key_of_an_event_is_allowed() -> None:
    none_of(
        (
            f"{place} {key}"
            for place, call in events()
            for key in (keyword.arg or "**" for keyword in call.keywords)
            if key not in ALLOWED and not place.startswith(ALARMS)
        ),
        "gateway.runtime.logs drops these: use a key of ALLOWED, or add one there if no person "
        "and no "
        "answer can ever be in it",
    )


def test_every_event_is_a_fixed_word() -> None:
    none_of(
        (
            f"{place} {ast.unparse(call)}"
            for place, call in events()
            if not _is_word(call)
            and _called(call) not in SOUNDED
            and not place.startswith(HANDS_ON)
        ),
        'begin with a word such as "lease_lost": what varies goes into keys',
    )


def test_no_event_carries_a_traceback() -> None:
    none_of(
        (place for place, call in events() if _method(call) == "exception"),
        "a traceback quotes what was typed: use gateway.runtime.logs.failure(event, error)",
    )


def test_the_rules_find_events() -> None:
    assert len(list(events())) > 10


def events() -> Iterator[tuple[str, ast.Call]]:
    """Every call of `log.warning(...)` and of `logs.failure(...)`, with its place."""
    for module in modules(*SHIPPED):
        for call in module.calls():
            if _method(call) or _called(call) in FAILURES | SOUNDED:
                yield module.at(call, ""), call


def _method(call: ast.Call) -> str:
    """The level, if this is a call of the service's log."""
    owner, _, method = _called(call).rpartition(".")
    return method if owner in {"log", "logs.log"} and method in LEVELS else ""


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func)


def _is_word(call: ast.Call) -> bool:
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and bool(WORD.fullmatch(str(first.value)))

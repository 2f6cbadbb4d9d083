"""Valkey forgets all before every key: the caller sees the same and nothing is done twice."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.one_process_line import Line
from tests.samples import CALLER

Key = int | str

ANOTHER = "+250788123457"

CALLS: dict[str, tuple[Key, ...]] = {
    "urgent help": (1, 1, 1),
    "a report by an adult": (2, 1, 1, 4, 1, 1, 1, 3, 2, 1, 2, 1, 1, 1, "2580", 2),
    "a report by a child": (2, 1, 1, 2, 1, 2, 2, 3, 2, 3, 8, 1, 1, 4, 2, 1, 1),
    "back and forth": (2, 1, 1, 4, 9, 4, 2, "", 7, 9, 9, 1, 1, 6, 0),
    "a child in danger": (3, 1, 2, "ngo", 2, 3, 1, 1, 1, 1, 1),
    "a child elsewhere": (3, 2, 5, 6, 5, 1, 3, 2, 1, 5, 5, 3),
    "the nearest centre": (4, 6, "x", "xqxqxq", 1, "kigarma", 1, 1),
    "what happens there": (5, 1, 9, 2, 9, 3, 9, 4, 9, 5, 9, 6, 0),
    "call me": (7, 2, "0788", "0788999111", 1, 3),
    "another language": (8, 4, 2, 1, 1, 4, 0),
}


def screens(line: Line, keys: Sequence[Key], *, forgetful: bool) -> list[str]:
    """Every screen of a call; the code of a report, which is new each time, as a star."""
    # Two reports of one number would share an alert.
    phone = line.phone(ANOTHER if forgetful else CALLER).dial()
    seen = [phone.screen]
    for key in keys:
        if forgetful:
            line.web.redis.flushall()
        seen.append(re.sub(r"\b\d{6}\b", "*", phone.press(key).screen))
    phone.hangs_up()
    return seen


@in_every_language
@pytest.mark.parametrize("call", CALLS)
def test_the_call_goes_on_as_if_nothing_had_happened(line: Line, kept: Kept, call: str) -> None:
    undisturbed = screens(line, CALLS[call], forgetful=False)
    rows = kept.rows()
    assert screens(line, CALLS[call], forgetful=True) == undisturbed
    assert kept.rows() == {table: 2 * count for table, count in rows.items()}

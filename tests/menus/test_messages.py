"""SMS to staff: each text asks for facts by its placeholders, and gets those alone."""

from __future__ import annotations

from dataclasses import fields

import pytest

from menus.messages import NOBODY, ROLES, TO_STAFF, StaffSmsFacts, to_staff
from menus.ports import Name
from menutools.catalogues.extraction import placeholders
from menutools.catalogues.rooms import LONGEST

FACTS = StaffSmsFacts(
    service=Name("ISANGE"),
    dial=Name("*384#"),
    ref=Name("123456"),
    priority="P1",
    minutes="5",
    role=ROLES["lead"],
    kind=Name("flood"),
    head=Name("abc"),
    until=Name("14:00"),
    duty=NOBODY,
    own=Name("ON"),
    digits="9876",
)


@pytest.mark.parametrize("template", TO_STAFF)
def test_a_text_is_filled_with_what_it_asks_for_and_no_more(template: str) -> None:
    text = TO_STAFF[template].text
    said = to_staff(template, FACTS)
    assert said.text == text
    assert said.values == {name: getattr(FACTS, name) for name in placeholders(text)}


def test_every_fact_is_asked_for_and_has_a_longest_value() -> None:
    facts = {field.name for field in fields(StaffSmsFacts)}
    assert facts == frozenset().union(*(placeholders(one.text) for one in TO_STAFF.values()))
    assert facts == LONGEST.keys() | {"role", "duty"}, "say in LONGEST how long each may be"


def test_the_digits_of_an_alert_are_not_shown() -> None:
    assert FACTS.digits not in repr(FACTS)

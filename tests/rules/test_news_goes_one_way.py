"""News to staff goes by one function, and says what there is a text for."""

from __future__ import annotations

import ast

from menus.messages import TO_STAFF
from tests.rules.sources import Module, modules, none_of

ALERTS = "gateway/cases/escalation.py"
"""An alert is no news: it has digits, counts its sends and waits longer."""


def test_news_to_staff_goes_by_one_function() -> None:
    none_of(
        (
            module.at(call, "queues an SMS to staff by itself")
            for module, call in _calls("outbox.add")
            if "audience='staff'" in ast.unparse(call)
            and str(module.path) not in {ALERTS, "gateway/sms/to_staff.py"}
        ),
        "tell it by gateway.sms.to_staff.tell",
    )


def test_there_is_a_text_for_all_news() -> None:
    told = [
        (module, call, name.value)
        for module, call in _calls("to_staff.tell")
        for name in call.args[2:3]
        if isinstance(name, ast.Constant)
    ]
    assert told
    none_of(
        (module.at(call, str(name)) for module, call, name in told if name not in TO_STAFF),
        "give these a text in menus.messages.TO_STAFF",
    )


def _calls(name: str) -> list[tuple[Module, ast.Call]]:
    return [
        (module, call)
        for module in modules("gateway", "workers", "commands")
        for call in module.calls()
        if ast.unparse(call.func) == name
    ]

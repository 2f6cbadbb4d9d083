"""An SMS goes to registered staff or to the number that a session came from, and nowhere else.

Anybody's number can be typed: an SMS to it would be ours to answer for. So a row of the outbox has
no room for a number, and what becomes of a row is read here from the source, step by step.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from gateway.runtime.phones import Msisdn
from gateway.sms import outbox
from menus.intents import Contact
from tests.rules.sources import SHIPPED, Module, modules, none_of

SANDBOX = Path("sandbox")
"""A pretend network, which has letters of its own."""

RECIPIENTS = {
    "reachable.number": "the number of the session, which the caller allowed us to write to",
    "Msisdn(number.decode())": "the sealed number of a member of staff",
    "Msisdn(plain['number'])": "the number that wrote the SMS which is answered",
}
"""Where the number on a letter comes from."""

READS_OTHER_NUMBER = {
    "gateway/cases/contacts.py": "keeps it beside the session's own",
    "gateway/cases/case_file.py": "shows it to the member of staff who rings it",
}
"""Who looks at a number that a caller typed."""


def test_a_row_of_the_outbox_has_no_room_for_a_number() -> None:
    offered = inspect.signature(outbox.add).parameters.values()
    assert not [one.name for one in offered if Msisdn.__name__ in str(one.annotation)]
    assert not {"number", "to", "phone", "letter", "sealed"} & {one.name for one in offered}


def test_rows_are_made_in_one_place() -> None:
    none_of(
        (
            module.at(call, ast.unparse(call)[:60])
            for module, call in calls()
            if "Outbox" in [ast.unparse(one) for one in (call.func, *call.args)]
            and _name(call) in {"Outbox", "add_once", "insert"}
            and module.path != Path("gateway/sms/outbox.py")
        ),
        "queue SMS by gateway.sms.outbox.add: it takes no number",
    )


def test_an_sms_goes_to_one_of_three_numbers() -> None:
    made = [(module, call) for module, call in calls() if _name(call) == "Sms"]
    none_of(
        (
            module.at(call, ast.unparse(call))
            for module, call in made
            if module.path != Path("workers/compose.py")
        ),
        "only workers.compose writes SMS: it looks again at the moment of sending",
    )
    assert {ast.unparse(call.args[0]) for _, call in made} == set(RECIPIENTS)


def test_a_sealed_number_is_that_of_who_wrote_to_us() -> None:
    sealing = {str(module.path) for module, call in calls() if _name(call) == "add_sealed"}
    assert sealing == {"gateway/inbox/caller_sms.py"}
    (module,) = (
        one for one in modules("gateway") if str(one.path) == "gateway/inbox/caller_sms.py"
    )
    sealed = {
        ast.unparse(value)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "number"
    }
    assert sealed == {"sender.reveal()"}


def test_the_number_of_a_contact_is_that_of_the_session() -> None:
    kept = [
        (module, call)
        for module, call in calls()
        if ast.unparse(call.func) in {"contacts.keep", "contacts.replace"}
    ]
    assert kept
    none_of(
        (
            module.at(call, ast.unparse(call))
            for module, call in kept
            if ast.unparse(call.args[3]) != "step.msisdn"
        ),
        "a contact is kept with the number of its session",
    )


def test_a_number_that_was_typed_is_for_staff_to_ring() -> None:
    assert "other_number" in Contact.__dataclass_fields__
    reading = {
        str(module.path)
        for module in modules("gateway", "workers")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == "other_number"
    }
    assert reading == set(READS_OTHER_NUMBER)


def calls() -> Iterator[tuple[Module, ast.Call]]:
    """Every call in the service."""
    for module in modules(*SHIPPED):
        if not module.path.is_relative_to(SANDBOX):
            for call in module.calls():
                yield module, call


def _name(call: ast.Call) -> str:
    """The last word of what is called."""
    return ast.unparse(call.func).rpartition(".")[2]

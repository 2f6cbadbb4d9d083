"""Her own PIN: she changes it when somebody may have seen it, and needs nobody for that."""

from __future__ import annotations

from menus import checks
from menus.intents import ChangePin, ListCases
from menus.script import Ask, Caller, Choose, End, ask, choose, end, onward, option, screen


@screen
def old_pin(caller: Caller) -> Ask:
    """Who finds her phone in the middle of a call must not take the line from her."""
    return ask("Your PIN now:", check=checks.four_digits, goto=new_pin)


@screen
def new_pin(caller: Caller) -> Ask:
    """Once is enough: a phone shows what is typed."""
    old = caller.answer(old_pin) or ""
    return ask(
        "New PIN, 4 digits:",
        check=checks.new_secret,
        intent=lambda typed: ChangePin(old, typed),
        goto=pin_changed,
    )


@screen
def pin_changed(caller: Caller) -> Choose | End:
    """Every call that the old PIN opened is over, this one as well."""
    if caller.fact("pin") == "changed":
        return end("Your new PIN counts from now on. Dial again.")
    if caller.fact("pin") == "locked":
        return locked()
    return choose(
        "That is not your PIN. Nothing was changed.",
        option("My alerts", intent=ListCases(), goto=onward),
    )


def locked() -> End:
    """Only another PIN opens her line again, and she must know who gives her one."""
    return end(
        "Your PIN is locked: too many wrong ones. Ask your operator for a new PIN. "
        "Until then answer alerts by SMS."
    )

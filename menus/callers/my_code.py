"""My code: where a report stands, for who knows its code and its secret.

The telephone number is never enough, and nothing here says what was reported, where, or to whom.
"""

from __future__ import annotations

from menus import checks
from menus.hours import windows
from menus.intents import ChangeContact, Contact, DeleteReport, OpenCase, StopContact, Window
from menus.script import Ask, Caller, Choose, End, ask, choose, end, option, phrase, screen


@screen
def code(caller: Caller) -> Ask:
    """The check digit catches a slip of the finger before it costs a try."""
    return ask("Type your code:", check=checks.report_code, goto=secret)


@screen
def secret(caller: Caller) -> Ask:
    """Asked for every code, known or not."""
    typed = caller.answer(code) or ""
    return ask(
        "Type your 4 numbers:",
        check=checks.four_digits,
        intent=lambda secret: OpenCase(typed, secret),
        goto=status,
    )


@screen
def status(caller: Caller) -> Choose:
    """The same words for an unknown code and a wrong secret."""
    found = caller.fact("status")
    if found is None:
        return choose(
            "No match. Check the numbers or call the centre. We cannot send the code by SMS.",
            option("Try again", goto=code),
        )
    return choose(
        _STANDING[found] if caller.fact("contact") else _STANDING_ALONE[found],
        option("Change how you contact me", goto=change) if found != "closed" else None,
        option("Stop all contact", goto=stop),
        option("Delete my report", goto=delete),
    )


@screen
def change(caller: Caller) -> Choose:
    """Only this number or none: nobody can turn the calls to another phone."""
    case = caller.fact("case") or ""
    return choose(
        "May the centre contact you on this number?",
        option("Yes, by call", goto=safe_time),
        option("No contact", goto=stopped, intent=StopContact(case)),
    )


@screen
def safe_time(caller: Caller) -> Choose:
    """Nobody rings outside the hours she gives."""
    return choose(
        "When is it safe?",
        *(option(label, intent=_call_me(caller, window)) for label, window in windows(caller)),
        goto=changed,
    )


@screen
def stop(caller: Caller) -> Choose:
    """Asked once more: the staff can then not reach her at all."""
    return choose(
        "Stop all contact? The centre will not call or write to you.",
        option("Yes, stop", intent=StopContact(caller.fact("case") or ""), goto=stopped),
        option("No", goto=kept),
    )


@screen
def delete(caller: Caller) -> Choose:
    """Asked once more: it cannot be undone, by us neither."""
    return choose(
        "Delete your report and your number? This cannot be undone.",
        option("Yes, delete", intent=DeleteReport(caller.fact("case") or ""), goto=deleted),
        option("No", goto=kept),
    )


@screen
def changed(caller: Caller) -> End:
    """Bland: no word of what was changed."""
    return end("Done. It is noted. Have a good day.")


@screen
def stopped(caller: Caller) -> End:
    """Says that her no was heard."""
    return end("Done. Nobody will contact you. Have a good day.")


@screen
def deleted(caller: Caller) -> End:
    """Says that her no was heard."""
    return end("Done. All is deleted. Have a good day.")


@screen
def kept(caller: Caller) -> End:
    """Nothing was changed."""
    return end("Nothing was changed. Have a good day.")


_STANDING = {
    "received": phrase("Received by the centre. They will contact you as agreed."),
    "handled": phrase("The centre is working on it. They will contact you as agreed."),
    "closed": phrase("This is closed. You can come again at any time."),
}

_STANDING_ALONE = {
    **_STANDING,
    "received": phrase("Received by the centre."),
    "handled": phrase("The centre is working on it."),
}
"""Nothing about contact where none was allowed, or none any more."""


def _call_me(caller: Caller, window: Window) -> ChangeContact:
    contact = Contact(by="call", window=window)
    return ChangeContact(caller.fact("case") or "", contact)

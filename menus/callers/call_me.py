"""Call me: the shortest way to a person, with no reason asked."""

from __future__ import annotations

from menus import checks
from menus.callers import emergency
from menus.greeting import greeting
from menus.hours import windows
from menus.intents import Contact, Send, Window
from menus.script import Ask, Caller, Choose, End, ask, choose, end, option, screen


@screen
def offer(caller: Caller) -> Choose:
    """A borrowed phone is common, so the number to ring may be another one."""
    return choose(
        "A counsellor can call you. No need to say why.",
        option("This number", goto=how_they_call),
        option("Another number", goto=which_number),
    )


@screen
def which_number(caller: Caller) -> Ask:
    """A person rings this number. We never send it an SMS: anybody's number can be typed."""
    return ask("Type the number to call:", check=checks.phone_number, goto=how_they_call)


@screen
def how_they_call(caller: Caller) -> Choose:
    """She must know how to end the call if somebody else answers or listens."""
    return choose(
        "When they call they say: '{greeting}' If not safe, say 'wrong number'.",
        option("OK, choose time", goto=when_is_it_safe),
        greeting=greeting(caller.language),
    )


@screen
def when_is_it_safe(caller: Caller) -> Choose:
    """Nobody rings outside the hours she gives."""
    return choose(
        "When is it safe?",
        *(option(label, intent=_call_me(caller, window)) for label, window in windows(caller)),
        goto=sent,
    )


@screen
def sent(caller: Caller) -> End:
    """The word "counsellor" is all that this last screen gives away."""
    if emergency.nobody_is_asked(caller):
        return emergency.nobody_on_duty(caller)
    return end(
        "A counsellor will call you. Code {ref}. In danger call {police}.",
        ref=caller.fact("ref") or "",
        police=caller.country.hotlines.police,
    )


def _call_me(caller: Caller, window: Window) -> Send:
    other = caller.answer(which_number)
    contact = Contact(by="call", window=window, other_number=other)
    return Send(about="call_me", contact=contact)

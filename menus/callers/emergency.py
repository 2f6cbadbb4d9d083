"""In danger now: one key from the first screen, sent on the first yes."""

from __future__ import annotations

from menus.callers import centres, place
from menus.intents import Contact, Send
from menus.ports import Hotlines
from menus.script import Caller, Choose, End, Phrase, Words, choose, end, option, phrase, screen


@screen
def danger(caller: Caller) -> Choose:
    """The numbers come first: ringing 112 is faster than anything we can do."""
    return choose(
        phrase(
            "In danger now? Call {police} (free, police).\nChild: {child}. Centre: {centre}.",
            **hotlines(caller),
        ),
        option("Ask centre to call me", goto=may_we_call),
        option("Nearest centre", goto=place.exactly, then=centres.nearest),
    )


@screen
def may_we_call(caller: Caller) -> Choose:
    """A ringing phone can give her away, so she decides; her yes is all that we need."""
    return choose(
        "Is it safe for us to call THIS number now?",
        option(
            "Yes, call now",
            intent=Send(about="danger", contact=Contact(by="call", window="now")),
            goto=sent,
        ),
        option("No, I will call", goto=numbers),
    )


@screen
def sent(caller: Caller) -> End:
    """Says how long to wait before turning elsewhere, or that there is nobody to wait for."""
    if nobody_is_asked(caller):
        return end(
            "We have it, but nobody is on duty. Call {police} now. Code {ref}. "
            "Go to a safe place if you can.",
            ref=caller.fact("ref") or "",
            police=caller.country.hotlines.police,
        )
    return end(
        "Your request is sent. If nobody calls in {minutes} min, call {police}. Code {ref}. "
        "Go to a safe place if you can.",
        minutes=str(caller.country.call_back_minutes),
        ref=caller.fact("ref") or "",
        **hotlines(caller),
    )


@screen
def numbers(caller: Caller) -> End:
    """She rings herself."""
    return end(
        "Call {police} (police, free). Child: {child}. Centre: {centre}. "
        "Go to a safe place if you can.",
        **hotlines(caller),
    )


def nobody_is_asked(caller: Caller) -> bool:
    """Whether what she sent was kept, and there was nobody to be told of it."""
    return caller.fact("asked") == "nobody"


def nobody_on_duty(caller: Caller) -> End:
    """The end of a call in which something was sent and nobody could be asked to see to it."""
    return end(
        "We have it, but nobody is on duty now. We keep looking for somebody. Code {ref}. "
        "In danger call {police}.",
        ref=caller.fact("ref") or "",
        police=caller.country.hotlines.police,
    )


def hotlines(caller: Caller) -> dict[str, Words]:
    """The three numbers, as values for a screen that shows them."""
    lines = caller.country.hotlines
    return {"police": lines.police, "child": lines.child, "centre": lines.centre}


def unavailable(lines: Hotlines) -> Phrase:
    """What a caller sees when we can do nothing for her: who can."""
    return phrase(
        "Not available right now. In danger call {police}. Child {child}. Please dial again later.",
        police=lines.police,
        child=lines.child,
    )

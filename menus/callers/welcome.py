"""The first screen, the same for everybody at every dial, and the choice of language."""

from __future__ import annotations

from menus.callers import call_me, centres, child, emergency, my_code, place, report, rights
from menus.callers.short import unless_limited
from menus.script import Caller, Choose, choose, option, screen


@screen
def first(caller: Caller) -> Choose:
    """Neutral on purpose: whoever picks up the phone sees a health line and nothing else."""
    return choose(
        "{title}",
        option("Urgent help now", goto=emergency.danger),
        option("I need help", goto=unless_limited(caller, report.safe_phone)),
        option("Worried about a child", goto=child.in_danger),
        option("Nearest centre", goto=place.exactly, then=centres.nearest),
        option("What happens there", goto=rights.at_the_centre),
        option("My code", goto=my_code.code),
        option("Call me", goto=call_me.offer),
        option("Language", goto=language),
        title=caller.country.titles[caller.language],
    )


@screen
def language(caller: Caller) -> Choose:
    """Each language is offered by its own name."""
    names = caller.country.languages.items()
    return choose("Language", *(option(name, language=code) for code, name in names))

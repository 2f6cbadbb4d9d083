"""The nearest centre, and the choice of one."""

from __future__ import annotations

from collections.abc import Sequence

from menus.callers import place
from menus.ports import Centre, Name
from menus.script import Caller, Choose, End, Words, choose, end, option, phrase, screen

OFFERED_FIRST = 2
"""Centres on the first page; the rest are behind "Another centre"."""


@screen
def nearest(caller: Caller) -> Choose | End:
    """Nearest first, and always a way to another one: she may have a reason not to go there."""
    near = around(caller)
    if not near:
        return end("Call {centre} to find a centre, free.", centre=caller.country.hotlines.centre)
    return choose(
        "Nearest centres:",
        *(option(shown(one), keep=one.id, goto=details) for one in near[:OFFERED_FIRST]),
        option("Another centre", goto=further) if near[OFFERED_FIRST:] else None,
    )


@screen
def further(caller: Caller) -> Choose:
    """All the others, by distance."""
    others = around(caller)[OFFERED_FIRST:]
    return choose("Other centres:", *(option(shown(c), keep=c.id, goto=details) for c in others))


@screen
def details(caller: Caller) -> End:
    """What she needs at the gate: where, when, what it costs, whom to ask for.

    Open day and night is a promise: somebody must have signed it, or she stands before a shut door.
    """
    centre = caller.country.centres.get(caller.answer(nearest, further) or "")
    if centre is None:
        return end("Call {centre} to find a centre, free.", centre=caller.country.hotlines.centre)
    if centre.always_open:
        return end(
            "{centre}: {place}. Open 24h, free. Ask for {desk} at the hospital reception. "
            "Any health centre can also refer you.",
            centre=shown(centre),
            place=_place(caller, centre),
            desk=caller.country.desk,
        )
    return end(
        "{centre}: {place}. Free. Ask for {desk}, at night at Emergency (Urgences). "
        "Any health centre can also refer you.",
        centre=shown(centre),
        place=_place(caller, centre),
        desk=caller.country.desk,
    )


def around(caller: Caller) -> Sequence[Centre]:
    """Every centre, nearest to the area that was given first."""
    where = place.chosen(caller)
    return caller.country.centres.near(where.id if where else None)


def shown(centre: Centre) -> Words:
    """A centre's name, saying so when nobody has verified it."""
    name = Name(centre.name)
    return phrase("{centre} (sample)", centre=name) if centre.sample else name


def _place(caller: Caller, centre: Centre) -> Name:
    """The town alone may mislead: a hospital can stand elsewhere than the sector it is named as."""
    country = caller.country
    sector = country.places.within(centre.area, country.places.search_level)
    if sector is None:
        return centre.town
    return Name(f"{country.name_of(sector, caller.language)}, {centre.town}")


def recipient(centre: Centre | None) -> Words:
    """Who gets a report: the chosen centre, or the people who find one for her."""
    return shown(centre) if centre else phrase("the national desk")

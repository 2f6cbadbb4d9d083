"""Where: a dialogue that others borrow. They say `then`, and it leads on to there.

Nobody can type coordinates on a basic phone, and few know how a name is spelt. So a caller walks
down from the widest area, or types the first letters.
"""

from __future__ import annotations

from menus.checks import first_letters
from menus.pages import MOST_OPTIONS
from menus.ports import Area, Name
from menus.script import (
    Ask,
    Caller,
    Choose,
    Option,
    Phrase,
    Screen,
    ask,
    choose,
    onward,
    option,
    phrase,
    screen,
)


@screen
def roughly(caller: Caller) -> Choose:
    """A report needs the district and no more: the less a stolen report says the better."""
    return _widest(caller)


@screen
def exactly(caller: Caller) -> Choose:
    """The nearest centre depends on the sector."""
    return _widest(caller)


def _widest(caller: Caller) -> Choose:
    """Where the areas fill more than a page, the ways around them come first."""
    areas = _below(caller, None)
    around = [
        option(phrase("Type the name of the {level}", level=level_name(caller)), goto=letters),
        option("Prefer not to say", goto=onward),
    ]
    lines = [*areas, *around] if len(areas) + len(around) <= MOST_OPTIONS else [*around, *areas]
    return choose(_question(caller, 0), *lines)


@screen
def area(caller: Caller) -> Choose:
    """One level further down, asked again until it is near enough."""
    above = chosen(caller)
    level = above.level + 1 if above else 0
    return choose(_question(caller, level), *_below(caller, above.id if above else None))


@screen
def letters(caller: Caller) -> Ask:
    """Typing beats walking down when the name is known."""
    return ask(
        "Type the first letters of the {level}. Do not type any person's name.",
        check=first_letters,
        goto=matches,
        level=level_name(caller),
    )


@screen
def matches(caller: Caller) -> Choose:
    """Names that begin alike stand in several districts, so each is shown with its district."""
    found = caller.country.places.search(caller.answer_before or "")
    if not found:
        return choose(
            "No place begins like this.",
            option("Type again", goto=letters),
            option("Choose from a list", goto=_entry(caller)),
        )
    return choose(
        "Which one?",
        *(option(_full_name(caller, one), keep=one.id, goto=onward) for one in found),
        option("None of these", goto=letters),
    )


def chosen(caller: Caller) -> Area | None:
    """The area given last in this dialogue, or None when it was skipped."""
    answer = caller.answer(roughly, exactly, area, matches)
    return caller.country.places.get(answer) if answer else None


def roughly_chosen(caller: Caller) -> Area | None:
    """The same, no nearer than a report needs to know, even when a smaller area was typed."""
    where, places = chosen(caller), caller.country.places
    return (places.within(where.id, places.centre_level) or where) if where else None


def level_name(caller: Caller) -> Name:
    """What an area whose name may be typed is called in the caller's language ("sector")."""
    country = caller.country
    return country.level_names[caller.language][country.places.search_level]


def _question(caller: Caller, level: int) -> Phrase:
    return phrase("{question}", question=Name(caller.country.questions[caller.language][level]))


def _below(caller: Caller, above: str | None) -> list[Option]:
    places = caller.country.places
    deepest = places.search_level if _entry(caller) is exactly else places.centre_level
    return [
        option(
            caller.country.name_of(one, caller.language),
            keep=one.id,
            goto=onward if one.level >= deepest else area,
        )
        for one in places.children(above)
    ]


def _full_name(caller: Caller, one: Area) -> Name:
    country, name = caller.country, caller.country.name_of(one, caller.language)
    district = country.places.within(one.id, country.places.centre_level)
    if district is None or district == one:
        return name
    return Name(f"{name}, {country.name_of(district, caller.language)}")


def _entry(caller: Caller) -> Screen:
    return caller.last_of(roughly, exactly) or exactly

"""Who holds the phones: two callers with a new SIM card, and staff of the sample country."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from gateway.country.pack import Pack
from gateway.runtime.phones import example
from menus.ports import Area

PhoneId = Literal["survivor", "neighbour", "duty", "lead"]

TITLES: Final[Mapping[str, str]] = {
    "survivor": "Survivor",
    "neighbour": "Neighbour",
    "duty": "On duty",
    "lead": "Lead",
}

ROLES: Final = {
    "health": "Nurse",
    "counsellor": "Counsellor",
    "investigator": "Investigator",
    "lead": "Lead",
    "national": "National desk",
}

WHO: Final[Mapping[str, Sequence[str]]] = {
    "duty": ("health", "counsellor", "national"),
    "lead": ("lead", "national"),
}
"""The roles whose phone each of the staff's phones can be, the usual one first."""

LETTERS_TYPED: Final = 4


@dataclass(frozen=True, slots=True)
class Holder:
    """The person whose SIM card is in a phone. Only staff have a PIN."""

    id: str
    name: str
    number: str = field(repr=False)
    pin: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the stories play: a centre, and the areas around it, the widest first.

    A caller who chooses her district is offered this centre, and it is the nearest to the last of
    the areas, which is the first that comes up for its first letters.
    """

    centre: str
    centre_name: str
    path: tuple[Area, ...]

    @property
    def letters(self) -> str:
        return self.path[-1].name[:LETTERS_TYPED]


class NoScene(LookupError):
    """The country has no centre that the stories could play at."""


def scene(pack: Pack) -> Scene:
    """The first centre of the pack whose place can be found by walking and by typing."""
    ranking, places = pack.ranking(), pack.places
    for centre in pack.centres:
        path = _path(pack, centre.area)
        if len(path) <= places.search_level or not path[-1].name[:LETTERS_TYPED].isascii():
            continue
        found = places.search(path[-1].name[:LETTERS_TYPED])
        nearest = ranking.near(path[-1].id)[0].id
        offered = {one.id for one in ranking.near(path[places.centre_level].id)[:2]}
        if found and found[0] == path[-1] and nearest == centre.id and centre.id in offered:
            return Scene(centre.id, centre.name, path)
    raise NoScene


def _path(pack: Pack, area: str) -> tuple[Area, ...]:
    """From the widest area down to one of the level whose names can be typed."""
    places = pack.places
    levels = range(places.search_level + 1)
    path = [found for level in levels if (found := places.within(area, level))]
    while len(path) <= places.search_level and (below := places.children(path[-1].id)):
        path.append(below[0])
    return tuple(path)


def holders(
    phone: str, place: Scene, pack: Pack, staff: Sequence[Mapping[str, str]]
) -> tuple[Holder, ...]:
    """Who may hold a phone; the first does until somebody else is chosen."""
    if phone not in WHO:
        return (Holder("caller", "Caller", new_number(pack, staff)),)
    found = []
    for role in WHO[phone]:
        centre = pack.duty_desk.id if role == "national" else place.centre
        people = [one for one in staff if one["role"] == role and one["centre"] == centre]
        if people:
            # At the national desk there are two: one of them for each phone.
            person = people[-1] if phone == "lead" else people[0]
            where = "" if role == "national" else f", {place.centre_name}"
            found.append(Holder(role, ROLES[role] + where, person["phone"], person["pin"]))
    return tuple(found)


def new_number(pack: Pack, staff: Sequence[Mapping[str, str]]) -> str:
    """A number of the country that none of the staff has: a caller never called before."""
    known = example(pack.region)
    base = known.reveal() if known else staff[0]["phone"]
    taken = {person["phone"] for person in staff}
    while True:
        number = f"{base[:-5]}{secrets.randbelow(100_000):05}"
        if number not in taken:
            return number

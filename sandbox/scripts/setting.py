"""Where a script plays: the line, the words it has, and the people who can hold a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.country.pack import Pack
from gateway.runtime.errors import OperatorError
from sandbox.handsets.cast import ROLES, new_number, scene
from sandbox.handsets.cast import Holder as Person
from sandbox.handsets.line import DialledLine
from sandbox.scripts import script
from sandbox.scripts.dictionary import Dictionary
from sandbox.scripts.script import Holder


class CannotPlay(OperatorError):
    """The demo is not there, or is not the one that the script needs."""


class Setting:
    """What is the same for every script of a demo."""

    def __init__(self, line: DialledLine, pack: Pack) -> None:
        self.line, self.pack = line, pack
        self.dictionary = Dictionary(pack)
        self.scene = scene(pack)

    @property
    def here(self) -> Mapping[str, Sequence[str]]:
        """What belongs into the holes of `script.HERE`."""
        path, level = [area.name for area in self.scene.path], self.pack.places.centre_level
        said = (path[: level + 1], [self.scene.letters], path[-1:], [self.scene.centre_name])
        return dict(zip(script.HERE, said, strict=True))

    def person(self, holder: Holder) -> Person:
        """Who holds a phone; a caller has a number that nobody knows. Raises CannotPlay."""
        if holder.role == script.ANYBODY:
            return Person("caller", "Caller", new_number(self.pack, self.line.staff))
        centre = holder.centre or self._usual_centre(holder.role)
        people = self._colleagues(holder.role, centre)
        if len(people) < holder.place:
            raise CannotPlay(f"the demo has no {holder.role} {holder.place} at {centre}")
        person = people[holder.place - 1]
        return Person(holder.role, ROLES[holder.role], person["phone"], person["pin"])

    def holder(self, number: str) -> Holder:
        """Who has a number, as a script names her."""
        for person in self.line.staff:
            if person["phone"] == number:
                role, centre = person["role"], person["centre"]
                same = [one["phone"] for one in self._colleagues(role, centre)]
                usual = centre == self._usual_centre(role)
                return Holder(role, None if usual else centre, same.index(number) + 1)
        return Holder(script.ANYBODY)

    def pin(self, number: str) -> str:
        """The PIN of a member of staff; empty for everybody else."""
        found = (one["pin"] for one in self.line.staff if one["phone"] == number)
        return next(found, "")

    def _usual_centre(self, role: str) -> str:
        return self.pack.duty_desk.id if role == "national" else self.scene.centre

    def _colleagues(self, role: str, centre: str) -> list[Mapping[str, str]]:
        return [one for one in self.line.staff if (one["role"], one["centre"]) == (role, centre)]

"""A country of the size of a sentence, for tests of the dialogue alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from menus.ports import Area, Centre, Country, Hotlines, Name

AREAS = (
    Area("south", Name("South"), 0),
    Area("west", Name("West"), 0),
    Area("south/huye", Name("Huye"), 1, "south"),
    Area("south/gisagara", Name("Gisagara"), 1, "south"),
    Area("west/rusizi", Name("Rusizi"), 1, "west"),
    Area("south/huye/ngoma", Name("Ngoma"), 2, "south/huye"),
    Area("south/huye/tumba", Name("Tumba"), 2, "south/huye"),
    Area("south/gisagara/mamba", Name("Mamba"), 2, "south/gisagara"),
    Area("west/rusizi/kamembe", Name("Kamembe"), 2, "west/rusizi"),
    Area("south/huye/ngoma/kaburemera", Name("Kaburemera"), 3, "south/huye/ngoma"),
    Area("south/huye/ngoma/matyazo", Name("Matyazo"), 3, "south/huye/ngoma"),
)

CENTRES = (
    Centre("kabutare", Name("Kabutare"), Name("Huye"), "south/huye/ngoma", always_open=True),
    Centre("gakoma", Name("Gakoma"), Name("Gisagara"), "south/gisagara/mamba"),
    Centre("gihundwe", Name("Gihundwe"), Name("Rusizi"), "west/rusizi/kamembe", sample=False),
)


@dataclass(frozen=True)
class FewPlaces:
    areas: tuple[Area, ...] = AREAS
    levels: int = 4
    centre_level: int = 1
    search_level: int = 2

    def children(self, area: str | None) -> Sequence[Area]:
        return [one for one in self.areas if one.parent == area]

    def get(self, area: str) -> Area | None:
        return next((one for one in self.areas if one.id == area), None)

    def within(self, area: str, level: int) -> Area | None:
        found = self.get(area)
        while found and found.level > level:
            found = self.get(found.parent or "")
        return found if found and found.level == level else None

    def search(self, letters: str) -> Sequence[Area]:
        return [
            one
            for one in self.areas
            if one.level == self.search_level and one.name.lower().startswith(letters.lower())
        ]


@dataclass(frozen=True)
class FewCentres:
    centres: tuple[Centre, ...] = CENTRES

    def near(self, area: str | None) -> Sequence[Centre]:
        def apart(centre: Centre) -> int:
            shared = zip((area or "").split("/"), centre.area.split("/"), strict=False)
            return -sum(mine == its for mine, its in shared)

        return sorted(self.centres, key=apart)

    def get(self, centre: str) -> Centre | None:
        return next((one for one in self.centres if one.id == centre), None)


def few(places: FewPlaces | None = None, centres: FewCentres | None = None) -> Country:
    """The whole fake country."""
    return Country(
        places=places or FewPlaces(),
        centres=centres or FewCentres(),
        hotlines=Hotlines(Name("112"), Name("116"), Name("3029")),
        languages={"en": Name("English"), "rw": Name("Ikinyarwanda")},
        titles={"en": Name("Health & Family Info"), "rw": Name("Amakuru y'ubuzima")},
        questions={
            "en": ("Your province?", "District?", "Sector?", "Cell?"),
            "rw": ("Hitamo intara", "Akarere?", "Umurenge?", "Akagari?"),
        },
        level_names={
            "en": tuple(map(Name, ("province", "district", "sector", "cell"))),
            "rw": tuple(map(Name, ("intara", "akarere", "umurenge", "akagari"))),
        },
        desk=Name("ISANGE"),
        investigator=Name("RIB"),
        hours={
            "morning": Name("08:00-12:00"),
            "afternoon": Name("12:00-17:00"),
            "evening": Name("17:00-20:00"),
        },
    )

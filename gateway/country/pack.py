"""A country pack: all that differs from one country to the next, as facts in a folder.

The folder holds country.toml, areas.csv, centres.csv, neighbours.json and, where callers may be
asked for one level more, cells.csv. A fact that goes stale says where it comes from and who
verified it when; `Pack.unverified` lists those that nobody has: production refuses to start on
them, the demo shows them as samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.country.facts import Facts, read_facts
from gateway.country.places import AreaFiles, Tree
from gateway.country.ranking import CentreRow, Ranking, read_centres
from gateway.country.reading import BadFile, Page, Problem, refuse
from gateway.country.toml_tables import Lists, Table, toml_table
from menus.ports import Centres, Country, Hotlines

COUNTRIES = Path(__file__).parents[1] / "countries"
"""The packs that ship with the gateway, a folder each."""


@dataclass(frozen=True)
class Pack(Facts):
    """A whole country: what country.toml says, and what the other files say."""

    code: str
    """The name of its folder: the country in small letters, as ISO 3166 has it."""
    places: Tree
    centres: tuple[CentreRow, ...]
    """Those of centres.csv; a gateway in service has a list of its own in the database."""
    neighbours: Mapping[str, Sequence[str]]

    def ranking(self, centres: Iterable[CentreRow] | None = None) -> Ranking:
        """The order of `centres` (those of the pack, unless given) for every area."""
        rows = self.centres if centres is None else centres
        return Ranking(self.places, rows, self.neighbours, self.nearest)

    def unverified(self, centres: Iterable[CentreRow] | None = None) -> list[str]:
        """Every fact that no person has verified, named so that an operator can find it.

        `centres` are those in service: those of the pack, unless given.
        """
        facts = {
            **{f"hotline {use}": one.provenance for use, one in self.hotlines.items()},
            **{f"language {code}": one.provenance for code, one in self.languages.items()},
            "word at the reception": self.reception.provenance,
            "name of the investigator": self.investigator.provenance,
            "USSD codes": self.codes.provenance,
            "network names": self.networks.provenance,
            **{f"file {file}": provenance for file, provenance in self.sources.items()},
        }
        for row in self.centres if centres is None else centres:
            facts[f"centre {row.id}"] = row.provenance
        return [fact for fact, provenance in facts.items() if not provenance.verified]

    def menus_country(self, languages: Sequence[str], centres: Centres) -> Country:
        """What the menus need, in the languages in service. KeyError for one we do not have."""
        spoken = {code: self.languages[code] for code in languages}
        return Country(
            places=self.places,
            centres=centres,
            hotlines=Hotlines(**{use: one.number for use, one in self.hotlines.items()}),
            languages={code: one.name for code, one in spoken.items()},
            titles={code: one.title for code, one in spoken.items()},
            questions={code: one.questions for code, one in spoken.items()},
            level_names={code: one.levels for code, one in spoken.items()},
            desk=self.reception.ask_for,
            investigator=self.investigator.name,
            hours=self.hours.shown(),
            area_names={code: one.areas for code, one in spoken.items()},
            call_back_minutes=self.limits.call_back_minutes,
        )


@cache
def load_country(code: str, countries: Path = COUNTRIES) -> Pack:
    """The pack in the folder `code` of `countries`, read once in a process. Raises BadFile."""
    known = sorted(path.parent.name for path in countries.glob("*/country.toml"))
    if code not in known:
        advice = f"is no country we have: choose one of {', '.join(known)}"
        raise BadFile([Problem(countries.name, 1, "country", advice)])
    return load(countries / code)


def load(folder: Path) -> Pack:
    """Load the pack in `folder`. Raises BadFile with every fault of the file that has some."""
    page = Page(folder / "country.toml")
    top = toml_table(page)
    refuse(page)
    facts = read_facts(top)
    refuse(page)
    places = _places(folder, facts)
    centres = read_centres(folder / "centres.csv", places, {facts.duty_desk.id})
    neighbours = _neighbours(folder, places)
    _check_nearest(top.table("nearest"), facts, places, {row.id for row in centres})
    refuse(page)
    return Pack(
        **vars(facts),
        code=folder.name,
        places=places,
        centres=tuple(centres),
        neighbours=neighbours,
    )


def _places(folder: Path, facts: Facts) -> Tree:
    files = AreaFiles(len(facts.levels))
    areas, cells = Page(folder / "areas.csv"), Page(folder / "cells.csv")
    files.read_areas(areas)
    refuse(areas)
    if cells.path.exists():
        files.read_cells(cells)
    refuse(cells)
    return Tree(
        tuple(files.areas.values()),
        files.points,
        levels=len(facts.levels),
        centre_level=facts.centre_level,
        search_level=facts.search_level,
        alike=facts.alike,
    )


def _neighbours(folder: Path, places: Tree) -> Mapping[str, Sequence[str]]:
    page = Page(folder / "neighbours.json")
    lists = Lists(page)
    known = {area.id for area in places.all(places.centre_level)}
    for area, beside in lists.items():
        if not known.issuperset((area, *beside)) or area in beside:
            lists.blame(area, "must be an id at the level of centres, with others of its kind")
    refuse(page)
    return lists


def _check_nearest(table: Table, facts: Facts, places: Tree, centres: set[str]) -> None:
    for area, first in facts.nearest.items():
        if not places.get(area):
            table.blame(area, "is no id of areas.csv: correct it")
        if not centres.issuperset(first) or len(set(first)) < len(first):
            table.blame(area, "must list ids of centres.csv, each once")

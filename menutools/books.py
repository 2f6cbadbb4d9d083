"""Which dialogues there are, each with all that it is held against."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.country import translations
from gateway.country.pack import COUNTRIES, load_country
from gateway.country.po_files import SOURCE
from gateway.runtime.errors import OperatorError
from menus import messages
from menus.callers import by_sms, emergency, short, welcome
from menus.engine import Engine
from menus.ports import Country
from menus.script import Phrase, Screen
from menus.speech import Speech
from menus.staff import desk
from menutools.sample_callers import Cast, cast
from menutools.walk import Needs, Walk

BOOKS: Final = {"callers": welcome.first, "staff": desk.pin}
"""Every dialogue that can be dialled, by the screen it begins with."""

LISTS: Final = frozenset(
    {"report.other_centre", "child.other_centre", "child.cell", "centres.nearest"}
    | {"centres.further", "place.roughly", "place.exactly", "place.area", "place.matches"}
    | {"desk.desk", "desk.answers"}
)
"""Screens that are as long as what they list: these alone may go on over a second page."""


@dataclass(frozen=True)
class Book:
    """A dialogue spoken for one country.

    `lists` are the screens that may have several pages. `doors` are screens where some callers
    begin instead, `knowing` what may be known of a call from its beginning. `urgent` is the screen
    that must be one key from the first; `neutral` says that the first must not tell what the line
    is for. `texts` are said without any screen, `sms` stay on the phones of callers.
    """

    name: str
    start: Screen
    speech: Speech
    cast: Cast
    languages: Sequence[str]
    lists: Collection[str] = LISTS
    doors: Sequence[Screen] = ()
    knowing: Sequence[Mapping[str, str]] = ()
    urgent: Screen | None = None
    neutral: bool = False
    texts: Sequence[Phrase] = ()
    sms: Sequence[Phrase] = ()

    def engine(self, country: Country | None = None) -> Engine:
        """The dialogue for representative callers, or for those of another country."""
        return Engine(self.start, country or self.cast.country, self.speech)

    def walk(self, language: str, needs: Needs | None = None) -> Walk:
        """Go everywhere in one language."""
        return Walk(self.engine(), self.cast, language, needs, self.doors, self.knowing)

    def translation(self, english: str, language: str) -> str | None:
        """A text of the code in a language; None where nobody has translated it."""
        if language == SOURCE:
            return english
        return self.speech.catalogues.get(language, {}).get(english)


def open_book(name: str, country: str) -> Book:
    """Open one of BOOKS for a country. Raises OperatorError when either is not there."""
    if name not in BOOKS:
        raise OperatorError(f"{name} is no dialogue: choose one of {', '.join(BOOKS)}")
    pack = load_country(country)
    languages = tuple(pack.languages)
    speech = Speech(translations.shipped(languages))
    people = cast(pack)
    if name != "callers":
        return Book(name, BOOKS[name], speech, people, languages)
    return Book(
        name,
        BOOKS[name],
        speech,
        people,
        languages,
        doors=(by_sms.warning,),
        knowing=({short.LIMITED: "yes"},),
        urgent=emergency.danger,
        neutral=True,
        texts=(emergency.unavailable(people.country.hotlines),),
        sms=_sms_to_callers(),
    )


def all_countries() -> list[str]:
    """Every country there is a pack for."""
    return sorted(path.parent.name for path in COUNTRIES.glob("*/country.toml"))


def _sms_to_callers() -> list[Phrase]:
    """The constants of `menus.messages`: what is said to staff is made by functions there."""
    return [one for one in vars(messages).values() if isinstance(one, Phrase)]

"""Every fault of the catalogues, each with its file and text, for `make check`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Message

from gateway.country.po_files import SOURCE, TEMPLATE, BadCatalogue, PoFile, read, where
from gateway.country.translations import Catalogue
from menus import gsm7, messages
from menutools.catalogues.extraction import (
    MENUS,
    NotOneText,
    Text,
    extract,
    outside_placeholders,
    placeholders,
)
from menutools.catalogues.forbidden import betrays
from menutools.catalogues.rooms import sms_too_long
from menutools.catalogues.updating import merged, template

_STALE = "is not what the menus say now: run `make catalogues`"


def problems(folder: Path, languages: Iterable[str], menus: Path = MENUS) -> list[str]:
    """Hold the catalogues of `languages` in `folder` against the texts of `menus`.

    Empty when all is well. One line a fault, "file: text: what is wrong".
    """
    try:
        texts = extract(menus)
    except NotOneText as error:
        return [str(error)]
    found = [f"menus: {fault}" for fault in _in_messages(texts, Catalogue({}))]
    pot = folder / TEMPLATE
    if not pot.exists() or pot.read_text("utf-8") != template(texts):
        found.append(f"{_shown(folder, pot)}: {_STALE}")
    for language in languages:
        if language != SOURCE:
            path = where(folder, language)
            found += [f"{_shown(folder, path)}: {fault}" for fault in _in_file(path, texts)]
    return found


def _shown(folder: Path, path: Path) -> str:
    return str(Path(folder.name) / path.relative_to(folder))


def _in_file(path: Path, texts: Sequence[Text]) -> Iterator[str]:
    try:
        file = read(path)
    except BadCatalogue as error:
        yield str(error).removeprefix(f"{path}:").strip()
        return
    yield from _in_header(file)
    wanted = {text.english for text in texts}
    given = dict(file.messages())
    for english in sorted(wanted - given.keys()):
        yield f"{english!r}: is missing: run `make catalogues`, then translate it"
    for english in sorted(given.keys() - wanted):
        yield f"{english!r}: is said nowhere: run `make catalogues`"
    usable = {}
    for english in sorted(wanted & given.keys()):
        message = given[english]
        faults = list(_in_translation(english, message))
        yield from (f"{english!r}: {fault}" for fault in faults)
        if not faults:
            usable[english] = str(message.string)
    yield from _in_messages(texts, Catalogue(usable))
    if path.read_text("utf-8") != merged(file, texts):
        yield _STALE


def _in_header(file: PoFile) -> Iterator[str]:
    try:
        day = file.verified_on
    except ValueError:
        yield "X-Verified-On: write the day as YYYY-MM-DD"
        return
    if bool(day) != bool(file.verified_by):
        yield "X-Verified-By: fill in both X-Verified-By and X-Verified-On, or neither"


def _in_translation(english: str, message: Message) -> Iterator[str]:
    translation = str(message.string or "")
    if message.fuzzy:
        yield "is marked fuzzy: look at it again and take the mark off"
    if not translation:
        yield "is empty: translate it"
        return
    try:
        given, plain = placeholders(translation), outside_placeholders(translation)
    except ValueError:
        yield "has a brace { or } too many"
        return
    if given != placeholders(english):
        names = ", ".join(f"{{{name}}}" for name in sorted(placeholders(english))) or "none"
        yield f"must have the same words in braces as the English: {names}"
    if odd := "".join(sorted(set(plain) - gsm7.BASIC - set(english))):
        yield f"has letters outside the alphabet of a basic phone: {odd}"
    if translation != translation.strip():
        yield "has a space at its beginning or end"


def _in_messages(texts: Sequence[Text], catalogue: Catalogue) -> Iterator[str]:
    """SMS that do not fit one segment, or tell a stranger what they are about."""
    for english, septets in sms_too_long(texts, catalogue):
        yield f"{english!r}: takes {septets} septets, and an SMS has room for {gsm7.PAGE}"
    for courtesy in messages.COURTESIES.values():
        english = courtesy.text
        if word := betrays(catalogue.get(english, english)):
            yield f"{english!r}: says {word!r} to whoever holds the phone"

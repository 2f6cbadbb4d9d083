"""Bringing the catalogues up to what the menus say now, for `make catalogues`.

Nothing is guessed: a text that changed in English has to be translated anew, because a sentence
that is nearly right can be wrong about the law or a medicine.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog, Message

from gateway.country.po_files import (
    TEMPLATE,
    PoFile,
    languages,
    read,
    render,
    template_header,
    unverified_header,
    where,
)
from menutools.catalogues.extraction import MENUS, Text, extract


def update(folder: Path, menus: Path = MENUS) -> list[Path]:
    """Merge the texts of `menus` into every catalogue of `folder`; returns the files that changed.

    Translations and translators' comments are kept, obsolete texts are dropped, new ones come in
    empty. Whoever verified a language has not seen a new text, so that takes the name off.
    """
    texts = extract(menus)
    wanted = {folder / TEMPLATE: template(texts)}
    for language in languages(folder):
        path = where(folder, language)
        wanted[path] = merged(read(path), texts)
    changed = [path for path, text in wanted.items() if _differs(path, text)]
    for path in changed:
        path.write_text(wanted[path], "utf-8", newline="\n")
    return changed


def template(texts: Iterable[Text]) -> str:
    """The text of isange.pot."""
    catalog = Catalog()
    for text in texts:
        _add(catalog, text)
    return render(template_header(), catalog)


def merged(old: PoFile, texts: Iterable[Text]) -> str:
    """The text of a language's file, once it knows exactly `texts`."""
    catalog = Catalog()
    known = dict(old.messages())
    header = old.header
    for text in texts:
        message = known.get(text.english)
        if message is None:
            header = unverified_header(header)
        _add(catalog, text, message)
    return render(header, catalog)


def _add(catalog: Catalog, text: Text, old: Message | None = None) -> None:
    catalog.add(
        text.english,
        old.string if old else "",
        locations=[(module, 0) for module in text.modules],
        auto_comments=text.whys,
        user_comments=old.user_comments if old else (),
        flags=["fuzzy"] if old and old.fuzzy else [],
    )


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_bytes() != text.encode("utf-8")

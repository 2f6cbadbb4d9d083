"""Reading and writing gettext files, such that the same texts always give the same bytes.

The header is kept as the translator's editor wrote it, because Babel would drop the two fields
that say who verified the translation, and would put in a date that changes at every run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po

from gateway.runtime.errors import OperatorError

SOURCE: Final = "en"
"""The language of the texts in the code: it has no catalogue."""

TEMPLATE: Final = "isange.pot"

_HEADER: Final = """\
# {what}
msgid ""
msgstr ""
"Project-Id-Version: isange\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""
_VERIFICATION: Final = '"X-Verified-By: \\n"\n"X-Verified-On: \\n"\n'
_FIELD: Final = re.compile(r'^"(X-Verified-(?:By|On)):([^"]*?)(?:\\n)?"$', re.MULTILINE)


class BadCatalogue(OperatorError):
    """A gettext file that cannot be read as it stands; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class PoFile:
    """A gettext file taken apart: its header as written, and its texts."""

    header: str
    catalog: Catalog

    def messages(self) -> Iterator[tuple[str, Message]]:
        """Each English text with its entry, without the header's."""
        for message in self.catalog:
            english = message.id if isinstance(message.id, str) else message.id[0]
            if english:
                yield english, message

    def field(self, name: str) -> str:
        """A field of the header by its name, "" when absent or empty."""
        return dict(self._fields()).get(name, "")

    def _fields(self) -> Iterator[tuple[str, str]]:
        for name, value in _FIELD.findall(self.header):
            yield name, value.strip()

    @property
    def verified_by(self) -> str:
        return self.field("X-Verified-By")

    @property
    def verified_on(self) -> date | None:
        """The day of the verification; None when empty. Raises ValueError when it is no day."""
        written = self.field("X-Verified-On")
        return date.fromisoformat(written) if written else None


def where(folder: Path, language: str) -> Path:
    """The file of a language."""
    return folder / language / "LC_MESSAGES" / "isange.po"


def languages(folder: Path) -> list[str]:
    """The languages that have a file in `folder`, in alphabetical order."""
    return sorted(path.parts[-3] for path in folder.glob("*/LC_MESSAGES/isange.po"))


def read(path: Path) -> PoFile:
    """Take a file apart. Raises BadCatalogue, with file and line where known."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise BadCatalogue(f"{path}: is missing: put it there") from None
    except UnicodeDecodeError:
        raise BadCatalogue(f"{path}: is not UTF-8: save it as UTF-8") from None
    try:
        catalog = read_po(text.splitlines(keepends=True), abort_invalid=True)
    except PoFileError as error:
        raise BadCatalogue(f"{path}:{error.lineno + 1}: {error}") from None
    except ValueError as error:
        raise BadCatalogue(f"{path}: the header is not one of gettext: {error}") from None
    header = text.strip().partition("\n\n")[0] + "\n"
    if 'msgid ""\n' not in header:
        raise BadCatalogue(f"{path}:1: has no header: take the one of another language's file")
    return PoFile(header, catalog)


def render(header: str, catalog: Catalog) -> str:
    """The text of a file: sorted, one line a text, no date, no line numbers."""
    body = BytesIO()
    write_po(body, catalog, width=0, omit_header=True, sort_output=True, ignore_obsolete=True)
    return f"{header}\n{body.getvalue().decode('utf-8')}".rstrip("\n") + "\n"


def template_header() -> str:
    return _HEADER.format(what="Every text of the line, in English.", language="")


def new_header(language: str) -> str:
    """The header of a language's file that nobody has verified."""
    what = "A draft until a native specialist has verified it: see locales/README.md."
    return _HEADER.format(what=what, language=language) + _VERIFICATION


def unverified_header(header: str) -> str:
    """The same header with nobody's name on it."""
    return _FIELD.sub(r'"\1: \\n"', header)

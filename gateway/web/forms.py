"""The fields of a form, as providers post them: empty ones kept, nothing of a bad one quoted."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_plus

MOST_FIELDS: Final = 40


class NotAForm(ValueError):
    """The body is no form, or too large for one."""


def fields(body: bytes) -> dict[str, str]:
    """The fields of a form body, whatever it says it is. Raises NotAForm.

    Of a field given twice the last counts. What is no UTF-8, or is NUL, which no database keeps,
    becomes U+FFFD: nobody can have typed it, and it is no key of any screen.
    """
    parts = body.decode("utf-8", "replace").split("&")
    if len(parts) > MOST_FIELDS:
        raise NotAForm("the body is no form")
    pairs = (part.partition("=") for part in parts if part)
    return {_plain(name): _plain(value).replace("\0", "\ufffd") for name, _, value in pairs}


def _plain(given: str) -> str:
    """A name or a value as it was before it was put into a form; most are written as they are."""
    return unquote_plus(given, errors="replace") if "%" in given or "+" in given else given

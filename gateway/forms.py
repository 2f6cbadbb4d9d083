"""The fields of a form, as providers post them: empty ones kept, nothing of a bad one quoted."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

MOST_FIELDS: Final = 40


class NotAForm(ValueError):
    """The body is no form, or too large for one."""


def fields(body: bytes) -> dict[str, str]:
    """The fields of a form body, whatever it says it is. Raises NotAForm.

    Of a field given twice the last counts. What is no UTF-8, or is NUL, which no database keeps,
    becomes U+FFFD: nobody can have typed it, and it is no key of any screen.
    """
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="replace",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise NotAForm("the body is no form") from None
    return {name: value.replace("\0", "\ufffd") for name, value in pairs}

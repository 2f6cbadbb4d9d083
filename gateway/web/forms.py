"""What a provider posts: a small form, read once, with empty fields kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from flask import Request

LARGEST_STEP: Final = 4096
"""Bytes of a USSD step. The longest history a phone can type is a quarter of that."""

LARGEST_NOTICE: Final = 32_768
"""Bytes of a notice. A long SMS is ten parts, and each of its letters may be sent as 12 bytes."""

MOST_FIELDS: Final = 40


class NotAForm(ValueError):
    """The body is too large or no form; nothing of it is quoted."""


def read(request: Request, largest: int) -> Mapping[str, str]:
    """The fields of a form of at most `largest` bytes, whatever it says it is. Raises NotAForm.

    Of a field given twice the last counts. What is no UTF-8, or is NUL, which no database keeps,
    becomes U+FFFD: nobody can have typed it, and it is no key of any screen.
    """
    if (request.content_length or 0) > largest:
        raise NotAForm("the body is too large")
    body = request.stream.read(largest + 1)
    if len(body) > largest:
        raise NotAForm("the body is too large")
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

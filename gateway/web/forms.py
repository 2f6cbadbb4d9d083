"""What a provider posts: a small form, read once, with empty fields kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from flask import Request

LARGEST: Final = 4096
"""Bytes of a callback's body. The longest history a phone can type is a quarter of that."""

MOST_FIELDS: Final = 40


class NotAForm(ValueError):
    """The body is too large or no form; nothing of it is quoted."""


def read(request: Request) -> Mapping[str, str]:
    """The fields of a form body; of a field given twice the last counts. Raises NotAForm."""
    if (request.content_length or 0) > LARGEST:
        raise NotAForm("the body is too large")
    body = request.stream.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise NotAForm("the body is too large")
    try:
        pairs = parse_qsl(
            body.decode("ascii", "replace"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="replace",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise NotAForm("the body is no form") from None
    return dict(pairs)

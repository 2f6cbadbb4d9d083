"""Bodies of requests: read once, and never more than anybody honest would send."""

from __future__ import annotations

from typing import Final

from flask import Request

from gateway.forms import NotAForm

LARGEST_STEP: Final = 4096
"""Bytes of a USSD step. The longest history a phone can type is a quarter of that."""

LARGEST_NOTICE: Final = 32_768
"""Bytes of a notice. A long SMS is ten parts, and each of its letters may be sent as 12 bytes."""


def read(request: Request, largest: int) -> bytes:
    """The body, of at most `largest` bytes. Raises NotAForm."""
    if (request.content_length or 0) > largest:
        raise NotAForm("the body is too large")
    body: bytes = request.stream.read(largest + 1)
    if len(body) > largest:
        raise NotAForm("the body is too large")
    return body

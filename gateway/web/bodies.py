"""Bodies of requests: read once, and never more than anybody honest would send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from werkzeug.wsgi import get_input_stream

from gateway.web.forms import NotAForm

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LARGEST_STEP: Final = 4096
"""Bytes of a USSD step. The longest history a phone can type is a quarter of that."""

LARGEST_NOTICE: Final = 32_768
"""Bytes of a notice. A long SMS is ten parts, and each of its letters may be sent as 12 bytes."""


def read(request: WSGIEnvironment, largest: int) -> bytes:
    """The body, of at most `largest` bytes. Raises NotAForm."""
    body = get_input_stream(request).read(largest + 1)
    if len(body) > largest:
        raise NotAForm("the body is too large")
    return body

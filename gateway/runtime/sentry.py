"""Fault reports to a Sentry server, for operators who have one: off unless SENTRY_DSN is set.

A fault reporter is the classic leak: it sends local variables, request bodies and messages abroad.
So nothing of the library's own gathering is on, an event holds the class of the error and the lines
of code it came through, and whatever else the library may add is thrown away before it leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.runtime import logs
from gateway.runtime.errors import OperatorError

FRAME: Final = ("module", "function", "lineno")
"""What is told of a line of code: no variable, no source, no path of this machine."""

EVENT: Final = ("event_id", "timestamp", "platform", "level", "logger", "release")


def start(dsn: str | None, process: str) -> None:
    """Report what `logs.failure` logs from now on. Without a DSN nothing is loaded at all."""
    if dsn is None:
        return
    try:
        import sentry_sdk
        from sentry_sdk.utils import BadDsn
    except ImportError:
        raise OperatorError(
            "SENTRY_DSN is set, but sentry-sdk is not installed: "
            "`pip install 'isange[sentry]'`, or unset it"
        ) from None
    try:
        sentry_sdk.init(
            dsn,
            before_send=_bare,
            server_name=process,
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            auto_session_tracking=False,
            enable_logs=False,
        )
    except BadDsn:
        raise OperatorError("SENTRY_DSN is no DSN: copy it again from your server") from None
    logs.report_failures_to(sentry_sdk.capture_exception)


def _bare(event: Any, hint: Mapping[str, Any]) -> Any:
    """An event made anew from what is known to be harmless."""
    values = event.get("exception", {}).get("values", ())
    return {
        **{key: event[key] for key in EVENT if key in event},
        "exception": {"values": [_exception(one) for one in values]},
    }


def _exception(told: Mapping[str, Any]) -> dict[str, Any]:
    frames = (told.get("stacktrace") or {}).get("frames", ())
    return {
        "type": told.get("type"),
        "stacktrace": {
            "frames": [{key: one[key] for key in FRAME if key in one} for one in frames]
        },
    }

"""Events for the operator, one JSON object a line, with nothing in them that could hurt anybody.

Only the keys of `ALLOWED` come through, and only values of harmless shape: a number or an answer
that strays into an event is dropped, and the event says that something was.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import structlog

ALLOWED: Final = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "process",
        "kind",
        "count",
        "attempt",
        "priority",
        "head",
        "outcome",
        "provider",
        "reason",
        "template",
        "audience",
        "state",
        "error",
        "where",
        "centre",
        "report",
        "rung",
        "seconds",
        "status",
        "pid",
        "port",
        "advice",
    }
)
"""`report` is the row's id, never the code; `error` a class name, `where` a module and line."""

_LONGEST = 120
_MOST_DIGITS = 6

_ROW_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def configure(process: str) -> None:
    """Write events of this process to standard output; everything else at WARNING and above.

    Libraries log what they like (RQ quotes job arguments, urllib3 quotes URLs), so they are held
    to warnings and pass through the same allow-list: their message becomes its logger's name.
    """
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.add_log_level,
            _named(process),
            _only_allowed,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_LibraryHandler()], level=logging.WARNING, force=True)


log: Final = structlog.get_logger()
"""log.info("alert_raised", report=..., priority=...): an event is a word, the rest are keys."""


def failure(event: str, error: BaseException) -> None:
    """Log an exception by its class and where it happened: its message may quote a number."""
    log.error(event, error=type(error).__name__, where=_where(error))
    for report in _reporters:
        report(error)


def report_failures_to(report: Callable[[BaseException], object]) -> None:
    """Hand each error that `failure` logs to one more place (gateway.runtime.sentry)."""
    _reporters.append(report)


_reporters: Final[list[Callable[[BaseException], object]]] = []


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"


def _named(process: str) -> structlog.typing.Processor:
    def add(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    return add


def _only_allowed(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    kept = {key: value for key, value in event.items() if key in ALLOWED and _harmless(key, value)}
    if len(kept) < len(event):
        kept["reason"] = kept.get("reason", "a key or value was withheld")
    kept.setdefault("event", "withheld")
    return kept


def _harmless(key: str, value: object) -> bool:
    if isinstance(value, int | float):
        return bool(abs(value) < 10**_MOST_DIGITS)
    if value is None:
        return True
    if not isinstance(value, str) or len(value) > _LONGEST:
        return False
    if key == "timestamp":
        return True
    if key == "report":
        return _ROW_ID.fullmatch(value) is not None
    digits = sum(character.isdigit() for character in value)
    return digits <= _MOST_DIGITS


class _LibraryHandler(logging.Handler):
    """A library's warning: that it happened and where, never what it said."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        log.warning(
            "library_warning",
            kind=record.name,
            error=type(error).__name__ if error else None,
            where=_where(error) if error else f"{record.module}:{record.lineno}",
        )

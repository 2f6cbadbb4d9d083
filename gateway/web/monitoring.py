"""What an operator's machines ask of every app: alive, ready, metrics; and the same empty 404."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from math import inf
from typing import Final

from flask import Flask, Response, abort, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from werkzeug.exceptions import HTTPException

from gateway.operations import status
from gateway.operations.status import Status
from gateway.runtime import logs
from gateway.store import database
from gateway.wiring import Parts

GAUGES: Final[Mapping[str, tuple[str, Callable[[Status], float]]]] = {
    "isange_oldest_unsent_seconds": (
        "How long the SMS waits that should have left first",
        lambda now: now.oldest_unsent or 0,
    ),
    "isange_oldest_unaccepted_seconds": (
        "Age of the oldest report that nobody has accepted",
        lambda now: now.oldest_unaccepted or 0,
    ),
    "isange_unknown_sends": (
        "SMS of the last day of which nobody knows whether they left",
        lambda now: now.unknown_sends,
    ),
    "isange_clock_silent_seconds": (
        "Since a clock last ticked; +Inf when none ever did",
        lambda now: _or_ever(now.clock_silent),
    ),
    "isange_worker_silent_seconds": (
        "Since a worker last sent what was waiting; +Inf when none ever did",
        lambda now: _or_ever(now.worker_silent),
    ),
    "isange_national_duty": (
        "Whether anybody is on duty at the national desk",
        lambda now: now.national_duty,
    ),
}
"""What each gauge tells, and where it comes from."""

PATHS: Final = ("/healthz", "/readyz", "/metrics")
"""Where an operator's machines ask, without a secret in the path."""


def install(app: Flask, parts: Parts) -> None:
    """Add the routes, and make every error page of this app an empty one."""
    app.config["TRAP_HTTP_EXCEPTIONS"] = False
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # They tell routes from unknown URLs,
    app.url_map.merge_slashes = False  # and so does a redirect.
    app.register_error_handler(HTTPException, _empty)

    @app.get("/healthz")
    def healthz() -> Response:
        return plain("ok")

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        now = _status(parts)
        degraded = [] if parts.redis_answers() else ["redis"]
        if now is None:
            return jsonify(ready=False, degraded=degraded), 503
        degraded.extend(now.troubles())
        return jsonify(ready=True, degraded=degraded, figures=asdict(now)), 200

    @app.get("/metrics")
    def metrics() -> Response:
        if not _may_see_metrics(parts.settings.metrics_token):
            abort(404)
        shown = generate_latest(_registry(parts)) + generate_latest(_gauges(_status(parts)))
        return Response(shown, content_type=CONTENT_TYPE_LATEST)


def plain(body: str, status: int = 200) -> Response:
    """A short text for a machine."""
    return Response(body, status, content_type="text/plain; charset=utf-8")


def _empty(error: HTTPException) -> Response:
    """No error page says more than its status; a forged secret and an unknown URL look alike."""
    status = 404 if error.code in {404, 405} else error.code or 500
    return plain("", status)


def _status(parts: Parts) -> Status | None:
    """How the service does; None while the database does not answer."""
    try:
        return status.read(parts.database, parts.pack.duty_desk.id)
    except database.DatabaseFailed as error:
        logs.failure("vitals_not_read", error)
        return None


class _Gauges(Collector):
    """The status as gauges, read when they are asked for: they belong to no process."""

    def __init__(self, now: Status | None) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Nothing but whether it is up while the database does not answer."""
        now = self._now
        yield GaugeMetricFamily(
            "isange_database_up", "Whether the database answers", now is not None
        )
        if now is not None:
            for name, (told, value) in GAUGES.items():
                yield GaugeMetricFamily(name, told, value(now))


def _or_ever(seconds: float | None) -> float:
    return inf if seconds is None else seconds


def _gauges(now: Status | None) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Gauges(now))
    return registry


def _may_see_metrics(token: str | None) -> bool:
    """With a token set, it must be given as a bearer token: an address stands in many logs."""
    if token is None:
        return True
    given = request.headers.get("Authorization", "").encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, f"Bearer {token}".encode())


def _registry(parts: Parts) -> CollectorRegistry:
    if parts.settings.metrics_folder is None:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(parts.settings.metrics_folder))  # type: ignore[no-untyped-call]
    return registry

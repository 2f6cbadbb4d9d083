"""What an operator's machines ask of every app: alive, ready, metrics; and the same empty 404."""

from __future__ import annotations

import hmac

from flask import Flask, Response, abort, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import text
from werkzeug.exceptions import HTTPException

from gateway import database
from gateway.wiring import House


def install(app: Flask, house: House) -> None:
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
        serving = _database_answers(house)
        degraded = [] if house.redis_answers() else ["redis"]
        return jsonify(ready=serving, degraded=degraded), 200 if serving else 503

    @app.get("/metrics")
    def metrics() -> Response:
        if not _may_see_metrics(house.settings.metrics_token):
            abort(404)
        return Response(generate_latest(_registry(house)), content_type=CONTENT_TYPE_LATEST)


def plain(body: str, status: int = 200) -> Response:
    """A short text for a machine."""
    return Response(body, status, content_type="text/plain; charset=utf-8")


def _empty(error: HTTPException) -> Response:
    """No error page says more than its status; a forged secret and an unknown URL look alike."""
    status = 404 if error.code in {404, 405} else error.code or 500
    return plain("", status)


def _database_answers(house: House) -> bool:
    try:
        with database.reading(house.database) as session:
            session.execute(text("SELECT 1"))
    except database.DatabaseDown:
        return False
    return True


def _may_see_metrics(token: str | None) -> bool:
    """With a token set, it must be given as a bearer token or as `?token=`."""
    if token is None:
        return True
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    given = bearer or request.args.get("token", "")
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())


def _registry(house: House) -> CollectorRegistry:
    if house.settings.metrics_folder is None:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(house.settings.metrics_folder))  # type: ignore[no-untyped-call]
    return registry

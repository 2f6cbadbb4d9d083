"""Who may drive the page: only the browser that was given its address.

Another web site that the visitor has open can make her browser send requests to this machine. So
the address holds a token; the name by which we were called must be an address of a machine, which
no foreign name server can point elsewhere; and a request that changes something must come from a
page of our own.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Final

from flask import Flask, Response, abort, request

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


ALIVE: Final = "healthz"
"""The one address without a token: whoever asks learns that something runs here."""


READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Flask, token: str, *, loopback_only: bool) -> None:
    """Ask these questions before every request, and put the headers on every answer."""

    @app.before_request
    def check() -> None:
        if request.endpoint != ALIVE:
            refusal = _refusal(token, loopback_only=loopback_only)
            if refusal is not None:
                abort(refusal)

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response


def _refusal(token: str, *, loopback_only: bool) -> int | None:
    """The status with which this request is turned away. Takes the token out of its arguments."""
    given = (request.view_args or {}).pop("token", "")
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode()):
        return 404
    if not is_our_host(request.host, loopback_only=loopback_only) or is_foreign():
        return 403
    # A form of another site cannot send JSON, whatever else fails.
    return None if request.method in READING or request.is_json else 415


def is_our_host(host: str, *, loopback_only: bool) -> bool:
    """Whether a Host header names this machine in a way that cannot be made up elsewhere."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback or not loopback_only


def is_foreign() -> bool:
    """Whether a page of another origin has the browser ask this."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        return True
    site = request.headers.get("Sec-Fetch-Site", "none")
    walks_in = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    return site not in {"none", "same-origin"} and not walks_in

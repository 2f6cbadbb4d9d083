"""Whether what a process sends to other machines can be read on the way.

On this machine (a Unix socket, the loopback) nothing is encrypted, and nobody listens who could not
read the settings as well. Everything else needs TLS with a certificate that is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

CHECKED: Final = "verify-full"
"""The one sslmode of PostgreSQL that checks whose certificate it is (libpq, "SSL Support")."""

NAMES_A_HOST: Final = ("host", "hostaddr")
"""What may stand in the query of a PostgreSQL URL and say where the server is."""

UNCHECKED: Final = frozenset({"ssl_cert_reqs", "ssl_check_hostname"})
"""What in the query of a Redis URL turns the check of the certificate off; it is on otherwise."""


def in_clear(database: str, redis: str, web: Mapping[str, str | None]) -> Iterator[str]:
    """A line for each connection that can be read or forged on its way: which setting, what to do.

    `web` are addresses of http or https by the setting they come from, None where there is none.
    """
    if not _database_is_safe(database):
        yield f"DATABASE_URL leaves this machine unchecked: end it with ?sslmode={CHECKED}"
    if not _redis_is_safe(redis):
        yield "REDIS_URL leaves this machine without TLS: write rediss://..., or unix:///..."
    for name, url in web.items():
        if url is not None and not _page_is_safe(url):
            yield f"{name} leaves this machine without TLS: write https://..."


def _database_is_safe(url: str) -> bool:
    try:
        target = make_url(url)
    except (ArgumentError, ValueError):
        return False
    if target.get_backend_name() != "postgresql":
        return False
    named = [target.host or "", *(str(target.query.get(name, "")) for name in NAMES_A_HOST)]
    modes = target.query.get("sslmode", "")
    return modes == CHECKED or all(map(_is_here, filter(None, named)))


def _redis_is_safe(url: str) -> bool:
    scheme, host, query = _parts(url)
    if scheme == "unix" or not host or _is_here(host):
        return True
    return scheme == "rediss" and query.keys().isdisjoint(UNCHECKED)


def _page_is_safe(url: str) -> bool:
    scheme, host, _ = _parts(url)
    return scheme == "https" or _is_here(host)


def _parts(url: str) -> tuple[str, str, Mapping[str, list[str]]]:
    """Scheme, host and query; a host that is nowhere for what is no URL."""
    try:
        target = urlsplit(url)
        return target.scheme, target.hostname or "", parse_qs(target.query)
    except ValueError:
        return "", "nowhere", {}


def _is_here(host: str) -> bool:
    """Whether this is the machine itself: the folder of a socket, or the loopback."""
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

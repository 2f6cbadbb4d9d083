"""From where a callback comes: a sign that an address has leaked, and never a reason to refuse.

The ranges that a provider calls from change without a word, and a caller who is cut off because of
it pays for our list. So a callback from elsewhere is served, counted, and an alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

from gateway.runtime import alarms
from gateway.runtime.callbacks import Kind
from gateway.runtime.memory import Throttle
from gateway.runtime.metrics import CALLBACKS_FROM_ELSEWHERE

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

TELL_AGAIN: Final = 60.0
"""Seconds between two alarms, however many callbacks come from elsewhere."""


class Origins:
    """The networks that callbacks are expected from; none at all is any.

    `proxies` of our own stand before us, each of which adds to X-Forwarded-For who called it: what
    is further left in it anybody can write.
    """

    def __init__(self, networks: Sequence[IPv4Network | IPv6Network], proxies: int = 0) -> None:
        self._networks = networks
        self._proxies = proxies
        self._alarm = Throttle(TELL_AGAIN)

    def look(self, kind: Kind, request: WSGIEnvironment) -> None:
        """Notice a callback from elsewhere. Its address is kept nowhere."""
        if not self._networks or self._is_expected(request):
            return
        CALLBACKS_FROM_ELSEWHERE.labels(kind).inc()
        if count := self._alarm.add():
            alarms.sound("callback_from_elsewhere", count, where=kind)

    def _is_expected(self, request: WSGIEnvironment) -> bool:
        try:
            address = _plain(ip_address(self._caller(request)))
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def _caller(self, request: WSGIEnvironment) -> str:
        if not self._proxies:
            return str(request.get("REMOTE_ADDR", ""))
        passed_on = str(request.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        return passed_on[-self._proxies].strip() if len(passed_on) >= self._proxies else ""


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """IPv4 as itself, where a server that listens on both kinds wraps it in IPv6."""
    wrapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return wrapped or address

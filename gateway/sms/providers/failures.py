"""What a request that failed on its way says about the SMS in it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from gateway.sms.providers.contract import Outcome, TryLater, Unknown

NEVER_CONNECTED = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)


def outcome_of(error: requests.RequestException) -> Outcome:
    """Nothing was sent when there never was a connection; whatever broke later proves nothing."""
    if any(isinstance(cause, NEVER_CONNECTED) for cause in _causes(error)):
        return TryLater("no connection")
    if isinstance(error, requests.ConnectionError):
        return Unknown("connection lost")
    if isinstance(error, requests.ReadTimeout):
        return Unknown("no answer")
    return Unknown("broken answer")


def _causes(error: object) -> Iterator[object]:
    """What an error of requests stands for: urllib3 wraps a reason, and proxies wrap once more."""
    while isinstance(error, BaseException):
        yield error
        reason = getattr(error, "reason", None) or getattr(error, "original_error", None)
        error = reason or next((arg for arg in error.args if isinstance(arg, BaseException)), None)

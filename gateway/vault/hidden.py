"""Objects that cannot be printed, copied or pickled, and the 32 bytes of a key as one of them.

Python cannot wipe memory, so a key lives as long as its process. What we can keep it out of is
everything that leaves the process by accident: log lines, tracebacks with locals, job arguments.
"""

from __future__ import annotations

import secrets
from typing import NoReturn

KEY_BYTES = 32
"""Length of every key here: AES-256, X25519 and HMAC-SHA256 keys alike."""


class Hidden:
    """Base of whatever holds a key: its repr names the type alone."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is never pickled or copied")


class KeyBytes(Hidden):
    """The bytes of one key. Raises ValueError, quoting nothing, when they are not 32."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._raw = raw

    @classmethod
    def random(cls) -> KeyBytes:
        return cls(secrets.token_bytes(KEY_BYTES))

    def reveal(self) -> bytes:
        """The bytes themselves. Each use of this is a place to review."""
        return self._raw

"""What the page cannot do, as sentences for whoever sits before it."""

from __future__ import annotations


class Unable(Exception):
    """It was not done. `str()` is one sentence for the page; it quotes nothing that was typed."""


class StillStarting(Unable):
    """The demo has not written down yet where everything is."""

    def __init__(self) -> None:
        super().__init__("The demo is still starting.")


class NetworkGone(Unable):
    """The stand-in does not answer."""

    def __init__(self) -> None:
        super().__init__("The pretend network does not answer: is the demo still running?")

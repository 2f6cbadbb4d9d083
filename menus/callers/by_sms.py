"""The same dialogue over SMS, for a phone whose network has no USSD: what is said first."""

from __future__ import annotations

from menus.callers import report, welcome
from menus.script import Caller, Choose, choose, option, screen


@screen
def warning(caller: Caller) -> Choose:
    """A USSD screen is gone when the call is; an SMS stays for whoever holds the phone next."""
    return choose(
        "SMS stays on this phone and others may read it. Reply with one number.",
        option("Go on", goto=welcome.first),
        option("Stop", goto=report.farewell),
    )

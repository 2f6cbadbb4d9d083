"""The ways through the menus that are walked and timed: those that must be short.

An answer is what an option keeps, the beginning of its words in English, or what is typed. A place
is always the first of its list: which one makes no difference to the keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from menutools.dialogues import A_NAME


@dataclass(frozen=True, slots=True)
class Path:
    """What a caller answers on each screen she may come to."""

    name: str
    answers: Mapping[str, str]


_WHERE: Final = {
    "place.exactly": A_NAME,
    "place.roughly": A_NAME,
    "place.area": A_NAME,
    "centres.nearest": A_NAME,
}
_REPORT: Final = {
    **_WHERE,
    "welcome.first": "I need help",
    "report.safe_phone": "Yes, continue",
    "report.what_we_keep": "Continue",
    "report.age": "adult",
    "report.need": "sexual",
    "report.when": "within_72h",
    "report.go_today": "Continue",
    "report.which_centre": A_NAME,
    "report.may_contact": "call",
    "report.safe_time": "evening",
    "report.if_the_line_cuts": "Yes",
    "report.secret": "5839",
    "report.confirm": "Send: health",
}
_CALL: Final = {
    "welcome.first": "Call me",
    "call_me.offer": "This number",
    "call_me.how_they_call": "OK",
    "call_me.when_is_it_safe": "Now",
}
PATHS: Final = (
    Path(
        "Danger",
        {
            "welcome.first": "Urgent help",
            "emergency.danger": "Ask centre",
            "emergency.may_we_call": "Yes",
        },
    ),
    Path("Call me", _CALL),
    Path(
        "Call me, from the first safety screen",
        {**_CALL, "welcome.first": "I need help", "report.safe_phone": "Only call me back"},
    ),
    Path("Nearest centre", {**_WHERE, "welcome.first": "Nearest centre"}),
    Path("Full report, by call", _REPORT),
    Path(
        "Full report, under 18",
        {
            **_REPORT,
            "report.age": "16_17",
            "report.law_may_act": "Continue",
            "report.may_call": "evening",
            "report.confirm": "Yes, send",
        },
    ),
    Path(
        "Worried about a child",
        {
            **_WHERE,
            "welcome.first": "Worried about a child",
            "child.in_danger": "No",
            "child.age": "6_11",
            "child.worry": "sexual",
            "child.when": "within_72h",
            "child.go_today": "Continue",
            "child.where": "Choose from a list",
            "child.may_call": "evening",
            "child.how_they_call": "Continue",
            "child.confirm": "Yes, send",
        },
    ),
)

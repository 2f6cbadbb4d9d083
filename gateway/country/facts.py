"""country.toml: what it says, as types, and the reading of it field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.country.reading import SLUG, Form, Provenance
from gateway.country.toml_tables import Table
from menus.ports import Name

LONGEST_TITLE = 30
LONGEST_QUESTION = 40
LONGEST_KEPT = 100 * 365
PRIORITIES = ("P1", "P2", "P3")
REMINDERS = 3
"""How often somebody hears that an accepted report is still open (gateway.cases.stalled)."""
USES = ("police", "child", "centre")

_REGION = Form(re.compile("[A-Z]{2}"), "must be two capital letters, as in ISO 3166")
_DIALLING = Form(re.compile("[1-9][0-9]{0,2}"), "must be the country's code without + or 00")
_LANGUAGE = Form(re.compile("[a-z]{2,3}"), "must be named by a language code, as in ISO 639")
_WORD = Form(re.compile("[A-Z]{2,20}"), "must be one word in capital letters A-Z: INFO")
_NUMBER = Form(re.compile("[0-9]{3,12}"), "must be the digits to dial, and nothing else")
_USSD = Form(re.compile(r"\*[0-9]+(\*[0-9]+)*#"), "must be a USSD code: *123#")


@dataclass(frozen=True, slots=True)
class Language:
    """A language callers may choose; `levels` and `questions` follow the country's levels."""

    name: Name
    title: Name
    levels: tuple[Name, ...]
    questions: tuple[Name, ...]
    areas: Mapping[str, Name]
    """Names of areas that differ in this language, by the area's id."""
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Hotline:
    """A number that callers are told to dial."""

    number: Name
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Reception:
    """The word that opens the right door at a hospital's reception."""

    ask_for: Name
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Investigator:
    """Those who investigate, by the short name under which people know them."""

    name: Name
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class DutyDesk:
    """The national unit that answers when no centre does. Staff see it, callers never."""

    id: str
    name: Name


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of each day, in the country's own time."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class SafeHours:
    """When a caller said that it is safe to reach her; "now" lasts this long from her request."""

    now_minutes: int
    morning: Hours
    afternoon: Hours
    evening: Hours

    @property
    def any(self) -> Hours:
        """From the first hour of a day to the last: never the night."""
        return Hours(self.morning.start, self.evening.end)

    def shown(self) -> Mapping[str, Name]:
        """Each part of the day as a phone shows it: 24 hours, so that no clock is mistaken."""
        parts = {
            "morning": self.morning,
            "afternoon": self.afternoon,
            "evening": self.evening,
            "any": self.any,
        }
        return {
            part: Name(f"{hours.start:%H:%M}-{hours.end:%H:%M}") for part, hours in parts.items()
        }


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that an operator may move."""

    call_back_minutes: int
    """How soon a caller in danger should have been rung: after that she rings the police."""
    my_code_tries_per_day: int
    fold_minutes: int
    """Reports from one number within this time share one alert."""
    delivery_minutes: int
    """An alert without a delivery report after this is an alarm; 0 where networks send none."""
    phone_test_days: int
    """How often every duty phone is asked by SMS to answer."""
    check_in_days: int
    """How long after closing a caller who allowed SMS gets one that asks nothing; 0 is never."""
    calls_per_hour: int
    """Calls of one number above which they are short ones (gateway.conversation.limits); 0 is
    never.
    """
    reports_per_hour: int
    """The same for reports,"""
    reports_per_day: int
    """and for those of a day."""
    flood_calls: int
    """Short calls within an hour that are an alarm; 0 is never."""
    caller_sms_per_day: int
    """SMS to callers after which no more leave on that day; 0 is as many as there are."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Days after which a class of data is destroyed, from when a report was closed.

    A report that was never closed counts from when it came.
    """

    contact: int
    """How a caller may be reached."""
    answers: int
    """What she reported, and everything else about the report; bare counts stay."""
    audit: int
    """Who did what; counted from the act itself."""
    drafts: int
    """A draft that was neither sent nor discarded; counted from when it was begun."""
    logs: int
    """Which SMS left and what the provider said of them; counted from the SMS."""


@dataclass(frozen=True, slots=True)
class Codes:
    """The USSD codes that callers and staff dial."""

    callers: str
    staff: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class SmsWords:
    """What a caller may write instead of dialling, in capitals."""

    keyword: str
    """Opens the dialogue by SMS. Neutral: it stays in the phone's list of sent messages."""
    stop: tuple[str, ...]
    """Ends all SMS to a number, in any language."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Names of networks by the code a provider sends; an unknown code is a network as well."""

    names: Mapping[str, str]
    provenance: Provenance


@dataclass(frozen=True)
class Facts:
    """What country.toml says."""

    name: Name
    service: Name
    """What the line is called in SMS to staff; as neutral as the title."""
    region: str
    """ISO 3166, in capitals: how `gateway.runtime.phones.parse` knows a national number."""
    dialling_code: str
    timezone: ZoneInfo
    levels: tuple[str, ...]
    centre_level: int
    search_level: int
    languages: Mapping[str, Language]
    """By code, in the order they are offered."""
    default_language: str
    staff_language: str
    hotlines: Mapping[str, Hotline]
    """By use: police, child, centre."""
    reception: Reception
    investigator: Investigator
    duty_desk: DutyDesk
    hours: SafeHours
    limits: Limits
    retention: Retention
    escalation: Mapping[str, tuple[int, ...]]
    """By priority, the minutes after the alert at which the next in line is called."""
    reminders: Mapping[str, tuple[int, ...]]
    """By priority, the minutes after which the one who accepted hears that it is still open."""
    codes: Codes
    sms: SmsWords
    networks: Networks
    alike: tuple[tuple[str, str], ...]
    """What is written in a name, and what it is heard as; in order."""
    nearest: Mapping[str, tuple[str, ...]]
    """The operator's own ranking: an area's id to the ids of the centres that come first."""
    sources: Mapping[str, Provenance]
    """By data file, where it comes from."""


def read_facts(top: Table) -> Facts:
    """Read all of country.toml; faults are left on its page."""
    levels = top.texts("levels")
    languages = _languages(top, levels)
    spelling, nearest = top.table("spelling"), top.table("nearest")
    facts = Facts(
        name=top.name("name"),
        service=top.name("service"),
        region=top.text("region", form=_REGION),
        dialling_code=top.text("dialling_code", form=_DIALLING),
        timezone=_timezone(top),
        levels=levels,
        centre_level=_level(top, "centre_level", levels),
        search_level=_level(top, "search_level", levels),
        languages=languages,
        default_language=top.choice("default_language", tuple(languages)),
        staff_language=top.choice("staff_language", tuple(languages)),
        hotlines=_hotlines(top.table("hotlines")),
        reception=_reception(top.table("reception")),
        investigator=_investigator(top.table("investigator")),
        duty_desk=_duty_desk(top.table("duty_desk")),
        hours=_safe_hours(top.table("hours")),
        limits=_limits(top.table("limits")),
        retention=_retention(top.table("retention")),
        escalation=_escalation(top.table("escalation")),
        reminders=_reminders(top.table("reminders")),
        codes=_codes(top.table("codes")),
        sms=_sms_words(top.table("sms")),
        networks=_networks(top.table("networks")),
        alike=tuple((written, spelling.text(written)) for written in spelling.fields()),
        nearest={area: nearest.texts(area) for area in nearest.fields()},
        sources={file: one.provenance() for file, one in top.tables("sources").items()},
    )
    top.finish()
    return facts


def _level(top: Table, field: str, levels: tuple[str, ...]) -> int:
    chosen = top.choice(field, levels)
    return levels.index(chosen) if chosen in levels else 0


def _timezone(top: Table) -> ZoneInfo:
    name = top.text("timezone")
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        top.blame("timezone", "is not known: write it as Continent/City, or install tzdata")
        return ZoneInfo("UTC")


def _languages(top: Table, levels: tuple[str, ...]) -> dict[str, Language]:
    tables = top.tables("languages")
    for code, table in tables.items():
        if not _LANGUAGE.pattern.fullmatch(code):
            table.blame("name", _LANGUAGE.advice)
    return {code: _language(table, len(levels)) for code, table in tables.items()}


def _language(table: Table, levels: int) -> Language:
    areas = table.table("areas", optional=True)
    return Language(
        name=table.name("name"),
        title=table.name("title", longest=LONGEST_TITLE),
        levels=table.names("levels", levels, LONGEST_QUESTION),
        questions=table.names("questions", levels, LONGEST_QUESTION),
        areas={area: areas.name(area) for area in areas.fields()},
        provenance=table.provenance(),
    )


def _hotlines(table: Table) -> dict[str, Hotline]:
    lines = {use: table.table(use) for use in USES}
    return {
        use: Hotline(Name(line.text("number", form=_NUMBER)), line.provenance())
        for use, line in lines.items()
    }


def _reception(table: Table) -> Reception:
    return Reception(table.name("ask_for"), table.provenance())


def _investigator(table: Table) -> Investigator:
    return Investigator(table.name("name"), table.provenance())


def _sms_words(table: Table) -> SmsWords:
    return SmsWords(table.text("keyword", form=_WORD), table.texts("stop", form=_WORD))


def _duty_desk(table: Table) -> DutyDesk:
    return DutyDesk(table.text("id", form=SLUG), table.name("name"))


def _safe_hours(table: Table) -> SafeHours:
    return SafeHours(
        now_minutes=table.number("now_minutes", 5, 24 * 60),
        morning=_hours(table, "morning"),
        afternoon=_hours(table, "afternoon"),
        evening=_hours(table, "evening"),
    )


def _hours(table: Table, field: str) -> Hours:
    try:
        start, end = map(time.fromisoformat, table.texts(field))
    except ValueError:
        start = end = time()
    if start >= end or start.tzinfo or end.tzinfo:
        table.blame(field, 'must be two times of one day, the earlier first: ["08:00", "12:00"]')
    return Hours(start, end)


def _limits(table: Table) -> Limits:
    return Limits(
        call_back_minutes=table.number("call_back_minutes", 1, 60),
        my_code_tries_per_day=table.number("my_code_tries_per_day", 1, 100),
        fold_minutes=table.number("fold_minutes", 0, 24 * 60),
        delivery_minutes=table.number("delivery_minutes", 0, 60),
        phone_test_days=table.number("phone_test_days", 1, 60),
        check_in_days=table.number("check_in_days", 0, 90),
        calls_per_hour=table.number("calls_per_hour", 0, 10_000),
        reports_per_hour=table.number("reports_per_hour", 0, 10_000),
        reports_per_day=table.number("reports_per_day", 0, 10_000),
        flood_calls=table.number("flood_calls", 0, 1_000_000),
        caller_sms_per_day=table.number("caller_sms_per_day", 0, 1_000_000),
    )


def _retention(table: Table) -> Retention:
    return Retention(
        contact=table.number("contact", 1, LONGEST_KEPT),
        answers=table.number("answers", 1, LONGEST_KEPT),
        audit=table.number("audit", 1, LONGEST_KEPT),
        drafts=table.number("drafts", 1, 30),
        logs=table.number("logs", 2, LONGEST_KEPT),
    )


def _escalation(table: Table) -> dict[str, tuple[int, ...]]:
    return {priority: table.minutes(priority) for priority in PRIORITIES}


def _reminders(table: Table) -> dict[str, tuple[int, ...]]:
    reminders = {priority: table.minutes(priority) for priority in PRIORITIES}
    for priority, minutes in reminders.items():
        if minutes and len(minutes) != REMINDERS:
            table.blame(priority, f"must be {REMINDERS} times: her, the lead, the operator")
    return reminders


def _codes(table: Table) -> Codes:
    codes = Codes(
        callers=table.text("callers", form=_USSD),
        staff=table.text("staff", form=_USSD),
        provenance=table.provenance(),
    )
    if codes.callers and codes.callers == codes.staff:
        table.blame("staff", "must differ from the callers' code: they are two services")
    return codes


def _networks(table: Table) -> Networks:
    names = table.table("names")
    return Networks({code: names.text(code) for code in names.fields()}, table.provenance())

"""Writes what was recorded as a script that passes when it is played at once on a fresh demo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from sandbox.scripts.script import Holder
from sandbox.scripts.setting import Setting
from sandbox.scripts.stories import title_of
from sandbox.scripts.writer import Act, Writer

LINE: Final = 96
"""Characters of a line of the file, if a word allows it."""

Entry = Mapping[str, Any]


def write(recording: Mapping[str, Any], setting: Setting) -> str:
    """The YAML of a recording whose JSON `docs/phone-page.md` describes."""
    numbers, entries = _recast(recording)
    writer = Writer(numbers, setting)
    steps: list[str | dict[str, Any]] = []
    for place, entry in enumerate(entries):
        for act in writer.acts(entry, entries[place + 1 :]):
            _append(steps, entry.get("phone"), act)
    script_ = {
        "title": title_of(recording["story"]) or "What was recorded",
        "country": recording["country"],
        "language": setting.line.language,
        "phones": {name: _holder(holder) for name, holder in writer.holders.items()},
        "steps": steps,
    }
    return str(yaml.dump(script_, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=LINE))


def _recast(recording: Mapping[str, Any]) -> tuple[dict[str, str], list[Entry]]:
    """The number of each phone of the script, and the entries with these phones.

    A phone of the page that gets another SIM card is another phone of the script.
    """
    numbers: dict[str, str] = {}
    now = {phone: _name(phone, at["number"], numbers) for phone, at in recording["phones"].items()}
    entries: list[Entry] = []
    for entry in recording["entries"]:
        phone = entry.get("phone")
        if entry["kind"] == "card":
            now[phone] = _name(phone, entry["number"], numbers)
        else:
            entries.append({**entry, "phone": now.get(phone)})
    return numbers, entries


def _name(phone: str, number: str, numbers: dict[str, str]) -> str:
    """What a phone with this number is called; the first is called as it is on the page."""
    for name, known in numbers.items():
        if known == number:
            return name
    count = sum(name.startswith(phone) for name in numbers)
    name = f"{phone}{count + 1}" if count else phone
    numbers[name] = number
    return name


def _append(steps: list[str | dict[str, Any]], phone: str | None, act: Act) -> None:
    """What one phone does stands together."""
    last = steps[-1] if steps else None
    if phone is None or (isinstance(act, dict) and "say" in act):
        steps.append(act)
    elif isinstance(last, dict) and phone in last:
        last[phone].append(act)
    else:
        steps.append({phone: [act]})


def _holder(holder: Holder) -> str:
    place = f" {holder.place}" if holder.place > 1 else ""
    return f"{holder.role}{place}{f' at {holder.centre}' if holder.centre else ''}"


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Lists stand under their name, with two spaces before the dash."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002
        super().increase_indent(flow, False)  # noqa: FBT003

"""From what was done and seen on the phones to the lines of a script.

What differs from one time to the next becomes a hole: the code of a report, the digits of an alert,
numbers and PINs; times of the day become dots. What a text says in another language is written in
English, so that a translator may change it. Each line is tried on what was recorded before it is
written: what would not be found there is written as it stood on the screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sandbox.scripts import script
from sandbox.scripts.pattern import literal
from sandbox.scripts.player import key_of, learn, lines_of
from sandbox.scripts.setting import Setting

Act = str | dict[str, str | list[str]]
"""As YAML has it: a bare word, or a word with what is said."""

_CODE: Final = re.compile(r"(?<!\d)\d{6,10}(?!\d)")
_REPLY: Final = re.compile(r"\b1 (?P<code>\d{6,10}) (?P<digits>\d{4})\b")
_TIME: Final = re.compile(r"(?:\d{1,2}/\d{1,2} )?\d{1,2}:\d{2}(?:-\d{1,2}:\d{2})?")
_RUN: Final = re.compile(r"(?<!\d)\+?\d{4,}(?!\d)")


class Writer:
    """Follows a recording as a player would, and knows what a player would know by then."""

    def __init__(self, numbers: Mapping[str, str], setting: Setting) -> None:
        self._line, self._dictionary = setting.line, setting.dictionary
        self.holders = {name: setting.holder(number) for name, number in numbers.items()}
        self._known: dict[str, str] = {}
        self._screens: dict[str, str] = {}
        self._spoken: dict[str, str] = {}
        self._lost: set[str] = set()
        self._paces: dict[str, str] = {}
        for name, number in numbers.items():
            self._known[f"{name}.number"] = number
            self._known[f"{name}.pin"] = setting.pin(number)

    def acts(self, entry: Mapping[str, Any], later: Sequence[Mapping[str, Any]]) -> Iterator[Act]:
        """The lines for one entry; `later` are those after it."""
        match entry["kind"]:
            case "caption" if entry["text"]:
                yield {"say": entry["text"]}
            case "time":
                code = self._filled(entry.get("code", ""))
                yield {"time passes": code} if code.startswith("{") else "time passes"
            case "sms":
                yield from self._sms(entry)
            case "write":
                yield {"sms": self._filled(entry["text"], entry["phone"])}
            case "coverage":
                yield from self._coverage(entry)
            case "dial":
                yield from self._dial(entry, later)
            case _:
                yield from self._in_a_call(entry)

    def _in_a_call(self, entry: Mapping[str, Any]) -> Iterator[Act]:
        """What has a place in a call alone; of one whose beginning was not recorded, nothing."""
        phone = entry.get("phone", "")
        if phone not in self._screens:
            return
        match entry["kind"]:
            case "screen":
                yield from self._screen(phone, entry)
            case "press" if phone not in self._lost:
                if entry.get("late"):
                    yield "answer late"
                yield self._press(phone, entry["typed"])
            case "repeat" if phone not in self._lost:
                yield "send again"
            case "hang_up":
                yield "hang up"
                del self._screens[phone]

    def _dial(self, entry: Mapping[str, Any], later: Sequence[Mapping[str, Any]]) -> Iterator[Act]:
        phone, dialled, line = entry["phone"], entry["dialled"], self._line
        if phone in self._lost:
            return
        is_staff = dialled.startswith(line.staff_code.removesuffix("#"))
        self._screens[phone] = ""
        self._spoken[phone] = line.staff_language if is_staff else line.language
        yield from self._limits(phone, later)
        usual = line.service_code if self.holders[phone].role == script.ANYBODY else line.staff_code
        yield "dial" if dialled == usual else {"dial": dialled}

    def _limits(self, phone: str, later: Sequence[Mapping[str, Any]]) -> Iterator[Act]:
        """A call that was cut off or ran out of time does so again, but sooner."""
        pace = "quick" if _ends_by_itself(phone, later) else "off"
        if pace != self._paces.get(phone, "off"):
            self._paces[phone] = pace
            yield {"time limits": pace}

    def _coverage(self, entry: Mapping[str, Any]) -> Iterator[Act]:
        if entry["reachable"]:
            self._lost.discard(entry["phone"])
            yield "find network"
        else:
            self._lost.add(entry["phone"])
            yield "lose network"

    def _screen(self, phone: str, entry: Mapping[str, Any]) -> Iterator[Act]:
        self._screens[phone] = entry["text"]
        match entry["state"]:
            case "open" | "ended":
                verb = "expect" if entry["state"] == "open" else "expect end"
                words = list(self._words_of(phone, entry["text"]))
                yield {verb: words if len(words) > 1 else words[0]}
            case "cut" | "expired":
                yield "expect cut"

    def _words_of(self, phone: str, screen: str) -> Iterator[str]:
        """What a screen says, without the lines to press, as one text or line by line."""
        pressable = {f"{key} {line}" for key, line in lines_of(screen)}
        said = [line for line in screen.split("\n") if line.strip() and line not in pressable]
        said = said or [next(iter(screen.split("\n")))]
        whole = " ".join(said)
        language = self._spoken[phone]
        if self._dictionary.english(whole, language) or len(said) == 1:
            yield self._expected(whole, screen, language)
        else:
            for line in said:
                yield self._expected(line, screen, language)

    def _sms(self, entry: Mapping[str, Any]) -> Iterator[Act]:
        is_staff = self.holders[entry["phone"]].role != script.ANYBODY
        line = self._line
        language = line.staff_language if is_staff else line.language
        yield {"expect sms": self._expected(entry["text"], entry["text"], language)}

    def _expected(self, shown: str, text: str, language: str) -> str:
        """Words that are found in `text`; what they teach is known from now on."""
        english = self._dictionary.english(shown, language)
        for words in (english, shown):
            if words is None:
                continue
            holed = self._with_holes(words)
            learnt = learn(text, holed, language, self._dictionary, self._known)
            if learnt is not None:
                self._known |= learnt
                return holed
        return literal(" ".join(shown.split()))

    def _with_holes(self, words: str) -> str:
        """A text with names in the place of what differs each time, new ones where need be."""
        values = {value: name for name, value in self._known.items() if value}
        reply = _REPLY.search(words)
        for value in _CODE.findall(words):
            values.setdefault(value, self._new_name("code", values))
        if reply:
            values.setdefault(reply["digits"], self._new_name("digits", values))
        return _punched(" ".join(words.split()), values)

    def _new_name(self, stem: str, values: Mapping[str, str]) -> str:
        taken = {*self._known, *values.values()}
        numbered = (f"{stem}{number}" for number in range(2, len(taken) + 3))
        return next(name for name in (stem, *numbered) if name not in taken)

    def _press(self, phone: str, typed: str) -> Act:
        """The words of the line that was pressed, unless they would lead to another key."""
        screen, language = self._screens[phone], self._spoken[phone]
        line = dict(lines_of(screen)).get(typed)
        if line is None:
            return {"type": self._filled(typed, phone)}
        self._spoken[phone] = self._dictionary.language(line) or language
        values = {value: name for name, value in self._known.items() if value}
        english = self._dictionary.english(line, language)
        for words in (english, line):
            holed = _punched(words or "", values)
            found = key_of(screen, holed, language, self._dictionary, self._known)
            if words and found and found[0] == typed and not _CODE.search(holed):
                return {"press": holed}
        return {"press": typed}

    def _filled(self, typed: str, phone: str = "") -> str:
        """What somebody typed, with the names of what is known; her own PIN before another's."""
        values = {value: name for name, value in self._known.items() if value}
        own = f"{phone}.pin"
        values |= {self._known[own]: own} if self._known.get(own) else {}
        return _RUN.sub(lambda run: _name_or(run[0], values), literal(typed))


def _punched(words: str, values: Mapping[str, str]) -> str:
    """The words as a pattern that has holes for these values and for times of the day."""
    parts, place = [], 0
    for found in re.finditer(f"(?:{_RUN.pattern})|(?:{_TIME.pattern})", words):
        parts.append(literal(words[place : found.start()]))
        is_time = _TIME.fullmatch(found[0])
        parts.append("..." if is_time else _name_or(found[0], values))
        place = found.end()
    return "".join([*parts, literal(words[place:])])


def _name_or(value: str, values: Mapping[str, str]) -> str:
    return f"{{{values[value]}}}" if value in values else value


def _ends_by_itself(phone: str, later: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the network ended the call that begins here."""
    for entry in later:
        if entry.get("phone") == phone:
            if entry["kind"] == "dial":
                return False
            if entry["kind"] == "screen" and entry["state"] in {"cut", "expired"}:
                return True
    return False

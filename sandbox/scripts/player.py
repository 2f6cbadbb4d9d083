"""Plays a script, and stops where a phone shows something else than it expects."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gateway.store.database import DatabaseDown
from sandbox.handsets.errors import NetworkGone, Unable
from sandbox.handsets.handset import LIMITS
from sandbox.handsets.recording import Recording
from sandbox.scripts import pattern
from sandbox.scripts.dictionary import Dictionary
from sandbox.scripts.pattern import Known
from sandbox.scripts.script import Act, Script
from sandbox.scripts.script_phones import Arrived, Demo, ScriptPhone
from sandbox.scripts.setting import CannotPlay
from sandbox.standin.client import Refused

LOOK_EVERY: Final = 0.05
"""Seconds between two looks for what takes a moment."""

CUT_WITHIN: Final = 30.0
"""Seconds after which the network should have ended a call: the quick limits are shorter."""

_KEY: Final = re.compile(r"[0-9*#]")
_NUMBERED: Final = re.compile(r"^([0-9]) (.+)$", re.MULTILINE)


class Differs(AssertionError):
    """The line does not answer as the script has it. `str()` tells both, and where."""

    def __init__(self, script: str, act: Act, what: str, seen: str) -> None:
        who = f"{act.phone}: " if act.phone else ""
        super().__init__(f"{script}:{act.line}: {who}{what}\n{seen}")
        self.what = f"{who}{what}"
        """In one line, for who does not have the script at hand."""


def play(script: Script, demo: Demo, recording: Recording, language: str | None = None) -> None:
    """Play a script from its beginning to its end, in one language.

    Raises Differs; CannotPlay when it cannot begin, or the demo is gone.
    """
    if script.country not in {None, demo.setting.pack.code}:
        raise CannotPlay(
            f"{script.name} is for {script.country}, the demo runs {demo.setting.pack.code}"
        )
    spoken = language or demo.line.language
    if spoken not in demo.setting.pack.languages:
        raise CannotPlay(f"{script.name} needs {spoken}, which the demo does not speak")
    recording.begin(script.title)
    try:
        phones = demo.cast(script.phones, spoken, recording)
        Performance(script, demo, phones, recording).play()
    except (NetworkGone, OSError, *DatabaseDown):
        raise CannotPlay("the demo does not answer: is it still running?") from None


def lines_of(screen: str) -> list[tuple[str, str]]:
    """The lines of a screen that can be pressed: each with its key."""
    return _NUMBERED.findall(screen)


def key_of(
    screen: str, words: str, language: str, dictionary: Dictionary, known: Known
) -> tuple[str, str] | None:
    """The key and the whole of the line that is, or else begins with, these words."""
    lines = lines_of(screen)
    wanted = [pattern.parse(said) for said in dictionary.said(words, language)]
    for whole in (True, False):
        for key, line in lines:
            if any(
                one.is_all_of(line, known) if whole else one.begins(line, known) for one in wanted
            ):
                return key, line
    return None


def learn(
    text: str, words: str, language: str, dictionary: Dictionary, known: Known
) -> Known | None:
    """What is known once the words are found in a text; None when they are not in it."""
    for said in dictionary.said(words, language):
        found = pattern.parse(said).search(text, known)
        if found is not None:
            return found.learnt
    return None


class Performance:
    """One playing of one script. `rest` waits some seconds, and may break off what it waits for."""

    def __init__(
        self,
        script: Script,
        demo: Demo,
        phones: Mapping[str, ScriptPhone],
        recording: Recording,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        self._script, self._demo, self._phones = script, demo, phones
        self._recording, self._rest = recording, rest
        self._dictionary = demo.setting.dictionary
        self._known: dict[str, str] = {}
        for name, phone in phones.items():
            self._known[f"{name}.number"] = phone.handset.number
            self._known[f"{name}.pin"] = phone.handset.holder.pin

    def play(self) -> None:
        for act in self._script.acts_at(self._demo.setting.here):
            self.do(act)

    def do(self, act: Act) -> None:
        """One thing that is done or expected. Raises Differs, NetworkGone and DatabaseDown."""
        try:
            if act.phone is None:
                self._around(act)
            else:
                self._do(act, self._phones[act.phone])
        except NetworkGone:
            raise
        except (Unable, Refused) as fault:
            raise self._differs(act, f"cannot {act.verb}", f"  {fault}") from None

    def _around(self, act: Act) -> None:
        if act.verb == "say":
            self._recording.add(None, "caption", text=act.words[0])
            return
        code = self._filled(act) if act.words else None
        if not self._demo.pass_time(code, self._recording):
            raise self._differs(act, "no time can pass", "  Nothing is waiting.")

    def _do(self, act: Act, phone: ScriptPhone) -> None:
        match act.verb:
            case "expect" | "expect end":
                self._expect(act, phone)
            case "expect cut":
                self._expect_cut(act, phone)
            case "expect sms":
                self._expect_sms(act, phone)
            case "expect no sms":
                self._expect_no_sms(act, phone)
            case _:
                self._handle(act, phone)

    def _handle(self, act: Act, phone: ScriptPhone) -> None:
        """What somebody does who holds the phone."""
        handset = phone.handset
        match act.verb:
            case "dial":
                self._dial(act, phone)
            case "press":
                self._press(act, phone)
            case "type":
                phone.press(self._filled(act))
            case "sms":
                phone.write(self._filled(act))
            case "hang up":
                handset.hang_up()
                handset.put_away()
            case _:
                self._befall(act, phone)

    def _befall(self, act: Act, phone: ScriptPhone) -> None:
        """What the network does to a phone."""
        handset = phone.handset
        match act.verb:
            case "send again":
                handset.repeat()
            case "answer late":
                handset.late = True
            case "time limits":
                handset.pace = next(pace for pace in LIMITS if pace == act.words[0])
            case _:
                handset.set_coverage(reachable=act.verb == "find network")

    def _dial(self, act: Act, phone: ScriptPhone) -> None:
        handset, line = phone.handset, self._demo.line
        usual = line.staff_code if handset.holder.pin else line.service_code
        code = self._filled(act) if act.words else usual
        code = {"callers": line.service_code, "staff": line.staff_code}.get(code, code)
        handset.put_away()
        self._demo.interpreter.dial(handset, code)

    def _press(self, act: Act, phone: ScriptPhone) -> None:
        """A key, or the line that has these words, once the pages before it are turned."""
        words, handset = act.words[0], phone.handset
        if _KEY.fullmatch(words):
            phone.press(words)
            return
        found = self._demo.interpreter.turn_until(
            handset,
            lambda screen: key_of(screen, words, handset.spoken, self._dictionary, self._known),
        )
        if found is None:
            raise self._differs(act, f"no line '{words}' to press", self._sees(phone))
        phone.press(found[0])
        handset.spoken = self._dictionary.language(found[1]) or handset.spoken

    def _expect(self, act: Act, phone: ScriptPhone) -> None:
        handset = phone.handset
        for words in act.words:
            learnt = learn(handset.screen, words, handset.spoken, self._dictionary, self._known)
            if learnt is None:
                raise self._differs(act, f"expected {self._told(words, phone)}", self._sees(phone))
            self._known |= learnt
        if act.verb == "expect end" and handset.is_open:
            raise self._differs(act, "the call should have ended, and goes on", self._sees(phone))

    def _expect_cut(self, act: Act, phone: ScriptPhone) -> None:
        deadline = time.monotonic() + CUT_WITHIN
        while phone.handset.is_open and time.monotonic() < deadline:
            phone.handset.look()
            self._rest(LOOK_EVERY)
        session = phone.handset.session
        if session is None or session.state not in {"cut", "expired"}:
            what = "the network should have ended the call, and has not"
            raise self._differs(act, what, self._sees(phone))

    def _expect_sms(self, act: Act, phone: ScriptPhone) -> None:
        deadline = time.monotonic() + act.within
        while True:
            came = phone.new_messages()
            for sms in came:
                if self._is_expected(sms, act.words, phone):
                    phone.take(sms)
                    return
            if time.monotonic() > deadline:
                break
            self._rest(LOOK_EVERY)
        told = " and ".join(self._told(words, phone) for words in act.words)
        what = f"expected an SMS within {act.within:g} s: {told}"
        raise self._differs(act, what, _messages(came))

    def _is_expected(self, sms: Arrived, words: Sequence[str], phone: ScriptPhone) -> bool:
        known: Known = self._known
        is_staff, line = bool(phone.handset.holder.pin), self._demo.line
        language = line.staff_language if is_staff else phone.handset.language
        for one in words:
            learnt = learn(sms.text, one, language, self._dictionary, known)
            if learnt is None:
                return False
            known = learnt
        self._known = dict(known)
        return True

    def _expect_no_sms(self, act: Act, phone: ScriptPhone) -> None:
        came = phone.new_messages()
        if came:
            raise self._differs(act, "expected no SMS", _messages(came))

    def _filled(self, act: Act) -> str:
        return pattern.parse(act.words[0]).fill(self._known)

    def _told(self, words: str, phone: ScriptPhone) -> str:
        """What is looked for, with its other form where the line says it otherwise."""
        forms = self._dictionary.said(words, phone.handset.spoken)
        return " or ".join(repr(form) for form in forms)

    def _sees(self, phone: ScriptPhone) -> str:
        session = phone.handset.session
        if session is None:
            return "  There is no call."
        screen = session.screen or f"(no screen: {session.state})"
        return "\n".join(["it sees:", *(f"  {line}" for line in screen.split("\n"))])

    def _differs(self, act: Act, what: str, seen: str) -> Differs:
        return Differs(self._script.name, act, what, seen)


def _messages(came: Sequence[Arrived]) -> str:
    if not came:
        return "  none has arrived"
    return "\n".join(["what has arrived:", *(f"  {sms.text}" for sms in came)])

"""Whatever anybody can do or look at leaves exactly one row that says so; what did not happen none.

The walk covers every intent of the menus, every kind of SMS, what the clock does by itself, and
every command; something new that is in none of the tables here fails.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text, update

from commands.cli import isange
from gateway.cases.staff_line import StaffLine
from gateway.conversation.contract import NotDone, Occasion
from gateway.runtime.phones import Msisdn
from gateway.store import database
from gateway.store.models import Audit, Report
from menus.intents import (
    AcceptCase,
    ChangeContact,
    ChangePin,
    CheckSecret,
    CloseCase,
    Contact,
    DeleteReport,
    DiscardAlert,
    DiscardDraft,
    DropReminder,
    HandOver,
    Intent,
    KeepDraft,
    ListCases,
    NoteCall,
    OpenCase,
    OpenForStaff,
    PassOn,
    ReadAnswers,
    RevealNumber,
    Send,
    SetDuty,
    SetReminder,
    SignIn,
    StopContact,
)
from tests.one_process_line import Line, code, digits
from tests.rules.commands import commands
from tests.samples import CALLER, PIN
from tests.staff_and_reports import P1

SEND = Send(
    about="myself",
    answers=P1,
    centre="kabutare",
    contact=Contact(by="sms", window="any"),
    secret="2580",
)
BY_CALL = Contact(by="call", window="now")


class Scene:
    """A line with a nurse on duty, and what the log says since one looked last."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.nurse = line.staff("kabutare")
        parts = line.staff_parts
        self._desk = StaffLine(parts.database, parts.vault, parts.policy, parts.pack)
        self._seen = 0
        self.new()

    def new(self) -> list[str]:
        """The rows since the last time, each as "who act"."""
        with database.reading(self.line.web.database) as session:
            rows = session.scalars(select(Audit).where(Audit.id > self._seen).order_by(Audit.id))
            found = [(row.id, f"{row.actor.partition(':')[0]} {row.act}") for row in rows]
        self._seen = max([self._seen, *(row for row, _ in found)])
        return [said for _, said in found]

    def caller(self, intent: Intent, session: bytes = b"s" * 16, *, again: bool = False) -> str:
        """Do what a caller meant; the code of her report, if it says one."""
        step = Occasion(session, secrets.token_bytes(16), Msisdn(CALLER), "en", None, again)
        return self.line.web.reports.do(intent, step).facts.get("ref", "")

    def staff(self, intent: Intent, number: str | None = None, *, again: bool = False) -> None:
        history = secrets.token_bytes(16)
        step = Occasion(history, history, Msisdn(number or self.nurse), "en", None, again)
        self._desk.do(intent, step)

    def sent(self) -> tuple[str, str]:
        """A report; its code and its id. The log is looked at."""
        ref = self.caller(SEND)
        self.new()
        with database.reading(self.line.web.database) as session:
            return ref, session.scalars(select(Report.id).where(Report.code == ref)).one()

    def accepted(self) -> str:
        """The id of a report that the nurse has."""
        _, case = self.sent()
        self.staff(AcceptCase(case))
        self.new()
        return case

    def alert(self) -> str:
        """What the nurse replies to an alert of hers, without its first figure."""
        self.caller(SEND)
        (sms,) = (one for one in self.line.deliver() if one.to == self.nurse)
        self.new()
        return f"{code(sms)} {digits(sms)}"

    def passes(self, time: timedelta) -> None:
        """So much time, for whatever waits."""
        with database.writing(self.line.web.database, "test") as session:
            then = database.now(session) - time
            session.execute(update(Report).values(escalate_at=then, draft_ends_at=then))


@pytest.fixture
def scene(line: Line) -> Scene:
    return Scene(line)


Do = Callable[[Scene], Callable[[], object]]
"""Sets the scene, and gives what is to be done in it."""


def _case(intent: Callable[[str], Intent]) -> Do:
    """What the one who has accepted a report does with it."""

    def set_up(scene: Scene) -> Callable[[], object]:
        case = scene.accepted()
        return lambda: scene.staff(intent(case))

    return set_up


def _called(intent: Callable[[str], Intent]) -> Do:
    """The same with a report whose caller may be called now."""

    def set_up(scene: Scene) -> Callable[[], object]:
        case = scene.accepted()
        scene.caller(ChangeContact(case, BY_CALL))
        return lambda: scene.staff(intent(case))

    return set_up


def _own(intent: Callable[[str, str], Intent]) -> Do:
    """What a caller does with a report of hers, by its code and its id."""

    def set_up(scene: Scene) -> Callable[[], object]:
        wanted = intent(*scene.sent())
        return lambda: scene.caller(wanted)

    return set_up


def _asked(intent: Callable[[str, str], Intent]) -> Do:
    """What one who was alerted does with a report that nobody has yet."""

    def set_up(scene: Scene) -> Callable[[], object]:
        wanted = intent(*scene.sent())
        return lambda: scene.staff(wanted)

    return set_up


def _elsewhere(intent: Callable[[str, str], Intent]) -> Do:
    """What somebody tries who was never alerted about a report."""

    def set_up(scene: Scene) -> Callable[[], object]:
        wanted = intent(*scene.sent())
        stranger = scene.line.staff("gihundwe")
        return lambda: scene.staff(wanted, stranger)

    return set_up


def _at_once(do: Callable[[Scene], object]) -> Do:
    return lambda scene: lambda: do(scene)


def _done_before(before: Callable[[Scene], object], intent: Intent) -> Do:
    def set_up(scene: Scene) -> Callable[[], object]:
        before(scene)
        return lambda: scene.caller(intent)

    return set_up


INTENTS: Mapping[type[Intent], tuple[Do, str | None]] = {
    Send: (_at_once(lambda scene: scene.caller(SEND)), "caller reported"),
    # Until it is sent it is hers alone, and leaves no trace, not even that it was there.
    KeepDraft: (_at_once(lambda scene: scene.caller(KeepDraft(SEND))), None),
    DiscardDraft: (_at_once(lambda scene: scene.caller(DiscardDraft())), None),
    DiscardAlert: (
        _done_before(lambda scene: scene.caller(Send("child_danger")), DiscardAlert()),
        "caller deleted",
    ),
    OpenCase: (_own(lambda ref, case: OpenCase(ref, "2580")), "caller looked"),
    ChangeContact: (_own(lambda ref, case: ChangeContact(case, BY_CALL)), "caller contact changed"),
    StopContact: (_own(lambda ref, case: StopContact(case)), "caller contact stopped"),
    DeleteReport: (_own(lambda ref, case: DeleteReport(case)), "caller deleted"),
    SignIn: (_at_once(lambda scene: scene.staff(SignIn(PIN))), "staff signed in"),
    ChangePin: (_at_once(lambda scene: scene.staff(ChangePin(PIN, "9076"))), "staff PIN changed"),
    ListCases: (_at_once(lambda scene: scene.staff(ListCases())), "staff listed"),
    SetDuty: (_at_once(lambda scene: scene.staff(SetDuty(on=False))), "staff off duty"),
    OpenForStaff: (_asked(lambda ref, case: OpenForStaff(ref)), "staff opened"),
    AcceptCase: (_asked(lambda ref, case: AcceptCase(case)), "staff accepted"),
    PassOn: (_asked(lambda ref, case: PassOn(case)), "staff passed on"),
    ReadAnswers: (_case(ReadAnswers), "staff read answers"),
    RevealNumber: (_called(lambda case: RevealNumber(case, "first call")), "staff revealed"),
    CheckSecret: (_case(lambda case: CheckSecret(case, "2580")), "staff secret right"),
    NoteCall: (_case(lambda case: NoteCall(case, "reached")), "staff called"),
    SetReminder: (_case(lambda case: SetReminder(case, 2, "morning")), "staff reminder set"),
    DropReminder: (_case(DropReminder), "staff reminder dropped"),
    HandOver: (_case(HandOver), "staff handed over"),
    CloseCase: (_case(CloseCase), "staff closed"),
}
"""Every intent: what sets the scene for it, and the one row it leaves."""


def test_every_intent_is_walked() -> None:
    assert set(get_args(Intent)) == INTENTS.keys(), "say here which row each intent leaves"


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: str(intent.__name__))
def test_an_intent_leaves_its_row(scene: Scene, intent: type[Intent]) -> None:
    set_up, row = INTENTS[intent]
    do = set_up(scene)
    scene.new()
    do()
    assert scene.new() == ([row] if row else [])


IN_VAIN = "staff looked in vain"

FAILED: Mapping[str, tuple[Do, str | None]] = {
    "a wrong PIN": (_at_once(lambda scene: scene.staff(SignIn("0000"))), "staff wrong PIN"),
    "a PIN of nobody's": (
        _at_once(lambda scene: scene.staff(SignIn(PIN), "+250788999999")),
        None,
    ),
    "a wrong secret": (_own(lambda ref, case: OpenCase(ref, "0000")), "caller no match"),
    "a report of nobody's": (_at_once(lambda s: s.staff(OpenForStaff("000000"))), IN_VAIN),
    "a report of another centre": (_elsewhere(lambda ref, case: OpenForStaff(ref)), IN_VAIN),
    "a case of another centre": (_elsewhere(lambda ref, case: AcceptCase(case)), IN_VAIN),
    "answers of another centre": (_elsewhere(lambda ref, case: ReadAnswers(case)), IN_VAIN),
    "answers of somebody else's": (_asked(lambda ref, case: ReadAnswers(case)), IN_VAIN),
    "a number of somebody else's": (_asked(lambda r, case: RevealNumber(case, "danger")), IN_VAIN),
    "a number that nobody may call": (
        _case(lambda case: RevealNumber(case, "danger")),
        "staff number kept back",
    ),
    "a secret of somebody else's": (_asked(lambda r, case: CheckSecret(case, "2580")), IN_VAIN),
    "a wrong old PIN": (_at_once(lambda s: s.staff(ChangePin("0852", "9076"))), "staff wrong PIN"),
    "a wrong secret on the phone": (
        _case(lambda case: CheckSecret(case, "0000")),
        "staff secret wrong",
    ),
    "a report that she has": (_case(AcceptCase), None),
    "a report that nobody has": (_asked(lambda ref, case: HandOver(case)), None),
    "on duty already": (_at_once(lambda scene: scene.staff(SetDuty(on=True))), None),
    "sent before": (_own(lambda ref, case: SEND), None),
}
"""Tries that come to nothing leave a row where they are tries at something, else none."""


@pytest.mark.parametrize("what", FAILED)
def test_what_did_not_happen_is_not_in_the_log(scene: Scene, what: str) -> None:
    set_up, row = FAILED[what]
    do = set_up(scene)
    scene.new()
    do()
    assert scene.new() == ([row] if row else [])


def test_a_look_in_vain_names_the_report(scene: Scene) -> None:
    """Whose report somebody wanted to see is what the log is for."""
    ref, case = scene.sent()
    scene.staff(OpenForStaff(ref), scene.line.staff("gihundwe"))
    with database.reading(scene.line.web.database) as session:
        last = session.scalars(select(Audit).order_by(Audit.id.desc())).first()
    assert last is not None
    assert (last.act, last.report_id) == ("looked in vain", case)


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: str(intent.__name__))
def test_what_was_rolled_back_is_not_in_the_log(scene: Scene, intent: type[Intent]) -> None:
    """The disk says no at the last moment, when everything but the commit is done."""
    set_up, _ = INTENTS[intent]
    do = set_up(scene)
    scene.new()
    for parts in (scene.line.web, scene.line.staff_parts):
        with parts.database.begin() as connection:
            connection.execute(
                text(
                    "CREATE TRIGGER IF NOT EXISTS full BEFORE INSERT ON audit"
                    " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
                )
            )
    if INTENTS[intent][1] is None:
        do()
    else:
        with pytest.raises(database.DatabaseFailed):
            do()
    assert scene.new() == []


def test_what_is_said_anew_of_a_child_in_danger_is_in_the_log(scene: Scene) -> None:
    scene.caller(Send(about="child_danger", contact=BY_CALL))
    scene.new()
    scene.caller(Send(about="child_danger", area="south/huye"))
    assert scene.new() == ["caller completed"]
    scene.caller(Send(about="child_danger"))
    assert scene.new() == ["caller reported"], "with neither place nor number it is told to nobody"


def test_a_step_that_is_told_again_is_no_second_act(scene: Scene) -> None:
    case = scene.accepted()
    for intent in (CloseCase(case), HandOver(case), SetDuty(on=False)):
        scene.staff(intent, again=True)
    with pytest.raises(NotDone):
        scene.caller(SEND, b"another session!", again=True)
    assert scene.new() == []


SMS: Mapping[str, tuple[Callable[[Scene], tuple[str, str]], list[str]]] = {
    "accepts": (lambda scene: (scene.nurse, f"1 {scene.alert()}"), ["staff accepted"]),
    "cannot": (lambda scene: (scene.nurse, f"2 {scene.alert()}"), ["staff passed on"]),
    "wrong digits": (lambda scene: (scene.nurse, "1 123456 0000"), ["staff wrong digits"]),
    "OFF": (
        lambda scene: (scene.line.staff("kabutare") and scene.nurse, "OFF"),
        ["staff off duty"],
    ),
    "OFF, the last one": (lambda scene: (scene.nurse, "OFF"), []),
    "ON, on already": (lambda scene: (scene.nurse, "ON"), []),
    "WHO": (lambda scene: (scene.nurse, "WHO"), []),
    "nonsense": (lambda scene: (scene.nurse, "hello"), []),
    "a caller stops": (lambda scene: (scene.sent() and CALLER, "STOP"), ["caller sms stopped"]),
    "a caller writes": (lambda scene: (CALLER, "please call me"), ["caller reported"]),
}


@pytest.mark.parametrize("what", SMS)
def test_an_sms_leaves_its_row(scene: Scene, what: str) -> None:
    set_up, rows = SMS[what]
    sender, words = set_up(scene)
    scene.new()
    scene.line.text(sender, words, "in-once")
    scene.line.text(sender, words, "in-once")
    assert scene.new() == rows


def test_an_opt_out_leaves_its_row(scene: Scene) -> None:
    scene.line.post("opt-out", {"senderId": "INFO", "phoneNumber": scene.nurse})
    assert scene.new() == ["staff opted out"]


def test_what_the_clock_does_leaves_its_rows(scene: Scene) -> None:
    scene.line.staff("kabutare", "lead")
    scene.caller(KeepDraft(SEND))
    scene.passes(timedelta(seconds=1))
    scene.line.clock.tick()
    assert scene.new() == ["caller line cut", "service head published"]
    scene.passes(timedelta(seconds=1))
    scene.line.clock.tick()
    assert scene.new() == ["service escalated"]
    scene.line.clock.tick()
    assert scene.new() == []


LOOKS_ONLY = {
    "audit verify",
    "callbacks",
    "dial",
    "doctor",
    "menus check",
    "menus cost",
    "menus graph",
    "menus show",
    "rota show",
    "staff list",
}
"""Commands that change nothing, and show nothing of a case."""

PROGRAMS = {"clock", "demo", "phones", "staff-web", "stand-in", "web", "worker"}
"""Commands that start a process; what that does is its own matter."""

WITHOUT_THE_LOG = {"db upgrade", "keys new", "keys escrow"}
"""What is done before there is a log, or without any key to write it with."""

ELSEWHERE = {"keys rotate", "mute", "purge", "rota import"}
"""Whose rows are tested beside what they do."""

COMMANDS: Mapping[str, tuple[list[str], list[str]]] = {
    "centres import": (["FILE"], ["operator centres imported"]),
    "heartbeat": (["--send"], ["operator phones tested"]),
    "staff add": (
        [
            *("--phone", "+250788000999", "--role", "health", "--centre", "kabutare"),
        ],
        ["operator registered"],
    ),
    "staff pin": (["NURSE"], ["operator PIN set"]),
    "staff remove": (["NURSE"], ["operator removed"]),
    "staff import": (["FILE"], ["operator registered", "operator registered"]),
}

FILES = {
    "centres import": Path("gateway/countries/rw/centres.csv"),
    "staff import": Path("staff.csv"),
}


def test_every_command_is_walked() -> None:
    known = LOOKS_ONLY | PROGRAMS | WITHOUT_THE_LOG | ELSEWHERE | COMMANDS.keys()
    assert commands().keys() == known, "say here which row each command leaves, or why none"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_leaves_its_rows(scene: Scene, name: str, tmp_path: Path) -> None:
    words, rows = COMMANDS[name]
    people = ["phone,role,centre,language,pin", "+250788000991,health,kabutare,en,4711"]
    people.append("+250788000992,witness,national,en,4711")
    (tmp_path / "staff.csv").write_text("\n".join(people))
    file = FILES.get(name, Path())
    given = str(file if file.parts[0:1] == ("gateway",) else tmp_path / file)
    settings = scene.line.staff_parts.settings
    stand_for = {"FILE": given, "NURSE": scene.nurse}
    done = CliRunner().invoke(
        isange,
        [*name.split(), *(stand_for.get(word, word) for word in words)],
        input=f"{PIN}\n{PIN}\n",
        env={
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "ISANGE_KEYS": str(settings.keys),
        },
    )
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    assert scene.new() == rows

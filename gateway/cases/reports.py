"""Reports as callers send them: one transaction each, once however often it is asked for.

Reports are made here alone. The callers' app holds public keys only, so it can keep a
number and answers but never read them back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Engine, bindparam, delete, select

from gateway.audit import log as audit
from gateway.cases import codes, contacts, data_keys, escalation, folding, muting, transitions
from gateway.cases.escalation import EscalationPolicy
from gateway.cases.hashing import Hashes, hashes_of, of_secrets
from gateway.cases.my_code import MyCode, secret_of
from gateway.conversation.calls import LONGEST_CALL
from gateway.conversation.contract import Done, NotDone, Occasion
from gateway.runtime.metrics import REPORTS
from gateway.sms import outbox
from gateway.store import database
from gateway.store.database import Session
from gateway.store.insert_once import in_turn, name_in_call, write_once
from gateway.store.models import Action, Centre, NumberUse, Report, ReportState, Waiting
from gateway.vault.fields import Where
from gateway.vault.vault import Vault
from menus.intents import (
    ChangeContact,
    DeleteReport,
    DiscardAlert,
    DiscardDraft,
    Intent,
    KeepDraft,
    OpenCase,
    Send,
    StopContact,
)

COURTESY_LIVES: Final = timedelta(minutes=15)
"""The confirming SMS to a caller is dropped after this: late, it could reach anybody."""

DRAFT_LIVES: Final = timedelta(minutes=4)
"""A draft is sent after this even if the network never told us that the session ended.

The network ends a session after 180 seconds; the rest is for a slow end-of-session event.
"""

LOST_LATELY: Final = timedelta(seconds=LONGEST_CALL)
"""A notice of the network names a session and not when it began."""

ACTIONS: Final[Mapping[type[Intent], str]] = {
    Send: "report.send",
    KeepDraft: "draft.keep",
    DiscardDraft: "draft.discard",
    DiscardAlert: "alert.discard",
    OpenCase: "case.open",
    StopContact: "case.stop_contact",
    ChangeContact: "case.change_contact",
    DeleteReport: "case.delete",
}
"""What a caller can have done, and what its transaction is called."""

_DONE: Final = (
    select(Report)
    .join(Action, Action.report_id == Report.id)
    .where(Action.request == bindparam("request"))
    .with_for_update()
)


class _Noted(NamedTuple):
    """What was done in a call, under which name; without a report it is still to be done."""

    name: bytes
    report: Report | None


class NotACallersIntent(TypeError):
    """A screen of the staff's asked for something on the callers' line: a bug of ours."""


@dataclass(frozen=True, slots=True)
class Reports:
    """Carries out the callers' intents (gateway.conversation.contract.Actions)."""

    engine: Engine
    vault: Vault
    policy: EscalationPolicy
    cases: MyCode

    def do(self, intent: Intent, step: Occasion) -> Done:
        """Do it in one transaction. Raises database.DatabaseDown; then nothing was done."""
        name = ACTIONS.get(type(intent))
        if name is None:
            raise NotACallersIntent(type(intent).__name__)
        hashes = self._hash_ahead(intent, step)
        return write_once(
            self.engine, name, lambda session: self._do(session, intent, step, hashes)
        )

    def line_cut(self, session_key: bytes) -> bool:
        """The session is over: send what she allowed us to send; whether there was anything."""
        return write_once(
            self.engine, "draft.line_cut", lambda session: self._send_draft(session, session_key)
        )

    def forget_draft(self, session_key: bytes) -> None:
        """The session was ended by her or by us: nothing of an unsent report may be left."""
        write_once(
            self.engine, "draft.forget", lambda session: self._discard_draft(session, session_key)
        )

    def _hash_ahead(self, intent: Intent, step: Occasion) -> Hashes:
        """Do what takes long, as far as it can be foreseen."""
        hashes = of_secrets(self.vault)
        send = intent.report if isinstance(intent, KeepDraft) else intent
        if isinstance(intent, OpenCase):
            with database.reading(self.engine) as session:
                self.cases.check_ahead(session, hashes, intent)
        elif isinstance(send, Send) and send.secret:
            fills_in = send is not intent or send.completes is not None
            report_id = self._begun_so_far(step) if fills_in else None
            hashes.make(send.secret, secret_of(report_id or hashes.new_id))
        return hashes

    def _begun_so_far(self, step: Occasion) -> str | None:
        with database.reading(self.engine) as session:
            kept = self._kept(session, step)
            return next((one.id for one in kept), None)

    def _do(self, session: Session, intent: Intent, step: Occasion, hashes: Hashes) -> Done:
        hashes.bring(session)
        match intent:
            case Send():
                return self._send(session, intent, step)
            case KeepDraft(send):
                return self._keep_draft(session, send, step)
            case DiscardDraft():
                self._discard_draft(session, step.session, step.since(session.at))
                return Done({})
            case DiscardAlert():
                return self._discard_alert(session, step)
            case OpenCase() | StopContact() | ChangeContact() | DeleteReport():
                return self.cases.do(session, intent, step)
            case _:
                raise NotACallersIntent(type(intent).__name__)

    def _send(self, session: Session, send: Send, step: Occasion) -> Done:
        noted = self._noted(session, step.session, send.about, step.since(session.at))
        done = noted.report
        if done is not None and (step.again or not self._may_change(session, done, step)):
            return _sent(session, done)
        if step.again:
            raise NotDone
        begun = done or self._begun(session, send, step)
        is_new = begun is None or _is_unheard(begun)
        if begun:
            _empty(session, begun)
            self._fill(session, begun, send, step)
        report = begun or self._new(session, send, step)
        if done is None:
            _note(session, noted, report)
            REPORTS.labels(send.about, report.priority).inc()
        report.partial = False
        if report.state == ReportState.DRAFT:
            transitions.receive(report, session.at)
        changed = is_new or report.waiting == Waiting.NOBODY_CAN_ACT
        quiet = changed and self._keep_quiet(session, report)
        alerted = 0
        if not quiet:
            alerted = self._alert(session, report, "completed" if begun else "reported")
        by_sms = send.contact is not None and send.contact.by == "sms"
        if by_sms and contacts.may_get_sms(send.answers) and not quiet:
            self._confirm_by_sms(session, report)
        return _sent(session, report, alerted)

    def _keep_draft(self, session: Session, send: Send, step: Occasion) -> Done:
        noted = self._noted(session, step.session, "draft", step.since(session.at))
        draft = noted.report
        if step.again:
            # Kept or not, nothing is to be done now: she may have thought better of it since.
            return Done({"draft": draft.code} if draft else {})
        if draft is None:
            draft = self._new(session, send, step, draft=True)
            _note(session, noted, draft)
        elif draft.state == ReportState.DRAFT:
            _empty(session, draft)
            self._fill(session, draft, send, step)
        if draft.state == ReportState.DRAFT:
            transitions.keep_draft(draft, session.at + DRAFT_LIVES)
        return Done({"draft": draft.code})

    def _discard_draft(
        self, session: Session, session_key: bytes, since: datetime | None = None
    ) -> None:
        """Leave no trace, not even a count: she sent nothing."""
        since = since or session.at - LOST_LATELY
        draft = self._noted(session, session_key, "draft", since).report
        if draft is not None and draft.state == ReportState.DRAFT:
            _empty(session, draft)
            for table in (Action, NumberUse):
                session.execute(delete(table).where(table.report_id == draft.id))
            session.execute(delete(Report).where(Report.id == draft.id))

    def _discard_alert(self, session: Session, step: Occasion) -> Done:
        alert = self._noted(session, step.session, "child_danger", step.since(session.at)).report
        if alert is not None and folding.is_asked_about(session, alert):
            return _sent(session, alert)
        if alert is not None and alert.state == ReportState.RECEIVED:
            self.cases.delete(session, alert.id)
        return Done({"asked": "nobody"})

    def _send_draft(self, session: Session, session_key: bytes) -> bool:
        draft = self._noted(session, session_key, "draft", session.at - LOST_LATELY).report
        if draft is None or draft.state != ReportState.DRAFT:
            return False
        self.send_as_it_is(session, draft)
        return True

    def send_as_it_is(self, session: Session, draft: Report) -> None:
        """The line cut: what she gave so far becomes a report, marked as partial."""
        transitions.receive(draft, session.at)
        draft.partial = True
        REPORTS.labels(draft.about, draft.priority).inc()
        if not self._keep_quiet(session, draft):
            self._alert(session, draft, "line cut")

    def _alert(self, session: Session, report: Report, act: str) -> int:
        alerted = 0
        if report.state == ReportState.RECEIVED:
            stopped = act == "completed" and report.due_at is None
            if stopped and folding.is_asked_about(session, report):
                alerted = escalation.ask_again(session, self.policy, report)
            alerted += escalation.raise_alert(session, self.policy, report)
        audit.record(session, audit.CALLER, act, report.id, f"{alerted} alerted")
        return alerted

    def _keep_quiet(self, session: Session, report: Report) -> bool:
        """Whether nobody is woken for it now.

        Nobody could act on it; or it may share the alert of another report that this number sent a
        moment ago, it is danger again and was told as such, or the number is muted
        (gateway.cases.muting).
        """
        if report.waiting == Waiting.NOBODY_CAN_ACT:
            escalation.stop(session, report)
            audit.record(session, audit.CALLER, "reported", report.id, "nobody can act")
            return True
        number = folding.number_of(session, report)
        if number is None:
            return False
        in_turn(session, f"reports of {number.hex()}")
        mutable = report.about not in folding.OWN_ALERT
        mute = muting.of_number(session, number) if mutable else None
        since = mute.since if mute else session.at - self.policy.fold
        into = folding.carrier(session, number, report, since)
        how = "muted" if mute else "folded"
        if into is not None and report.about in folding.OWN_ALERT:
            if escalation.danger_again(session, self.policy, number, report, into):
                how = "again"
        elif into is not None:
            folding.fold(session, report, into)
        elif mute is not None:
            transitions.mute(report, mute.until)
        else:
            return False
        audit.record(session, audit.CALLER, "reported", report.id, how)
        return True

    def _noted(self, session: Session, session_key: bytes, what: str, since: datetime) -> _Noted:
        """The report that this was done for in this call, locked for us; one of each kind."""
        found: dict[bytes, Report | None] = {}

        def used_at(name: bytes) -> datetime | None:
            report = found[name] = session.scalars(_DONE, {"request": name}).first()
            return report.created_at if report else None

        first = self.vault.fingerprint("session", session_key.hex(), what)
        name = name_in_call(first, used_at, since)
        return _Noted(name, found[name])

    def _kept(self, session: Session, step: Occasion) -> Iterator[Report]:
        """The draft and the first alert of this call, where there are any."""
        for what in ("draft", "child_danger"):
            report = self._noted(session, step.session, what, step.since(session.at)).report
            if report is not None:
                yield report

    def _begun(self, session: Session, send: Send, step: Occasion) -> Report | None:
        """The one of these that this report fills in."""
        if send.completes is None:
            return None
        kept = (one for one in self._kept(session, step) if one.state != ReportState.DELETED)
        return next((one for one in kept if one.code == send.completes), None)

    def _new(self, session: Session, send: Send, step: Occasion, *, draft: bool = False) -> Report:
        report = Report(
            id=hashes_of(session, of_secrets(self.vault)).new_id,
            code=codes.unused(session),
            about=send.about,
            network=step.network,
            created_at=session.at,
        )
        if draft:
            transitions.keep_draft(report, session.at + DRAFT_LIVES)
        session.add(report)
        self._fill(session, report, send, step)
        folding.note(session, self.vault, report, step.msisdn)
        return report

    def _fill(self, session: Session, report: Report, send: Send, step: Occasion) -> None:
        if not send.can_be_acted_on and report.state != ReportState.ACCEPTED:
            transitions.wait(report, Waiting.NOBODY_CAN_ACT)
        elif _is_unheard(report):
            transitions.wait(report, None)
        report.language = step.language
        report.priority = escalation.priority(send.about, send.answers)
        report.centre_id = self._centre(session, send)
        report.avoid = list(send.avoid)
        report.investigator = send.investigator or report.about in {"danger", "child_danger"}
        if send.secret:
            hashes = hashes_of(session, of_secrets(self.vault))
            report.secret_hash = hashes.make(send.secret, secret_of(report.id))
        key = self.vault.new_key(report.id, "answers")
        answers = {**send.answers, **({"area": send.area} if send.area else {})}
        report.answers = key.encrypt(json.dumps(answers).encode(), answers_of(report.id))
        session.flush()
        data_keys.keep_keys(session, report.id, "answers", key)
        if send.contact:
            contacts.keep(session, self.vault, report.id, step.msisdn, send.contact)

    def _may_change(self, session: Session, report: Report, step: Occasion) -> bool:
        """Whether she may still say otherwise, or more: a child in danger is told of in steps.

        Once it is filled in, a step that comes late must not empty it.
        """
        if report.about != "child_danger" or report.state == ReportState.DELETED:
            return False
        return self._noted(session, step.session, "child", step.since(session.at)).report is None

    def _centre(self, session: Session, send: Send) -> str:
        known = send.centre and session.get(Centre, send.centre)
        return known.id if known else self.policy.desk

    def _confirm_by_sms(self, session: Session, report: Report) -> None:
        outbox.add(
            session,
            dedupe_key=f"confirmed:{report.id}",
            audience="caller",
            template="confirmed",
            lives=COURTESY_LIVES,
            report_id=report.id,
        )


def _note(session: Session, noted: _Noted, report: Report) -> None:
    session.flush()
    session.add(Action(request=noted.name, report_id=report.id))


def _sent(session: Session, report: Report, alerted: int = 0) -> Done:
    """Her code, and whether anybody was asked to help by now: her screen must not say more."""
    asked = alerted or folding.is_asked_about(session, report)
    return Done({"ref": report.code, "asked": "somebody" if asked else "nobody"}, ring=True)


def _is_unheard(report: Report) -> bool:
    """Whether nobody is to be woken for it as it is."""
    return report.state == ReportState.DRAFT or report.waiting == Waiting.NOBODY_CAN_ACT


def _empty(session: Session, report: Report) -> None:
    """Destroy what was kept of a report, keys first, before it is filled in anew or goes."""
    data_keys.forget_all_keys(session, report.id)
    contacts.forget(session, report.id)


def answers_of(report_id: str) -> Where:
    """Where the answers of a report lie."""
    return Where("reports", "answers", report_id)

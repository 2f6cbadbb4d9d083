"""What the one who accepted a report may see of it. Every look is in the audit log.

Only for a process that holds the centre's private key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select

from gateway.audit import log as audit
from gateway.cases import casework, contacts, data_keys, follow_ups
from gateway.cases.contacts import CallHours, Reachable
from gateway.cases.follow_ups import FollowUps
from gateway.cases.my_code import secret_of
from gateway.cases.reports import answers_of
from gateway.country.pack import Pack
from gateway.runtime import alarms
from gateway.sms import receipts
from gateway.sms.outbox import WITHDRAWN
from gateway.store.database import Session
from gateway.store.insert_once import in_turn
from gateway.store.models import Audit, Outbox, OutboxState, Report, Staff
from gateway.vault.errors import CannotOpen
from gateway.vault.vault import Vault

MOST_SECRET_TRIES: Final = 5
"""Wrong tries within an hour at the numbers a caller chose, by whomever: staff need not guess."""

MOST_REVEALS: Final = 10
"""Telephone numbers one member of staff may see within an hour."""

_SAID: Final[Mapping[str, str]] = {
    OutboxState.ACCEPTED: "sent",
    OutboxState.DROPPED: "not sent",
    OutboxState.REFUSED: "not sent",
    OutboxState.SENDING: "not known",
    OutboxState.UNKNOWN: "not known",
}
"""Whether an SMS to a caller went out, by its state; one that waits is not spoken of."""

_OF_A_NUMBER: Final = ("contact", "not_now", "window", "limit", "number", "greeting")
"""Facts of a look at a number: all of them each time, so that an earlier look leaves none."""

_WHY: Final[Mapping[str, str]] = {
    "none": "no contact allowed",
    "sms": "SMS only",
    "over": "the hour is over",
}
"""Why a number is kept back, for the audit log, by what a screen is told."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A report in the hands of its holder, inside the transaction of one step."""

    vault: Vault
    pack: Pack
    session: Session
    holder: Staff
    report: Report

    def answers(self) -> dict[str, str]:
        """What was answered. Where nobody may call her, reading it is all there is to do first."""
        report = self.report
        self._audit(casework.READ)
        if self._hours.next(self.session, report.id, self.session.at) is None:
            casework.handled(report)
        if report.answers is None:
            return {}
        key = data_keys.open_key(self.session, self.vault, report.id, "answers")
        given: Mapping[str, str] = json.loads(key.decrypt(report.answers, answers_of(report.id)))
        facts = {f"answer.{question}": answer for question, answer in given.items()}
        if "area" in given:
            facts["answer.area"] = self._place(given["area"])
        if report.partial:
            facts["partial"] = "yes"
        return facts

    def number(self, reason: str) -> dict[str, str]:
        """The number to call, or why it is not shown, in the words of menus.intents.RevealNumber.

        What is not shown is no reveal: it is not counted, and a row says why it was kept back.
        """
        reachable = contacts.read(self.session, self.vault, self.report.id)
        facts = {**dict.fromkeys(_OF_A_NUMBER, ""), **self._permission(reachable)}
        kept_back = facts["not_now"] if facts["contact"] == "call" else facts["contact"]
        if reachable is None or kept_back:
            self._audit("number kept back", _WHY.get(kept_back, "not now"))
            return facts
        in_turn(self.session, f"reveal {self.holder.id}")
        mine = Audit.actor == audit.staff(self.holder.id)
        if self._lately("revealed", mine) >= MOST_REVEALS:
            self._audit("reveal refused")
            alarms.sound("reveal_limit", centre=self.holder.centre_id)
            return {**facts, "limit": "reached"}
        self._audit("revealed", reason)
        number = reachable.other_number or reachable.number.reveal()
        return {**facts, "number": number, "greeting": self.report.language}

    def _permission(self, reachable: Reachable | None) -> dict[str, str]:
        """What the caller allows at this moment: by call or by SMS, and when."""
        if reachable is None or (reachable.by == "sms" and reachable.sms_stopped):
            return {"contact": "none", "not_now": "", "window": ""}
        call = contacts.next_call(reachable, self.session.at, self.pack.hours, self.pack.timezone)
        begins = " ".join(self._moment(call.at)) if call else "over"
        is_now = reachable.by == "sms" or (call is not None and call.at == self.session.at)
        return {
            "contact": reachable.by,
            "not_now": "" if is_now else begins,
            "window": call.window if call else reachable.window,
        }

    def secret(self, typed: str) -> dict[str, str]:
        """Whether it is she who answers the phone."""
        report = self.report
        if report.secret_hash is None:
            self._audit("no secret")
            return {"secret": "none"}
        in_turn(self.session, f"secret {report.id}")
        allowed = self._lately("secret wrong", Audit.report_id == report.id) < MOST_SECRET_TRIES
        matches = self.vault.check_secret(report.secret_hash, typed, secret_of(report.id))
        right = matches and allowed
        self._audit("secret right" if right else "secret wrong")
        return {"secret": "right" if right else "wrong"}

    def so_far(self) -> dict[str, str]:
        """What was done for her until now, in the words of menus.intents.OpenForStaff."""
        may_remind = FollowUps(self.vault, self.pack).may_write(self.session, self.report)
        return {
            **self._contact(),
            "calls": self._calls(),
            "sms": self._last_sms(),
            "reminder": self._reminder(),
            "may_remind": "yes" if may_remind else "",
        }

    def _contact(self) -> dict[str, str]:
        """The same, before anybody asks for the number."""
        try:
            reachable = contacts.read(self.session, self.vault, self.report.id)
        except CannotOpen:
            return {"contact": "call", "not_now": ""}  # Whoever asks for the number finds out.
        return self._permission(reachable)

    @property
    def _hours(self) -> CallHours:
        return CallHours(self.vault, self.pack.hours, self.pack.timezone)

    def _calls(self) -> str:
        made = casework.calls(self.session, self.report)
        if not made:
            return ""
        day, time = self._moment(made[0].at)
        when = time if day == "today" else f"{day} {time}"
        return f"{len(made)} {made[0].outcome} {when}"

    def _last_sms(self) -> str:
        query = (
            select(Outbox)
            .where(
                Outbox.report_id == self.report.id,
                Outbox.audience == "caller",
                Outbox.state.in_(_SAID),
                Outbox.outcome.is_distinct_from(WITHDRAWN),
            )
            .order_by(Outbox.due_at.desc())
        )
        row = self.session.scalars(query).first()
        if row is None:
            return ""
        return "not sent" if row.delivery in receipts.FAILED else _SAID[row.state]

    def _reminder(self) -> str:
        leaves = follow_ups.planned(self.session, self.report)
        return " ".join(self._moment(leaves)) if leaves else ""

    def _moment(self, moment: datetime) -> tuple[str, str]:
        """A day and a time as staff say them: "today", "tomorrow" or "31/12", and "09:00"."""
        zone = self.pack.timezone
        local, today = moment.astimezone(zone), self.session.at.astimezone(zone).date()
        named = {today: "today", today + timedelta(days=1): "tomorrow"}
        return named.get(local.date(), f"{local:%d/%m}"), f"{local:%H:%M}"

    def _place(self, area: str) -> str:
        """An area by its own name and those around it, up to where centres are listed."""
        places = self.pack.places
        found = places.get(area)
        names = []
        while found is not None and found.level >= places.centre_level:
            names.append(found.name)
            found = places.get(found.parent) if found.parent else None
        return ", ".join(names) or area

    def _lately(self, act: str, of: ColumnElement[bool]) -> int:
        """How often an act was done within the last hour."""
        lately = Audit.at > self.session.at - timedelta(hours=1)
        return self.session.scalar(select(func.count()).where(Audit.act == act, of, lately)) or 0

    def _audit(self, act: str, detail: str | None = None) -> None:
        audit.record(self.session, audit.staff(self.holder.id), act, self.report.id, detail)

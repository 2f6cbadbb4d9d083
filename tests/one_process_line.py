"""The line in one process: what a caller dials, what left by SMS, what staff answer."""

from __future__ import annotations

import itertools
import re

from flask.testing import FlaskClient
from sqlalchemy import select

from gateway.runtime import callbacks, phones
from gateway.runtime.callbacks import Kind
from gateway.staff import roster
from gateway.staff.roster import NewStaff, Role
from gateway.store import database, models
from gateway.web import callers
from gateway.web import staff as staff_web
from gateway.wiring import Parts
from tests.phone import Phone, Reads
from tests.samples import CALLER, PIN, SECRET, STAFF_SECRET
from tests.shared_parts import delivery, open_centres
from tests.sms_provider import Provider, Sms
from workers.clock import Clock


class Line:
    """Everything between a phone and the staff, with no process and no network in between."""

    def __init__(self, web: Parts, staff: Parts, worker: Parts) -> None:
        self.web, self.staff_parts, self.worker = web, staff, worker
        open_centres(staff.database, web.pack)
        web.centres.reread()
        self.client: FlaskClient = callers.create_app(web).test_client()
        self.staff_client: FlaskClient = staff_web.create_app(staff).test_client()
        self.reads: Reads = re.escape
        self.sms_provider = Provider()
        self.delivery = delivery(worker, self.sms_provider)
        self.clock = Clock(worker, self.delivery)
        self._numbers = itertools.count(788_000_500)
        self._ids = itertools.count(1)

    def phone(self, number: str = CALLER) -> Phone:
        """A phone in somebody's hand."""
        return Phone(self.client, self.url("ussd"), number, reads=self.reads)

    def staff_phone(self, number: str) -> Phone:
        """The phone of a member of staff, dialling the staff's own code."""
        url = self.url("staff")
        return Phone(self.staff_client, url, number, "*384*3030#", reads=self.reads)

    def staff(
        self, centre: str, role: Role = "health", language: str = "en", *, on_duty: bool = True
    ) -> str:
        """Register a member of staff; her number."""
        number = f"+250{next(self._numbers)}"
        new = NewStaff(phones.parse(number), role, centre, language, PIN, on_duty)
        with database.writing(self.staff_parts.database, "test") as session:
            roster.add(session, self.staff_parts.vault, new)
        return number

    def deliver(self) -> list[Sms]:
        """Let the worker send what is waiting; the SMS that left now."""
        before = len(self.sms_provider.taken)
        self.delivery.drain()
        return self.sms_provider.taken[before:]

    def text(self, sender: str, words: str, message_id: str | None = None) -> list[Sms]:
        """An SMS to the line; the SMS that left because of it."""
        self.post(
            "sms",
            {
                "from": sender,
                "to": "3029",
                "text": words,
                "id": message_id or f"in-{next(self._ids)}",
            },
        )
        return self.deliver()

    def code_of_only_report(self) -> str:
        with database.reading(self.web.database) as session:
            return session.scalars(select(models.Report.code)).one()

    def post(self, kind: Kind, form: dict[str, str]) -> int:
        """A notice of the provider's; the HTTP status."""
        return self.client.post(self.url(kind), data=form).status_code

    def url(self, kind: Kind) -> str:
        return callbacks.url("", STAFF_SECRET if kind in callbacks.OF_STAFF else SECRET, kind)

    def close(self) -> None:
        for parts in (self.web, self.staff_parts, self.worker):
            parts.database.dispose()
            parts.redis.close()


def digits(sms: Sms) -> str:
    """The one-time digits of a staff alert."""
    found = re.search(r"Reply 1 \d+ (\d{4})", sms.text)
    assert found, f"no digits in: {sms.text}"
    return found[1]


def code(sms: Sms) -> str:
    """The report's code in a staff SMS."""
    found = re.search(r"\] (\d{6,})", sms.text)
    assert found, f"no code in: {sms.text}"
    return found[1]

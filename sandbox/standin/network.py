"""The pretend network: takes messages in, and sends out what a real one would tell of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sandbox.standin import wire
from sandbox.standin.behaviours import DEFAULT_HOLD, Behaviour, Behaviours
from sandbox.standin.config import Callbacks, Config
from sandbox.standin.courier import Callback, Courier
from sandbox.standin.handset import Exchange
from sandbox.standin.schedule import Schedule
from sandbox.standin.store import Message, Store, moment


@dataclass(frozen=True, slots=True)
class Order:
    """A sending call that passed the gate."""

    to: Sequence[str] = field(repr=False)
    text: str = field(repr=False)
    sender: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller gets after `wait` seconds; `status` None is no answer at all.

    `reset` says how a connection without an answer ends: broken, or closed in good order.
    """

    status: int | None
    body: str = field(default="", repr=False)
    content_type: str = "text/plain; charset=utf-8"
    wait: float = 0.0
    reset: bool = False


class PretendNetwork:
    """Everything one stand-in holds. Safe to use from many threads."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.callbacks: Callbacks = config.callbacks
        self.closing = threading.Event()
        self.store = Store(config.folder)
        self.behaviours = Behaviours()
        self._balance = config.balance
        self._till = threading.Lock()
        self.schedule = Schedule()
        self.courier = Courier(config, self.schedule, lambda: self.callbacks)
        self.exchange = Exchange(config, self.schedule, self.courier, lambda: self.callbacks)

    def close(self) -> None:
        """Stop all that happens later, and let held connections go."""
        self.closing.set()
        self.schedule.close()
        self.store.close()

    def change_callbacks(self, urls: dict[str, str | None]) -> Callbacks:
        """Point some kinds of callback elsewhere, from the next post on."""
        self.callbacks = replace(self.callbacks, **urls)
        return self.callbacks

    def send(self, order: Order) -> Answer:
        """Carry out a sending call. Accepted messages are on record when this returns."""
        taken = [(number, self.behaviours.take(number)) for number in order.to]
        behaviours = [behaviour for _, behaviour in taken]
        spoiler = next((each for each in behaviours if each.spoils_the_call), None)
        recipients: list[wire.Recipient] = []
        if spoiler is None or spoiler.counts_as_accepted:
            recipients = [self._recipient(number, order, each) for number, each in taken]
        answer = wire.send_answer(recipients, self.config.currency, self.config.price)
        wait = self.config.latency + max((each.delay or 0.0 for each in behaviours), default=0.0)
        kind = next((each.content_type for each in behaviours if each.content_type), None)
        json = Answer(201, answer, kind or self.config.content_type, wait)
        return json if spoiler is None else spoil(json, spoiler)

    def account(self) -> Answer:
        """Tell the balance, or whatever the whole API does at present."""
        behaviour = self.behaviours.everywhere()
        body = wire.account(self.config.currency, self.balance)
        wait = self.config.latency + (behaviour.delay or 0.0)
        kind = behaviour.content_type or self.config.content_type
        answer = Answer(200, body, kind, wait)
        return spoil(answer, behaviour) if behaviour.spoils_the_call else answer

    @property
    def balance(self) -> Decimal:
        with self._till:
            return self._balance

    def top_up(self, balance: Decimal) -> None:
        """Let the account hold so much."""
        with self._till:
            self._balance = balance

    def _pay(self) -> bool:
        with self._till:
            if self._balance < self.config.price:
                return False
            self._balance -= self.config.price
            return True

    def incoming(self, sender: str, text: str, to: str | None) -> str:
        """A handset writes to the application; gives the id of the message."""
        message_id = wire.new_id("ATXid_")
        body = wire.incoming_sms(
            message_id=message_id,
            sender=sender,
            text=text,
            to=to or self.config.sender,
            network_code=self.config.network_code,
            date=datetime.now(UTC),
        )
        self.courier.send([Callback("sms", body)])
        return message_id

    def opt_out(self, number: str, sender: str | None) -> None:
        """A handset wants no more messages: the application is told, and sending is refused."""
        self.behaviours.add(Behaviour(number=number, status_code=406))
        body = wire.opt_out(sender=sender or self.config.sender, number=number)
        self.courier.send([Callback("opt_out", body)])

    def inbox(self, number: str) -> list[Message]:
        """The messages that the handset of `number` shows by now, oldest first."""
        now = moment(datetime.now(UTC))
        sent = self.store.sent(to=number)
        return [each for each in sent if each.arrives_at is not None and each.arrives_at <= now]

    def _recipient(self, number: str, order: Order, behaviour: Behaviour) -> wire.Recipient:
        code = behaviour.status_code or 101
        if not wire.E164.fullmatch(number):
            code = wire.INVALID_NUMBER
        if code in wire.ACCEPTED and not self._pay():
            code = wire.NO_CREDIT
        if code not in wire.ACCEPTED:
            return wire.Recipient(number, code, None)
        return wire.Recipient(number, code, self._accept(number, order, behaviour))

    def _accept(self, number: str, order: Order, behaviour: Behaviour) -> str:
        reports = self.config.reports if behaviour.reports is None else behaviour.reports
        delay = behaviour.report_delay
        delay = self.config.report_delay if delay is None else delay
        now = datetime.now(UTC)
        lost = "Success" not in reports and wire.UNDELIVERED.intersection(reports)
        message = Message(
            id=wire.new_id("ATXid_"),
            to=number,
            sender=order.sender,
            text=order.text,
            at=moment(now),
            arrives_at=None if lost else moment(now + timedelta(seconds=delay)),
        )
        self.store.add(message)
        reason = behaviour.failure_reason or ""
        self.courier.send([self._report(message, each, reason) for each in reports], delay)
        return message.id

    def _report(self, message: Message, status: str, reason: str) -> Callback:
        body = wire.delivery_report(
            message_id=message.id,
            status=status,
            number=message.to,
            network_code=self.config.network_code,
            failure_reason=reason if status in wire.UNDELIVERED else "",
        )
        return Callback("delivery", body)


def spoil(answer: Answer, behaviour: Behaviour) -> Answer:
    """Put a fault in the place of a good answer."""
    if behaviour.http_status is not None:
        return Answer(behaviour.http_status, behaviour.error_body, wait=answer.wait)
    if behaviour.fault == "reset":
        return Answer(None, wait=answer.wait, reset=True)
    if behaviour.fault == "timeout":
        hold = DEFAULT_HOLD if behaviour.hold is None else behaviour.hold
        return Answer(None, wait=answer.wait + hold)
    if behaviour.fault == "empty_recipients":
        return replace(answer, body=wire.call_failed(behaviour.message or "InvalidSenderId"))
    return replace(answer, body=answer.body[: len(answer.body) // 2])

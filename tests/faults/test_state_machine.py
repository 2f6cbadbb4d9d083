"""Anything may happen in any order, and any process may die anywhere: the promises hold.

Hypothesis makes up what callers, staff, the network, the clock and death do, and shrinks what
breaks a promise to the shortest way there.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.country.pack import Pack
from gateway.runtime.settings import Settings
from gateway.sms.providers.contract import OperatorFault, Outcome, Refused, TryLater, Unknown
from gateway.store import database, schema
from gateway.store.models import OutboxState, ReportState
from gateway.vault.secrets import quick_hasher
from gateway.vault.vault import Vault
from sandbox.demo import sample
from tests.faults.callers import BY_SMS, TOLD, UNTIL_CONTACT, UNTIL_PLACE
from tests.faults.simulated_line import Look, SimulatedLine
from tests.phone import Phone
from tests.services import Valkey

pytestmark = pytest.mark.system

EXAMPLES = int(os.environ.get("ISANGE_EXAMPLES", "8"))
STEPS = 30

MOST_SENDS = 3

DEATHS = st.sampled_from([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 8, 11])
"""At which of the points that it passes an act dies; 0 is not at all."""

ANY = st.integers(0, 1000)
"""Which of what there is: how much that is may depend on threads, so it is not drawn from."""

MOST_CALLS = 4

OUTCOMES: dict[str, Outcome | None] = {
    "takes it": None,
    "says later": TryLater("busy"),
    "is not heard from": Unknown("timeout"),
    "took it and is not heard from": Unknown("timeout"),
    "has no credit": OperatorFault("credit"),
    "refuses": Refused("no such number"),
}

WAITS = (1, 20, 40, 130, 320, 1000, 4000)
"""Seconds that pass: shorter and longer than a lease, a back-off, a level and an hour."""

numbers = itertools.count(788_700_001)


class Call:
    """One call and what its caller was told."""

    def __init__(self, phone: Phone, labels: list[str]) -> None:
        self.phone, self._labels = phone, labels
        self.told: set[str] = set()
        self.is_cut = False
        self._is_waiting = False
        """Whether the last step was never answered."""

    @property
    def is_open(self) -> bool:
        return not self.phone.ended and not self.is_cut and bool(self._labels or self._is_waiting)

    def answer(self) -> None:
        """The next step, or the last one again when there was no answer to it."""
        if self._is_waiting:
            self.repeat()
            return
        label, self._is_waiting = self._labels.pop(0), True
        if label.isdecimal():
            self.phone.press(label)
        else:
            self.phone.choose(label)
        self._look()

    def repeat(self) -> None:
        """The network sends the last step once more."""
        self.phone.repeat()
        self._look()

    def _look(self) -> None:
        self._is_waiting = False
        found = TOLD.search(self.phone.screen)
        if found:
            self.told.add(found[1] or found[2])


class Promises(RuleBasedStateMachine):
    """What may happen, and what must hold after each of it."""

    simulated: SimulatedLine
    template: Path
    staff: list[dict[str, str]]

    calls: Bundle[Call] = Bundle("calls")
    receipts: Bundle[str] = Bundle("receipts")

    def __init__(self) -> None:
        super().__init__()
        self.simulated.begin_again(self.template)
        self.made: list[Call] = []
        self.holders: dict[str, str] = {}
        self.incoming = itertools.count(1)

    @initialize(target=calls, alerted=st.booleans())
    def somebody_has_reported(self, alerted: bool) -> Call:
        call = self._dial([*BY_SMS, "No", "0852", "Send: health"], *UNTIL_PLACE, *UNTIL_CONTACT)
        while call.is_open:
            call.answer()
        if alerted:
            self.simulated.delivery.drain(5)
        return call

    @precondition(lambda self: len(self.made) < MOST_CALLS)
    @rule(target=calls, drafts=st.booleans())
    def dial_a_report(self, drafts: bool) -> Call:
        labels = ["Yes" if drafts else "No", "0852", "Send: health"]
        return self._dial(labels, *UNTIL_PLACE, *UNTIL_CONTACT, *BY_SMS)

    @precondition(lambda self: len(self.made) < MOST_CALLS)
    @rule(target=calls)
    def dial_for_help(self) -> Call:
        return self._dial(["1"], "1", "1")

    @rule(call=calls, death=DEATHS)
    def answer(self, call: Call, death: int) -> None:
        if call.is_open:
            self._do(call.answer, death)

    @rule(call=calls, death=DEATHS)
    def the_network_repeats_a_step(self, call: Call, death: int) -> None:
        if not call.is_cut:
            self._do(call.repeat, death)

    @rule(call=calls, death=DEATHS)
    def the_line_drops(self, call: Call, death: int) -> None:
        call.is_cut = True
        status = "Success" if call.phone.ended else "Incomplete"
        event = {"sessionId": call.phone.session, "phoneNumber": call.phone.number}
        self._do(partial(self.simulated.post, "events", status=status, **event), death)

    @rule(how=st.sampled_from(sorted(OUTCOMES)))
    def the_provider_changes(self, how: str) -> None:
        self.simulated.provider.does = lambda number: OUTCOMES[how]
        self.simulated.provider.leaks = how.startswith("took")

    @rule(seconds=st.sampled_from(WAITS), death=DEATHS)
    def time_passes_and_a_worker_drains(self, seconds: int, death: int) -> None:
        self.simulated.ahead += timedelta(seconds=seconds)
        self._do(lambda: self.simulated.delivery.drain(5), death)

    @rule(seconds=st.sampled_from(WAITS), death=DEATHS)
    def time_passes_and_the_clock_ticks(self, seconds: int, death: int) -> None:
        self.simulated.ahead += timedelta(seconds=seconds)
        self._do(self.simulated.tick, death)

    @rule(how=st.sampled_from(sorted(OUTCOMES)), rounds=st.integers(2, 6), death=DEATHS)
    def the_provider_is_bad_for_a_while(self, how: str, rounds: int, death: int) -> None:
        self.the_provider_changes(how)
        for _ in range(rounds):
            self.simulated.ahead += timedelta(seconds=60)
            self._do(self.simulated.tick, 0)
            self._do(lambda: self.simulated.delivery.drain(5), death)

    @rule(
        which=ANY,
        status=st.sampled_from(["Sent", "Success", "Failed", "Buffered"]),
        death=DEATHS,
    )
    def the_network_tells_what_became_of_an_sms(self, which: int, status: str, death: int) -> None:
        place = 1 + which % (len(self.simulated.provider.left) + 1)
        self._do(lambda: self.simulated.post("delivery", id=f"id-{place}", status=status), death)

    @rule(
        target=receipts,
        which=ANY,
        verb=st.sampled_from("12"),
        forged=st.sampled_from(["no", "no", "number", "digits"]),
        death=DEATHS,
    )
    def somebody_answers_an_alert(
        self, which: int, verb: str, forged: str, death: int
    ) -> MultipleResults[str]:
        alerts = self._alerts()
        if not alerts:
            return multiple()
        number, code, digits = alerts[which % len(alerts)]
        if forged == "number":
            number = self.staff[which % 20]["phone"]
        if forged == "digits":
            digits = f"{(int(digits) + 1) % 10_000:04}"
        receipt = f"{number}|{verb} {code} {digits}|in-{next(self.incoming)}"
        self._receive(receipt, death)
        return multiple(receipt)

    @rule(receipt=receipts, death=DEATHS)
    def the_network_repeats_an_sms(self, receipt: str, death: int) -> None:
        self._receive(receipt, death)

    @invariant()
    def every_promise_is_kept(self) -> None:
        with self.simulated.looking() as look:
            self._who_was_told_sent_has_a_report(look)
            self._no_alert_goes_out_more_than_three_times(look)
            self._an_open_report_is_never_left_alone(look)
            self._who_accepted_first_keeps_it(look)
        self._no_caller_gets_a_second_sms()
        self._no_number_is_in_the_clear()

    def _who_was_told_sent_has_a_report(self, look: Look) -> None:
        for call in self.made:
            assert len(call.told) <= 1, "one call was told two codes"
            for code in call.told:
                assert code in look.reports, f"{code} was told, and is nowhere"
                assert look.reports[code].state != ReportState.DRAFT

    def _no_alert_goes_out_more_than_three_times(self, look: Look) -> None:
        assert max(look.possible_sends().values(), default=0) <= MOST_SENDS
        left = Counter((number, code) for number, code, _ in self._alerts())
        assert max(left.values(), default=0) <= MOST_SENDS

    def _an_open_report_is_never_left_alone(self, look: Look) -> None:
        for report in look.reports.values():
            if report.state == ReportState.RECEIVED:
                assert report.due_at is not None, "nothing will happen to it any more"
            if report.state == ReportState.ACCEPTED:
                assert report.accepted_by, "accepted by nobody"

    def _who_accepted_first_keeps_it(self, look: Look) -> None:
        for code, report in look.reports.items():
            if report.accepted_by:
                assert self.holders.setdefault(code, report.accepted_by) == report.accepted_by

    def _no_caller_gets_a_second_sms(self) -> None:
        for call in self.made:
            assert self.simulated.sent(call.phone.number) <= 1

    def _no_number_is_in_the_clear(self) -> None:
        files = self.simulated.bytes_of_database()
        known = [*(call.phone.number for call in self.made), self.staff[0]["phone"]]
        for number in known:
            assert number.removeprefix("+250").encode() not in files

    def teardown(self) -> None:
        """In the end, when everything works again, everybody who was told was heard.

        Unless so many died in the middle of an alert that it may have left three times.
        """
        self.simulated.provider.does, self.simulated.provider.leaks = (lambda number: None), False
        for seconds in (60, 60, *[700] * 8):
            self.simulated.ahead += timedelta(seconds=seconds)
            self.simulated.tick()
            self.simulated.delivery.drain(5)
        self.every_promise_is_kept()
        with self.simulated.looking() as look:
            under_way = [row for row in look.outbox if row.state == OutboxState.SENDING]
            assert not under_way, "an SMS is being sent for ever"
            spent = {
                one.report_id for one in look.alerts if look.possible_sends()[one.id] == MOST_SENDS
            }
            for code in {code for call in self.made for code in call.told}:
                heard = any(f" {code} " in text for _, text in self.simulated.provider.left)
                assert heard or look.reports[code].id in spent, f"nobody ever heard of {code}"

    def _dial(self, labels: list[str], *way: str) -> Call:
        call = Call(self.simulated.phone(f"+250{next(numbers)}"), labels)
        call.phone.dial()
        for label in way:
            if label.isdecimal():
                call.phone.press(label)
            else:
                call.phone.choose(label)
        self.made.append(call)
        return call

    def _do(self, act: Callable[[], object], death: int) -> None:
        """Do something; who does it dies at that point of its way, if it comes so far."""
        self.simulated.survives(f"* @{death}" if death else None, act)

    def _alerts(self) -> list[tuple[str, str, str]]:
        found = []
        for number, text in self.simulated.provider.left:
            alert = re.search(r"Reply 1 (\d+) (\d{4})", text)
            if alert:
                found.append((number, alert[1], alert[2]))
        return found

    def _receive(self, receipt: str, death: int) -> None:
        number, text, message_id = receipt.split("|")
        form = {"from": number, "text": text, "to": "3029", "id": message_id}
        self._do(lambda: self.simulated.post("sms", **form), death)


@pytest.fixture
def machine(
    settings: Callable[..., Settings], keys: Path, pack: Pack, valkey: Valkey, tmp_path: Path
) -> Iterator[type[Promises]]:
    """The state machine on a line whose staff are registered."""
    template, file = tmp_path / "template.db", tmp_path / "line.db"
    engine = database.connect(f"sqlite:///{template}")
    schema.upgrade(engine)
    staff_vault = Vault.open(keys / "staff", "staff", hasher=quick_hasher())
    people = sample.load(engine, staff_vault, pack)
    engine.dispose()
    shutil.copyfile(template, file)
    simulated = SimulatedLine(file, lambda role, url: settings(role, DATABASE_URL=url))
    yield type("Run", (Promises,), {"simulated": simulated, "template": template, "staff": people})
    simulated.close()


def test_whatever_happens_and_whoever_dies(machine: type[Promises]) -> None:
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="ISANGE_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )

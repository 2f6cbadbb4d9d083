"""Brings news from the pretend network to the phones, while somebody looks at them."""

from __future__ import annotations

import threading
import time
from typing import Final

from sandbox.handsets.cast import PhoneId
from sandbox.handsets.errors import Unable
from sandbox.page.room import Room
from sandbox.standin.client import Refused
from sandbox.standin.schedule import report

EVERY: Final = 0.25
"""Seconds between two looks while somebody watches. Nobody watching, it does not look at all."""

LONGEST_WAY: Final = 3_600.0
"""Seconds for which an SMS that has left is expected on its phone."""


class Watcher:
    """Looks at the network for all phones of a room, on a thread of its own."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._under_way: dict[str, tuple[PhoneId, float]] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def look(self) -> None:
        """One look at everything. Raises OSError and Refused when the network is gone."""
        left, changed = self._room.post_office.look()
        numbers = {phone.number: name for name, phone in self._room.phones.items()}
        for sms in left:
            if sms.to in numbers:
                self._under_way[sms.id] = numbers[sms.to], time.monotonic()
        for name in {name for name, _ in self._under_way.values()}:
            self._deliver(name)
        for phone in self._room.phones.values():
            phone.look()
        if left or changed:
            self._room.changes.ring()

    def _deliver(self, name: PhoneId) -> None:
        """Put on a phone what has arrived, and forget what never will."""
        phone = self._room.phones[name]
        arrived = {sms.id: sms for sms in self._room.network.inbox(phone.number)}
        known = {message.id for message in phone.messages}
        expected = [sms for sms, (whose, _) in self._under_way.items() if whose == name]
        phone.take_in([arrived[sms] for sms in expected if sms in arrived and sms not in known])
        now = time.monotonic()
        for sms in expected:
            gone = self._room.post_office.will_not_arrive(sms)
            if sms in arrived or gone or now - self._under_way[sms][1] > LONGEST_WAY:
                del self._under_way[sms]

    def _run(self) -> None:
        while not self._closing.is_set():
            if not self._room.changes.wait_for_watchers(1.0):
                continue
            try:
                self.look()
            except (OSError, Refused, Unable):
                pass  # The network or the database is being started again: look again soon.
            except Exception as error:  # noqa: BLE001  The phones would stand still for ever.
                report(error)
            self._closing.wait(EVERY)

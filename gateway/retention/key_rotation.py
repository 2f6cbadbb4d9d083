"""Keys rotate while calls come in: new ones into the folders, every row re-wrapped, old ones out.

What says how far it has come is where it counts: the files of the folders, and the key id of each
row. So a rotation that was killed is simply run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import InstrumentedAttribute

from gateway.audit import log as audit
from gateway.retention.rewrapping import RENEWED_BY, Rewrapping, Tell
from gateway.store import database
from gateway.store.models import Report, Staff
from gateway.vault.roles import Kind
from gateway.vault.rotating import Folders, locked
from gateway.vault.vault import Vault

SETTLE: Final = 5.0
"""Seconds in which every running process has looked at its folder (it looks every two)."""

GRACE: Final = 30.0
"""Seconds after the switch in which a transaction may still end that was begun with older keys."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation of the keys under `root`, on the machine that has them all. `say` tells people."""

    engine: Engine
    root: Path
    escrow_public: Path | None = None
    say: Say = lambda line: None
    tell: Tell = lambda progress: None
    settle: float = SETTLE
    grace: float = GRACE

    def run(self) -> None:
        """All steps; goes on with a rotation that was begun. Raises VaultError."""
        with locked(self.root) as folders:
            key_id = self._prepare(folders)
            self._wait(self.settle - folders.seconds_since("prepare", key_id))
            self._switch(folders, key_id)
            self._rewrap(folders)
            self._wait(self.grace - folders.seconds_since("switch", key_id))
            self._finish(folders, key_id)

    def renew(self) -> None:
        """As `run`, with keys that are newer than this moment, whatever was begun before it."""
        with locked(self.root) as folders:
            under_way = folders.is_under_way()
        if under_way:
            self.run()
        self.run()

    def step(self, name: str) -> None:
        """One step, where the steps are taken on different machines."""
        with locked(self.root) as folders:
            match name:
                case "prepare":
                    self._prepare(folders)
                case "switch":
                    self._switch(folders, folders.current())
                case "rewrap":
                    self._rewrap(folders)
                case "finish":
                    self._finish(folders, folders.current())

    def _prepare(self, folders: Folders) -> str:
        key_id = folders.prepare()
        self.say(f"The private halves and secrets of {key_id} lie ready.")
        return key_id

    def _switch(self, folders: Folders, key_id: str) -> None:
        folders.switch(key_id)
        self.say(f"What is new is sealed to {key_id} from now on.")
        if self.escrow_public is not None:
            escrow = folders.install_escrow(self.escrow_public)
            self.say(f"The escrow's new key is {escrow}.")

    def _rewrap(self, folders: Folders) -> None:
        vaults = {
            role: Vault.open(folders.root / role, role)
            for role in RENEWED_BY
            if role in folders.roles
        }
        rewrapping = Rewrapping(self.engine, vaults, self.tell)
        damaged = rewrapping.run()
        self.say(f"{rewrapping.done} rows are re-wrapped.")
        if damaged:
            self.say(f"{damaged} rows open with no key that is here, and stay as they are.")

    def _finish(self, folders: Folders, key_id: str) -> None:
        """Once more over all rows, for those that were under way; then the old keys go."""
        folders.check()
        if folders.is_under_way():
            self._rewrap(folders)
        peppers: dict[Kind, set[str]] = {
            "pepper": self._peppers(Report.secret_hash),
            "staff-pepper": self._peppers(Staff.pin_hash),
        }
        stays = folders.finish(key_id, peppers)
        with database.writing(self.engine, "keys.rotated") as session:
            audit.record(session, audit.OPERATOR, "keys rotated", detail=key_id)
        self.say("The old private halves are gone.")
        if stays:
            self.say(f"Still needed, so take this step again in an hour: {', '.join(stays)}.")

    def _peppers(self, hashes: InstrumentedAttribute[str | None]) -> set[str]:
        """The ids of the peppers under which there are hashes in a column."""
        with database.reading(self.engine) as session:
            found = session.scalars(select(func.substr(hashes, 1, 9)).distinct())
            return {pepper for pepper in found if pepper}

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self.say(f"Waiting {seconds:.0f} s until every process has looked at its keys.")
            time.sleep(seconds)

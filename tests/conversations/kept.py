"""What a call left behind: in the database, in Valkey, and to whom it opens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redis import Redis
from sqlalchemy import func, select

from gateway.cases import contacts, data_keys
from gateway.cases.contacts import Reachable
from gateway.cases.reports import answers_of
from gateway.conversation.sessions import CallSession, Sessions
from gateway.runtime import phones
from gateway.store import database
from gateway.store.models import Base, DataKeyRow, Outbox, OutboxState, Report
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from tests.one_process_line import Line
from tests.phone import Phone

OF_THE_OPERATOR: Final = frozenset(
    {
        "audit_heads",
        "audit_lanes",
        "processes_seen",
        "centres",
        "providers",
        "shifts",
        "staff",
        "swaps",
    }
)
"""Tables that say nothing of a caller."""


@dataclass(frozen=True)
class Kept:
    """Everything on disk, opened as a role that may read it would open it."""

    line: Line
    vaults: Callable[[Role], Vault]
    before: Mapping[Path, int]
    """How long Valkey's files were when the test began."""

    def rows(self) -> dict[str, int]:
        """The tables that hold something of callers, and how many rows each."""
        tables = [one for one in Base.metadata.sorted_tables if one.name not in OF_THE_OPERATOR]
        with database.reading(self.line.web.database) as session:
            counted = {
                one.name: session.scalar(select(func.count()).select_from(one)) or 0
                for one in tables
            }
        return {name: count for name, count in counted.items() if count}

    def report(self) -> Report:
        """The only report."""
        with database.reading(self.line.web.database) as session:
            found = session.scalars(select(Report)).one()
            session.expunge(found)
        return found

    def answers(self, role: Role = "staff") -> dict[str, str]:
        """What the only report says, to `role`. Raises CannotOpen."""
        report, vault = self.report(), self.vaults(role)
        with database.reading(self.line.web.database) as session:
            key = data_keys.open_key(session, vault, report.id, "answers")
        assert report.answers is not None
        answers: dict[str, str] = json.loads(key.decrypt(report.answers, answers_of(report.id)))
        return answers

    def contact(self, role: Role = "staff") -> Reachable | None:
        """How the caller of the only report may be reached, to `role`. Raises CannotOpen."""
        with database.reading(self.line.web.database) as session:
            return contacts.read(session, self.vaults(role), self.report().id)

    def data_keys(self) -> set[tuple[str, str]]:
        """The purposes of the data keys that are left, and whom each is wrapped for."""
        with database.reading(self.line.web.database) as session:
            return {(one.purpose, one.recipient) for one in session.scalars(select(DataKeyRow))}

    def sms_to_callers(self) -> int:
        """How many SMS to callers were ever queued."""
        to_callers = select(func.count()).where(Outbox.audience == "caller")
        with database.reading(self.line.web.database) as session:
            return session.scalar(to_callers) or 0

    def waiting(self) -> int:
        """How many SMS are about to leave."""
        pending = select(func.count()).where(Outbox.state == OutboxState.PENDING)
        with database.reading(self.line.web.database) as session:
            return session.scalar(pending) or 0

    def session(self, phone: Phone) -> CallSession | None:
        """What Valkey holds of a phone's call."""
        parts = self.line.web
        sessions = Sessions(parts.redis, parts.vault)
        return sessions.load(sessions.key(phone.session, phones.parse(phone.number)))

    def raw(self) -> bytes:
        """Every byte of the database's files and of Valkey's memory, and what it wrote since."""
        return b"".join((*self._files_of_sqlite(), *_memory(self.line.web.redis), *self._journal()))

    def _files_of_sqlite(self) -> Iterator[bytes]:
        path = database.sqlite_file(self.line.web.settings.database_url)
        assert path is not None
        return (one.read_bytes() for one in path.parent.glob(f"{path.name}*"))

    def _journal(self) -> Iterator[bytes]:
        """Without what other tests made the same server write before."""
        for path in _files_of(self.line.web.redis):
            yield path.read_bytes()[self.before.get(path, 0) :]


def sizes(redis: Redis) -> dict[Path, int]:
    """How much Valkey has written into each of its files."""
    return {path: path.stat().st_size for path in _files_of(redis)}


def _files_of(redis: Redis) -> list[Path]:
    folder = Path(str(redis.config_get("dir")["dir"]))
    return [path for path in folder.rglob("*") if path.is_file()]


def _memory(redis: Redis) -> Iterator[bytes]:
    for key in redis.scan_iter():
        yield key
        yield redis.dump(key) or b""

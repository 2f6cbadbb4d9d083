"""What is sealed of the audit log, byte for byte: a row, the end of a lane, a published head.

A seal is a keyed hash (the vault's fingerprint "audit": HMAC-SHA256 cut to 16 bytes). The key is in
no database, so who can write to the database alone can give nothing he writes a seal that fits.
What is sealed is JSON, which tells None from "" and 1 from "1" and never runs two values together;
its first word says which of the three it is, so that no seal ever serves for another.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

Seal = Callable[[str], bytes]
"""The keyed hash. Whoever has it can write the log; whoever has it not can change nothing in it."""

BEGINNING: Final = b""
"""What stands for the row before the first one."""

LETTERS: Final = 24
"""Letters of a published head: 96 bits, which nobody finds twice."""

_ALPHABET: Final = "abcdefghijklmnop"
_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what: the content of a row."""

    at: datetime
    actor: str
    act: str
    report_id: str | None
    detail: str | None

    def columns(self) -> dict[str, Any]:
        """Its values by their columns."""
        return {
            "at": self.at,
            "actor": self.actor,
            "act": self.act,
            "report_id": self.report_id,
            "detail": self.detail,
        }


class End(NamedTuple):
    """How far a lane had come: `digest` is that of its row `seq`."""

    lane: int
    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Extent:
    """From where to where a lane reaches: rows after `kept_after` and up to `seq`."""

    lane: int
    seq: int
    digest: bytes
    kept_after: int
    kept_digest: bytes
    begun_at: datetime

    def up_to(self, seq: int, digest: bytes) -> Extent:
        """The same lane, with rows up to this one."""
        return replace(self, seq=seq, digest=digest)

    def since(self, seq: int, digest: bytes) -> Extent:
        """The same lane, without this row and those before it."""
        return replace(self, kept_after=seq, kept_digest=digest)


def of_row(seal: Seal, lane: int, seq: int, before: bytes, entry: Entry) -> bytes:
    """The digest of a row; `before` is that of the row before it in its lane."""
    content = (_moment(entry.at), entry.actor, entry.act, entry.report_id, entry.detail)
    return seal(json.dumps(["row", lane, seq, before.hex(), *content]))


def of_extent(seal: Seal, extent: Extent) -> bytes:
    """The seal of a lane's own row.

    Without it, who cuts a lane off could copy the digest of the last row that he leaves.
    """
    end = (extent.lane, extent.seq, extent.digest.hex())
    kept = (extent.kept_after, extent.kept_digest.hex(), _moment(extent.begun_at))
    return seal(json.dumps(["lane", *end, *kept]))


def of_head(seal: Seal, day: str, at: datetime, rows: int, ends: Sequence[End]) -> str:
    """The letters of a head, such as `abcd-efgh-ijkl-mnop-abcd-efgh`.

    Letters a to p, four bits each: they can be read out over the telephone and typed on any phone,
    and they pass the log, which withholds whatever has so many digits that it could be a number.
    """
    lanes = [(end.lane, end.seq, end.digest.hex()) for end in ends]
    digest = seal(json.dumps(["head", day, _moment(at), rows, lanes])).hex()[:LETTERS]
    letters = "".join(_ALPHABET[int(digit, 16)] for digit in digest)
    return "-".join(letters[start : start + _GROUP] for start in range(0, LETTERS, _GROUP))


def _moment(at: datetime) -> str:
    """A moment as both databases give it back: UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")

"""How far a report, an alert or an SMS has come, as its row says it."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ReportState(StrEnum):
    """(draft →) received → accepted → closed, or deleted by the caller at any point."""

    DRAFT = "draft"
    """Not sent yet: she allowed us to send it if the line cuts. No staff ever sees it as such."""
    RECEIVED = "received"
    ACCEPTED = "accepted"
    CLOSED = "closed"
    DELETED = "deleted"


class Waiting(StrEnum):
    """Why a report that was sent wakes nobody."""

    MUTED = "muted"
    """Not before the mute of its number is over."""
    NOBODY_CAN_ACT = "nobody_can_act"
    """It has no number, place or centre."""


class AlertState(StrEnum):
    """What one member of staff did about one report."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    """The SMS could not be sent, so that somebody else had to be asked."""
    SETTLED = "settled"
    """Somebody else accepted, or the report was closed."""


class OutboxState(StrEnum):
    """The life of one SMS. `unknown`: it may have gone out, and nobody will send it again."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    DROPPED = "dropped"
    UNKNOWN = "unknown"


class Urgency(IntEnum):
    """Which SMS leaves first when not all can at once; an alert is as urgent as its report."""

    P1 = 1
    P2 = 2
    P3 = 3
    NEWS = 4
    """To staff, and about no report that waits for somebody."""
    ANSWER = 5
    """To a caller who writes to us and waits for the next screen."""
    COURTESY = 6

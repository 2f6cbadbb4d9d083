"""What people and the network do while a process dies: one story for each kind of point.

A story leads up to a point, passes it, and goes on as people do after a cut line: the network
repeats its notices, a caller presses the key again. It knows what must have come of it.
"""

from __future__ import annotations

from typing import Final

from tests.faults.stories.cases import (
    ChangesContact,
    Deletes,
    OpensCase,
    OptsOut,
    Stops,
    StopsContact,
)
from tests.faults.stories.reports import (
    Dials,
    DiscardsAlert,
    DiscardsDraft,
    ForgetsDraft,
    KeepsDraft,
    LineCuts,
    Sends,
    SendsOverdue,
    Writes,
)
from tests.faults.stories.staff import Accepts, AtTheDesk, Reminds
from tests.faults.stories.story import Story
from tests.faults.stories.workings import Delivers, Escalates, GivesUp, IsDelivered, Recovers, Ticks

STORIES: Final[dict[str, type[Story]]] = {
    "alert.give_up": GivesUp,
    "alert.discard": DiscardsAlert,
    "audit.publish": Ticks,
    "bell.ring": Sends,
    "case.change_contact": ChangesContact,
    "case.delete": Deletes,
    "case.open": OpensCase,
    "case.stop_contact": StopsContact,
    "beat.note": Ticks,
    "clock.climb": Escalates,
    "clock.end_shifts": Ticks,
    "clock.heartbeat": Ticks,
    "clock.recover": Recovers,
    "clock.remind": Reminds,
    "clock.send_draft": SendsOverdue,
    "clock.watch": Ticks,
    "delivery.take_in": IsDelivered,
    "draft.discard": DiscardsDraft,
    "draft.forget": ForgetsDraft,
    "draft.keep": KeepsDraft,
    "draft.line_cut": LineCuts,
    "opt_out.note": OptsOut,
    "outbox.claim": Delivers,
    "outbox.settle": Delivers,
    "probe.begin": Ticks,
    "probe.note": Ticks,
    "provider.probe": Ticks,
    "provider.send": Delivers,
    "purge.audit": Ticks,
    "purge.done": Ticks,
    "purge.keys": Ticks,
    "purge.rows": Ticks,
    "reply.receive": Accepts,
    "report.send": Sends,
    "session.save": Dials,
    "sms.note": Writes,
    "sms.stop": Stops,
    "staff.step": AtTheDesk,
}
"""By the name of a transaction, or of what has a point before and after it."""

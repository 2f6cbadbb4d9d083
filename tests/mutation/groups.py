"""What is broken, and which tests are to notice: four parts that a life may hang on.

A part is judged by the tests that stand near it and are quick, not by the whole suite: a promise
that only a distant test keeps is not kept where somebody who changes the code would look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Run:
    """`modules` are patterns of files to break, `tests` the files that are to notice.

    `postgresql` says whether tests of both databases run on that one too. A server takes a second
    to start, and every mutant is judged in a process of its own.
    """

    modules: Sequence[str]
    tests: Sequence[str]
    postgresql: bool = False


_VAULT: Final = Run(
    modules=["gateway/vault/*.py"],
    tests=[
        "tests/gateway/test_vault_bad_input.py",
        "tests/gateway/test_vault_escrow.py",
        "tests/gateway/test_vault_fields.py",
        "tests/gateway/test_vault_formats.py",
        "tests/gateway/test_vault_hidden.py",
        "tests/gateway/test_vault_hmacs.py",
        "tests/gateway/test_vault_key_folders.py",
        "tests/gateway/test_vault_places.py",
        "tests/gateway/test_vault_secrets.py",
        "tests/gateway/test_rotation.py",
    ],
)

_OUTBOX: Final = Run(
    modules=["gateway/outbox.py", "gateway/delivery.py", "gateway/once.py"],
    tests=[
        "tests/gateway/test_outbox.py",
        "tests/gateway/test_urgency.py",
        "tests/gateway/test_delivery.py",
        "tests/gateway/test_escalation.py",
        "tests/gateway/test_routing.py",
        "tests/workers/test_deliver.py",
    ],
    postgresql=True,
)

_ADDRESSES: Final = Run(
    modules=["gateway/callbacks.py", "gateway/web/entrance.py"],
    tests=[
        "tests/gateway/test_callbacks.py",
        "tests/gateway/test_headers.py",
        "tests/gateway/test_origins.py",
    ],
)

_CALLERS: Final = Run(
    modules=["gateway/cases.py"],
    tests=["tests/gateway/test_cases.py"],
)

_STAFF: Final = Run(
    modules=[
        "gateway/casefile.py",
        "gateway/casework.py",
        "gateway/replies.py",
        "gateway/staffline.py",
    ],
    tests=[
        "tests/gateway/test_casefile.py",
        "tests/gateway/test_casework.py",
        "tests/gateway/test_idle.py",
        "tests/gateway/test_replies.py",
        "tests/gateway/test_rota.py",
        "tests/gateway/test_staffline.py",
        "tests/conversations/test_rota_by_sms.py",
        "tests/conversations/test_staff_leave.py",
    ],
)

_GRANTS: Final = Run(
    modules=["gateway/grants.py"],
    tests=["tests/gateway/test_audit_grants.py", "tests/gateway/test_grants.py"],
    postgresql=True,
)

_HISTORIES: Final = Run(
    modules=["gateway/conversation.py", "gateway/newest.py"],
    tests=[
        "tests/gateway/test_conversation.py",
        "tests/gateway/test_limits.py",
        "tests/gateway/test_newest.py",
        "tests/gateway/test_straight_on.py",
        "tests/gateway/test_ussd_hostile.py",
        "tests/gateway/test_ussd_wire.py",
        "tests/conversations/test_another_network.py",
        "tests/conversations/test_by_sms.py",
        "tests/conversations/test_lost_sessions.py",
    ],
)

_WORDS: Final = Run(
    modules=[
        "gateway/forms.py",
        "gateway/networks/*.py",
        "gateway/phones.py",
        "gateway/staffwords.py",
        "menus/checks.py",
    ],
    tests=[
        "tests/gateway/test_forms.py",
        "tests/gateway/test_networks.py",
        "tests/gateway/test_phones.py",
        "tests/gateway/test_replies.py",
        "tests/menus/test_checks.py",
    ],
)

GROUPS: Final[Mapping[str, Sequence[Run]]] = {
    "vault": [_VAULT],
    "outbox": [_OUTBOX],
    "authorisation": [_ADDRESSES, _CALLERS, _STAFF, _GRANTS],
    "parser": [_HISTORIES, _WORDS],
}

LEFT_OUT: Final = (
    # These start the installed program, which is not the broken one.
    "tests/gateway/test_vault_bad_input.py::test_the_operator_is_told_of_unreadable_keys",
    "tests/gateway/test_vault_bad_input.py::test_every_process_ends_at_its_start_with_one_line",
)
"""Tests that judge nothing."""

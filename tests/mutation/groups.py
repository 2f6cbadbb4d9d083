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
        "tests/gateway/vault/test_bad_input.py",
        "tests/gateway/vault/test_escrow.py",
        "tests/gateway/vault/test_fields.py",
        "tests/gateway/vault/test_formats.py",
        "tests/gateway/vault/test_hidden.py",
        "tests/gateway/vault/test_hmacs.py",
        "tests/gateway/vault/test_key_folders.py",
        "tests/gateway/vault/test_places.py",
        "tests/gateway/vault/test_secrets.py",
        "tests/gateway/retention/test_key_rotation.py",
    ],
)

_OUTBOX: Final = Run(
    modules=["gateway/sms/outbox.py", "gateway/sms/receipts.py", "gateway/store/insert_once.py"],
    tests=[
        "tests/gateway/sms/test_outbox.py",
        "tests/gateway/sms/test_urgency.py",
        "tests/gateway/sms/test_receipts.py",
        "tests/gateway/cases/test_escalation.py",
        "tests/gateway/sms/test_routing.py",
        "tests/workers/test_deliver.py",
    ],
    postgresql=True,
)

_ADDRESSES: Final = Run(
    modules=["gateway/runtime/callbacks.py", "gateway/web/entrance.py"],
    tests=[
        "tests/gateway/web/test_callbacks.py",
        "tests/gateway/web/test_headers.py",
        "tests/gateway/web/test_origins.py",
    ],
)

_CALLERS: Final = Run(
    modules=["gateway/cases/my_code.py"],
    tests=["tests/gateway/cases/test_my_code.py"],
)

_STAFF: Final = Run(
    modules=[
        "gateway/cases/case_file.py",
        "gateway/cases/casework.py",
        "gateway/inbox/staff_sms.py",
        "gateway/cases/staff_line.py",
    ],
    tests=[
        "tests/gateway/cases/test_case_file.py",
        "tests/gateway/cases/test_casework.py",
        "tests/gateway/cases/test_stalled.py",
        "tests/gateway/inbox/test_staff_sms.py",
        "tests/gateway/staff/test_rota.py",
        "tests/gateway/cases/test_staff_line.py",
        "tests/conversations/test_rota_by_sms.py",
        "tests/conversations/test_staff_leave.py",
    ],
)

_GRANTS: Final = Run(
    modules=["gateway/store/grants.py"],
    tests=["tests/gateway/audit/test_grants.py", "tests/gateway/store/test_grants.py"],
    postgresql=True,
)

_HISTORIES: Final = Run(
    modules=["gateway/conversation/cumulative.py", "gateway/conversation/incremental.py"],
    tests=[
        "tests/gateway/conversation/test_cumulative.py",
        "tests/gateway/conversation/test_limits.py",
        "tests/gateway/conversation/test_incremental.py",
        "tests/gateway/conversation/test_straight_on.py",
        "tests/gateway/web/test_ussd_hostile.py",
        "tests/gateway/web/test_ussd_wire.py",
        "tests/conversations/test_another_network.py",
        "tests/conversations/test_by_sms.py",
        "tests/conversations/test_lost_sessions.py",
    ],
)

_WORDS: Final = Run(
    modules=[
        "gateway/web/forms.py",
        "gateway/web/networks/*.py",
        "gateway/runtime/phones.py",
        "gateway/inbox/staff_words.py",
        "menus/checks.py",
    ],
    tests=[
        "tests/gateway/web/test_forms.py",
        "tests/gateway/web/test_networks.py",
        "tests/gateway/runtime/test_phones.py",
        "tests/gateway/inbox/test_staff_sms.py",
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
    "tests/gateway/vault/test_bad_input.py::test_the_operator_is_told_of_unreadable_keys",
    "tests/gateway/vault/test_bad_input.py::test_every_process_ends_at_its_start_with_one_line",
)
"""Tests that judge nothing."""

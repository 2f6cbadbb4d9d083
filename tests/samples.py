"""Who and what most tests have: one caller, one centre, and what is secret."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.vault.roles import Role

CENTRE = "kabutare"
OTHER_CENTRE = "kigeme"

CALLER = "+250788123456"
HER_SECRET = "2580"
"""The four numbers that only she knows."""

PIN = "4711"
"""Of each member of staff who has one."""

SECRET = "a-secret-for-tests-only-long-enough"
STAFF_SECRET = "another-secret-for-the-staff-of-tests"
SECRETS: Mapping[Role, Mapping[str, str]] = {
    "web": {"ISANGE_CALLBACK_SECRETS": SECRET},
    "staff": {"ISANGE_STAFF_SECRETS": STAFF_SECRET},
    "worker": {},
}
"""What of the callback secrets is in the environment of each process."""

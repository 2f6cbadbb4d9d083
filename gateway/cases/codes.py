"""The codes of reports: short, random, and each given once."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import bindparam, select

from gateway.store.database import Session
from gateway.store.models import Report
from menus.checks import check_digit

CODE_DIGITS: Final = 5
"""Digits of a code before its check digit: short enough to be remembered."""

COLLISIONS: Final = 3
"""After so many codes that were taken, the next ones are a digit longer."""

_WITH_CODE: Final = select(Report.id).where(Report.code == bindparam("code"))


def unused(session: Session) -> str:
    """A code that no report has. Random, so that one code tells nothing about the others."""
    digits, taken = CODE_DIGITS, 0
    while True:
        bare = f"{secrets.randbelow(10**digits):0{digits}}"
        code = bare + check_digit(bare)
        if session.scalars(_WITH_CODE, {"code": code}).first() is None:
            return code
        taken += 1
        digits = CODE_DIGITS + taken // COLLISIONS

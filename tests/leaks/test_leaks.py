"""Who steals everything but the key files learns no number and no word of a caller."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from tests.leaks import scan
from tests.leaks.stolen_service import Database

pytestmark = pytest.mark.system


@pytest.mark.parametrize("kind", get_args(Database))
def test_nothing_that_a_caller_said_can_be_read_anywhere(tmp_path: Path, kind: Database) -> None:
    """Some callers, every point of failure, every place and every shape; `make leaks` has more."""
    result = scan.run(tmp_path, 80, kind)
    assert not result.leaks, "\n".join(map(str, sorted(result.leaks)))
    assert not result.overlooked, f"planted, and not found: {sorted(result.overlooked)}"
    assert not result.never_failed, f"no fault was forced at: {sorted(result.never_failed)}"
    assert result.reports > 40
    assert result.events > 5

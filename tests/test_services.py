"""The servers of the tests start wherever the project was cloned to, and whoever runs them."""

from __future__ import annotations

import psycopg
import pytest

from tests import services
from tests.machine import home_for_postgres
from tests.services import Postgres, running


@pytest.mark.system
def test_postgresql_starts_where_its_programs_lie_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As for root in a clone below a folder of root's own: the server runs as another user."""
    monkeypatch.setattr(services, "is_reachable_by_all", lambda path: False)
    with home_for_postgres() as home:
        server = Postgres(home)
        with running(server), psycopg.connect(server.create()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

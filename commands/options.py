"""What several commands share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.vault.roles import Role
    from gateway.wiring import Parts


HOST = "127.0.0.1"


def open_parts(role: Role) -> Parts:
    """The parts of a process, by the environment."""
    from gateway.runtime.settings import Settings
    from gateway.wiring import Parts

    return Parts(Settings.read(os.environ), role)

"""What the operator's changes to the staff need of a process."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Engine

from gateway.country.pack import Pack
from gateway.vault.vault import Vault


class StaffParts(Protocol):
    """The register of staff, the keys to their numbers, and the country they work in."""

    @property
    def database(self) -> Engine: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def pack(self) -> Pack: ...

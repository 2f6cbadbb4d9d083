"""What every table of the service has in common."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, LargeBinary, String
from sqlalchemy.orm import DeclarativeBase

from gateway.store.database import UtcDateTime


class Base(DeclarativeBase):
    """All tables of the service."""

    type_annotation_map: ClassVar = {
        datetime: UtcDateTime(),
        bytes: LargeBinary(),
        str: String(64),
        dict[str, Any]: JSON(),
    }

"""How often this process raised an alarm."""

from __future__ import annotations

from prometheus_client import REGISTRY

from gateway.runtime.alarms import Kind


def alarms(kind: Kind) -> float:
    return REGISTRY.get_sample_value("isange_alarms_total", {"kind": kind}) or 0.0

"""Numbers for the operator's monitoring. No label ever holds anything about a person."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

STEPS: Final = Counter(
    "isange_steps_total", "USSD steps answered, by how they were understood", ["event"]
)
STEP_SECONDS: Final = Histogram(
    "isange_step_seconds",
    "Time to answer a USSD step",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15),
)
REPORTS: Final = Counter(
    "isange_reports_total", "Reports kept, by kind and priority", ["about", "priority"]
)
LIMITED_CALLS: Final = Counter(
    "isange_limited_calls_total", "Calls begun by a number that had called or reported very often"
)
ALERTS: Final = Counter("isange_alerts_total", "Staff alerts raised, by priority", ["priority"])
SENDS: Final = Counter(
    "isange_sms_total", "SMS handed to a provider, by audience and outcome", ["audience", "outcome"]
)
CALLBACKS: Final = Counter("isange_callbacks_total", "Callbacks received, by kind", ["kind"])
CALLBACKS_FROM_ELSEWHERE: Final = Counter(
    "isange_callbacks_from_elsewhere_total",
    "Callbacks from none of the networks that they are expected from, by kind",
    ["kind"],
)
ALARMS: Final = Counter("isange_alarms_total", "What a person must look at", ["kind"])

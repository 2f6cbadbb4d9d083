"""The plan of one demo: where everything is, and what each of its processes is told."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from babel.numbers import get_territory_currencies

from gateway.country.pack import Pack
from gateway.runtime import callbacks
from gateway.vault.roles import Role

DESCRIPTION: Final = "demo.json"
"""Lies in the data folder while a demo is ready: tells tests and tools where everything is."""

HOST: Final = "127.0.0.1"
EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - only where somebody asked for it
"""Listen on every address of the machine."""

USERNAME: Final = "demo"
SENDER: Final = "INFO"
"""The sender of every SMS stands on the caller's phone, so it must say nothing either."""

NO_PROXY: Final = {"NO_PROXY": HOST, "no_proxy": HOST}
"""A proxy that this machine needs for the internet knows nothing of our stand-in."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything is. Ports other than the first are free ones, kept between starts."""

    folder: Path
    country: str
    pack: Pack
    language: str
    port: int
    staff_port: int
    stand_in_port: int
    phone_port: int
    phone_host: str
    redis_url: str = field(repr=False)
    secret: str = field(repr=False)
    staff_secret: str = field(repr=False)
    api_key: str = field(repr=False)
    phone_token: str = field(repr=False)

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics"

    @property
    def database(self) -> Path:
        return self.folder / "database" / "isange.db"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.database}"

    @property
    def web(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def staff(self) -> str:
        return f"http://{HOST}:{self.staff_port}"

    @property
    def stand_in(self) -> str:
        return f"http://{HOST}:{self.stand_in_port}"

    @property
    def phones(self) -> str:
        """Where this machine reaches the phone page."""
        host = HOST if self.phone_host in EVERYWHERE else self.phone_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.phone_port}"

    @property
    def phone_url(self) -> str:
        """What to open in a browser: without the token there is nothing to see."""
        return f"{self.phones}/{self.phone_token}/"

    def callback(self, kind: callbacks.Kind) -> str:
        if kind in callbacks.OF_STAFF:
            return callbacks.url(self.staff, self.staff_secret, kind)
        return callbacks.url(self.web, self.secret, kind)

    @property
    def currency(self) -> str:
        """What an SMS is paid with (ISO 4217); XXX, no money at all, where nobody knows."""
        return next(iter(get_territory_currencies(self.pack.region)), "XXX")

    def service(self, role: Role) -> dict[str, str]:
        """The environment of a service process: production's settings, keys and secrets of a role.

        Who is on this machine may read the metrics, with whatever shows an address.
        """
        return {
            **os.environ,
            **NO_PROXY,
            "ISANGE_ENV": "development",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "ISANGE_COUNTRY": self.country,
            "ISANGE_LANGUAGE": self.language,
            "ISANGE_KEYS": str(self.keys / role),
            "ISANGE_CALLBACK_SECRETS": self.secret if role == "web" else "",
            "ISANGE_STAFF_SECRETS": self.staff_secret if role == "staff" else "",
            "ISANGE_METRICS_TOKEN": "",
            "PROMETHEUS_MULTIPROC_DIR": str(self.metrics),
            "AT_USERNAME": USERNAME,
            "AT_API_KEY": self.api_key,
            "ISANGE_AT_URL": self.stand_in,
        }

    def pretend(self) -> dict[str, str]:
        """The environment of the stand-in: the account, and where the network calls us.

        Secrets are told here and not on the command line, which every user can read.
        """
        return {
            **os.environ,
            "STAND_IN_FOLDER": str(self.folder / "stand-in"),
            "STAND_IN_USERNAME": USERNAME,
            "STAND_IN_SENDER": SENDER,
            "STAND_IN_CURRENCY": self.currency,
            "STAND_IN_NETWORK_CODE": min(self.pack.networks.names, default="99999"),
            "STAND_IN_API_KEY": self.api_key,
            "STAND_IN_USSD_URL": self.callback("ussd"),
            "STAND_IN_EVENTS_URL": self.callback("events"),
            "STAND_IN_SMS_URL": self.callback("sms"),
            "STAND_IN_DELIVERY_URL": self.callback("delivery"),
            "STAND_IN_OPT_OUT_URL": self.callback("opt-out"),
            "STAND_IN_STAFF_USSD_URL": self.callback("staff"),
            "STAND_IN_STAFF_CODE": self.pack.codes.staff,
        }

    def phone_page(self) -> dict[str, str]:
        """The environment of the phone page: it goes through the stand-in and holds no key."""
        return {**os.environ, **NO_PROXY, "ISANGE_PHONE_TOKEN": self.phone_token}

    def describe(
        self, staff: Sequence[Mapping[str, str]], pids: Mapping[str, int]
    ) -> dict[str, Any]:
        """Where everything is, secrets included, for tests and tools on this machine.

        The URL of a part that does not exist yet is None.
        """
        return {
            "ussd_url": self.callback("ussd"),
            "events_url": self.callback("events"),
            "sms_url": self.callback("sms"),
            "delivery_url": self.callback("delivery"),
            "opt_out_url": self.callback("opt-out"),
            "staff_ussd_url": self.callback("staff"),
            "phone_url": self.phone_url,
            "console_url": None,
            "metrics_url": f"{self.web}/metrics",
            "health_url": f"{self.web}/healthz",
            "stand_in_url": self.stand_in,
            "sent_url": f"{self.stand_in}/sent",
            "database_url": self.database_url,
            "redis_url": self.redis_url,
            "log_dir": str(self.logs),
            "country": self.country,
            "language": self.language,
            "staff_language": self.pack.staff_language,
            "service_code": self.pack.codes.callers,
            "staff_service_code": self.pack.codes.staff,
            "staff": list(staff),
            "pids": dict(pids),
        }

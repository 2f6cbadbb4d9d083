"""The settings, read once from the environment. A half-set service refuses to start.

Every setting is described in docs/settings.md; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, get_args

from gateway.runtime import crash_points, tls
from gateway.runtime.errors import OperatorError

Environment = Literal["development", "production"]

NetworkName = Literal["africastalking", "hubtel"]
"""The USSD networks there are adapters for."""

App = Literal["callers", "staff"]
"""The web apps, each with callback secrets of its own."""

ProviderName = Literal["africastalking", "kannel"]
"""The SMS providers there are adapters for."""

LARGEST_SHARE = 100

SHORTEST_SECRET = 24
"""Characters of a callback secret: fewer could be found by trying."""

LIVE_SECRETS = 2
"""Secrets of an app at a time: one, and the one before it until nobody calls there any more."""


class SettingsError(OperatorError):
    """The environment cannot be used; the message says which setting and what to do."""


def needed(environment: Mapping[str, str], name: str) -> str:
    """The value of one setting. Raises SettingsError when it is absent or empty."""
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set: see docs/settings.md")
    return value


@dataclass(frozen=True, slots=True)
class Share:
    """How large a part of the SMS a provider gets while all of them are well (1 to 100)."""

    provider: ProviderName
    weight: int


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a process of the service is told from outside."""

    environment: Environment
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    keys: Path
    callback_secrets: tuple[str, ...] = field(repr=False)
    staff_secrets: tuple[str, ...] = field(repr=False)
    country: str
    language: str | None
    networks: tuple[NetworkName, ...]
    providers: tuple[Share, ...]
    low_balance: Decimal | None
    at_username: str | None
    at_api_key: str | None = field(repr=False)
    at_sender_id: str | None
    at_url: str | None
    kannel_url: str | None
    kannel_username: str | None
    kannel_password: str | None = field(repr=False)
    kannel_sender: str | None
    kannel_callback: str | None
    kannel_status_url: str | None = field(repr=False)
    callback_networks: tuple[IPv4Network | IPv6Network, ...]
    proxies: int
    metrics_token: str | None = field(repr=False)
    sentry_dsn: str | None = field(repr=False)
    metrics_folder: Path | None
    web_processes: int
    web_threads: int

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Settings from environment variables. Raises SettingsError naming the first fault."""
        read = _Reader(environment)
        settings = cls(
            environment=read.environment(),
            database_url=read.needed("DATABASE_URL"),
            redis_url=read.needed("REDIS_URL"),
            keys=Path(read.needed("ISANGE_KEYS")),
            callback_secrets=read.secrets("ISANGE_CALLBACK_SECRETS"),
            staff_secrets=read.secrets("ISANGE_STAFF_SECRETS"),
            country=read.country(),
            language=read.get("ISANGE_LANGUAGE"),
            networks=read.networks(),
            providers=read.providers(),
            low_balance=read.amount("ISANGE_LOW_BALANCE"),
            at_username=read.get("AT_USERNAME"),
            at_api_key=read.get("AT_API_KEY"),
            at_sender_id=read.get("AT_SENDER_ID"),
            at_url=read.get("ISANGE_AT_URL"),
            kannel_url=read.get("KANNEL_URL"),
            kannel_username=read.get("KANNEL_USERNAME"),
            kannel_password=read.get("KANNEL_PASSWORD"),
            kannel_sender=read.get("KANNEL_SENDER"),
            kannel_callback=read.get("KANNEL_CALLBACK"),
            kannel_status_url=read.get("KANNEL_STATUS_URL"),
            callback_networks=read.ip_networks("ISANGE_CALLBACK_NETWORKS"),
            proxies=read.count("ISANGE_PROXIES", 0),
            metrics_token=read.get("ISANGE_METRICS_TOKEN"),
            sentry_dsn=read.get("SENTRY_DSN"),
            metrics_folder=read.folder("PROMETHEUS_MULTIPROC_DIR"),
            web_processes=read.count("ISANGE_WEB_PROCESSES", 1),
            web_threads=read.count("ISANGE_WEB_THREADS", 4),
        )
        settings._refuse_shared_secrets()
        settings._refuse_what_production_must_not_have()
        return settings

    def addressed_by(self, app: App) -> tuple[str, ...]:
        """What the callback addresses of an app are made from. Raises SettingsError for none."""
        name, secrets = (
            ("ISANGE_CALLBACK_SECRETS", self.callback_secrets)
            if app == "callers"
            else ("ISANGE_STAFF_SECRETS", self.staff_secrets)
        )
        if not secrets:
            raise SettingsError(f"{name} is not set: see docs/settings.md")
        return secrets

    def refuse_of_staff(self) -> None:
        """For every process but the staff app: who knows the address of its line may speak as any
        of them. Raises SettingsError in production."""
        if self.production and self.staff_secrets:
            raise SettingsError(
                "ISANGE_STAFF_SECRETS is for the staff app alone: take it out of the environment "
                "of this process"
            )

    def _refuse_shared_secrets(self) -> None:
        if set(self.staff_secrets) & set(self.callback_secrets):
            raise SettingsError(
                "ISANGE_STAFF_SECRETS is one of ISANGE_CALLBACK_SECRETS: make another for the staff"
            )

    def _refuse_what_production_must_not_have(self) -> None:
        if not self.production:
            return
        if self.at_url:
            raise SettingsError("ISANGE_AT_URL is for tests: unset it in production")
        if self.at_username == "sandbox":
            raise SettingsError("AT_USERNAME is the sandbox: set the name of your live application")
        if crash_points.ARMED:
            raise SettingsError("ISANGE_CRASH has processes die, for tests: unset it in production")
        if self.metrics_token is None:
            raise SettingsError("ISANGE_METRICS_TOKEN is not set: /metrics would be open to all")
        if self.database_url.startswith("sqlite"):
            raise SettingsError("DATABASE_URL is SQLite: production needs postgresql://...")
        pages = {
            "KANNEL_URL": self.kannel_url,
            "KANNEL_STATUS_URL": self.kannel_status_url,
            "KANNEL_CALLBACK": self.kannel_callback,
            "SENTRY_DSN": self.sentry_dsn,
        }
        in_clear = next(tls.in_clear(self.database_url, self.redis_url, pages), None)
        if in_clear is not None:
            raise SettingsError(in_clear)


@dataclass(frozen=True, slots=True)
class _Reader:
    source: Mapping[str, str]

    def get(self, name: str) -> str | None:
        return self.source.get(name, "").strip() or None

    def needed(self, name: str) -> str:
        return needed(self.source, name)

    def environment(self) -> Environment:
        match self.get("ISANGE_ENV"):
            case "production":
                return "production"
            case "development" | None:
                return "development"
        raise SettingsError("ISANGE_ENV is neither development nor production")

    def country(self) -> str:
        """In production nobody may show another country's hotlines for want of a setting."""
        if self.environment() == "production":
            return self.needed("ISANGE_COUNTRY")
        return self.get("ISANGE_COUNTRY") or "rw"

    def networks(self) -> tuple[NetworkName, ...]:
        given = [
            name.strip() for name in (self.get("ISANGE_NETWORKS") or "africastalking").split(",")
        ]
        known = tuple(kind for kind in get_args(NetworkName) if kind in given)
        if len(known) != len(given):
            names = ", ".join(get_args(NetworkName))
            raise SettingsError(f"ISANGE_NETWORKS is a list of: {names}")
        return known

    def providers(self) -> tuple[Share, ...]:
        given = (self.get("ISANGE_PROVIDERS") or "africastalking").split(",")
        shares = tuple(self._share(*one.partition(":")[::2]) for one in given)
        if len({share.provider for share in shares}) < len(shares):
            raise SettingsError("ISANGE_PROVIDERS names a provider twice")
        return shares

    def _share(self, name: str, weight: str) -> Share:
        known = next((one for one in get_args(ProviderName) if one == name.strip()), None)
        share = weight.strip() or "1"
        if known is None or not share.isdecimal() or not 1 <= int(share) <= LARGEST_SHARE:
            names = ", ".join(get_args(ProviderName))
            raise SettingsError(
                f"ISANGE_PROVIDERS is a list such as africastalking:10,kannel:5 out of {names}, "
                f"each share from 1 to {LARGEST_SHARE}"
            )
        return Share(known, int(share))

    def amount(self, name: str) -> Decimal | None:
        value = self.get(name)
        try:
            amount = Decimal(value) if value else None
        except InvalidOperation:
            amount = Decimal(-1)
        if amount is not None and not (amount.is_finite() and amount >= 0):
            raise SettingsError(f"{name} is an amount of money such as 500")
        return amount

    def secrets(self, name: str) -> tuple[str, ...]:
        """Secrets of callback addresses; none where they are not set."""
        given = (part.strip() for part in (self.get(name) or "").split(","))
        secrets = tuple(part for part in given if part)
        if len(secrets) > LIVE_SECRETS:
            raise SettingsError(f"{name} holds one secret, or two while rotating")
        if any(len(secret) < SHORTEST_SECRET for secret in secrets):
            raise SettingsError(f"{name}: each must have {SHORTEST_SECRET} characters or more")
        return secrets

    def ip_networks(self, name: str) -> tuple[IPv4Network | IPv6Network, ...]:
        try:
            return tuple(
                ip_network(one.strip()) for one in (self.get(name) or "").split(",") if one
            )
        except ValueError:
            raise SettingsError(
                f"{name} is a list of networks such as 192.0.2.0/24,2001:db8::/32"
            ) from None

    def count(self, name: str, default: int) -> int:
        value = self.get(name)
        if value is None:
            return default
        if not value.isdecimal() or not 1 <= int(value) <= 64:
            raise SettingsError(f"{name} is a number from 1 to 64")
        return int(value)

    def folder(self, name: str) -> Path | None:
        value = self.get(name)
        return Path(value) if value else None

"""The one place where the parts of a process are put together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from threading import Thread
from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy import Engine

from gateway.audit import log as audit
from gateway.cases.escalation import EscalationPolicy
from gateway.cases.my_code import MyCode
from gateway.cases.reports import Reports
from gateway.cases.staff_line import StaffLine
from gateway.conversation.cumulative import CumulativeConversation
from gateway.conversation.incremental import IncrementalConversation
from gateway.conversation.limits import Limits, bounds
from gateway.conversation.sessions import Sessions
from gateway.country import translations
from gateway.country.centres import Directory
from gateway.country.pack import Pack, load_country
from gateway.inbox.caller_sms import CallerSms
from gateway.inbox.staff_sms import StaffSms
from gateway.runtime import alarms, callbacks
from gateway.runtime.doorbell import RqDoorbell
from gateway.runtime.memory import Throttle
from gateway.runtime.settings import Settings, SettingsError
from gateway.sms.providers.africastalking import AfricasTalking
from gateway.sms.providers.contract import Provider
from gateway.sms.providers.kannel import Kannel
from gateway.sms.routing import Fleet
from gateway.staff import operators
from gateway.store import database
from gateway.vault.errors import VaultError
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.callers import by_sms, welcome
from menus.engine import Engine as MenuEngine
from menus.speech import Speech
from menus.staff import desk

SMS_PATIENCE: Final = 300
"""Seconds that a dialogue by SMS waits for its next number: then it shows to nobody any more."""

FLOOD_PAUSE: Final = 600
"""Seconds after which a flood that goes on is told again."""

FLOOD_ADVICE: Final = "run isange mute CODE"

REDIS_TIMEOUT: Final = 0.5
"""Seconds that a step waits for Redis before it goes on without."""


@dataclass(frozen=True)
class Parts:
    """The parts of one process, each made when first asked for."""

    settings: Settings
    role: Role

    def __post_init__(self) -> None:
        if self.role != "staff":
            self.settings.refuse_of_staff()

    @cached_property
    def pack(self) -> Pack:
        pack = load_country(self.settings.country)
        self._refuse_unverified(pack.unverified(centres=()))
        return pack

    @cached_property
    def vault(self) -> Vault:
        return Vault.open(self.settings.keys, self.role, self._keys_unreadable)

    def _keys_unreadable(self, fault: VaultError) -> None:
        """Somebody must look. Told elsewhere: a key may be needed in the middle of anything."""
        Thread(target=self._wake, args=(type(fault).__name__,), daemon=True).start()

    def _wake(self, fault: str) -> None:
        advice = "run isange doctor"
        try:
            with database.writing(self.database, "keys.unreadable") as session:
                operators.wake(session, "keys_unreadable", error=fault, advice=advice)
        except database.DatabaseFailed:
            alarms.sound("keys_unreadable", error=fault, advice=advice)

    @cached_property
    def database(self) -> Engine:
        return audit.seal_with(self._connect(), lambda: self.vault)

    def _connect(self) -> Engine:
        return database.connect(self.settings.database_url)

    @cached_property
    def redis(self) -> Redis:
        return connect_redis(self.settings.redis_url)

    def redis_answers(self) -> bool:
        """Whether Redis can be reached now."""
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False

    @cached_property
    def queue_redis(self) -> Redis:
        """For the worker, which waits for work by blocking reads: no short timeouts."""
        return Redis.from_url(self.settings.redis_url)

    @cached_property
    def speech(self) -> Speech:
        catalogues = translations.shipped(self.pack.languages)
        self._refuse_unverified([f"catalogue {one}" for one in translations.unverified(catalogues)])
        return Speech(catalogues)

    @cached_property
    def centres(self) -> Directory:
        # Samples are for looking at: without its own list a line in service shows no centre.
        until_read = () if self.settings.production else self.pack.centres
        directory = Directory(self.pack, self.database, until_read)
        self._refuse_unverified(self.pack.unverified(directory.rows))
        return directory

    @cached_property
    def doorbell(self) -> RqDoorbell:
        return RqDoorbell(self.redis)

    @cached_property
    def policy(self) -> EscalationPolicy:
        fold = timedelta(minutes=self.pack.limits.fold_minutes)
        return EscalationPolicy(self.pack.escalation, self.pack.duty_desk.id, fold)

    @cached_property
    def menus(self) -> MenuEngine:
        country = self.pack.menus_country(tuple(self.pack.languages), self.centres)
        return MenuEngine(welcome.first, country, self.speech)

    @cached_property
    def conversation(self) -> CumulativeConversation:
        return CumulativeConversation(
            engine=self.menus,
            sessions=Sessions(self.redis, self.vault, alone=self._alone),
            actions=self.reports,
            doorbell=self.doorbell,
            language=self.language,
            limits=self.limits,
            clock=self._now,
        )

    def _now(self) -> float:
        """Seconds of the world's clock, by which one call is told from the next."""
        return time.time()

    @cached_property
    def limits(self) -> Limits:
        """The bounds of a number on the lines of a phone network."""
        return self._limits("calls")

    def _limits(self, counted: str) -> Limits:
        told = Throttle(FLOOD_PAUSE)
        return Limits(
            bounds=bounds(self.pack.limits),
            hash_of=lambda number: self.vault.fingerprint("limits", counted, number.reveal()),
            flood=self.pack.limits.flood_calls,
            tell=lambda: self._flooded() if told.add() else None,
        )

    def _flooded(self) -> None:
        """Told elsewhere: no caller waits for SQL before she sees the first screen."""
        Thread(target=self._tell_of_flood, daemon=True).start()

    def _tell_of_flood(self) -> None:
        try:
            with database.writing(self.database, "flood.tell") as session:
                operators.wake(session, "flood", advice=FLOOD_ADVICE)
        except database.DatabaseFailed:
            alarms.sound("flood", advice=FLOOD_ADVICE)

    @cached_property
    def staff_conversation(self) -> CumulativeConversation:
        country = self.pack.menus_country(tuple(self.pack.languages), self.centres)
        return CumulativeConversation(
            engine=MenuEngine(desk.pin, country, self.speech),
            sessions=Sessions(self.redis, self.vault, "staff", alone=self._alone),
            actions=self.staff_line,
            doorbell=self.doorbell,
            language=self.pack.staff_language,
            may_go_on=self.staff_line.may_go_on,
            clock=self._now,
        )

    @cached_property
    def staff_line(self) -> StaffLine:
        return StaffLine(self.database, self.vault, self.policy, self.pack)

    @cached_property
    def incremental_conversation(self) -> IncrementalConversation:
        """For networks that send the newest input alone."""
        sessions = Sessions(self.redis, self.vault, "newest")
        return IncrementalConversation(
            self.menus,
            sessions,
            self.reports,
            self.language,
            welcome.first,
            self.limits,
            clock=self._now,
        )

    @cached_property
    def sms_line(self) -> CallerSms:
        sessions = Sessions(self.redis, self.vault, "sms", lifetime=SMS_PATIENCE)
        dialogue = IncrementalConversation(
            self.menus,
            sessions,
            self.reports,
            self.language,
            by_sms.warning,
            self._limits("sms calls"),  # Anybody can write in her name: it is counted apart.
            names_again=True,
            clock=self._now,
        )
        return CallerSms(
            engine=self.database,
            vault=self.vault,
            reports=self.reports,
            conversation=dialogue,
            words=self.pack.sms,
            speech=self.speech,
            language=self.language,
        )

    @property
    def _alone(self) -> bool:
        """Whether this process answers its line alone: SQLite means that there is one machine."""
        on_one_machine = self.settings.database_url.startswith("sqlite")
        return on_one_machine and self.settings.web_processes == 1

    def _refuse_unverified(self, facts: Sequence[str]) -> None:
        """A wrong hotline or a wrong word can cost a life: somebody must have signed for each."""
        if self.settings.production and facts:
            some = ", ".join(facts[:5])
            raise SettingsError(
                f"{len(facts)} facts are not verified ({some}, ...): see docs/running.md"
            )

    @cached_property
    def reports(self) -> Reports:
        cases = MyCode(self.vault, self.pack.limits.my_code_tries_per_day)
        return Reports(self.database, self.vault, self.policy, cases)

    @property
    def language(self) -> str:
        """The language of the first screen."""
        language = self.settings.language or self.pack.default_language
        if language not in self.pack.languages:
            raise SettingsError(f"ISANGE_LANGUAGE {language} is not a language of this country")
        return language

    @cached_property
    def replies(self) -> StaffSms:
        return StaffSms(self.database, self.vault, self.pack.region)

    @cached_property
    def fleet(self) -> Fleet:
        """The SMS providers, for the processes that send."""
        makers = {"africastalking": self._africas_talking, "kannel": self._kannel}
        return Fleet([(makers[one.provider](), one.weight) for one in self.settings.providers])

    def _africas_talking(self) -> Provider:
        settings = self.settings
        if settings.at_username is None or settings.at_api_key is None:
            raise SettingsError("AT_USERNAME and AT_API_KEY must be set to send SMS")
        return AfricasTalking(
            settings.at_username, settings.at_api_key, settings.at_sender_id, settings.at_url
        )

    def _kannel(self) -> Provider:
        one = self.settings
        url, username, password = one.kannel_url, one.kannel_username, one.kannel_password
        if not (url and username and password and one.kannel_sender and one.kannel_callback):
            raise SettingsError(
                "KANNEL_URL, _USERNAME, _PASSWORD, _SENDER and _CALLBACK must be set to use Kannel"
            )
        secret = one.addressed_by("callers")[0]
        reports_to = callbacks.url(one.kannel_callback, secret, "kannel-delivery")
        return Kannel(url, username, password, one.kannel_sender, reports_to, one.kannel_status_url)


@dataclass(frozen=True)
class PhoneParts(Parts):
    """The parts of a process whose answers people with a phone in their hand wait for."""

    def _connect(self) -> Engine:
        return database.connect(
            self.settings.database_url,
            transaction=database.CALLER_WAITS,
            at_once=max(1, self.settings.web_threads - 1),  # One is for who needs no SQL.
        )


def connect_redis(url: str) -> Redis:
    """A client that fails at once: the caller on the phone cannot wait for a retry.

    One immediate second try replaces a connection that a restart of the server cut.
    """
    return Redis.from_url(
        url,
        socket_timeout=REDIS_TIMEOUT,
        socket_connect_timeout=REDIS_TIMEOUT,
        retry=Retry(NoBackoff(), 1, (RedisConnectionError,)),
    )

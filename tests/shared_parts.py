"""The parts of a process as tests share them: what no test changes is made once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path

from sqlalchemy import Engine

from gateway.audit import log as audit
from gateway.cases.escalation import EscalationPolicy
from gateway.cases.my_code import MyCode
from gateway.cases.reports import Reports
from gateway.country import centres, translations
from gateway.country.pack import Pack, load_country
from gateway.sms.providers.contract import Provider
from gateway.sms.routing import only
from gateway.store import database
from gateway.vault.roles import Role
from gateway.vault.secrets import quick_hasher
from gateway.vault.vault import Vault
from gateway.wiring import Parts
from menus.speech import Speech
from workers.compose import Composer
from workers.deliver import NOTE_AGAIN, Delivery


def policy(pack: Pack) -> EscalationPolicy:
    """The times of a country; no two reports share an alert."""
    return EscalationPolicy(pack.escalation, pack.duty_desk.id)


def reports(engine: Engine, pack: Pack, vault: Vault) -> Reports:
    """What carries out the intents of callers."""
    return Reports(engine, vault, policy(pack), MyCode(vault, 5))


def delivery(
    parts: Parts, provider: Provider, note_again: Sequence[float] = NOTE_AGAIN
) -> Delivery:
    """What sends, by one provider."""
    return Delivery(parts.database, Composer.of(parts), only(provider), note_again)


def open_centres(engine: Engine, pack: Pack) -> None:
    """Put the sample centres into a database."""
    with database.writing(engine, "test") as session:
        centres.replace_all(session, pack, pack.centres)


class SharedParts(Parts):
    """Parts that take their country, words, keys and database engine from those before them.

    A secret costs next to nothing to hash: what a hash costs is the business of the vault's tests.
    """

    @cached_property
    def pack(self) -> Pack:
        return _country(self.settings.country)

    @cached_property
    def speech(self) -> Speech:
        return _speech(self.settings.country)

    @cached_property
    def vault(self) -> Vault:
        return vault(self.settings.keys, self.role)

    @cached_property
    def database(self) -> Engine:
        return engine(self.settings.database_url, self.role, lambda: self.vault)

    def close(self) -> None:
        self.database.dispose()
        self.redis.close()


@cache
def vault(folder: Path, role: Role) -> Vault:
    """The vault of a role, opened once."""
    return Vault.open(folder, role, hasher=quick_hasher())


_engines: dict[tuple[str, str], Engine] = {}


def engine(url: str, name: str, keys: Callable[[], Vault]) -> Engine:
    """The engine that an earlier test had for this database; it knows its statements by heart.

    A new engine compiles each of them anew, which is a third of what a test costs.
    """
    if (url, name) not in _engines:
        _engines[url, name] = database.connect(url)
    return audit.seal_with(_engines[url, name], keys)


def disconnect(url: str) -> None:
    """Close what is left open to a database that is about to be emptied."""
    for (known, _), one in _engines.items():
        if known == url:
            one.dispose()


@cache
def _country(code: str) -> Pack:
    return load_country(code)


@cache
def _speech(code: str) -> Speech:
    return Speech(translations.shipped(_country(code).languages))

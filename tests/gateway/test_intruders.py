"""Somebody has got into one process: with its keys, its database role, its environment and Redis.

Each test is an attack that worked once (docs/security.md tells what still does).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import get_args

import pytest
from sqlalchemy.exc import DatabaseError

from gateway.conversation.sessions import LineName, Sessions
from gateway.runtime import callbacks, phones
from gateway.runtime.callbacks import KINDS
from gateway.runtime.settings import Settings
from gateway.staff import roster
from gateway.store.grants import Process
from gateway.vault.errors import CannotOpen, NotForThisRole
from gateway.vault.fingerprints import FingerprintPurpose
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from tests.conversations import calls
from tests.conversations.interpreter import Interpreter
from tests.conversations.test_staff_line import signed_in
from tests.gateway.store.roles import Database
from tests.one_process_line import Line
from tests.phone import Phone
from tests.samples import PIN, SECRET, SECRETS, STAFF_SECRET

INTRUDED: tuple[Process, ...] = ("web", "worker")
HIS_PHONE = "+250799000666"
DENIED = "permission denied"
MARKS = 16 + 8
"""Bytes in the clear before a sealed call: the mark of what was typed, and when it began."""

Vaults = Callable[[Role], Vault]


@pytest.fixture
def line(guarded_line: Line) -> Line:
    web = guarded_line.web
    guarded_line.reads = Interpreter.of("en", web.pack, web.speech)
    return guarded_line


def reading(line: Line, nurse: str) -> Phone:
    """A nurse who has the number of a caller on her screen."""
    code = calls.reported(line)
    phone = signed_in(line, nurse).choose(code).choose("Accept", "Call her", "Number to call")
    return phone.choose("First call").sees("+250788123456")


# A member of staff who does not exist


@pytest.mark.parametrize("process", INTRUDED)
def test_he_registers_nobody(line: Line, guarded: Database, process: Process) -> None:
    """A ghost with his own phone and a PIN of his choice would open every report there is."""
    line.staff("kabutare")
    ghost = (
        "INSERT INTO staff (id, centre_id, role, language, number_hash, number, pin_hash,"
        " pin_set_at, on_duty) SELECT 'ghost', centre_id, role, language, :number_hash, number,"
        " pin_hash, pin_set_at, on_duty FROM staff"
    )
    with pytest.raises(DatabaseError, match=DENIED):
        guarded.run(process, ghost, number_hash=b"x" * 16)


@pytest.mark.parametrize("process", INTRUDED)
@pytest.mark.parametrize(
    "column", ["number", "number_hash", "pin_hash", "pin_set_at", "role", "centre_id", "left_at"]
)
def test_he_makes_no_member_of_staff_another(
    line: Line, guarded: Database, process: Process, column: str
) -> None:
    """Her alerts would go to his phone, or his phone and his PIN would be hers."""
    line.staff("kabutare")
    with pytest.raises(DatabaseError, match=DENIED):
        guarded.run(process, f"UPDATE staff SET {column} = {column}")  # noqa: S608


@pytest.mark.parametrize("process", INTRUDED)
def test_he_can_make_no_hash_of_a_pin(vaults: Vaults, process: Process) -> None:
    """Were he to find a way to write one all the same."""
    with pytest.raises(NotForThisRole, match="holds no staff-pepper key"):
        vaults(process).hash_pin(PIN, roster.pin_of("ghost"))


@pytest.mark.parametrize("process", INTRUDED)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM pin_tries",
        "DELETE FROM pin_tries",
        'UPDATE pin_tries SET "right" = true',
        "INSERT INTO pin_tries SELECT * FROM pin_tries",
    ],
)
def test_he_cannot_have_tries_of_pins_forgotten(
    guarded: Database, process: Process, statement: str
) -> None:
    with pytest.raises(DatabaseError, match=DENIED):
        guarded.run(process, statement)


# A call in which somebody is signed in already


def test_a_forged_call_leads_nowhere(line: Line) -> None:
    """Given the best copy of a signed-in call that web can make, the staff app knows none such."""
    nurse = line.staff("kabutare")
    code = calls.reported(line)
    hers = signed_in(line, nurse).sees(code)
    of_staff = Sessions(line.staff_parts.redis, line.staff_parts.vault, "staff")
    genuine = of_staff.load(of_staff.key(hers.session, phones.parse(nurse)))
    assert genuine is not None

    vault = line.web.vault
    name = vault.fingerprint("session", "staff", "forged", nurse)
    copy = replace(genuine, digest=vault.fingerprint("typed", name.hex(), hers.text))
    assert Sessions(line.web.redis, vault).save(name, copy, None)

    def dialled(session: str) -> str:
        form = {"phoneNumber": nurse, "sessionId": session, "text": f"{hers.text}*1"}
        return line.staff_client.post(line.url("staff"), data=form).get_data(as_text=True)

    assert code not in dialled("forged")
    assert dialled("forged") == dialled("another that nobody forged")


@pytest.mark.parametrize("process", INTRUDED)
def test_what_a_nurse_reads_nobody_else_reads_along(
    line: Line, vaults: Vaults, process: Process
) -> None:
    """Given all of Redis while the number of a caller is on her screen."""
    hers = reading(line, line.staff("kabutare"))
    name, stored = in_redis(line, "staff", hers)
    parts = ("staff", hers.session, hers.number)
    assert name not in set(marks(vaults(process), *parts)), "he can tell which call is hers"
    assert vaults("staff").open_session(name, stored[MARKS:]), "the staff app opens it"
    with pytest.raises((CannotOpen, NotForThisRole)):
        vaults(process).open_session(name, stored[MARKS:])


@pytest.mark.parametrize(
    ("process", "whose"), [("web", "staff"), ("worker", "staff"), ("worker", "callers")]
)
def test_what_was_typed_is_not_found_by_trying(
    line: Line, vaults: Vaults, process: Process, whose: LineName
) -> None:
    """A PIN is 10,000 tries for who can make the mark of a history, which lies open in Redis."""
    phone = reading(line, line.staff("kabutare"))
    if whose == "callers":
        phone = calls.until_need(line)
    name, stored = in_redis(line, whose, phone)
    assert stored[:16] not in set(marks(vaults(process), name.hex(), phone.text))


def in_redis(line: Line, whose: LineName, phone: Phone) -> tuple[bytes, bytes]:
    """The name of the call on a phone, and what lies there: the mark of what was typed first."""
    process = line.staff_parts if whose == "staff" else line.web
    sessions = Sessions(process.redis, process.vault, whose)
    name = sessions.key(phone.session, phones.parse(phone.number))
    stored = process.redis.get(f"session:{name.hex()}")
    assert isinstance(stored, bytes)
    assert stored[:16] == sessions.digest(name, phone.text)
    return name, stored


def marks(vault: Vault, *parts: str) -> Iterator[bytes]:
    """Whatever fingerprint these keys can make of it."""
    for purpose in get_args(FingerprintPurpose):
        try:
            yield vault.fingerprint(purpose, *parts)
        except NotForThisRole:
            continue


# The address at which staff call


def test_neither_app_answers_to_the_secret_of_the_other(line: Line) -> None:
    """Who is in web knows its secret, and would speak as any nurse."""
    for client, secret in ((line.staff_client, SECRET), (line.client, STAFF_SECRET)):
        for kind in KINDS:
            answer = client.post(callbacks.url("", secret, kind), data={"text": ""})
            assert (answer.status_code, answer.get_data()) == (404, b"")


@pytest.mark.parametrize("process", INTRUDED)
def test_the_secret_of_the_staff_is_in_no_other_environment(
    settings: Callable[..., Settings], process: Process
) -> None:
    assert "ISANGE_STAFF_SECRETS" not in SECRETS[process]
    assert settings(process).staff_secrets == ()


# What may be written with the public halves of keys


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO data_keys SELECT * FROM data_keys",
        "UPDATE data_keys SET sealed = sealed",
        "INSERT INTO contacts SELECT * FROM contacts",
        "UPDATE contacts SET sealed = sealed",
        "INSERT INTO reports SELECT * FROM reports",
    ],
)
def test_in_the_worker_he_puts_no_other_number_into_a_report(
    guarded: Database, statement: str
) -> None:
    """It opens contacts, so it could seal another one under the same key."""
    with pytest.raises(DatabaseError, match=DENIED):
        guarded.run("worker", statement)

"""The formats on disk, taken apart by hand: a change that old rows would not survive fails here.

The expected values were made with OpenSSL and the bare libraries, not with the vault.
"""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.public import PrivateKey, SealedBox

from gateway.vault.errors import CannotOpen
from gateway.vault.fields import DataKey, Where, WrappedKey
from gateway.vault.hidden import KeyBytes
from gateway.vault.keyring import Keyring
from gateway.vault.roles import KeyName
from gateway.vault.secrets import default_hasher
from gateway.vault.vault import OpenedKeys, Vault

KEY = bytes(range(32))
PRIVATE = bytes(range(32, 64))
PUBLIC = bytes(PrivateKey(PRIVATE).public_key)
ID = "20261124a"
HERE = Where("contacts", "number", "R-41")
SECRET_HERE = Where("reports", "secret_hash", "R-41")
NUMBER = b"+250788000001"
PADDED_NUMBER = NUMBER + b"\x80" + bytes(256 - len(NUMBER) - 1)

FIELD = base64.b64decode(
    "AWRlZmdoaWprbG1ub2Mp61ZO0W6uDlJv2Ovlav1CwgYKi2zzcqfRrEj7o6VIlOlAwEwSmwT983g//ULK"
    "zxtbmOcgSkEo+vGs1u+BpYoIjNsO1ks7BYtv7UMRijHmZHgfNKfFjcbf8TbEexNOUY5xkn5rTbh+s/re"
    "xaINuOgiK4AfwXm5NLJ5k7HatAjHMp+YqGkyQivJSVYFiYBcgpbH/UZQS4aSMZF+TeARpfqQMSdckNzh"
    "4GtYoffsdKPOlvHNqTezUs94ARFIwoAfzsovBuqoFXQBQn9rY0U68ghASJYCh1gMvfIYAtTs5RHrTiei"
    "+6KFKz4arFzRqFWA0VDWB6vzxO3Lx/AaayI++ps+JFdz7WKcpWqm0utmlQij"
)
WRAPPED = base64.b64decode(
    "IKtElhEFSlyin4tZc6cPXHwSJwqaIPDdNVlbqW0eGEq8WTGOEghp6Yhe6ZnqxJkWYgY7uDbaNUtvzc16"
    "hoyNA7nGE1nuPHOSziVCB7srSEsP0LBfnZkzhRWyqw81lXewdq/Tq1wkH99sITrsnV/ODQ=="
)


class Fixed:
    """Keys that do not change, from no folder."""

    def __init__(self, parts: OpenedKeys) -> None:
        self._parts = parts

    def parts(self) -> OpenedKeys:
        return self._parts

    def newer_than(self, parts: object) -> None:
        return None


@pytest.fixture(scope="module")
def vault() -> Vault:
    """A vault with one known key of every kind, both halves: no real role has so many."""
    keys = {
        KeyName("session", ID, "secret"): KeyBytes(KEY),
        KeyName("lookup", ID, "secret"): KeyBytes(KEY),
        KeyName("pepper", ID, "secret"): KeyBytes(KEY),
        KeyName("alert", ID, "secret"): KeyBytes(KEY),
        KeyName("sender", ID, "public"): KeyBytes(PUBLIC),
        KeyName("sender", ID, "private"): KeyBytes(PRIVATE),
    }
    return Vault(Fixed(OpenedKeys(Keyring("web", keys), default_hasher())), "web")


def place(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def test_a_field_is_version_nonce_and_aes_gcm_of_the_padded_value() -> None:
    key = DataKey(KeyBytes(KEY), ())
    assert key.decrypt(FIELD, HERE) == NUMBER
    sealed = key.encrypt(NUMBER, HERE)
    opened = AESGCM(KEY).decrypt(sealed[1:13], sealed[13:], b"contacts|number|R-41")
    assert (sealed[:1], opened) == (b"\x01", PADDED_NUMBER)


def test_a_wrapped_key_is_a_box_of_place_and_key(vault: Vault) -> None:
    wrapped = WrappedKey("sender", ID, WRAPPED)
    assert vault.unwrap("R-41", "contact", wrapped).decrypt(FIELD, HERE) == NUMBER
    opened = SealedBox(PrivateKey(PRIVATE)).decrypt(WRAPPED)
    assert opened == place(b"data key", b"contact", b"R-41") + KEY


def test_a_box_with_a_shorter_key_is_refused_though_the_place_is_right(vault: Vault) -> None:
    """AES would take 16 bytes and be AES-128."""
    short = place(b"data key", b"contact", b"R-41") + KEY[:16]
    sealed = SealedBox(PrivateKey(PRIVATE).public_key).encrypt(short)
    with pytest.raises(CannotOpen, match="holds no data key"):
        vault.unwrap("R-41", "contact", WrappedKey("sender", ID, sealed))


def test_a_sealed_value_is_version_key_id_and_a_box_of_place_and_padded_value(
    vault: Vault,
) -> None:
    plain = place(b"value", b"contacts", b"number", b"R-41") + PADDED_NUMBER
    by_hand = b"\x01" + ID.encode() + SealedBox(PrivateKey(PRIVATE).public_key).encrypt(plain)
    assert vault.open_sealed("sender", by_hand, HERE) == NUMBER
    sealed = vault.seal_for("sender", NUMBER, HERE)
    assert sealed[:10] == b"\x01" + ID.encode()
    assert SealedBox(PrivateKey(PRIVATE)).decrypt(sealed[10:]) == plain


def test_a_session_is_version_key_id_nonce_and_aes_gcm_of_the_padded_data(vault: Vault) -> None:
    padded, nonce = b"state\x80" + bytes(1018), bytes(range(12))
    by_hand = b"\x01" + ID.encode() + nonce + AESGCM(KEY).encrypt(nonce, padded, b"name")
    assert vault.open_session(b"name", by_hand) == b"state"
    sealed = vault.seal_session(b"name", b"state")
    assert sealed[:10] == b"\x01" + ID.encode()
    assert AESGCM(KEY).decrypt(sealed[10:22], sealed[22:], b"name") == padded


def test_fingerprints(vault: Vault) -> None:
    contact = vault.fingerprint("contact", "+250788123456")
    session = vault.fingerprint("session", "ATUid", "+250788123456")
    assert contact.hex() == "6ae4c2c73ee7f312097902355e5b8c8e"
    assert session.hex() == "4d70b04143bb665aec16a7e71b2f6a00"


def test_alert_digits(vault: Vault) -> None:
    assert vault.alert_digits("41") == "1992"


def test_a_secret_is_argon2id_of_an_hmac_under_the_pepper(vault: Vault) -> None:
    stored = (
        "20261124a$argon2id$v=19$m=12288,t=3,p=1$AAECAwQFBgcICQoLDA0ODw"
        "$jhCk4Bgyi9kbjAqlkWR2HEmzp/yes6lmrSE4DTUM11o"
    )
    assert vault.check_secret(stored, "4821", SECRET_HERE)
    assert not vault.check_secret(stored, "4822", SECRET_HERE)
    made = vault.hash_secret("4821", SECRET_HERE)
    assert made.startswith("20261124a$argon2id$v=19$m=12288,t=3,p=1$")
    assert len(made) == len(stored)

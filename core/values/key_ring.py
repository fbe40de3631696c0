"""Encrypts small values that only some services may read, under keys that the database does not have.

A ring's keys are as in `core.settings.key_list`: the first encrypts, and each decrypts what it had encrypted.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import SettingsError
from core.settings.key_list import key_list


class KeyRing:
    """Encrypts and authenticates with Fernet (AES-128-CBC, HMAC-SHA256).

    `purpose` goes into the keys, so that one secret for two purposes gives two keys. `stranger` is the error for what
    none of the keys encrypted.
    """

    def __init__(self, keys: str, *, purpose: str, stranger: SettingsError) -> None:
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(derived(key, purpose))) for key in key_list(keys)])
        self._stranger = stranger

    def seal(self, secret: bytes) -> str:
        """`secret`, encrypted and authenticated."""
        return self._fernet.encrypt(secret).decode()

    def open(self, sealed: str) -> bytes:
        """The secret. Raises SettingsError if none of the keys sealed it."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise self._stranger from error

    def opens(self, sealed: str) -> bool:
        """Whether one of the keys sealed it."""
        try:
            self._fernet.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: str) -> str:
        """The same secret under the first key. Raises SettingsError if none of the keys sealed it."""
        try:
            return self._fernet.rotate(sealed).decode()
        except InvalidToken as error:
            raise self._stranger from error


def derived(key: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869)."""
    return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(key.encode())

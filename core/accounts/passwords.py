"""Passwords: which are accepted, and how they are stored.

A password needs a length and must not be easy to guess; no rules of composition, no expiry (NIST SP 800-63B-4,
3.1.1.2). It is stored as argon2id with the library's parameters (RFC 9106, low-memory profile); the next sign-in
replaces a hash that has other parameters.
"""

from __future__ import annotations

import secrets
import unicodedata
from enum import StrEnum
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST, MOST = 12, 256  # characters
DISTINCT = 5  # different characters
# Without letters and digits that look alike: people read a password aloud and type it from paper.
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
OBVIOUS = frozenset(
    {
        *("password", "passwort", "passphrase", "senha", "contrasena", "motdepasse", "secret", "changeme"),
        *("qwertyuiop", "qwertzuiop", "azertyuiop", "qwerty", "asdfghjkl", "letmein", "welcome", "iloveyou", "hello"),
        *("callwise", "telemarketing", "admin", "administrator", "manager", "engineer", "agent"),
    }
)
_RUNS = ("0123456789" * 3, "9876543210" * 3, "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba")
_hasher = PasswordHasher()
# One verification takes 64 MiB: many attempts at once must not take the memory that the screens need.
_at_once = BoundedSemaphore(4)


class Weakness(StrEnum):
    """What is wrong with a password."""

    SHORT = "short"
    LONG = "long"
    NAME = "name"
    OBVIOUS = "obvious"


def weakness(password: str, *names: str) -> Weakness | None:
    """What is wrong with `password` for a person with these `names`, or None."""
    text = _plain(password)
    if len(text) < LEAST:
        return Weakness.SHORT
    if len(text) > MOST:
        return Weakness.LONG
    core = _letters(text)
    if any((core and core == _letters(name)) or text.casefold() == name.casefold() for name in names):
        return Weakness.NAME
    if core in OBVIOUS or len(set(text)) < DISTINCT or any(text.casefold() in run for run in _RUNS):
        return Weakness.OBVIOUS
    return None


def hash_password(password: str) -> str:
    """The hash to store, with its salt and parameters in it."""
    with _at_once:
        return _hasher.hash(_plain(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether `kept` is the hash of `password`; the answer takes as long where there is no hash."""
    with _at_once:
        try:
            return _hasher.verify(kept or _hash_of_nobody(_hasher), _plain(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def outdated(kept: str) -> bool:
    """Whether the hash `kept` has other parameters than those in use now."""
    return _hasher.check_needs_rehash(kept)


def generate() -> str:
    """A first password, which its owner changes at the first sign-in: 20 characters, 115 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(20))


@cache
def _hash_of_nobody(hasher: PasswordHasher) -> str:
    return hasher.hash(secrets.token_hex(32))


def _plain(password: str) -> str:
    """The same password on every keyboard (NIST SP 800-63B-4 asks for this normalization, or for NFC)."""
    return unicodedata.normalize("NFKC", password)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalpha())

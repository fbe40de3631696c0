"""One-time codes by the clock (TOTP, RFC 6238), recovery codes, and the key that encrypts the secrets of the former.

The parameters are those that every authenticator app knows: SHA-1, six digits, 30 seconds.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken as WrongCode
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from core.errors import SettingsError
from core.values import key_ring

DIGITS, SECONDS = 6, 30
DRIFT = 1
"""Steps of the clock before and after the present one whose codes are right too (RFC 6238, section 5.2)."""
BYTES = 20
"""Length of a secret: that of SHA-1 (RFC 4226, requirement 6)."""
RECOVERY_CODES = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without letters and digits that look alike
RECOVERY_LENGTH = 16  # 79 bits, so that a plain hash keeps them: nobody tries them all
ISSUER = "Callwise"


class KeyRing(key_ring.KeyRing):
    """Encrypts the secrets of one-time codes with the first of `keys`, and decrypts with all of them.

    `keys` are as in `core.settings.key_list`.
    """

    def __init__(self, keys: str) -> None:
        super().__init__(keys, purpose="callwise second factor", stranger=_another_key())


def new_secret() -> bytes:
    """A secret for one account."""
    return os.urandom(BYTES)


def typed(secret: bytes) -> str:
    """`secret` as people type it into an app: base32 in groups of four."""
    return grouped(base64.b32encode(secret).decode().rstrip("="), " ")


def address(secret: bytes, account: str) -> str:
    """The otpauth:// address of `secret`, which an authenticator app on the same device opens."""
    return _totp(secret).get_provisioning_uri(account, ISSUER)


def code_at(secret: bytes, at: datetime) -> str:
    """The code of `secret` at that time."""
    return _totp(secret).generate(int(at.timestamp())).decode()


def step_of(secret: bytes, code: str, at: datetime) -> int | None:
    """The step of the clock whose code `code` is, at most DRIFT from `at`; None for a wrong code."""
    now, totp = int(at.timestamp()) // SECONDS, _totp(secret)
    for step in range(now - DRIFT, now + DRIFT + 1):
        try:
            totp.verify(code.encode(), step * SECONDS)
        except WrongCode:
            continue
        return step
    return None


def plain(code: str) -> str:
    """A typed code without the spaces and hyphens of its groups."""
    return "".join(letter for letter in code.lower() if letter.isalnum())[: RECOVERY_LENGTH + 1]


def by_the_clock(code: str) -> bool:
    """Whether a plain code is one by the clock, and not a recovery code."""
    return len(code) == DIGITS and code.isascii() and code.isdigit()


def recovery_codes() -> list[str]:
    """New recovery codes, in groups of four."""
    return [
        grouped("".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH)), "-") for _ in range(RECOVERY_CODES)
    ]


def recovery_hash(code: str) -> str:
    """What is stored of a recovery code. It needs no salt: the code is random."""
    return hashlib.sha256(plain(code).encode()).hexdigest()


def grouped(text: str, between: str) -> str:
    """`text` in groups of four."""
    return between.join(text[place : place + 4] for place in range(0, len(text), 4))


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), SECONDS)  # noqa: S303 - RFC 6238, which the apps speak


def _another_key() -> SettingsError:
    return SettingsError(
        "A second factor was stored under another CALLWISE_SECOND_FACTOR_KEY.",
        kept="Nobody was let in.",
        next="Put the former key back. Recovery codes work without it; scripts/accounts reset-factor helps as well.",
    )

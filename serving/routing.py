"""Decides which prospects the canary scores.

A keyed hash of the prospect decides, so a person gets the same model in every request and on every replica, and nobody
without the key can choose who gets the canary. HMAC-SHA256: RFC 2104, FIPS 180-4.
"""

from __future__ import annotations

import hashlib
import hmac

SCALE = 2**64


class Router:
    """Sends `share` (0 to 1) of all prospects to the canary, chosen by `key`."""

    def __init__(self, key: bytes, share: float) -> None:
        self._key, self.share = key, share
        self._below = round(share * SCALE)

    def with_share(self, share: float) -> Router:
        """The same routing with another share: whoever is in the smaller of two shares is in the larger, too."""
        return Router(self._key, share)

    def to_canary(self, prospect: str) -> bool:
        """Whether the canary scores `prospect`. A row without a prospect ("") always goes to the champion."""
        if not prospect:
            return False
        digest = hmac.new(self._key, prospect.encode(), hashlib.sha256).digest()
        return int.from_bytes(digest[:8], "big") < self._below

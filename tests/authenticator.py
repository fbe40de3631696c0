"""A passkey in software: it answers as a browser with an authenticator does, and can be told to answer wrongly."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def options_on(page: str) -> dict[str, Any]:
    """What the page asks of a browser: the options of its one button."""
    [found] = re.findall(r'data-passkey="([^"]*)"', page)
    options: dict[str, Any] = json.loads(unescape(found))
    return options


@dataclass
class Authenticator:
    """One passkey of a browser whose page has `origin`. With `counts` it counts its uses."""

    origin: str
    counts: bool = True
    flags: int = PRESENT | VERIFIED
    sign_count: int = 0
    id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any], *, rp_id: str | None = None, origin: str | None = None) -> str:
        """The answer to `navigator.credentials.create`, for another `rp_id` or `origin` than it should."""
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        credential = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(cose)
        data = self._data(rp_id or options["rp"]["id"], ATTESTED) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"], origin)
        return self._answer(clientDataJSON=client, attestationObject=attestation)

    def get(self, options: dict[str, Any], *, rp_id: str | None = None, origin: str | None = None) -> str:
        """The answer to `navigator.credentials.get`, for another `rp_id` or `origin` than it should."""
        self.sign_count += self.counts
        data, client = self._data(rp_id or options["rpId"]), self._client("webauthn.get", options["challenge"], origin)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=data, signature=signature)

    def _data(self, rp_id: str, more: int = 0) -> bytes:
        name = hashlib.sha256(rp_id.encode()).digest()
        return name + bytes([self.flags | more]) + self.sign_count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str, origin: str | None) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": origin or self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, **response: bytes) -> str:
        own = text(self.id)
        given = {name: text(value) for name, value in response.items()}
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": given})


def text(value: bytes) -> str:
    """base64url without its end, as browsers write bytes."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")

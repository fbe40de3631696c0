"""An OpenID Connect provider on loopback: metadata, keys, and tokens for whoever a test says is there."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "callwise", "the secret of the app at the provider"


@dataclass
class Provider:
    """`spoil` changes the claims of the next ID token after what is right was put in."""

    address: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"}))
    codes: dict[str, tuple[dict[str, Any], dict[str, str]]] = field(default_factory=dict)
    spoil: dict[str, Any] = field(default_factory=dict)

    @property
    def metadata(self) -> str:
        return f"{self.address}/.well-known/openid-configuration"

    def agree(self, asked: str, **claims: Any) -> dict[str, str]:
        """Somebody with `claims` signed in at the address `asked`: what the browser is sent back with."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(asked).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = (claims, query)
        return {"code": code, "state": query["state"]}

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def token(self, form: dict[str, str], login: str) -> dict[str, Any] | None:
        claims, asked = self.codes.pop(form.get("code", ""), (None, {}))
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode()
        if claims is None or login != f"{CLIENT}:{SECRET}" or proof.rstrip("=") != asked.get("code_challenge"):
            return None
        now = int(time.time())
        right = {"iss": self.address, "aud": CLIENT, "nonce": asked["nonce"], "iat": now, "exp": now + 60, **claims}
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, {**right, **self.spoil}, self.key)
        return {"access_token": "unused", "token_type": "Bearer", "expires_in": 60, "id_token": signed}


@contextmanager
def running() -> Iterator[Provider]:
    provider = Provider()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys = {"keys": [provider.key.as_dict(private=False)]}
            self.answer(keys if self.path == "/keys" else provider.document())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            login = base64.b64decode(self.headers.get("authorization", "").removeprefix("Basic ")).decode()
            found = provider.token(form, login)
            self.answer(found or {"error": "invalid_grant"}, 200 if found else 400)

        def answer(self, document: dict[str, Any], status: int = 200) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    provider.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""Certificates of the door, on a real Caddy: one's own is taken up without a restart; names and addresses fit."""

from __future__ import annotations

import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.settings.group import ROOT
from tests.caddy import NAME, Door, program, running

SECONDS = 60


def write_certificate(folder: Path, serial: int) -> None:
    """A certificate of one's own, and its key, at the paths that the door is told."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))


def becomes(door: Door, serial: int) -> bool:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if x509.load_der_x509_certificate(door.certificate(8443)).serial_number == serial:
            return True
        time.sleep(0.1)
    return False


async def _screen(_request: Request) -> Response:
    return PlainTextResponse("the screens")


def test_a_certificate_of_ones_own_is_taken_up_without_a_restart(tmp_path: Path) -> None:
    app = Starlette(routes=[Route("/{path:path}", _screen)])
    write_certificate(tmp_path, 1001)
    paths = f"{tmp_path / 'cert.pem'} {tmp_path / 'key.pem'}"
    with running(app, tmp_path, DOOR_TLS=paths, DOOR_WATCH_SECONDS="0.2") as door:
        assert becomes(door, 1001)
        (tmp_path / "cert.pem").write_text("half of a file")
        time.sleep(1)
        assert becomes(door, 1001), "what does not fit is left, and the door stays open"
        assert door.ask("GET", 8443, "/").text == "the screens"
        write_certificate(tmp_path, 1002)
        assert becomes(door, 1002)
        assert door.ask("GET", 8443, "/").text == "the screens"
        assert door.process.poll() is None


@pytest.mark.parametrize(
    ("host", "tls"),
    [
        ("callwise.example.org", "ops@example.org"),
        ("10.0.0.7", "internal"),
        ("[2001:db8::7]", "internal"),
        ("localhost", "internal"),
    ],
)
def test_the_doors_file_fits_names_and_addresses(tmp_path: Path, host: str, tls: str) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "DOOR_HOST": host,
        "DOOR_NAME": host.strip("[]"),
        "DOOR_TLS": tls,
        "DOOR_SCORING_LOGIN": "eA==",
        "PREFECT_LOGIN": "eA==",
        "DOOR_ADMIN": f"unix/{tmp_path / 'admin'}",
    }
    command = [program(), "validate", "--adapter", "caddyfile", "--config", str(ROOT / "deploy/Caddyfile")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr

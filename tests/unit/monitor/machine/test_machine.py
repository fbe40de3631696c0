"""Clock, memory and certificate, as the machine tells them."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.oversight.memory import used_share
from monitor.machine.certificate import certificate_of
from monitor.machine.clock import CLOCK_BOOTTIME, Clockwork, passed_seconds, synchronized

ENDS = datetime(2026, 12, 24, 18, tzinfo=UTC)


def test_the_kernel_says_whether_the_clock_is_kept_or_nothing() -> None:
    assert synchronized() in (True, False, None)


def test_a_clock_that_is_set_has_jumped_once() -> None:
    wall, passed = [1000.0], [0.0]
    clockwork = Clockwork(lambda: wall[0], lambda: passed[0])
    jumps = []
    for at, since in ((1000.0, 0.0), (1030.0, 30.0), (1061.5, 60.0), (691.0, 90.0), (721.0, 120.0)):
        wall[0], passed[0] = at, since
        jumps.append(clockwork.jump())
    assert jumps == [0.0, 0.0, 0.0, pytest.approx(-400.5), 0.0]


def test_sleep_is_no_jump_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the day and the time since the start go on in sleep; the monotonic clock stands still."""
    clocks = {CLOCK_BOOTTIME: 500.0, time.CLOCK_REALTIME: 1000.0}
    monkeypatch.setattr(time, "clock_gettime", clocks.__getitem__)
    monkeypatch.setattr(time, "monotonic", lambda: 500.0)
    clockwork = Clockwork(wall=lambda: clocks[time.CLOCK_REALTIME])
    jumps = [clockwork.jump()]
    clocks.update({clock: seconds + 28_800.0 for clock, seconds in clocks.items()})
    jumps.append(clockwork.jump())
    clocks[time.CLOCK_REALTIME] += 60.0
    jumps.append(clockwork.jump())
    assert jumps == [0.0, 0.0, 60.0]


def test_where_no_clock_counts_sleep_the_monotonic_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.machine.clock.CLOCK_BOOTTIME", None)
    monkeypatch.setattr(time, "monotonic", lambda: 7.0)
    assert passed_seconds() == 7.0


def cgroup(folder: Path, limit: str, current: int, inactive: int) -> Path:
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{current}\n")
    (folder / "memory.stat").write_text(f"anon {current - inactive}\ninactive_file {inactive}\n")
    return folder


def test_pages_that_can_be_dropped_are_no_use_of_memory(tmp_path: Path) -> None:
    assert used_share(cgroup(tmp_path, "1000", 900, 500)) == pytest.approx(0.4)


def test_without_a_limit_nothing_is_near_it(tmp_path: Path) -> None:
    assert used_share(cgroup(tmp_path, "max", 900, 500)) is None
    assert used_share(tmp_path / "nowhere") is None


class Answers(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def door(tmp_path: Path) -> Iterator[str]:
    """A TLS server with a certificate until `ENDS`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "callwise.example.org")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(ENDS - timedelta(days=90)).not_valid_after(ENDS).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "both.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_door_shows_until_when_its_certificate_is_valid(door: str) -> None:
    found = certificate_of(door, "https://callwise.example.org:8443")
    assert found is not None
    assert found.ends == ENDS
    assert not found.late(ENDS - timedelta(days=15))
    assert found.late(ENDS - timedelta(days=13))


def test_a_door_that_does_not_answer_says_nothing_of_its_certificate() -> None:
    assert certificate_of("127.0.0.1:1", "https://callwise.example.org") is None

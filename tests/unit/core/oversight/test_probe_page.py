"""A probe always gets its answer, whatever it sends behind the request, and whoever hangs up is no error."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from core.oversight.probe_page import Answer, ProbePage

LARGE = Answer(b"x" * 20_000_000, "text/plain")


@pytest.fixture
def page() -> Iterator[ProbePage]:
    answers = {"/health": lambda: Answer.of({"ok": True}), "/large": lambda: LARGE}
    page = ProbePage("127.0.0.1", 0, answers, name="The page", setting="PORT")
    yield page
    page.close()


def asked(page: ProbePage, *pieces: bytes) -> bytes:
    """All that comes back. Raises ConnectionError if the connection was cut off before."""
    with socket.create_connection(("127.0.0.1", page.port), timeout=10) as connection:
        for place, piece in enumerate(pieces):
            time.sleep(0.03 if place else 0)
            connection.sendall(piece)
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    ("method", "status", "has_body"), [("GET", b"200", True), ("HEAD", b"200", False), ("POST", b"501", True)]
)
def test_a_body_that_nobody_reads_does_not_cut_off_the_answer(
    page: ProbePage, method: str, status: bytes, has_body: bool
) -> None:
    piece = b"A" * 50_000
    head = f"{method} /health HTTP/1.1\r\nHost: here\r\nContent-Length: {4 * len(piece)}\r\n\r\n".encode()
    for _ in range(5):
        answer = asked(page, head, piece, piece, piece, piece)
        first, _, rest = answer.partition(b"\r\n\r\n")
        assert first.split()[1] == status
        assert bool(rest) == has_body


def test_other_addresses_are_named(page: ProbePage) -> None:
    answer = asked(page, b"GET /else?x=1 HTTP/1.1\r\n\r\n")
    assert answer.split()[1] == b"404"
    assert b"only /health and /large are here" in answer


def test_whoever_hangs_up_leaves_nothing_in_the_log(page: ProbePage, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", page.port), timeout=10) as connection:
            connection.sendall(b"GET /large HTTP/1.1\r\n\r\n")
            connection.recv(100)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(10)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kind", [LookupError, ConnectionResetError])
def test_a_fault_of_the_page_itself_is_told(kind: type[Exception], capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> Answer:
        raise kind("a fault of this test")

    page = ProbePage("127.0.0.1", 0, {"/health": broken}, name="The page", setting="PORT")
    try:
        assert asked(page, b"GET /health HTTP/1.1\r\n\r\n") == b""
        for thread in threading.enumerate():
            if "process_request_thread" in thread.name:
                thread.join(10)
        assert "a fault of this test" in capsys.readouterr().err
    finally:
        page.close()

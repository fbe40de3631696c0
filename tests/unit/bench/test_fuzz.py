"""The judge of `scripts/bench fuzz` sees a door that answers wrongly, not at all, or no longer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import pytest

from bench.fuzz.good import Good, look, made
from bench.fuzz.hostile import Hostile, is_odd
from bench.fuzz.senders import Target, send, shares
from bench.fuzz.totals import CLOSED, SILENT, Totals
from bench.fuzz.wire import HOST, Raw, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
ASK = Raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


@contextmanager
def server(*answers: bytes | None) -> Iterator[int]:
    """A server that gives each of these to one connection and closes it; None: it is silent. The last one is repeated.

    Gives its port.
    """
    end = threading.Event()
    listening = socket.create_server((HOST, 0))

    def serve() -> None:
        left = list(answers)
        while not end.is_set():
            try:
                one, _ = listening.accept()
            except OSError:
                return
            answer = left.pop(0) if len(left) > 1 else left[0]
            with one:
                one.recv(1 << 16)
                if answer is None:
                    end.wait(5)
                else:
                    one.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        end.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def test_a_server_may_close_in_the_middle_of_what_breaks_the_grammar_and_not_be_silent() -> None:
    totals = Totals()
    for status in (CLOSED, 502):
        totals.add("door", status, grammatical=False)
    assert totals.errors == 0
    totals.add("door", SILENT, grammatical=False)
    totals.add("door", 500, grammatical=False)
    assert totals.errors == 2


@pytest.mark.parametrize(
    ("status", "whole", "errors"),
    [
        *((200, True, 0), (404, True, 0), (503, True, 0), (501, True, 0)),
        *((500, True, 1), (500, False, 1), (502, True, 1), (502, False, 0)),
        *((CLOSED, True, 1), (SILENT, True, 1), (CLOSED, False, 0), (SILENT, False, 0)),
    ],
)
def test_a_server_error_and_a_missing_answer_are_errors(status: int, whole: bool, errors: int) -> None:
    totals = Totals()
    totals.add("door", status, b"x", whole=whole)
    assert (totals.many, totals.errors, len(totals.examples)) == (1, errors, errors)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (OK, 200),
        (b"", CLOSED),
        (None, SILENT),
        (b"hello\r\n\r\n", CLOSED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", CLOSED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 200),
    ],
)
def test_no_answer_is_told_apart_from_an_answer(answer: bytes | None, status: int) -> None:
    with server(answer) as port:
        wire = Wire(port, patience=0.3)
        assert wire.ask([ASK]) == [status]
        wire.close()


def test_an_answer_to_head_has_no_body() -> None:
    with server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") as port:
        wire = Wire(port, patience=0.3)
        assert wire.ask([Raw(b"HEAD / HTTP/1.1\r\n\r\n", head=True)]) == [200]
        wire.close()


def test_what_a_closed_connection_left_unanswered_is_sent_again() -> None:
    with server(b"", OK) as port:
        wire = Wire(port)
        assert wire.ask([ASK, ASK]) == [200, 200]
        wire.close()


def test_a_door_that_no_longer_answers_a_good_request_is_a_crash() -> None:
    totals = Totals()
    with server(OK) as port:
        look([Good("door", port, None, made("GET", "/"))], totals, "the requests", patience=0)
    assert totals.crashes == 0
    for answer in (b"HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", b""):
        with server(answer) as port:
            look([Good("door", port, None, made("GET", "/"))], totals, "the requests", patience=0)
    look([Good("door", 1, None, made("GET", "/"))], totals, "the requests", patience=0)
    assert totals.crashes == 3


def target(port: int, ask: Callable[[Random], Hostile] = lambda random: Hostile(random, "x", ("/",))) -> Target:
    return Target("door", port, None, 1, ask)


def test_as_many_requests_are_counted_as_were_asked_for() -> None:
    totals = Totals()
    with server(OK) as port:
        send(target(port), 50, totals, seed=1)
    assert totals.tried == {"door": 50}


def test_a_thread_that_ends_is_no_secret() -> None:
    def ask(_random: Random) -> Hostile:
        raise ValueError("a mistake of the fuzz")

    with server(OK) as port, pytest.raises(ValueError, match="a mistake"):
        send(target(port, ask), 50, Totals(), seed=1)


def test_requests_that_are_counted_twice_are_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    totals = Totals()
    add = totals.add
    monkeypatch.setattr(totals, "add", lambda *words, **named: [add(*words, **named) for _ in range(2)])
    with server(OK) as port, pytest.raises(RuntimeError, match="100 of 50"):
        send(target(port), 50, totals, seed=1)


def test_a_door_that_does_not_listen_is_a_crash_and_counted() -> None:
    totals = Totals()
    send(target(1), 2, totals, seed=1, threads=1)
    assert totals.crashes > 0
    assert totals.tried == {"door": 2}


def test_no_request_is_left_over_when_doors_share_them() -> None:
    doors = [Target("door", 1, None, share, target(1).made) for share in (0.5, 0.3, 0.2)]
    assert shares(101, doors) == [51, 30, 20]


def test_requests_that_break_the_grammar_are_known() -> None:
    assert not is_odd(ASK.data)
    assert not is_odd(b"GET /%c0?a=100%25 HTTP/1.1\r\n\r\n")
    assert is_odd(b"GET /%zz HTTP/1.1\r\n\r\n")
    assert is_odd(b"GET x HTTP/1.1\r\n\r\n")
    assert is_odd(b"NONSENSE / HTTP/1.1\r\n\r\n")

"""Ports are free when chosen, never chosen twice, and a taken one is named."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from bootstrap.embedded import ports
from core.errors import Conflict

NAMES = ("first", "second", "third")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port below the usual rows, so that no appliance on this machine wants it."""
    with socket.socket() as server:
        for port in range(17000, 18000, 10):
            try:
                server.bind((ports.HOST, port))
            except OSError:
                continue
            server.listen()
            yield port
            return
    pytest.fail("no free port between 17000 and 18000")


def test_two_appliances_never_get_the_same_ports() -> None:
    one, other = ports.claim(NAMES), ports.claim(NAMES)
    try:
        assert not set(one.ports.values()) & set(other.ports.values())
    finally:
        one.release()
        other.release()


def test_rows_that_overlap_are_seen_too() -> None:
    held = ports.claim(NAMES)
    try:
        with pytest.raises(Conflict, match=f"{held.base} \\(second\\)"):
            ports.claim(NAMES, base=held.base - 1)
    finally:
        held.release()


def test_the_remembered_row_is_taken_again() -> None:
    one = ports.claim(NAMES)
    one.release()
    again = ports.claim(NAMES, remembered=one.base)
    assert again.ports == one.ports
    again.release()


def test_a_remembered_row_that_is_taken_is_given_up(taken: int) -> None:
    chosen = ports.claim(NAMES, remembered=taken - 1)
    assert taken not in chosen.ports.values()
    assert chosen.base != taken - 1
    chosen.release()


def test_a_taken_port_of_the_wanted_row_is_named(taken: int) -> None:
    with pytest.raises(Conflict, match=f"port {taken} \\(third\\) is taken"):
        ports.claim(NAMES, base=taken - 2)


def test_a_refused_row_holds_nothing(taken: int) -> None:
    with pytest.raises(Conflict):
        ports.claim(NAMES, base=taken - 2)
    row = ports.claim(("only",), base=taken - 2)
    row.release()

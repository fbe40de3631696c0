"""Routing: the share is right, and a prospect's route depends on the prospect and the key alone."""

import math

import pytest

from serving.routing import Router

KEYS = [f"campaign:{number}" for number in range(20_000)]


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
def test_the_share_is_kept_within_four_standard_deviations(share: float) -> None:
    canary = sum(Router(b"key", share).to_canary(key) for key in KEYS)
    assert abs(canary - share * len(KEYS)) <= 4 * math.sqrt(len(KEYS) * share * (1 - share))


def test_a_prospect_keeps_its_route() -> None:
    one, other = Router(b"key", 0.05), Router(b"key", 0.05)
    assert [one.to_canary(key) for key in KEYS] == [other.to_canary(key) for key in reversed(KEYS)][::-1]


def test_a_larger_share_keeps_those_who_were_in() -> None:
    small, large = Router(b"key", 0.05), Router(b"key", 0.2)
    assert all(large.to_canary(key) for key in KEYS if small.to_canary(key))


def test_another_key_chooses_others() -> None:
    one, other = Router(b"key", 0.5), Router(b"another key", 0.5)
    agree = sum(one.to_canary(key) == other.to_canary(key) for key in KEYS)
    assert abs(agree - len(KEYS) / 2) <= 4 * math.sqrt(len(KEYS) / 4)


def test_no_share_and_nobody_go_to_the_champion() -> None:
    assert not any(Router(b"key", 0.0).to_canary(key) for key in KEYS)
    assert not any(Router(str(number).encode(), 0.5).to_canary("") for number in range(100))


def test_a_share_in_force_keeps_the_key() -> None:
    small, large = Router(b"key", 0.05), Router(b"key", 0.05).with_share(0.2)
    assert (small.share, large.share) == (0.05, 0.2)
    assert [large.to_canary(key) for key in KEYS] == [Router(b"key", 0.2).to_canary(key) for key in KEYS]

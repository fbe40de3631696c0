from datetime import timedelta

import pytest

from app.access.attempts import LONGEST, Key, wait_after


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 15), (6, 30), (7, 60), (10, 480), (11, 900), (12, 900), (10_000, 900)]
)
def test_the_wait_grows_and_has_an_end(failures: int, seconds: int) -> None:
    assert wait_after(failures, 5) == timedelta(seconds=seconds) <= LONGEST


def test_what_was_typed_as_a_name_is_not_kept() -> None:
    for key in (Key.of_name("hunter2"), Key.of_pair("hunter2", "10.0.0.1")):
        assert "hunter" not in key.id
        assert "10.0.0.1" not in key.id
    assert Key.of_name("ann").id != Key.of_name("bob").id
    assert len({Key.of_pair(name, at).id for name in ("ann", "bob") for at in ("10.0.0.1", "10.0.0.2", None)}) == 6


def test_a_name_bears_more_than_one_address_can_fail_in_a_day() -> None:
    """So nobody makes a colleague wait from one place, even in a browser that is not known."""
    at, failures = timedelta(0), 0
    while at < timedelta(days=1):
        failures += 1
        at += wait_after(failures, Key.of_pair("ann", "10.0.0.1").free)
    assert failures == 105
    assert failures < Key.of_name("ann").free
    assert len(Key.of_address("1" * 5000).id) < 100

from datetime import timedelta

import pytest

from app.access.attempts import LONGEST, Key, wait_after


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 15), (6, 30), (7, 60), (10, 480), (11, 900), (12, 900), (10_000, 900)]
)
def test_the_wait_grows_and_has_an_end(failures: int, seconds: int) -> None:
    assert wait_after(failures, 5) == timedelta(seconds=seconds) <= LONGEST


def test_what_was_typed_as_a_name_is_not_kept() -> None:
    assert "hunter" not in Key.of_name("hunter2").id
    assert Key.of_name("ann").id != Key.of_name("bob").id
    assert len(Key.of_address("1" * 5000).id) < 100

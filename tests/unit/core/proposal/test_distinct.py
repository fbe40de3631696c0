"""How many different values a column has: nobody's key is taken for something else because of an estimate."""

from __future__ import annotations

import pytest

from core.proposal.distinct import KEPT, DistinctCount


@pytest.mark.parametrize("different", [0, 1, 1_500, 10_000, KEPT - 1, KEPT, KEPT + 1, 3 * KEPT])
@pytest.mark.parametrize("prefix", ["C", "0", ""])
def test_unique_keys_are_counted_as_unique(different: int, prefix: str) -> None:
    count = DistinctCount()
    for number in range(different):
        count.add(f"{prefix}{number:07d}")
    exact = different < KEPT
    assert count.number == pytest.approx(different, rel=0 if exact else 0.015)


def test_the_same_text_again_changes_nothing() -> None:
    count = DistinctCount()
    for number in range(5 * KEPT):
        count.add(f"C{number % 5_000}")
    assert count.number == 5_000

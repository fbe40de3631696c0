"""What comes of the story's calls."""

from collections import Counter
from datetime import UTC, datetime

from core.calls.lifecycle import Result
from replay.story.agents import SHARES, promised, result_of

MANY = 4_000


def results(buys: bool, calls: int = 0) -> list[Result]:
    return [result_of({"_id": f"sample:{row:07d}", "calls": calls}, buys) for row in range(MANY)]


def test_whoever_decides_says_what_the_file_says() -> None:
    assert Result.REFUSED not in results(buys=True)
    assert Result.SOLD not in results(buys=False)


def test_some_calls_bring_no_outcome_and_each_kind_comes() -> None:
    found = Counter(results(buys=True))
    for result, share in SHARES:
        assert 0.5 * share < found[result] / MANY < 1.5 * share
    assert set(found) == {*(result for result, _ in SHARES), Result.SOLD}


def test_a_story_that_begins_again_meets_the_same_people() -> None:
    assert results(buys=True) == results(buys=True)
    assert results(buys=True) != results(buys=True, calls=1)


def test_a_callback_is_promised_for_the_next_morning() -> None:
    assert promised(datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)) == datetime(2026, 4, 1, 10, tzinfo=UTC)

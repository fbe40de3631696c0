"""Where the second database (`scripts/test engine`) answers otherwise than MongoDB: each difference by name."""

from __future__ import annotations

import os

import pytest

from tests.scoring.second_engine import TESTED

NOT_ATOMIC = "find_one_and_update loses steps where many clients change one document at once"
OWN_PLANS = "its planner reads a whole collection where an index on two fields would do, and says so"
DIFFERENCES = {
    "test_of_many_attempts_at_once_each_is_counted": NOT_ATOMIC,
    "test_of_many_guesses_at_once_five_are_looked_at": NOT_ATOMIC,
    "test_the_calls_of_today_are_found_without_those_of_the_year": OWN_PLANS,
    "test_the_newest_of_a_period_are_read_span_by_span_and_never_all": OWN_PLANS,
    "test_an_index_answers_whatever_is_polled": OWN_PLANS,
    "test_a_filter_changes_whom_the_next_claim_takes[CallFilter(equal={}, least={}, floor=0.05, ceiling=0.08)"
    "-[7, 6, 5]]": "a pipeline leaves out the document at the lower end of a range",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the differences on the second database. A race may also end well."""
    if TESTED not in os.environ:
        return
    for item in items:
        if why := DIFFERENCES.get(item.name):
            item.add_marker(pytest.mark.xfail(reason=f"the second database: {why}", strict=why != NOT_ATOMIC))

"""What is learnt of a call is what was known at it: nothing of later, and nothing that stood still since the import.

A life is what may happen to a prospect: files, calls of which no outcome came, results that were taken back, and at
last an outcome, after which more files come. All of it is written by the functions that write it in the appliance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calls.lifecycle import STANDARD, Result, Status
from core.calls.recording import CallReport, new_call
from core.lists import call_values
from core.lists.changes import Origin, changing, closing
from core.schema import Schema, read_schema
from core.schema.calendar import MONTHS, WEEKDAYS
from core.settings.group import ROOT
from core.stores.mongo import Document

SCHEMA = read_schema(ROOT / "data" / "schema.yaml")
BORN = datetime(2026, 5, 4, 10, tzinfo=UTC)
FILE, CALL, TAKEN_BACK = "file", "call", "taken back"


@dataclass
class Life:
    """A prospect, imported at `BORN`, and the clock. `asked`: what a model would have been asked with at each call."""

    prospect: Document
    schema: Schema = SCHEMA
    at: datetime = BORN
    calls: list[Document] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def file(self, wait: timedelta, values: dict[str, Any], name: str = "") -> Origin:
        self.at += wait
        origin = Origin(f"import {name or self.at}", "a.csv", self.at)
        row = {"features": {**self.prospect["features"], **values}}
        if row["features"] != self.prospect["features"]:
            self.prospect |= changing(self.prospect, row, origin)
        return origin

    def call(self, wait: timedelta, result: Result = Result.WRONG_NUMBER) -> Document:
        self.at += wait
        self.asked.append(call_values.next_call(self.schema, self.prospect, self.at))
        made = new_call(self.prospect, "ann", CallReport(result), self.at, STANDARD)
        self.calls.append(made)
        self.prospect |= {"calls": made["call"]}
        return made

    def take_back(self, wait: timedelta) -> None:
        self.call(wait)
        self.calls.pop()
        self.asked.pop()
        self.prospect |= {"taken_back": int(self.prospect.get("taken_back") or 0) + 1}

    def live(self, steps: Sequence[tuple[str, timedelta, dict[str, Any]]]) -> Life:
        for what, wait, values in steps:
            if what == FILE:
                self.file(wait, values)
            elif what == CALL:
                self.call(wait)
            else:
                self.take_back(wait)
        return self


def born(**features: Any) -> Life:
    values = {"age": 41, "job": "technician", "month": "may", "day_of_week": "mon", "campaign": 1, **features}
    return Life(
        {
            "_id": "spring:a",
            "campaign": "spring",
            "ref": "a",
            "status": Status.OPEN.value,
            "claim": None,
            "features": values,
            "import": {"first": "import", "last": "import"},
        }
    )


waits = st.timedeltas(timedelta(minutes=1), timedelta(days=120))
files = st.fixed_dictionaries(
    {},
    optional={
        "age": st.integers(18, 90),
        "job": st.sampled_from(["student", "retired"]),
        "month": st.sampled_from(MONTHS),
        "day_of_week": st.sampled_from(WEEKDAYS[:5]),
        "campaign": st.integers(0, 6),
    },
)
steps = st.tuples(st.sampled_from([FILE, CALL, TAKEN_BACK]), waits, files)
lives = st.lists(steps, max_size=8)
births = st.fixed_dictionaries({"campaign": st.integers(0, 4), "age": st.integers(18, 90)})


@given(births, lives, lives, waits)
def test_nothing_that_happened_after_a_call_changes_what_is_learnt_of_it(
    birth: dict[str, Any], before: list[Any], after: list[Any], wait: timedelta
) -> None:
    life = born(**birth).live(before)
    call = life.call(wait, Result.SOLD)
    then = call_values.call_made(SCHEMA, dict(life.prospect), call)
    life.live(after)
    assert call_values.call_made(SCHEMA, life.prospect, call) == then


@given(births, lives, lives, waits)
def test_what_is_learnt_of_a_call_is_what_a_model_was_asked_with(
    birth: dict[str, Any], before: list[Any], after: list[Any], wait: timedelta
) -> None:
    life = born(**birth).live(before)
    life.call(wait, Result.SOLD)
    life.live(after)
    learnt = [call_values.call_made(SCHEMA, life.prospect, call) for call in life.calls]
    assert learnt == life.asked


@given(births, lives, waits)
def test_month_weekday_and_number_never_stand_still(birth: dict[str, Any], before: list[Any], wait: timedelta) -> None:
    life = born(**birth).live(before)
    life.call(wait, Result.SOLD)
    for call, asked in zip(life.calls, life.asked, strict=True):
        day = next(day for n in range(3) if (day := call["at"] + timedelta(days=n)).weekday() < 5)
        assert (asked["month"], asked["day_of_week"]) == (MONTHS[day.month - 1], WEEKDAYS[day.weekday()])
    counted = [asked["campaign"] for asked in life.asked]
    assert all(number >= 1 + place for place, number in enumerate(counted)), "never fewer than were made here"
    if not any(what == FILE and "campaign" in values for what, _, values in before):
        assert counted == [max(1, birth["campaign"]) + place for place in range(len(counted))]


def test_imported_in_may_and_called_in_august_is_learnt_as_august_with_the_number_of_calls_then() -> None:
    life = born()
    in_may = call_values.next_call(SCHEMA, life.prospect, BORN)
    assert (in_may["month"], in_may["day_of_week"], in_may["campaign"]) == ("may", "mon", 1)
    life.call(timedelta(days=1), Result.NO_ANSWER)
    sold = life.call(timedelta(days=99), Result.SOLD)
    life.call(timedelta(days=1), Result.REFUSED)
    learnt = call_values.call_made(SCHEMA, life.prospect, sold)
    assert (learnt["month"], learnt["day_of_week"], learnt["campaign"]) == ("aug", "wed", 2)
    assert life.prospect["features"]["month"] == "may", "what the file says stays"


def test_a_result_that_was_taken_back_is_no_call() -> None:
    life = born()
    life.take_back(timedelta(hours=1))
    call = life.call(timedelta(minutes=1), Result.SOLD)
    assert (call["call"], call["earlier"]) == (2, 0)
    assert call_values.call_made(SCHEMA, life.prospect, call)["campaign"] == 1
    older = {name: value for name, value in call.items() if name != "earlier"}
    assert call_values.call_made(SCHEMA, life.prospect, older)["campaign"] == 2, "earlier releases had the number alone"


@pytest.mark.parametrize(
    ("said", "number"),
    [(None, 5), (3, 5), (4, 4), (2, 3), (9, 9)],
    ids=["no later file", "the same again", "one more", "fewer than were made", "many more"],
)
def test_a_file_that_changes_the_number_counts_the_calls_made_here(said: int | None, number: int) -> None:
    """Two calls were made elsewhere, then two here, and then a file comes."""
    life = born(campaign=3)
    for _ in range(2):
        life.call(timedelta(days=1), Result.NO_ANSWER)
    if said is not None:
        life.file(timedelta(days=1), {"campaign": said})
    at = life.at + timedelta(days=1)
    assert call_values.next_call(SCHEMA, life.prospect, at)["campaign"] == number
    life.call(timedelta(days=1), Result.NO_ANSWER)
    life.file(timedelta(days=1), {"age": 50})
    assert call_values.next_call(SCHEMA, life.prospect, at)["campaign"] == number + 1
    assert [call_values.call_made(SCHEMA, life.prospect, call)["campaign"] for call in life.calls] == [3, 4, number]


def test_a_file_without_calls_here_simply_says_the_number() -> None:
    life = born(campaign=3)
    life.file(timedelta(days=1), {"campaign": 1})
    assert call_values.next_call(SCHEMA, life.prospect, life.at)["campaign"] == 1


@given(births, lives, lives)
def test_a_call_that_a_file_reports_has_the_month_weekday_and_number_of_that_file(
    birth: dict[str, Any], before: list[Any], after: list[Any]
) -> None:
    life = born(**birth).live(before)
    known = dict(life.prospect["features"])
    said = {"month": "jul", "day_of_week": "thu", "campaign": 4, "job": "services"}
    origin = life.file(timedelta(days=1), said, "results")
    life.prospect |= closing(life.prospect, origin)
    reported = {"at": life.at - timedelta(hours=2), "agent": "import", "call": 1, "import": origin.key}
    life.live(after)
    learnt = call_values.call_made(SCHEMA, life.prospect, reported)
    assert {name: learnt[name] for name in SCHEMA.of_the_call} == {name: said[name] for name in SCHEMA.of_the_call}
    assert learnt["job"] == known["job"], "what came with the outcome was not known before the call"


def test_a_call_in_the_file_that_brought_the_person_is_learnt_as_the_file_has_it() -> None:
    life = born(month="oct", campaign=7)
    reported = {"at": BORN - timedelta(days=200), "agent": "import", "call": 1, "import": "import"}
    features = dict(life.prospect["features"])
    life.file(timedelta(days=9), {"month": "jan", "campaign": 9, "age": 60})
    assert call_values.call_made(SCHEMA, life.prospect, reported) == features
    older = {name: value for name, value in reported.items() if name != "import"}
    life.prospect.pop("history")
    assert call_values.call_made(SCHEMA, life.prospect, older) == life.prospect["features"], "of an earlier release"


def test_a_kind_without_such_columns_learns_what_files_say() -> None:
    plain = Schema.model_validate({**SCHEMA.model_dump(), "calendar": None, "calls": None})
    life = born()
    call = life.call(timedelta(days=99), Result.SOLD)
    assert call_values.call_made(plain, life.prospect, call) == life.prospect["features"]
    assert call_values.next_call_only(plain, life.prospect, life.at) == {}


def test_the_next_call_only_is_a_part_of_the_next_call() -> None:
    life = born(campaign=2)
    life.call(timedelta(days=40))
    at = life.at + timedelta(days=40)
    only = call_values.next_call_only(SCHEMA, life.prospect, at)
    assert only.items() <= call_values.next_call(SCHEMA, life.prospect, at).items()
    assert only.keys() == SCHEMA.of_the_call

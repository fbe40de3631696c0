"""People whose keys are in the order of their age: whatever a report looks at, it is not the end of that order."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.models.proof import Proof
from core.models.registry import Loaded, ModelVersion
from core.stores.mongo import Db
from monitor.reports import windows
from monitor.reports.expected import review_expected
from monitor.reports.parity import rescore
from monitor.reports.sample import drawn, start_of
from monitor.reports.shelf import ReportStore
from tests.fake_evidently import FakeEvidently, FakeRegistry
from tests.listed import put_on_a_list, rank_in_key_order
from tests.scoring.fakes import FakeModel

START = datetime(2026, 3, 2, 2, tzinfo=UTC)
DAY = timedelta(days=1)
AGES = {f"a:{n:04d}": 18 + n // 20 for n in range(1_200)}
"""1,200 people, the youngest first: 18 to 77 years."""


def quarters(ages: Iterable[float]) -> list[int]:
    """How many are in each quarter of the list."""
    found = [0, 0, 0, 0]
    for age in ages:
        found[int((age - 18) // 15)] += 1
    return found


def spread(ages: Iterable[float]) -> bool:
    """Whether each quarter of the list has between a tenth and four tenths of a sample."""
    found = quarters(ages)
    return all(sum(found) / 10 < one < sum(found) / 2.5 for one in found)


def test_what_a_ranking_leaves_is_a_window_of_all_ages(db: Db) -> None:
    rank_in_key_order(db, AGES, START)
    window = windows.predictions(db, "1", 100)
    assert len(window) == 100
    assert spread(float(str(row.features["age"])) for row in window)


def test_it_is_the_same_people_after_the_next_ranking_with_their_newest_prediction(db: Db) -> None:
    rank_in_key_order(db, AGES, START)
    before = windows.predictions(db, "1", 100)
    rank_in_key_order(db, AGES, START + timedelta(hours=1))
    after = windows.predictions(db, "1", 100)
    assert {row.prospect for row in after} == {row.prospect for row in before}
    assert {row.at for row in after} == {START + timedelta(hours=1)}


def test_a_version_that_has_ranked_the_first_half_gives_no_window_of_the_first_half(db: Db) -> None:
    rank_in_key_order(db, AGES, START)
    first = {key: AGES[key] for key in sorted(AGES)[:600]}
    rank_in_key_order(db, first, START + timedelta(hours=1), "2")
    for version in "12":
        assert 25 < len(windows.predictions(db, version, 100)) < 75
    rank_in_key_order(db, {key: AGES[key] for key in AGES if key not in first}, START + timedelta(hours=2), "2")
    window = windows.predictions(db, "2", 100)
    assert len(window) == 100
    assert spread(float(str(row.features["age"])) for row in window)


def test_a_few_whom_it_cannot_rank_do_not_keep_it_from_a_window(db: Db) -> None:
    rank_in_key_order(db, AGES, START)
    for person in drawn(db, "1", 5).records:
        db.predictions.update_one({"_id": person["_id"]}, {"$set": {"version": "0"}})
    assert len(windows.predictions(db, "1", 100)) == 100


def test_where_few_are_open_those_who_were_called_are_added(db: Db) -> None:
    rank_in_key_order(db, dict(list(AGES.items())[:40]), START + DAY)
    called = [f"c:{n}" for n in range(30)]
    put_on_a_list(db, called)
    db.predictions.insert_many(
        [{"_id": f"old:{n}", "prospect": key, "at": START - n * DAY, "features": {"age": 40}, "score": 0.4,
          "version": "1", "route": "champion"} for n, key in enumerate(called)]
    )  # fmt: skip
    window = windows.predictions(db, "1", 50)
    assert len({row.prospect for row in window}) == 50
    assert [row.prospect for row in window[-10:]] == called[:10], "the last scored first"


def test_the_estimate_is_that_of_the_list_and_not_of_its_end(db: Db) -> None:
    rank_in_key_order(db, AGES, START)
    said = review_expected(
        ReportStore(db, FakeEvidently().ui(), "test"), FakeRegistry("1", pd.DataFrame()), 400, "code"
    )
    (report,) = db.reports.find({"kind": "estimate"})
    assert "the scores of 400 people" in said
    assert abs(report["verdict"]["promise"]["conversion"] - 0.475) < 0.02, "the end of the list would promise 0.67"


class Seeing:
    """A registry of one model, which keeps whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[list[float]] = []
        seeing = self

        class Model(FakeModel):
            def predict_proba(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
                seeing.asked.append(X["age"].tolist())
                return super().predict_proba(X)

        self.model = Model(0.5, ["age"])

    def version(self, number: str) -> ModelVersion:
        return ModelVersion("prospect-scorer", number, "run", {})

    def load(self, version: ModelVersion) -> Loaded:
        return Loaded(self.model, Proof([], []), pd.DataFrame())


def test_parity_looks_at_people_of_all_ages_and_at_others_each_day(db: Db) -> None:
    rank_in_key_order(db, AGES, START)
    registry = Seeing()
    for day in (START, START, START + DAY):
        assert rescore(db, registry, "1", 100, day).rows == 100
    assert all(spread(ages) for ages in registry.asked)
    first, again, other = registry.asked
    assert first == again
    assert first != other


def test_a_sample_goes_round_the_circle_of_hashes(db: Db) -> None:
    rank_in_key_order(db, dict(list(AGES.items())[:60]), START)
    for day in range(20):
        found = drawn(db, "1", 50, start=start_of(START + day * DAY)).records
        assert len({record["_id"] for record in found}) == 50
    assert drawn(db, "1", 61).everybody
    assert not drawn(db, "1", 60).everybody


def test_of_the_outcomes_of_one_day_a_window_has_people_of_all_ages(db: Db) -> None:
    """Kind: a file that gives the day of a call and no more."""
    records = rank_in_key_order(db, AGES, START)
    db.outcomes.insert_many(
        [{"_id": f"{one['prospect']}:1", "prospect": one["prospect"], "at": START + DAY, "positive": False}
         for one in records]
    )  # fmt: skip
    assert spread(100 * call.score for call in windows.outcomes(db, ["1"], 100))


def test_the_newest_outcomes_come_first_and_those_of_one_day_fill_the_window(db: Db) -> None:
    records = rank_in_key_order(db, AGES, START)
    db.outcomes.insert_many(
        [{"_id": f"{one['prospect']}:1", "prospect": one["prospect"], "at": START + DAY, "positive": False}
         for one in records[20:]]
        + [{"_id": f"{one['prospect']}:1", "prospect": one["prospect"], "at": START + 2 * DAY + n * timedelta(hours=1),
            "positive": True} for n, one in enumerate(records[:20])]
    )  # fmt: skip
    window = windows.outcomes(db, ["1"], 100)
    assert [call.positive for call in window] == [True] * 20 + [False] * 80
    assert [call.outcome for call in window[:20]] == [f"a:{n:04d}:1" for n in reversed(range(20))]
    assert spread(100 * call.score for call in window[20:])

"""Quality expected without outcomes: right where its premise holds, and said with its limits."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from core.stores.mongo import Db
from monitor.reports import expected
from monitor.reports.expected import review_expected
from monitor.reports.shelf import ReportStore
from monitor.reports.windows import Scored
from tests.fake_evidently import FakeEvidently, FakeRegistry
from tests.listed import put_on_a_list

SIZE = 500
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def scored(scores: NDArray[np.float64], start: int = 0) -> list[Scored]:
    rows = [
        Scored(f"r:{start + n:05d}", f"p{start + n}", START + timedelta(minutes=start + n), {}, float(score))
        for n, score in enumerate(scores)
    ]
    return rows[::-1]


def test_it_foretells_what_comes_of_calls_whose_scores_are_calibrated() -> None:
    rng = np.random.default_rng(3)
    score = rng.beta(1, 6, 20_000)
    outcome = rng.random(20_000) < score
    found = expected.estimate(scored(score[:2000]), "7", "code").promise
    assert found.auc == pytest.approx(roc_auc_score(outcome, score), abs=0.01)
    assert found.conversion == pytest.approx(outcome.mean(), abs=0.01)
    assert found.conversion_low < outcome[:2000].mean() < found.conversion_high


def test_people_who_are_harder_to_tell_apart_lower_the_estimate() -> None:
    rng = np.random.default_rng(3)
    wide, narrow = rng.beta(0.5, 4, 1000), rng.beta(20, 160, 1000)
    easy, hard = (expected.estimate(scored(scores), "7", "code").promise for scores in (wide, narrow))
    assert hard.auc < 0.6 < 0.8 < easy.auc


def store(db: Db, rows: list[Scored]) -> None:
    put_on_a_list(db, (row.prospect for row in rows))
    db.predictions.insert_many(
        [
            {"_id": r.id, "prospect": r.prospect, "at": r.at, "features": {}, "score": r.score, "version": "7"}
            for r in rows
        ]
    )


def reviewed(db: Db, version: str | None = "7") -> str:
    registry = FakeRegistry(version, pd.DataFrame())
    return review_expected(ReportStore(db, FakeEvidently().ui(), "test"), registry, SIZE, "code")


def test_it_is_kept_with_its_limits_once_a_tenth_of_the_window_and_opens_no_incident(db: Db) -> None:
    rng = np.random.default_rng(4)
    assert "no champion yet" in reviewed(db, None)
    store(db, scored(rng.beta(1, 6, SIZE - 1)))
    assert f"no estimate: {SIZE - 1} of {SIZE} prospects" in reviewed(db)
    store(db, scored(rng.beta(1, 6, 1), SIZE))
    said = reviewed(db)
    assert "it assumes that the scores are calibrated" in said
    assert "does not see that the same people decide otherwise" in said
    assert reviewed(db) == said
    store(db, scored(rng.beta(1, 6, 49), SIZE + 1))
    assert reviewed(db) == said
    store(db, scored(rng.beta(1, 6, 1), SIZE + 50))
    assert reviewed(db) != said
    kept = list(db.reports.find({"kind": "estimate"}).sort([("_id", 1)]))
    assert [report["verdict"]["window"] for report in kept] == [SIZE, SIZE]
    assert kept[0]["verdict"]["limits"] == expected.LIMITS
    assert list(db.events.find()) == []
    assert list(db.appliance.find()) == []

"""Outcomes from a file without the time of their call are learnt from, and decide nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.clock import now
from core.oversight.week import gather_facts
from core.schema import Schema
from core.scoring.kept_predictions import UNKNOWN
from core.stores.mongo import Db
from monitor.reports import windows
from monitor.trials.pairs import pairs
from tests.contract.core.lists.conftest import Bring
from trainer.data.snapshot import read_outcomes

pytestmark = pytest.mark.mongo

HOUR = timedelta(hours=1)


def test_sales_first_in_a_file_decide_no_trial(db: Db, bring: Bring, timed: Schema) -> None:
    """A harmless canary was promoted after 200 outcomes of a file that listed its sales first."""
    since = now() - HOUR
    refs = [f"p{n:02d}" for n in range(12)]
    bring("may", *({"customer": ref} for ref in refs), schema=timed)
    record: dict[str, Any] = {"features": {"age": 40}, "version": "1", "shadow_version": "2", "route": "champion"}
    for ref in refs:
        scores = {"prospect": f"spring:{ref}", "score": 0.2, "shadow_score": 0.3}
        db.predictions.insert_one({"_id": f"{ref}:0", "at": since + HOUR / 2, **scores, **record})
    db.prospects.update_many({}, {"$set": {"scored": [[UNKNOWN, "earlier:0"]]}})
    called = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    rows = [{"customer": ref, "y": "yes" if n < 6 else "no"} for n, ref in enumerate(refs)]
    bring("june", *({**row, "called_at": called if n >= 10 else ""} for n, row in enumerate(rows)), schema=timed)
    plain = timed.model_copy(update={"segments": ()})
    dated = ["spring:p10:1", "spring:p11:1"]
    assert [pair.outcome for pair in pairs(db, plain, "2", since)] == dated
    assert sorted(call.outcome for call in windows.outcomes(db, ["1"], 100)) == dated
    week = gather_facts(db, "prospect-scorer", since, now() + HOUR)
    assert (week.calls, week.sales) == (2, 0)
    assert len(read_outcomes(db, timed)) == 12


def test_calls_made_here_count_as_ever(db: Db) -> None:
    since = now() - HOUR
    record: dict[str, Any] = {"features": {"age": 40}, "version": "1", "shadow_version": None, "route": "champion"}
    db.predictions.insert_one({"_id": "r:0", "prospect": "spring:a", "at": since, "score": 0.2, **record})
    db.outcomes.insert_one({"_id": "spring:a:1", "prospect": "spring:a", "at": now(), "positive": True})
    assert len(windows.outcomes(db, ["1"], 100)) == 1

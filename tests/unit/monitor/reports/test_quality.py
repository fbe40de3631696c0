from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from app.overview.verdict_notices import quality_notice
from app.review.figures import quality_figures
from core.models.metrics import quality
from core.oversight.week import gather_facts
from core.stores.mongo import Db
from monitor.reports import quality as performance
from monitor.reports import windows
from monitor.reports.quality import LEAST, review_quality
from monitor.reports.shelf import ReportStore
from tests.fake_evidently import FakeEvidently, FakeRegistry

SIZE = 400
EARLIEST, LATEST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def training() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    score = rng.beta(1, 6, 5000)
    return pd.DataFrame({"score": score, "outcome": (rng.random(5000) < score).astype(int)})


def calls(db: Db, truth: float = 1.0, *, size: int = SIZE, seed: int = 2, start: int = 0) -> pd.DataFrame:
    """`size` predictions and what came of the calls, with a sale `truth` times as likely as the score says."""
    rng = np.random.default_rng(seed)
    score = rng.beta(1, 4, size)
    frame = pd.DataFrame({"score": score, "outcome": rng.random(size) < score * truth})
    names = [f"p{start + n}" for n in range(size)]
    at = [START + timedelta(minutes=start + n) for n in range(size)]
    db.predictions.insert_many(
        [{"_id": f"r{start}:{n}", "prospect": names[n], "at": at[n], "features": {}, "score": s, "version": "7"}
         for n, s in enumerate(score)]
    )  # fmt: skip
    db.outcomes.insert_many(
        [{"_id": f"{names[n]}:1", "prospect": names[n], "at": at[n] + timedelta(seconds=30), "positive": bool(y)}
         for n, y in enumerate(frame["outcome"])]
    )  # fmt: skip
    return frame


def reviewed(db: Db, fake: FakeEvidently, version: str | None = "7") -> str:
    return review_quality(ReportStore(db, fake.ui(), "test"), FakeRegistry(version, training()), SIZE, "code")


def test_too_few_outcomes_or_one_kind_only_are_said_and_not_judged(db: Db) -> None:
    fake = FakeEvidently()
    assert "no champion yet" in reviewed(db, fake, None)
    calls(db, size=LEAST - 1)
    assert f"no verdict: {LEAST - 1} of {LEAST} outcomes" in reviewed(db, fake)
    calls(db, truth=0.0, start=1000)
    assert f"no verdict: of {SIZE} outcomes 0 are sales" in reviewed(db, fake)
    assert list(db.reports.find()) == []
    assert fake.runs == {}


def test_a_window_that_is_not_full_is_judged_by_the_bounds_of_its_size(db: Db) -> None:
    fake = FakeEvidently()
    calls(db, size=LEAST)
    assert f"{LEAST} outcomes of version 7" in reviewed(db, fake)
    report = db.reports.find_one()
    assert report is not None
    assert report["verdict"]["quality"]["size"] == LEAST


def test_a_champion_that_keeps_its_promise_is_well_and_its_figures_are_right(db: Db) -> None:
    fake, frame = FakeEvidently(), calls(db)
    assert "the champion keeps what it promised" in reviewed(db, fake)
    report = db.reports.find_one()
    assert report is not None
    found, verdict = quality(frame["outcome"], frame["score"]), report["verdict"]
    assert verdict["degraded"] is False
    assert verdict["quality"]["auc"] == pytest.approx(found.auc)
    assert verdict["quality"]["top_half_capture"] == pytest.approx(found.top_half_capture)
    assert (verdict["quality"]["size"], verdict["reference"]["size"]) == (SIZE, 5000)
    assert list(db.events.find()) == []


def test_the_screens_can_read_what_is_kept(db: Db) -> None:
    frame = calls(db)
    reviewed(db, FakeEvidently())
    found = quality(frame["outcome"], frame["score"])
    figures = quality_figures(gather_facts(db, "any", EARLIEST, LATEST))
    assert figures is not None
    assert figures["conversion"] == pytest.approx(found.conversion)
    report = db.reports.find_one({"kind": "performance"})
    assert report is not None
    assert quality_notice(report["verdict"]).what == "The model keeps what it promised."


def test_evidently_shows_the_same_figures(db: Db) -> None:
    fake, frame = FakeEvidently(), calls(db)
    reviewed(db, fake)
    (run,) = fake.runs.values()
    shown = {r["metric_value_location"]["metric"]["params"]["type"].rsplit(":", 1)[1]: r["value"]
             for r in run["metric_results"].values() if "value" in r and "MeanValue" not in str(r)}  # fmt: skip
    found = quality(frame["outcome"], frame["score"])
    assert shown["RocAuc"] == pytest.approx(found.auc)
    assert shown["LogLoss"] == pytest.approx(found.log_loss)
    assert shown["TopHalfCapture"] == pytest.approx(found.top_half_capture)
    means = {r["metric_value_location"]["metric"]["params"]["column"]: r["value"]
             for r in run["metric_results"].values() if "MeanValue" in str(r["metric_value_location"])}  # fmt: skip
    assert means["squared_error"] == pytest.approx(found.brier)
    assert means["outcome"] == pytest.approx(found.conversion)


def test_a_world_that_buys_less_is_told_once(db: Db) -> None:
    fake = FakeEvidently()
    calls(db)
    reviewed(db, fake)
    for start in (1000, 2000):
        calls(db, truth=0.4, start=start, seed=start)
        assert "scores promise too much" in reviewed(db, fake)
    assert [event["what"] for event in db.events.find()] == ["quality: degraded"]
    assert len(fake.runs) == 3


def test_a_report_names_nobody_and_is_the_same_for_the_same_window(db: Db) -> None:
    calls(db)
    reviewed(db, FakeEvidently())
    kept = db.reports.find_one()
    assert kept is not None
    assert not [name for name in (f"p{n}" for n in range(100, SIZE)) if f"{name}:" in repr(kept)]
    window = windows.outcomes(db, ["7"], SIZE)
    assert kept["_id"] == performance.report_id("7", window)
    assert performance.report_id("7", window[1:]) != kept["_id"]


def test_the_champion_and_its_refreshes_are_judged_together_until_another_model_is_accepted(db: Db) -> None:
    def judged(version: str, *lineage: str) -> str:
        shelf = ReportStore(db, fake.ui(), "test")
        found = review_quality(shelf, FakeRegistry(version, training()), SIZE, "code", lineage=lineage)
        return found.partition(": AUC")[0]

    fake = FakeEvidently()
    calls(db, size=LEAST)
    assert judged("7", "7").endswith(f"{LEAST} outcomes of version 7")
    line = f"{LEAST} outcomes of version 8 and the others in use since version 7"
    assert judged("8", "8", "7").endswith(line), "the line's verdict, for its new champion"
    assert judged("8", "8", "7") == "less than a tenth of the window is new since the last report"
    calls(db, size=LEAST, start=1000, seed=5)
    assert judged("8", "8", "7").endswith(f"{SIZE} outcomes of version 8 and the others in use since version 7")
    assert judged("8", "8").startswith("no verdict"), "a model that was just accepted has no outcomes yet"

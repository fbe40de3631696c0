import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.models.level import levelled
from core.stores.mongo import Db, Document
from monitor.reports import windows
from tests.listed import put_on_a_list

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def predicted(db: Db, id: str, prospect: str, minute: int, score: float, version: str = "1", **more: Any) -> None:
    put_on_a_list(db, [prospect])
    logged(db, id, prospect, minute, score, version, **more)


def logged(db: Db, id: str, prospect: str, minute: int, score: float, version: str = "1", **more: Any) -> None:
    at = START + timedelta(minutes=minute)
    record = {"prospect": prospect, "at": at, "features": {"age": 40}, "score": score, "version": version}
    db.predictions.insert_one(
        {"_id": id, "route": "champion", "shadow_score": None, "shadow_version": None, **record, **more}
    )


def called(db: Db, prospect: str, minute: int, positive: bool = False, call: int = 1) -> None:
    at = START + timedelta(minutes=minute)
    db.outcomes.insert_one({"_id": f"{prospect}:{call}", "prospect": prospect, "at": at, "positive": positive})


def test_a_prospect_counts_once_with_its_newest_prediction(db: Db) -> None:
    for minute in range(9):
        predicted(db, f"again:{minute}", "a", minute, 0.1 * minute)
    predicted(db, "old:0", "b", -1, 0.5)
    assert [(row.id, row.score) for row in windows.predictions(db, "1", 2)] == [("again:8", 0.8), ("old:0", 0.5)]


def test_a_window_has_the_newest_and_no_more(db: Db) -> None:
    for n in range(40):
        predicted(db, f"r:{n}", f"p{n}", n, 0.5)
    assert [row.prospect for row in windows.predictions(db, "1", 3)] == ["p39", "p38", "p37"]
    assert len(windows.predictions(db, "1", 100)) == 40


def test_requests_of_other_programs_are_nobody_on_a_list(db: Db) -> None:
    """Neither those without a person, which are no person, nor those with keys of their own; many pages of them."""
    for n in range(8):
        predicted(db, f"list:{n}", f"p{n}", n, 0.5)
    common = {"features": {"age": 40}, "score": 0.9, "version": "1", "route": "champion"}
    nobody = [{"_id": f"x:{n}", "prospect": "", "at": START + timedelta(days=1), **common} for n in range(3_000)]
    strangers = [
        {"_id": f"y:{n}", "prospect": f"crm-{n % 900}", "at": START + timedelta(days=2), **common} for n in range(2_000)
    ]
    db.predictions.insert_many(nobody + strangers)
    assert [row.prospect for row in windows.predictions(db, "1", 5)] == ["p7", "p6", "p5", "p4", "p3"]
    assert len(windows.predictions(db, "1", 1_000)) == 8


def test_a_window_reads_whole_records_of_no_more_than_its_people(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often few people were ranked, and however many requests name nobody: memory has to do with the window."""
    put_on_a_list(db, [f"p{n}" for n in range(3)])
    db.predictions.insert_many(
        [{"_id": f"r{n:04d}:{n % 3}", "prospect": f"p{n % 3}" if n % 2 else "", "at": START + timedelta(minutes=n),
          "features": {"age": n}, "score": 0.5, "version": "1", "route": "champion"} for n in range(2_400)]
    )  # fmt: skip
    read: list[str] = []
    scored = windows._scored

    def counted(record: Document, version: str) -> windows.Scored:
        read.append(record["_id"])
        return scored(record, version)

    monkeypatch.setattr(windows, "_scored", counted)
    tracemalloc.start()
    window = windows.predictions(db, "1", 100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [row.features["age"] for row in window] == [2399, 2397, 2395]
    assert len(read) == 3
    assert peak < 5_000_000


def test_rows_of_one_request_have_a_stable_order(db: Db) -> None:
    for n in (3, 1, 2):
        predicted(db, f"r:{n}", f"p{n}", 0, 0.5)
    assert [row.id for row in windows.predictions(db, "1", 2)] == ["r:3", "r:2"]


def test_only_scores_of_the_version_count_also_those_in_the_shadow(db: Db) -> None:
    predicted(db, "a:0", "a", 0, 0.1, version="1")
    predicted(db, "b:0", "b", 1, 0.9, version="2")
    predicted(db, "c:0", "c", 2, 0.8, version="2", route="canary", shadow_score=0.3, shadow_version="1")
    assert [(row.id, row.score) for row in windows.predictions(db, "1", 10)] == [("c:0", 0.3), ("a:0", 0.1)]


def test_predictions_are_the_models_own_and_outcomes_are_held_against_what_was_used(db: Db) -> None:
    used, shadow = (float(levelled(score, level)) for score, level in ((0.2, 1.5), (0.4, -0.5)))
    predicted(db, "a:0", "a", 0, used, level=1.5, shadow_score=shadow, shadow_version="2", shadow_level=-0.5)
    called(db, "a", 5)
    for version, own, at_level, level in (("1", 0.2, used, 1.5), ("2", 0.4, shadow, -0.5)):
        assert windows.predictions(db, version, 5)[0].score == pytest.approx(own, abs=1e-11)
        (call,) = windows.outcomes(db, [version], 5)
        assert (call.score, call.level) == (at_level, level)


def test_outcomes_from_before_a_moment_are_not_looked_at(db: Db) -> None:
    predicted(db, "r:0", "a", 0, 0.1)
    predicted(db, "r:1", "b", 0, 0.2)
    called(db, "a", 1)
    called(db, "b", 3)
    assert [call.outcome for call in windows.outcomes(db, ["1"], 5, since=START + timedelta(minutes=2))] == ["b:1"]


def test_an_outcome_is_joined_with_the_last_prediction_before_it(db: Db) -> None:
    predicted(db, "r1:0", "a", 0, 0.1)
    predicted(db, "r2:0", "a", 10, 0.2)
    predicted(db, "r3:0", "a", 20, 0.3)
    called(db, "a", 15, positive=True)
    assert [(c.outcome, c.score, c.positive) for c in windows.outcomes(db, ["1"], 5)] == [("a:1", 0.2, True)]


def test_outcomes_without_a_prediction_before_them_are_left_out(db: Db) -> None:
    called(db, "imported", -10_000)
    assert windows.outcomes(db, ["1"], 5) == []
    predicted(db, "r:0", "a", 0, 0.1)
    predicted(db, "r:1", "b", 30, 0.1)
    called(db, "a", 5)
    called(db, "b", 20)
    assert [call.outcome for call in windows.outcomes(db, ["1"], 5)] == ["a:1"]


def test_an_outcome_that_another_version_was_answerable_for_is_left_out(db: Db) -> None:
    predicted(db, "r:0", "a", 0, 0.1, version="1")
    predicted(db, "r:1", "a", 1, 0.9, version="2")
    called(db, "a", 5)
    assert windows.outcomes(db, ["1"], 5) == []
    assert [call.score for call in windows.outcomes(db, ["2"], 5)] == [0.9]


def test_the_newest_outcomes_are_found_behind_many_without_a_prediction(db: Db) -> None:
    predicted(db, "r:0", "a", 0, 0.1)
    predicted(db, "r:1", "b", 0, 0.2)
    called(db, "a", 1)
    called(db, "b", 2)
    for n in range(30):
        called(db, f"stranger{n}", 100 + n)
    assert [call.outcome for call in windows.outcomes(db, ["1"], 2)] == ["b:1", "a:1"]


def test_while_a_refresh_is_mixed_in_each_version_has_its_own_score_and_the_mixture_is_what_was_used(db: Db) -> None:
    mixed = {"version": "2", "weight": 0.8, "score": 0.6, "level": 0.0, "champion": "1", "champion_score": 0.2,
             "champion_level": 0.0}  # fmt: skip
    predicted(db, "r:0", "a", 0, 0.5, mixed=mixed)
    called(db, "a", 1, positive=True)
    assert [row.score for row in windows.predictions(db, "1", 5)] == [pytest.approx(0.2)]
    assert [row.score for row in windows.predictions(db, "2", 5)] == [pytest.approx(0.6)]
    assert [call.score for call in windows.outcomes(db, ["1"], 5)] == [0.5]
    assert [call.score for call in windows.outcomes(db, ["1"], 5, own=True)] == [0.2]
    assert [call.score for call in windows.outcomes(db, ["2"], 5, own=True)] == [0.6]
    assert [call.score for call in windows.outcomes(db, ["2"], 5)] == [0.5]
    assert windows.outcomes(db, ["3"], 5) == []


def test_a_line_of_versions_has_one_window_and_the_newest_that_spoke_is_heard(db: Db) -> None:
    predicted(db, "p1", "a", 0, 0.2, version="1", shadow_version="3", shadow_score=0.7)
    predicted(db, "p2", "b", 1, 0.3, version="2")
    predicted(db, "p3", "c", 2, 0.4, version="4")
    for minute, prospect in enumerate("abc", 3):
        called(db, prospect, minute)
    assert [call.score for call in windows.outcomes(db, ["3", "2", "1"], 5)] == [0.3, 0.2], "what was used"
    assert [call.score for call in windows.outcomes(db, ["3", "2"], 5)] == [0.3, 0.7], "its trial's shadow"
    assert [call.score for call in windows.outcomes(db, ["2", "1"], 5)] == [0.3, 0.2]
    assert windows.outcomes(db, [], 5) == []

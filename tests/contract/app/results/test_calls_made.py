"""The results page's reading, on whichever server MONGODB_URI names."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from app.language.zones import begin
from app.results.calls_made import Known, PriorScore, Tally, read_calls, read_tallies
from app.results.statistics import Rate
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.lists.call_values import IMPORTED
from core.schema import Schema
from core.scoring.kept_predictions import KEPT_PREDICTIONS, with_newest
from core.stores.mongo import Db, ensure_indexes
from tests.questions import listened_to

DAY = timedelta(days=1)
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def person(db: Db, ref: str, *, campaign: str = "spring", job: str = "technician") -> str:
    key = f"{campaign}:{ref}"
    features = {"job": job, "age": 41}
    db.prospects.insert_one(
        {"_id": key, "campaign": campaign, "ref": ref, "features": features, "status": "open", "claim": None}
    )
    return key


def called(db: Db, ref: str, result: Result, at: datetime, *, agent: str = "ann", campaign: str = "spring") -> None:
    record(db, person(db, ref, campaign=campaign), agent, CallReport(result), clock=lambda: at)


def predicted(db: Db, key: str, at: datetime, score: float, version: str, **more: Any) -> None:
    shadow = {"shadow_version": None, "shadow_score": None, "level": 0.0, "shadow_level": None}
    features = {"job": "student", "age": 22, "month": "may"}
    record = {"prospect": key, "features": features, "score": score, "version": version, "route": "champion", "at": at}
    newest = f"{version}-{at:%d%H}:{key}"
    scored = with_newest(db.prospects.find_one({"_id": key}) or {}, newest, at)
    db.prospects.update_one({"_id": key}, {"$set": {"prediction": newest, KEPT_PREDICTIONS: scored}})
    db.predictions.insert_one({"_id": f"{version}-{at:%d%H}:{key}", "request": version, **record, **shadow, **more})


def test_calls_are_counted_by_day_and_agent(db: Db) -> None:
    called(db, "1", Result.SOLD, NOON)
    called(db, "2", Result.REFUSED, NOON + timedelta(hours=1))
    called(db, "3", Result.REFUSED, NOON, agent="Bob | Jr")
    called(db, "4", Result.SOLD, NOON + DAY, agent="Bob | Jr")
    called(db, "5", Result.SOLD, NOON, campaign="other")
    first = NOON.date()
    assert read_tallies(db, "spring", "UTC") == [
        Tally(first, "Bob | Jr", Rate(1, 0)),
        Tally(first, "ann", Rate(2, 1)),
        Tally(first + DAY, "Bob | Jr", Rate(1, 1)),
    ]
    assert read_tallies(db, "autumn", "UTC") == []


def test_a_day_is_that_of_the_persons_clock(db: Db) -> None:
    called(db, "1", Result.SOLD, datetime(2026, 11, 3, 18, 45, tzinfo=UTC))  # 00:15 in Kolkata, half an hour off
    called(db, "2", Result.SOLD, datetime(2026, 11, 3, 18, 15, tzinfo=UTC))  # 23:45
    assert [t.day.day for t in read_tallies(db, "spring", "Asia/Kolkata")] == [3, 4]
    assert [t.day.day for t in read_tallies(db, "spring", "Pacific/Honolulu")] == [3]
    assert [t.day.day for t in read_tallies(db, "spring", "Nowhere/Land")] == [3]
    assert begin(date(2026, 11, 4), "Asia/Kolkata") == datetime(2026, 11, 3, 18, 30, tzinfo=UTC)


def test_the_newest_calls_come_first_and_no_more_than_asked(db: Db) -> None:
    for number in range(5):
        called(db, str(number), Result.SOLD if number == 4 else Result.REFUSED, NOON + number * DAY)
    found = read_calls(db, "spring", ["job"], 2)
    assert [(call.at, call.sold) for call in found] == [(NOON + 4 * DAY, True), (NOON + 3 * DAY, False)]


def test_a_period_begins_with_its_first_moment_and_ends_before_its_last(db: Db) -> None:
    for number in range(4):
        called(db, str(number), Result.REFUSED, NOON + number * DAY)
    found = read_calls(db, "spring", [], 9, since=NOON + DAY, until=NOON + 3 * DAY)
    assert [call.at for call in found] == [NOON + 2 * DAY, NOON + DAY]


def test_the_newest_of_a_period_are_read_span_by_span_and_never_all(db: Db) -> None:
    ensure_indexes(db)
    month = 30 * DAY
    for number in range(12):
        called(db, str(number), Result.REFUSED, NOON - number * month)
    called(db, "1", Result.SOLD, NOON, campaign="other")
    with listened_to(db) as (asked, questions):
        found = read_calls(asked, "spring", [], 3, since=NOON - 10 * month, until=NOON + 400 * DAY)
    assert [call.at for call in found] == [NOON, NOON - month, NOON - 2 * month]
    within = [command for name, where, command in questions.asked if (name, where) == ("find", "outcomes")]
    assert within
    assert all(command.get("sort") is None for command in within), "with bounds, an order has all outcomes read"
    assert min(command["filter"]["at"]["$gte"] for command in within) > NOON - 6 * month
    plans = [str(db.outcomes.find(command["filter"]).explain()["queryPlanner"]["winningPlan"]) for command in within]
    assert not [plan for plan in plans if "COLLSCAN" in plan or "SCAN outcomes" in plan]
    every = read_calls(db, "spring", [], 99, since=NOON - 10 * month, until=NOON)
    assert [call.at for call in every] == [NOON - number * month for number in range(1, 11)]


def test_calls_of_one_moment_come_in_the_order_of_their_keys(db: Db) -> None:
    for ref in ("1", "3", "2"):
        called(db, ref, Result.SOLD if ref == "3" else Result.REFUSED, NOON)
    for since, until in ((None, None), (NOON, NOON + DAY)):
        assert [call.sold for call in read_calls(db, "spring", [], 2, since=since, until=until)] == [True, False]


def test_what_counts_is_the_last_word_of_each_version_before_the_call(db: Db) -> None:
    called(db, "1", Result.SOLD, NOON)
    predicted(db, "spring:1", NOON - 9 * DAY, 0.1, "1")
    predicted(db, "spring:1", NOON - 8 * DAY, 0.2, "1")
    canary = {"route": "canary", "shadow_version": "2", "shadow_score": 0.4}
    predicted(db, "spring:1", NOON - 2 * DAY, 0.35, "2")
    predicted(db, "spring:1", NOON - DAY, 0.3, "3", **canary)
    predicted(db, "spring:1", NOON + DAY, 0.9, "4")
    [call] = read_calls(db, "spring", ["job", "age", "gone"], 9)
    assert call.before == PriorScore(0.3, "3", "canary", {"1": 0.2, "2": 0.4, "3": 0.3}, ("student", 22, None))


def test_a_call_without_a_score_before_it_has_the_features_of_the_person(db: Db) -> None:
    called(db, "1", Result.SOLD, NOON)
    predicted(db, "spring:1", NOON + DAY, 0.9, "4")
    [call] = read_calls(db, "spring", ["job", "age"], 9)
    assert call.before == PriorScore(None, None, None, {}, ("technician", 41))


def test_what_was_said_before_a_call_is_looked_up_once(db: Db) -> None:
    known: Known = {}
    called(db, "1", Result.SOLD, NOON)
    predicted(db, "spring:1", NOON - DAY, 0.1, "1")
    first = read_calls(db, "spring", [], 9, known=known)
    db.predictions.drop()
    called(db, "2", Result.SOLD, NOON + DAY)
    second = read_calls(db, "spring", [], 9, known=known)
    assert second[1:] == first
    assert second[0].before.score is None


def test_results_that_came_with_a_file_count_where_they_are_asked_for(
    db: Db, schema: Schema, person: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    rows = [person, {**person, "y": "yes", "job": "student"}, {**person, "y": ""}]
    lines = [";".join(person), *(";".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    request = ImportRequest(CampaignFile.open(path), "spring")
    import_campaign(db, schema, request, rejects=tmp_path / "rejects.csv")
    record(db, "spring:0000003", "ann", CallReport(Result.SOLD))
    assert [call.agent for call in read_calls(db, "spring", ["job"], 9)] == ["ann"]
    found = read_calls(db, "spring", ["job"], 9, imported=True)
    assert sorted((call.agent, call.sold, call.before.features) for call in found) == [
        ("ann", True, ("technician",)),
        (IMPORTED, False, ("technician",)),
        (IMPORTED, True, ("student",)),
    ]
    assert sum(t.rate.calls for t in read_tallies(db, "spring", "UTC") if t.agent == IMPORTED) == 2

"""The weekly review on a real store: what is frozen, who may add to it, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.review import figures as review_figures
from app.review.figures import figures_of_week
from core.errors import Conflict, InputError
from core.models.succession import Succession
from core.oversight import reviews, week
from core.schema import Schema
from core.sentences import from_document
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db
from monitor.messages.digest import Digest
from monitor.messages.reminders import Reminders
from tests.contract.core.calls.test_call_rights import beyond
from tests.drift_reports import drift_verdict
from tests.questions import listened_to
from tests.weeks_of_models import CAMPAIGN, MODEL, fill, measured, report

pytestmark = pytest.mark.mongo

DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)  # of 2026-W10
WEEK, AFTER = "2026-W10", MONDAY + 7 * DAY + timedelta(hours=9)


def clock() -> datetime:
    return AFTER


def sign(db: Db, figures: Mapping[str, Any], by: str, note: str = "") -> reviews.Signed:
    return reviews.sign(db, MODEL, WEEK, figures, by=by, note=note, clock=clock)


def test_a_week_is_the_iso_week_from_monday_to_monday_in_utc() -> None:
    assert week.week_bounds("2026-W10") == (MONDAY, MONDAY + 7 * DAY)
    assert week.week_name(MONDAY) == week.week_name(MONDAY + 7 * DAY - timedelta(seconds=1)) == "2026-W10"
    assert week.week_name(datetime(2027, 1, 1, tzinfo=UTC)) == "2026-W53"
    for wrong in ("2026-10", "2026-W54", "", "2026-W1"):
        with pytest.raises(ValueError, match="week"):
            week.week_bounds(wrong)


def test_the_first_signature_freezes_what_was_shown(db: Db) -> None:
    Succession(db, MODEL, None, by="trainer", clock=lambda: MONDAY + DAY).promote("1", why="the first")
    shown, nobody = review_figures.signed_or_present(db, MODEL, WEEK)
    assert nobody is None
    sign(db, shown, "Ann", "all agreed")
    report(db, "performance", "performance:1:late", MONDAY + 2 * DAY, measured())
    kept, signed = review_figures.signed_or_present(db, MODEL, WEEK)
    assert signed is not None
    assert [(one.by, one.at, one.note) for one in signed.signatures] == [("Ann", AFTER, "all agreed")]
    assert kept == shown, "to the millisecond, and times are times"
    assert reviews.seal(kept) == signed.seal
    assert kept["quality"] is None
    assert figures_of_week(db, MODEL, WEEK)["quality"] is not None, "what came later does not change it"


def test_later_signatures_add_and_change_nothing(db: Db) -> None:
    figures = {"calls": 7, "moved": None}
    sign(db, figures, "Ann")
    signed = sign(db, figures, "Bob", "me too")
    assert [one.by for one in signed.signatures] == ["Ann", "Bob"]
    for who in ("Ann", "Bob"):
        with pytest.raises(Conflict, match=f"{who} has signed this week already"):
            sign(db, figures, who)
    with pytest.raises(Conflict, match="Ann signed this week meanwhile, with other figures"):
        sign(db, {"calls": 8}, "Cid")
    assert reviews.signers_by_week(db, MODEL) == {WEEK: ["Ann", "Bob"]}
    assert sorted(str(one["_id"]) for one in db.reviews.find()) == [f"{MODEL}:{WEEK}", f"{MODEL}:{WEEK}:Bob"]
    told = [(event["who"], event["subject"], event["why"]) for event in db.events.find({"what": Event.REVIEW_SIGNED})]
    assert told == [("Ann", f"{MODEL}:{WEEK}", ""), ("Bob", f"{MODEL}:{WEEK}:Bob", "me too")]
    assert event_log.first_broken(db) is None


def test_the_next_look_writes_the_event_of_an_interrupted_signature_once(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reviews, "log_signatures", killed)
        with pytest.raises(KeyboardInterrupt):
            sign(db, {"calls": 7}, "Ann")
    assert db.events.find_one({"what": Event.REVIEW_SIGNED}) is None
    for _ in range(2):
        reviews.log_signatures(db, MODEL)
    [event] = db.events.find({"what": Event.REVIEW_SIGNED})
    assert (event["who"], event["at"]) == ("Ann", AFTER)


def test_the_app_may_sign_and_decide_and_monitoring_make_good(db: Db) -> None:
    with listened_to(db) as (told, questions):
        sign(told, {"calls": 7}, "Ann")
        sign(told, {"calls": 7}, "Bob")
        line = Succession(told, MODEL, None, by="Ann")
        line.promote("1", why="the first")
        line.release(line.hold(why="audit").place, why="over")
        line.start_trial("2", why="better")
        line.promote_canary("2", why="sure")
    assert beyond("app", questions) == set()
    Succession(db, MODEL, None, by="Ann", clock=lambda: MONDAY).hold(why="audit")
    with listened_to(db) as (told, questions):
        db.events.delete_many({})
        Reminders(told, MODEL, DAY, "code", clock=clock).run()
    assert beyond("monitor", questions) == set()
    assert len(list(db.events.find({"what": Event.REVIEW_SIGNED}))) == 2


def test_a_week_that_is_not_over_is_not_signed(db: Db) -> None:
    with pytest.raises(InputError, match="2026-W11 is not over yet"):
        reviews.sign(db, MODEL, "2026-W11", {}, by="Ann", note="", clock=clock)
    assert db.reviews.find_one() is None


def test_weeks_are_those_since_there_is_a_model(db: Db) -> None:
    assert reviews.weeks(db, MODEL, AFTER) == []
    Succession(db, MODEL, None, by="trainer", clock=lambda: MONDAY - 3 * DAY).promote("1", why="the first")
    assert reviews.weeks(db, MODEL, MONDAY) == ["2026-W09"]
    assert reviews.weeks(db, MODEL, AFTER) == ["2026-W10", "2026-W09"]
    sign(db, {}, "Ann")
    assert reviews.unsigned(db, MODEL, AFTER) == ["2026-W09"]


def test_the_digest_names_the_weeks_that_nobody_signed(db: Db) -> None:
    Succession(db, MODEL, None, by="trainer", clock=lambda: MONDAY - 3 * DAY).promote("1", why="the first")
    Digest(db, MODEL, "monday", 6, "code", clock=lambda: AFTER).run()
    (kept,) = db.reports.find({"kind": "digest"})
    assert "nobody has signed the review of 2026-W09." in kept["verdict"]["text"], "and not that of this very week"


def test_what_moved_is_the_newest_report_beside_the_largest_of_the_week(db: Db) -> None:
    for day, distances in enumerate(({"age": 0.02, "job": 0.4}, {"age": 0.15, "job": 0.3})):
        report(db, "drift", f"drift:1:r{day}", MONDAY + day * DAY, drift_verdict("1", distances))
    report(db, "drift", "drift:1:before", MONDAY - DAY, drift_verdict("1", {"age": 0.9}))
    found = figures_of_week(db, MODEL, WEEK)["moved"]
    columns = [(one["column"], one["distance"], one["largest"], one["drifted"]) for one in found["columns"]]
    assert columns == [("job", 0.3, 0.4, True), ("age", 0.15, 0.15, True)]
    assert (found["reports"], found["bad"], found["columns"][0]["limit"]) == (2, 2, 0.1)
    assert found["columns"][0]["shape"]["now"] == [0.3, 0.7]


def test_a_review_says_what_was_done_and_what_needs_a_decision(db: Db, schema: Schema) -> None:
    at = MONDAY + 40 * DAY
    fill(db, schema, at, people=20)
    Succession(db, MODEL, None, by="Ann", clock=lambda: at - 10 * DAY).hold(why="audit")
    found = figures_of_week(db, MODEL, week.week_name(at - 8 * DAY))
    taken = [(one["version"], one["what"]) for one in found["decisions"]]
    assert taken == [("4", "dropped"), ("5", "on trial"), ("3", "held")]
    assert found["trainings"] == {"on trial": 1}
    assert [one["cause"] for one in found["incidents"]] == ["economy:euribor3m"]
    assert [from_document(need).split(":")[0] for need in found["needs"]] == [
        "the economic figure euribor3m is out of date",
        "Ann holds the champion since 2026-04-01 00",
    ]
    assert db.campaigns.find_one({"_id": CAMPAIGN}) is not None

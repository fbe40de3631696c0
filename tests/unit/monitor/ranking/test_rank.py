"""The ranker against a real database where there is one, and a fake scoring service."""

from datetime import timedelta
from typing import Any

import pytest

from core.calls.rank_key import rank_again
from core.errors import InputError, Unavailable
from core.lists.arrival import draw
from core.schema.column import Value
from core.scoring.reasons import Reason, from_documents
from core.stores.mongo import Db
from monitor.ranking import rank as ranker
from monitor.ranking.keys import RankKeys
from monitor.ranking.lineup import Lineup
from monitor.ranking.rank import rank
from tests.unit.monitor.ranking.conftest import SCHEMA, THEN, TIMELESS, FakeScoring, fill, of_an_earlier_release, run


def test_without_a_champion_nobody_is_ranked(db: Db) -> None:
    fill(db, "a", 3)
    assert rank(db, FakeScoring(db, None), SCHEMA) is None
    assert len(list(db.prospects.find({"score": None}))) == 3


def test_every_open_prospect_of_every_campaign_gets_a_score_and_its_log_key(db: Db) -> None:
    fill(db, "a", 1_203)
    fill(db, "b", 7)
    db.prospects.update_one({"_id": "a:0000003"}, {"$set": {"status": "done"}})
    scoring = FakeScoring(db, Lineup("1"))
    assert run(db, scoring).ranked == 1_209
    for prospect in db.prospects.find({"status": "open"}):
        assert prospect["score"] == prospect["features"]["age"] / 100
        assert (prospect["score_version"], prospect["score_route"]) == ("1", "champion")
        assert from_documents(prospect["reasons"]) == (Reason("age", prospect["score"]), Reason("job", -0.1))
        logged = db.predictions.find_one({"_id": prospect["prediction"]})
        assert logged is not None
        assert logged["prospect"] == prospect["_id"]
    done = db.prospects.find_one({"_id": "a:0000003"})
    assert done is not None
    assert done["score"] is None
    assert max(len(prospects) for _, prospects in scoring.asked) == ranker.BATCH


def test_the_number_on_the_prospect_is_the_number_in_the_log(db: Db) -> None:
    """Of 12 decimals: the embedded server keeps 15 digits of a number that is set on a stored document."""
    fill(db, "a", 1)
    db.prospects.update_one({"_id": "a:0000000"}, {"$set": {"features": {"age": 100 / 7}}})
    run(db, FakeScoring(db, Lineup("1")))
    prospect, logged = db.prospects.find_one(), db.predictions.find_one()
    assert prospect is not None
    assert logged is not None
    assert prospect["score"] == logged["score"] == 0.142857142857


def test_whoever_is_ranked_has_a_place_in_the_sample_of_the_reports(db: Db) -> None:
    fill(db, "a", 30)
    run(db, FakeScoring(db, Lineup("1")))
    assert {p["_id"]: p["draw"] for p in db.prospects.find()} == {f"a:{n:07d}": draw(f"a:{n:07d}") for n in range(30)}


def test_a_list_that_an_earlier_release_ranked_is_ranked_once_more(db: Db) -> None:
    fill(db, "a", 30)
    scoring = FakeScoring(db, Lineup("1"))
    run(db, scoring, schema=TIMELESS)
    of_an_earlier_release(db)
    assert run(db, scoring, schema=TIMELESS).ranked == 30
    assert run(db, scoring, schema=TIMELESS).ranked == 0
    assert db.prospects.count_documents({"draw": {"$gte": 0}}) == 30


def test_people_with_a_word_that_no_list_knows_are_found_the_next_day_and_said(
    db: Db, caplog: pytest.LogCaptureFixture
) -> None:
    """Two monitors at once, or an earlier release beside this one, may leave such people."""
    fill(db, "a", 30)
    scoring = FakeScoring(db, Lineup("1"))
    run(db, scoring, schema=TIMELESS)
    lost = {"_id": {"$in": ["a:0000003", "a:0000004"]}}
    db.prospects.update_many(lost, {"$set": {"rank_key": "a|of another monitor", "score": None}})
    db.prospects.update_one({"_id": "a:0000005"}, {"$unset": {"rank_key": ""}})
    assert run(db, scoring, schema=TIMELESS).ranked == 0
    assert run(db, scoring, THEN + timedelta(days=1), TIMELESS).ranked == 3
    assert "3 people of campaign a had no known word" in caplog.text
    assert run(db, scoring, THEN + timedelta(days=2), TIMELESS).ranked == 0


def test_a_large_campaign_does_not_keep_the_others_from_their_turn(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranker, "ROUND", 1_000)
    fill(db, "a", 2_100)
    fill(db, "b", 3)
    scoring = FakeScoring(db, Lineup("1"))
    assert run(db, scoring).ranked == 1_003
    assert db.prospects.count_documents({"campaign": "b", "score": None}) == 0
    assert [run(db, scoring).ranked for _ in range(3)] == [1_000, 100, 0]


def test_a_current_list_is_not_asked_for_again(db: Db) -> None:
    fill(db, "a", 30)
    scoring = FakeScoring(db, Lineup("1"))
    run(db, scoring)
    asked = len(scoring.asked)
    assert run(db, scoring).ranked == 0
    assert len(scoring.asked) == asked


def test_a_new_champion_ranks_the_new_prospects_first_and_then_the_others_as_they_came(db: Db) -> None:
    fill(db, "b", 50)
    run(db, FakeScoring(db, Lineup("1")))
    fill(db, "a", 4)
    scoring = FakeScoring(db, Lineup("2"))
    assert run(db, scoring).ranked == 54
    assert db.prospects.count_documents({"score_version": "2"}) == 54
    order = [prospect for _, prospects in scoring.asked for prospect in prospects]
    assert order == [f"a:{n:07d}" for n in range(4)] + [f"b:{n:07d}" for n in range(50)]


def test_a_trial_ranks_nobody_until_the_next_list_and_its_end_only_whom_the_canary_scored(db: Db) -> None:
    fill(db, "a", 60)
    run(db, FakeScoring(db, Lineup("1")))
    trial = Lineup("1", "2", share=0.05)
    scoring = FakeScoring(db, trial)
    assert run(db, scoring, trial="").ranked == 0, "the list goes on as it began"
    fill(db, "b", 40)
    assert run(db, scoring, trial="").ranked == 40
    assert db.prospects.count_documents({"score_route": "canary", "score_version": "2"}) == 2
    assert run(db, scoring, trial=trial.trial).ranked == 100, "the next list begins with the canary"
    assert db.prospects.count_documents({"score_route": "canary", "score_version": "2"}) == 5
    assert run(db, scoring, trial=trial.trial).ranked == 0
    assert run(db, FakeScoring(db, Lineup("1", "2", share=0.2)), trial=trial.trial).ranked == 0, "a larger share waits"
    assert run(db, FakeScoring(db, Lineup("1")), trial=trial.trial).ranked == 5
    assert db.prospects.count_documents({"score_version": "1"}) == 100


def test_while_a_list_is_prepared_only_those_who_come_are_ranked(db: Db) -> None:
    fill(db, "a", 60)
    run(db, FakeScoring(db, Lineup("1")))
    fill(db, "b", 5)
    tomorrow = THEN + timedelta(days=1)
    scoring = FakeScoring(db, Lineup("1"))
    prepared = rank(db, scoring, SCHEMA, began_with=lambda _present, _at: None, clock=lambda: tomorrow)
    assert prepared is not None
    assert prepared.ranked == 5
    assert run(db, scoring, tomorrow).ranked == 60, "those who came meanwhile are ranked for that day already"


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_campaign_that_is_not_called_is_left_alone_until_it_is_opened(db: Db, state: str) -> None:
    fill(db, "a", 3)
    fill(db, "b", 2)
    db.campaigns.update_one({"_id": "a"}, {"$set": {"state": {"is": state, "by": "Ann", "at": THEN}}})
    scoring = FakeScoring(db, Lineup("1"))
    assert run(db, scoring).ranked == 2
    assert run(db, FakeScoring(db, Lineup("2"))).ranked == 2
    db.campaigns.update_one({"_id": "a"}, {"$set": {"state": {"is": "open", "by": "Ann", "at": THEN}}})
    assert run(db, FakeScoring(db, Lineup("2"))).ranked == 3


def test_a_mixture_a_level_and_a_larger_share_set_the_whole_list_anew(db: Db) -> None:
    fill(db, "a", 60)
    run(db, FakeScoring(db, Lineup("1")))
    lineups = [
        Lineup("1", refresh="2", weight=0.8),
        Lineup("1", refresh="2", weight=0.7),
        Lineup("1", refresh="3", weight=0.7),
        Lineup("1", refresh="3", weight=0.7, levels=(0.0, 0.25)),
        Lineup("1", "9", "3", 0.7, 0.05),
        Lineup("1", "9", "3", 0.7, 0.4),
        Lineup("1", "9", "3", 0.7, 0.4, canary_level=0.25),
        Lineup("1"),
        Lineup("1", levels=(-0.5,)),
        Lineup("2"),
    ]
    for present in lineups:
        scoring = FakeScoring(db, present)
        of_canary = present.canary_level  # with its level, nobody's place changes but those whom it scores
        assert run(db, scoring).ranked == (3 if of_canary else 60), str(present)
        assert run(db, scoring).ranked == 0, str(present)


def test_while_serving_follows_a_decision_step_by_step_only_new_people_are_ranked(db: Db) -> None:
    fill(db, "a", 60)
    before, decided = Lineup("1", refresh="2", weight=0.8), Lineup("2")
    run(db, FakeScoring(db, before))
    fill(db, "b", 5)
    step = rank(db, FakeScoring(db, Lineup("1")), SCHEMA, decided=lambda: decided, clock=lambda: THEN)
    assert step is not None
    assert (step.ranked, str(step)) == (5, "5 prospects ranked by version 1; line-up 2 is not in service yet")
    there = rank(db, FakeScoring(db, decided), SCHEMA, decided=lambda: decided, clock=lambda: THEN)
    assert there is not None
    assert (there.ranked, there.awaited) == (65, None)


TWENTIETHS = ("00", "20", "40", "60", "80")
"""The ends of those keys that are the fake canary's."""


@pytest.mark.parametrize("arrived", [Lineup("2"), Lineup("1", "2"), Lineup("1", levels=(0.5,))])
def test_a_model_that_comes_into_service_ends_the_run_and_is_followed_by_the_next(db: Db, arrived: Lineup) -> None:
    """Kind: a run that goes on with a line-up that is over, for as long as its list is."""
    fill(db, "a", 2_200)
    fill(db, "b", 10)
    scoring = FakeScoring(db, Lineup("1"))
    scoring.during = lambda: setattr(scoring, "lineup", arrived)
    assert run(db, scoring).ranked == ranker.BATCH
    assert run(db, scoring).ranked == 2_210
    versions = {p["_id"]: p["score_version"] for p in db.prospects.find()}
    second = {key for key in versions if arrived.champion == "2" or (arrived.canary and key.endswith(TWENTIETHS))}
    assert {key for key, version in versions.items() if version == "2"} == second
    asked = len(scoring.asked)
    run(db, scoring)
    assert len(scoring.asked) == asked


def test_a_canary_that_is_promoted_before_it_answers_is_not_taken_for_the_line_up_of_its_trial(db: Db) -> None:
    """Both line-ups have the same versions: the route tells them apart."""
    fill(db, "a", 60)
    trial, over = Lineup("1", "2"), Lineup("2")
    scoring = FakeScoring(db, trial)
    scoring.after_state = lambda: setattr(scoring, "lineup", over)
    first = run(db, scoring)
    assert (first.ranked, first.overtaken) == (60, True)
    assert db.prospects.count_documents({"ranked_by": str(trial)}) == 0
    assert db.prospects.count_documents({"score_version": "2", "score_route": "champion"}) == 60


def test_repeating_a_run_killed_before_the_write_asks_the_same_question(db: Db) -> None:
    fill(db, "a", 10)
    scoring = FakeScoring(db, Lineup("1"))

    def die() -> None:
        raise KeyboardInterrupt

    scoring.during = die
    with pytest.raises(KeyboardInterrupt):
        run(db, scoring)
    scoring.during = lambda: None
    run(db, scoring)
    assert scoring.asked[0] == scoring.asked[1]
    assert db.predictions.count_documents({}) == 10


def test_the_next_question_about_the_same_prospects_has_another_id(db: Db) -> None:
    fill(db, "a", 1)
    ids = set()
    for version in ("1", "2", "1", "2"):
        scoring = FakeScoring(db, Lineup(version))
        run(db, scoring)
        ids |= {request for request, _ in scoring.asked}
    assert len(ids) == 4


def test_a_prospect_closed_meanwhile_keeps_what_it_was_called_on(db: Db) -> None:
    fill(db, "a", 5)
    scoring = FakeScoring(db, Lineup("1"))
    scoring.during = lambda: db.prospects.update_one({"_id": "a:0000002"}, {"$set": {"status": "done"}})
    done = run(db, scoring)
    assert (done.ranked, done.closed) == (4, 1)
    closed = db.prospects.find_one({"_id": "a:0000002"})
    assert closed is not None
    assert closed["score"] is None


def test_what_was_ranked_before_the_service_went_down_stays(db: Db) -> None:
    fill(db, "a", 1_200)
    scoring = FakeScoring(db, Lineup("1"))
    scoring.down_after = 1
    with pytest.raises(Unavailable):
        run(db, scoring)
    assert db.prospects.count_documents({"score_version": "1"}) == 500
    scoring.down_after = 10**9
    assert run(db, scoring).ranked == 700


ROW: dict[str, Value] = {
    column.name: column.categories[0] if column.is_category else int(column.minimum or 0) for column in SCHEMA.features
}


@pytest.mark.parametrize(
    ("key", "changed", "column"),
    [
        ("a:nobody\u00a0at all", {}, "prospect"),
        ("a:" + "9" * 300, {}, "prospect"),
        ("a:0000999", {"job": "astronaut"}, "job"),
        ("a:0000999", {"age": None}, "age"),
    ],
)
def test_one_odd_row_costs_one_row_and_is_told_once(
    db: Db, key: str, changed: dict[str, Any], column: str, caplog: pytest.LogCaptureFixture
) -> None:
    fill(db, "a", 499, features=ROW)
    odd = {"_id": key, "campaign": "a", "status": "open", "score": None, "claim": None, "features": {**ROW, **changed}}
    odd |= rank_again("a")
    db.prospects.insert_one(odd)
    scoring = FakeScoring(db, Lineup("1"))
    scoring.refuses = {key}
    done = run(db, scoring)
    assert (done.ranked, dict(done.aside)) == (499, {("a", column): 1})
    assert "1 break a rule of the schema and get no score" in str(done)
    assert db.prospects.count_documents({"score_version": "1"}) == 499
    (event,) = db.events.find({"what": "prospects set aside"})
    assert (event["subject"], event["details"]["prospects"]) == ("a", 1)
    assert key not in f"{event}{caplog.text}", "events and log are kept longer than people may be"
    kept = db.prospects.find_one({"_id": key})
    assert kept is not None
    assert kept["score"] is None
    assert column in kept["refused"]["why"]

    asked = len(scoring.asked)
    for version in ("1", "1", "2"):
        scoring.lineup = Lineup(version)
        assert not run(db, scoring).aside
    assert len(scoring.asked) == asked + 1, "a new champion ranks the others, and nobody asks for the odd one again"
    assert db.prospects.count_documents({"score_version": "2"}) == 499
    assert db.events.count_documents({"what": "prospects set aside"}) == 1
    assert caplog.text.count("get no score") == 1


def test_who_was_set_aside_is_asked_for_again_under_another_schema(db: Db) -> None:
    fill(db, "a", 3, features=ROW)
    word = RankKeys(Lineup("1"), None, "another", "", "").refused("a")
    refused = {"refused": {"schema": "another", "why": "it was so"}, "rank_key": word}
    db.prospects.update_one({"_id": "a:0000001"}, {"$set": refused})
    db.appliance.insert_one({"_id": "ranked:a", "words": [word]})
    assert run(db, FakeScoring(db, Lineup("1"))).ranked == 3
    assert (db.prospects.find_one({"_id": "a:0000001"}) or {})["refused"] is None


def test_a_batch_refused_for_no_rule_of_ours_does_not_hold_up_the_others(db: Db) -> None:
    fill(db, "a", 3, features=ROW)
    fill(db, "b", 3, features=ROW)
    scoring = FakeScoring(db, Lineup("1"))
    scoring.refuses = {"a:0000001"}
    with pytest.raises(InputError, match="column 'job': is not one of a, b"):
        run(db, scoring)
    assert db.prospects.count_documents({"campaign": "b", "score_version": "1"}) == 3
    assert len(list(db.prospects.find({"campaign": "a", "score": None}))) == 3
    for _ in range(3):
        asked = len(scoring.asked)
        with pytest.raises(InputError, match="column 'job': is not one of a, b"):
            run(db, scoring)
        assert len(scoring.asked) == asked, "each run asks once more for those that failed, and for nobody else"
    scoring.refuses = set()
    assert run(db, scoring).ranked == 3

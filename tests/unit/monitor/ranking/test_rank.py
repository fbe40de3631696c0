"""The ranker against a real database where there is one, and a fake scoring service."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.calls.claims import end_pauses
from core.calls.lifecycle import Result
from core.calls.rank_key import rank_again
from core.calls.recording import CallReport, record
from core.errors import InputError, Unavailable
from core.lists.arrival import draw
from core.schema import Schema, read_schema
from core.schema.column import Value
from core.schema.economy import indicators
from core.scoring.protocol import Score, prediction_id
from core.scoring.reasons import Reason, from_documents
from core.settings.group import ROOT
from core.stores.mongo import Db
from monitor.ranking import rank as ranker
from monitor.ranking.keys import RankKeys
from monitor.ranking.lineup import Lineup
from monitor.ranking.rank import Ranking, rank

SCHEMA = read_schema(ROOT / "data" / "schema.yaml")
TIMELESS = Schema.model_validate({**SCHEMA.model_dump(), "calendar": None, "calls": None})
"""The same kind, whose columns say nothing of the call."""
THEN = datetime(2026, 9, 15, tzinfo=UTC)
"""A Tuesday."""


class FakeScoring:
    """Scores a prospect by its age, logs as the real service does, and can be down, behind or particular."""

    def __init__(self, db: Db, lineup: Lineup | None) -> None:
        self.db, self.lineup = db, lineup
        self.asked: list[tuple[str, list[str]]] = []
        self.down_after = 10**9
        self.refuses: set[str] = set()
        self.during: Callable[[], object] = lambda: None
        self.after_state: Callable[[], object] = lambda: None

    def state(self) -> Mapping[str, str | int | float]:
        state = self._state()
        self.after_state()
        return state

    def _state(self) -> Mapping[str, str | int | float]:
        return {
            "champion": self.lineup.champion if self.lineup else "",
            "canary": (self.lineup and self.lineup.canary) or "",
            "refresh": (self.lineup and self.lineup.refresh) or "",
            "refresh_weight": self.lineup.weight if self.lineup else 0.0,
            "canary_share": self.lineup.share if self.lineup else 0.0,
            "canary_level": self.lineup.canary_level if self.lineup else 0.0,
            "champion_level": self.lineup.levels[0] if self.lineup and self.lineup.levels else 0.0,
            "refresh_level": self.lineup.levels[-1]
            if self.lineup and self.lineup.refresh and self.lineup.levels
            else 0.0,
        }

    def score(
        self,
        rows: Sequence[Mapping[str, Value]],
        prospects: Sequence[str],
        *,
        request_id: str | None = None,
        with_reasons: bool = False,
    ) -> list[Score]:
        if len(self.asked) >= self.down_after:
            raise Unavailable("The scoring service did not answer.")
        if self.refuses & set(prospects):
            raise InputError("is not one of a, b", row=1, column="job")
        assert request_id
        assert self.lineup
        self.asked.append((request_id, list(prospects)))
        scores = []
        for place, (row, prospect) in enumerate(zip(rows, prospects, strict=True)):
            to_canary = self.lineup.canary is not None and int(prospect.split(":")[1]) % 20 == 0
            version = self.lineup.canary if to_canary else self.lineup.champion
            shadow = self.lineup.champion if to_canary else self.lineup.canary
            route = "canary" if to_canary else "champion"
            number = round(float(str(row["age"])) / 100, 12)
            reasons = (Reason("age", number), Reason("job", -0.1)) if with_reasons else None
            score = Score(prediction_id(request_id, place), number, str(version), route, reasons)
            record = {
                "prospect": prospect,
                "features": dict(row),
                "score": score.score,
                "version": version,
                "route": route,
                "shadow_version": shadow,
            }
            self.db.predictions.update_one({"_id": score.prediction}, {"$setOnInsert": record}, upsert=True)
            scores.append(score)
        self.during()
        return scores


def fill(db: Db, campaign: str, size: int, **fields: Any) -> None:
    opened = datetime(2026, 1, 1 + db.campaigns.count_documents({}), tzinfo=UTC)
    db.campaigns.update_one({"_id": campaign}, {"$setOnInsert": {"created_at": opened}}, upsert=True)
    common = {"campaign": campaign, "status": "open", "score": None, "claim": None, **rank_again(campaign), **fields}
    db.prospects.insert_many(
        [
            {"_id": f"{campaign}:{n:07d}", "ref": f"{n:07d}", "features": {"age": 20 + n % 60}, **common}
            for n in range(size)
        ]
    )


def run(
    db: Db, scoring: FakeScoring, at: datetime = THEN, schema: Schema = SCHEMA, *, trial: str | None = None
) -> Ranking:
    """Rank; `trial`: what the list of then began with, if it is not what is in service."""
    began_with = (lambda present, _at: present.trial) if trial is None else (lambda _present, _at: trial)
    done = rank(db, scoring, schema, began_with=began_with, clock=lambda: at)
    assert done is not None
    return done


def of_an_earlier_release(db: Db) -> None:
    """Take away what this release added to campaigns and people."""
    db.prospects.update_many({}, {"$unset": {"rank_key": "", "draw": ""}})
    db.appliance.delete_many({"_id": {"$regex": "^ranked:"}})


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


INDICATORS = [column.name for column in indicators(SCHEMA)]


def became_known(db: Db, at: datetime, value: float, period: str = "2026-08", columns: list[str] = INDICATORS) -> None:
    for column in columns:
        vintage = {"value": value, "known": {"at": at}, "source": "test"}
        key, named = f"{column}:{period}", {"series": column, "period": period}
        found = db.indicators.find_one({"_id": key}) or {"_id": key, **named, "vintages": []}
        db.indicators.replace_one({"_id": key}, {**found, "vintages": [*found["vintages"], vintage]}, upsert=True)


def leave_to_economy(db: Db, campaign: str) -> None:
    db.campaigns.update_one({"_id": campaign}, {"$set": {"economy": True}})
    db.prospects.update_many({"campaign": campaign}, {"$set": {"economy": ""}})


def last_asked(db: Db, prospect: str) -> Any:
    found = db.prospects.find_one({"_id": prospect})
    assert found is not None
    logged = db.predictions.find_one({"_id": found["prediction"]})
    assert logged is not None
    return logged["features"]


def test_a_prospect_without_indicators_is_ranked_with_those_known_at_that_time_and_keeps_none(db: Db) -> None:
    fill(db, "a", 3)
    leave_to_economy(db, "a")
    became_known(db, THEN - timedelta(days=1), 2.0)
    became_known(db, THEN + timedelta(days=1), 3.0)
    run(db, FakeScoring(db, Lineup("1")), schema=TIMELESS)
    assert last_asked(db, "a:0000001") == {"age": 21, **dict.fromkeys(INDICATORS, 2.0)}
    assert {tuple(p["features"]) for p in db.prospects.find()} == {("age",)}


def test_it_is_ranked_again_when_what_is_known_changes_and_only_then(db: Db) -> None:
    fill(db, "a", 3)
    fill(db, "b", 3)
    leave_to_economy(db, "a")
    became_known(db, THEN, 2.0)
    scoring = FakeScoring(db, Lineup("1"))
    assert run(db, scoring, schema=TIMELESS).ranked == 6
    assert run(db, scoring, THEN + timedelta(days=1), TIMELESS).ranked == 0
    became_known(db, THEN + timedelta(days=2), 2.0, "2026-09")
    assert run(db, scoring, THEN + timedelta(days=3), TIMELESS).ranked == 0, "the same value of another month"
    became_known(db, THEN + timedelta(days=4), 2.5, "2026-09", INDICATORS[:1])
    assert run(db, scoring, THEN + timedelta(days=4), TIMELESS).ranked == 3, (
        "those whose file had indicators keep theirs"
    )
    assert last_asked(db, "a:0000000")[INDICATORS[0]] == 2.5
    assert "economy" not in (db.prospects.find_one({"_id": "b:0000000"}) or {"economy": None})


def test_a_new_champion_and_a_new_value_at_once_ask_once(db: Db) -> None:
    fill(db, "a", 3)
    leave_to_economy(db, "a")
    became_known(db, THEN, 2.0)
    run(db, FakeScoring(db, Lineup("1")))
    became_known(db, THEN, 2.5)
    assert run(db, FakeScoring(db, Lineup("2"))).ranked == 3


def test_where_nothing_is_known_those_who_need_it_stay_unranked_and_it_is_said(db: Db) -> None:
    fill(db, "a", 2)
    fill(db, "b", 2)
    leave_to_economy(db, "a")
    became_known(db, THEN, 2.0, columns=INDICATORS[1:])
    for _ in range(3):
        with pytest.raises(InputError, match=rf"no value is known yet of {INDICATORS[0]}, .*CALLWISE_ECONOMY=live"):
            run(db, FakeScoring(db, Lineup("1")))
    assert {p["_id"]: p["score"] is None for p in db.prospects.find()} == {
        "a:0000000": True, "a:0000001": True, "b:0000000": False, "b:0000001": False,
    }  # fmt: skip
    without = Schema.model_validate(
        {
            **SCHEMA.model_dump(),
            "words": {},
            "columns": [c for c in SCHEMA.model_dump()["columns"] if c["name"] != INDICATORS[0]],
        }
    )
    assert run(db, FakeScoring(db, Lineup("1")), schema=without).ranked == 4, "a kind that does not need it any more"
    became_known(db, THEN, 2.0, columns=INDICATORS[:1])
    assert run(db, FakeScoring(db, Lineup("1"))).ranked == 4


def asked_of_the_call(db: Db, prospect: str) -> tuple[Any, ...]:
    features = last_asked(db, prospect)
    return features["month"], features["day_of_week"], features["campaign"]


def called(db: Db, prospect: str, at: datetime) -> None:
    record(db, prospect, "Ann", CallReport(Result.NO_ANSWER), clock=lambda: at)


def test_an_open_list_is_ranked_again_once_a_day_as_of_that_day(db: Db) -> None:
    fill(db, "a", 30, features={"age": 41, "month": "may", "day_of_week": "mon", "campaign": 3})
    scoring = FakeScoring(db, Lineup("1"))
    assert run(db, scoring).ranked == 30
    assert asked_of_the_call(db, "a:0000007") == ("sep", "tue", 3)
    assert run(db, scoring, THEN + timedelta(hours=23)).ranked == 0
    assert run(db, scoring, THEN + timedelta(days=1)).ranked == 30
    assert asked_of_the_call(db, "a:0000007") == ("sep", "wed", 3)
    assert run(db, scoring, THEN + timedelta(days=1, hours=1)).ranked == 0
    ids = [request for request, _ in scoring.asked]
    assert len(set(ids)) == len(ids) == 2, "another day is another question"


def test_a_weekend_without_words_is_ranked_once_for_the_monday_after(db: Db) -> None:
    fill(db, "a", 3)
    scoring = FakeScoring(db, Lineup("1"))
    saturday = THEN + timedelta(days=4)
    ranked = [run(db, scoring, saturday + timedelta(days=day)).ranked for day in range(4)]
    assert ranked == [3, 0, 0, 3]
    assert asked_of_the_call(db, "a:0000001")[:2] == ("sep", "tue")


def test_who_comes_back_after_a_call_is_ranked_again_with_the_number_of_the_next(db: Db) -> None:
    fill(db, "a", 3)
    scoring = FakeScoring(db, Lineup("1"))
    run(db, scoring)
    called(db, "a:0000001", THEN + timedelta(hours=1))
    assert run(db, scoring, THEN + timedelta(hours=2)).ranked == 0, "the pause is not over"
    end_pauses(db, "a", THEN + timedelta(hours=6))
    assert run(db, scoring, THEN + timedelta(hours=6)).ranked == 1
    assert [asked_of_the_call(db, f"a:000000{n}")[2] for n in range(3)] == [1, 2, 1]
    assert run(db, scoring, THEN + timedelta(hours=7)).ranked == 0


def test_who_is_called_while_a_run_asks_is_ranked_again_with_the_number_of_the_next(db: Db) -> None:
    """A colleague's late result adds a call and leaves the person on the list."""
    fill(db, "a", 3)
    scoring = FakeScoring(db, Lineup("1"))
    scoring.during = lambda: db.prospects.update_one({"_id": "a:0000001"}, {"$set": {"calls": 1, **rank_again("a")}})
    done = run(db, scoring)
    assert (done.ranked, done.closed) == (3, 1), "by the same run"
    assert asked_of_the_call(db, "a:0000001")[2] == 2


def test_a_day_does_not_change_in_the_middle_of_a_run(db: Db) -> None:
    fill(db, "a", 1_200)
    scoring = FakeScoring(db, Lineup("1"))
    clock = iter(THEN - timedelta(seconds=1) + timedelta(seconds=second) for second in range(1_000))
    done = rank(db, scoring, SCHEMA, clock=lambda: next(clock))
    assert done is not None
    assert (done.ranked, len(scoring.asked)) == (1_200, 3)
    assert {logged["features"]["day_of_week"] for logged in db.predictions.find()} == {"mon"}
    assert run(db, scoring).ranked == 1_200, "the next run ranks them for the new day"


def test_who_was_ranked_by_an_earlier_release_is_ranked_for_today(db: Db) -> None:
    fill(db, "a", 3, score=0.3, score_version="1", ranked_by="1")
    of_an_earlier_release(db)
    assert run(db, FakeScoring(db, Lineup("1"))).ranked == 3


def test_a_kind_whose_columns_say_nothing_of_the_call_is_not_ranked_again(db: Db) -> None:
    fill(db, "a", 3)
    scoring = FakeScoring(db, Lineup("1"))
    assert run(db, scoring, schema=TIMELESS).ranked == 3
    assert run(db, scoring, THEN + timedelta(days=40), TIMELESS).ranked == 0
    called(db, "a:0000001", THEN)
    end_pauses(db, "a", THEN + timedelta(hours=6))
    assert run(db, scoring, THEN + timedelta(days=40), TIMELESS).ranked == 1, "whoever comes back"
    assert last_asked(db, "a:0000001") == {"age": 21}


def test_a_kind_that_counts_calls_alone_is_ranked_again_after_calls_alone(db: Db) -> None:
    counting = Schema.model_validate({**SCHEMA.model_dump(), "calendar": None})
    fill(db, "a", 3)
    scoring = FakeScoring(db, Lineup("1"))
    run(db, scoring, schema=counting)
    called(db, "a:0000001", THEN)
    end_pauses(db, "a", THEN + timedelta(hours=6))
    assert run(db, scoring, THEN + timedelta(days=40), counting).ranked == 1
    assert last_asked(db, "a:0000001") == {"age": 21, "campaign": 2}

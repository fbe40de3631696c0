"""The ranker against a real database where there is one, and a fake scoring service."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import InputError, Unavailable
from core.mongo import Db
from core.schema import Value
from core.v2 import Score, prediction_id
from monitor import rank as ranker
from monitor.rank import Lineup, Ranking, rank


class FakeScoring:
    """Scores a prospect by its age, logs as the real service does, and can be down, behind or particular."""

    def __init__(self, db: Db, lineup: Lineup | None) -> None:
        self.db, self.lineup = db, lineup
        self.asked: list[tuple[str, list[str]]] = []
        self.down_after = 10**9
        self.refuses: set[str] = set()
        self.during: Callable[[], object] = lambda: None

    def state(self) -> Mapping[str, str | int | float]:
        return {
            "champion": self.lineup.champion if self.lineup else "",
            "canary": (self.lineup and self.lineup.canary) or "",
        }

    def score(
        self, rows: Sequence[Mapping[str, Value]], prospects: Sequence[str], *, request_id: str | None = None
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
            score = Score(prediction_id(request_id, place), round(float(row["age"]) / 100, 12), str(version), route)
            record = {
                "prospect": prospect,
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
    common = {"campaign": campaign, "status": "open", "score": None, "claim": None, **fields}
    db.prospects.insert_many(
        [{"_id": f"{campaign}:{n:07d}", "features": {"age": 20 + n % 60}, **common} for n in range(size)]
    )


def run(db: Db, scoring: FakeScoring) -> Ranking:
    done = rank(db, scoring)
    assert done is not None
    return done


def test_without_a_champion_nobody_is_ranked(db: Db) -> None:
    fill(db, "a", 3)
    assert rank(db, FakeScoring(db, None)) is None
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


def test_a_canary_sets_the_whole_list_anew_and_its_end_only_what_it_scored(db: Db) -> None:
    fill(db, "a", 60)
    run(db, FakeScoring(db, Lineup("1")))
    scoring = FakeScoring(db, Lineup("1", "2"))
    assert run(db, scoring).ranked == 60
    assert db.prospects.count_documents({"score_route": "canary", "score_version": "2"}) == 3
    assert run(db, scoring).ranked == 0
    assert run(db, FakeScoring(db, Lineup("1"))).ranked == 3
    assert db.prospects.count_documents({"score_version": "1"}) == 60


@pytest.mark.parametrize("arrived", [Lineup("2"), Lineup("1", "2")])
def test_a_model_that_comes_into_service_during_a_run_is_followed_by_the_next(db: Db, arrived: Lineup) -> None:
    fill(db, "a", 1_200)
    scoring = FakeScoring(db, Lineup("1"))
    scoring.during = lambda: setattr(scoring, "lineup", arrived)
    assert run(db, scoring).ranked == 1_200
    run(db, scoring)
    versions = {p["_id"]: p["score_version"] for p in db.prospects.find()}
    canary = {key for key in versions if int(key.split(":")[1]) % 20 == 0} if arrived.canary else set(versions)
    assert {key for key, version in versions.items() if version == "2"} == canary
    asked = len(scoring.asked)
    run(db, scoring)
    assert len(scoring.asked) == asked


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


def test_a_refused_batch_does_not_hold_up_the_others(db: Db) -> None:
    fill(db, "a", 3)
    fill(db, "b", 3)
    scoring = FakeScoring(db, Lineup("1"))
    scoring.refuses = {"a:0000001"}
    with pytest.raises(InputError, match="column 'job': is not one of a, b"):
        run(db, scoring)
    assert db.prospects.count_documents({"campaign": "b", "score_version": "1"}) == 3
    assert len(list(db.prospects.find({"campaign": "a", "score": None}))) == 3

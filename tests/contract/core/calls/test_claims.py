from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core.calls.claims import claim, release, settle_calls
from core.calls.lifecycle import CallRules, Result
from core.calls.recording import CallReport, record
from core.errors import Conflict, NotFound
from core.stores.mongo import Db
from tests.contract.core.calls.conftest import START, Watch, counts

TEN = CallRules(claim=timedelta(minutes=10))


def fill(db: Db, number: int, campaign: str = "spring") -> None:
    shared = {"campaign": campaign, "status": "open", "claim": None}
    db.prospects.insert_many(
        [{"_id": f"{campaign}:{n:05d}", "ref": f"{n:05d}", "score": n / number, **shared} for n in range(number)]
    )


def test_the_best_free_prospect_is_claimed(db: Db) -> None:
    fill(db, 5)
    first, second = claim(db, "spring", "ann"), claim(db, "spring", "bob")
    assert first is not None
    assert second is not None
    assert (first["_id"], second["_id"]) == ("spring:00004", "spring:00003")


def test_an_agent_gets_the_one_they_hold_again(db: Db) -> None:
    fill(db, 5)
    assert claim(db, "spring", "ann") is not None
    again = claim(db, "spring", "ann")
    assert again is not None
    assert again["_id"] == "spring:00004"


def test_an_ended_claim_of_another_campaign_is_left_alone(db: Db) -> None:
    fill(db, 1)
    fill(db, 1, "autumn")
    watch = Watch()
    assert claim(db, "autumn", "ann", rules=TEN, clock=watch) is not None
    watch.at += timedelta(minutes=10)
    taken = [claim(db, "spring", agent, rules=TEN, clock=watch) for agent in ("bob", "cid")]
    assert [prospect and prospect["_id"] for prospect in taken] == ["spring:00000", None]


def test_a_claim_ends_and_another_agent_takes_over(db: Db) -> None:
    fill(db, 1)
    watch = Watch()
    assert claim(db, "spring", "ann", rules=TEN, clock=watch) is not None
    assert claim(db, "spring", "bob", rules=TEN, clock=watch) is None
    watch.at += timedelta(minutes=10)
    assert claim(db, "spring", "bob", rules=TEN, clock=watch) is not None
    with pytest.raises(Conflict, match="now held by bob"):
        record(db, "spring:00000", "ann", CallReport(Result.SOLD), clock=watch)
    assert db.outcomes.count_documents({}) == 0


def test_a_released_prospect_is_free_and_only_its_holder_releases(db: Db) -> None:
    fill(db, 1)
    claim(db, "spring", "ann")
    release(db, "spring:00000", "bob")
    assert claim(db, "spring", "bob") is None
    release(db, "spring:00000", "ann")
    assert claim(db, "spring", "bob") is not None


def test_recording_closes_and_repeating_changes_nothing(db: Db) -> None:
    fill(db, 2)
    claim(db, "spring", "ann")
    first = record(db, "spring:00001", "ann", CallReport(Result.SOLD))
    assert record(db, "spring:00001", "ann", CallReport(Result.SOLD)) == first
    assert counts(db, "spring") == {"open": 1, "done": 1, "sold": 1}


def test_the_first_outcome_stands(db: Db) -> None:
    fill(db, 1)
    record(db, "spring:00000", "ann", CallReport(Result.REFUSED))
    with pytest.raises(Conflict, match="already has the outcome 'refused'"):
        record(db, "spring:00000", "bob", CallReport(Result.SOLD))
    assert counts(db, "spring")["sold"] == 0


def test_a_prospect_that_is_not_there_is_not_found(db: Db) -> None:
    with pytest.raises(NotFound):
        record(db, "spring:99999", "ann", CallReport(Result.SOLD))


def test_a_process_that_died_between_the_two_writes_is_made_good(db: Db) -> None:
    fill(db, 2)
    held = claim(db, "spring", "ann")
    assert held is not None
    db.outcomes.insert_one({"_id": f"{held['_id']}:1", "prospect": held["_id"], "at": START, "positive": True})
    assert settle_calls(db) == 1
    assert settle_calls(db) == 0
    assert counts(db, "spring")["open"] == 1


def test_twenty_agents_never_get_the_same_person(db: Db) -> None:
    fill(db, 300)

    def shift(agent: int) -> list[str]:
        taken: list[str] = []
        while len(taken) < 15 and (found := claim(db, "spring", f"agent-{agent}")) is not None:
            taken.append(found["_id"])
            record(
                db, found["_id"], f"agent-{agent}", CallReport(Result.SOLD if len(taken) % 5 == 0 else Result.REFUSED)
            )
        return taken

    with ThreadPoolExecutor(20) as pool:
        taken = [key for keys in pool.map(shift, range(20)) for key in keys]
    assert max(Counter(taken).values()) == 1
    assert len(taken) == 300
    assert counts(db, "spring") == {"open": 0, "done": 300, "sold": 60}

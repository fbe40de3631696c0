from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from core.clock import Clock, now
from core.sentences import Sentence, said_in
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db


def test_the_sequence_has_no_gap_with_many_writers(db: Db) -> None:
    with ThreadPoolExecutor(8) as pool:
        places = list(
            pool.map(
                lambda n: event_log.append(db, who=f"w{n}", what=Event.SCRIPT_CHANGED, subject="x", n=n), range(40)
            )
        )
    assert sorted(places) == list(range(1, 41))
    assert event_log.first_broken(db) is None


def test_a_changed_event_breaks_the_chain_where_it_stands(db: Db) -> None:
    for n in range(4):
        event_log.append(db, who="ann", what=Event.MODEL_PROMOTED, subject=f"model {n}", why="better")
    db.events.update_one({"_id": event_log.key(2)}, {"$set": {"why": "worse"}})
    assert event_log.first_broken(db) == 2


def test_a_removed_event_is_missed(db: Db) -> None:
    for n in range(4):
        event_log.append(db, who="ann", what=Event.MODEL_PROMOTED, subject=f"model {n}")
    db.events.delete_one({"_id": event_log.key(3)})
    assert event_log.first_broken(db) == 3


def test_a_reason_that_screens_translate_is_sealed_with_the_rest(db: Db) -> None:
    event_log.append(db, who="monitor", what=Event.MODEL_PROMOTED, subject="model 1", why=Sentence("after {n}", n=3))
    event = db.events.find_one({"_id": event_log.key(1)})
    assert event is not None
    assert event["why"] == "after 3"
    assert isinstance(said_in(event), Sentence)
    assert event_log.first_broken(db) is None
    db.events.update_one({"_id": event_log.key(1)}, {"$set": {"said": {**event["said"], "values": {"n": 4}}}})
    assert event_log.first_broken(db) == 1


def test_what_is_told_once_is_told_once_whoever_was_quicker(db: Db) -> None:
    def tell(clock: Clock = now) -> int:
        once = {"what": Event.MODEL_PROMOTED, "details.decision": 7}
        return event_log.append(
            db, who="ann", what=Event.MODEL_PROMOTED, subject="model 2", clock=clock, once=once, decision=7
        )

    rivals = iter([tell])

    def meanwhile() -> datetime:
        for rival in rivals:  # after it was looked for, before it is written
            rival()
        return now()

    event_log.append(db, who="ann", what=Event.MODEL_PROMOTED, subject="model 1", decision=6)
    assert tell(meanwhile) == tell() == 2
    assert [event["details"]["decision"] for event in db.events.find({}).sort([("_id", 1)])] == [6, 7]
    assert event_log.first_broken(db) is None

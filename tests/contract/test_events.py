from concurrent.futures import ThreadPoolExecutor

from core import events
from core.mongo import Db


def test_the_sequence_has_no_gap_with_many_writers(db: Db) -> None:
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda n: events.append(db, who=f"w{n}", what="said", subject="x", n=n), range(40)))
    assert sorted(places) == list(range(1, 41))
    assert events.first_broken(db) is None


def test_a_changed_event_breaks_the_chain_where_it_stands(db: Db) -> None:
    for n in range(4):
        events.append(db, who="ann", what="promoted", subject=f"model {n}", why="better")
    db.events.update_one({"_id": events.key(2)}, {"$set": {"why": "worse"}})
    assert events.first_broken(db) == 2


def test_a_removed_event_is_missed(db: Db) -> None:
    for n in range(4):
        events.append(db, who="ann", what="promoted", subject=f"model {n}")
    db.events.delete_one({"_id": events.key(3)})
    assert events.first_broken(db) == 3

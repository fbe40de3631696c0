"""People on a call list, for tests of what is judged on them alone."""

from collections.abc import Iterable

from core.stores.mongo import Db


def put_on_a_list(db: Db, prospects: Iterable[str]) -> None:
    """Let each of `prospects` be on a list, once."""
    wanted = list(dict.fromkeys(prospects))
    there = {found["_id"] for found in db.prospects.find({"_id": {"$in": wanted}}, {"_id": 1})}
    if new := [
        {"_id": prospect, "campaign": "listed", "status": "done"} for prospect in wanted if prospect not in there
    ]:
        db.prospects.insert_many(new)

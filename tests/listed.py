"""People on a call list, for tests of what is judged on them alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from core.lists.arrival import draw
from core.scoring.kept_predictions import KEPT_PREDICTIONS, UNKNOWN, with_newest
from core.stores.mongo import Db, Document


def put_on_a_list(db: Db, prospects: Iterable[str]) -> None:
    """Let each of `prospects` be on a list, once."""
    wanted = list(dict.fromkeys(prospects))
    there = {found["_id"] for found in db.prospects.find({"_id": {"$in": wanted}}, {"_id": 1})}
    # As an earlier release left them: the log is searched for their predictions.
    done = {"campaign": "listed", "status": "done", "scored": [[UNKNOWN, "earlier:0"]]}
    if new := [{"_id": prospect, **done} for prospect in wanted if prospect not in there]:
        db.prospects.insert_many(new)


def rank_in_key_order(db: Db, ages: Mapping[str, int], at: datetime, version: str = "1") -> list[Document]:
    """Let `version` rank the open people of `ages` at once, key by key; returns their records.

    A score is a hundredth of the age. People whom another version ranked before are ranked again.
    """
    records: list[Document] = [
        {"_id": f"{version}-{at:%H%M%S}:{place}", "prospect": key, "at": at, "features": {"age": ages[key]},
         "score": ages[key] / 100, "version": version, "route": "champion", "shadow_version": None}
        for place, key in enumerate(sorted(ages))
    ]  # fmt: skip
    known = {one["_id"]: one for one in db.prospects.find({"_id": {"$in": list(ages)}}, {KEPT_PREDICTIONS: 1})}
    new = []
    for record in records:
        kept = with_newest(known.get(record["prospect"], {}), record["_id"], at)
        ranked = {
            "status": "open",
            "prediction": record["_id"],
            KEPT_PREDICTIONS: kept,
            "draw": draw(record["prospect"]),
        }
        if record["prospect"] in known:
            db.prospects.update_one({"_id": record["prospect"]}, {"$set": ranked})
        else:
            new.append({"_id": record["prospect"], "campaign": "listed", **ranked})
    if new:
        db.prospects.insert_many(new)
    db.predictions.insert_many(records)
    return records

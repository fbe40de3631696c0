"""A list with an odd row in it, ranked by the real monitor's job over the real scoring service."""

from datetime import UTC, datetime

from core.stores.mongo import ensure_indexes
from monitor.ranking.rank import BATCH, rank
from tests.scoring.processes import Server, some_rows


def test_one_odd_row_of_a_batch_costs_one_row(server: Server) -> None:
    db, schema = server.database(), server.registry.schema
    ensure_indexes(db)
    odd = ["a:no\u00a0break", "a:" + "9" * 300]
    keys = [*(f"a:{n:07d}" for n in range(BATCH - 3)), *odd, "a:strange"]
    rows = some_rows(schema, BATCH)
    rows[-1]["job"] = "astronaut"
    db.campaigns.insert_one({"_id": "a", "created_at": datetime(2026, 1, 1, tzinfo=UTC)})
    db.prospects.insert_many(
        [{"_id": key, "campaign": "a", "status": "open", "score": None, "claim": None, "features": row}
         for key, row in zip(keys, rows, strict=True)]
    )  # fmt: skip
    done = rank(db, server.client, schema)
    assert done is not None
    assert (done.ranked, done.aside.total()) == (BATCH - 3, 3)
    unranked = {found["_id"]: found["refused"]["why"] for found in db.prospects.find({"score": None})}
    assert set(unranked) == {*odd, "a:strange"}
    assert "astronaut" in unranked["a:strange"]
    logged = db.predictions.count_documents({})
    again = rank(db, server.client, schema)
    assert again is not None
    assert (again.ranked, again.aside.total(), db.predictions.count_documents({})) == (0, 0, logged)
    assert db.events.count_documents({"what": "prospects set aside"}) == 2, "a column each, and once"

"""Says of a column with decimal commas how its numbers are written: mappings only named such columns before."""

from __future__ import annotations

from pymongo import UpdateOne

from bootstrap.migrations.migration import Keep, pages
from core.stores.mongo import Db
from core.values.numbers import NumberReading

AS_BEFORE = NumberReading(",", ".")
"""How numbers with a decimal comma were read before columns had readings of their own."""


def run(db: Db, keep: Keep) -> int:
    """Put `numbers` and `dates` in the place of `commas`. Returns the number of mappings."""
    changed = 0
    for page in pages(db, "mappings", keep):
        writes = []
        for stored in page:
            if "commas" not in stored:
                continue
            known = {entry["column"] for entry in stored.get("numbers", ())}
            named = [name for name in sorted(stored["commas"]) if name not in known]
            numbers = [*stored.get("numbers", ()), *({"column": name, **AS_BEFORE.document()} for name in named)]
            fields = {"numbers": numbers, "dates": stored.get("dates", [])}
            writes.append(UpdateOne({"_id": stored["_id"]}, {"$set": fields, "$unset": {"commas": ""}}))
        if writes:
            changed += db.mappings.bulk_write(writes, ordered=False).matched_count
    return changed

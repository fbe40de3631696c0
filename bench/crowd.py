"""A large made-up list of people to call, in MongoDB, in the form that an import and a ranking give it."""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from core.calls.filters import ensure_indexes as ensure_filters
from core.calls.rank_key import RANK_KEY
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.models.level import DECIMALS
from core.schema import Schema
from core.schema.column import Column, ColumnType, Value
from core.stores.mongo import Db, Document, ensure_indexes

BATCH = 5_000
KINDS = 5_000  # different sets of features, from which each person gets one
WIDTH = 40  # range of a number above the minimum of its column
ELSEWHERE = "warm-up"
"""A campaign of one person, so that an app can show another page before the measured list."""


def fill(db: Db, schema: Schema, campaign: str, size: int, *, seed: int = 1) -> None:
    """Put a campaign of `size` ranked people into the empty database `db`, with the indexes of an appliance.

    The indexes come last: the result is the same in a fraction of the time.
    """
    chance = random.Random(seed)  # noqa: S311  made-up people
    _import(db, schema, ELSEWHERE, chance)
    _import(db, schema, campaign, chance)
    [imported] = db.prospects.find({"campaign": campaign})
    db.prospects.delete_one({"_id": imported["_id"]})
    people = _people(schema, imported, size, chance)
    while batch := list(islice(people, BATCH)):
        db.prospects.insert_many(batch, ordered=False)
    ensure_indexes(db)
    ensure_filters(db, schema)


def features(schema: Schema, many: int, chance: random.Random) -> list[dict[str, Value]]:
    """The features of `many` people: values that the schema allows, all equally likely."""
    return [{column.name: _value(column, chance) for column in schema.features} for _ in range(many)]


def file_row(schema: Schema, ref: str, chance: random.Random) -> dict[str, Value]:
    """A row of a file, of somebody who was not called yet."""
    row: dict[str, Value] = {column.name: _value(column, chance) for column in schema.columns}
    return row | {schema.outcome.column: ""} | ({schema.reference: ref} if schema.reference else {})


def _import(db: Db, schema: Schema, campaign: str, chance: random.Random) -> None:
    """Import a file of one row; its prospect is the pattern for the others."""
    with tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder:
        path = Path(folder) / "people.csv"
        row = file_row(schema, "0000001", chance)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row)
            writer.writeheader()
            writer.writerow(row)
        request = ImportRequest(CampaignFile.open(path), campaign)
        import_campaign(db, schema, request, rejects=Path(folder) / "rejects.csv")


def _people(schema: Schema, like: Document, size: int, chance: random.Random) -> Iterator[Document]:
    kinds = features(schema, KINDS, chance)
    for number in range(1, size + 1):
        ref = f"{number:07d}"
        yield {
            **like,
            "_id": f"{like['campaign']}:{ref}",
            "ref": ref,
            "row": number,
            "features": chance.choice(kinds),
            "score": round(chance.betavariate(1.2, 8), DECIMALS),
            "score_version": "1",
            "score_route": "champion",
            "prediction": f"bench:{number}",
            "ranked_by": "1",
            RANK_KEY: f"{like['campaign']}|bench",  # ranked, by nothing that a monitor knows
            "reasons": [{"column": column.name, "effect": 0.5} for column in schema.features[:3]],
        }


def _value(column: Column, chance: random.Random) -> Value:
    if column.is_category:
        return chance.choice(column.categories)
    low = column.minimum if column.minimum is not None else 0.0
    high = min(low + WIDTH, column.maximum if column.maximum is not None else low + WIDTH)
    return (
        chance.randint(int(low), int(high))
        if column.type is ColumnType.INTEGER
        else round(chance.uniform(low, high), 3)
    )

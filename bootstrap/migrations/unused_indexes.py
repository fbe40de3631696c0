"""Drops indexes that no question uses any more: every write to their collection still pays for them."""

from __future__ import annotations

from bootstrap.migrations.migration import Keep
from core.stores.mongo import Db

UNUSED: dict[str, tuple[tuple[str, ...], ...]] = {
    # A longer index begins with the same fields.
    "prospects": (("campaign", "status", "score"),),
    "calls": (("undo.by",), ("campaign",)),
}
"""Fields of indexes that earlier releases made, by collection. The embedded server keeps no order of a field."""


def run(db: Db, keep: Keep) -> int:
    """Returns the number of indexes that were dropped."""
    dropped = 0
    for collection, unused in UNUSED.items():
        for name, index in list(db[collection].index_information().items()):
            if tuple(str(field) for field, _ in index["key"]) in unused:
                db[collection].drop_index(name)
                dropped += 1
        keep()
    return dropped

"""The join of outcomes with the prediction log: the predictions of a prospect before a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from core.scoring.kept_predictions import KEPT_PREDICTIONS, kept_before, kept_of
from core.scoring.logged import by_key
from core.scoring.packed import PACKING, rows_of
from core.stores.mongo import Db, Document, reachable

PAGE = 2_000
"""Outcomes whose predictions are read at once."""

DATED = {"dated": {"$nin": [False]}}
"""The query of outcomes whose calls have a known time (`$ne` would not do: `core.stores.embedded_mongo`).

An outcome from a file without that time has the time of its import, which says nothing about what was scored before
the call.
"""


def predictions_before(
    db: Db,
    outcomes: Sequence[Document],
    *,
    since: datetime | None = None,
    fields: Mapping[str, int] | None = None,
    last: bool = False,
) -> Iterator[tuple[Document, list[Document]]]:
    """Each outcome with the predictions of its prospect up to the call, the oldest first (at one moment, by key).

    Of a person on a list those that the person's document keeps (`core.scoring.kept_predictions`); only where these do
    not reach back to the call, all of the log. With `last`, none but the last. `since` leaves out earlier ones;
    `fields`, their projection, must hold `prospect` and `at`. Raises Unavailable.
    """
    for start in range(0, len(outcomes), PAGE):
        page = outcomes[start : start + PAGE]
        keys = _kept(db, page)
        wanted = {key for known in keys if known for key in (known[-1:] if last else known)}
        found = by_key(db, sorted(wanted)) if wanted else {}
        unknown = [outcome for outcome, known in zip(page, keys, strict=True) if known is None]
        by_prospect = _searched(db, {outcome["prospect"] for outcome in unknown}, fields) if unknown else {}
        for outcome, known in zip(page, keys, strict=True):
            if known is None:
                records = [one for one in by_prospect.get(outcome["prospect"], []) if one["at"] <= outcome["at"]]
                records = records[-1:] if last else records
            else:
                records = [found[key] for key in known if key in found]
            yield outcome, [record for record in records if since is None or record["at"] >= since]


def _kept(db: Db, outcomes: Sequence[Document]) -> list[list[str] | None]:
    """What `kept_before` says of the prospect of each outcome."""
    people = sorted({outcome["prospect"] for outcome in outcomes})
    with reachable():
        found = db.prospects.find({"_id": {"$in": people}}, {KEPT_PREDICTIONS: 1})
        kept = {person["_id"]: kept_of(person) for person in found}
    return [kept_before(kept.get(outcome["prospect"]), outcome["at"]) for outcome in outcomes]


def _searched(db: Db, wanted: set[str], fields: Mapping[str, int] | None) -> dict[str, list[Document]]:
    """All predictions of these people, the oldest first."""
    by_prospect: dict[str, list[Document]] = {}
    with reachable():
        found = db.predictions.find({"prospect": {"$in": list(wanted)}}, {**fields, **PACKING} if fields else None)
        for record in rows_of(found, wanted):
            by_prospect.setdefault(record["prospect"], []).append(record)
    for records in by_prospect.values():
        records.sort(key=lambda record: (record["at"], record["_id"]))
    return by_prospect

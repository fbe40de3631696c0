"""Old predictions: those that a call followed stay whole, of the others the counts stay.

A list is ranked anew each day, so most predictions are of people who were not called before the next one. Here they go,
day by day, once they are old. What stays of them is one document of `retention` a day: how many rows each version
scored on each route, and their mean score. It is written before the first row goes, so that a process which is killed
in between counts nobody twice and loses nobody.

A row stays that was the last before an outcome of its person, because reports, trials and results join the two; and
one that is the newest of its person, because the list shows its score.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from core.clock import Clock, now
from core.scoring.packed import PACKED, PEOPLE, count_rows, only, rows_of
from core.scoring.predictions_before import predictions_before
from core.stores.embedded_mongo import remove_by_key
from core.stores.mongo import Db, Document, reachable

RECORDS = 200
"""Records that are read at once."""
KIND = "predictions"
NEEDED = {"prospect": 1, "at": 1}


@dataclass(frozen=True)
class OldPredictions:
    """The predictions in `db` that are more than `days` days old."""

    db: Db
    days: int
    clock: Clock = now

    def step(self) -> int | None:
        """Count and clear the first old day that is not cleared yet; returns how many rows went, None without one.

        Raises Unavailable.
        """
        day = self._next_day()
        if day is None or day >= _midnight(self.clock()) - timedelta(days=self.days):
            return None
        keys = self._records_of(day)
        if keys:
            self._count(day, keys)
        gone = sum(self._clear(keys[start : start + RECORDS]) for start in range(0, len(keys), RECORDS))
        with reachable():
            done = {"until": {"at": day + timedelta(days=1)}}
            self.db.retention.update_one({"_id": KIND}, {"$set": done}, upsert=True)
        return gone

    def _next_day(self) -> datetime | None:
        """The first day that is not cleared, which may have no predictions; None before there are any.

        The first prediction of that day is not asked for: for a bound and an order together the embedded server reads
        the whole log.
        """
        with reachable():
            done = self.db.retention.find_one({"_id": KIND})
            first = None if done else self.db.predictions.find_one({}, {"at": 1}, sort=[("at", 1)])
        if done:
            return _midnight(done["until"]["at"])
        return _midnight(first["at"]) if first else None

    def _records_of(self, day: datetime) -> list[str]:
        with reachable():
            found = self.db.predictions.find({"at": {"$gte": day, "$lt": day + timedelta(days=1)}}, {"_id": 1})
            return [str(record["_id"]) for record in found]

    def _count(self, day: datetime, keys: Sequence[str]) -> None:
        """Write how many rows the day has, unless that was done before some of them went."""
        key = f"{KIND}:{day:%Y-%m-%d}"
        with reachable():
            if self.db.retention.find_one({"_id": key}) is not None:
                return
        rows: Counter[tuple[str, str]] = Counter()
        sums: defaultdict[tuple[str, str], float] = defaultdict(float)
        for record in self._read(keys):
            for row in rows_of([record]):
                by = str(row["version"]), str(row.get("route", ""))
                rows[by] += 1
                sums[by] += float(row["score"] or 0.0)
        scored: list[dict[str, Any]] = [
            {"version": version, "route": route, "rows": many, "mean_score": sums[version, route] / many}
            for (version, route), many in sorted(rows.items())
        ]
        with reachable():
            self.db.retention.update_one({"_id": key}, {"$setOnInsert": {"scored": scored}}, upsert=True)

    def _read(self, keys: Sequence[str]) -> Iterator[Document]:
        for start in range(0, len(keys), RECORDS):
            with reachable():
                yield from list(self.db.predictions.find({"_id": {"$in": list(keys[start : start + RECORDS])}}))

    def _clear(self, keys: Sequence[str]) -> int:
        """Remove the rows of these records that nobody needs; returns how many."""
        records = list(self._read(keys))
        needed = self._needed(records)
        whole, gone = [], 0
        for record in records:
            rest = only(record, needed)
            gone += count_rows(record) - (count_rows(rest) if rest else 0)
            if rest is None:
                whole.append(record["_id"])
            elif rest is not record:
                changed = {name: rest[name] for name in (*PEOPLE, PACKED)}
                # An erasure may have changed it since: then it stays as it is now, and only its people go.
                unchanged = {"_id": record["_id"], "many": record["many"]}
                with reachable():
                    self.db.predictions.update_one(unchanged, {"$set": changed})
        with reachable():
            remove_by_key(self.db.predictions, whole)
        return gone

    def _needed(self, records: Sequence[Document]) -> set[str]:
        """The keys of rows that a call followed, and of those that the list shows."""
        people = sorted({str(row["prospect"]) for row in rows_of(records)} - {""})
        keys: set[str] = set()
        for start in range(0, len(people), RECORDS):
            some = people[start : start + RECORDS]
            with reachable():
                shown = list(self.db.prospects.find({"_id": {"$in": some}}, {"prediction": 1}))
                outcomes = list(self.db.outcomes.find({"prospect": {"$in": some}}, NEEDED))
            keys |= {str(one["prediction"]) for one in shown if one.get("prediction")}
            keys |= {
                before[-1]["_id"]
                for _, before in predictions_before(self.db, outcomes, fields=NEEDED, last=True)
                if before
            }
        return keys


def _midnight(at: datetime) -> datetime:
    """The beginning of the day of `at`, in UTC."""
    return datetime.combine(at.astimezone(UTC).date(), time(), UTC)

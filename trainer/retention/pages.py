"""Pages of old runs that made no version: the gates' reports go, the run and its figures stay.

A version's pages go when it is archived (`trainer.pipeline.archive`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.clock import Clock, now
from core.models.registry import ModelRegistry, reachable
from core.stores.mongo import Db
from core.stores.mongo import reachable as mongo_reachable

KIND, AT_ONCE = "pages", 100


@dataclass(frozen=True)
class OldPages:
    """The runs of `experiment` that ended more than `days` days ago. `db` remembers how far they are cleared."""

    db: Db
    models: ModelRegistry
    experiment: str
    days: int
    clock: Clock = now

    def clear(self) -> int:
        """Remove the pages of old runs without a version; returns of how many runs. Raises Unavailable."""
        before, cleared = self.clock() - timedelta(days=self.days), 0
        versions = {version.run_id for version in self.models.versions()}
        with reachable("the experiment"):
            found = self.models.client.get_experiment_by_name(self.experiment)
        while found is not None:
            since = self._until()
            ended = f"attributes.end_time >= {_millis(since)} and attributes.end_time < {_millis(before)}"
            with reachable("the runs of the experiment"):
                runs = self.models.client.search_runs(
                    [found.experiment_id], ended, max_results=AT_ONCE, order_by=["attributes.end_time ASC"]
                )
            for info in (run.info for run in runs):
                if info.run_id not in versions:
                    self.models.remove_pages(info.run_id)
                    cleared += 1
            if not runs:
                break
            until = datetime.fromtimestamp(runs[-1].info.end_time / 1000 + 0.001, UTC)
            with mongo_reachable():
                self.db.retention.update_one({"_id": KIND}, {"$set": {"until": {"at": until}}}, upsert=True)
        return cleared

    def _until(self) -> datetime:
        with mongo_reachable():
            done = self.db.retention.find_one({"_id": KIND})
        return done["until"]["at"] if done else datetime.fromtimestamp(0, UTC)


def _millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)

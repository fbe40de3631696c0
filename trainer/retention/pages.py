"""Pages of old runs that made no version, or one that is archived: they go, the run and its figures stay.

A version's pages go when it is archived (`trainer.pipeline.archive`); an earlier release left them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from core.clock import Clock, now
from core.models.registry import ModelRegistry, reachable
from core.stores.mongo import Db
from core.stores.mongo import reachable as mongo_reachable
from trainer.pipeline.archive import ARCHIVED

KIND, AT_ONCE = "pages", 100


@dataclass(frozen=True)
class OldPages:
    """The runs of `experiment` that ended more than `days` days ago. `db` remembers how far they are cleared."""

    db: Db
    models: ModelRegistry
    experiment: str
    days: int
    clock: Clock = now

    def step(self) -> int | None:
        """Remove the pages of the oldest runs without a usable version; returns of how many, None where none is old.

        Raises Unavailable.
        """
        kept = {version.run_id for version in self.models.versions() if ARCHIVED not in version.tags}
        since, before = self._until(), self.clock() - timedelta(days=self.days)
        ended = f"attributes.end_time >= {_millis(since)} and attributes.end_time < {_millis(before)}"
        with reachable("the runs of the experiment"):
            found = self.models.client.get_experiment_by_name(self.experiment)
            runs = found and self.models.client.search_runs(
                [found.experiment_id], ended, max_results=AT_ONCE, order_by=["attributes.end_time ASC"]
            )
        if not runs:
            return None
        # Trials of the search are runs, too, and have no pages.
        old = [run.info.run_id for run in runs if MLFLOW_PARENT_RUN_ID not in run.data.tags]
        gone = [run for run in old if run not in kept]
        for run in gone:
            self.models.remove_pages(run)
        until = datetime.fromtimestamp(runs[-1].info.end_time / 1000 + 0.001, UTC)
        with mongo_reachable():
            self.db.retention.update_one({"_id": KIND}, {"$set": {"until": {"at": until}}}, upsert=True)
        return len(gone)

    def _until(self) -> datetime:
        with mongo_reachable():
            done = self.db.retention.find_one({"_id": KIND})
        return done["until"]["at"] if done else datetime.fromtimestamp(0, UTC)


def _millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)

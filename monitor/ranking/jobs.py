"""The jobs that keep the call lists in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from core.clock import now
from core.models.decisions import decisions, state_of
from core.schema import Schema
from core.scoring.client import ScoringClient
from core.stores.mongo import Db
from monitor.jobs.job import Job
from monitor.jobs.settings import Settings
from monitor.machine.metrics import PEOPLE_RANKED
from monitor.ranking.beginning import Beginning, Preparation
from monitor.ranking.levelling import Levelling, learnt_calls
from monitor.ranking.lineup import Lineup
from monitor.ranking.rank import rank
from monitor.ranking.settle import settle

if TYPE_CHECKING:
    from core.models.level import Calls
    from core.models.registry import ModelRegistry

PATIENCE = timedelta(minutes=10)
"""How long a list waits for a line-up that was decided and is not in service."""
JOBS = {
    "rank": "score every open prospect with the models in service",
    "settle": "finish calls that a process left half recorded when it died, and end pauses",
    "level": "let the level of the scores follow the newest outcomes",
}


def jobs(
    settings: Settings,
    db: Db,
    scoring: ScoringClient,
    columns: Schema,
    registry: Callable[[], ModelRegistry],
    preparation: Preparation,
) -> list[Job]:
    """The jobs of `JOBS`."""

    def decided() -> Lineup | None:
        """The line-up that the newest decision asks for, as long as serving may still be following it."""
        taken = decisions(db, settings.callwise_model_name)
        late = not taken or now() - taken[-1].at > PATIENCE
        return None if late else Lineup.of_state(state_of(taken))

    def run_rank() -> str:
        ranking = rank(db, scoring, columns, decided=decided, began_with=beginning.trial)
        if ranking:
            PEOPLE_RANKED.labels(columns.name).inc(ranking.ranked)
        return str(ranking) if ranking else "no champion in service yet, so nobody is ranked"

    def learnt_by(version: str) -> Calls:
        return learnt_calls(registry().reference(registry().version(version)))

    beginning = Beginning(db, settings.callwise_list_hours, preparation)
    size, hours = settings.callwise_level_outcomes, settings.callwise_list_hours
    levelling = Levelling(db, scoring, settings.callwise_model_name, size, learnt_by, hours)
    return [
        Job("rank", settings.callwise_rank_seconds, run_rank),
        Job("settle", settings.callwise_settle_seconds, lambda: settle(db, by_reference=bool(columns.reference))),
        Job("level", settings.callwise_level_seconds, levelling.refresh),
    ]

"""What the monitor asks again and again: an index answers, however much the collections hold.

The server itself explains a question. A collection that grows with people, calls or scores is never read through.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from pymongo import monitoring

from core.models import upkeep
from core.models.proof import Proof
from core.models.registry import Loaded, ModelVersion
from core.models.succession import Succession
from core.schema import Schema
from core.scoring.client import ScoringClient
from core.scoring.kept_predictions import KEPT_PREDICTIONS, with_newest
from core.scoring.packed import pack
from core.scoring.protocol import Score
from core.stores.mongo import INDEXES, Db, ensure_indexes
from monitor import main
from tests.aliases import Aliases
from tests.made_up_outcomes import made_up, store
from tests.questions import Questions
from tests.scoring.fakes import prediction

pytestmark = pytest.mark.mongo

GROW = {"prospects", "predictions", "outcomes", "calls", "contacts", "do_not_call", "events", "reports", "changes"}
STATE = {
    "champion": "1",
    "canary": "2",
    "refresh": "3",
    "refresh_weight": 0.8,
    "canary_share": 0.05,
    "refused_versions": "",
    "refused": "",
    "mongo": "takes predictions",
    "spool_waiting": 0,
    **dict.fromkeys(("champion_level", "canary_level", "refresh_level"), 0.0),
    **dict.fromkeys(("canary_requests", "canary_errors", "refresh_requests", "refresh_errors"), 0),
    **dict.fromkeys(("canary_seconds", "champion_seconds", "refresh_seconds"), 0.0),
}


class Constant:
    """A model that gives everybody the same score."""

    def __init__(self, names: Any) -> None:
        self.feature_names_in_ = np.asarray(names, dtype=object)

    def predict_proba(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        return np.tile([0.9, 0.1], (len(X), 1))


class Registry(Aliases):
    """Has three versions, made from the outcomes of `reference`."""

    name = "prospect-scorer"

    def __init__(self, reference: pd.DataFrame) -> None:
        super().__init__({"champion": "1", "canary": "2", "refresh": "3"})
        self._reference = reference

    def version(self, number: str) -> ModelVersion:
        return ModelVersion(self.name, number, f"run-{number}", {})

    def version_by_alias(self, alias: str) -> ModelVersion | None:
        return self.version(self[alias]) if alias in self else None

    def reference(self, _version: ModelVersion) -> pd.DataFrame:
        return self._reference

    def load(self, _version: ModelVersion) -> Loaded:
        return Loaded(Constant(["age"]), Proof([], []), self._reference)


@pytest.fixture
def questions() -> Iterator[Questions]:
    """Whatever the process asks of MongoDB on connections that it opens from now on."""
    listener, before = Questions(), list(monitoring._LISTENERS.command_listeners)
    monitoring.register(listener)
    yield listener
    monitoring._LISTENERS.command_listeners[:] = before


def is_read_through(db: Db, collection: str, command: Mapping[str, Any]) -> bool:
    """Whether the server may read all of `collection` to answer."""
    stages = command.get("pipeline", [])
    asked = stages[0].get("$match", {}) if stages else command.get("filter", {})
    order = next((stage["$sort"] for stage in stages if "$sort" in stage), command.get("sort") or {})
    limited = command.get("limit") or any("$limit" in stage for stage in stages)
    if "_id" in asked:
        return False
    if limited and (first := next(iter(order), None)):
        # It is read in the order of an index, up to the limit. Of two columns, the embedded server can do so in a
        # pipeline alone, and the first must be asked for.
        indexes = [["_id"], *([name for name, _ in keys] for keys in INDEXES.get(collection, []))]
        before = [name for name in islice(asked, 2) if name != first] if stages else []
        if any(index[: len(before) + 1] == [*before, first] for index in indexes):
            return False
    plan = str(db[collection].find(asked).explain()["queryPlanner"]["winningPlan"])
    return "COLLSCAN" in plan or f"SCAN {collection}" in plan


def test_an_index_answers_whatever_is_polled(
    db: Db, schema: Schema, questions: Questions, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_indexes(db)
    outcomes = made_up(schema)
    store(db, schema, outcomes)
    scored_before(db)
    reference = outcomes[[*schema.feature_names, "outcome"]].assign(score=0.1)
    monkeypatch.setattr(main, "_registry", lambda _settings: lambda: Registry(reference))
    monkeypatch.setattr(ScoringClient, "state", lambda _self: STATE)
    monkeypatch.setattr(ScoringClient, "score", scores)
    env = {
        **{name: os.environ[name] for name in ("MONGODB_URI", "MLFLOW_TRACKING_URI", "EVIDENTLY_URL")},
        "PREFECT_API_URL": os.environ["PREFECT_API_URL"],
        **{name: os.environ[name] for name in ("PREFECT_API_AUTH_STRING",) if name in os.environ},
        "MLSERVER_URL": "http://127.0.0.1:9",
        "MONGODB_DATABASE": db.name,
    }
    settings = main.read_settings(env)
    line = Succession(db, settings.callwise_model_name, None, by="a test")
    line.promote("1", why="the first")
    upkeep.hand_in(line, "3", why="newer outcomes")
    upkeep.mix(line, "1", "3", 0.8, why="the next list")
    line.start_trial("2", why="another recipe")
    said, again = ({job.name: job.run() for job in main.jobs(settings)} for _ in range(2))
    assert set(said) == set(again) == set(main.JOBS)
    assert "600 outcomes of version 1" in said["performance"], "the jobs have something to do"
    growing = [(name, where, command) for name, where, command in questions.asked if where in GROW]
    assert len({(name, where) for name, where, _ in growing}) > 8
    read = [
        (where, command.get("filter") or command["pipeline"], command.get("sort"))
        for name, where, command in growing
        if name in ("find", "aggregate") and is_read_through(db, where, command)
    ]
    assert read == [], "\n".join(map(str, read))[:3000]


def scores(_self: ScoringClient, rows: list[Any], _keys: list[str], **_more: Any) -> list[Score]:
    """Everybody's score."""
    return [Score(f"r:{place}", 0.3, "1", "champion") for place in range(len(rows))]


def scored_before(db: Db) -> None:
    """Have those who were called last be scored before their call."""
    called = list(db.outcomes.find().sort([("at", -1)]).limit(600))
    earliest = called[-1]["at"] - timedelta(days=1)
    rows = [
        prediction("before", row, prospect=one["prospect"], at=earliest, version="1", score=0.1 + row / 6_000)
        for row, one in enumerate(called)
    ]
    db.predictions.insert_many(pack([row.document() for row in rows]))
    for row, one in enumerate(called):
        kept = with_newest({}, f"before:{row}", earliest)
        db.prospects.update_one({"_id": one["prospect"]}, {"$set": {KEPT_PREDICTIONS: kept}})

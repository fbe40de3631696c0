"""Serving equals training: logged requests are scored once more, as training would, and nothing may differ.

The model comes from the registry, so what was registered, what is loaded in serving and what the log says are held
against each other over real requests, where a model's proof does so over a few prepared ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from pymongo import DESCENDING

from core.clock import Clock, now
from core.level import levelled
from core.model_registry import TOLERANCE, Loaded, ModelVersion, predict
from core.mongo import Db, Document, reachable
from monitor.states import WELL, turn

CAUSE, SKEWED = "skew", "skewed"


class Registry(Protocol):
    """Where models come from; `core.model_registry.ModelRegistry` is the real one."""

    def version(self, number: str) -> ModelVersion:
        """Version `number`. Raises NotFound, Unavailable."""
        ...

    def load(self, version: ModelVersion) -> Loaded:
        """Download a version and prove it. Raises ModelError, Unavailable."""
        ...


@dataclass(frozen=True)
class Parity:
    """Of `rows` logged scores of `version`, how many differ from training's, and the worst one's key and distance."""

    version: str
    rows: int
    different: int
    worst: str
    distance: float

    @property
    def sentence(self) -> str:
        """The finding for people."""
        if not self.different:
            return f"version {self.version}: {self.rows} logged scores come out the same as in training"
        return (
            f"version {self.version}: {self.different} of {self.rows} logged scores differ from training's, "
            f"most of all {self.worst}, by {self.distance:.3g}"
        )


def review(db: Db, registry: Registry, versions: list[str], size: int, clock: Clock = now) -> str:
    """Hold the newest `size` logged scores of each version in service against training; what there is to say.

    Raises Unavailable, and ModelError when a version does not even reproduce its proof.
    """
    found = [one for version in versions if (one := replayed(db, registry, version, size)).rows]
    if not found:
        return "nothing was scored yet"
    bad = [one for one in found if one.different]
    report, at = f"parity:{clock():%Y-%m-%dT%H:%M:%S}", clock()
    sentence = "; ".join(one.sentence for one in found)
    document: Document = {
        "kind": "parity",
        "verdict": {"versions": [asdict(one) for one in found], "different": bool(bad), "sentence": sentence},
        "made": {"at": at},
        "snapshot": None,
    }
    with reachable():
        db.reports.update_one({"_id": report}, {"$setOnInsert": document}, upsert=True)
    turn(db, CAUSE, SKEWED if bad else WELL, report, sentence)
    return sentence


def replayed(db: Db, registry: Registry, version: str, size: int) -> Parity:
    """Score the newest `size` requests that `version` answered once more, with the registered model."""
    with reachable():
        records = list(db.predictions.find({"version": version}).sort([("at", DESCENDING)]).limit(size))
    if not records:
        return Parity(version, 0, 0, "", 0.0)
    model = registry.load(registry.version(version)).model
    raw = predict(model, [record["features"] for record in records])
    apart = np.abs([_apart(record, score) for record, score in zip(records, raw, strict=True)])
    worst = int(apart.argmax())
    different = int((~(apart <= TOLERANCE)).sum())  # a NaN differs too
    return Parity(version, len(records), different, str(records[worst]["_id"]), float(apart[worst]))


def _apart(record: Mapping[str, Any], raw: float) -> float:
    return float(levelled([raw], float(record.get("level", 0.0)))[0]) - float(record["score"])

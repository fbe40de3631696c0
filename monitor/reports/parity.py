"""Parity: logged requests are scored once more with the registered model, and no score may differ.

A model's proof compares a few prepared rows; this job compares real requests, so it covers what was registered, what
serving has loaded and what the log holds. A hash draws the people from the lists, other people each day
(`monitor.reports.sample`); where the lists have too few, the newest requests of the log are added.

Shadow scores count like scores that were used: a canary has few others. The next check of a trial drops a canary whose
scores differ (`monitor.trials.trial`); a champion whose scores differ is an incident, for a person to act on.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from pymongo import DESCENDING

from core.clock import Clock, now
from core.models.level import levelled
from core.models.proof import TOLERANCE, predict
from core.models.registry import Loaded, ModelVersion
from core.scoring.logged import newest_rows
from core.scoring.prediction import own_score
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable
from monitor.jobs.cause_states import WELL, record_state
from monitor.reports.sample import drawn, start_of
from monitor.reports.shelf import write_report

KIND = "parity"
CAUSE, SKEWED = "skew", "skewed"
FARTHEST = 1.0  # the distance where a score is not a number


class Registry(Protocol):
    """Where models come from; `core.models.registry.ModelRegistry` is the real one."""

    def version(self, number: str) -> ModelVersion:
        """Version `number`. Raises NotFound, Unavailable."""
        ...

    def load(self, version: ModelVersion) -> Loaded:
        """Download a version and prove it. Raises ModelError, Unavailable."""
        ...


@dataclass(frozen=True)
class Parity:
    """How many of `rows` logged scores of `version` differ from training's, and the worst one's key and distance."""

    version: str
    rows: int
    different: int
    worst: str
    distance: float

    @property
    def sentence(self) -> str:
        """The finding for people."""
        if not self.different:
            return Sentence(
                "version {version}: {rows} logged scores come out the same as in training",
                version=self.version,
                rows=self.rows,
            )
        return Sentence(
            "version {version}: {different} of {rows} logged scores differ from training's, most of all {worst}, by "
            "{distance}",
            version=self.version,
            different=self.different,
            rows=self.rows,
            worst=self.worst,
            distance=f"{self.distance:.3g}",
        )


def review_parity(
    db: Db,
    registry: Registry,
    versions: list[str],
    size: int,
    code_version: str,
    *,
    champion: str | None,
    clock: Clock = now,
) -> str:
    """Compare `size` logged scores of each version in service with training; returns the result in words.

    A `champion` that differs is an incident; a canary that differs is dropped by the next check of its trial, and
    nobody is told. Raises Unavailable, and ModelError when a version does not even reproduce its proof.
    """
    at = clock()
    results = [one for version in versions if (one := rescore(db, registry, version, size, at)).rows]
    if not results:
        return "nothing was scored yet"
    bad = [one for one in results if one.different]
    sentence = "; ".join(one.sentence for one in results)
    report = f"{KIND}:{at:%Y-%m-%dT%H:%M:%S}"
    verdict = {
        "versions": [asdict(one) | {"sentence": one.sentence} for one in results],
        "different": bool(bad),
        "sentence": sentence,
        "code_version": code_version,
    }
    write_report(db, report, KIND, verdict, at)
    record_state(db, CAUSE, SKEWED if any(one.version == champion for one in bad) else WELL, report, sentence)
    return sentence


def skew_found(db: Db, version: str, since: datetime) -> str | None:
    """What the newest report since `since` found wrong with `version`; None if nothing. Raises Unavailable."""
    with reachable():
        newest = db.reports.find_one({"kind": KIND, "made.at": {"$gte": since}}, sort=[("made.at", DESCENDING)])
    results = newest["verdict"]["versions"] if newest else []
    return next((str(one["sentence"]) for one in results if one["version"] == version and one["different"]), None)


def rescore(db: Db, registry: Registry, version: str, size: int, at: datetime) -> Parity:
    """Score `size` requests that `version` scored once more, with the registered model: the sample of the day `at`."""
    sample = drawn(db, version, size, start=start_of(at))
    records = sample.records
    if sample.everybody and len(records) < size:
        records = records + _newest(db, version, size - len(records), {record["_id"] for record in records})
    if not records:
        return Parity(version, 0, 0, "", 0.0)
    raw = predict(registry.load(registry.version(version)).model, [record["features"] for record in records])
    apart = np.abs([_apart(record, version, score) for record, score in zip(records, raw, strict=True)])
    worst = int(apart.argmax())
    different = int((apart > TOLERANCE).sum())
    return Parity(version, len(records), different, str(records[worst]["_id"]), float(apart[worst]))


def _newest(db: Db, version: str, size: int, known: Set[str]) -> list[Document]:
    """The newest `size` records with a score by `version`, of whoever asked for it, without those `known`."""
    newest = newest_rows(db, version, size + len(known))
    return [record for record in newest if record["_id"] not in known][:size]


def _apart(record: Mapping[str, Any], version: str, raw: float) -> float:
    logged, level = own_score(record, version) or (FARTHEST, 0.0)
    apart = float(levelled([raw], level)[0]) - logged
    return apart if np.isfinite(apart) else FARTHEST  # the score was not a number

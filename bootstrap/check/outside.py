"""What can be seen of an appliance from outside: over HTTP, the MongoDB wire, S3, git, and MLflow's registry."""

from __future__ import annotations

import tempfile
import time
import uuid
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pandas as pd
import pygit2

from bootstrap.check.browser import Shown
from bootstrap.check.journey import Settings
from core.clock import now
from core.lists.call_values import next_call
from core.models.decisions import CHAMPION
from core.models.level import unlevelled
from core.models.registry import ModelRegistry, ModelVersion
from core.schema import Schema
from core.scoring import protocol
from core.scoring.logged import by_key
from core.scoring.prediction import own_score
from core.stores import event_log
from core.stores.data_registry import DataRegistry
from core.stores.mongo import Db, Document
from core.stores.object_store import ObjectStore

T = TypeVar("T")
DRAINED = 60
SAME = 1e-9
LINEAGE = ("dataset_tag", "dataset_sha256", "code_version", "lock_sha256", "schema_sha256")


def expect(holds: bool, otherwise: str) -> None:
    """Raise AssertionError(`otherwise`) unless the condition `holds`."""
    if not holds:
        raise AssertionError(otherwise)


def present(value: T | None, otherwise: str) -> T:
    """`value`; raises AssertionError(`otherwise`) if it is None."""
    if value is None:
        raise AssertionError(otherwise)
    return value


class Outside:
    """Each method returns what it saw, in words; raises AssertionError if that is wrong."""

    def __init__(self, settings: Settings, schema: Schema, db: Db) -> None:
        self._settings, self._schema, self._db = settings, schema, db
        self._infer = f"{settings.mlserver_url}/v2/models/{settings.callwise_model_name}/infer"
        self._http = httpx.Client(timeout=60, trust_env=False)

    def lineage(self) -> str:
        """The champion's alias and the tags of its lineage."""
        champion = self._champion()
        missing = [tag for tag in LINEAGE if not champion.tags.get(tag)]
        expect(not missing, f"version {champion.version} has no tag {', '.join(missing)}")
        expect(champion.tags["schema_sha256"] == self._schema.hash, "it was trained under another schema")
        return f"champion is version {champion.version}, from {champion.tags['dataset_tag']}, run {champion.run_id[:8]}"

    def dataset(self, outcomes: int) -> str:
        """The champion's dataset, from a fresh clone of the data registry and S3."""
        champion = self._champion()
        tag = champion.tags["dataset_tag"]
        with tempfile.TemporaryDirectory(prefix="callwise-clone-") as folder:
            clone = Path(folder) / "clone"
            pygit2.clone_repository(str(self._settings.callwise_data_registry), str(clone))
            data = Path(folder) / "dataset.parquet"
            snapshot = DataRegistry(clone, self._settings).checkout(tag, data)
            rows = len(pd.read_parquet(data))
        expect(snapshot.sha256 == champion.tags["dataset_sha256"], "the dataset's hash is not the one on the model")
        expect(rows == outcomes, f"the dataset has {rows} rows, a training learns from {outcomes} outcomes")
        return f"{rows:,} rows by tag {tag}, sha256 {snapshot.sha256[:12]} as on the model"

    def storage(self) -> str:
        """Objects in both buckets."""
        counts = {}
        for bucket in (self._settings.s3_bucket_datasets, self._settings.s3_bucket_models):
            counts[bucket] = len(ObjectStore(self._settings, bucket).keys())
            expect(counts[bucket] > 0, f"bucket {bucket} is empty")
        return ", ".join(f"{number} objects in {bucket}" for bucket, number in counts.items())

    def scored(self, prospect: Document) -> str:
        """One V2 call, and its record in the prediction log."""
        answer = self._ask(prospect)
        record = self._logged(answer.prediction)
        expect(record["score"] == answer.score, f"V2 answered {answer.score}, the log has {record['score']}")
        return (
            f"{prospect['_id']} scored {answer.score:.6f} by version {answer.version} ({answer.route}), logged as such"
        )

    def refused(self, prospect: Document) -> str:
        """A word that a column does not have, and a column that is missing."""
        column = next((c for c in self._schema.features if c.is_category and not c.open), None)
        column = column or next(c for c in self._schema.features if not c.open)
        features: dict[str, Any] = {**next_call(self._schema, prospect, now()), column.name: "no such"}
        body = protocol.request(self._schema, [features], [prospect["_id"]], "refused")
        wrong = self._http.post(self._infer, json=body)
        expect(400 <= wrong.status_code < 500, f"a wrong {column.name} was answered {wrong.status_code}")
        told = column.name in wrong.text and str(column.rule) in wrong.text
        expect(told, f"the reply does not name the rule: {wrong.text}")
        body["inputs"] = body["inputs"][1:]
        missing = self._http.post(self._infer, json=body)
        expect(400 <= missing.status_code < 500, f"a missing column was answered {missing.status_code}")
        expect(self._schema.features[0].name in missing.text, f"the reply does not name the column: {missing.text}")
        return f"{wrong.status_code}: {wrong.json()['error'][:80]}…"

    def same_number(self, campaign: str, shown: Shown) -> str:
        """The score that the app has `shown`, the score of a V2 call, and the score in the log."""
        # People see a reference as their file wrote it; the key has it in one spelling.
        named = {"campaign": campaign, "$or": [{"ref": shown["ref"]}, {"written": shown["ref"]}]}
        prospect = present(self._db.prospects.find_one(named), f"the app shows {shown}, which is not in MongoDB")
        record = self._logged(prospect["prediction"])
        answer = self._ask(prospect)
        expect(
            f"{record['score']:.4f}" == f"{float(shown['score']):.4f}",
            f"app {shown['score']}, log {record['score']} (V2 {answer.score})",
        )
        # A level may have moved since the ranking, of a mixture either version's; the list is ranked again soon.
        again, moved = self._logged(answer.prediction), ""
        for version in (record["version"], (record.get("mixed") or {}).get("version")):
            then, asked = (own_score(one, version) for one in (record, again)) if version else (None, None)
            if then is None or asked is None or then[1] == asked[1]:
                continue
            apart = abs(float(unlevelled(*then)) - float(unlevelled(*asked)))
            expect(apart < SAME, f"version {version}: V2 {asked[0]} at level {asked[1]}, log {then[0]} at {then[1]}")
            moved += f"; the level of version {version} moved from {then[1]:+.3f} to {asked[1]:+.3f} since"
        expect(bool(moved) or record["score"] == answer.score, f"V2 {answer.score}, log {record['score']}")
        return f"{prospect['_id']}: {shown['score']} in the app and in the log, {answer.score!r} by V2{moved}"

    def snapshots(self) -> set[str]:
        """Ids of all snapshots in all projects of the Evidently UI."""
        projects = f"{self._settings.evidently_url}/api/projects"
        reports = (self._json(f"{projects}/{project['id']}/reports") for project in self._json(projects))
        return {snapshot["id"] for snapshots in reports for snapshot in snapshots}

    def events(self) -> str:
        """The chain of seals."""
        number, broken = self._db.events.count_documents({}), event_log.first_broken(self._db)
        expect(number > 0, "there is no event")
        expect(broken is None, f"the seal of event {broken} does not hold")
        return f"{number} events, every seal holds"

    def _ask(self, prospect: Document) -> protocol.Score:
        features = next_call(self._schema, prospect, now())
        body = protocol.request(self._schema, [features], [prospect["_id"]], f"check-{uuid.uuid4().hex}")
        reply = self._http.post(self._infer, json=body)
        expect(reply.status_code == httpx.codes.OK, f"V2 answered {reply.status_code}: {reply.text[:300]}")
        return protocol.scores(reply.json())[0]

    def _logged(self, key: str) -> Document:
        # A record may wait in the spool first, which drains within seconds.
        deadline = time.monotonic() + DRAINED
        while (record := by_key(self._db, [key]).get(key)) is None and time.monotonic() < deadline:
            time.sleep(0.5)
        return present(record, f"the log has no record {key} after {DRAINED} s")

    def _champion(self) -> ModelVersion:
        return present(ModelRegistry(self._settings).version_by_alias(CHAMPION), "no alias 'champion' in MLflow")

    def _json(self, url: str) -> Any:
        reply = self._http.get(url)
        expect(reply.is_success, f"{url} answered {reply.status_code}")
        return reply.json()

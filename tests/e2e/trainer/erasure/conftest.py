"""A house with one person in every place: on real MongoDB, S3, MLflow and a data registry of its own."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
import yaml
from sklearn.calibration import CalibratedClassifierCV

from core.calls import do_not_call
from core.privacy.place import Subject
from core.privacy.requests import Erasure, request_erasure, under_way
from core.schema import Schema
from core.schema.person import Person
from core.scoring.prediction import Prediction
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore
from serving.prediction_log.forget import Forgetting
from serving.prediction_log.spool import Spool
from tests.made_up_outcomes import made_up, store
from tests.signing import KEYS, SIGNER
from trainer import main
from trainer.data.lineage import Lineage
from trainer.data.snapshot import PROSPECT
from trainer.fitting.candidates import LOGISTIC, Candidate, build
from trainer.pipeline.registration import register
from trainer.pipeline.training import Trainer, take_snapshot
from trainer.privacy.eraser import Eraser
from trainer.privacy.flow import Settings, compose

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY = "a-key-of-this-test"
ROWS = 400


@dataclass
class Watch:
    """A clock that stands still until it is told to go on."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def later(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass
class Scoring:
    """The scoring service, as far as its spool goes."""

    forgetting: Forgetting
    away: bool = False

    def state(self) -> Mapping[str, str | int | float]:
        if not self.away:
            self.forgetting.refresh()
        return {"forgotten": "" if self.away else ",".join(self.forgetting.forgotten)}


@dataclass
class House:
    """Everything there is, with `ref` in all of it."""

    db: Db
    schema: Schema
    ref: str
    neighbour: str
    settings: Settings
    trainer: Trainer
    store: ObjectStore
    artifacts: ObjectStore
    spool: Spool
    scoring: Scoring
    spool_file: Path
    environment: dict[str, str]
    features: dict[str, Any] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch)

    @property
    def person(self) -> Person:
        return Person(self.ref)

    @property
    def eraser(self) -> Eraser:
        made = compose(self.settings, self.scoring)
        return Eraser(made.db, made.places, made.learning, made.lock, clock=self.watch)

    def ask(self, *, keep_out: bool = True) -> Erasure:
        return request_erasure(self.db, KEY, self.person, by="mia", keep_out=keep_out, clock=self.watch)

    def snapshot(self) -> tuple[pd.DataFrame, str]:
        """A dataset of the outcomes as they are, and its tag."""
        frame, kept = take_snapshot(self.trainer)
        return frame, kept.tag

    def model(self, frame: pd.DataFrame) -> str:
        """A model of the newest dataset, registered with its proof and reference; its version."""
        kept = self.trainer.data.snapshots()[-1]
        candidate = Candidate(LOGISTIC, {"left_out": "nothing", "c": 0.01})
        rows, outcomes = frame[self.schema.feature_names], frame["outcome"]
        pipeline = build(candidate, self.schema, 0).fit(rows, outcomes)
        model = CalibratedClassifierCV(pipeline, method="sigmoid", cv="prefit").fit(rows, outcomes)
        lineage = Lineage.from_snapshot(kept, self.schema, "one", reason="a test", incident=None, parent=None)
        mlflow.set_experiment(experiment_id=self.experiment)  # another test's may be active in this process
        run = self.trainer.models.client.create_run(self.experiment).info.run_id
        return register(self.trainer.models, model, frame, self.schema, lineage, run, {"why": "a test"}, SIGNER).version

    @property
    def experiment(self) -> str:
        client, name = self.trainer.models.client, self.trainer.experiment
        found = client.get_experiment_by_name(name)
        return str(found.experiment_id if found else client.create_experiment(name))

    def logs(self, request: str, prospect: str = "") -> dict[str, Any]:
        """A prediction about the person, as it is logged."""
        whose = prospect or f"spring:{self.ref}"
        return Prediction(f"{request}:0", request, whose, self.features, 0.5, "1", "champion", START).document()


@pytest.fixture
def house(db: Db, objects: ObjectStore, tmp_path: Path, schema: Schema) -> House:
    """The person's row is among the newest, so that it stands beside the model wherever a row can."""
    if "MLFLOW_TRACKING_URI" not in os.environ:
        pytest.skip("MLFLOW_TRACKING_URI names no server; scripts/test starts one")
    own, ref, neighbour = f"test-{uuid.uuid4().hex[:8]}", f"P-{uuid.uuid4().hex[:12]}", f"N-{uuid.uuid4().hex[:12]}"
    written = yaml.safe_load((ROOT / "data" / "schema.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "schema.yaml"
    path.write_text(yaml.safe_dump(written | {"reference": "customer"}), encoding="utf-8")
    names = ("MONGODB_URI", "MLFLOW_TRACKING_URI", "S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY")
    environment = {
        **{name: os.environ[name] for name in names},
        "MONGODB_DATABASE": db.name,
        "S3_BUCKET_DATASETS": objects.bucket,
        "MLSERVER_URL": "http://127.0.0.1:9",
        "CALLWISE_MODEL_NAME": own,
        **KEYS,
        "CALLWISE_EXPERIMENT": own,
        "CALLWISE_DATA_REGISTRY": str(tmp_path / "registry"),
        "CALLWISE_SCHEMA": str(path),
        "CALLWISE_SEARCH_TRIALS": "2",
        "CALLWISE_CODE_VERSION": "one",
        "CALLWISE_ERASURE_KEY": KEY,
    }
    settings = load(Settings, environment)
    trainer = main.compose(settings)
    spool = Spool(tmp_path / "spool")

    def being_erased() -> list[Subject]:
        return [request.subject for request in under_way(db)]

    made = House(
        db, trainer.schema, ref, neighbour, settings, trainer, objects,
        ObjectStore(settings, os.environ["S3_BUCKET_MODELS"]), spool, Scoring(Forgetting(being_erased, spool)),
        tmp_path / "spool", environment,
    )  # fmt: skip
    frame = made_up(schema, ROWS)
    frame.loc[ROWS - 1, PROSPECT], frame.loc[0, PROSPECT] = f"spring:{ref}", f"autumn:{ref}"
    frame.loc[ROWS - 2, PROSPECT] = f"spring:{neighbour}"
    store(db, schema, frame)
    for key in (f"spring:{ref}", f"autumn:{ref}", f"spring:{neighbour}"):
        campaign, _, own_ref = key.partition(":")
        db.prospects.update_one({"_id": key}, {"$set": {"ref": own_ref, "campaign": campaign}})
        db.contacts.insert_one({"_id": key, "campaign": campaign, "ref": own_ref, "values": [], "search": [own_ref]})
        db.calls.insert_one(
            {"_id": f"{key}:1", "prospect": key, "campaign": campaign, "ref": own_ref, "call": 1, "result": "sold",
             "agent": "ann", "at": START}
        )  # fmt: skip
        db.predictions.insert_one(made.logs(uuid.uuid4().hex, prospect=key))
    found = db.prospects.find_one({"_id": f"spring:{ref}"})
    assert found is not None
    made.features = found["features"]
    db.predictions.insert_one(made.logs(uuid.uuid4().hex, prospect=ref))  # of a program that knows no campaign
    for campaign in ("spring", "autumn"):
        db.campaigns.insert_one({"_id": campaign, "title": campaign, "created_at": START})
    for own_ref in (ref, neighbour):
        do_not_call.add(db, own_ref, by="ann", at=START, call=f"spring:{own_ref}:1")
    head = "_row,_column,_rule,customer,age"
    rejected = f"{head}\r\n3,age,too old,{ref},200\r\n4,age,too old,{neighbour},201\r\n"
    objects.put("imports/spring/0a1b2c3d-rejects.csv", rejected.encode(), "text/csv")
    spool.put([made.logs("waits"), made.logs("waits-too", prospect=f"spring:{neighbour}")])
    spool.put([made.logs("disputed")])
    spool.settle([], [next(w.seq for w in spool.oldest(9) if w.document["request"] == "disputed")])
    return made
